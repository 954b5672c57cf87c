// The screen's digest: what a ledger pins (ledger.genesis, ledger.screen) beside kScreenVersion, so that a node with
// another contract or another verdict notices before it judges a record. It stands in this layer because hashing does.
#pragma once

#include <string>

#include "schemas/event_type.h"

namespace jangbu {

// "sha256:" and hex, over kScreenVersion, every embedded file of the contract (name, length, bytes), and every record
// of the verdict corpus with the verdict that this program gives (schemas/corpus.h). Some milliseconds: once a start.
// Any thread.
[[nodiscard]] std::string screen_digest(const TypeTable& types);

}  // namespace jangbu
