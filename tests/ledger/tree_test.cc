// The Merkle tree as properties: every size to 100, every leaf, every pair of sizes, every bit of every hash.
#include "ledger/tree.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace jangbu {
namespace {

constexpr std::uint64_t kSizes = 100;

// MTH as M4 defines it, by recursion over the leaves: shares nothing with the code under test but node_hash.
Hash defined_root(std::span<const Hash> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves.front();
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  return node_hash(defined_root(leaves.first(split)), defined_root(leaves.subspan(split)));
}

std::vector<Hash> make_leaves(std::uint64_t count) {
  std::vector<Hash> leaves;
  for (std::uint64_t at = 0; at < count; ++at) leaves.push_back(leaf_hash("leaf " + std::to_string(at)));
  return leaves;
}

HashAt reader(std::span<const Hash> leaves) {
  return [leaves](NodeId node) -> Result<Hash> {
    const std::uint64_t width = std::uint64_t{1} << node.level;
    EXPECT_LE((node.index + 1) * width, leaves.size()) << "asked beyond the tree";
    return defined_root(leaves.subspan(node.index * width, width));
  };
}

TEST(Tree, RootsAreThoseOfTheDefinition) {
  const auto leaves = make_leaves(kSizes);
  Frontier frontier;
  EXPECT_EQ(frontier.root(), empty_root());
  for (std::uint64_t size = 0; size <= kSizes; ++size) {
    const auto part = std::span(leaves).first(size);
    const Hash expected = defined_root(part);
    EXPECT_EQ(root_at(TreeSize(size), reader(part)).value(), expected) << size;
    EXPECT_EQ(frontier.root(), expected) << size;
    EXPECT_EQ(frontier.size(), TreeSize(size));
    auto loaded = Frontier::load(TreeSize(size), reader(part));
    ASSERT_TRUE(loaded) << size;
    EXPECT_EQ(loaded->root(), expected) << size;
    for (std::uint64_t more = size; more < kSizes; ++more) loaded->append(leaves[more]);
    EXPECT_EQ(loaded->root(), defined_root(leaves)) << "loaded at " << size << ", then appended";
    if (size < kSizes) frontier.append(leaves[size]);
  }
}

TEST(Tree, AppendTellsOfEachCompletedSubtreeOnce) {
  const auto leaves = make_leaves(kSizes);
  std::map<NodeId, Hash> completed;
  Frontier frontier;
  for (const Hash& leaf : leaves) {
    unsigned level = 0;
    frontier.append(leaf, [&](NodeId node, const Hash& hash) {
      EXPECT_EQ(node.level, ++level) << "lowest first";
      EXPECT_TRUE(completed.emplace(node, hash).second);
    });
  }
  std::size_t expected = 0;
  for (unsigned level = 1; (kSizes >> level) > 0; ++level) {
    for (std::uint64_t index = 0; index < kSizes >> level; ++index, ++expected) {
      const auto found = completed.find(NodeId{level, index});
      ASSERT_NE(found, completed.end());
      EXPECT_EQ(found->second, reader(leaves)(NodeId{level, index}).value());
    }
  }
  EXPECT_EQ(completed.size(), expected);
}

TEST(Tree, EveryInclusionProofVerifiesAndNoChangedOneDoes) {
  const auto leaves = make_leaves(kSizes);
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    const auto part = std::span(leaves).first(size);
    const Hash root = defined_root(part);
    for (std::uint64_t at = 0; at < size; ++at) {
      auto made = inclusion_proof(SequenceNumber(at), TreeSize(size), reader(part));
      ASSERT_TRUE(made);
      std::vector<Hash> proof = *made;
      const auto verifies = [&](const Hash& leaf, std::uint64_t number, std::uint64_t tree, const Hash& tree_root) {
        return verify_inclusion(leaf, SequenceNumber(number), TreeSize(tree), proof, tree_root).has_value();
      };
      ASSERT_TRUE(verifies(leaves[at], at, size, root)) << at << " in " << size;
      // The position is bound: at no other place of this tree.
      for (std::uint64_t other = 0; other <= size; ++other) {
        if (other == at) continue;
        ASSERT_FALSE(verifies(leaves[at], other, size, root)) << at << " as " << other << " in " << size;
      }
      // Every bit of every hash; in the larger trees every 7th, so that the test stays short.
      const std::size_t step = size <= 20 ? 1 : 7;
      for (std::size_t bit = at % step; bit < 256; bit += step) {
        const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
        for (Hash& hash : proof) {
          hash.bytes[bit / 8] ^= mask;
          ASSERT_FALSE(verifies(leaves[at], at, size, root));
          hash.bytes[bit / 8] ^= mask;
        }
        Hash changed = leaves[at];
        changed.bytes[bit / 8] ^= mask;
        ASSERT_FALSE(verifies(changed, at, size, root));
        changed = root;
        changed.bytes[bit / 8] ^= mask;
        ASSERT_FALSE(verifies(leaves[at], at, size, changed));
      }
      proof.push_back(root);
      ASSERT_FALSE(verifies(leaves[at], at, size, root)) << "one hash too many";
      proof.pop_back();
      if (!proof.empty()) {
        proof.pop_back();
        ASSERT_FALSE(verifies(leaves[at], at, size, root)) << "one hash too few";
      }
    }
  }
}

