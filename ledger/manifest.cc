#include "ledger/manifest.h"

#include <vector>

namespace jangbu {
namespace {

constexpr std::size_t kBlockBytes = 32 << 10, kHeaderBytes = 7;
enum Fragment : unsigned char { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

}  // namespace

std::optional<std::size_t> manifest_bytes_without(std::string_view manifest, std::size_t records) {
  std::vector<std::size_t> ends;  // of whole records
  bool inside = false;
  for (std::size_t at = 0;;) {
    const std::size_t left_in_block = kBlockBytes - at % kBlockBytes;
    if (left_in_block < kHeaderBytes) {
      at += left_in_block;
      continue;
    }
    if (at + kHeaderBytes > manifest.size()) break;
    const auto byte = [&](std::size_t offset) { return static_cast<unsigned char>(manifest[at + offset]); };
    const std::size_t length = byte(4) + (std::size_t{byte(5)} << 8);
    const unsigned char type = byte(6);
    if (kHeaderBytes + length > left_in_block || at + kHeaderBytes + length > manifest.size()) break;
    const bool begins = type == kWhole || type == kFirst, goes_on = type == kMiddle || type == kLast;
    if ((!begins && !goes_on) || goes_on != inside) break;
    at += kHeaderBytes + length;
    inside = type == kFirst || type == kMiddle;
    if (!inside) ends.push_back(at);
  }
  // What cannot be read on is the first of what is left out.
  const std::size_t whole = ends.empty() ? 0 : ends.back();
  const std::size_t left_out = whole < manifest.size() ? records - 1 : records;
  if (left_out >= ends.size()) return std::nullopt;
  return ends[ends.size() - 1 - left_out];
}

}  // namespace jangbu
