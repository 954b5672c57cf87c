// Ticks as the projections keep them: which tick made an entry visible. A tick's time and the sizes it names become
// rows of the links family, one for each ledger it names and one for the coordinating body's own:
//
//   "t" ledger id, 0, time in milliseconds (biased by 2^63), tick's sequence number  ->  size
//
// An entry's tick time is that of the first tick whose size covers it. Both rise, so a range of tick times is a range
// of sequence numbers. Written by the projector; read by queries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "consumers/projections/source.h"
#include "consumers/projections/store.h"
#include "schemas/event.h"

namespace jangbu::consumers {

struct TickRow {
  std::string ledger;
  std::int64_t at_ms;
  std::uint64_t tick;  // its sequence number in the coordinating body's ledger
  std::uint64_t size;
};

inline constexpr std::string_view kTickType = "tick";

// The rows of a tick at `number` of `ledger`, the coordinating body's own.
[[nodiscard]] std::vector<TickRow> tick_rows(const Event& tick, const LedgerId& ledger, SequenceNumber number);
[[nodiscard]] std::string tick_key(const TickRow& row);
[[nodiscard]] std::string tick_value(const TickRow& row);

struct LastTick {
  std::int64_t at_ms;
  std::uint64_t tick;
};

// The ticks of the coordinating body's ledger up to a size of it; for one query, one thread.
class Ticks {
 public:
  // Reads what the index has not reached yet from `source`. Errors: those of the source, state_corrupt.
  [[nodiscard]] static Result<Ticks> at(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                                        const EntrySource& source, TreeSize size);
  // How far `ledger` is made visible by the ticks with a time before `before_ms`; 0: no such tick.
  [[nodiscard]] Result<std::uint64_t> size_before(const LedgerId& ledger, std::int64_t before_ms) const;
  // The last tick with a time before `before_ms`, and the first one at `from_ms` or later. nullopt: none.
  [[nodiscard]] Result<std::optional<LastTick>> last_before(std::int64_t before_ms) const;
  [[nodiscard]] Result<std::optional<LastTick>> first_from(std::int64_t from_ms) const;
  // All (tick time, size) rows of one ledger, rising, for a walk along its entries.
  [[nodiscard]] Result<std::vector<TickRow>> rows_of(const LedgerId& ledger) const;

 private:
  Ticks(Snapshot snapshot, LedgerId ledger, TreeSize size, std::vector<TickRow> recent)
      : snapshot_(std::move(snapshot)), ledger_(std::move(ledger)), size_(size), recent_(std::move(recent)) {}
  [[nodiscard]] Result<std::optional<TickRow>> row_before(const LedgerId& ledger, std::int64_t before_ms) const;

  Snapshot snapshot_;
  LedgerId ledger_;
  TreeSize size_;
  std::vector<TickRow> recent_;  // of the open block and of the entries behind it; later than all rows on disk
};

}  // namespace jangbu::consumers
