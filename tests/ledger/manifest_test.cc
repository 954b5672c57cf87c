#include "ledger/manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace jangbu {
namespace {

std::string fragment(unsigned char type, std::size_t length) {
  std::string bytes("ssss", 4);
  bytes.push_back(static_cast<char>(length & 0xff));
  bytes.push_back(static_cast<char>(length >> 8));
  bytes.push_back(static_cast<char>(type));
  return bytes + std::string(length, 'x');
}

TEST(Manifest, LeavesOutWholeRecordsFromTheEnd) {
  const std::string bytes = fragment(1, 10) + fragment(1, 20) + fragment(1, 0);
  EXPECT_EQ(manifest_bytes_without(bytes, 1), 17U + 27U);
  EXPECT_EQ(manifest_bytes_without(bytes, 2), 17U);
  EXPECT_EQ(manifest_bytes_without(bytes, 3), std::nullopt);
}

TEST(Manifest, WhatCannotBeReadOnCountsAsTheLastRecord) {
  const std::string good = fragment(1, 10) + fragment(1, 20);
  for (const std::string& tail :
       {std::string("abc"), fragment(1, 50).substr(0, 30), fragment(9, 4), fragment(4, 4), fragment(2, 8)}) {
    EXPECT_EQ(manifest_bytes_without(good + tail, 1), good.size());
    EXPECT_EQ(manifest_bytes_without(good + tail, 2), 17U);
    EXPECT_EQ(manifest_bytes_without(good + tail, 3), std::nullopt);
  }
}

TEST(Manifest, ARecordMayGoOnInTheNextBlockAndABlockMayEndUnused) {
  // Up to five bytes before the block's end: too few for a header.
  std::string bytes = fragment(1, 32768 - 7 - 5) + std::string(5, '\0');
  const std::size_t block = bytes.size();
  bytes += fragment(1, 100) + fragment(2, 32768 - 107 - 7) + fragment(3, 32768 - 7) + fragment(4, 9);
  EXPECT_EQ(manifest_bytes_without(bytes, 1), block + 107);
  EXPECT_EQ(manifest_bytes_without(bytes, 2), block - 5);
  EXPECT_EQ(manifest_bytes_without(bytes + fragment(1, 1), 1), bytes.size());
  EXPECT_EQ(manifest_bytes_without("", 1), std::nullopt);
}

}  // namespace
}  // namespace jangbu
