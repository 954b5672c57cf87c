// What a search asks for: the body of a POST, the parameters of a GET, the cursor between pages. What is accepted keeps
// the limits that the search relies on. The first byte chooses the reader.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/search_query.h"
#include "consumers/projections/search_cursor.h"
#include "ledger/hash.h"
#include "schemas/invariant.h"
#include "schemas/strict_json.h"

namespace jangbu::api {
namespace {

void limits_hold(const SearchRequest& request) {
  JANGBU_INVARIANT(request.limit >= 1 && request.limit <= consumers::kSearchRowsMax, std::to_string(request.limit));
  JANGBU_INVARIANT(request.query.terms.size() <= consumers::kSearchTermsMax,
                   std::to_string(request.query.terms.size()));
  for (const auto& term : request.query.terms) {
    JANGBU_INVARIANT(!term.value.empty() && term.value.size() <= 512, std::to_string(term.value.size()));
  }
}

void body(std::string_view text) {
  const auto request = parse_search(text);
  if (!request) {
    JANGBU_INVARIANT(!request.error().what.empty(), to_string(request.error()));
    return;
  }
  limits_hold(*request);
  // What two readers could take differently is no query.
  JANGBU_INVARIANT(strict_errors(text, 1).empty(), "accepted, and not strict JSON");
}

void parameters(std::string_view text) {
  const auto request = parse_search_parameters(text);
  if (!request) {
    JANGBU_INVARIANT(!request.error().what.empty(), to_string(request.error()));
    return;
  }
  limits_hold(*request);
  for (const auto& term : request->query.terms) JANGBU_INVARIANT(term.kind != TermKind::patient, "a patient in a URL");
}

constexpr std::string_view kQueryDigest = "12345678";

void cursor(std::string_view text) {
  const auto read = consumers::decode_cursor(text, kQueryDigest);
  if (!read) return;
  JANGBU_INVARIANT(read->query_digest == kQueryDigest, "another query's cursor");
  JANGBU_INVARIANT(encode(*read) == text, "accepted, and written otherwise");
}

// Base64url, unpadded, with the digest put right, since no mutation would.
void cursor_of(std::string_view content) {
  std::string bytes(content);
  Sha256 hash;
  hash.update("jangbu/cursor/v1");
  hash.update(content);
  bytes += hash.finish().view().substr(0, 8);
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = (held << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text += kDigits[(held >> (bits - 6)) & 63];
  }
  if (bits > 0) text += kDigits[(held << (6 - bits)) & 63];
  cursor(text);
}

}  // namespace
}  // namespace jangbu::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      jangbu::api::body(rest);
      break;
    case 1:
      jangbu::api::parameters(rest);
      break;
    case 2:
      jangbu::api::cursor(rest);
      break;
    default:
      jangbu::api::cursor_of(rest);
  }
  return 0;
}
