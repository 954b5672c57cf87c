// Big-endian integers in bytes, as every binary format here has them: entries, tip, database keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace jangbu {

template <typename Unsigned>
void put_big_endian(std::string& out, Unsigned value) {
  char bytes[sizeof(Unsigned)];
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes[sizeof(Unsigned) - 1 - i] = static_cast<char>((value >> (8 * i)) & 0xff);
  }
  out.append(bytes, sizeof(Unsigned));
}

// `bytes` has at least sizeof(Unsigned).
template <typename Unsigned>
[[nodiscard]] Unsigned get_big_endian(std::string_view bytes) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = static_cast<Unsigned>((value << 8) | static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

}  // namespace jangbu
