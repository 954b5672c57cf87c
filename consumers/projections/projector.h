// The projector: reads what is new in all ledgers and brings every projection up to it: search index, tick times,
// lineage, the annual figures' facts. `serve` calls step() in a thread of its own, after each commit; tools call it
// until it says that nothing is behind. What it builds is a function of the entries alone, however they came in
// batches, and a store that was deleted comes out the same.
//
// One thread. Errors leave the store as it was after the last full block; state_corrupt: close it, delete the folder,
// open it again (ops/RUNBOOK.md, "projections"); the ledger is not touched by any of it.
#pragma once

#include <cstdint>
#include <memory>

#include "consumers/projections/indexed_entry.h"
#include "consumers/projections/source.h"
#include "consumers/projections/store.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu::consumers {

class Projector {
 public:
  // `store` outlives the projector.
  Projector(ProjectionStore& store, std::shared_ptr<const TypeTable> types);

  struct Step {
    std::uint64_t taken = 0;   // entries read
    std::uint64_t behind = 0;  // entries of these sources that are still to be read
  };
  // Takes at most about `entries_max` entries, the ledgers in turn. Call it again with the same or newer sources while
  // something is behind. Errors: those of the sources, io, disk_full, state_corrupt.
  [[nodiscard]] Result<Step> step(const Sources& sources, std::uint64_t entries_max = 65'536);

 private:
  [[nodiscard]] Result<std::uint64_t> take(const EntrySource& source, LedgerState& state, std::uint64_t entries_max);
  void add(const Entry& entry, LedgerState& state);

  ProjectionStore& store_;
  IndexedEntryReader reader_;
  TermKey term_;  // reused
};

// How many entries of the sources the projections have not reached. Any thread.
[[nodiscard]] std::uint64_t lag(const ProjectionStore& store, const Sources& sources);

}  // namespace jangbu::consumers
