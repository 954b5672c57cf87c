// /readyz and /metrics: does this node do its work, and how much.
#include <nlohmann/json.hpp>

#include "api/fhir_routes.h"
#include "api/http_metrics.h"
#include "api/problem.h"
#include "api/service.h"
#include "api/standing.h"
#include "api/troubles.h"
#include "consumers/projections/projector.h"

namespace jangbu::api {
namespace {

using Json = nlohmann::ordered_json;

// How many entries the projections have not reached.
std::optional<std::uint64_t> index_lag(const Service& service) {
  if (service.projections == nullptr) return std::nullopt;
  return consumers::lag(*service.projections, consumers::sources_of(service.node.views()));
}

// Everything that stands still or waits while the rest goes on.
Json troubles_json(const Service& service, const std::optional<KafkaStanding>& kafka) {
  Json rows = Json::array();
  const auto add = [&rows](const std::string& part, const Error& why) {
    rows.push_back({{"part", part}, {"code", info(why.code).name}, {"detail", to_string(why)}});
  };
  if (service.troubles != nullptr) {
    for (const auto& [part, why] : service.troubles->all()) add(part, why);
  }
  for (const LedgerId& ledger : service.node.ledgers()) {
    if (const auto why = service.node.ledger_stopped(ledger)) add("ledger " + ledger.text(), *why);
  }
  if (!kafka) return rows;
  for (const auto& [topic, why] : kafka->strangers) add("topic " + topic, why);
  for (const KafkaFollower::State& topic : kafka->topics) {
    if (topic.trouble && !service.node.ledger_stopped(topic.ledger))
      add("topic of " + topic.ledger.text(), *topic.trouble);
  }
  return rows;
}

Json kafka_json(const KafkaStanding& kafka, std::int64_t now_ms) {
  Json topics = Json::array();
  for (const KafkaFollower::State& topic : kafka.topics) {
    Json row{{"ledger", topic.ledger.text()},
             {"followed", topic.followed},
             {"generation", topic.generation.value()},
             {"next_offset", topic.next.value()}};
    if (const auto lag = topic.lag_records()) row["lag_records"] = *lag;
    if (const auto lag = topic.lag_ms(now_ms)) row["lag_seconds"] = static_cast<double>(*lag) / 1000;
    topics.push_back(std::move(row));
  }
  return {{"connected", kafka.connected}, {"queued", kafka.queued}, {"topics", std::move(topics)}};
}

Json checks_json(const Standings& standings, std::int64_t now_ms) {
  Json rows = Json::array();
  for (const CheckStanding& check : standings.checks()) {
    Json row{{"check", check.check}, {"lag_entries", check.lag_entries}, {"outbox", check.outbox}};
    if (check.last_tick) {
      row["last_tick"] = to_string(*check.last_tick);
      row["tick_age_seconds"] = static_cast<double>(now_ms - check.last_tick->milliseconds()) / 1000;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// A node that takes no events answers 503 and a problem; all else that is known stands in either answer.
Response ready(const Service& service) {
  const std::int64_t now_ms = service.clock.wall_milliseconds();
  const auto kafka = service.standings != nullptr ? service.standings->kafka() : std::nullopt;
  auto why = service.node.not_writing();
  if (!why && kafka && !kafka->connected) why = Error{Code::kafka_unreachable, "", "no broker answers at present"};
  Response response;
  response.content_type = "application/json";
  Json body = Json::object();
  if (why) {
    response = problem(*why);
    response.status = 503;
    body = Json::parse(response.body);
  }
  body["ready"] = !why;
  body["space"] = service.node.space();
  body["authentication"] = "none";
  // Far behind is no reason to take nothing: searches say themselves how far they reach.
  if (const auto lag = index_lag(service)) body["index_lag"] = *lag;
  if (service.troubles != nullptr) body["alarms"] = service.troubles->alarms();
  body["troubles"] = troubles_json(service, kafka);
  if (service.standings != nullptr) body["checks"] = checks_json(*service.standings, now_ms);
  if (kafka) body["kafka"] = kafka_json(*kafka, now_ms);
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

}  // namespace

void add_health_routes(const Service& service, std::vector<Route>& routes) {
  routes.push_back({Method::get, "/readyz", BodyMode::none, 0, "The node takes events",
                    at_once([service](const Request&) { return ready(service); })});
  if (service.metrics == nullptr) return;
  routes.push_back({Method::get, "/metrics", BodyMode::none, 0, "Counters, in Prometheus' text form",
                    at_once([service](const Request&) {
                      Response response;
                      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                      response.body = service.metrics->text(service, index_lag(service));
                      return response;
                    })});
}

std::vector<Route> make_routes(const Service& service, std::size_t workers) {
  std::vector<Route> routes;
  add_meta_routes(routes);
  add_health_routes(service, routes);
  add_intake_routes(service, workers, routes);
  static const PseudonymKeys kNone;
  add_fhir_routes(service, service.pseudonym_keys != nullptr ? *service.pseudonym_keys : kNone, workers, routes);
  add_ledger_routes(service, routes);
  add_proof_routes(service, routes);
  add_search_routes(service, routes);
  add_finding_routes(service, routes);
  add_report_routes(service, routes);
  return routes;
}

}  // namespace jangbu::api
