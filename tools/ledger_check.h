// Runs the offline verifier over a LedgerSource: every entry, its checkpoint, earlier checkpoints and receipts, and the
// tiles beside the entries. Used by `jangbu verify` and tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ledger/checkpoint.h"
#include "ledger/verifier.h"
#include "schemas/error.h"
#include "tools/ledger_source.h"

namespace jangbu::tools {

struct Expectation {
  std::string name;  // for findings: a file
  std::string note;  // an earlier checkpoint; empty: `receipt`
  std::optional<TlogProof> receipt;
};

struct LedgerCheck {
  std::string name;
  VerifierReport report;
  std::uint64_t checkpoint_size = 0;  // as its checkpoint says
  std::uint64_t tiles = 0;            // compared with the entries
};

// As many threads as the machine has, each call its own.
void use_all_cores(VerifierOptions& options);

// `progress` is told how many entries have been looked at. Error: unreachable (a source that is gone in the middle);
// everything else that does not hold is in the report.
[[nodiscard]] Result<LedgerCheck> check_ledger(LedgerSource& source, const std::shared_ptr<const TypeTable>& types,
                                               VerifierOptions options, const std::vector<Expectation>& expectations,
                                               const std::function<void(std::uint64_t)>& progress);

}  // namespace jangbu::tools
