// Postings: which entries of one block have a term; and the block's event times. A block is kBlockEntries consecutive
// entries of one ledger, the unit in which the index is written, read and skipped. Pure; any thread.
//
// Postings row: 1,024 bytes, one bit an entry (bit i%64 of little-endian word i/64); or fewer: varints, the first
// offset, then each one's distance to the one before. Times row: zigzag varint of the first entry's milliseconds, then
// of each one's difference to the one before.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jangbu::consumers {

// 8,192: a dense term costs 1 KiB a block, a node that starts again reads at most so many entries a ledger anew, and a
// million entries are 122 blocks to look through.
inline constexpr std::uint64_t kBlockEntries = 8192;

class BlockBits {
 public:
  void set(std::size_t offset) { words_[offset / 64] |= std::uint64_t{1} << (offset % 64); }
  void set_all() { words_.fill(~std::uint64_t{0}); }
  void clear() { words_.fill(0); }
  // Clears all bits outside [from, end).
  void keep(std::size_t from, std::size_t end);
  void intersect(const BlockBits& other);
  void subtract(const BlockBits& other);
  [[nodiscard]] bool any() const;
  [[nodiscard]] std::uint64_t count() const;

  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t word = 0; word < words_.size(); ++word) {
      for (std::uint64_t bits = words_[word]; bits != 0; bits &= bits - 1) {
        visit(word * 64 + static_cast<std::size_t>(__builtin_ctzll(bits)));
      }
    }
  }

 private:
  friend void encode_postings(std::span<const std::uint16_t> offsets, std::string& out);
  friend bool decode_postings(std::string_view row, BlockBits& bits);
  std::array<std::uint64_t, kBlockEntries / 64> words_{};
};

// `offsets` rise strictly. Appends the row to `out`.
void encode_postings(std::span<const std::uint16_t> offsets, std::string& out);
// False: not a postings row. `bits` is overwritten.
[[nodiscard]] bool decode_postings(std::string_view row, BlockBits& bits);

void encode_times(std::span<const std::int64_t> times_ms, std::string& out);
// False: not a row of exactly kBlockEntries times.
[[nodiscard]] bool decode_times(std::string_view row, std::vector<std::int64_t>& times_ms);

}  // namespace jangbu::consumers
