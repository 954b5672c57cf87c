#include "schemas/identifiers.h"

#include <array>
#include <string>

namespace jangbu {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kClockSeconds = 366 * kDaySeconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The text with a cursor's look to both sides; '\0' beyond its ends.
struct Text {
  std::string_view chars;
  std::optional<Timestamp> time;

  [[nodiscard]] char at(std::size_t i) const { return i < chars.size() ? chars[i] : '\0'; }
  [[nodiscard]] char before(std::size_t i) const { return i == 0 ? '\0' : chars[i - 1]; }
  [[nodiscard]] std::size_t digits_from(std::size_t i) const {
    std::size_t n = 0;
    while (is_digit(at(i + n))) ++n;
    return n;
  }
  [[nodiscard]] int number(std::size_t i, std::size_t digits) const {
    int value = 0;
    for (std::size_t k = i; k < i + digits; ++k) value = value * 10 + (chars[k] - '0');
    return value;
  }
};

bool is_uuid_at(const Text& text, std::size_t begin) {
  constexpr std::size_t kLength = 36;
  if (begin + kLength > text.chars.size()) return false;
  for (std::size_t i = 0; i < kLength; ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text.chars[begin + i];
    if (hyphen ? c != '-' : !is_hex(c)) return false;
  }
  return !is_alnum(text.before(begin)) && !is_alnum(text.at(begin + kLength));
}

// Do the characters [begin, end) belong to a UUID, or to a run of hex digits as long as a digest's?
bool is_within_random(const Text& text, std::size_t begin, std::size_t end) {
  const std::size_t first = begin > 35 ? begin - 35 : 0;
  for (std::size_t at = first; at <= begin; ++at) {
    if (is_uuid_at(text, at) && end <= at + 36) return true;
  }
  std::size_t from = begin;
  while (from > 0 && is_hex(text.chars[from - 1])) --from;
  std::size_t to = begin;
  while (is_hex(text.at(to))) ++to;
  return to >= end && to - from >= 32;
}

bool is_date(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1) return false;
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

// Resident and foreigner numbers. Letters may touch them: "no.900101-1234567", "RRN9001011234567".
std::optional<IdentifierKind> registration_number(const Text& text, std::size_t begin, std::size_t run) {
  std::size_t second = begin + 6;
  const bool bare = run == 13;
  if (!bare) {
    if (run != 6) return std::nullopt;
    const char separator = text.at(second);
    if (separator != '-' && separator != ' ' && separator != '.' && separator != '/' && separator != '_') {
      return std::nullopt;
    }
    ++second;
    // " - " too
    if (separator == ' ' && text.at(second) == '-' && text.at(second + 1) == ' ') second += 2;
    if (text.digits_from(second) != 7) return std::nullopt;
  }
  const int sex = text.chars[second] - '0';
  if (sex == 0 || sex == 9) return std::nullopt;  // births before 1900
  const bool foreigner = sex >= 5;
  const bool last_century = sex == 1 || sex == 2 || sex == 5 || sex == 6;
  const int year = (last_century ? 1900 : 2000) + text.number(begin, 2);
  const int month = text.number(begin + 2, 2);
  const int day = text.number(begin + 4, 2);
  if (!is_date(year, month, day)) return std::nullopt;
  const Timestamp birth = from_civil(year, month, day, 0);
  if (text.time && birth.seconds > text.time->seconds + kDaySeconds) return std::nullopt;
  if (bare && text.time) {
    const std::int64_t clock = static_cast<std::int64_t>(text.number(begin, 7)) * 1000 + text.number(begin + 7, 3);
    const std::int64_t apart = clock - text.time->seconds;
    if (apart >= -kClockSeconds && apart <= kClockSeconds) return std::nullopt;
  }

  static const Timestamp kFirstFree = from_civil(2020, 9, 5, 0);
  if (birth < kFirstFree) {
    constexpr std::array<int, 12> kWeights = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5};
    int sum = 0;
    for (std::size_t i = 0; i < 12; ++i) {
      sum += kWeights[i] * (text.chars[i < 6 ? begin + i : second + i - 6] - '0');
    }
    const int check = ((foreigner ? 13 : 11) - sum % 11) % 10;
    if (check != text.chars[second + 6] - '0') return std::nullopt;
  }
  if (is_within_random(text, begin, second + 7)) return std::nullopt;
  return foreigner ? IdentifierKind::foreigner_number : IdentifierKind::resident_number;
}

