#include "api/http_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "api/standing.h"
#include "api/troubles.h"

namespace jangbu::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Seconds; around the goals for single events (8 ms) and streams.
constexpr std::array kBuckets = {0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.03,
                                 0.06,   0.125, 0.25,  0.5,   1.0,   5.0,   30.0};
constexpr std::array<const char*, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};

MetricFamily family(const char* name, const char* help, MetricType type) {
  MetricFamily made;
  made.name = name;
  made.help = help;
  made.type = type;
  return made;
}

void add(std::vector<MetricFamily>& out, const char* name, const char* help, MetricType type, double value) {
  out.push_back(family(name, help, type));
  ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  out.back().metric.push_back(std::move(metric));
}

double number(std::uint64_t value) { return static_cast<double>(value); }
double in_seconds(std::int64_t milliseconds) { return static_cast<double>(milliseconds) / 1e3; }

// Gauges of one name, told apart by one label.
struct Labelled {
  Labelled(const char* name, const char* help, const char* its_label)
      : family(api::family(name, help, MetricType::Gauge)), label(its_label) {}
  void add(const std::string& of, double value) {
    ClientMetric metric;
    metric.label = {{label, of}};
    metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
  }
  MetricFamily family;
  const char* label;
};

void add_checks(std::vector<MetricFamily>& out, const std::vector<CheckStanding>& checks, std::int64_t now_ms) {
  Labelled lag("jangbu_check_lag_entries", "Released entries that a check has not folded", "check");
  Labelled age("jangbu_check_tick_age_seconds", "Since the last tick that a check has folded", "check");
  Labelled outbox("jangbu_check_outbox", "Conclusions that are not ledgered yet", "check");
  for (const CheckStanding& check : checks) {
    lag.add(check.check, number(check.lag_entries));
    if (check.last_tick) age.add(check.check, in_seconds(now_ms - check.last_tick->milliseconds()));
    outbox.add(check.check, number(check.outbox));
  }
  for (Labelled* each : {&lag, &age, &outbox}) out.push_back(std::move(each->family));
}

void add_standings(std::vector<MetricFamily>& out, const Standings& standings, std::int64_t now_ms) {
  add_checks(out, standings.checks(), now_ms);
  const auto kafka = standings.kafka();
  if (!kafka) return;
  add(out, "jangbu_kafka_connected", "1: a broker answers", MetricType::Gauge, kafka->connected ? 1 : 0);
  add(out, "jangbu_kafka_queued", "Records published and not acknowledged yet", MetricType::Gauge,
      number(kafka->queued));
  Labelled followed("jangbu_kafka_followed", "1: the ledger's topic is read", "ledger");
  Labelled records("jangbu_kafka_lag_records", "Records of the topic that the node has not read", "ledger");
  Labelled age("jangbu_kafka_lag_seconds", "Age, at most, of the oldest of them; 0: there is none", "ledger");
  for (const KafkaFollower::State& topic : kafka->topics) {
    const std::string& ledger = topic.ledger.text();
    followed.add(ledger, topic.followed ? 1 : 0);
    if (const auto lag = topic.lag_records()) records.add(ledger, number(*lag));
    if (const auto lag = topic.lag_ms(now_ms)) age.add(ledger, in_seconds(*lag));
  }
  for (Labelled* each : {&followed, &records, &age}) out.push_back(std::move(each->family));
}

