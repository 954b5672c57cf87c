// ProjectionStore: the database of everything that is computed from feeds and can be computed again (the `projections/`
// folder), and the open blocks before it in memory. The projector writes it; search, life lines and figures read it.
//
// Rows (numbers most significant byte first; `n` a ledger's number in this store, 2 bytes; `b` a block, 4 bytes):
//   meta      "format"                      what this store is: version, digest of the contract it was built under
//             "l" ledger id                 n, 1 if it is the coordinating body's own
//             "b" n b                       least and greatest event time of a full block, milliseconds, biased by 2^63
//   postings  n, 8 bytes SHA-256(term), b   postings.h; two terms may share a row: readers look at the entry
//   times     n b                           postings.h
//   facts     n b                           facts.h
//   links     as links.h says
// All rows of a full block are one write, unsynced: a crash loses whole blocks off the end, which are built again.
// There is no other position: a ledger's is the end of its full blocks, and in memory that of its open one.
//
// Threads: one thread, the projector's, calls what changes; look() by any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/projections/open_block.h"
#include "ledger/database.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu::consumers {

struct BlockRange {
  std::int64_t min_ms, max_ms;  // event times, both included
};

struct LedgerState {
  LedgerId id;
  std::uint16_t number;
  bool has_ticks;
  // Replaced, never changed: who has it may go on reading it.
  std::shared_ptr<const std::vector<BlockRange>> blocks;
  std::unique_ptr<OpenBlock> open;

  [[nodiscard]] std::uint64_t sealed() const { return blocks->size() * kBlockEntries; }
  [[nodiscard]] TreeSize indexed() const { return TreeSize(sealed() + open->count()); }
};
using LedgerStates = std::map<LedgerId, LedgerState>;

enum Family : FamilyIndex { kMeta, kPostings, kTimes, kFacts, kLinks };

class ProjectionStore {
 public:
  // Opens, or makes, the folder. `contract`: contract_digest(); other terms are another index.
  // Errors: state_corrupt (damaged, or of another version or contract: delete the folder and open again), dir_locked,
  // io.
  [[nodiscard]] static Result<std::unique_ptr<ProjectionStore>> open(const std::filesystem::path& directory,
                                                                     std::string_view contract);

  // The state of a ledger, made at its first call. Error: io, state_corrupt.
  [[nodiscard]] Result<LedgerState*> ledger(const LedgerId& id, bool has_ticks);
  // Runs `change` while no reader looks: for adding to open blocks. Keep it under a millisecond.
  template <typename Change>
  auto change(Change&& change) {
    const std::lock_guard lock(mutex_);
    return change();
  }
  // Writes the full open block of `ledger` and begins the next. Errors: io, disk_full: open the store anew.
  [[nodiscard]] Result<void> seal(LedgerState& ledger);

  // Runs `look(const LedgerStates&, Snapshot)` while nothing changes; the snapshot holds every full block of the
  // states, and may hold more. Keep it short; the snapshot and `blocks` may be kept.
  template <typename Look>
  auto look(Look&& look) const {
    const std::lock_guard lock(mutex_);
    return look(static_cast<const LedgerStates&>(states_), database_->snapshot());
  }
  [[nodiscard]] std::uint64_t disk_bytes() const { return database_->disk_bytes(); }
  [[nodiscard]] Result<void> compact() { return database_->compact(); }

 private:
  explicit ProjectionStore(std::unique_ptr<Database> database);
  [[nodiscard]] Result<void> load(std::string_view format);

  std::unique_ptr<Database> database_;
  mutable std::mutex mutex_;  // over states_ and what they hold
  LedgerStates states_;
};

// SHA-256 over the compiled-in contract (name, length, bytes of each file), as "sha256:" and hex.
[[nodiscard]] std::string contract_digest();

[[nodiscard]] TermKey term_key(TermKind kind, std::string_view value);
[[nodiscard]] std::string postings_key(std::uint16_t ledger, std::string_view term_key, std::uint64_t block);
// What all keys of the term's postings in this ledger begin with.
[[nodiscard]] std::string postings_prefix(std::uint16_t ledger, std::string_view term_key);
[[nodiscard]] std::string block_key(std::uint16_t ledger, std::uint64_t block);

// The store's own word for a damaged database.
[[nodiscard]] tl::unexpected<Error> projection_error(Error error);
[[nodiscard]] tl::unexpected<Error> damaged(std::string_view family, std::string_view key);

}  // namespace jangbu::consumers