bool is_separator(char c) { return c == '-' || c == ' ' || c == '.' || c == ')'; }

// Past one separator, or past ") ", ")-"; `i` where there is none.
std::size_t past_separator(const Text& text, std::size_t i) {
  if (!is_separator(text.at(i))) return i;
  const bool bracket = text.at(i) == ')';
  ++i;
  return bracket && (text.at(i) == ' ' || text.at(i) == '-') ? i + 1 : i;
}

// The end of "<3 or 4 digits><separator><4 digits>" at `i`, where no further digit follows; 0: not there.
std::size_t subscriber(const Text& text, std::size_t i) {
  const std::size_t exchange = text.digits_from(i);
  if (exchange != 3 && exchange != 4) return 0;
  const std::size_t last = past_separator(text, i + exchange);
  if (last == i + exchange || text.digits_from(last) != 4) return 0;
  return last + 4;
}

bool is_area_code(const Text& text, std::size_t i, std::size_t length) {
  if (text.at(i) != '0') return false;
  if (length == 2) return text.at(i + 1) == '2';  // Seoul
  if (length != 3 && length != 4) return false;
  const int code = text.number(i, 3);
  if (length == 4) return code == 50;  // 050x, personal numbers
  return (code >= 31 && code <= 33) || (code >= 41 && code <= 44) || (code >= 51 && code <= 55) ||
         (code >= 61 && code <= 64) || code == 70 || code == 10 || code == 11 || (code >= 16 && code <= 19);
}

// A national number whose run of digits begins at `begin`.
bool is_phone(const Text& text, std::size_t begin, std::size_t run) {
  if (text.at(begin) != '0' || is_alnum(text.before(begin))) return false;
  const bool mobile = text.chars.substr(begin, 3) == "010";
  std::size_t end = 0;
  if (run == 11 && mobile) {
    end = begin + 11;
  } else if (is_area_code(text, begin, run)) {
    const std::size_t next = past_separator(text, begin + run);
    if (next != begin + run) end = subscriber(text, next);
  }
  if (end == 0 || is_letter(text.at(end)) || is_digit(text.at(end))) return false;
  // A group before or after makes it a part of a longer number; but 010 with eight digits is seldom anything else.
  if (!mobile) {
    const bool more_before = begin >= 2 && is_separator(text.before(begin)) && is_digit(text.chars[begin - 2]);
    const bool more_after = is_separator(text.at(end)) && is_digit(text.at(end + 1));
    if (more_before || more_after) return false;
  }
  return !is_within_random(text, begin, end);
}

// "+", a country code and 10 to 15 digits in all, separators between; or 82 and 0082 before a Korean mobile number.
bool is_international_phone(const Text& text, std::size_t begin) {
  const bool plus = text.before(begin) == '+';
  if (plus) {
    if (begin >= 2 && is_alnum(text.chars[begin - 2])) return false;
  } else {
    const std::string_view rest = text.chars.substr(begin);
    if (is_alnum(text.before(begin)) || !(rest.starts_with("82") || rest.starts_with("0082"))) return false;
  }
  std::array<char, 20> digits{};
  std::size_t count = 0;
  std::size_t at = begin;
  while (count < digits.size()) {
    if (is_digit(text.at(at))) {
      digits[count++] = text.at(at++);
    } else if ((is_separator(text.at(at)) || text.at(at) == '(') &&
               (is_digit(text.at(at + 1)) || text.at(at + 1) == '(')) {
      ++at;
    } else {
      break;
    }
  }
  if (is_alnum(text.at(at))) return false;
  std::string_view number(digits.data(), count);
  if (!plus) {
    if (number.starts_with("00")) number.remove_prefix(2);
    number.remove_prefix(2);
    if (number.starts_with('0')) number.remove_prefix(1);
    return number.size() == 10 && number.starts_with("10") && !is_within_random(text, begin, at);
  }
  return number.size() >= 10 && number.size() <= 15 && number[0] != '0';
}

