#include "consumers/projections/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "consumers/projections/projector.h"
#include "schemas/bounds.h"
#include "tests/support/memory_source.h"
#include "tests/support/projections.h"
#include "tests/support/temporary_folder.h"

namespace jangbu::consumers {
namespace {

using testing::event_bytes;
using testing::MemoryLedger;
using testing::Record;

using testing::catch_up;
using testing::contract_types;
using testing::open_store;
using testing::TemporaryFolder;

// One entry as the model knows it.
struct Known {
  std::int64_t time_ms;
  std::string ledger;
  std::uint64_t sequence;
  std::set<std::pair<TermKind, std::string>> terms;
  std::optional<std::int64_t> tick_ms;
  auto key() const { return std::tie(time_ms, ledger, sequence); }
};

constexpr std::int64_t kStart = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

// A space of five ledgers with random events: dense and rare terms, late events, equal times, rejected entries, ticks
// that name some ledgers.
class Space {
 public:
  explicit Space(std::uint64_t seed) : random_(seed) {
    ledgers_.emplace_back("bioai");
    ledgers_.emplace_back("hanbit");
    ledgers_.emplace_back("hanbit.patients");
    ledgers_.emplace_back("haneul", true);
    ledgers_.emplace_back("saebyeok");
  }

  void grow(std::size_t events) {
    for (std::size_t i = 0; i < events; ++i) add();
  }
  [[nodiscard]] Sources sources() const {
    Sources sources;
    for (const MemoryLedger& ledger : ledgers_) sources.push_back(ledger.at(ledger.size()));
    return sources;
  }

  // What the entries say, taken from their bytes, and their ticks, without the index.
  [[nodiscard]] std::vector<Known> known() const {
    std::vector<Known> all;
    IndexedEntryReader reader(contract_types());
    for (const MemoryLedger& ledger : ledgers_) {
      std::uint64_t sequence = 0;
      std::vector<std::pair<std::int64_t, std::uint64_t>> named;
      for (const auto& [at_ms, sizes] : ticks_) {
        const auto size = sizes.find(ledger.id().text());
        if (size != sizes.end()) named.emplace_back(at_ms, size->second);
      }
      auto tick = named.begin();
      for (const Record& record : ledger.records()) {
        Entry entry;
        entry.kind = record.kind;
        entry.body = record.body;
        entry.received_ms = record.received_ms;
        const IndexedEntry seen = reader.read(entry);
        Known known{seen.time_ms, ledger.id().text(), sequence, {}, std::nullopt};
        for_each_index_term(
            seen, [&](TermKind kind, std::string_view value) { known.terms.emplace(kind, std::string(value)); });
        // The first tick whose size covers it; sizes rise, so the walk never goes back.
        while (tick != named.end() && tick->second <= sequence) ++tick;
        if (tick != named.end()) known.tick_ms = tick->first;
        all.push_back(std::move(known));
        ++sequence;
      }
    }
    std::sort(all.begin(), all.end(), [](const Known& a, const Known& b) { return a.key() < b.key(); });
    return all;
  }

  std::mt19937_64& random() { return random_; }
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  [[nodiscard]] std::int64_t now() const { return now_ms_; }

