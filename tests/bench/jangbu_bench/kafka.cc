// On Kafka, with the broker on the same machine: a filled topic into the ledger, beside kcat consuming the same topic
// to nowhere; and, at 2,000 events a second, from the producer's call to the receipt. The node is embedded in this
// process as in a served one (tools/kafka_service.h), without API, checks and index.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include "ledger/kafka_record.h"
#include "tests/bench/jangbu_bench/bench.h"
#include "tools/kafka_service.h"
#include "tools/new_topics.h"

namespace jangbu::bench {
namespace {

constexpr std::uint64_t kReceiptsPerSecond = 2'000;

// The topics of the bench's own space, gone with it.
class Topics {
 public:
  Topics(const KafkaSettings& settings, const BenchSpace& space, const std::string& name) : settings_(settings) {
    const auto node = space.open(1);
    const auto nobody = [](const std::filesystem::path&) { return std::optional<std::string>(); };
    const SigningKey coordinator =
        value_of(read_signing_key(space_key_path(space.directory(), KeyUse::coordinator), nobody));
    tools::NewTopicsOptions making;
    making.settings = settings;
    making.ledgers = node->ledgers();
    making.coordinator = &coordinator;
    making.now = Timestamp::from_milliseconds(BenchSpace::clock().wall_milliseconds());
    for (const tools::NewTopic& made : value_of(tools::create_topics(*node, making))) names_.push_back(made.topic);
    patients_ = topic_prefix(name) + space.patients().text();
  }
  ~Topics() {
    const auto admin = KafkaAdmin::open(settings_, std::chrono::seconds(10));
    for (const std::string& name : names_) {
      if (admin) (void)(*admin)->delete_topic(name);
    }
  }
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;
  [[nodiscard]] const std::string& patients() const { return patients_; }

 private:
  KafkaSettings settings_;
  std::vector<std::string> names_;
  std::string patients_;
};

// Seconds until the last record is acknowledged.
double fill(const KafkaSettings& settings, const std::string& topic, std::uint64_t count, const EventMaker& maker) {
  const auto producer = value_of(KafkaProducer::open(settings, KafkaProducer::Options()));
  const std::vector<KafkaHeader> headers = topic_headers(std::nullopt);
  std::uint64_t delivered = 0;
  const auto start = SteadyClock::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string event = maker.accessed(i, kYearStartMs);
    const auto count_one = [&delivered](const Result<KafkaDelivery>& delivery) {
      if (!delivery) die(delivery.error());
      ++delivered;
    };
    while (!producer->publish(topic, event, headers, count_one)) producer->serve(std::chrono::milliseconds(1));
  }
  while (delivered < count) producer->serve(std::chrono::milliseconds(5));
  return seconds_since(start);
}

// kcat reads the same records and drops them; nullopt: it is not here, or could not.
std::optional<double> kcat(const Options& options, const std::string& topic, std::uint64_t count) {
  const std::string connection = (std::filesystem::exists(options.kafka) ? "-F '" : "-b '") + options.kafka + "'";
  const std::string command = "kcat " + connection + " -C -q -e -t '" + topic + "' -p 0 -o beginning -c " +
                              std::to_string(count) + " >/dev/null 2>&1";
  const auto start = SteadyClock::now();
  if (std::system(command.c_str()) != 0) return std::nullopt;
  return seconds_since(start);
}

// A node's writer and Kafka ends, in threads of their own.
class Serving {
 public:
  Serving(const BenchSpace& space, const KafkaSettings& settings)
      : node_(space.open(4096)),
        writer_([this](const std::stop_token& stop) {
          const auto ended = node_->run_writer(stop);
          if (!ended) die(ended.error());
        }),
        service_(value_of(tools::KafkaService::open(*node_, settings, BenchSpace::clock(), space.directory(), {},
                                                    [](const Error& error) { die(error); }))) {}
  ~Serving() {
    service_.reset();
    writer_.request_stop();
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  [[nodiscard]] Node& node() { return *node_; }
  [[nodiscard]] std::uint64_t size(const LedgerId& ledger) const {
    return value_of(node_->view(ledger)).size().value();
  }

 private:
  std::unique_ptr<Node> node_;
  std::jthread writer_;
  std::unique_ptr<tools::KafkaService> service_;
};

// Milliseconds from the call to the receipt, at a steady rate, whatever the answers do.
std::vector<double> receipts(Node& node, const LedgerId& ledger, std::uint64_t first, std::uint64_t count,
                             const EventMaker& maker) {
  std::mutex mutex;
  std::vector<double> times_ms;
  std::atomic<std::uint64_t> answered = 0;
  const auto start = SteadyClock::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    std::this_thread::sleep_until(start + std::chrono::microseconds(1'000'000 / kReceiptsPerSecond * i));
    Submission submission{ledger, maker.accessed(first + i, kYearStartMs), std::nullopt, false};
    const auto began = SteadyClock::now();
    value_of(node.submit(std::move(submission), [&, began](const Result<Placement>& placed) {
      if (!placed) die(placed.error());
      const std::lock_guard lock(mutex);
      times_ms.push_back(seconds_since(began) * 1000);
      ++answered;
    }));
  }
  while (answered < count) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::lock_guard lock(mutex);
  return times_ms;
}

}  // namespace

int kafka(const Options& options) {
  if (options.kafka.empty()) die(Error{Code::bad_usage, "--kafka", "kafka needs a broker"});
  const std::uint64_t count = options.tiny ? 2'000 : options.entries != 0 ? options.entries : 500'000;
  const std::uint64_t waited = options.tiny ? 500 : 10 * kReceiptsPerSecond;
  const KafkaSettings settings = value_of(parse_kafka_settings(options.kafka));
  const std::string name = "bench" + std::to_string(std::random_device()());
  const BenchSpace space(options, name);
  const EventMaker maker(options.seed);
  Figures figures(options, count);
  const Topics topics(settings, space, name);

  const double filling = fill(settings, topics.patients(), count, maker);
  figures.add("produce", Json{{"events_per_second", rounded(static_cast<double>(count) / filling, 1)}});
  const auto bare = kcat(options, topics.patients(), count);

  const std::uint64_t had = value_of(space.open(1)->view(space.patients())).size().value();
  const auto start = SteadyClock::now();
  Serving serving(space, settings);
  // What the ledger had before, ledger.moved, and the events.
  while (serving.size(space.patients()) < had + 1 + count) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const double rate = static_cast<double>(count) / seconds_since(start);
  Json followed{{"events_per_second", rounded(rate, 1)}};
  if (bare) {
    followed["kcat_to_nowhere"] = rounded(static_cast<double>(count) / *bare, 1);
    followed["ratio"] = rounded(rate * *bare / static_cast<double>(count), 3);
  }
  followed["peak_memory_mib"] = rounded(peak_memory_mib(), 1);
  figures.add("topic to ledger", followed);

  // What the filling left to be written back, by the broker's machine and by the database, is not the receipts' matter.
  if (!options.tiny) std::this_thread::sleep_for(std::chrono::seconds(10));
  std::vector<double> times_ms = receipts(serving.node(), space.patients(), count, waited, maker);
  const double p50 = quantile(times_ms, 500), p99 = quantile(times_ms, 990);
  figures.add("producer to receipt", Json{{"events_per_second", kReceiptsPerSecond},
                                          {"p50_ms", rounded(p50, 2)},
                                          {"p99_ms", rounded(p99, 2)},
                                          {"max_ms", rounded(times_ms.back(), 2)}});
  figures.finish();
  return 0;
}

}  // namespace jangbu::bench
