// Appending: commits of 1, 1,024 and 4,096 records, beside RocksDB's own synced batch write of the same bytes in the
// same run. As in a served node, one thread screens and submits while the writer's commits; the times are of a whole
// batch, from its first record's screening to its last one's release.
#include <future>
#include <span>
#include <thread>

#include "consumers/projections/projector.h"
#include "consumers/projections/store.h"
#include "ledger/big_endian.h"
#include "ledger/database.h"
#include "ledger/entry.h"
#include "schemas/screen.h"
#include "tests/bench/jangbu_bench/bench.h"

namespace jangbu::bench {
namespace {

struct Run {
  double rate = 0, p50_ms = 0, p99_ms = 0;
};

std::vector<std::string> make_events(std::uint64_t first, std::uint64_t count, std::uint64_t total,
                                     const EventMaker& maker) {
  std::vector<std::string> events;
  events.reserve(count);
  for (std::uint64_t i = first; i < first + count; ++i) {
    events.push_back(
        maker.accessed(i, kYearStartMs + static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(total) *
                                                                   static_cast<double>(kYearMs))));
  }
  return events;
}

// The bare database: the same bytes under eight-byte keys, one synced batch a commit.
Run baseline(const Options& options, const std::vector<std::string>& events, std::size_t commit) {
  const BenchSpace space(options);
  DatabaseOptions database;
  database.directory = space.directory().parent_path() / "bare";
  database.families = {FamilyOptions{"entries"}};
  database.create = true;
  const auto bare = value_of(Database::open(database));
  std::vector<double> times;
  const auto start = SteadyClock::now();
  Batch batch;
  for (std::size_t at = 0; at < events.size();) {
    const auto began = SteadyClock::now();
    batch.clear();
    for (std::size_t i = 0; i < commit && at < events.size(); ++i, ++at) {
      std::string key;
      put_big_endian(key, static_cast<std::uint64_t>(at));
      batch.put(0, key, events[at]);
    }
    value_of(bare->write(batch, true));
    times.push_back(seconds_since(began) * 1000);
  }
  Run run;
  run.rate = static_cast<double>(events.size()) / seconds_since(start);
  run.p50_ms = quantile(times, 500);
  run.p99_ms = quantile(times, 990);
  return run;
}

Json json_of(const Run& run, const Run& bare, const char* unit) {
  return Json{{unit, rounded(run.rate, 1)},
              {"p50_ms", rounded(run.p50_ms, 3)},
              {"p99_ms", rounded(run.p99_ms, 3)},
              {"rocksdb_same_bytes", rounded(bare.rate, 1)},
              {"rocksdb_p99_ms", rounded(bare.p99_ms, 3)},
              {"ratio", rounded(run.rate / bare.rate, 3)}};
}

// Brings the projections up to the node, in a thread of its own, as `serve` does.
class Follower {
 public:
  Follower(const Node& node, const std::filesystem::path& folder, const std::shared_ptr<const TypeTable>& types)
      : node_(node), store_(value_of(consumers::ProjectionStore::open(folder, consumers::contract_digest()))) {
    thread_ = std::jthread([this, types](const std::stop_token& stop) {
      consumers::Projector projector(*store_, types);
      CommitNumber seen;
      for (;;) {
        const bool last = stop.stop_requested();
        const auto step = value_of(projector.step(consumers::sources_of(node_.views())));
        if (step.behind > 0) continue;
        if (last) return;
        static_cast<void>(node_.wait_for_commit(seen, std::chrono::milliseconds(20)));
      }
    });
  }
  // Returns when nothing is behind.
  void catch_up() {
    thread_.request_stop();
    thread_.join();
  }
  consumers::ProjectionStore& store() { return *store_; }

 private:
  const Node& node_;
  std::unique_ptr<consumers::ProjectionStore> store_;
  std::jthread thread_;
};

// Screens and submits a batch while the one before it is committed, never more than that.
class Submitter {
 public:
  Submitter(Node& node, const BenchSpace& space) : node_(node), ledger_(space.patients()), screen_(space.types()) {}

  void submit(std::span<const std::string> events) {
    auto batch = std::make_shared<Pending>(events.size());
    for (const std::string& event : events) {
      const Verdict verdict =
          screen_.judge(event, ScreenTarget{ledger_.institution(), ledger_.kind()}, kEntryHeaderBytes);
      if (!verdict.passed()) die(verdict.errors.front());
      Submission submission{
          ledger_, event, std::nullopt, true, verdict.event.type, dedup_key(verdict.event.source, verdict.event.id)};
      value_of(node_.submit(std::move(submission), [batch](Result<Placement> placed) {
        if (!placed || placed->kind != Placement::Kind::appended) ++batch->refused;
        if (--batch->open > 0) return;
        batch->seconds = seconds_since(batch->began);
        batch->done.set_value();
      }));
    }
    finish();
    before_ = std::move(batch);
  }
  // Waits for the batch before, whose time is kept.
  void finish() {
    if (!before_) return;
    before_->done.get_future().wait();
    if (before_->refused > 0) die(Error{Code::bad_value, "append", "an event was refused"});
    times_ms_.push_back(before_->seconds * 1000);
    before_.reset();
  }
  [[nodiscard]] std::vector<double>& times_ms() { return times_ms_; }