 private:
  void add() {
    now_ms_ += static_cast<std::int64_t>(below(4000));
    std::int64_t time = now_ms_;
    if (below(50) == 0) time -= static_cast<std::int64_t>(below(std::uint64_t{40} * 3'600'000));  // late
    if (below(3) == 0) time -= time % 60'000;                                                     // equal times
    const std::string at = to_string(Timestamp::from_milliseconds(time));
    const std::string id = "e-" + std::to_string(++ids_);
    const auto kind = below(100);
    if (kind < 2) return tick();
    if (kind < 45) {
      const std::string actor = actor_json("hanbit");
      ledgers_[2].add(event_bytes("record.accessed", "hanbit", id, at,
                                  R"({"actor":)" + actor +
                                      R"(,"action":"read","outcome":0,"system":"emr","patients":[")" + patient() +
                                      R"(",")" + patient() + R"("]})"));
    } else if (kind < 80) {
      const bool hanbit = below(3) != 0;
      const std::string site = hanbit ? "hanbit" : "saebyeok";
      const std::string project = "haneul/pj-" + std::to_string(below(4));
      ledgers_[hanbit ? 1 : 4].add(event_bytes(
          "dataset.accessed", site, id, at,
          R"({"actor":)" + actor_json("bioai") + R"(,"action":"read","outcome":0,"dataset":")" + site + "/d-" +
              std::to_string(below(40)) + R"(","object":"dataset","project":")" + project + R"(","system":"ws"})"));
    } else if (kind < 84) {
      ledgers_[1].add(Record{EntryKind::rejected, time, R"({"reason":"bad_envelope"})"});
    } else {
      ledgers_[0].add(event_bytes("source.heartbeat", "bioai", id, at, R"({"next":5,"backlog":0})", "bioai"));
    }
  }

  void tick() {
    std::map<std::string, std::uint64_t> sizes;
    std::string observed;
    for (const MemoryLedger& ledger : ledgers_) {
      if (&ledger == &ledgers_[3] || below(3) == 0) continue;
      sizes[ledger.id().text()] = ledger.size();
      observed += (observed.empty() ? "" : ",") + std::string(R"({"ledger":")") + ledger.id().text() + R"(","size":)" +
                  std::to_string(ledger.size()) +
                  R"(,"root":"sha256:0a4ee1fa9151c9987771b65059c3a4bfa22e9e2d69a757dc3454f03897a8d469"})";
    }
    const std::string at = to_string(Timestamp::from_milliseconds(now_ms_));
    ledgers_[3].add(event_bytes("tick", "haneul", "t-" + std::to_string(++ids_), at,
                                R"({"at":")" + at + R"(","observed":[)" + observed + "]}"));
    sizes["haneul"] = ledgers_[3].size();
    ticks_.emplace_back(now_ms_, std::move(sizes));
    now_ms_ += 1;
  }

  std::string patient() {
    std::string text = "p:";
    std::uint64_t number = below(5000);
    for (int i = 0; i < 26; ++i, number = number * 29 + 7)
      text.push_back("abcdefghijklmnopqrstuvwxyz234567"[number % 32]);
    return text;
  }
  std::string actor_json(const std::string& home) {
    const std::string number = std::to_string(100 + below(200));
    std::string id = home + "/u:aaaaaaaaaaaaaaaaaaaaaaa";
    for (const char digit : number) id.push_back(static_cast<char>('a' + (digit - '0')));
    return R"({"id":")" + id + R"(","role":"researcher"})";
  }

  std::mt19937_64 random_;
  std::vector<MemoryLedger> ledgers_;
  std::vector<std::pair<std::int64_t, std::map<std::string, std::uint64_t>>> ticks_;
  std::int64_t now_ms_ = kStart;
  std::uint64_t ids_ = 0;
};

// What a query must give, by looking at everything.
std::vector<Known> expected(const std::vector<Known>& all, const SearchQuery& query) {
  std::vector<Known> found;
  const auto in = [](const TimeRange& range, std::int64_t ms) {
    return (!range.from || ms >= range.from->milliseconds()) && (!range.end || ms < range.end->milliseconds());
  };
  for (const Known& entry : all) {
    const bool terms = std::all_of(query.terms.begin(), query.terms.end(), [&](const Term& term) {
      return entry.terms.count({term.kind, term.value}) != 0;
    });
    const bool ledger =
        query.ledgers.empty() || std::any_of(query.ledgers.begin(), query.ledgers.end(),
                                             [&](const LedgerId& id) { return id.text() == entry.ledger; });
    const bool ticked = (!query.tick.from && !query.tick.end) || (entry.tick_ms && in(query.tick, *entry.tick_ms));
    if (terms && ledger && ticked && in(query.time, entry.time_ms)) found.push_back(entry);
  }
  if (query.order == Order::newest_first) std::reverse(found.begin(), found.end());
  return found;
}