// The usual names, so that boards made for any process show them.
void add_process(std::vector<MetricFamily>& out) {
  std::uint64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  add(out, "process_resident_memory_bytes", "Resident memory", MetricType::Gauge,
      number(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (error) return;
  add(out, "process_open_fds", "Open file descriptors", MetricType::Gauge,
      static_cast<double>(std::distance(begin(descriptors), end(descriptors)) - 1));
}

}  // namespace

struct HttpMetrics::Row {
  std::array<std::atomic<std::uint64_t>, kClasses.size()> by_class{};
  std::array<std::atomic<std::uint64_t>, kBuckets.size() + 1> by_time{};
  std::atomic<std::uint64_t> time_us{0};
};

HttpMetrics::HttpMetrics() { rows_[nullptr] = std::make_unique<Row>(); }
HttpMetrics::~HttpMetrics() = default;

void HttpMetrics::attach(const Routes& routes) {
  for (const Route& route : routes.all()) rows_[&route] = std::make_unique<Row>();
}

void HttpMetrics::attach(std::function<Server::Counters()> server) { server_ = std::move(server); }

void HttpMetrics::observe(const Route* route, int status, std::chrono::microseconds taken) {
  const auto at = rows_.find(route);
  if (at == rows_.end()) return;
  Row& row = *at->second;
  const auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
  row.by_class[status_class].fetch_add(1, std::memory_order_relaxed);
  std::size_t bucket = 0;
  const double seconds = std::chrono::duration<double>(taken).count();
  while (bucket < kBuckets.size() && seconds > kBuckets[bucket]) ++bucket;
  row.by_time[bucket].fetch_add(1, std::memory_order_relaxed);
  row.time_us.fetch_add(static_cast<std::uint64_t>(taken.count()), std::memory_order_relaxed);
}

std::string HttpMetrics::text(const Service& service, std::optional<std::uint64_t> index_lag) const {
  const Node& node = service.node;
  std::vector<MetricFamily> out;
  MetricFamily answers =
      family("jangbu_http_responses_total", "Answers by route and status class", MetricType::Counter);
  MetricFamily times =
      family("jangbu_http_response_seconds", "From a request's first byte to its answer's head", MetricType::Histogram);
  for (const auto& [route, row] : rows_) {
    const std::string method(route == nullptr ? std::string_view("none") : name(route->method));
    const std::string pattern = route == nullptr ? "none" : route->pattern;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < kClasses.size(); ++i) {
      const std::uint64_t count = row->by_class[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      total += count;
      ClientMetric metric;
      metric.label = {{"method", method}, {"route", pattern}, {"status", kClasses[i]}};
      metric.counter.value = number(count);
      answers.metric.push_back(std::move(metric));
    }
    if (total == 0) continue;
    ClientMetric metric;
    metric.label = {{"method", method}, {"route", pattern}};
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < kBuckets.size(); ++i) {
      so_far += row->by_time[i].load(std::memory_order_relaxed);
      metric.histogram.bucket.push_back({so_far, kBuckets[i]});
    }
    metric.histogram.sample_count = so_far + row->by_time.back().load(std::memory_order_relaxed);
    metric.histogram.sample_sum = number(row->time_us.load(std::memory_order_relaxed)) / 1e6;
    times.metric.push_back(std::move(metric));
  }
  out.push_back(std::move(answers));
  out.push_back(std::move(times));
  if (server_) {
    const Server::Counters server = server_();
    add(out, "jangbu_http_connections", "Connections open", MetricType::Gauge, number(server.connections_open));
    add(out, "jangbu_http_connections_total", "Connections accepted", MetricType::Counter,
        number(server.connections_total));
    add(out, "jangbu_http_connections_refused_total", "Connections above the cap", MetricType::Counter,
        number(server.connections_refused));
    add(out, "jangbu_http_time_outs_total", "Connections cut for being slow", MetricType::Counter,
        number(server.time_outs));
    add(out, "jangbu_http_malformed_total", "Requests refused before a route", MetricType::Counter,
        number(server.malformed));
  }
  const Node::Metrics counts = node.metrics();
  add(out, "jangbu_commits_total", "Synced commits", MetricType::Counter, number(counts.commits));
  add(out, "jangbu_entries_total", "Entries appended", MetricType::Counter, number(counts.entries));
  add(out, "jangbu_rejected_total", "Rejected entries appended", MetricType::Counter, number(counts.rejected));
  add(out, "jangbu_duplicates_total", "Records that were there before", MetricType::Counter, number(counts.duplicates));
  add(out, "jangbu_conflicts_total", "Records with a known source and id and other content", MetricType::Counter,
      number(counts.conflicts));
  add(out, "jangbu_queued", "Records waiting for a commit", MetricType::Gauge, number(counts.queued));
  add(out, "jangbu_commit_seconds_total", "Time spent in commits", MetricType::Counter,
      number(counts.commit_time_us_total) / 1e6);
  add(out, "jangbu_sync_seconds_total", "Of that, in syncs", MetricType::Counter,
      number(counts.sync_time_us_total) / 1e6);
  add(out, "jangbu_disk_free_bytes", "Free space where the node's directory is", MetricType::Gauge,
      number(counts.disk_free_bytes));
  add(out, "jangbu_writing", "1: the node takes records", MetricType::Gauge, node.not_writing() ? 0 : 1);
  if (index_lag) {
    add(out, "jangbu_index_lag_entries", "Entries that the projections have not reached", MetricType::Gauge,
        number(*index_lag));
  }
  if (service.troubles != nullptr) {
    add(out, "jangbu_alarms_total", "Ledgered conclusions that are not what the checks compute", MetricType::Counter,
        number(service.troubles->alarms()));
    add(out, "jangbu_troubles", "Parts of the node that stand still or wait; /readyz names them", MetricType::Gauge,
        number(service.troubles->all().size()));
  }
  Labelled sizes("jangbu_ledger_size", "Entries of a ledger", "ledger");
  Labelled signed_sizes(
      "jangbu_ledger_signed_size",
      "Size of the newest checkpoint: less where the node follows the ledger and its signer is behind", "ledger");
  for (const LedgerView& view : node.views()) {
    sizes.add(view.info().id.text(), number(view.size().value()));
    signed_sizes.add(view.info().id.text(), number(view.checkpoint_size().value()));
  }
  Labelled stopped("jangbu_ledger_stopped", "1: the ledger takes nothing until its operator has decided", "ledger");
  for (const LedgerId& ledger : node.ledgers()) stopped.add(ledger.text(), node.ledger_stopped(ledger) ? 1 : 0);
  out.push_back(std::move(sizes.family));
  out.push_back(std::move(signed_sizes.family));
  out.push_back(std::move(stopped.family));
  if (service.standings != nullptr) add_standings(out, *service.standings, service.clock.wall_milliseconds());
  add_process(out);
  return prometheus::TextSerializer().Serialize(out);
}

}  // namespace jangbu::api
