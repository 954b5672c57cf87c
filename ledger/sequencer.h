// The one writer: takes queued records of all ledgers in turn, and makes of them commits: screen, author, duplicate or
// conflict, entries, full tiles, signed checkpoints, in one synced write; then the tip; then release.
//
// Threads: submit() from any; commit() and everything that it calls by one thread, the writer's.
// States: open -> stopped, for good, after the first storage error: what the disk holds is then for the start procedure
// to say (recovery.h). Promises: `released <= tip <= synced <= written` at every moment, and every accepted
// submission's `placed` is called exactly once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "ledger/clock.h"
#include "ledger/files.h"
#include "ledger/keys.h"
#include "ledger/ledger_state.h"
#include "ledger/node.h"
#include "ledger/store.h"
#include "ledger/tip.h"

namespace jangbu {

// One ledger of the writer. Without the log's key it is followed: entries come only from records that have a source,
// and checkpoints only from the ledger's signer, by adopt().
struct Lane {
  LedgerState state;
  std::optional<SigningKey> log_key;
};

// What readers may see from now on. Called on the writer's thread, before the submitters are told.
struct Released {
  struct Ledger {
    std::size_t lane;
    std::optional<StoredCheckpoint> checkpoint;  // the newest, if there is a newer one
    bool adopted = false;                        // its signer's, who may have signed others in between
  };
  CommitNumber commit;
  std::vector<Ledger> ledgers;  // that have grown, or whose checkpoint has
};

struct SequencerOptions {
  std::size_t commit_records_max = 4096;
  std::size_t commit_bytes_max = std::size_t{8} << 20;
  std::size_t queue_records_max = 65'536;
  std::uint64_t disk_low_water_bytes = 0;
  std::filesystem::path directory;  // whose disk is watched
};

class Sequencer {
 public:
  // `store`, `tip`, `clock`, `files` outlive it. Lane i is ledger number i.
  Sequencer(Store& store, TipFile& tip, Files& files, const Clock& clock, std::shared_ptr<const TypeTable> types,
            std::vector<Lane> lanes, CommitNumber last, SequencerOptions options,
            std::function<void(const Released&)> release);

  // Errors: queue_full, stopped, ledger_stopped, disk_full, shutting_down, misdirected (a followed ledger takes nothing
  // that has no place in its topic).
  [[nodiscard]] Result<void> submit(std::size_t lane, Submission submission, Placed placed);
  // One commit of what is queued, if anything is: how many records it took. The error that stopped the writer.
  [[nodiscard]] Result<std::size_t> commit();
  // Commits until `stop`, then takes nothing more and drains the queues.
  [[nodiscard]] Result<void> run(std::stop_token stop);

  // Any thread. A checkpoint of a followed ledger that holds at a released size: the next commit stores it. Errors:
  // stopped, shutting_down.
  [[nodiscard]] Result<void> adopt(std::size_t lane, StoredCheckpoint checkpoint);

  // Any thread. One more ledger, empty yet: at the next commit() it has the next lane, and `joined` is called, on the
  // writer's thread. Errors: stopped, shutting_down; then it is never called.
  [[nodiscard]] Result<void> join(Lane lane, std::function<void(const Result<void>&)> joined);
  // Before the first commit(): which signs the ledger as it stands.
  [[nodiscard]] Result<void> sign(std::size_t lane);

  // Takes nothing more; what is still queued is told shutting_down. After run() or the last commit().
  void close();

  [[nodiscard]] const LedgerState& state(std::size_t lane) const { return lanes_[lane].state; }  // writer's thread
  [[nodiscard]] std::optional<Error> stopped() const;
  // Any thread. What is queued for it is told ledger_stopped; a commit under way is finished.
  void stop_lane(std::size_t lane, const Error& why);
  [[nodiscard]] std::optional<Error> lane_stopped(std::size_t lane) const;
  [[nodiscard]] Node::Metrics metrics() const;

 private:
  struct Queued {
    std::string event;
    std::optional<AuthorSignature> signature;
    bool screened = false;
    const EventType* type = nullptr;
    DedupKey key{};
    std::optional<SourcePosition> source;
    std::optional<Code> refused;
    std::int64_t received_ms = 0;
    Placed placed;
  };
  struct Taken {
    std::size_t lane;
    std::vector<Queued> records;
  };
  // What became of the records of one commit, until they may be told.
  struct Told {
    Placed placed;
    Result<Placement> placement;
  };
  struct Adopted {
    std::size_t lane;
    StoredCheckpoint checkpoint;
  };
  struct Joining {
    Lane lane;
    std::function<void(const Result<void>&)> joined;
  };
  struct Written;

  [[nodiscard]] Result<void> take_up_joining();
  [[nodiscard]] std::vector<Taken> take();
  [[nodiscard]] Result<void> write_records(Taken& taken, Written& written);
  [[nodiscard]] Result<void> make_durable(Written& written, Released& released);
  void stop(const Error& error);
  [[nodiscard]] bool disk_is_low();

  // Set at construction.
  Store& store_;
  TipFile& tip_;
  Files& files_;
  const Clock& clock_;
  const SequencerOptions options_;
  const std::function<void(const Released&)> release_;

  // The writer's; lanes_ grows under mutex_ too.
  std::vector<Lane> lanes_;
  RecordScreen screen_;
  CommitNumber last_;
  std::vector<LedgerHead> heads_;
  std::size_t first_lane_ = 0;  // whose turn it is
  Batch batch_;                 // of the commit under way: kept for its memory

  // Under mutex_.
  mutable std::mutex mutex_;
  std::condition_variable waiting_;
  std::vector<std::deque<Queued>> queues_;
  std::vector<Adopted> adopted_;  // not stored yet
  std::vector<Joining> joining_;
  std::size_t queued_ = 0;
  bool writer_waits_ = false;
  bool closing_ = false;
  bool disk_low_ = false;
  std::optional<Error> stopped_;
  std::vector<std::optional<Error>> lanes_stopped_;
  Node::Metrics metrics_;
};

}  // namespace jangbu