using RowKey = std::tuple<std::int64_t, std::string, std::uint64_t>;
RowKey key_of(const SearchRow& row) { return {row.time.milliseconds(), row.ledger.text(), row.sequence.value()}; }
RowKey key_of(const Known& entry) { return {entry.time_ms, entry.ledger, entry.sequence}; }

template <typename Rows>
std::vector<RowKey> keys(const Rows& rows) {
  std::vector<RowKey> all;
  for (const auto& row : rows) all.push_back(key_of(row));
  return all;
}

// All pages of a query, at most `pages_max`; `between` runs after each page and gives the sources of the next.
template <typename Between>
std::vector<RowKey> pages(const ProjectionStore& store, Sources sources, const SearchQuery& query, std::size_t rows_max,
                          std::size_t pages_max, Between&& between) {
  std::vector<RowKey> rows;
  std::string cursor;
  for (std::size_t i = 0; i < pages_max; ++i) {
    const auto page = search(store, contract_types(), sources, query, rows_max, cursor);
    if (!page) {
      ADD_FAILURE() << to_string(page.error());
      return rows;
    }
    EXPECT_LE(page->rows.size(), rows_max);
    for (const SearchRow& row : page->rows) rows.push_back(key_of(row));
    if (page->next.empty()) return rows;
    EXPECT_EQ(page->rows.size(), rows_max) << "only the last page may be short";
    cursor = page->next;
    between(sources);
  }
  return rows;
}

std::vector<RowKey> pages(const ProjectionStore& store, const Sources& sources, const SearchQuery& query,
                          std::size_t rows_max, std::size_t pages_max = 1'000'000) {
  return pages(store, sources, query, rows_max, pages_max, [](Sources&) {});
}

// A random query: no to three terms, mostly of one entry so that they meet, sometimes ranges, sometimes some ledgers.
SearchQuery random_query(Space& space, const std::vector<Known>& all) {
  SearchQuery query;
  query.order = space.below(2) == 0 ? Order::newest_first : Order::oldest_first;
  const std::uint64_t count = space.below(4);
  const Known* model = &all[space.below(all.size())];
  for (std::uint64_t i = 0; i < count; ++i) {
    if (space.below(5) == 0) model = &all[space.below(all.size())];
    auto term = model->terms.begin();
    std::advance(term, static_cast<std::ptrdiff_t>(space.below(model->terms.size())));
    query.terms.push_back(Term{term->first, term->second});
  }
  const auto range = [&](TimeRange& times) {
    const auto span = static_cast<std::uint64_t>(space.now() - kStart) + 1;
    std::int64_t from = kStart + static_cast<std::int64_t>(space.below(span));
    std::int64_t end = kStart + static_cast<std::int64_t>(space.below(span));
    if (from > end) std::swap(from, end);
    if (space.below(4) != 0) times.from = Timestamp::from_milliseconds(from);
    if (space.below(4) != 0) times.end = Timestamp::from_milliseconds(end);
  };
  if (space.below(2) == 0) range(query.time);
  if (space.below(2) == 0) range(query.tick);
  if (space.below(3) == 0) {
    for (const char* id : {"hanbit", "haneul", "saebyeok", "hanbit.patients"}) {
      if (space.below(2) == 0) query.ledgers.push_back(*LedgerId::parse(id));
    }
  }
  return query;
}

std::uint64_t seed() {
  const char* given = std::getenv("SEED");
  const std::uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10) : 20260301;
  std::cout << "seed " << value << "; again: SEED=" << value << " consumers_test\n";
  return value;
}

