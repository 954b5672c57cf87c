// strict_errors(): the slow reading of strict JSON, which knows where each thing that is wrong stands. It runs only
// over records that failed the fast one (strict_json.cc).
#include <string>
#include <unordered_set>

#include "schemas/bounds.h"
#include "schemas/strict_json.h"

namespace jangbu {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reading {
 public:
  Reading(std::string_view text, std::size_t limit) : text_(text), limit_(limit) {}

  std::vector<Error> run() {
    if (text_.starts_with(kByteOrderMark)) {
      add(Code::bad_character, "a byte order mark before the document");
      at_ = kByteOrderMark.size();
    }
    if (!ended() && value(0)) {
      space();
      if (at_ < text_.size()) broken("expected nothing after the document");
    }
    return std::move(errors_);
  }

 private:
  // Every function returns false when reading has to stop.
  bool value(std::size_t depth);
  bool object(std::size_t depth);
  bool array(std::size_t depth);
  bool string(std::string& out);
  bool escape(std::string& out);
  bool utf8(std::string& out);
  bool number();
  bool word(std::string_view word);

  [[nodiscard]] bool ended() const { return errors_.size() >= limit_; }
  bool add(Code code, std::string what) {
    if (!ended()) errors_.push_back({code, pointer_, std::move(what)});
    return !ended();
  }
  bool broken(const std::string& what) {
    add(Code::not_json, what + ", at byte " + std::to_string(at_));
    return false;
  }
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t limit_;
  std::size_t at_ = 0;
  std::string pointer_;
  std::vector<Error> errors_;
};

bool Reading::value(std::size_t depth) {
  space();
  if (at_ >= text_.size()) return broken("expected a value");
  switch (text_[at_]) {
    case '{':
      return object(depth);
    case '[':
      return array(depth);
    case '"': {
      std::string ignored;
      return string(ignored);
    }
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      return number();
  }
}

bool Reading::object(std::size_t depth) {
  if (depth == kJsonDepthMax) {
    add(Code::too_deep, "expected at most " + std::to_string(kJsonDepthMax) + " levels of objects and lists");
    return false;
  }
  ++at_;
  if (take('}')) return true;
  std::unordered_set<std::string> names;
  do {
    space();
    if (peek() != '"') return broken("expected a member's name");
    std::string name;
    if (!string(name)) return false;
    if (!take(':')) return broken("expected a colon");
    const std::size_t parent = pointer_.size();
    append_pointer_token(pointer_, name);
    if (!names.insert(std::move(name)).second && !add(Code::duplicate_key, "expected each name once in an object")) {
      return false;
    }
    if (!value(depth + 1)) return false;
    pointer_.resize(parent);
  } while (take(','));
  return take('}') || broken("expected a comma or the end of the object");
}

bool Reading::array(std::size_t depth) {
  if (depth == kJsonDepthMax) {
    add(Code::too_deep, "expected at most " + std::to_string(kJsonDepthMax) + " levels of objects and lists");
    return false;
  }
  ++at_;
  if (take(']')) return true;
  std::size_t index = 0;
  do {
    const std::size_t parent = pointer_.size();
    pointer_.append("/").append(std::to_string(index++));
    if (!value(depth + 1)) return false;
    pointer_.resize(parent);
  } while (take(','));
  return take(']') || broken("expected a comma or the end of the list");
}

bool Reading::string(std::string& out) {
  ++at_;
  while (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!escape(out)) return false;
    } else if (c < 0x20) {
      ++at_;
      if (!add(Code::bad_character, "a control character that is not escaped")) return false;
    } else if (c < 0x80) {
      out.push_back(text_[at_++]);
    } else if (!utf8(out)) {
      return false;
    }
  }
  return broken("expected the end of the string");
}

