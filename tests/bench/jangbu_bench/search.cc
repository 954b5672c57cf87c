// Search over a node's own ledger: pages of 50 rows for the shapes that matter, each row's entry read from the ledger.
#include "consumers/projections/search.h"

#include "consumers/projections/projector.h"
#include "consumers/projections/store.h"
#include "tests/bench/jangbu_bench/bench.h"

namespace jangbu::bench {
namespace {

using consumers::ProjectionStore;
using consumers::SearchQuery;
using consumers::Term;

constexpr std::size_t kRows = 50;

SearchQuery all_of(std::vector<Term> terms) {
  SearchQuery query;
  query.terms = std::move(terms);
  return query;
}

}  // namespace

int search(const Options& options) {
  const std::uint64_t total = options.entries != 0 ? options.entries : options.tiny ? 20'000 : 1'000'000;
  const std::size_t queries = options.tiny ? 20 : 500;
  Figures figures(options, total);
  const BenchSpace space(options);
  const auto node = space.open(4096);
  const EventMaker maker(options.seed);
  const auto time_of = [&](std::uint64_t i) {
    return kYearStartMs + static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(total) *
                                                    static_cast<double>(kYearMs));
  };
  for (std::uint64_t i = 0; i < total;) {
    for (int n = 0; n < 4096 && i < total; ++n, ++i) {
      value_of(node->submit(Submission{space.patients(), maker.accessed(i, time_of(i)), std::nullopt, false},
                            [](Result<Placement> placed) { static_cast<void>(value_of(std::move(placed))); }));
    }
    while (value_of(node->commit_pending()) > 0) {
    }
  }
  const auto store = value_of(ProjectionStore::open(space.directory() / "projections", consumers::contract_digest()));
  const auto sources = consumers::sources_of(node->views());
  {
    consumers::Projector projector(*store, space.types());
    const auto start = SteadyClock::now();
    while (value_of(projector.step(sources)).behind > 0) {
    }
    figures.add(
        "index built",
        Json{{"entries_per_second", rounded(static_cast<double>(total) / seconds_since(start), 1)},
             {"bytes_an_event", rounded(static_cast<double>(store->disk_bytes()) / static_cast<double>(total), 1)}});
  }
  std::uint64_t state = options.seed;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    return (state >> 33) % below;
  };
  const auto measure = [&](const char* name, const std::function<SearchQuery()>& make) {
    std::vector<double> times;
    std::uint64_t rows = 0;
    for (std::size_t i = 0; i < queries; ++i) {
      const SearchQuery query = make();
      const auto start = SteadyClock::now();
      const auto page = value_of(consumers::search(*store, space.types(), sources, query, kRows, ""));
      times.push_back(seconds_since(start) * 1000);
      rows += page.rows.size();
    }
    figures.add(name, Json{{"p50_ms", rounded(quantile(times, 500), 3)},
                           {"p99_ms", rounded(quantile(times, 990), 3)},
                           {"queries", queries},
                           {"rows", rows}});
  };
  const Term accessed{TermKind::type, "record.accessed"};
  measure("one dense term", [&] { return all_of({accessed}); });
  measure("two dense terms with an empty intersection", [&] {
    return all_of({{TermKind::actor, EventMaker::actor(0)}, {TermKind::actor, EventMaker::actor(1)}});
  });
  measure("three terms and a month", [&] {
    SearchQuery query = all_of({accessed,
                                {TermKind::actor, EventMaker::actor(static_cast<unsigned>(random(2)))},
                                {TermKind::patient, EventMaker::patient(static_cast<unsigned>(random(1000)))}});
    const auto from = kYearStartMs + static_cast<std::int64_t>(random(334)) * 86'400'000;
    query.time = {Timestamp::from_milliseconds(from),
                  Timestamp::from_milliseconds(from + std::int64_t{30} * 86'400'000)};
    return query;
  });
  measure("a patient", [&] {
    return all_of({{TermKind::patient, EventMaker::patient(static_cast<unsigned>(random(1000)))}});
  });
  figures.finish();
  return 0;
}

}  // namespace jangbu::bench
