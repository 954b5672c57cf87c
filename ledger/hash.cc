// SHA-256 by OpenSSL, and the text forms of hashes (hash.h).
//
// The low-level SHA256_* calls are deprecated in OpenSSL 3, but hash small messages more than three times as fast as
// the one-shot SHA256(), which looks its algorithm up at each call; a tree hashes nothing but small messages.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstring>
#include <new>

#include "schemas/invariant.h"

namespace jangbu {
namespace {

static_assert(sizeof(SHA256_CTX) <= 128 && alignof(SHA256_CTX) <= 8, "Sha256 holds a SHA256_CTX in its state");
static_assert(SHA256_DIGEST_LENGTH == 32);

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase32Digits[] = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kDigestPrefix = "sha256:";

// The value of a base64 digit, or -1.
int base64_value(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '+') return 62;
  if (digit == '/') return 63;
  return -1;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

std::uint32_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

}  // namespace

Hash Hash::from(std::string_view raw) {
  JANGBU_INVARIANT(raw.size() == 32, std::to_string(raw.size()));
  Hash hash;
  std::memcpy(hash.bytes.data(), raw.data(), 32);
  return hash;
}

Hash sha256(std::string_view bytes) {
  SHA256_CTX context;
  Hash hash;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(hash.bytes.data(), &context);
  return hash;
}

Sha256::Sha256() {
  auto* context = new (state_.data()) SHA256_CTX;
  SHA256_Init(context);
}

void Sha256::update(std::string_view bytes) {
  SHA256_Update(std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())), bytes.data(), bytes.size());
}

Hash Sha256::finish() {
  Hash hash;
  SHA256_Final(hash.bytes.data(), std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())));
  return hash;
}

std::string hash_library() { return OpenSSL_version(OPENSSL_VERSION); }

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15]);
  }
  return text;
}

Result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(Code::bad_value, "", "hex of an odd number of digits");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return fail(Code::bad_value, std::to_string(at), "not lower-case hex");
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    const std::uint32_t group = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
    for (int shift = 18; shift >= 0; shift -= 6) text.push_back(kBase64Digits[group >> shift & 63]);
  }
  const std::size_t left = bytes.size() - at;
  if (left == 1) {
    const std::uint32_t group = byte_at(bytes, at) << 16;
    text.push_back(kBase64Digits[group >> 18 & 63]);
    text.push_back(kBase64Digits[group >> 12 & 63]);
    text.append("==");
  } else if (left == 2) {
    const std::uint32_t group = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8;
    text.push_back(kBase64Digits[group >> 18 & 63]);
    text.push_back(kBase64Digits[group >> 12 & 63]);
    text.push_back(kBase64Digits[group >> 6 & 63]);
    text.push_back('=');
  }
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(Code::bad_value, "", "base64 whose length is no multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t digits = text.size() - padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  unsigned held = 0;  // how many of `bits` are not given out yet
  for (std::size_t at = 0; at < digits; ++at) {
    const int value = base64_value(text[at]);
    if (value < 0) return fail(Code::bad_value, std::to_string(at), "not a base64 digit");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> held & 255));
      bits &= (1U << held) - 1;
    }
  }
  // RFC 4648 section 3.5: other values of the unused bits would be other spellings of the same bytes.
  if (bits != 0) return fail(Code::bad_value, std::to_string(digits), "base64 with unused bits that are not zero");
  return bytes;
}

std::string to_base32(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 5) {
      held -= 5;
      text.push_back(kBase32Digits[bits >> held & 31]);
    }
    bits &= (1U << held) - 1;
  }
  if (held > 0) text.push_back(kBase32Digits[bits << (5 - held) & 31]);
  return text;
}

std::string to_uuid(const std::array<std::uint8_t, 16>& bytes) {
  std::array<std::uint8_t, 16> versioned = bytes;
  versioned[6] = static_cast<std::uint8_t>((versioned[6] & 0x0f) | 0x40);
  versioned[8] = static_cast<std::uint8_t>((versioned[8] & 0x3f) | 0x80);
  std::string text = to_hex({reinterpret_cast<const char*>(versioned.data()), versioned.size()});
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, "-");
  return text;
}

std::string digest_text(const Hash& hash) { return std::string(kDigestPrefix) + to_hex(hash.view()); }

Result<Hash> parse_digest(std::string_view text) {
  if (!text.starts_with(kDigestPrefix) || text.size() != kDigestPrefix.size() + 64) {
    return fail(Code::bad_value, "", "not a digest: sha256: and 64 hex digits");
  }
  auto raw = from_hex(text.substr(kDigestPrefix.size()));
  if (!raw) return tl::unexpected(std::move(raw.error()));
  return Hash::from(*raw);
}

}  // namespace jangbu
