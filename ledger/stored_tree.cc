#include "ledger/stored_tree.h"

#include "schemas/invariant.h"

namespace jangbu {
namespace {

Result<std::shared_ptr<const TileTree>> read_full_tile(const Store& store, LedgerNumber ledger, TileId tile) {
  auto tree = store.tile_tree(ledger, tile);
  if (tree && !*tree) {
    return fail(Code::store_corrupt, store.name_of(ledger),
                "tile " + std::to_string(tile.level) + "/" + std::to_string(tile.index) + " is missing");
  }
  return tree;
}

// How many hashes the lowest tiles' level `level` has in a tree of `size`.
std::uint64_t hashes_at(unsigned level, TreeSize size) {
  return level * kTileHeight >= 64 ? 0 : size.value() >> (level * kTileHeight);
}

}  // namespace

Result<GrowingTree> GrowingTree::load(const Store& store, LedgerNumber ledger, TreeSize size) {
  GrowingTree tree;
  for (unsigned level = 0; hashes_at(level, size) > 0; ++level) {
    const std::uint64_t count = hashes_at(level, size);
    std::vector<Hash> partial;
    partial.reserve(kTileWidth);
    const std::uint64_t first = count - count % kTileWidth;
    if (level == 0) {
      auto entries = store.entries(ledger, SequenceNumber(first), size, kTileWidth, SIZE_MAX);
      if (!entries) return tl::unexpected(entries.error());
      for (const std::string& bytes : *entries) partial.push_back(leaf_hash(bytes));
    } else {
      for (std::uint64_t index = first; index < count; ++index) {
        auto below = read_full_tile(store, ledger, TileId{level - 1, index});
        if (!below) return tl::unexpected(below.error());
        partial.push_back((*below)->root());
      }
    }
    tree.edge_.push_back(TileTree::of(partial));
  }
  auto frontier = Frontier::load(size, [&](NodeId node) { return read_node(store, ledger, size, tree.edge_, node); });
  if (!frontier) return tl::unexpected(frontier.error());
  tree.frontier_ = std::move(*frontier);
  return tree;
}

Result<std::vector<Hash>> read_tile(const Store& store, LedgerNumber ledger, TreeSize size, const Edge& edge,
                                    TileId tile, unsigned width) {
  const std::uint64_t count = hashes_at(tile.level, size);
  const std::uint64_t first = tile.index * kTileWidth;
  if (tile.index >= (UINT64_MAX >> kTileHeight) || first >= count || width == 0 || width > kTileWidth ||
      width > count - first) {
    return fail(Code::bad_range, "tile " + std::to_string(tile.level) + "/" + std::to_string(tile.index),
                "not in a tree of " + std::to_string(size.value()));
  }
  const auto some = [&](const TileTree& tree) {
    return std::vector<Hash>(tree.hashes().begin(), tree.hashes().begin() + width);
  };
  if (count - first >= kTileWidth) {
    const auto full = read_full_tile(store, ledger, tile);
    if (!full) return tl::unexpected(full.error());
    return some(**full);
  }
  JANGBU_INVARIANT(tile.level < edge.size() && edge[tile.level].size() == count - first, std::to_string(tile.level));
  return some(edge[tile.level]);
}

Result<Hash> read_node(const Store& store, LedgerNumber ledger, TreeSize size, const Edge& edge, NodeId node) {
  if (node.level >= 64 || node.index >= (size.value() >> node.level)) {
    return fail(Code::bad_range, "node " + std::to_string(node.level) + "/" + std::to_string(node.index),
                "not within a tree of " + std::to_string(size.value()));
  }
  // A subtree of level 8t + r is 2^r neighbours in one tile of level t, which is full, or at the edge.
  const unsigned within = node.level % kTileHeight;
  const unsigned level = node.level / kTileHeight;
  const std::uint64_t first = node.index << within;
  const std::size_t at = node.index % (kTileWidth >> within);
  if (hashes_at(level, size) / kTileWidth == first / kTileWidth) {
    JANGBU_INVARIANT(level < edge.size() && edge[level].size() >= (at + 1) << within, std::to_string(level));
    return edge[level].node(within, at);
  }
  const auto tree = read_full_tile(store, ledger, TileId{level, first / kTileWidth});
  if (!tree) return tl::unexpected(tree.error());
  return (*tree)->node(within, at);
}

}  // namespace jangbu
