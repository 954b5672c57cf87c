#include "consumers/projections/postings.h"

#include <bit>
#include <cstring>

#include "consumers/projections/varint.h"

namespace jangbu::consumers {
namespace {

constexpr std::size_t kBitmapBytes = kBlockEntries / 8;
static_assert(kBlockEntries % 64 == 0 && kBlockEntries <= 65'536, "offsets are 16 bits, bitmaps whole words");
static_assert(std::endian::native == std::endian::little, "bitmap rows are copied as they are");

}  // namespace

void BlockBits::keep(std::size_t from, std::size_t end) {
  for (std::size_t word = 0; word < words_.size(); ++word) {
    const std::size_t first = word * 64;
    if (first + 64 <= from || first >= end) {
      words_[word] = 0;
      continue;
    }
    if (first < from) words_[word] &= ~std::uint64_t{0} << (from - first);
    if (first + 64 > end) words_[word] &= ~std::uint64_t{0} >> (first + 64 - end);
  }
}

void BlockBits::intersect(const BlockBits& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void BlockBits::subtract(const BlockBits& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
}

bool BlockBits::any() const {
  std::uint64_t all = 0;
  for (const std::uint64_t word : words_) all |= word;
  return all != 0;
}

std::uint64_t BlockBits::count() const {
  std::uint64_t total = 0;
  for (const std::uint64_t word : words_) total += static_cast<std::uint64_t>(std::popcount(word));
  return total;
}

void encode_postings(std::span<const std::uint16_t> offsets, std::string& out) {
  const std::size_t start = out.size();
  std::uint64_t previous = 0;
  for (const std::uint16_t offset : offsets) {
    put_varint(out, offset - previous);
    previous = offset;
    if (out.size() - start >= kBitmapBytes) break;
  }
  // The length tells the two forms apart, so the short one must stay shorter.
  if (out.size() - start < kBitmapBytes) return;
  out.resize(start);
  BlockBits bits;
  for (const std::uint16_t offset : offsets) bits.set(offset);
  out.append(reinterpret_cast<const char*>(bits.words_.data()), kBitmapBytes);
}

bool decode_postings(std::string_view row, BlockBits& bits) {
  if (row.size() == kBitmapBytes) {
    std::memcpy(bits.words_.data(), row.data(), kBitmapBytes);
    return true;
  }
  bits.clear();
  std::uint64_t offset = 0;
  bool first = true;
  while (!row.empty()) {
    std::uint64_t step = 0;
    if (!take_varint(row, step) || (!first && step == 0) || step >= kBlockEntries) return false;
    offset += step;
    if (offset >= kBlockEntries) return false;
    bits.set(static_cast<std::size_t>(offset));
    first = false;
  }
  return !first;
}

void encode_times(std::span<const std::int64_t> times_ms, std::string& out) {
  std::int64_t previous = 0;
  for (const std::int64_t time : times_ms) {
    put_varint(out, zigzag(time - previous));
    previous = time;
  }
}

bool decode_times(std::string_view row, std::vector<std::int64_t>& times_ms) {
  times_ms.resize(kBlockEntries);
  // Unsigned, so that a damaged row cannot overflow; the values of a sound one are far from the limits.
  std::uint64_t time = 0;
  for (std::int64_t& slot : times_ms) {
    std::uint64_t step = 0;
    if (!take_varint(row, step)) return false;
    time += static_cast<std::uint64_t>(unzigzag(step));
    slot = static_cast<std::int64_t>(time);
  }
  return row.empty();
}

}  // namespace jangbu::consumers
