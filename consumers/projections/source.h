// EntrySource: one ledger at one size, as projections read it. On a node it is a LedgerView; tests put entries of their
// own behind it. Read by the projector's thread and, for rows of an answer and what the index has not reached yet, by
// every thread that queries.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "ledger/entry.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "ledger/view.h"
#include "schemas/error.h"

namespace jangbu::consumers {

// The entry lives during the call. An error ends the reading and is passed on.
using VisitEntry = std::function<Result<void>(const Entry& entry)>;

class EntrySource {
 public:
  virtual ~EntrySource() = default;
  [[nodiscard]] virtual const LedgerId& ledger() const = 0;
  // Is it the coordinating body's own ledger, the one with the ticks?
  [[nodiscard]] virtual bool has_ticks() const = 0;
  [[nodiscard]] virtual TreeSize size() const = 0;
  // Entries [from, end) in order; `end` is at most size(). Errors: io, store_corrupt, and the visitor's.
  [[nodiscard]] virtual Result<void> read(SequenceNumber from, TreeSize end, const VisitEntry& visit) const = 0;
};

using Sources = std::vector<std::shared_ptr<const EntrySource>>;

// Over the views of one cut (Node::views()).
[[nodiscard]] Sources sources_of(std::vector<LedgerView> views);

// The source of `ledger`; nullptr when there is none.
[[nodiscard]] inline const EntrySource* find_source(const Sources& sources, const LedgerId& ledger) {
  for (const auto& source : sources) {
    if (source->ledger() == ledger) return source.get();
  }
  return nullptr;
}

}  // namespace jangbu::consumers