void append_utf8(std::string& out, unsigned point) {
  const auto push = [&out](unsigned byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (point < 0x80) {
    push(point);
  } else if (point < 0x800) {
    push(0xc0 | point >> 6);
    push(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    push(0xe0 | point >> 12);
    push(0x80 | (point >> 6 & 0x3f));
    push(0x80 | (point & 0x3f));
  } else {
    push(0xf0 | point >> 18);
    push(0x80 | (point >> 12 & 0x3f));
    push(0x80 | (point >> 6 & 0x3f));
    push(0x80 | (point & 0x3f));
  }
}

bool Reading::escape(std::string& out) {
  const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  constexpr std::string_view kKinds = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (const std::size_t i = kKinds.find(kind); kind != '\0' && i != std::string_view::npos) {
    out.push_back(kMeant[i]);
    at_ += 2;
    return true;
  }
  const auto unit_at = [this](std::size_t at) -> int {
    if (at + 6 > text_.size() || text_[at] != '\\' || text_[at + 1] != 'u') return -1;
    int unit = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
      const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(text_[i]);
      if (digit == std::string_view::npos) return -1;
      unit = unit * 16 + static_cast<int>(digit < 16 ? digit : digit - 6);
    }
    return unit;
  };
  const int unit = unit_at(at_);
  if (unit < 0) return broken("expected an escape of JSON");
  if (unit >= 0xd800 && unit <= 0xdbff) {
    const int low = unit_at(at_ + 6);
    if (low >= 0xdc00 && low <= 0xdfff) {
      append_utf8(out,
                  0x10000U + ((static_cast<unsigned>(unit) - 0xd800U) << 10) + (static_cast<unsigned>(low) - 0xdc00U));
      at_ += 12;
      return true;
    }
  }
  at_ += 6;
  if (unit == 0) return add(Code::bad_character, "the character U+0000");
  if (unit >= 0xd800 && unit <= 0xdfff) return add(Code::bad_character, "half of a surrogate pair");
  append_utf8(out, static_cast<unsigned>(unit));
  return true;
}

// One sequence of RFC 3629, its table of byte ranges in section 4.
bool Reading::utf8(std::string& out) {
  const auto byte = [this](std::size_t k) {
    return at_ + k < text_.size() ? static_cast<unsigned>(static_cast<unsigned char>(text_[at_ + k])) : 0U;
  };
  const unsigned first = byte(0);
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  bool good = length != 0 && byte(1) >= low && byte(1) <= high;
  for (std::size_t k = 2; k < length; ++k) good = good && byte(k) >= 0x80 && byte(k) <= 0xbf;
  if (!good) {
    ++at_;
    return add(Code::bad_character, "a byte that is not UTF-8");
  }
  out.append(text_.substr(at_, length));
  at_ += length;
  return true;
}

bool Reading::number() {
  const std::size_t begin = at_;
  if (peek() == '-') ++at_;
  const std::size_t first = at_;
  while (is_digit(peek())) ++at_;
  const std::size_t digits = at_ - first;
  if (digits == 0 || (digits > 1 && text_[first] == '0')) {
    at_ = begin;
    return broken("expected a value");
  }
  const std::string_view integer = text_.substr(first, digits);
  bool whole = true;
  if (peek() == '.') {
    whole = false;
    ++at_;
    if (!is_digit(peek())) return broken("expected a digit");
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    whole = false;
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!is_digit(peek())) return broken("expected a digit");
    while (is_digit(peek())) ++at_;
  }
  constexpr std::string_view kMax = "9007199254740991";
  static_assert(kJsonIntegerMax == 9'007'199'254'740'991);
  const bool minus_zero = first != begin && integer == "0";
  const bool too_big = digits > kMax.size() || (digits == kMax.size() && integer > kMax);
  if (whole && !minus_zero && !too_big) return true;
  return add(Code::bad_number,
             "expected an integer within -(2^53-1) to 2^53-1, without fraction or exponent, and not -0");
}

bool Reading::word(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return broken("expected a value");
  at_ += word.size();
  return true;
}

}  // namespace

std::vector<Error> strict_errors(std::string_view bytes, std::size_t limit) { return Reading(bytes, limit).run(); }

}  // namespace jangbu
