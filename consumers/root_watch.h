// RootWatch: holds what ticks say of this node's ledgers against the ledgers themselves. A tick that names another root
// than a ledger has at that size means that there are two histories: that ledger's signing stops here, not its reading,
// until the coordinating body decides (ops/RUNBOOK.md, "root"). What counts is the last that was said of a ledger: a
// later tick with the right root, and a restart, let it go on.
//
// On a node that follows ledgers the signed notes that ticks carry, once an hour, are taken over too, if it is asked
// to: where no peer is, they are all that shows what a ledger's signer has signed.
//
// One thread; step() after each commit. It starts from the coordinating body's first entry and keeps no state.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "ledger/node.h"
#include "ledger/numbers.h"
#include "schemas/event.h"

namespace jangbu::consumers {

class RootWatch {
 public:
  explicit RootWatch(Node& node, bool adopt_notes = false);  // outlives it
  // Reads what the coordinating body's ledger has grown by. The ledgers that were stopped now. Errors: io,
  // store_corrupt.
  [[nodiscard]] Result<std::vector<LedgerId>> step();

 private:
  struct Said {
    TreeSize size;
    Hash root;
    SequenceNumber tick;
  };
  [[nodiscard]] Result<void> read(const LedgerView& coordinator);
  void hear(const Event& tick, SequenceNumber number);
  [[nodiscard]] Result<void> adopt();

  Node& node_;
  EventReader events_;
  SequenceNumber next_;
  std::map<LedgerId, Said> said_;  // the last word about each ledger, until it has been held against it
  const bool adopt_notes_;
  std::map<LedgerId, std::string> notes_;  // the last of each followed ledger, until it is taken over
};

}  // namespace jangbu::consumers
