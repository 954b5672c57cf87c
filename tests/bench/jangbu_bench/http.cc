// HTTP intake: single events with their receipts over 64 and 512 keep-alive connections, and NDJSON streams. The client
// is in this process and shares its cores.
#include <thread>

#include "api/http_metrics.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/service.h"
#include "tests/bench/jangbu_bench/bench.h"
#include "tests/bench/jangbu_bench/client.h"

namespace jangbu::bench {
namespace {

// A served node without projections: intake and ledger alone.
class Served {
 public:
  explicit Served(const BenchSpace& space) : node_(space.open(4096)) {
    service_ = std::make_unique<api::Service>(api::Service{*node_, BenchSpace::clock(), nullptr});
    api::ServerOptions options;
    routes_ = std::make_unique<api::Routes>(api::make_routes(*service_, options.workers));
    server_ = value_of(api::Server::listen(options, *routes_, BenchSpace::clock(),
                                           [](const api::Route*, int, std::chrono::microseconds) {}));
    writer_ = std::jthread([this](const std::stop_token& stop) { value_of(node_->run_writer(stop)); });
    for (std::size_t i = 0; i < server_->workers(); ++i) {
      workers_.emplace_back([this, i] { server_->run(i); });
    }
  }
  ~Served() {
    server_->stop();
    workers_.clear();
    writer_.request_stop();
    writer_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] const Node& node() const { return *node_; }

 private:
  std::unique_ptr<Node> node_;
  std::unique_ptr<api::Service> service_;
  std::unique_ptr<api::Routes> routes_;
  std::unique_ptr<api::Server> server_;
  std::jthread writer_;
  std::vector<std::jthread> workers_;
};

std::int64_t time_of(std::uint64_t number) {
  return kYearStartMs + static_cast<std::int64_t>(number % 31'000'000) * 1000;
}

}  // namespace

int http(const Options& options) {
  const std::uint64_t total = options.entries != 0 ? options.entries : options.tiny ? 500 : 150'000;
  Figures figures(options, total);
  const EventMaker maker(options.seed);
  const BenchSpace space(options);
  const Served served(space);
  std::uint64_t first = 0;
  for (const std::size_t connections : {std::size_t{64}, std::size_t{512}}) {
    std::vector<std::string> events;
    events.reserve(total);
    for (std::uint64_t i = 0; i < total; ++i) events.push_back(maker.accessed(first + i, time_of(first + i)));
    first += total;
    const std::string head =
        "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/cloudevents+json\r\n"
        "Content-Length: " +
        std::to_string(kEventBytes) + "\r\n\r\n";
    const Node::Metrics before = served.node().metrics();
    LoadResult load =
        run_load(served.port(), connections, total, [&](std::uint64_t number) { return head + events[number]; });
    const Node::Metrics after = served.node().metrics();
    figures.add(
        "single events with receipt, " + std::to_string(connections) + " connections",
        Json{{"events_per_second", rounded(static_cast<double>(total) / load.seconds, 1)},
             {"p50_ms", rounded(quantile(load.times_ms, 500), 3)},
             {"p99_ms", rounded(quantile(load.times_ms, 990), 3)},
             {"p999_ms", rounded(quantile(load.times_ms, 999), 3)},
             {"not_201", load.other_status},
             {"events_a_commit", rounded(static_cast<double>(total) / static_cast<double>(std::max<std::uint64_t>(
                                                                          after.commits - before.commits, 1)),
                                         1)},
             {"answer_bytes", rounded(static_cast<double>(load.bytes_in) / static_cast<double>(total), 1)}});
  }
  for (const std::size_t streams : {std::size_t{1}, std::size_t{4}}) {
    std::vector<std::string> bodies(streams);
    for (std::uint64_t i = 0; i < total; ++i) {
      bodies[i % streams].append(maker.accessed(first + i, time_of(first + i))).append("\n");
    }
    first += total;
    const StreamResult result = run_streams(served.port(), bodies);
    figures.add("NDJSON, " + std::to_string(streams) + (streams == 1 ? " stream" : " streams"),
                Json{{"events_per_second", rounded(static_cast<double>(total) / result.seconds, 1)},
                     {"result_lines", result.lines},
                     {"accepted", result.accepted}});
  }
  figures.finish();
  return 0;
}

}  // namespace jangbu::bench
