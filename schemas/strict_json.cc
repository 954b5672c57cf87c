#include "schemas/strict_json.h"

#include <algorithm>
#include <cstring>

#include "schemas/bounds.h"

namespace jangbu {
namespace {

namespace dom = simdjson::dom;

static_assert(kParserDepthMax > kJsonDepthMax);

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four hex digits at `at`; -1 where they are none.
int code_unit(std::string_view bytes, std::size_t at) {
  if (at + 4 > bytes.size()) return -1;
  int unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_value(bytes[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_high_surrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// Are the escapes of well-formed JSON free of NUL and of lone surrogates?
bool escapes_clean(std::string_view bytes) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin;
  while (at != end) {
    at = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    if (at == nullptr || end - at < 2) return true;
    if (at[1] != 'u') {
      at += 2;
      continue;
    }
    const auto place = static_cast<std::size_t>(at - begin);
    const int unit = code_unit(bytes, place + 2);
    if (unit <= 0 || is_low_surrogate(unit)) return false;
    at += 6;
    if (!is_high_surrogate(unit)) continue;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u' || !is_low_surrogate(code_unit(bytes, place + 8))) return false;
    at += 6;
  }
  return true;
}

// May the bytes hold the number "-0", which simdjson reads as 0? In a string it is a false alarm, which costs a second
// reading and nothing else.
bool may_hold_minus_zero(std::string_view bytes) {
  for (std::size_t at = bytes.find("-0"); at != std::string_view::npos; at = bytes.find("-0", at + 2)) {
    const char before = at == 0 ? ' ' : bytes[at - 1];
    const char after = at + 2 == bytes.size() ? ' ' : bytes[at + 2];
    const bool starts = before == ':' || before == ',' || before == '[' || before == ' ' || before == '\t' ||
                        before == '\n' || before == '\r';
    if (starts && (after < '0' || after > '9')) return true;
  }
  return false;
}

bool names_differ(dom::object object, std::size_t count) {
  if (count > 64) {
    std::vector<std::string_view> names;
    names.reserve(count);
    for (const dom::key_value_pair member : object) names.push_back(member.key);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
  }
  // A small filter spares most comparisons: a name is compared with those before it only when its bit is set already.
  std::uint64_t seen = 0;
  for (dom::object::iterator at = object.begin(); at != object.end(); ++at) {
    const std::string_view name = at.key();
    unsigned hash = static_cast<unsigned>(name.size()) * 7U;
    if (!name.empty()) {
      hash += static_cast<unsigned char>(name.front()) * 3U + static_cast<unsigned char>(name.back()) * 11U;
    }
    const std::uint64_t bit = std::uint64_t{1} << (hash & 63U);
    if ((seen & bit) != 0) {
      for (dom::object::iterator before = object.begin(); before != at; ++before) {
        if (before.key() == name) return false;
      }
    }
    seen |= bit;
  }
  return true;
}

bool clean(dom::element element, std::size_t depth) {
  switch (element.type()) {
    case dom::element_type::OBJECT: {
      if (depth == kJsonDepthMax) return false;
      const dom::object object = element.get_object().value_unsafe();
      if (!names_differ(object, object.size())) return false;
      for (const dom::key_value_pair member : object) {
        if (!clean(member.value, depth + 1)) return false;
      }
      return true;
    }
    case dom::element_type::ARRAY: {
      if (depth == kJsonDepthMax) return false;
      const dom::array list = element.get_array().value_unsafe();
      for (const dom::element item : list) {
        if (!clean(item, depth + 1)) return false;
      }
      return true;
    }
    case dom::element_type::INT64: {
      const std::int64_t number = element.get_int64().value_unsafe();
      return number >= -kJsonIntegerMax && number <= kJsonIntegerMax;
    }
    case dom::element_type::UINT64:  // above what an int64 holds
    case dom::element_type::DOUBLE:
      return false;
    case dom::element_type::STRING:
    case dom::element_type::BOOL:
    case dom::element_type::NULL_VALUE:
      return true;
  }
  return false;
}

}  // namespace

StrictJson::StrictJson()
    : padded_(kEntryBytesMax + simdjson::SIMDJSON_PADDING),
      parser_(kEntryBytesMax),
      allocated_(parser_.allocate(kEntryBytesMax, kParserDepthMax) == simdjson::SUCCESS) {}

std::optional<dom::element> StrictJson::parse_trusted(std::string_view bytes) {
  if (!allocated_ || bytes.empty() || bytes.size() > kEntryBytesMax) return std::nullopt;
  std::memcpy(padded_.data(), bytes.data(), bytes.size());
  std::memset(padded_.data() + bytes.size(), ' ', simdjson::SIMDJSON_PADDING);
  dom::element root;
  if (parser_.parse(padded_.data(), bytes.size(), false).get(root) != simdjson::SUCCESS) return std::nullopt;
  return root;
}

std::optional<dom::element> StrictJson::parse(std::string_view bytes) {
  if (bytes.starts_with(kByteOrderMark)) return std::nullopt;
  const std::optional<dom::element> root = parse_trusted(bytes);
  if (!root || !clean(*root, 0) || !escapes_clean(bytes)) return std::nullopt;
  if (may_hold_minus_zero(bytes) && !strict_errors(bytes, 1).empty()) return std::nullopt;
  return root;
}

void append_pointer_token(std::string& pointer, std::string_view name) {
  pointer.push_back('/');
  for (const char c : name) {
    if (c == '~') {
      pointer.append("~0");
    } else if (c == '/') {
      pointer.append("~1");
    } else {
      pointer.push_back(c);
    }
  }
}

}  // namespace jangbu
