// SHA-256, by OpenSSL, which is named in hash.cc alone; and the text forms of hashes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/error.h"

namespace jangbu {

struct Hash {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Hash&) const = default;
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  // `raw` has 32 bytes.
  [[nodiscard]] static Hash from(std::string_view raw);
};

[[nodiscard]] Hash sha256(std::string_view bytes);

// Several pieces as one message, without copying them together.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  [[nodiscard]] Hash finish();  // once

 private:
  alignas(8) std::array<std::uint8_t, 128> state_;  // OpenSSL's SHA256_CTX; hash.cc asserts its size
};

[[nodiscard]] std::string hash_library();  // whose SHA-256 this is, with its version

[[nodiscard]] std::string to_hex(std::string_view bytes);              // lower case
[[nodiscard]] Result<std::string> from_hex(std::string_view text);     // lower case only; bad_value
[[nodiscard]] std::string to_base64(std::string_view bytes);           // RFC 4648 section 4, padded
[[nodiscard]] Result<std::string> from_base64(std::string_view text);  // one spelling only; bad_value
[[nodiscard]] std::string to_base32(std::string_view bytes);           // RFC 4648 alphabet, lower case, no padding
[[nodiscard]] std::string to_uuid(const std::array<std::uint8_t, 16>& bytes);  // RFC 9562 version 4: 6 bits are given
[[nodiscard]] std::string digest_text(const Hash& hash);                       // "sha256:" and hex
[[nodiscard]] Result<Hash> parse_digest(std::string_view text);                // of that form; bad_value

}  // namespace jangbu
