#include "consumers/projections/annual.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "consumers/policy.h"
#include "consumers/projections/annual_compute.h"
#include "consumers/projections/annual_load.h"
#include "consumers/projections/indexed_entry.h"
#include "consumers/projections/ticks.h"

namespace jangbu::consumers {
namespace {

constexpr std::int64_t kHour = 3'600'000, kDay = 24 * kHour;
// How far after a day its summary is sent at the latest: what a figure's searches reach beyond the period.
constexpr std::int64_t kSummaryDelay = 2 * kDay;

// "2026-03-01" to its first instant.
Result<std::int64_t> day_start(std::string_view text, std::int32_t offset_seconds, const char* where) {
  const auto refuse = [&] { return fail(Code::bad_query, where, "a day is written 2026-03-01"); };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return refuse();
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = -1;
    const char* const end = text.data() + at + size;
    const auto [stop, error] = std::from_chars(text.data() + at, end, value);
    return error == std::errc() && stop == end ? value : -1;
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31) return refuse();
  const Timestamp start = from_civil(year, month, day, offset_seconds);
  const CivilTime back = civil(start, offset_seconds);
  if (back.month != month || back.day != day) return refuse();
  return start.milliseconds();
}

std::string day_text(std::int64_t time_ms, std::int32_t offset_seconds) {
  const CivilTime at = civil(Timestamp::from_milliseconds(time_ms), offset_seconds);
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", at.year, at.month, at.day);
  return text;
}

// The period before: as many months where the period is whole months, else as many days.
std::int64_t previous_start(std::int64_t from_ms, std::int64_t end_ms, std::int32_t offset_seconds) {
  const CivilTime from = civil(Timestamp::from_milliseconds(from_ms), offset_seconds);
  const CivilTime end = civil(Timestamp::from_milliseconds(end_ms), offset_seconds);
  if (from.day != 1 || end.day != 1) return from_ms - (end_ms - from_ms);
  const int months = (end.year - from.year) * 12 + end.month - from.month;
  const int at = from.year * 12 + from.month - 1 - months;
  return from_civil(at / 12, at % 12 + 1, 1, offset_seconds).milliseconds();
}

// The policy in force at a size of the coordinating body's ledger.
Result<Policy> policy_at(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                         const Sources& sources, const EntrySource& coordinator, TreeSize size) {
  Selection selection;
  selection.terms.push_back(term_key(TermKind::type, "policy.adopted"));
  selection.parts.push_back(Selection::Part{coordinator.ledger(), 0, size.value()});
  const auto places = select(store, types, sources, selection, std::nullopt, kSearchRowsMax);
  if (!places) return tl::unexpected(places.error());
  if (places->empty()) {
    auto policy = parse_policy(default_policy_document());
    if (policy) policy->id = "default";
    return policy;
  }
  // The last one adopted, by its place: that is when it came into force.
  std::uint64_t last = 0;
  for (const Place& place : *places) last = std::max(last, place.sequence);
  std::string document, id;
  IndexedEntryReader reader(types);
  auto read = coordinator.read(SequenceNumber(last), TreeSize(last + 1), [&](const Entry& entry) -> Result<void> {
    const IndexedEntry seen = reader.read(entry);
    if (!seen.event) return {};
    id = text(seen.event->data, "policy");
    if (const auto of = object(seen.event->data, "document")) document = simdjson::minify(*of);
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  auto policy = parse_policy(document);
  if (policy) policy->id = id;
  return policy;
}

// The last tick all of whose sizes the projections have reached: a report asked for right after a tick is as of the one
// before. Errors: bad_query (no tick at all), index_behind (they are behind for longer than that).
Result<LastTick> last_indexed_tick(const ProjectionStore& store, const Ticks& ticks, const LedgerId& coordinator,
                                   const std::vector<LedgerId>& ledgers) {
  constexpr int kTicksBack = 1000;
  std::map<LedgerId, std::uint64_t> indexed;
  store.look([&](const LedgerStates& states, const Snapshot&) {
    for (const auto& [id, state] : states) indexed[id] = state.indexed().value();
  });
  std::int64_t before_ms = std::numeric_limits<std::int64_t>::max();
  for (int back = 0; back < kTicksBack; ++back) {
    const auto tick = ticks.last_before(before_ms);
    if (!tick) return tl::unexpected(tick.error());
    if (!*tick) {
      if (back == 0) return fail(Code::bad_query, "/tick", "no tick was ledgered yet: there is nothing to cut at");
      break;
    }
    bool reached = (*tick)->tick < indexed[coordinator];
    for (std::size_t i = 0; reached && i < ledgers.size(); ++i) {
      const auto size = ticks.size_before(ledgers[i], (*tick)->at_ms + 1);
      if (!size) return tl::unexpected(size.error());
      reached = *size <= indexed[ledgers[i]];
    }
    if (reached) return **tick;
    before_ms = (*tick)->at_ms;
  }
  return fail(Code::index_behind, coordinator.text(), "the projections have not reached a tick to cut at");
}

// --- From sums to what is published.

std::int64_t rounded(std::int64_t numerator, std::int64_t denominator) {
  return (2 * numerator + denominator) / (2 * denominator);
}

FigureValue value_of(const MeasureRow& row, const CellSum& sum) {
  FigureValue value;
  switch (row.kind) {
    case MeasureKind::count:
      value.numerator = sum.numerator;
      break;
    case MeasureKind::distinct:
      value.numerator = static_cast<std::int64_t>(sum.distinct.size());
      break;
    case MeasureKind::share:
      value.numerator = sum.numerator;
      value.denominator = sum.denominator;
      if (sum.denominator != 0) value.share = rounded(sum.numerator * 10'000, sum.denominator);
      break;
    case MeasureKind::maximum:
      value.numerator = sum.numerator / row.per_unit;
      break;
    case MeasureKind::distribution: {
      std::vector<std::int64_t> samples = sum.samples;
      std::sort(samples.begin(), samples.end());
      const auto count = static_cast<std::int64_t>(samples.size());
      value.numerator = count;
      if (count == 0) break;
      std::int64_t total = 0;
      for (const std::int64_t sample : samples) {
        total = sample > std::numeric_limits<std::int64_t>::max() - total ? std::numeric_limits<std::int64_t>::max()
                                                                          : total + sample;
      }
      // In hundredths of the unit; whole units first, so that nothing overflows.
      const auto hundredths = [&](std::int64_t sample, std::int64_t over) {
        const std::int64_t divisor = row.per_unit * over;
        return sample / divisor * 100 + rounded(sample % divisor * 100, divisor);
      };
      const std::size_t half = samples.size() / 2;
      value.mean = hundredths(total, count);
      value.median =
          samples.size() % 2 == 1 ? hundredths(samples[half], 1) : hundredths(samples[half - 1] + samples[half], 2);
      // Nearest rank: the smallest sample that at least nine in ten do not exceed.
      value.p90 = hundredths(samples[(samples.size() * 9 + 9) / 10 - 1], 1);
      break;
    }
  }
  return value;
}

std::string key_text(const FactSet& set, const CellKey& key) {
  switch (key.dimension) {
    case Dimension::consortium:
      return {};
    case Dimension::group:
      return key.key == static_cast<std::int64_t>(Group::advanced_general) ? "advanced-general" : "other";
    case Dimension::institution:
    case Dimension::project:
      return set.names.text(static_cast<std::uint32_t>(key.key));
    case Dimension::month: {
      char text[16];
      std::snprintf(text, sizeof text, "%04d-%02d", static_cast<int>(key.key / 100), static_cast<int>(key.key % 100));
      return text;
    }
  }
  return {};
}

bool few(const FigureValue& value, std::int64_t cell_min) { return value.numerator > 0 && value.numerator < cell_min; }

void suppress(FigureValue& value) {
  value = FigureValue{};
  value.suppressed = true;
}

bool in_order(const FigureCell& a, const FigureCell& b) {
  return std::tie(a.dimension, a.key, a.category) < std::tie(b.dimension, b.key, b.category);
}

// A measure's cells as they may be published. Cells of fewer than cell_min persons are emptied; where exactly one of a
// dimension is, and they add up, the least of the others goes too, or the sum would give it away.
std::vector<FigureCell> cells_of(const MeasureRow& row, const Book& book, const std::string& key, const FactSet& set,
                                 std::int64_t cell_min) {
  std::vector<FigureCell> cells;
  const Measure* measure = book.find(key);
  if (measure != nullptr) {
    for (const auto& [at, sum] : measure->cells()) {
      cells.push_back(FigureCell{at.dimension, key_text(set, at), at.category, value_of(row, sum), std::nullopt});
    }
  }
  std::sort(cells.begin(), cells.end(), in_order);
  if (cells.empty() || cells.front().dimension != Dimension::consortium || !cells.front().category.empty()) {
    // Computed, and nothing was there: a true zero.
    cells.insert(cells.begin(), FigureCell{Dimension::consortium, {}, {}, value_of(row, CellSum{}), std::nullopt});
  }
  if (!row.persons) return cells;
  for (auto first = cells.begin(); first != cells.end();) {
    const auto end =
        std::find_if(first, cells.end(), [&](const FigureCell& cell) { return cell.dimension != first->dimension; });
    std::vector<FigureCell*> small, rest;
    for (auto cell = first; cell != end; ++cell) {
      if (few(cell->value, cell_min))
        small.push_back(&*cell);
      else if (cell->value.numerator > 0)
        rest.push_back(&*cell);
    }
    if (row.kind == MeasureKind::count && small.size() == 1 && !rest.empty() &&
        first->dimension != Dimension::consortium) {
      small.push_back(*std::min_element(rest.begin(), rest.end(), [](const FigureCell* a, const FigureCell* b) {
        return a->value.numerator < b->value.numerator;
      }));
    }
    for (FigureCell* cell : small) suppress(cell->value);
    first = end;
  }
  return cells;
}

// `cells` as cells_of() gives them: in order.
const FigureCell* find_cell(const std::vector<FigureCell>& cells, const FigureCell& like) {
  const auto found = std::lower_bound(cells.begin(), cells.end(), like, in_order);
  return found == cells.end() || in_order(like, *found) ? nullptr : &*found;
}

// The searches that list a figure's entries as of the cut-off.
std::vector<SearchQuery> queries_of(const FigureRow& row, const Window& window, std::int64_t cutoff_ms,
                                    const std::vector<LedgerId>& ledgers) {
  std::vector<SearchQuery> queries;
  std::string_view rest = row.sources;
  while (!rest.empty() && row.not_yet.empty()) {
    const std::size_t end = rest.find(' ');
    const std::string_view type = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    SearchQuery query;
    query.terms.push_back(Term{TermKind::type, std::string(type)});
    if (!row.standing) query.time.from = Timestamp::from_milliseconds(window.from_ms);
    const std::int64_t delay = type == "access.summarised" ? kSummaryDelay : 0;
    query.time.end = Timestamp::from_milliseconds(window.end_ms + delay);
    query.tick.end = Timestamp::from_milliseconds(cutoff_ms + 1);
    query.ledgers = ledgers;
    query.order = Order::oldest_first;
    queries.push_back(std::move(query));
  }
  return queries;
}

}  // namespace

std::string_view name(Dimension dimension) {
  switch (dimension) {
    case Dimension::consortium:
      return "consortium";
    case Dimension::group:
      return "hospital-group";
    case Dimension::institution:
      return "institution";
    case Dimension::project:
      return "project";
    case Dimension::month:
      return "month";
  }
  return {};
}

Result<AnnualReport> annual_report(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                                   const Sources& sources, std::string_view from, std::string_view to) {
  const auto coordinator =
      std::find_if(sources.begin(), sources.end(), [](const auto& source) { return source->has_ticks(); });
  if (coordinator == sources.end()) {
    return fail(Code::bad_query, "/tick", "this node does not follow the coordinating body's ledger");
  }
  const EntrySource& ticks_source = **coordinator;
  const auto ticks = Ticks::at(store, types, ticks_source, ticks_source.size());
  if (!ticks) return tl::unexpected(ticks.error());
  std::vector<LedgerId> ledgers;
  for (const auto& source : sources) {
    if (source->ledger().kind() == LedgerKind::shared) ledgers.push_back(source->ledger());
  }
  std::sort(ledgers.begin(), ledgers.end());
  const auto last = last_indexed_tick(store, *ticks, ticks_source.ledger(), ledgers);
  if (!last) return tl::unexpected(last.error());
  const auto policy = policy_at(store, types, sources, ticks_source, TreeSize(last->tick));
  if (!policy) return tl::unexpected(policy.error());
  const std::int32_t offset = policy->calendar_offset_seconds;

  const auto from_ms = day_start(from, offset, "/from");
  if (!from_ms) return tl::unexpected(from_ms.error());
  const auto end_ms = day_start(to, offset, "/to");
  if (!end_ms) return tl::unexpected(end_ms.error());
  if (*end_ms <= *from_ms) return fail(Code::bad_query, "/to", "the period ends before it begins");

  const std::int64_t late_ms = policy->number("late_hours") * kHour;
  const auto closing = ticks->first_from(*end_ms + late_ms);
  if (!closing) return tl::unexpected(closing.error());
  const bool is_closed = *closing && (*closing)->tick <= last->tick;
  const LastTick cut = is_closed ? **closing : *last;

  AnnualReport report{.from = std::string(from),
                      .to = std::string(to),
                      .previous_from = {},
                      .previous_to = {},
                      .closed = is_closed,
                      .cutoff = Timestamp::from_milliseconds(cut.at_ms),
                      .cutoff_tick = SequenceNumber(cut.tick),
                      .cutoff_ledger = ticks_source.ledger(),
                      .last_tick = Timestamp::from_milliseconds(last->at_ms),
                      .policy = policy->id,
                      .cell_min = policy->number("cell_min"),
                      .ledgers = {},
                      .figures = {},
                      .restatements = {}};
  Window closed{*from_ms, *end_ms, {}}, latest = closed;
  for (const LedgerId& ledger : ledgers) {
    const TreeSize size = find_source(sources, ledger)->size();
    const auto at_cut = ticks->size_before(ledger, cut.at_ms + 1);
    if (!at_cut) return tl::unexpected(at_cut.error());
    const auto at_last = ticks->size_before(ledger, last->at_ms + 1);
    if (!at_last) return tl::unexpected(at_last.error());
    closed.sizes.push_back(std::min(*at_cut, size.value()));
    latest.sizes.push_back(std::min(*at_last, size.value()));
    report.ledgers.push_back(LedgerCoverage{ledger, TreeSize(closed.sizes.back()), size});
  }
  Window before = closed;
  before.end_ms = closed.from_ms;
  before.from_ms = previous_start(closed.from_ms, closed.end_ms, offset);
  report.previous_from = day_text(before.from_ms, offset);
  report.previous_to = day_text(before.end_ms, offset);
  std::vector<Window> windows = {closed, before};
  if (latest.sizes != closed.sizes) windows.push_back(latest);
  const auto set = load_facts(store, *ticks, ledgers, windows, offset, late_ms);
  if (!set) return tl::unexpected(set.error());
  std::vector<Book> books(windows.size());
  for (std::size_t i = 0; i < windows.size(); ++i) Computation(*set, windows[i], i, *policy, books[i]).run();

  for (const FigureRow& row : figure_rows()) {
    FigureResult& figure = report.figures.emplace_back();
    figure.row = &row;
    figure.queries = queries_of(row, closed, cut.at_ms, ledgers);
    for (const MeasureRow& measure : row.measures) {
      MeasureResult& result = figure.measures.emplace_back();
      result.row = &measure;
      if (!measure.not_yet.empty()) continue;
      const std::string key = std::to_string(row.number) + "." + std::string(measure.key);
      if (const auto target = policy->targets.find(key); target != policy->targets.end())
        result.target = target->second;
      result.cells = cells_of(measure, books[0], key, *set, report.cell_min);
      const auto past = cells_of(measure, books[1], key, *set, report.cell_min);
      for (FigureCell& cell : result.cells) {
        if (cell.dimension == Dimension::month) continue;
        const FigureCell* known = find_cell(past, cell);
        cell.previous = known != nullptr ? known->value : value_of(measure, CellSum{});
      }
      if (windows.size() < 3) continue;
      const auto now = cells_of(measure, books[2], key, *set, report.cell_min);
      for (const FigureCell& cell : now) {
        const FigureCell* published = find_cell(result.cells, cell);
        FigureCell was = published != nullptr
                             ? *published
                             : FigureCell{cell.dimension, cell.key, cell.category, value_of(measure, CellSum{}), {}};
        was.previous.reset();
        if (was.value != cell.value) report.restatements.push_back(Restatement{&row, &measure, was, cell.value});
      }
      for (const FigureCell& cell : result.cells) {
        if (find_cell(now, cell) != nullptr) continue;
        FigureCell was = cell;
        was.previous.reset();
        const FigureValue none = value_of(measure, CellSum{});
        if (was.value != none) report.restatements.push_back(Restatement{&row, &measure, was, none});
      }
    }
  }
  return report;
}

}  // namespace jangbu::consumers
