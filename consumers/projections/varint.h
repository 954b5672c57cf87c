// Variable-length integers (LEB128, 7 bits a byte, low ones first), as the projections' rows are packed with them.
// Reading never passes the end: it fails, and the caller says which row is damaged. Pure; header only, for speed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace jangbu::consumers {

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Takes one number off the front of `in`; false, and `in` unspecified, when there is none.
[[nodiscard]] inline bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return shift < 63 || byte <= 1;
  }
  return false;
}

// Small magnitudes of either sign become small numbers.
[[nodiscard]] inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

inline void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}
[[nodiscard]] inline bool take_text(std::string_view& in, std::string_view& text) {
  std::uint64_t size = 0;
  if (!take_varint(in, size) || size > in.size()) return false;
  text = in.substr(0, static_cast<std::size_t>(size));
  in.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

// Fixed width, most significant byte first: the order of the bytes is the order of the numbers.
template <unsigned kBytes>
void put_fixed(std::string& out, std::uint64_t value) {
  for (unsigned i = kBytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
}
template <unsigned kBytes>
[[nodiscard]] bool take_fixed(std::string_view& in, std::uint64_t& value) {
  if (in.size() < kBytes) return false;
  value = 0;
  for (unsigned i = 0; i < kBytes; ++i) value = value << 8 | static_cast<std::uint8_t>(in[i]);
  in.remove_prefix(kBytes);
  return true;
}

}  // namespace jangbu::consumers
