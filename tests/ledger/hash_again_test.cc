// The last look at a commit: bytes that changed since they were hashed are never signed.
#include "ledger/hash_again.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace jangbu {
namespace {

// Two ledgers' entries and one filled tile, as a commit puts them.
class HashAgain : public ::testing::Test {
 protected:
  HashAgain() {
    for (std::size_t i = 0; i < 5; ++i) {
      (i < 3 ? first : second).push_back("entry " + std::to_string(i) + " of a commit");
    }
    for (std::size_t i = 0; i < tile.size(); ++i) tile[i] = leaf_hash(std::to_string(i));
    first_leaves = leaves_of(first);
    second_leaves = leaves_of(second);
    tile_root = TileTree::of(tile).root();
  }

  static std::vector<Hash> leaves_of(const std::vector<std::string>& entries) {
    std::vector<Hash> leaves;
    leaves.reserve(entries.size());
    for (const std::string& entry : entries) leaves.push_back(leaf_hash(entry));
    return leaves;
  }

  // The look, at a batch of the entries and the tile as they are now and the hashes as they were.
  [[nodiscard]] Result<void> look() const {
    Batch batch;
    for (std::size_t i = 0; i < first.size(); ++i) {
      Store::put_entry(batch, LedgerNumber(0), SequenceNumber(7 + i), first[i]);
    }
    for (std::size_t i = 0; i < second.size(); ++i) {
      Store::put_entry(batch, LedgerNumber(4), SequenceNumber(i), second[i]);
    }
    if (with_tile) Store::put_tile(batch, LedgerNumber(0), TileId{0, 0}, tile);
    const std::vector<HashedEntries> entries{{LedgerNumber(0), TreeSize(7), first_leaves},
                                             {LedgerNumber(4), TreeSize(0), second_leaves}};
    const std::vector<HashedTile> tiles{{LedgerNumber(0), TileId{0, 0}, tile_root}};
    return hash_again(batch, entries, tiles);
  }

  void expect_refused(const std::string& what) const {
    const auto looked = look();
    ASSERT_FALSE(looked) << what;
    EXPECT_EQ(looked.error().code, Code::store_corrupt) << what;
  }

  std::vector<std::string> first, second;
  std::vector<Hash> first_leaves, second_leaves;
  std::array<Hash, kTileWidth> tile{};
  Hash tile_root;
  bool with_tile = true;
};

TEST_F(HashAgain, WhatWasHashedPasses) {
  const auto looked = look();
  EXPECT_TRUE(looked) << to_string(looked.error());
}

TEST_F(HashAgain, EveryFlippedBitOfAnEntryIsSeen) {
  for (std::vector<std::string>* entries : {&first, &second}) {
    for (std::string& entry : *entries) {
      for (std::size_t bit = 0; bit < entry.size() * 8; ++bit) {
        const char kept = entry[bit / 8];
        entry[bit / 8] = static_cast<char>(static_cast<unsigned char>(kept) ^ (1U << (bit % 8)));
        expect_refused(entry);
        entry[bit / 8] = kept;
      }
    }
  }
}

TEST_F(HashAgain, EveryFlippedByteOfATileIsSeen) {
  for (Hash& hash : tile) {
    for (std::size_t at = 0; at < sizeof(Hash); at += 5) {
      auto* const byte = reinterpret_cast<unsigned char*>(&hash) + at;
      *byte ^= 0x10U;
      expect_refused("a tile's byte " + std::to_string(at));
      *byte ^= 0x10U;
    }
  }
}

TEST_F(HashAgain, AnEntryOrTileTooManyOrTooFewIsSeen) {
  const std::string last = first.back();
  first.pop_back();
  expect_refused("an entry too few");
  first.push_back(last);
  first.push_back(last);
  expect_refused("an entry too many");
  first.pop_back();
  with_tile = false;
  expect_refused("a tile too few");
}

TEST_F(HashAgain, EntriesThatChangedPlacesAreSeen) {
  std::swap(first[0], first[1]);
  expect_refused("two entries");
}

}  // namespace
}  // namespace jangbu
