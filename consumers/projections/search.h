// Search: the entries that have all of some terms, within a range of event times, a range of tick times and a set of
// ledgers, page by page, newest or oldest first. The API's search, findings and figures' "entries behind it" call it,
// on any thread. What may be asked is judged by the caller: give it only ledgers that the asker may read.
//
// Terms are ANDed, several of one kind too ("both datasets"); either of two is two searches. Ranges include their first
// instant and not their last, in whole milliseconds: an event's time counts rounded down. An entry's tick time is that
// of the first tick that covers it; without one it is in no tick range. A rejected entry is found by type "rejected"
// and by the time it was received.
//
// Order: event time, ledger id, sequence number, or exactly the reverse. The first page fixes each ledger's size; later
// pages show that state, whatever has come since, and a rebuilt index gives the same pages. See
// ops/decisions/0010-search-index.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/projections/selection.h"
#include "consumers/projections/source.h"
#include "consumers/projections/store.h"
#include "schemas/error.h"
#include "schemas/event_type.h"
#include "schemas/timestamp.h"

namespace jangbu::consumers {

struct Term {
  TermKind kind;
  std::string value;
  auto operator<=>(const Term&) const = default;
};

// from <= time < end; absent: open.
struct TimeRange {
  std::optional<Timestamp> from, end;
};

struct SearchQuery {
  std::vector<Term> terms;        // none: every entry
  TimeRange time;                 // of the events
  TimeRange tick;                 // of the ticks that made them visible
  std::vector<LedgerId> ledgers;  // none: all of the sources
  Order order = Order::newest_first;
};

inline constexpr std::size_t kSearchRowsMax = 1000;
inline constexpr std::size_t kSearchTermsMax = 16;

struct SearchRow {
  LedgerId ledger;
  SequenceNumber sequence;
  EntryKind kind;
  std::string type;    // the type's name, "rejected" or "unreadable"
  Timestamp time;      // the event's; of those two the received time
  std::string source;  // empty for those two
  std::string id;
};

struct LedgerCoverage {
  LedgerId ledger;
  TreeSize covered;  // what this search looked through: fixed by the first page
  TreeSize size;     // how far the ledger has come; greater than `covered` only while the index is too far behind
};

struct SearchPage {
  std::vector<SearchRow> rows;
  std::string next;                     // the cursor of the next page; empty: this is the last one
  std::vector<LedgerCoverage> ledgers;  // by id
  [[nodiscard]] bool complete() const;  // covered == size at the first page, everywhere
};

// `cursor`: empty for the first page, else SearchPage::next of the page before, for the same query. Entries behind the
// index are looked through in memory, kIndexLagMax of them at most; beyond that `covered` says how far.
// Errors: bad_query (`where` a JSON pointer into the query: "/terms/0", "/time/from", "/tick", "/limit"), bad_cursor,
// no_such_ledger, index_behind (the index has not come back yet to where the cursor's first page was), state_corrupt,
// and those of the sources.
[[nodiscard]] Result<SearchPage> search(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                                        const Sources& sources, const SearchQuery& query, std::size_t rows_max,
                                        std::string_view cursor);

// A search's query as the JSON object that POST /v1/search takes: {"terms":[{"kind","value"}],"time":{"from","to"},
// "tick":{...},"ledgers":[...],"order"}, members that are not set left out.
[[nodiscard]] std::string to_json(const SearchQuery& query);

}  // namespace jangbu::consumers
