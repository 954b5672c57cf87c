// TileTree: the hashes of one tile together with the roots of all complete subtrees within it, so that a proof looks a
// hash up instead of computing up to 127 of them; and TileTrees, a few recent ones of full tiles. For the stored tree
// (stored_tree.h) and the store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "ledger/hash.h"
#include "ledger/tiles.h"

namespace jangbu {

// Grows from the left. A value: copying takes 16 KB along.
class TileTree {
 public:
  // A tile's first hashes, at most 256; the nodes above them are computed.
  [[nodiscard]] static TileTree of(std::span<const Hash> hashes);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const Hash> hashes() const { return {nodes_.data(), size_}; }
  // The root of the complete subtree over hashes [index << level, (index + 1) << level), which are there; level 0 to 7.
  [[nodiscard]] const Hash& node(unsigned level, std::size_t index) const { return nodes_[first(level) + index]; }

  [[nodiscard]] Hash root() const;  // of a full one

  // For who computes the nodes in any case: the next hash; and a subtree's root, once all its hashes are there.
  void push(const Hash& hash) { nodes_[size_++] = hash; }
  void set(unsigned level, std::size_t index, const Hash& hash) { nodes_[first(level) + index] = hash; }
  void clear() { size_ = 0; }

 private:
  // 256 hashes, then 128 pairs, 64 fours, and so on.
  static constexpr std::size_t first(unsigned level) { return 2 * kTileWidth - ((2 * kTileWidth) >> level); }
  std::size_t size_ = 0;
  std::array<Hash, 2 * kTileWidth - 2> nodes_;
};

// Full tiles never change, so what is held here is never wrong. Any thread.
class TileTrees {
 public:
  [[nodiscard]] std::shared_ptr<const TileTree> find(std::uint64_t ledger, TileId tile) const;
  void keep(std::uint64_t ledger, TileId tile, std::shared_ptr<const TileTree> tree);

 private:
  struct Slot {
    std::uint64_t ledger = 0;
    TileId tile{};
    std::shared_ptr<const TileTree> tree;
  };
  static constexpr std::size_t kSlots = 512;  // 8 MB; a newcomer takes the place of whoever had its slot
  static std::size_t slot(std::uint64_t ledger, TileId tile);
  mutable std::mutex mutex_;
  std::array<Slot, kSlots> slots_;
};

}  // namespace jangbu
