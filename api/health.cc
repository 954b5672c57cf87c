// /readyz and /metrics: does this node do its work, and how much.
#include <nlohmann/json.hpp>

#include "api/fhir_routes.h"
#include "api/http_metrics.h"
#include "api/problem.h"
#include "api/service.h"
#include "api/troubles.h"
#include "consumers/projections/projector.h"

namespace jangbu::api {
namespace {

// How many entries the projections have not reached.
std::optional<std::uint64_t> index_lag(const Service& service) {
  if (service.projections == nullptr) return std::nullopt;
  return consumers::lag(*service.projections, consumers::sources_of(service.node.views()));
}

Response ready(const Service& service) {
  Response response;
  response.content_type = "application/json";
  const auto why = service.node.not_writing();
  if (why) {
    response = problem(*why);
    response.status = 503;
    return response;
  }
  response.body = R"({"ready":true,"space":")" + service.node.space() + R"(","authentication":"none")";
  // Far behind is no reason to take nothing: searches say themselves how far they reach.
  if (const auto lag = index_lag(service)) response.body += R"(,"index_lag":)" + std::to_string(*lag);
  if (service.troubles != nullptr) {
    response.body += R"(,"alarms":)" + std::to_string(service.troubles->alarms()) + R"(,"troubles":[)";
    for (const auto& [part, trouble] : service.troubles->all()) {
      if (response.body.back() != '[') response.body += ',';
      const nlohmann::ordered_json row{
          {"part", part}, {"code", info(trouble.code).name}, {"detail", to_string(trouble)}};
      response.body += row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    }
    response.body += ']';
  }
  response.body += '}';
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
                      response.body = service.metrics->text(service.node, index_lag(service), service.troubles);
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
