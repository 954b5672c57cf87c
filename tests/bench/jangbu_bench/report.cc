// The annual figures over a year of dataset accesses: how long a report takes once the projections are there.
#include "consumers/projections/annual.h"
#include "consumers/projections/projector.h"
#include "consumers/projections/store.h"
#include "ledger/key_file.h"
#include "tests/bench/jangbu_bench/bench.h"

namespace jangbu::bench {
namespace {

void commit(Node& node, Submission submission) {
  value_of(node.submit(std::move(submission), [](Result<Placement> placed) {
    const Placement place = value_of(std::move(placed));
    if (place.kind != Placement::Kind::appended) {
      die(place.errors.empty() ? Error{Code::conflict, "report", "not appended"} : place.errors.front());
    }
  }));
}

// One tick after the year, by which the report is cut.
void tick(Node& node, const BenchSpace& space) {
  const AskPassphrase nobody = [](const std::filesystem::path&) { return std::optional<std::string>(); };
  const SigningKey ticker = value_of(read_signing_key(space_key_path(space.directory(), KeyUse::ticker), nobody));
  Json observed = Json::array();
  for (const LedgerView& view : node.views()) {
    if (view.info().id == space.coordinator()) continue;
    observed.push_back(
        {{"ledger", view.info().id.text()}, {"size", view.size().value()}, {"root", digest_text(view.root())}});
  }
  const std::string at =
      to_string(Timestamp::from_milliseconds(kYearStartMs + kYearMs + std::int64_t{40} * 86'400'000));
  const std::string event = Json{{"specversion", "1.0"},
                                 {"type", "kr.jangbu.tick.v1"},
                                 {"source", "/haneul/ticker"},
                                 {"id", "6efbb9e0-f088-49ed-bf9e-83be403679cd"},
                                 {"time", at},
                                 {"institution", "haneul"},
                                 {"data", {{"at", at}, {"observed", observed}}}}
                                .dump();
  const std::string origin = value_of(node.view(space.coordinator())).info().origin;
  commit(node, Submission{space.coordinator(), event, sign_event(ticker, origin, event), false});
  while (value_of(node.commit_pending()) > 0) {
  }
}

}  // namespace

int report(const Options& options) {
  const std::uint64_t total = options.entries != 0 ? options.entries : options.tiny ? 5'000 : 500'000;
  Figures figures(options, total);
  const BenchSpace space(options);
  const auto node = space.open(4096);
  const EventMaker maker(options.seed);
  for (std::uint64_t i = 0; i < total;) {
    for (int n = 0; n < 4096 && i < total; ++n, ++i) {
      const auto time = kYearStartMs + static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(total) *
                                                                 static_cast<double>(kYearMs));
      commit(*node, Submission{space.shared(), maker.dataset_accessed(i, time), std::nullopt, false});
    }
    while (value_of(node->commit_pending()) > 0) {
    }
  }
  tick(*node, space);
  const auto store =
      value_of(consumers::ProjectionStore::open(space.directory() / "projections", consumers::contract_digest()));
  const auto sources = consumers::sources_of(node->views());
  consumers::Projector projector(*store, space.types());
  while (value_of(projector.step(sources)).behind > 0) {
  }
  std::vector<double> times;
  std::size_t bytes = 0;
  const int runs = options.tiny ? 2 : 10;
  for (int i = 0; i < runs; ++i) {
    const auto start = SteadyClock::now();
    const auto made = value_of(consumers::annual_report(*store, space.types(), sources, "2026-01-01", "2027-01-01"));
    bytes = consumers::to_json(made).size();
    times.push_back(seconds_since(start) * 1000);
  }
  figures.add("annual report of a year", Json{{"p50_ms", rounded(quantile(times, 500), 1)},
                                              {"worst_ms", rounded(quantile(times, 1000), 1)},
                                              {"runs", runs},
                                              {"json_bytes", bytes}});
  figures.finish();
  return 0;
}

}  // namespace jangbu::bench
