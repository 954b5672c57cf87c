// The opaque cursor of a search: where the last page ended, and the sizes that the first page fixed. Base64url without
// padding; it carries its own digest and the digest of its query, so one that was changed, cut or used with another
// query is refused. It is no secret and grants nothing: whoever makes one up gets entries that the query gives him
// anyway.
//
// Bytes: 1 (version); 8 of the query's digest; varint count of ledgers, for each its id (varint length, text) and
// varint size; zigzag varint time in milliseconds, varint ledger (its place in that list), varint sequence number; the
// first 8 bytes of SHA-256("jangbu/cursor/v1" and all before).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/projections/selection.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu::consumers {

struct SearchCursor {
  struct Fixed {
    LedgerId ledger;
    TreeSize size;
  };
  std::string query_digest;    // 8 bytes
  std::vector<Fixed> ledgers;  // those searched, by id; then, for a range of tick times, the one with the ticks
  Place last;
};

[[nodiscard]] std::string encode(const SearchCursor& cursor);
// Error: bad_cursor.
[[nodiscard]] Result<SearchCursor> decode_cursor(std::string_view text, std::string_view query_digest);

}  // namespace jangbu::consumers
