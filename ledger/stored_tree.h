// The tree of a ledger as it stands on disk: full tiles in the store, and the partial ones at the right edge, which are
// never stored, in memory. GrowingTree is the writer's; read_node() is what proofs, roots and tiles are computed from.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ledger/hash.h"
#include "ledger/numbers.h"
#include "ledger/store.h"
#include "ledger/tiles.h"
#include "ledger/tree.h"
#include "schemas/error.h"

namespace jangbu {

// The partial tile of each level, lowest first: hashes that no full tile holds yet.
using Edge = std::vector<std::vector<Hash>>;

// The root of a complete subtree over `hashes`, a power of two of them.
[[nodiscard]] Hash complete_root(std::span<const Hash> hashes);

class GrowingTree {
 public:
  // The tree of a ledger's first `size` entries, from its full tiles and at most 255 entries, which are hashed again.
  // Errors: io, store_corrupt.
  [[nodiscard]] static Result<GrowingTree> load(const Store& store, LedgerNumber ledger, TreeSize size);

  [[nodiscard]] TreeSize size() const { return frontier_.size(); }
  [[nodiscard]] Hash root() const { return frontier_.root(); }
  [[nodiscard]] const Edge& edge() const { return edge_; }

  // `full(TileId, std::span<const Hash> hashes, const Hash& root)` is called for each tile that this leaf fills, lowest
  // first.
  template <typename Full>
  void append(const Hash& leaf, Full&& full) {
    push(0, leaf);
    frontier_.append(leaf, [&](NodeId node, const Hash& hash) {
      if (node.level % kTileHeight != 0) return;
      const unsigned above = node.level / kTileHeight;
      full(TileId{above - 1, node.index}, std::span<const Hash>(edge_[above - 1]), hash);
      edge_[above - 1].clear();
      push(above, hash);
    });
  }

 private:
  void push(unsigned level, const Hash& hash) {
    if (edge_.size() <= level) edge_.resize(level + 1);
    if (edge_[level].capacity() == 0) edge_[level].reserve(kTileWidth);
    edge_[level].push_back(hash);
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
