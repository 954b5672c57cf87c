#include "consumers/projections/search.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "consumers/projections/indexed_entry.h"
#include "consumers/projections/search_cursor.h"
#include "consumers/projections/ticks.h"
#include "consumers/projections/varint.h"
#include "ledger/hash.h"
#include "schemas/bounds.h"

namespace jangbu::consumers {
namespace {

constexpr std::size_t kTermCharsMax = 512;

// A bound in whole milliseconds.
Result<std::int64_t> bound(const std::optional<Timestamp>& time, std::int64_t absent, std::string_view where) {
  if (!time) return absent;
  if (time->nanos % 1'000'000 != 0) {
    return fail(Code::bad_query, std::string(where), "ranges are in whole milliseconds");
  }
  return time->milliseconds();
}

struct Bounds {
  std::int64_t from, end;
};

Result<Bounds> bounds(const TimeRange& range, const std::string& where) {
  const auto from = bound(range.from, std::numeric_limits<std::int64_t>::min(), where + "/from");
  if (!from) return tl::unexpected(from.error());
  const auto end = bound(range.end, std::numeric_limits<std::int64_t>::max(), where + "/to");
  if (!end) return tl::unexpected(end.error());
  if (range.from && range.end && *range.from > *range.end) {
    return fail(Code::bad_query, where, "the range ends before it begins");
  }
  return Bounds{*from, *end};
}

bool has_tick_range(const SearchQuery& query) { return query.tick.from || query.tick.end; }

// What a cursor is bound to. The order of terms and ledgers does not matter.
std::string digest(const SearchQuery& query, const std::vector<Term>& terms, const std::vector<LedgerId>& ledgers,
                   const Bounds& time, const Bounds& tick) {
  std::string text = "jangbu/search/v1";
  text.push_back(query.order == Order::newest_first ? 'n' : 'o');
  for (const std::int64_t value : {time.from, time.end, tick.from, tick.end}) put_varint(text, zigzag(value));
  put_varint(text, terms.size());
  for (const Term& term : terms) put_text(text, term_key(term.kind, term.value));
  put_varint(text, ledgers.size());
  for (const LedgerId& ledger : ledgers) put_text(text, ledger.text());
  return std::string(sha256(text).view().substr(0, 8));
}

// The sizes of the first page: all of each ledger, or as far as the index and kIndexLagMax entries behind it reach.
std::vector<SearchCursor::Fixed> first_sizes(const ProjectionStore& store, const Sources& sources,
                                             const std::vector<LedgerId>& ledgers) {
  std::vector<SearchCursor::Fixed> fixed;
  store.look([&](const LedgerStates& states, const Snapshot&) {
    std::uint64_t budget = kIndexLagMax;
    for (const LedgerId& ledger : ledgers) {
      const auto found = states.find(ledger);
      const std::uint64_t indexed = found == states.end() ? 0 : found->second.indexed().value();
      const std::uint64_t size = find_source(sources, ledger)->size().value();
      const std::uint64_t behind = size > indexed ? std::min(size - indexed, budget) : 0;
      budget -= behind;
      fixed.push_back(SearchCursor::Fixed{ledger, TreeSize(std::min(size, indexed + behind))});
    }
  });
  return fixed;
}

// May a page be read at the sizes that a cursor fixes?
Result<void> check_sizes(const ProjectionStore& store, const Sources& sources,
                         const std::vector<SearchCursor::Fixed>& fixed) {
  std::uint64_t behind = 0;
  for (const SearchCursor::Fixed& at : fixed) {
    const EntrySource* source = find_source(sources, at.ledger);
    if (source == nullptr) return fail(Code::no_such_ledger, at.ledger.text(), "no such ledger on this node");
    if (at.size > source->size()) {
      return fail(Code::bad_cursor, "/cursor", "the ledger " + at.ledger.text() + " has not come that far here");
    }
  }
  store.look([&](const LedgerStates& states, const Snapshot&) {
    for (const SearchCursor::Fixed& at : fixed) {
      const auto found = states.find(at.ledger);
      const std::uint64_t indexed = found == states.end() ? 0 : found->second.indexed().value();
      behind += at.size.value() > indexed ? at.size.value() - indexed : 0;
    }
  });
  if (behind > kIndexLagMax) {
    return fail(Code::index_behind, "/cursor", "the index has not come back to this search's first page yet");
  }
  return {};
}

const EntrySource* ticks_source(const Sources& sources) {
  for (const auto& source : sources) {
    if (source->has_ticks()) return source.get();
  }
  return nullptr;
}

// Reads the entries of the places; leaves out what the index took for a match and is none (two terms of one hash).
Result<void> read_rows(const Sources& sources, const std::vector<SearchCursor::Fixed>& fixed,
                       const std::vector<Term>& terms, const std::vector<Place>& places, IndexedEntryReader& reader,
                       std::size_t rows_max, std::vector<SearchRow>& rows, Place& last) {
  for (const Place& place : places) {
    if (rows.size() == rows_max) return {};
    const LedgerId& ledger = fixed[place.part].ledger;
    const EntrySource* source = find_source(sources, ledger);
    auto read = source->read(SequenceNumber(place.sequence), TreeSize(place.sequence + 1),
                             [&](const Entry& entry) -> Result<void> {
                               const IndexedEntry seen = reader.read(entry);
                               std::size_t present = 0;
                               std::vector<bool> found(terms.size());
                               for_each_index_term(seen, [&](TermKind kind, std::string_view value) {
                                 for (std::size_t i = 0; i < terms.size(); ++i) {
                                   if (!found[i] && terms[i].kind == kind && terms[i].value == value) {
                                     found[i] = true;
                                     ++present;
                                   }
                                 }
                               });
                               if (present != terms.size()) return {};
                               SearchRow row{ledger,
                                             entry.sequence,
                                             entry.kind,
                                             std::string(seen.type),
                                             seen.event ? seen.event->time : Timestamp::from_milliseconds(seen.time_ms),
                                             {},
                                             {}};
                               if (seen.event) {
                                 row.source = seen.event->source;
                                 row.id = seen.event->id;
                               }
                               rows.push_back(std::move(row));
                               return {};
                             });
    if (!read) return read;
    last = place;
  }
  return {};
}

}  // namespace

bool SearchPage::complete() const {
  return std::all_of(ledgers.begin(), ledgers.end(),
                     [](const LedgerCoverage& ledger) { return ledger.covered >= ledger.size; });
}

Result<SearchPage> search(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                          const Sources& sources, const SearchQuery& query, std::size_t rows_max,
                          std::string_view cursor) {
  if (rows_max == 0 || rows_max > kSearchRowsMax) {
    return fail(Code::bad_query, "/limit", "a page has 1 to " + std::to_string(kSearchRowsMax) + " rows");
  }
  if (query.terms.size() > kSearchTermsMax) {
    return fail(Code::bad_query, "/terms", "at most " + std::to_string(kSearchTermsMax) + " terms");
  }
  for (std::size_t i = 0; i < query.terms.size(); ++i) {
    if (query.terms[i].value.empty() || query.terms[i].value.size() > kTermCharsMax) {
      return fail(Code::bad_query, "/terms/" + std::to_string(i) + "/value",
                  "1 to " + std::to_string(kTermCharsMax) + " characters");
    }
  }
  const auto time = bounds(query.time, "/time");
  if (!time) return tl::unexpected(time.error());
  const auto tick = bounds(query.tick, "/tick");
  if (!tick) return tl::unexpected(tick.error());
  const EntrySource* with_ticks = has_tick_range(query) ? ticks_source(sources) : nullptr;
  if (has_tick_range(query) && with_ticks == nullptr) {
    return fail(Code::bad_query, "/tick", "this node does not follow the coordinating body's ledger");
  }

  std::vector<Term> terms = query.terms;
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  std::vector<LedgerId> ledgers = query.ledgers;
  std::sort(ledgers.begin(), ledgers.end());
  ledgers.erase(std::unique(ledgers.begin(), ledgers.end()), ledgers.end());
  const std::string query_digest = digest(query, terms, ledgers, *time, *tick);
  for (const LedgerId& ledger : ledgers) {
    if (find_source(sources, ledger) == nullptr) {
      return fail(Code::no_such_ledger, ledger.text(), "no such ledger on this node");
    }
  }

  std::vector<SearchCursor::Fixed> fixed;
  std::optional<Place> after;
  if (cursor.empty()) {
    if (ledgers.empty()) {
      for (const auto& source : sources) ledgers.push_back(source->ledger());
      std::sort(ledgers.begin(), ledgers.end());
    }
    std::vector<LedgerId> all = ledgers;
    if (with_ticks != nullptr) all.push_back(with_ticks->ledger());
    fixed = first_sizes(store, sources, all);
  } else {
    auto decoded = decode_cursor(cursor, query_digest);
    if (!decoded) return tl::unexpected(decoded.error());
    fixed = std::move(decoded->ledgers);
    after = decoded->last;
    // A cursor that somebody made up must not reach beyond the query's own ledgers.
    const std::size_t names = fixed.size() - (with_ticks != nullptr ? 1 : 0);
    const bool same =
        ledgers.empty() ||
        (names == ledgers.size() && std::equal(ledgers.begin(), ledgers.end(), fixed.begin(),
                                               [](const LedgerId& id, const auto& at) { return id == at.ledger; }));
    if (!same || (with_ticks != nullptr && fixed.back().ledger != with_ticks->ledger())) {
      return fail(Code::bad_cursor, "/cursor", "not a cursor of this query");
    }
    if (auto checked = check_sizes(store, sources, fixed); !checked) return tl::unexpected(checked.error());
  }
  const std::size_t searched = fixed.size() - (with_ticks != nullptr ? 1 : 0);

  Selection selection;
  selection.order = query.order;
  selection.from_ms = time->from;
  selection.end_ms = time->end;
  for (const Term& term : terms) selection.terms.push_back(term_key(term.kind, term.value));
  std::optional<Ticks> ticks;
  if (with_ticks != nullptr) {
    auto read = Ticks::at(store, types, *with_ticks, fixed.back().size);
    if (!read) return tl::unexpected(read.error());
    ticks = *std::move(read);
  }
  for (std::size_t i = 0; i < searched; ++i) {
    Selection::Part part{fixed[i].ledger, 0, fixed[i].size.value()};
    if (ticks) {
      const auto from = query.tick.from ? ticks->size_before(part.ledger, tick->from) : Result<std::uint64_t>(0);
      if (!from) return tl::unexpected(from.error());
      const auto end = ticks->size_before(part.ledger, tick->end);
      if (!end) return tl::unexpected(end.error());
      part.from = *from;
      part.end = std::min(part.end, *end);
    }
    selection.parts.push_back(std::move(part));
  }

  SearchPage page;
  for (std::size_t i = 0; i < searched; ++i) {
    page.ledgers.push_back(
        LedgerCoverage{fixed[i].ledger, fixed[i].size, find_source(sources, fixed[i].ledger)->size()});
  }
  IndexedEntryReader reader(types);
  Place last;
  for (;;) {
    // One more than is shown tells whether a next page is there.
    const std::size_t wanted = rows_max - page.rows.size() + 1;
    const auto places = select(store, types, sources, selection, after, wanted);
    if (!places) return tl::unexpected(places.error());
    auto read = read_rows(sources, fixed, terms, *places, reader, rows_max, page.rows, last);
    if (!read) return tl::unexpected(read.error());
    if (places->size() < wanted) return page;
    if (page.rows.size() == rows_max) break;
    after = places->back();
  }
  page.next = encode(SearchCursor{query_digest, std::move(fixed), last});
  return page;
}

std::string to_json(const SearchQuery& query) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Term& term : query.terms) {
    json["terms"].push_back({{"kind", name(term.kind)}, {"value", term.value}});
  }
  const auto range = [&](const char* member, const TimeRange& times) {
    if (times.from) json[member]["from"] = to_string(*times.from);
    if (times.end) json[member]["to"] = to_string(*times.end);
  };
  range("time", query.time);
  range("tick", query.tick);
  for (const LedgerId& ledger : query.ledgers) json["ledgers"].push_back(ledger.text());
  json["order"] = query.order == Order::newest_first ? "newest" : "oldest";
  return json.dump();
}

}  // namespace jangbu::consumers
