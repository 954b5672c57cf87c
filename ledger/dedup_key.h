// DedupKey: under what an accepted event is filed, so that the same one coming again is found. For intake, the ledger
// state and the store.
#pragma once

#include <array>
#include <string_view>

namespace jangbu {

// The first 16 bytes of SHA-256(source, 0x00, id).
using DedupKey = std::array<char, 16>;
[[nodiscard]] DedupKey dedup_key(std::string_view source, std::string_view id);

}  // namespace jangbu