bool has_card_range(std::string_view digits) {
  const auto prefix = [digits](std::size_t n) {
    int value = 0;
    for (const char c : digits.substr(0, n)) value = value * 10 + (c - '0');
    return value;
  };
  const auto within = [](int value, int low, int high) { return value >= low && value <= high; };
  switch (digits.size()) {
    case 14:  // Diners Club
      return within(prefix(3), 300, 305) || prefix(2) == 36 || within(prefix(2), 38, 39);
    case 15:  // American Express
      return prefix(2) == 34 || prefix(2) == 37;
    case 16:  // Visa, Mastercard, JCB, Discover, UnionPay
      return digits[0] == '4' || within(prefix(2), 51, 55) || within(prefix(4), 2221, 2720) ||
             within(prefix(4), 3528, 3589) || prefix(4) == 6011 || within(prefix(3), 644, 649) || prefix(2) == 65 ||
             prefix(2) == 62;
    default:
      return false;
  }
}

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (std::size_t i = digits.size(); i-- > 0; doubled = !doubled) {
    const int digit = (digits[i] - '0') * (doubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

// Without separators, or in the groups that are printed on cards: 4-4-4-4, 4-6-5, 4-6-4.
bool is_card(const Text& text, std::size_t begin, std::size_t run) {
  if (is_alnum(text.before(begin)) || (run != 4 && (run < 14 || run > 16))) return false;
  std::array<char, 16> digits{};
  std::size_t count = 0;
  std::size_t at = begin;
  if (run == 4) {
    const char separator = text.at(begin + 4);
    if (separator != '-' && separator != ' ') return false;
    std::array<std::size_t, 4> groups{};
    std::size_t group = 0;
    while (group < groups.size()) {
      const std::size_t length = text.digits_from(at);
      if (length == 0 || count + length > digits.size()) return false;
      for (std::size_t i = 0; i < length; ++i) digits[count++] = text.chars[at + i];
      groups[group++] = length;
      at += length;
      if (text.at(at) != separator || !is_digit(text.at(at + 1))) break;
      ++at;
    }
    const bool four = groups == std::array<std::size_t, 4>{4, 4, 4, 4};
    const bool three = groups[1] == 6 && groups[3] == 0 && (groups[2] == 5 || groups[2] == 4);
    if (!four && !three) return false;
  } else {
    for (; count < run; ++count) digits[count] = text.chars[at++];
  }
  const std::string_view number(digits.data(), count);
  return !is_alnum(text.at(at)) && has_card_range(number) && passes_luhn(number) && !is_within_random(text, begin, at);
}

bool says_passport(std::string_view text) {
  for (const std::string_view word : {"passport", "Passport", "PASSPORT", "여권"}) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// `letter`: the place of the letter before a run of digits.
bool is_passport(const Text& text, std::size_t letter, std::size_t run) {
  if (is_alnum(text.before(letter))) return false;
  const char kind = text.chars[letter];
  const std::size_t digits = letter + 1;
  if (kind == 'M' && run == 3) {
    const std::size_t rest = digits + 4;
    return is_upper(text.at(digits + 3)) && text.digits_from(rest) == 4 && !is_alnum(text.at(rest + 4));
  }
  if (run != 8 || is_alnum(text.at(digits + 8))) return false;
  if (kind != 'M' && (std::string_view("SRODG").find(kind) == std::string_view::npos || !says_passport(text.chars))) {
    return false;
  }
  // A letter and a date, or a counter with leading zeros, is what labels look like.
  const int year = text.number(digits, 4);
  const bool date =
      year >= 1900 && year <= 2099 && is_date(year, text.number(digits + 4, 2), text.number(digits + 6, 2));
  return !date && text.chars.substr(digits, 3) != "000";
}

bool is_email(const Text& text, std::size_t sign) {
  const char before = text.before(sign);
  const bool local = is_alnum(before) || std::string_view("_%+-'").find(before) != std::string_view::npos ||
                     static_cast<unsigned char>(before) >= 0x80;
  if (before == '\0' || !local) return false;
  std::size_t label = 0;
  bool letters = true;
  bool dotted = false;
  for (std::size_t at = sign + 1;; ++at) {
    const char c = text.at(at);
    if (is_alnum(c) || c == '-' || static_cast<unsigned char>(c) >= 0x80) {
      letters = letters && !is_digit(c) && c != '-';
      ++label;
      continue;
    }
    const bool top = dotted && letters && label >= 2;
    if (c != '.' || label == 0 || (!is_alnum(text.at(at + 1)) && static_cast<unsigned char>(text.at(at + 1)) < 0x80)) {
      return top;
    }
    dotted = true;
    letters = true;
    label = 0;
  }
}

std::optional<IdentifierKind> search(const Text& text) {
  for (std::size_t i = 0; i < text.chars.size(); ++i) {
    const char c = text.chars[i];
    if (c == '@' && is_email(text, i)) return IdentifierKind::email;
    if (!is_digit(c)) continue;
    const std::size_t run = text.digits_from(i);
    if (const std::optional<IdentifierKind> found = registration_number(text, i, run)) return found;
    if (is_card(text, i, run)) return IdentifierKind::card;
    if (is_phone(text, i, run) || is_international_phone(text, i)) return IdentifierKind::phone;
    if (i > 0 && is_upper(text.chars[i - 1]) && is_passport(text, i - 1, run)) return IdentifierKind::passport;
    i += run - 1;
  }
  return std::nullopt;
}

// Full-width forms, and the hyphens and spaces that word processors put in their place, as ASCII.
std::string narrowed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i + k])) : 0U;
    };
    char as = '\0';
    if (byte(0) == 0xef && byte(1) == 0xbc && byte(2) >= 0x81) as = static_cast<char>(byte(2) - 0x81 + 0x21);
    if (byte(0) == 0xef && byte(1) == 0xbd && byte(2) <= 0x9e) as = static_cast<char>(byte(2) - 0x80 + 0x60);
    const bool hyphen = (byte(0) == 0xe2 && byte(1) == 0x80 && byte(2) >= 0x90 && byte(2) <= 0x95) ||
                        (byte(0) == 0xe2 && byte(1) == 0x88 && byte(2) == 0x92);  // U+2010 to 2015, 2212
    if (hyphen) as = '-';
    if (byte(0) == 0xe3 && byte(1) == 0x80 && byte(2) == 0x80) as = ' ';  // U+3000
    if (as != '\0') {
      out.push_back(as);
      i += 2;
    } else if (byte(0) == 0xc2 && byte(1) == 0xa0) {
      out.push_back(' ');
      i += 1;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

std::string_view name(IdentifierKind kind) {
  switch (kind) {
    case IdentifierKind::resident_number:
      return "resident registration number";
    case IdentifierKind::foreigner_number:
      return "foreigner registration number";
    case IdentifierKind::phone:
      return "phone number";
    case IdentifierKind::email:
      return "e-mail address";
    case IdentifierKind::passport:
      return "passport number";
    case IdentifierKind::card:
      return "card number";
  }
  return "";
}

std::optional<IdentifierKind> find_direct_identifier(std::string_view text, std::optional<Timestamp> event_time) {
  // The commonest of the strings with many digits, and the screen's promise.
  if (text.size() == 36 && is_uuid_at({text, event_time}, 0)) return std::nullopt;
  // All but e-mail addresses have seven digits or more: most strings end here.
  std::size_t digits = 0;
  unsigned sign = 0;
  unsigned high = 0;
  for (const char c : text) {
    digits += is_digit(c) ? 1U : 0U;
    sign |= c == '@' ? 1U : 0U;
    high |= static_cast<unsigned char>(c);
  }
  if (high >= 0x80) {
    const std::string ascii = narrowed(text);
    return search({ascii, event_time});
  }
  if (digits < 7 && sign == 0) return std::nullopt;
  return search({text, event_time});
}

}  // namespace jangbu