TEST(Tree, EveryConsistencyProofVerifiesAndNoChangedOneDoes) {
  const auto leaves = make_leaves(kSizes);
  std::vector<Hash> roots;
  for (std::uint64_t size = 0; size <= kSizes; ++size) roots.push_back(defined_root(std::span(leaves).first(size)));
  for (std::uint64_t to = 1; to <= kSizes; ++to) {
    for (std::uint64_t from = 1; from <= to; ++from) {
      auto made = consistency_proof(TreeSize(from), TreeSize(to), reader(std::span(leaves).first(to)));
      ASSERT_TRUE(made);
      std::vector<Hash> proof = *made;
      const auto verifies = [&](const Hash& from_root, const Hash& to_root) {
        return verify_consistency(TreeSize(from), TreeSize(to), proof, from_root, to_root).has_value();
      };
      ASSERT_TRUE(verifies(roots[from], roots[to])) << from << " to " << to;
      EXPECT_EQ(proof.empty(), from == to);
      const std::size_t step = to <= 20 ? 1 : 7;
      for (std::size_t bit = from % step; bit < 256; bit += step) {
        const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
        for (Hash& hash : proof) {
          hash.bytes[bit / 8] ^= mask;
          ASSERT_FALSE(verifies(roots[from], roots[to]));
          hash.bytes[bit / 8] ^= mask;
        }
        Hash changed = roots[from];
        changed.bytes[bit / 8] ^= mask;
        ASSERT_FALSE(verifies(changed, roots[to]));
        changed = roots[to];
        changed.bytes[bit / 8] ^= mask;
        ASSERT_FALSE(verifies(roots[from], changed));
      }
      proof.push_back(roots[to]);
      ASSERT_FALSE(verifies(roots[from], roots[to])) << "one hash too many";
      proof.pop_back();
      if (!proof.empty()) {
        proof.pop_back();
        ASSERT_FALSE(verifies(roots[from], roots[to])) << "one hash too few";
      }
    }
  }
}

TEST(Tree, ProofsAreRefusedOutsideTheTree) {
  const auto leaves = make_leaves(5);
  EXPECT_EQ(inclusion_proof(SequenceNumber(5), TreeSize(5), reader(leaves)).error().code, Code::bad_range);
  EXPECT_EQ(inclusion_proof(SequenceNumber(0), TreeSize(0), reader(leaves)).error().code, Code::bad_range);
  EXPECT_EQ(consistency_proof(TreeSize(0), TreeSize(5), reader(leaves)).error().code, Code::bad_range);
  EXPECT_EQ(consistency_proof(TreeSize(6), TreeSize(5), reader(leaves)).error().code, Code::bad_range);
}

TEST(Tree, AnErrorOfTheReaderPassesThrough) {
  const HashAt broken = [](NodeId) -> Result<Hash> { return fail(Code::io, "tile", "cannot be read"); };
  EXPECT_EQ(root_at(TreeSize(3), broken).error().code, Code::io);
  EXPECT_EQ(Frontier::load(TreeSize(3), broken).error().code, Code::io);
  EXPECT_EQ(inclusion_proof(SequenceNumber(1), TreeSize(3), broken).error().code, Code::io);
  EXPECT_EQ(consistency_proof(TreeSize(2), TreeSize(3), broken).error().code, Code::io);
  EXPECT_EQ(root_at(TreeSize(0), broken).value(), empty_root()) << "nothing is read for the empty tree";
}

TEST(Tree, TheLargestSizesDoNotOverflow) {
  // 2^64-1 leaves, all in complete subtrees whose hashes are told by their place.
  const HashAt told = [](NodeId node) -> Result<Hash> {
    return sha256(std::to_string(node.level) + "/" + std::to_string(node.index));
  };
  const TreeSize size(~std::uint64_t{0});
  const Hash root = root_at(size, told).value();
  const auto proof = inclusion_proof(SequenceNumber(~std::uint64_t{0} - 1), size, told).value();
  EXPECT_EQ(proof.size(), 63U);
  const Hash leaf = told(NodeId{0, ~std::uint64_t{0} - 1}).value();
  EXPECT_TRUE(verify_inclusion(leaf, SequenceNumber(~std::uint64_t{0} - 1), size, proof, root));
  const TreeSize half(std::uint64_t{1} << 63);
  const auto growth = consistency_proof(half, size, told).value();
  EXPECT_TRUE(verify_consistency(half, size, growth, root_at(half, told).value(), root));
}

}  // namespace
}  // namespace jangbu
