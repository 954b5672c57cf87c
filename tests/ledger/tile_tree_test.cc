#include "ledger/tile_tree.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ledger/tree.h"

namespace jangbu {
namespace {

std::vector<Hash> hashes(std::size_t count) {
  std::vector<Hash> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(leaf_hash("entry " + std::to_string(i)));
  return made;
}

Hash root_of(std::span<const Hash> leaves) {
  Frontier frontier;
  for (const Hash& leaf : leaves) frontier.append(leaf);
  return frontier.root();
}

TEST(TileTree, HasTheRootOfEveryCompleteSubtree) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{77}, std::size_t{255}, std::size_t{256}}) {
    const std::vector<Hash> leaves = hashes(size);
    const TileTree tree = TileTree::of(leaves);
    ASSERT_EQ(tree.size(), size);
    for (unsigned level = 0; level < kTileHeight; ++level) {
      for (std::size_t index = 0; index < size >> level; ++index) {
        const std::size_t width = std::size_t{1} << level;
        EXPECT_EQ(tree.node(level, index), root_of(std::span(leaves).subspan(index * width, width)))
            << level << "/" << index << " of " << size;
      }
    }
    if (size == kTileWidth) {
      EXPECT_EQ(tree.root(), root_of(leaves));
    }
  }
}

TEST(TileTrees, GivesBackWhatItKeptAndNeverAnother) {
  TileTrees trees;
  EXPECT_EQ(trees.find(1, TileId{0, 7}), nullptr);
  for (std::uint64_t ledger = 0; ledger < 5; ++ledger) {
    for (std::uint64_t index = 0; index < 700; ++index) {
      const std::vector<Hash> one = {leaf_hash(std::to_string(ledger) + "/" + std::to_string(index))};
      trees.keep(ledger, TileId{0, index}, std::make_shared<const TileTree>(TileTree::of(one)));
    }
  }
  std::size_t found = 0;
  for (std::uint64_t ledger = 0; ledger < 5; ++ledger) {
    for (std::uint64_t index = 0; index < 700; ++index) {
      EXPECT_EQ(trees.find(ledger, TileId{1, index}), nullptr);
      const auto tree = trees.find(ledger, TileId{0, index});
      if (!tree) continue;
      ++found;
      EXPECT_EQ(tree->node(0, 0), leaf_hash(std::to_string(ledger) + "/" + std::to_string(index)));
    }
  }
  EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace jangbu
