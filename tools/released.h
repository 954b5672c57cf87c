// What shows that a database holds all that was released: the newest checkpoint that anybody has of each ledger. For
// `jangbu restore` and `jangbu tip`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ledger/ledger_id.h"
#include "ledger/view.h"
#include "schemas/error.h"

namespace jangbu::tools {

// Holds each checkpoint (a file with a signed note) against its ledger; the ledgers that none was given for. Errors:
// bad_usage (a file that cannot be read, or of no ledger here), bad_note, bad_checkpoint, tip_rollback (the ledger ends
// before it), tip_fork (another root at that size), io.
[[nodiscard]] Result<std::vector<LedgerId>> ledgers_not_shown(std::span<const LedgerView> views,
                                                              std::span<const std::string> checkpoints);

}  // namespace jangbu::tools
