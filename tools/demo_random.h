// The demo's random numbers: SplitMix64, so that a seed gives the same year with every standard library.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace jangbu::tools {

class DemoRandom {
 public:
  explicit DemoRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // 0 to `end` - 1.
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : next() % end; }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - first + 1)));
  }
  bool chance(unsigned percent) { return below(100) < percent; }

  std::string hex(std::size_t digits) { return letters("0123456789abcdef", digits); }
  std::string base32(std::size_t letters_wanted) { return letters("abcdefghijklmnopqrstuvwxyz234567", letters_wanted); }
  std::string digest() { return "sha256:" + hex(64); }
  // A version 4 UUID's form.
  std::string uuid() {
    std::string text = hex(32);
    text[12] = '4';
    text[16] = "89ab"[below(4)];
    for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
    return text;
  }

 private:
  std::string letters(std::string_view alphabet, std::size_t count) {
    std::string text(count, ' ');
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 12 == 0) bits = next();
      text[i] = alphabet[bits % alphabet.size()];
      bits /= alphabet.size();
    }
    return text;
  }
  std::uint64_t state_;
};

// A seed for one part of the year, independent of how much the others draw.
[[nodiscard]] inline std::uint64_t part_seed(std::uint64_t seed, std::string_view part, std::uint64_t number) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ (seed * 0x9e3779b97f4a7c15ULL);
  for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ number) * 0xff51afd7ed558ccdULL;
}

}  // namespace jangbu::tools
