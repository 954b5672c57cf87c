#include "ledger/tile_tree.h"

#include <algorithm>

#include "ledger/tree.h"
#include "schemas/invariant.h"

namespace jangbu {

TileTree TileTree::of(std::span<const Hash> hashes) {
  JANGBU_INVARIANT(hashes.size() <= kTileWidth, std::to_string(hashes.size()));
  TileTree tree;
  std::copy(hashes.begin(), hashes.end(), tree.nodes_.begin());
  tree.size_ = hashes.size();
  for (unsigned level = 1; level < kTileHeight; ++level) {
    for (std::size_t index = 0; index < hashes.size() >> level; ++index) {
      tree.set(level, index, node_hash(tree.node(level - 1, 2 * index), tree.node(level - 1, 2 * index + 1)));
    }
  }
  return tree;
}

Hash TileTree::root() const {
  JANGBU_INVARIANT(size_ == kTileWidth, std::to_string(size_));
  return node_hash(node(kTileHeight - 1, 0), node(kTileHeight - 1, 1));
}

std::size_t TileTrees::slot(std::uint64_t ledger, TileId tile) {
  return (ledger * 131 + std::uint64_t{tile.level} * 31 + tile.index) % kSlots;
}

std::shared_ptr<const TileTree> TileTrees::find(std::uint64_t ledger, TileId tile) const {
  const std::lock_guard lock(mutex_);
  const Slot& found = slots_[slot(ledger, tile)];
  return found.tree && found.ledger == ledger && found.tile == tile ? found.tree : nullptr;
}

void TileTrees::keep(std::uint64_t ledger, TileId tile, std::shared_ptr<const TileTree> tree) {
  const std::lock_guard lock(mutex_);
  slots_[slot(ledger, tile)] = Slot{ledger, tile, std::move(tree)};
}

}  // namespace jangbu
