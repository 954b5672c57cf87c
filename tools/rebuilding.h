// Takes ledgers over from where they lie (ledger_source.h) into a new node's directory, verified under their signers'
// checkpoints; and says what is pinned of a ledger. Used by `jangbu rebuild`, `jangbu pins` and jangbu-bench.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/pins.h"
#include "schemas/error.h"
#include "schemas/event_type.h"
#include "tools/ledger_source.h"

namespace jangbu::tools {

// What the sources say themselves: of one space, each ledger once. Errors: bad_usage (of two spaces, a ledger twice),
// bad_entry, and those of the sources.
[[nodiscard]] Result<Pins> pins_of(const std::vector<std::unique_ptr<LedgerSource>>& sources,
                                   const std::shared_ptr<const TypeTable>& types);

struct RebuildOptions {
  std::filesystem::path directory;
  Pins pins;
  std::shared_ptr<const TypeTable> types;
  std::function<void(const LedgerId&, std::uint64_t entries)> progress;  // entries of this ledger so far; empty: nobody
};

struct RebuiltLedger {
  LedgerId ledger;
  std::uint64_t entries = 0, checkpoints = 0;
  Hash root;
};

// Pinned ledgers that no source has stay empty, to be filled from their topics. A source of a ledger that is not pinned
// is passed over. Errors: those of DirectoryBuilder and of the sources; bad_usage (a ledger from two sources).
[[nodiscard]] Result<std::vector<RebuiltLedger>> rebuild(const RebuildOptions& options,
                                                         const std::vector<std::unique_ptr<LedgerSource>>& sources);

}  // namespace jangbu::tools
