#include "consumers/projections/annual_load.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "schemas/timestamp.h"

namespace jangbu::consumers {
namespace {

struct Loader {
  FactSet& set;
  const std::vector<Window>& windows;
  Months months;
  std::int64_t late_ms;

  // One block's facts. `first`: the sequence number of its first entry.
  bool facts(std::uint16_t ledger, std::uint64_t first, const std::vector<std::int64_t>& times, std::string_view row) {
    std::vector<std::uint32_t> ids;
    return read_facts(
        row, times.size(), [&](std::string_view text) { ids.push_back(set.names.id(text)); },
        [&](FactKind kind, std::uint64_t offset, std::span<const std::uint64_t> places,
            std::span<const std::int64_t> numbers) {
          Fact fact;
          fact.kind = kind;
          fact.ledger = ledger;
          fact.sequence = first + offset;
          fact.time_ms = times[static_cast<std::size_t>(offset)];
          for (std::size_t i = 0; i < places.size(); ++i) fact.texts[i] = ids[static_cast<std::size_t>(places[i])];
          std::copy(numbers.begin(), numbers.end(), fact.numbers.begin());
          const bool use =
              kind == FactKind::accessed || kind == FactKind::computation || kind == FactKind::computation_site;
          if (!use) {
            set.facts.push_back(fact);
          } else if (std::any_of(windows.begin(), windows.end(),
                                 [&](const Window& window) { return window.holds(fact.time_ms); })) {
            set.uses.push_back(fact);
          }
        });
  }

  // Counts entries by month; `tick` walks along with the sequence numbers.
  void count(std::uint16_t ledger, std::uint64_t first, const std::vector<std::int64_t>& times,
             const std::vector<TickRow>& ticks, std::size_t& tick) {
    for (std::size_t w = 0; w < windows.size(); ++w) {
      const Window& window = windows[w];
      const std::uint64_t size = window.sizes[ledger];
      if (size <= first) continue;
      const auto end = static_cast<std::size_t>(std::min<std::uint64_t>(times.size(), size - first));
      std::size_t at = tick;
      std::int32_t month = 0;
      EntryCount* cell = nullptr;
      for (std::size_t i = 0; i < end; ++i) {
        while (at < ticks.size() && ticks[at].size <= first + i) ++at;
        if (!window.holds(times[i])) continue;
        if (const std::int32_t now = months.of(times[i]); cell == nullptr || now != month) {
          month = now;
          cell = &set.entries[w][{ledger, month}];
        }
        ++cell->entries;
        if (at < ticks.size() && ticks[at].at_ms - times[i] > late_ms) ++cell->late;
      }
    }
    while (tick < ticks.size() && ticks[tick].size <= first + times.size()) ++tick;
  }
};

}  // namespace

std::int32_t month_of(std::int64_t time_ms, std::int32_t calendar_offset_seconds) {
  const CivilTime time = civil(Timestamp::from_milliseconds(time_ms), calendar_offset_seconds);
  return time.year * 100 + time.month;
}

Result<FactSet> load_facts(const ProjectionStore& store, const Ticks& ticks, const std::vector<LedgerId>& ledgers,
                           const std::vector<Window>& windows, std::int32_t calendar_offset_seconds,
                           std::int64_t late_ms) {
  FactSet set;
  set.entries.resize(windows.size());
  for (const LedgerId& ledger : ledgers) {
    set.ledgers.push_back(FactSet::Ledger{ledger, set.names.id(ledger.institution())});
  }
  // The open blocks are copied, the full ones stand in the snapshot.
  struct Open {
    std::uint16_t number = 0;
    std::uint64_t blocks = 0;
    std::vector<std::int64_t> times;
    std::string facts;
  };
  std::vector<std::optional<Open>> open(ledgers.size());
  const Snapshot snapshot = store.look([&](const LedgerStates& states, Snapshot taken) {
    for (std::size_t i = 0; i < ledgers.size(); ++i) {
      const auto found = states.find(ledgers[i]);
      if (found == states.end()) continue;
      const LedgerState& state = found->second;
      open[i] = Open{state.number, state.blocks->size(), state.open->times_ms(),
                     state.open->facts().empty() ? std::string() : state.open->facts().row()};
    }
    return taken;
  });

  Loader loader{set, windows, Months(calendar_offset_seconds), late_ms};
  for (std::size_t i = 0; i < ledgers.size(); ++i) {
    if (!open[i]) continue;
    const auto ledger = static_cast<std::uint16_t>(i);
    const auto rows = ticks.rows_of(ledgers[i]);
    if (!rows) return tl::unexpected(rows.error());
    std::size_t tick = 0;
    std::vector<std::int64_t> times;
    for (std::uint64_t block = 0; block < open[i]->blocks; ++block) {
      const std::string key = block_key(open[i]->number, block);
      const auto stored = snapshot.get(kTimes, key);
      if (!stored) return projection_error(stored.error());
      if (!stored->has_value() || !decode_times(**stored, times)) return damaged("times", key);
      loader.count(ledger, block * kBlockEntries, times, *rows, tick);
      const auto facts = snapshot.get(kFacts, key);
      if (!facts) return projection_error(facts.error());
      if (facts->has_value() && !loader.facts(ledger, block * kBlockEntries, times, **facts)) {
        return damaged("facts", key);
      }
    }
    const std::uint64_t first = open[i]->blocks * kBlockEntries;
    loader.count(ledger, first, open[i]->times, *rows, tick);
    if (!open[i]->facts.empty() && !loader.facts(ledger, first, open[i]->times, open[i]->facts)) {
      return damaged("facts", block_key(open[i]->number, open[i]->blocks));
    }
  }
  std::sort(set.facts.begin(), set.facts.end(), [](const Fact& a, const Fact& b) {
    return std::tie(a.time_ms, a.ledger, a.sequence) < std::tie(b.time_ms, b.ledger, b.sequence);
  });
  return set;
}

}  // namespace jangbu::consumers
