// The tree of a ledger as it stands on disk: full tiles in the store, and the partial ones at the right edge, which are
// never stored, in memory. GrowingTree is the writer's; read_node() is what proofs, roots and tiles are computed from.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "ledger/hash.h"
#include "ledger/numbers.h"
#include "ledger/store.h"
#include "ledger/tile_tree.h"
#include "ledger/tiles.h"
#include "ledger/tree.h"
#include "schemas/error.h"

namespace jangbu {

// The partial tile of each level, lowest first: hashes that no full tile holds yet.
using Edge = std::vector<TileTree>;

class GrowingTree {
 public:
  // The tree of a ledger's first `size` entries, from its full tiles and at most 255 entries, which are hashed again.
  // Errors: io, store_corrupt.
  [[nodiscard]] static Result<GrowingTree> load(const Store& store, LedgerNumber ledger, TreeSize size);

  [[nodiscard]] TreeSize size() const { return frontier_.size(); }
  [[nodiscard]] Hash root() const { return frontier_.root(); }
  [[nodiscard]] const Edge& edge() const { return edge_; }

  // `full(TileId, const TileTree& tree, const Hash& root)` is called for each tile that this leaf fills, lowest first.
  template <typename Full>
  void append(const Hash& leaf, Full&& full) {
    push(0, leaf);
    frontier_.append(leaf, [&](NodeId node, const Hash& hash) {
      const unsigned tile_level = node.level / kTileHeight;
      const unsigned within = node.level % kTileHeight;
      if (within != 0) {
        edge_[tile_level].set(within, node.index % (kTileWidth >> within), hash);
        return;
      }
      full(TileId{tile_level - 1, node.index}, std::as_const(edge_[tile_level - 1]), hash);
      edge_[tile_level - 1].clear();
      push(tile_level, hash);
    });
  }

 private:
  void push(unsigned level, const Hash& hash) {
    if (edge_.size() <= level) edge_.resize(level + 1);
    edge_[level].push(hash);
  }
  Frontier frontier_;
  Edge edge_;
};

// The hash of a complete subtree within the first `size` entries, whose partial tiles are `edge`. Errors: io,
// store_corrupt, bad_range (not within).
[[nodiscard]] Result<Hash> read_node(const Store& store, LedgerNumber ledger, TreeSize size, const Edge& edge,
                                     NodeId node);
// The first `width` hashes of a tile.
[[nodiscard]] Result<std::vector<Hash>> read_tile(const Store& store, LedgerNumber ledger, TreeSize size,
                                                  const Edge& edge, TileId tile, unsigned width);

}  // namespace jangbu
