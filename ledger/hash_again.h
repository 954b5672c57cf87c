// The last look at a commit before it is signed: what the batch will write is read from the very bytes that RocksDB
// gets, and hashed again. A bit that flipped in memory since a leaf was computed would else be signed as if it had been
// sent.
//
// Called by the sequencer, on the writer's thread.
#pragma once

#include <span>

#include "ledger/hash.h"
#include "ledger/numbers.h"
#include "ledger/store.h"
#include "ledger/tiles.h"
#include "schemas/error.h"

namespace jangbu {

// New entries of one ledger as they were hashed: leaves[i] is that of entry begin + i.
struct HashedEntries {
  LedgerNumber ledger;
  TreeSize begin;
  std::span<const Hash> leaves;
};

// A tile that was filled, with the root of its subtree. In the order in which they were put.
struct HashedTile {
  LedgerNumber ledger;
  TileId tile;
  Hash root;
};

// Error: store_corrupt: the batch holds other bytes, more entries or tiles, or fewer, or cannot be read.
[[nodiscard]] Result<void> hash_again(const Batch& batch, std::span<const HashedEntries> entries,
                                      std::span<const HashedTile> tiles);

}  // namespace jangbu
