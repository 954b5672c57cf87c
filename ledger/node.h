// Node: all ledgers of one directory: one database, one tip file, one writer. The layers above append and read through
// it.
//
// Threads: exactly one thread runs the writer (run_writer() or commit_pending()); submit(), view() and the rest may be
// called from any thread. The node starts no thread of its own.
//
// States: serving -> stopped (a storage error: submit() answers stopped; reads go on) -> closed and opened again,
// through the start procedure; read_only (opened so, or refused by the start procedure: reading goes on, nothing is
// signed).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ledger/authors.h"
#include "ledger/clock.h"
#include "ledger/dedup_key.h"
#include "ledger/files.h"
#include "ledger/key_file.h"
#include "ledger/keys.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "ledger/view.h"
#include "schemas/error.h"
#include "schemas/screen.h"

namespace jangbu {

// Where a record stands in a topic, and the broker's time of it (J3, J4).
struct SourcePosition {
  Generation generation;
  Offset offset;
  std::int64_t timestamp_ms = 0;
};

// One record on its way in.
struct Submission {
  LedgerId ledger;
  std::string event;  // bytes as received
  std::optional<AuthorSignature> signature;
  // Intake has screened these bytes for this ledger with this program's screen and they passed: the writer does not
  // screen them again. The author is judged by the writer in any case.
  bool screened = false;
  // With `screened`, what the screen found out, so that the writer need not read the event again: a type of
  // Node::types(), and the key. nullptr: the writer reads it.
  const EventType* type = nullptr;
  DedupKey key{};
  // Set by who reads a topic: the record has its place already. Else its place is given here, or by the node's Order.
  std::optional<SourcePosition> source = std::nullopt;
  // What is wrong with the record beside its event, such as a header: if the screen passes it, it is rejected for this.
  std::optional<Code> refused = std::nullopt;
  // Called once, before `placed`, when the record's place in its topic is fixed; never where there is no Order.
  std::function<void(const SourcePosition&)> ordered = nullptr;
};

// What became of it.
struct Placement {
  enum class Kind : std::uint8_t {
    appended,   // a new entry
    duplicate,  // was there before: `sequence` is the first one's; nothing changed
    conflict,   // same source and id, other content: a rejected entry was ledgered; `first` is the first one's place
    rejected,   // did not pass: a rejected entry was ledgered, `errors` say why
  };
  Kind kind = Kind::appended;
  SequenceNumber sequence;  // of the entry (or of the first one)
  Hash leaf;
  std::int64_t received_ms = 0;  // of that entry
  std::optional<SequenceNumber> first;
  std::vector<Error> errors;
};

// Called once, on the writer's thread, after the entry is durable and released (or failed): be quick, never block.
// Errors: stopped, commit_unknown, shutting_down.
using Placed = std::function<void(Result<Placement>)>;

// Gives records of a node's ledgers their order elsewhere: Kafka. What it takes comes back as a Submission with a
// source.
class Order {
 public:
  virtual ~Order() = default;
  // Any thread. As Node::submit().
  [[nodiscard]] virtual Result<void> submit(Submission submission, Placed placed) = 0;
};

struct NodeOptions {
  std::filesystem::path directory;
  const Clock* clock = nullptr;  // outlives the node
  AskPassphrase ask_passphrase;
  bool read_only = false;
  // A database that the start procedure refuses may be recovered on a copy (recovery.h); what it was recovered to is
  // then to be ledgered: say_recovered(). Without it the start only refuses.
  bool recover = false;
  std::size_t commit_records_max = 4096;
  std::size_t commit_bytes_max = std::size_t{8} << 20;
  std::size_t queue_records_max = 65'536;  // for each ledger; beyond it submit() answers queue_full
  // With less than this free on the disk submit() answers disk_full: what is queued then still fits.
  std::uint64_t disk_low_water_bytes = std::uint64_t{64} << 20;
  // A file that only occupies space: removing it lets a node start on a full disk (RUNBOOK, "disk full"). 0: none.
  std::uint64_t ballast_bytes = std::uint64_t{16} << 20;
  // screen_digest(*types), for who opens many nodes with one table: the whole corpus of verdicts goes into it, so it
  // costs more than all else in the start of a small node. Empty: computed.
  std::string screen_digest;
  Files* files = nullptr;  // tests that break files; nullptr: the machine's. Outlives the node
  void* env = nullptr;     // likewise, a rocksdb::Env*
  bool founding = false;   // create_space() only: ledgers may still be empty
};

struct LedgerPin;

class Node {
 public:
  // Runs the start procedure (recovery.h). Errors: no_such_node, dir_locked, io, store_corrupt, tip_corrupt,
  // tip_rollback, tip_fork, key_file_unsafe, wrong_passphrase, screen_unknown. With `read_only` what the start
  // procedure refuses does not stop it: it is in not_writing().
  [[nodiscard]] static Result<std::unique_ptr<Node>> open(const NodeOptions& options,
                                                          std::shared_ptr<const TypeTable> types);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Queues a record; `placed` is called later. Errors at once: no_such_ledger, queue_full, stopped, read_only,
  // disk_full, shutting_down, misdirected (no source, on a node that follows the ledger); then `placed` is never
  // called.
  [[nodiscard]] Result<void> submit(Submission submission, Placed placed);
  // From then on records without a source go to `order`, which outlives the node's use; nullptr: no longer. Before the
  // first submit().
  void set_order(Order* order);
  [[nodiscard]] bool has_order() const;