 private:
  struct Pending {
    explicit Pending(std::size_t count) : open(count) {}
    std::size_t open, refused = 0;  // the writer's
    double seconds = 0;             // likewise
    SteadyClock::time_point began = SteadyClock::now();
    std::promise<void> done;
  };
  Node& node_;
  const LedgerId& ledger_;
  Screen screen_;
  std::shared_ptr<Pending> before_;
  std::vector<double> times_ms_;
};

struct Appended {
  Run run;
  double ledger_bytes = 0, index_bytes = 0;  // an event, as it stands after the run
  double ledger_compacted = 0, index_compacted = 0, start_ms = 0;
};

Appended append_all(const Options& options, const std::vector<std::string>& events, std::size_t commit, bool indexed) {
  const BenchSpace space(options);
  Appended result;
  const double count = static_cast<double>(events.size());
  {
    const auto node = space.open(commit);
    const std::uint64_t bytes_before = node->disk_bytes();
    std::unique_ptr<Follower> follower;
    if (indexed) follower = std::make_unique<Follower>(*node, space.directory() / "projections", space.types());
    Submitter submitter(*node, space);
    std::jthread writer([&node](const std::stop_token& stop) { value_of(node->run_writer(stop)); });
    const auto start = SteadyClock::now();
    for (std::size_t at = 0; at < events.size(); at += commit) {
      submitter.submit(std::span(events).subspan(at, std::min(commit, events.size() - at)));
      if (commit == 1) submitter.finish();
    }
    submitter.finish();
    if (follower) follower->catch_up();
    result.run.rate = count / seconds_since(start);
    writer.request_stop();
    writer.join();
    result.run.p50_ms = quantile(submitter.times_ms(), 500);
    result.run.p99_ms = quantile(submitter.times_ms(), 990);
    result.ledger_bytes = static_cast<double>(node->disk_bytes() - std::min(bytes_before, node->disk_bytes())) / count;
    value_of(node->compact());
    result.ledger_compacted = static_cast<double>(node->disk_bytes()) / count;
    if (follower) {
      result.index_bytes = static_cast<double>(follower->store().disk_bytes()) / count;
      value_of(follower->store().compact());
      result.index_compacted = static_cast<double>(follower->store().disk_bytes()) / count;
    }
  }
  const auto start = SteadyClock::now();
  const auto again = space.open(commit);
  result.start_ms = seconds_since(start) * 1000;
  return result;
}

Json with_bytes(Json json, const Appended& appended, bool indexed) {
  json["ledger_bytes_an_event"] = rounded(appended.ledger_bytes, 1);
  json["ledger_bytes_compacted"] = rounded(appended.ledger_compacted, 1);
  if (indexed) {
    json["index_bytes_an_event"] = rounded(appended.index_bytes, 1);
    json["index_bytes_compacted"] = rounded(appended.index_compacted, 1);
    json["both_compacted"] = rounded(appended.ledger_compacted + appended.index_compacted, 1);
  }
  json["start_ms"] = rounded(appended.start_ms, 1);
  return json;
}

}  // namespace

int append(const Options& options) {
  const std::uint64_t total = options.entries != 0 ? options.entries : options.tiny ? 2'048 : 300'000;
  const std::uint64_t single = std::min<std::uint64_t>(total, options.tiny ? 64 : 10'000);
  Figures figures(options, total);
  const EventMaker maker(options.seed);
  const auto events = make_events(0, total, total, maker);
  {
    const std::vector<std::string> few(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(single));
    const Run bare = baseline(options, few, 1);
    const Appended one = append_all(options, few, 1, false);
    figures.add("commits of 1", json_of(one.run, bare, "events_per_second"));
  }
  for (const std::size_t commit : {std::size_t{1024}, std::size_t{4096}}) {
    const std::string name = "commits of " + std::to_string(commit);
    const Run bare = baseline(options, events, commit);
    const Appended behind = append_all(options, events, commit, false);
    figures.add(name + ", index behind", with_bytes(json_of(behind.run, bare, "events_per_second"), behind, false));
    const Appended caught_up = append_all(options, events, commit, true);
    figures.add(name + ", index caught up within the time",
                with_bytes(json_of(caught_up.run, bare, "events_per_second"), caught_up, true));
  }
  figures.finish();
  return 0;
}

}  // namespace jangbu::bench
