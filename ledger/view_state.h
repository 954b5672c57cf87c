// What a LedgerView holds: for node.cc, which makes them, and view.cc, which reads through them. Immutable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/store.h"
#include "ledger/stored_tree.h"
#include "ledger/view.h"

namespace jangbu {

// The smallest signed checkpoint of entries [begin, size).
struct RecentCheckpoint {
  TreeSize begin, size;
  std::string note;
};

struct LedgerViewState {
  std::shared_ptr<const Store> store;
  std::shared_ptr<const LedgerInfo> info;
  LedgerNumber number;
  TreeSize size;
  Hash root;
  std::string checkpoint;    // the newest that is known; empty: none
  TreeSize checkpoint_size;  // its size: this one, or, where the ledger is followed, a smaller one
  Edge edge;                 // the partial tiles of this size
  // The last commits' checkpoints, oldest first, each of them this node's own: most receipts are asked for at once.
  std::vector<std::shared_ptr<const RecentCheckpoint>> recent;
};
inline constexpr std::size_t kRecentCheckpoints = 16;

}  // namespace jangbu