TEST(Search, GivesWhatLookingAtEverythingGivesForRandomQueriesPageByPage) {
  TemporaryFolder folder;
  Space space(seed());
  space.grow(40'000);
  const auto store = open_store(folder / "projections");
  catch_up(*store, space.sources());
  const auto all = space.known();
  std::size_t rows = 0;
  for (int i = 0; i < 200; ++i) {
    const SearchQuery query = random_query(space, all);
    const auto wanted = keys(expected(all, query));
    const std::size_t rows_max = 1 + space.below(wanted.size() > 2000 ? 1000 : 40);
    const std::size_t pages_max = 8;
    auto head = wanted;
    head.resize(std::min(head.size(), rows_max * pages_max));
    ASSERT_EQ(pages(*store, space.sources(), query, rows_max, pages_max), head) << "query " << i << to_json(query);
    rows += head.size();
  }
  EXPECT_GT(rows, 10'000U);
}

TEST(Search, PagesStayAsTheyWereWhileEntriesArriveAndTheIndexFollowsOrNot) {
  TemporaryFolder folder;
  Space space(seed() + 1);
  space.grow(20'000);
  const auto store = open_store(folder / "projections");
  catch_up(*store, space.sources());
  for (int i = 0; i < 12; ++i) {
    const auto all = space.known();
    const SearchQuery query = random_query(space, all);
    const auto wanted = keys(expected(all, query));
    const std::size_t rows_max = std::max<std::size_t>(1, std::min<std::size_t>(1000, wanted.size() / 6 + 1));
    const auto got = pages(*store, space.sources(), query, rows_max, 1'000'000, [&](Sources& sources) {
      space.grow(700);
      sources = space.sources();
      if (space.below(2) == 0) catch_up(*store, sources);
    });
    ASSERT_EQ(got, wanted) << "query " << i << to_json(query);
    catch_up(*store, space.sources());
  }
}

TEST(Search, ARebuiltIndexGivesTheSamePagesToTheSameCursors) {
  TemporaryFolder folder;
  Space space(seed() + 2);
  space.grow(30'000);
  const auto first = open_store(folder / "first");
  catch_up(*first, space.sources());
  const auto all = space.known();
  const Sources sources = space.sources();
  space.grow(1'000);
  const auto second = open_store(folder / "second");
  catch_up(*second, space.sources(), 777);
  for (int i = 0; i < 60; ++i) {
    const SearchQuery query = random_query(space, all);
    std::string cursor;
    for (int page = 0; page < 5; ++page) {
      const auto a = search(*first, contract_types(), sources, query, 7, cursor);
      ASSERT_TRUE(a) << to_string(a.error());
      if (page > 0) {
        const auto b = search(*second, contract_types(), space.sources(), query, 7, cursor);
        ASSERT_TRUE(b) << to_string(b.error());
        EXPECT_EQ(keys(a->rows), keys(b->rows));
        EXPECT_EQ(a->next, b->next);
      }
      cursor = a->next;
      if (cursor.empty()) break;
    }
  }
}

TEST(Search, AnIndexOpenedAgainReadsOnlyItsOpenBlocksAnewAndAnswersTheSame) {
  TemporaryFolder folder;
  Space space(seed() + 3);
  space.grow(40'000);
  const auto all = space.known();
  catch_up(*open_store(folder / "projections"), space.sources(), 5'000);
  const auto store = open_store(folder / "projections");
  const std::uint64_t behind = lag(*store, space.sources());
  EXPECT_LT(behind, all.size() / 2 + 5 * kBlockEntries);
  EXPECT_LT(behind, all.size());
  catch_up(*store, space.sources());
  for (int i = 0; i < 50; ++i) {
    const SearchQuery query = random_query(space, all);
    auto wanted = keys(expected(all, query));
    wanted.resize(std::min<std::size_t>(wanted.size(), 300));
    ASSERT_EQ(pages(*store, space.sources(), query, 100, 3), wanted) << to_json(query);
  }
}

TEST(Search, FindsWhatTheIndexHasNotReachedAndSaysHowFarItLookedBeyondThat) {
  TemporaryFolder folder;
  Space space(seed() + 4);
  space.grow(4'000);
  const auto store = open_store(folder / "projections");
  // Nothing is indexed at all, ticks neither.
  const auto all = space.known();
  for (int i = 0; i < 20; ++i) {
    const SearchQuery query = random_query(space, all);
    ASSERT_EQ(pages(*store, space.sources(), query, 50, 4), [&] {
      auto wanted = keys(expected(all, query));
      wanted.resize(std::min<std::size_t>(wanted.size(), 200));
      return wanted;
    }()) << to_json(query);
  }

  space.grow(kIndexLagMax + 10'000);
  const auto page = search(*store, contract_types(), space.sources(), SearchQuery{}, 10, "");
  ASSERT_TRUE(page) << to_string(page.error());
  EXPECT_FALSE(page->complete());
  std::uint64_t covered = 0;
  for (const LedgerCoverage& ledger : page->ledgers) covered += ledger.covered.value();
  EXPECT_EQ(covered, kIndexLagMax);

  // A cursor of a caught-up index is not answered with less by one that is not.
  const auto ahead = open_store(folder / "ahead");
  catch_up(*ahead, space.sources());
  const auto full = search(*ahead, contract_types(), space.sources(), SearchQuery{}, 10, "");
  ASSERT_TRUE(full) << to_string(full.error());
  EXPECT_TRUE(full->complete());
  const auto next = search(*store, contract_types(), space.sources(), SearchQuery{}, 10, full->next);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, Code::index_behind);
}

TEST(Search, RefusesEveryChangedCursorAndEveryOtherQuery) {
  TemporaryFolder folder;
  Space space(seed() + 5);
  space.grow(3'000);
  const auto store = open_store(folder / "projections");
  catch_up(*store, space.sources());
  SearchQuery query;
  query.terms = {Term{TermKind::type, "record.accessed"}};
  const auto page = search(*store, contract_types(), space.sources(), query, 5, "");
  ASSERT_TRUE(page);
  ASSERT_FALSE(page->next.empty());
  ASSERT_TRUE(search(*store, contract_types(), space.sources(), query, 5, page->next));
  const auto refused = [&](const SearchQuery& asked, const std::string& cursor) {
    const auto next = search(*store, contract_types(), space.sources(), asked, 5, cursor);
    return !next && next.error().code == Code::bad_cursor;
  };
  for (std::size_t i = 0; i < page->next.size(); ++i) {
    for (const char other : {'A', 'b', '-', '_', '9', '=', '+', ' ', '\0'}) {
      std::string changed = page->next;
      if (changed[i] == other) continue;
      changed[i] = other;
      ASSERT_TRUE(refused(query, changed)) << i << " " << other;
    }
    ASSERT_TRUE(refused(query, page->next.substr(0, i) + page->next.substr(i + 1))) << i;
    if (i > 0) {
      ASSERT_TRUE(refused(query, page->next.substr(0, i))) << i;
    }
  }
  EXPECT_TRUE(refused(query, page->next + "A"));
  SearchQuery other = query;
  other.order = Order::oldest_first;
  EXPECT_TRUE(refused(other, page->next));
  other = query;
  other.terms.push_back(Term{TermKind::actor, "hanbit/u:aaaaaaaaaaaaaaaaaaaaaaabaa"});
  EXPECT_TRUE(refused(other, page->next));
  other = query;
  other.ledgers = {*LedgerId::parse("hanbit.patients")};
  EXPECT_TRUE(refused(other, page->next));
  other = query;
  other.time.from = Timestamp::from_milliseconds(kStart);
  EXPECT_TRUE(refused(other, page->next));
}

TEST(Search, NamesWhatIsWrongWithAQueryAndWhere) {
  TemporaryFolder folder;
  Space space(seed() + 6);
  space.grow(100);
  const auto store = open_store(folder / "projections");
  const auto error = [&](const SearchQuery& query, std::size_t rows_max = 10) {
    const auto page = search(*store, contract_types(), space.sources(), query, rows_max, "");
    return page ? std::string("none") : std::string(info(page.error().code).name) + " " + page.error().where;
  };
  EXPECT_EQ(error({}, 0), "bad_query /limit");
  EXPECT_EQ(error({}, kSearchRowsMax + 1), "bad_query /limit");
  SearchQuery query;
  query.terms = {Term{TermKind::type, "tick"}, Term{TermKind::actor, ""}};
  EXPECT_EQ(error(query), "bad_query /terms/1/value");
  query = {};
  query.terms.assign(kSearchTermsMax + 1, Term{TermKind::type, "tick"});
  EXPECT_EQ(error(query), "bad_query /terms");
  query = {};
  query.time.from = Timestamp{kStart / 1000, 500};
  EXPECT_EQ(error(query), "bad_query /time/from");
  query.time = {Timestamp{20, 0}, Timestamp{10, 0}};
  EXPECT_EQ(error(query), "bad_query /time");
  query = {};
  query.ledgers = {*LedgerId::parse("nowhere")};
  EXPECT_EQ(error(query), "no_such_ledger nowhere");
  query = {};
  query.tick.from = Timestamp{0, 0};
  EXPECT_EQ(error(query), "none");
  Sources without_ticks = space.sources();
  std::erase_if(without_ticks, [](const auto& source) { return source->has_ticks(); });
  const auto page = search(*store, contract_types(), without_ticks, query, 10, "");
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().where, "/tick");
}

TEST(Search, RowsSayWhatStandsAtTheirPlace) {
  TemporaryFolder folder;
  MemoryLedger ledger("hanbit");
  ledger.add(event_bytes("source.heartbeat", "hanbit", "first", "2026-03-01T09:00:00.1234567+09:00",
                         R"({"next":1,"backlog":0})", "hanbit"));
  ledger.add(Record{EntryKind::rejected, kStart + 5, R"({"reason":"not_json"})"});
  const auto store = open_store(folder / "projections");
  const Sources sources = {ledger.at(2)};
  catch_up(*store, sources);
  SearchQuery query;
  query.order = Order::oldest_first;
  const auto page = search(*store, contract_types(), sources, query, 10, "");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 2U);
  EXPECT_EQ(page->rows[1].type, "source.heartbeat");
  EXPECT_EQ(page->rows[1].id, "first");
  EXPECT_EQ(page->rows[1].source, "/emr/1");
  EXPECT_EQ(to_string(page->rows[1].time), "2026-03-01T00:00:00.123456700Z");
  EXPECT_EQ(page->rows[0].type, "rejected");
  EXPECT_EQ(page->rows[0].kind, EntryKind::rejected);
  EXPECT_EQ(page->rows[0].time.milliseconds(), kStart + 5);
}

TEST(ProjectionStore, RefusesAFolderOfAnotherContract) {
  TemporaryFolder folder;
  ASSERT_TRUE(ProjectionStore::open(folder / "projections", "sha256:one"));
  const auto other = ProjectionStore::open(folder / "projections", "sha256:two");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::state_corrupt);
}

TEST(Postings, ComeBackForEverySizeAndDensity) {
  std::mt19937_64 random(seed());
  for (const unsigned one_in : {1U, 2U, 3U, 7U, 20U, 100U, 1000U, 8000U}) {
    for (int round = 0; round < 10; ++round) {
      std::vector<std::uint16_t> offsets;
      for (std::uint16_t i = 0; i < kBlockEntries; ++i) {
        if (random() % one_in == 0) offsets.push_back(i);
      }
      if (offsets.empty()) continue;
      std::string row;
      encode_postings(offsets, row);
      EXPECT_LE(row.size(), kBlockEntries / 8);
      BlockBits bits;
      ASSERT_TRUE(decode_postings(row, bits));
      std::vector<std::uint16_t> back;
      bits.for_each([&](std::size_t offset) { back.push_back(static_cast<std::uint16_t>(offset)); });
      EXPECT_EQ(back, offsets);
      EXPECT_EQ(bits.count(), offsets.size());
    }
  }
  BlockBits bits;
  EXPECT_FALSE(decode_postings("", bits));
  EXPECT_FALSE(decode_postings(std::string("\x05\x00", 2), bits)) << "offsets rise";
  EXPECT_FALSE(decode_postings("\xff\xff\x7f", bits)) << "beyond the block";
}

}  // namespace
}  // namespace jangbu::consumers
