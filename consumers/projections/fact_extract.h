// Which facts an entry gives: the one place where the annual figures read events. Called by the projector for entries
// of shared ledgers.
#pragma once

#include <cstddef>

#include "consumers/projections/facts.h"
#include "consumers/projections/indexed_entry.h"
#include "ledger/entry.h"
#include "ledger/ledger_id.h"

namespace jangbu::consumers {

// `offset`: the entry's place in its block.
void add_facts(const IndexedEntry& seen, const Entry& entry, const LedgerId& ledger, std::size_t offset,
               FactLog& facts);

}  // namespace jangbu::consumers
