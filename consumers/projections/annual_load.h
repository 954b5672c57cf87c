// Reads the facts of shared ledgers out of the store, once for a report, with their texts as numbers. Internal to the
// annual report. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "consumers/projections/facts.h"
#include "consumers/projections/store.h"
#include "consumers/projections/ticks.h"

namespace jangbu::consumers {

// Texts by number; 0 is the empty text.
class Names {
 public:
  Names() { id({}); }
  std::uint32_t id(std::string_view text) {
    const auto found = ids_.find(text);
    if (found != ids_.end()) return found->second;
    texts_.emplace_back(text);
    const auto number = static_cast<std::uint32_t>(texts_.size() - 1);
    ids_.emplace(texts_.back(), number);
    return number;
  }
  // 0 when no fact has it.
  [[nodiscard]] std::uint32_t find(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? 0 : found->second;
  }
  [[nodiscard]] const std::string& text(std::uint32_t number) const { return texts_[number]; }

 private:
  std::deque<std::string> texts_;  // does not move them
  std::unordered_map<std::string_view, std::uint32_t> ids_;
};

struct Fact {
  FactKind kind{};
  std::uint16_t ledger = 0;  // place in FactSet::ledgers
  std::uint64_t sequence = 0;
  std::int64_t time_ms = 0;
  std::array<std::uint32_t, kFactTextsMax> texts{};
  std::array<std::int64_t, kFactNumbersMax> numbers{};
};

// What a report is computed over: a period and each ledger's size. Sizes by place in FactSet::ledgers.
struct Window {
  std::int64_t from_ms = 0, end_ms = 0;
  std::vector<std::uint64_t> sizes;

  [[nodiscard]] bool holds(std::int64_t time_ms) const { return time_ms >= from_ms && time_ms < end_ms; }
};

struct EntryCount {
  std::int64_t entries = 0, late = 0;
};

struct FactSet {
  struct Ledger {
    LedgerId id;
    std::uint32_t institution = 0;
  };
  Names names;
  std::vector<Ledger> ledgers;
  std::vector<Fact> facts;  // all but those of uses, by (time, ledger, sequence)
  std::vector<Fact> uses;   // dataset accesses and computations within a window, which can be many; in no order
  // For each window: entries of each (ledger, month as 202603), by event time.
  std::vector<std::map<std::pair<std::size_t, std::int32_t>, EntryCount>> entries;
};

// 202603, in the calendar with this offset.
[[nodiscard]] std::int32_t month_of(std::int64_t time_ms, std::int32_t calendar_offset_seconds);

// Months of many times, most of them near each other.
class Months {
 public:
  explicit Months(std::int32_t offset_seconds) : offset_seconds_(offset_seconds) {}
  std::int32_t of(std::int64_t time_ms) {
    const std::int64_t local = time_ms + std::int64_t{offset_seconds_} * 1000;
    const std::int64_t day = local / 86'400'000 - (local % 86'400'000 < 0 ? 1 : 0);
    if (day != day_) {
      day_ = day;
      month_ = month_of(time_ms, offset_seconds_);
    }
    return month_;
  }

 private:
  std::int32_t offset_seconds_;
  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  std::int32_t month_ = 0;
};

// `ledgers`: shared ones, each indexed at least as far as the windows' sizes say. Errors: state_corrupt, io.
[[nodiscard]] Result<FactSet> load_facts(const ProjectionStore& store, const Ticks& ticks,
                                         const std::vector<LedgerId>& ledgers, const std::vector<Window>& windows,
                                         std::int32_t calendar_offset_seconds, std::int64_t late_ms);

}  // namespace jangbu::consumers
