// Entries, hashes and ledgers as JSON, appended to a string: what pages and streams are made of. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/http.h"
#include "ledger/hash.h"
#include "ledger/node.h"
#include "ledger/view.h"

namespace jangbu::api {

// {"ledger","sequence","kind","received","generation","offset","previous","leaf","author"?,"event" or
// "rejected","bytes"?}. The event stands there as it was received, but for line ends between its members, which become
// spaces, so that an entry is one line. `with_bytes`: the entry's own bytes too, base64: what the leaf is the hash of.
void append_entry(const LedgerId& ledger, const StoredEntry& entry, bool with_bytes, std::string& out);
// ["<base64>",...]
void append_hashes(std::span<const Hash> hashes, std::string& out);
// What does not change of a ledger, and its released size and root.
void append_ledger(const LedgerView& view, std::string& out);

// The ledger that a path names. Error: no_such_ledger.
[[nodiscard]] Result<LedgerView> view_of(const Node& node, const std::string& ledger);

// JSON with a strong ETag over its bytes.
[[nodiscard]] Response json_response(std::string body);
inline constexpr std::string_view kImmutable = "public, max-age=31536000, immutable";
[[nodiscard]] std::string etag_of(std::string_view bytes);

}  // namespace jangbu::api
