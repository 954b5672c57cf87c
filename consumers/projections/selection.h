// Selection: which entries of some ledgers, up to fixed sizes, have all of some terms, in the order of their event
// times. Blocks are skipped by their time range and by the terms they lack, so a page costs what it shows, not what
// there is. Used by search, life lines and figures; any thread, each its own Selection.
//
// How: the blocks in question are taken in the order of their latest (or earliest) entry; a block's postings are
// intersected as bitmaps, a term at a time, until nothing is left; it ends when no further block can hold an entry that
// would come before the last one found. Entries that came late only widen their block's range. At a million entries two
// dense terms that never meet cost 122 times two rows of 1 KiB.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "consumers/projections/source.h"
#include "consumers/projections/store.h"

namespace jangbu::consumers {

enum class Order : std::uint8_t { oldest_first, newest_first };

struct Selection {
  struct Part {
    LedgerId ledger;
    std::uint64_t from = 0, end = 0;  // sequence numbers, `end` not included
  };
  std::vector<TermKey> terms;    // all of them
  std::vector<TermKey> without;  // none of them
  std::int64_t from_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t end_ms = std::numeric_limits<std::int64_t>::max();  // not included
  std::vector<Part> parts;                                         // by ledger, rising
  Order order = Order::oldest_first;
};

// An entry found. Ordered by event time (milliseconds), ledger, sequence number.
struct Place {
  std::int64_t time_ms = 0;
  std::uint32_t part = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const Place&) const = default;
};

// The first `places_max` places after `after`, in order. Reads from `sources` what the index has not reached yet.
// Errors: those of the sources, state_corrupt.
[[nodiscard]] Result<std::vector<Place>> select(const ProjectionStore& store,
                                                const std::shared_ptr<const TypeTable>& types, const Sources& sources,
                                                const Selection& selection, const std::optional<Place>& after,
                                                std::size_t places_max);

// How many entries are selected. Cheaper than select(): whole blocks are counted, not looked into.
[[nodiscard]] Result<std::uint64_t> count(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                                          const Sources& sources, const Selection& selection);

}  // namespace jangbu::consumers
