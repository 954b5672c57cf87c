// What a LedgerView holds: for node.cc, which makes them, and view.cc, which reads through them. Immutable.
#pragma once

#include <memory>
#include <string>

#include "ledger/store.h"
#include "ledger/stored_tree.h"
#include "ledger/view.h"

namespace jangbu {

struct LedgerViewState {
  std::shared_ptr<const Store> store;
  std::shared_ptr<const LedgerInfo> info;
  LedgerNumber number;
  TreeSize size;
  Hash root;
  std::string checkpoint;
  Edge edge;  // the partial tiles of this size
};

}  // namespace jangbu
