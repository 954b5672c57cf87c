// What the search index costs and gives: indexing rate on one core, bytes on disk an event, and the times of a page of
// 50 rows for the shapes of query that matter, beside a scan of everything.
//
//   search_bench [--tiny] [--entries N] [--queries N] [--seed N]
//
// Entries are about 600 bytes with six terms, in five hospitals' ledgers of two kinds, held in memory: so the ledger's
// own reading is not in the figures. The store is in the folder for temporary files.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "consumers/projections/annual.h"
#include "consumers/projections/indexed_entry.h"
#include "consumers/projections/projector.h"
#include "consumers/projections/search.h"
#include "tests/support/memory_source.h"

namespace jangbu::consumers {
namespace {

using testing::event_bytes;
using testing::MemoryLedger;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// This thread's own time: what a busy machine does not change.
double cpu_milliseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

[[noreturn]] void die(const Error& error) {
  std::fprintf(stderr, "search_bench: %s\n", to_string(error).c_str());
  std::exit(1);
}

constexpr const char* kHospitals[] = {"dasan", "hanbit", "mirae", "onnuri", "saebyeok"};
constexpr std::int64_t kStart = 1'772'323'200'000;

std::string letters(std::uint64_t number, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    number = number * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    text.push_back("abcdefghijklmnopqrstuvwxyz234567"[number >> 59]);
  }
  return text;
}

std::string patient(std::uint64_t number) { return "p:" + letters(number, 26); }

struct World {
  std::vector<MemoryLedger> ledgers;
  std::uint64_t bytes = 0;

  [[nodiscard]] Sources sources() const {
    Sources all;
    for (const MemoryLedger& ledger : ledgers) all.push_back(ledger.at(ledger.size()));
    return all;
  }
};

World make_world(std::uint64_t entries, std::uint64_t seed) {
  World world;
  for (const char* hospital : kHospitals) {
    world.ledgers.emplace_back(hospital);
    world.ledgers.emplace_back(std::string(hospital) + ".patients");
  }
  world.ledgers.emplace_back("haneul", true);
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::size_t site = random() % 5;
    const std::string hospital = kHospitals[site];
    // A year's events in order, one in a hundred up to a day late.
    std::int64_t time = kStart + static_cast<std::int64_t>(i * (std::uint64_t{365} * 86'400'000 / entries));
    if (random() % 100 == 0) time -= static_cast<std::int64_t>(random() % 86'400'000);
    const std::string at = to_string(Timestamp::from_milliseconds(time));
    const std::string id = letters(random(), 26) + std::to_string(i);
    const std::string actor = R"({"id":")" + hospital + "/u:" + letters(random() % 2000, 26) +
                              R"(","role":"researcher","on_behalf_of":")" + hospital + R"("})";
    const std::string padding(160, 'x');
    std::string event;
    const std::uint64_t kind = random() % 10;
    if (kind < 5) {
      event = event_bytes("record.accessed", hospital, id, at,
                          R"({"actor":)" + actor + R"(,"action":"read","outcome":0,"system":"emr","patients":[")" +
                              patient(random() % 100'000) + R"(",")" + patient(random() % 100'000) +
                              R"("],"purpose":"TREAT","origin":")" + padding + R"("})");
    } else {
      const std::string project = "haneul/pj-" + std::to_string(kind < 9 ? 1 : 2 + random() % 50);
      const std::string type = kind < 7 ? "dataset.accessed" : "computation.requested";
      const std::string dataset = hospital + "/d-2026-" + std::to_string(random() % 300);
      event = type == "dataset.accessed"
                  ? event_bytes(
                        type, hospital, id, at,
                        R"({"actor":)" + actor + R"(,"action":"read","outcome":0,"dataset":")" + dataset +
                            R"(","object":"dataset","project":")" + project +
                            R"(","permit":"haneul/pm-2026-04-1","purpose":"HRESCH","system":"workbench","origin":")" +
                            padding + R"("})")
                  : event_bytes(type, hospital, id, at,
                                R"({"computation":")" + hospital + "/c-" + std::to_string(i) +
                                    R"(","project":"haneul/pj-)" + std::to_string(1 + random() % 3) +
                                    R"(","permit":"haneul/pm-2026-04-2","actor":)" + actor +
                                    R"(,"purpose":"HRESCH","inputs":[{"site":")" + hospital + R"(","dataset":")" +
                                    dataset + R"("}],"parameters":")" + padding + R"("})");
    }
    world.bytes += event.size();
    world.ledgers[site * 2 + (kind < 5 ? 1 : 0)].add(std::move(event), time);
    if (i % (1 + entries / 1000) == 0 || i + 1 == entries) {
      std::string observed;
      for (const MemoryLedger& ledger : world.ledgers) {
        if (&ledger == &world.ledgers.back()) continue;
        observed += (observed.empty() ? "" : ",") + std::string(R"({"ledger":")") + ledger.id().text() +
                    R"(","size":)" + std::to_string(ledger.size()) + "}";
      }
      // After the year's last entry, and late_hours, its report is closed.
      const std::string when = i + 1 == entries ? "2027-04-01T00:00:00Z" : at;
      world.ledgers.back().add(event_bytes("tick", "haneul", "t-" + std::to_string(i), when,
                                           R"({"at":")" + when + R"(","observed":[)" + observed + "]}"));
    }
  }
  return world;
}

