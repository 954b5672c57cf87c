// The annual performance report: REPORT.md's figures over any period, from shared ledgers only, each with what it
// means, where it comes from and the searches that list its entries. A pure function of the entries up to a tick and
// the policy in force there: a stranger who has the shared ledgers computes the same.
//
// Period: from the first day to before the day `to`, in the policy's calendar; months likewise. Figures go by event
// time, daily summaries by the day they cover. Cut-off: the first tick that is `late_hours` or more after the period's
// end, or, until there is one, the last tick that the projections have reached (then the report is not closed and says
// so). What came after the cut-off is never mixed in: where it would change a cell, that is a restatement.
//
// Called by the API and `jangbu report`, any thread; about a quarter of a second at a million entries
// (tests/bench/search_bench.cc).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/projections/annual_book.h"
#include "consumers/projections/annual_figures.h"
#include "consumers/projections/search.h"
#include "consumers/projections/source.h"
#include "consumers/projections/store.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu::consumers {

// One number as it is published.
struct FigureValue {
  std::int64_t numerator = 0;
  std::optional<std::int64_t> denominator;  // of shares
  // Of shares: numerator / denominator, in 1/10,000, rounded half up; absent: the denominator is 0.
  std::optional<std::int64_t> share;
  // Of times and sizes, in the measure's unit, two decimals as hundredths: over `numerator` samples.
  std::optional<std::int64_t> mean, median, p90;
  bool suppressed = false;  // fewer than cell_min persons: everything else is empty
  bool operator==(const FigureValue&) const = default;
};

struct FigureCell {
  Dimension dimension = Dimension::consortium;
  std::string key;       // institution, project, "2026-03", "advanced-general", "other"; empty: the consortium
  std::string category;  // "read/0", "rule:PUR-1", "kind:model"; empty: all together
  FigureValue value;
  std::optional<FigureValue> previous;  // of the period of equal length before; not for months
};

struct MeasureResult {
  const MeasureRow* row = nullptr;
  std::optional<std::int64_t> target;  // of the policy, in 1/10,000
  std::vector<FigureCell> cells;       // none where it is not yet computed
};

struct FigureResult {
  const FigureRow* row = nullptr;
  std::vector<SearchQuery> queries;
  std::vector<MeasureResult> measures;
};

struct Restatement {
  const FigureRow* figure = nullptr;
  const MeasureRow* measure = nullptr;
  FigureCell published;  // as of the cut-off; a value of zeros where the cell was not there
  FigureValue now;       // as of the last tick
};

struct AnnualReport {
  std::string from, to;                    // as asked
  std::string previous_from, previous_to;  // the period before
  bool closed = false;
  Timestamp cutoff;            // the tick's time, to the millisecond
  SequenceNumber cutoff_tick;  // its entry
  LedgerId cutoff_ledger;      // in the coordinating body's ledger
  Timestamp last_tick;         // restatements are as of this one
  std::string policy;          // its id; "default" before the first was adopted
  std::int64_t cell_min = 0;
  std::vector<LedgerCoverage> ledgers;  // covered: what was read; size: what is there now
  std::vector<FigureResult> figures;    // all of REPORT.md, by number
  std::vector<Restatement> restatements;
};

// `from` and `to` as "2026-03-01", `to` not included. Errors: bad_query ("/from", "/to", "/tick": no tick to cut at, or
// the coordinating body's ledger is not followed here), bad_policy, index_behind (the projections have not reached the
// cut-off), state_corrupt, and those of the sources.
[[nodiscard]] Result<AnnualReport> annual_report(const ProjectionStore& store,
                                                 const std::shared_ptr<const TypeTable>& types, const Sources& sources,
                                                 std::string_view from, std::string_view to);

// One JSON object, members in fixed order.
[[nodiscard]] std::string to_json(const AnnualReport& report);
// RFC 4180 with a byte order mark: a line a cell. Texts that a spreadsheet would take for a formula begin with a quote.
[[nodiscard]] std::string to_csv(const AnnualReport& report);

}  // namespace jangbu::consumers
