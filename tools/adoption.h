// What a new space begins with beside its ledgers: the default policy and the check versions that this program has,
// adopted by event under the coordinating body's key. Used by `init` and the demo.
#pragma once

#include <filesystem>
#include <string>

#include "ledger/key_file.h"
#include "ledger/node.h"
#include "schemas/error.h"
#include "schemas/timestamp.h"

namespace jangbu::tools {

// The institution whose kind is coordinator. Error: no_such_ledger.
[[nodiscard]] Result<LedgerId> coordinator_ledger(const Node& node);
// Ledgers policy.adopted and a check.adopted for each check; `time` is the events' own. Once a space: a second call
// with other content would be a conflict, the same content a duplicate. Errors: those of key files and of Node::submit.
// Commits by itself: nobody else may run the writer.
[[nodiscard]] Result<void> adopt_defaults(Node& node, const std::filesystem::path& directory, const AskPassphrase& ask,
                                          Timestamp time);

}  // namespace jangbu::tools
