// A node's ledgers as a timeline reads them: one consistent cut over all of them, taken anew by refresh(). One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "consumers/timeline.h"
#include "ledger/node.h"

namespace jangbu::consumers {

class NodeSource final : public TimelineSource {
 public:
  explicit NodeSource(const Node& node) : node_(node) { refresh(); }

  // To what is released now. What it held before is let go: do not keep a source for minutes without it.
  void refresh();
  [[nodiscard]] Result<TreeSize> size(const LedgerId& ledger) override;
  [[nodiscard]] Result<std::vector<std::string>> read(const LedgerId& ledger, SequenceNumber from,
                                                      TreeSize to) override;

 private:
  const Node& node_;
  std::map<std::string, LedgerView, std::less<>> views_;
};

}  // namespace jangbu::consumers
