#include "ledger/stored_tree.h"

#include <cstring>

#include "schemas/invariant.h"

namespace jangbu {
namespace {

Result<std::vector<Hash>> read_full_tile(const Store& store, LedgerNumber ledger, TileId tile) {
  const auto bytes = store.tile(ledger, tile);
  if (!bytes) return tl::unexpected(bytes.error());
  if (!*bytes) {
    return fail(Code::store_corrupt, store.ledgers().at(ledger.value()).text(),
                "tile " + std::to_string(tile.level) + "/" + std::to_string(tile.index) + " is missing");
  }
  std::vector<Hash> hashes(kTileWidth);
  std::memcpy(hashes.data(), (*bytes)->data(), (*bytes)->size());
  return hashes;
}

// How many hashes the lowest tiles' level `level` has in a tree of `size`.
std::uint64_t hashes_at(unsigned level, TreeSize size) {
  return level * kTileHeight >= 64 ? 0 : size.value() >> (level * kTileHeight);
}

}  // namespace

Hash complete_root(std::span<const Hash> hashes) {
  JANGBU_INVARIANT(!hashes.empty() && (hashes.size() & (hashes.size() - 1)) == 0, std::to_string(hashes.size()));
  if (hashes.size() == 1) return hashes[0];
  std::vector<Hash> level(hashes.size() / 2);
  for (std::size_t i = 0; i < level.size(); ++i) level[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
  while (level.size() > 1) {
    for (std::size_t i = 0; i < level.size() / 2; ++i) level[i] = node_hash(level[2 * i], level[2 * i + 1]);
    level.resize(level.size() / 2);
  }
  return level[0];
}

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
        partial.push_back(complete_root(*below));
      }
    }
    tree.edge_.push_back(std::move(partial));
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
  if (count - first >= kTileWidth) {
    auto hashes = read_full_tile(store, ledger, tile);
    if (hashes) hashes->resize(width);
    return hashes;
  }
  JANGBU_INVARIANT(tile.level < edge.size() && edge[tile.level].size() == count - first, std::to_string(tile.level));
  return std::vector<Hash>(edge[tile.level].begin(), edge[tile.level].begin() + width);
}

Result<Hash> read_node(const Store& store, LedgerNumber ledger, TreeSize size, const Edge& edge, NodeId node) {
  if (node.level >= 64 || node.index >= (size.value() >> node.level)) {
    return fail(Code::bad_range, "node " + std::to_string(node.level) + "/" + std::to_string(node.index),
                "not within a tree of " + std::to_string(size.value()));
  }
  // A subtree of level 8t + r is 2^r neighbours in one tile of level t.
  const unsigned rest = node.level % kTileHeight;
  const std::uint64_t first = node.index << rest;
  const TileId tile{node.level / kTileHeight, first / kTileWidth};
  const auto at = static_cast<std::size_t>(first % kTileWidth);
  const std::size_t count = std::size_t{1} << rest;
  auto hashes = read_tile(store, ledger, size, edge, tile, static_cast<unsigned>(at + count));
  if (!hashes) return tl::unexpected(hashes.error());
  return complete_root(std::span<const Hash>(*hashes).subspan(at, count));
}

}  // namespace jangbu
