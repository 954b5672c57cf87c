#include "api/http_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

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

std::string HttpMetrics::text(const Node& node, std::optional<std::uint64_t> index_lag,
                              const Troubles* troubles) const {
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
  if (troubles != nullptr) {
    add(out, "jangbu_alarms_total", "Ledgered conclusions that are not what the checks compute", MetricType::Counter,
        number(troubles->alarms()));
    add(out, "jangbu_troubles", "Parts of the node that stand still or wait; /readyz names them", MetricType::Gauge,
        number(troubles->all().size()));
  }
  MetricFamily sizes = family("jangbu_ledger_size", "Entries of a ledger", MetricType::Gauge);
  for (const LedgerView& view : node.views()) {
    ClientMetric metric;
    metric.label = {{"ledger", view.info().id.text()}};
    metric.gauge.value = number(view.size().value());
    sizes.metric.push_back(std::move(metric));
  }
  out.push_back(std::move(sizes));
  return prometheus::TextSerializer().Serialize(out);
}

}  // namespace jangbu::api
