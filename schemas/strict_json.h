// Strict JSON: RFC 8259 without what two readers could take differently. Beyond simdjson's own rules: no BOM, no NUL
// (raw or escaped), no lone surrogate, no name twice in one object (compared unescaped), depth at most kJsonDepthMax,
// numbers only as integers within +-(2^53-1), written without fraction, exponent or "-0".
//
// The screen parses each record with StrictJson; the good path is simdjson's parse and one pass over its document. Only
// when something is wrong are the bytes read again by strict_errors(), which knows the place.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>
#include <vector>

#include "schemas/error.h"

namespace jangbu {

// Deeper than the screen allows (kJsonDepthMax), so that the parser's own limit only guards stacks: no document that
// was parsed is deeper.
inline constexpr std::size_t kParserDepthMax = 64;

// A reusable parser; one per thread. Not for inputs beyond kEntryBytesMax.
class StrictJson {
 public:
  StrictJson();

  // The document, valid until the next call; nullopt: not strict JSON, and then strict_errors(bytes) says why.
  [[nodiscard]] std::optional<simdjson::dom::element> parse(std::string_view bytes);
  // Without the checks beyond simdjson's, for what was checked before.
  [[nodiscard]] std::optional<simdjson::dom::element> parse_trusted(std::string_view bytes);

 private:
  std::vector<char> padded_;
  simdjson::dom::parser parser_;
  bool allocated_;  // its buffers, once and for all; without them every parse fails
};

// Everything that is not strict, in document order, up to `limit`; reading ends at the first place where the text is no
// JSON. Empty: strict. Errors: not_json, too_deep, duplicate_key, bad_number, bad_character; `where` is a JSON pointer.
[[nodiscard]] std::vector<Error> strict_errors(std::string_view bytes, std::size_t limit);

// An RFC 6901 token for `name`: "~" as "~0", "/" as "~1".
void append_pointer_token(std::string& pointer, std::string_view name);

}  // namespace jangbu
