// Passphrases of key files: from a file's first line, or from a person. Used by commands that open or make key files.
#pragma once

#include <string>

#include "ledger/key_file.h"
#include "schemas/error.h"
#include "tools/command.h"

namespace jangbu::tools {

// For a new key file: from `file`, else asked for twice. Error: bad_usage (nobody to ask, empty, the two differ), io.
[[nodiscard]] Result<std::string> new_passphrase(Environment& environment, const std::string& file);
// For sealed key files that a command opens: from `file` if it is not empty, else asked for, once for all of them.
// `environment` outlives the result. Error: io.
[[nodiscard]] Result<AskPassphrase> passphrase_source(Environment& environment, const std::string& file);

}  // namespace jangbu::tools