  // Stops one ledger: it takes nothing more and signs nothing more, reading goes on, the others go on. Any thread.
  void stop_ledger(const LedgerId& ledger, const Error& why);
  // Why, since it was opened; nullopt: it is not stopped.
  [[nodiscard]] std::optional<Error> ledger_stopped(const LedgerId& ledger) const;

  // submit(), and waits. Not on the writer's thread.
  [[nodiscard]] Result<Placement> append(Submission submission);

  // Takes what is queued, of all ledgers in turn, into commits until `stop`, then drains the queues. Returns the error
  // that stopped the writer, if one did.
  [[nodiscard]] Result<void> run_writer(std::stop_token stop);
  // One commit of what is queued now; how many records it took (0: nothing was queued). For tests and tools that have
  // no writer thread.
  [[nodiscard]] Result<std::size_t> commit_pending();

  // Whether this node follows the ledger (pins.h) and does not sign it.
  [[nodiscard]] bool follows(const LedgerId& ledger) const;
  // The coordinating body's key, by the pins or by any ledger's genesis; nullopt: nothing is here yet.
  [[nodiscard]] std::optional<VerifierKey> coordinator_key() const;
  // Takes up a ledger that the node has not; it is empty until its records come. It is pinned, so it is followed, or,
  // with its log key in the folder of keys, signed. has() answers when the writer has made room for it. One thread at a
  // time. Errors: already_exists, key_unknown (begun under another coordinating body's key), bad_key, bad_range (more
  // than a node takes), io, stopped, read_only.
  [[nodiscard]] Result<void> take_up(const LedgerPin& pin, const VerifierKey& coordinator);
  // Takes over a checkpoint of a followed ledger's signer, if it holds here: `ahead` where the ledger has not come so
  // far here, `known` where it is there already, or is one of a ledger that this node signs. Any thread. Errors:
  // no_such_ledger, bad_note, bad_checkpoint, root_contradicted (then the ledger is stopped), io, stopped, read_only.
  enum class Adoption : std::uint8_t { adopted, known, ahead };
  [[nodiscard]] Result<Adoption> adopt_checkpoint(const LedgerId& ledger, std::string_view note);

  [[nodiscard]] std::vector<LedgerId> ledgers() const;  // in byte order
  [[nodiscard]] bool has(const LedgerId& ledger) const;
  // The released state. no_such_ledger.
  [[nodiscard]] Result<LedgerView> view(const LedgerId& ledger) const;
  // One consistent cut over all ledgers (of one commit).
  [[nodiscard]] std::vector<LedgerView> views() const;
  // Blocks until a ledger has grown beyond what the last call of this caller saw (`seen`: commit number, updated), the
  // deadline passes (false) or the node shuts down (false).
  [[nodiscard]] bool wait_for_commit(CommitNumber& seen, std::chrono::milliseconds timeout) const;
  // Calls `changed` on the writer's thread after each released commit; it stays registered until the handle goes, which
  // waits for a call that is under way. Be quick.
  [[nodiscard]] std::shared_ptr<void> on_commit(std::function<void(CommitNumber)> changed);

  // The author judgement for intake, under the keys as they are released now.
  [[nodiscard]] Result<void> judge_author(const Event& event, const LedgerId& ledger,
                                          const std::optional<AuthorSignature>& signature) const;
  [[nodiscard]] std::shared_ptr<const AuthorRegistry> authors(const LedgerId& ledger) const;  // nullptr: no such ledger

  [[nodiscard]] const std::string& space() const;
  [[nodiscard]] std::shared_ptr<const TypeTable> types() const;
  // Set if this start has adopted a recovered copy: a sentence for whoever operates the node.
  [[nodiscard]] const std::optional<std::string>& recovered() const;
  // Why it takes nothing: set when stopped or read-only.
  [[nodiscard]] std::optional<Error> not_writing() const;

  struct Metrics {
    std::uint64_t commits = 0, entries = 0, rejected = 0, duplicates = 0, conflicts = 0;
    std::uint64_t queued = 0;
    std::uint64_t commit_time_us_total = 0, sync_time_us_total = 0;
    std::uint64_t disk_free_bytes = 0;
  };
  [[nodiscard]] Metrics metrics() const;

  // A hot copy, verified in the copy before this returns: chain, tree, tip. It has no keys, and a mark that keeps it
  // from being opened for writing (RUNBOOK, "restore"). already_exists: `target` is there.
  [[nodiscard]] Result<void> backup(const std::filesystem::path& target) const;

  // What the database occupies; and for measurements, compacts it first.
  [[nodiscard]] std::uint64_t disk_bytes() const;
  [[nodiscard]] Result<void> compact();

 private:
  struct Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu
