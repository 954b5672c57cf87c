#include "schemas/forms.h"

#include <array>
#include <cstdint>

#include "schemas/bounds.h"
#include "schemas/timestamp.h"

namespace jangbu {
namespace {

// Character classes, one bit each, so that a matcher is one loop over a table.
enum : std::uint16_t {
  kLower = 1U << 0,
  kUpper = 1U << 1,
  kDigit = 1U << 2,
  kHex = 1U << 3,      // lower case only: every digest has one spelling
  kBase32 = 1U << 4,   // RFC 4648, lower case
  kLocal = 1U << 5,    // [A-Za-z0-9._:-]
  kWord = 1U << 6,     // [A-Za-z0-9_-]
  kAscii = 1U << 7,    // 0x20 to 0x7e
  kUri = 1U << 8,      // RFC 3986, without the percent sign
  kAddress = 1U << 9,  // [A-Za-z0-9._:%/[]-]
  kUpperHex = 1U << 10,
  kBase64 = 1U << 11,
  kKeyName = 1U << 12,  // [A-Za-z0-9._~:/-]
};

consteval std::array<std::uint16_t, 256> make_classes() {
  std::array<std::uint16_t, 256> table{};
  const auto set = [&table](std::string_view chars, unsigned bits) {
    for (const char c : chars) {
      std::uint16_t& row = table[static_cast<unsigned char>(c)];
      row = static_cast<std::uint16_t>(row | bits);
    }
  };
  constexpr unsigned kAlnum = kLocal | kWord | kUri | kBase64 | kAddress | kKeyName;
  set("abcdefghijklmnopqrstuvwxyz", kLower | kAlnum);
  set("ABCDEFGHIJKLMNOPQRSTUVWXYZ", kUpper | kAlnum);
  set("0123456789", kDigit | kHex | kUpperHex | kAlnum);
  set("abcdef", kHex);
  set("ABCDEF", kUpperHex);
  set("abcdefghijklmnopqrstuvwxyz234567", kBase32);
  set("._:-", kLocal);
  set("_-", kWord);
  set("._~:/?#[]@!$&'()*+,;=-", kUri);
  set("._:%/[]-", kAddress);
  set("+/", kBase64);
  set("._~:/-", kKeyName);
  for (unsigned c = 0x20; c <= 0x7e; ++c) table[c] = static_cast<std::uint16_t>(table[c] | kAscii);
  return table;
}
constexpr std::array<std::uint16_t, 256> kClasses = make_classes();

bool in(char c, unsigned classes) { return (kClasses[static_cast<unsigned char>(c)] & classes) != 0; }

bool all(std::string_view text, unsigned classes) {
  for (const char c : text) {
    if (!in(c, classes)) return false;
  }
  return true;
}

bool all_between(std::string_view text, unsigned classes, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max && all(text, classes);
}

bool is_id(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_institution(text.substr(0, slash)) &&
         all_between(text.substr(slash + 1), kLocal, 1, 64);
}

bool is_digest(std::string_view text) {
  return text.size() == 71 && text.starts_with("sha256:") && all(text.substr(7), kHex);
}

bool is_keyed_digest(std::string_view text) { return text.size() == 32 && all(text, kHex); }

bool is_base32_128(std::string_view text) { return text.size() == 26 && all(text, kBase32); }

bool is_patient(std::string_view text) {
  return text == "p:unresolved" || (text.starts_with("p:") && is_base32_128(text.substr(2)));
}

bool is_actor_id(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !is_institution(text.substr(0, slash))) return false;
  const std::string_view local = text.substr(slash + 1);
  return local.starts_with("u:") && is_base32_128(local.substr(2));
}

bool is_party(std::string_view text) { return is_institution(text) || is_actor_id(text); }
bool is_destination(std::string_view text) { return is_institution(text) || is_id(text); }

bool is_ledger_origin(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_institution(text.substr(0, slash)) && is_ledger(text.substr(slash + 1));
}

bool is_time(std::string_view text) { return read_timestamp(text).has_value(); }
bool is_purpose(std::string_view text) { return all_between(text, kWord, 1, 32); }
bool is_country(std::string_view text) { return all_between(text, kUpper, 2, 2); }
bool is_address(std::string_view text) { return all_between(text, kAddress, 1, 64); }
bool is_ascii(std::string_view text) { return !text.empty() && all(text, kAscii); }

// signed-note N3, N5: "<name>+<8 hex digits>+<base64 of type and key>". Whether the hash is the one that the key gives
// is judged where keys are used (ledger/keys.h).
bool is_vkey(std::string_view text) {
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos || !all_between(text.substr(0, first), kKeyName, 1, 128)) return false;
  const std::string_view rest = text.substr(first + 1);
  // 33 bytes are exactly 44 base64 characters, without padding.
  if (rest.size() != 8 + 1 + 44 || rest[8] != '+' || !all(rest.substr(0, 8), kHex)) return false;
  const std::string_view key = rest.substr(9);
  // The first byte: 0x01 an Ed25519 key, 0x04 one that cosigns.
  const bool ed25519 = key[0] == 'A' && ((key[1] >= 'Q' && key[1] <= 'Z') || (key[1] >= 'a' && key[1] <= 'f'));
  const bool cosigner = key[0] == 'B' && key[1] >= 'A' && key[1] <= 'P';
  return (ed25519 || cosigner) && all(key, kBase64);
}

// Names for people: no control, format or bidirectional characters, which could make one name look like another. The
// text is valid UTF-8, so its two- and three-byte sequences can be compared as they stand.
bool is_label(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte < 0xc2) continue;
    const auto next = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U; };
    if (byte == 0xc2 && next(1) < 0xa0) return false;  // U+0080 to U+009F
    if (byte == 0xe2 && next(1) == 0x80) {
      const unsigned last = next(2);
      if ((last >= 0x8b && last <= 0x8f) || (last >= 0xa8 && last <= 0xae)) return false;  // 200B-200F, 2028-202E
    }
    if (byte == 0xe2 && next(1) == 0x81 && next(2) >= 0xa0 && next(2) <= 0xaf) return false;  // 2060-206F
    if (byte == 0xef && next(1) == 0xbb && next(2) == 0xbf) return false;                     // FEFF
  }
  return !text.empty();
}

// A signed note (signed-note N1, N2): no control characters but line feeds, and one at its end.
bool is_note(std::string_view text) {
  if (text.size() < 2 || text.back() != '\n') return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7f) return false;
  }
  return true;
}

constexpr Form kForms[] = {
    {"institution", is_institution, false, Code::bad_value, "an institution: [a-z][a-z0-9-]{1,30}"},
    {"ledger", is_ledger, false, Code::bad_value, "a ledger: <institution>, .patients where it is that one, ~2 to ~9"},
    {"ledger-origin", is_ledger_origin, false, Code::bad_value, "a ledger's origin: <space>/<ledger>"},
    {"id", is_id, false, Code::bad_value, "an id: <institution>/<1 to 64 of A-Z a-z 0-9 . _ : ->"},
    {"digest", is_digest, true, Code::bad_value, "a digest: sha256: and 64 lower case hex digits"},
    {"keyed-digest", is_keyed_digest, true, Code::bad_value, "a keyed digest: 32 lower case hex digits"},
    {"time", is_time, true, Code::bad_time, "an RFC 3339 time with an offset, such as 2026-03-01T09:00:00+09:00"},
    {"patient", is_patient, true, Code::bad_value, "a pseudonym: p: and 26 base32 characters"},
    {"actor-id", is_actor_id, true, Code::bad_value, "an actor: <institution>/u: and 26 base32 characters"},
    {"party", is_party, false, Code::bad_value, "an institution, or an actor's id"},
    {"destination", is_destination, false, Code::bad_value, "an institution, or an environment's id"},
    {"vkey", is_vkey, true, Code::bad_value, "a verifier key: <name>+<8 hex digits>+<base64 of type and key>"},
    {"note", is_note, false, Code::bad_value, "a signed note: lines without control characters"},
    {"token", is_token, false, Code::bad_value, "a code: 1 to 64 of A-Z a-z 0-9 . _ : -"},
    {"purpose", is_purpose, false, Code::bad_value, "a purpose: 1 to 32 of A-Z a-z 0-9 _ -"},
    {"address", is_address, false, Code::bad_value, "an address or device: 1 to 64 of A-Z a-z 0-9 . _ : % / [ ] -"},
    {"label", is_label, false, Code::bad_value, "a name without control, format or bidirectional characters"},
    {"country", is_country, true, Code::bad_value, "a country: two upper case letters (ISO 3166-1)"},
    {"ascii", is_ascii, false, Code::bad_value, "printable ASCII characters"},
    {"uri-reference", is_uri_reference, false, Code::bad_value, "a URI-reference (RFC 3986)"},
    {"event-type", is_event_type, false, Code::bad_value, "kr.jangbu.<type>.v1"},
    {"sequence", is_sequence, true, Code::bad_value, "a decimal of at most 15 digits without leading zeros"},
    {"traceparent", is_traceparent, true, Code::bad_value, "a W3C traceparent"},
};

}  // namespace

const Form* find_form(std::string_view name) {
  for (const Form& form : kForms) {
    if (form.name == name) return &form;
  }
  return nullptr;
}

bool is_institution(std::string_view text) {
  if (text.size() < 2 || text.size() > 31 || !in(text[0], kLower)) return false;
  for (const char c : text.substr(1)) {
    if (!in(c, kLower | kDigit) && c != '-') return false;
  }
  return true;
}

bool is_ledger(std::string_view text) {
  constexpr std::string_view kPatients = ".patients";
  // The successor of a ledger that had to be closed.
  if (text.size() > 2 && text[text.size() - 2] == '~' && text.back() >= '2' && text.back() <= '9')
    text.remove_suffix(2);
  if (text.ends_with(kPatients)) text.remove_suffix(kPatients.size());
  return is_institution(text);
}

bool is_token(std::string_view text) { return all_between(text, kLocal, 1, 64); }

bool is_event_id(std::string_view text) { return all_between(text, kAscii, 1, kIdCharsMax); }

bool is_tracestate(std::string_view text) { return all_between(text, kAscii, 1, 512); }

bool is_uri_reference(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in(text[i], kUri)) continue;
    constexpr unsigned kAnyHex = kHex | kUpperHex;
    if (text[i] != '%' || i + 2 >= text.size() || !in(text[i + 1], kAnyHex) || !in(text[i + 2], kAnyHex)) return false;
    i += 2;
  }
  return !text.empty();
}

// ^kr\.jangbu\.[a-z]+(\.[a-z_]+)*\.v1$
bool is_event_type(std::string_view text) {
  constexpr std::string_view kPrefix = "kr.jangbu.";
  constexpr std::string_view kVersion = ".v1";
  if (text.size() > 64 || !text.starts_with(kPrefix) || !text.ends_with(kVersion)) return false;
  if (text.size() <= kPrefix.size() + kVersion.size()) return false;
  text = text.substr(kPrefix.size(), text.size() - kPrefix.size() - kVersion.size());
  bool first = true;
  while (true) {
    const std::string_view part = text.substr(0, text.find('.'));
    if (part.empty()) return false;
    for (const char c : part) {
      if (!in(c, kLower) && (first || c != '_')) return false;
    }
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
    first = false;
  }
}

bool is_sequence(std::string_view text) {
  return all_between(text, kDigit, 1, 15) && (text.size() == 1 || text[0] != '0');
}

bool is_traceparent(std::string_view text) {
  return text.size() == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-' && all(text.substr(0, 2), kHex) &&
         all(text.substr(3, 32), kHex) && all(text.substr(36, 16), kHex) && all(text.substr(53, 2), kHex);
}

}  // namespace jangbu