double quantile(std::vector<double>& times, std::size_t percent) {
  std::sort(times.begin(), times.end());
  return times[times.size() * percent / 100];
}

void report(const char* name, std::vector<double> wall, std::vector<double> cpu, std::size_t rows) {
  std::printf("%-36s p50 %7.3f ms  p99 %7.3f ms  (of this thread's own time %7.3f, %7.3f)  %zu queries, %zu rows\n",
              name, quantile(wall, 50), quantile(wall, 99), quantile(cpu, 50), quantile(cpu, 99), wall.size(), rows);
}

int run(std::uint64_t entries, std::size_t queries, std::uint64_t seed) {
  const auto types = TypeTable::build();
  if (!types) die(types.error());
  const World world = make_world(entries, seed);
  const Sources sources = world.sources();
  std::string pattern = (std::filesystem::temp_directory_path() / "jangbu-search-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  const std::filesystem::path root(pattern);
  std::printf("search_bench: %llu entries of %llu bytes, seed %llu, two threads at most, index unsynced\n",
              static_cast<unsigned long long>(entries), static_cast<unsigned long long>(world.bytes / entries),
              static_cast<unsigned long long>(seed));
  {
    auto store = ProjectionStore::open(root / "projections", contract_digest());
    if (!store) die(store.error());
    Projector projector(**store, *types);
    const auto start = Clock::now();
    const double cpu_start = cpu_milliseconds();
    for (;;) {
      const auto step = projector.step(sources);
      if (!step) die(step.error());
      if (step->behind == 0) break;
    }
    const double took = milliseconds(Clock::now() - start);
    std::printf("indexed                              %10.0f entries/s, %.0f by this thread's own time\n",
                static_cast<double>(entries) / took * 1000,
                static_cast<double>(entries) / (cpu_milliseconds() - cpu_start) * 1000);
    const std::uint64_t before = (*store)->disk_bytes();
    if (auto compacted = (*store)->compact(); !compacted) die(compacted.error());
    std::printf("on disk                              %10.1f bytes an event, %.1f compacted\n",
                static_cast<double>(before) / static_cast<double>(entries),
                static_cast<double>((*store)->disk_bytes()) / static_cast<double>(entries));

    std::mt19937_64 random(seed + 1);
    const auto time = [&](const char* name, auto&& make) {
      std::vector<double> wall, cpu;
      std::size_t rows = 0;
      for (std::size_t i = 0; i < queries; ++i) {
        const SearchQuery query = make();
        const auto began = Clock::now();
        const double cpu_began = cpu_milliseconds();
        const auto page = search(**store, *types, sources, query, 50, "");
        wall.push_back(milliseconds(Clock::now() - began));
        cpu.push_back(cpu_milliseconds() - cpu_began);
        if (!page) die(page.error());
        rows += page->rows.size();
      }
      report(name, std::move(wall), std::move(cpu), rows);
    };
    const auto terms = [](std::vector<Term> of) {
      SearchQuery query;
      query.terms = std::move(of);
      return query;
    };
    time("one dense term", [&] { return terms({{TermKind::type, "record.accessed"}}); });
    time("two dense terms that never meet", [&] {
      return terms({{TermKind::permit, "haneul/pm-2026-04-1"}, {TermKind::permit, "haneul/pm-2026-04-2"}});
    });
    time("three terms and a week", [&] {
      SearchQuery query = terms({{TermKind::type, "dataset.accessed"},
                                 {TermKind::project, "haneul/pj-1"},
                                 {TermKind::permit, "haneul/pm-2026-04-1"}});
      const auto from = kStart + static_cast<std::int64_t>(random() % 358) * 86'400'000;
      query.time = {Timestamp::from_milliseconds(from), Timestamp::from_milliseconds(from + 7 * 86'400'000)};
      query.order = Order::oldest_first;
      return query;
    });
    time("a dataset and an actor", [&] {
      return terms({{TermKind::dataset, "hanbit/d-2026-" + std::to_string(random() % 300)},
                    {TermKind::actor, "hanbit/u:" + letters(random() % 2000, 26)}});
    });
    time("a patient", [&] { return terms({{TermKind::patient, patient(random() % 100'000)}}); });
    time("a patient that is not there", [&] {
      return terms({{TermKind::patient, patient(200'000 + random() % 100'000)}});
    });
    time("everything of a day", [&] {
      SearchQuery query;
      const auto from = kStart + static_cast<std::int64_t>(random() % 364) * 86'400'000;
      query.time = {Timestamp::from_milliseconds(from), Timestamp::from_milliseconds(from + 86'400'000)};
      return query;
    });

    std::vector<double> wall, cpu;
    std::size_t accesses = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(queries, 20); ++i) {
      const auto began = Clock::now();
      const double cpu_began = cpu_milliseconds();
      const auto made = annual_report(**store, *types, sources, "2026-03-01", "2027-03-01");
      wall.push_back(milliseconds(Clock::now() - began));
      cpu.push_back(cpu_milliseconds() - cpu_began);
      if (!made) die(made.error());
      accesses += static_cast<std::size_t>(made->figures[16].measures[0].cells[0].value.numerator);
    }
    report("the annual report (rows: accesses counted)", std::move(wall), std::move(cpu), accesses);

    IndexedEntryReader reader(*types);
    const auto began = Clock::now();
    std::size_t found = 0;
    for (const auto& source : sources) {
      auto read = source->read(SequenceNumber(0), source->size(), [&](const Entry& entry) -> Result<void> {
        bool one = false, two = false;
        for_each_index_term(reader.read(entry), [&](TermKind kind, std::string_view value) {
          one = one || (kind == TermKind::permit && value == "haneul/pm-2026-04-1");
          two = two || (kind == TermKind::permit && value == "haneul/pm-2026-04-2");
        });
        if (one && two) ++found;
        return {};
      });
      if (!read) die(read.error());
    }
    std::printf("baseline: those two terms by reading everything  %8.1f ms, %zu rows\n",
                milliseconds(Clock::now() - began), found);
  }
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
  return 0;
}

}  // namespace
}  // namespace jangbu::consumers

int main(int count, char** arguments) {
  std::uint64_t entries = 1'000'000, queries = 500, seed = 1;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--tiny") == 0) {
      entries = 20'000;
      queries = 20;
      continue;
    }
    if (i + 1 == count) return 2;
    const std::uint64_t value = std::strtoull(arguments[i + 1], nullptr, 10);
    if (std::strcmp(arguments[i], "--entries") == 0)
      entries = value;
    else if (std::strcmp(arguments[i], "--queries") == 0)
      queries = value;
    else if (std::strcmp(arguments[i], "--seed") == 0)
      seed = value;
    else
      return 2;
    ++i;
  }
  if (entries == 0 || queries == 0) return 2;
  return jangbu::consumers::run(entries, static_cast<std::size_t>(queries), seed);
}
