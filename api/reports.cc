// GET /v1/reports/{from}/{to}: the annual performance report over any period, as JSON or CSV.
#include "api/entry_json.h"
#include "api/problem.h"
#include "api/projected.h"
#include "consumers/projections/annual.h"

namespace jangbu::api {
namespace {

// A report is kept and passed on: its digest travels with it (RFC 9530).
std::string content_digest(std::string_view body) { return "sha-256=:" + to_base64(sha256(body).view()) + ":"; }

Response report(const Projected& projected, const Request& request) {
  auto query = Query::parse(request.query);
  if (!query) return problem(query.error());
  const auto format = query->text("format");
  if (auto rest = query->finish(); !rest) return problem(rest.error());
  if (format && *format != "json" && *format != "csv") {
    return problem(Error{Code::bad_parameter, "format", "json or csv"});
  }
  auto type = accepted(request.header("accept"), {"application/json", "text/csv"});
  if (format) type = *format == "csv" ? 1 : 0;
  if (!type) return problem(Error{Code::not_acceptable, "", "a report is application/json or text/csv"});
  const auto made =
      consumers::annual_report(*projected.store, projected.node.types(), consumers::sources_of(projected.node.views()),
                               request.captures[0], request.captures[1]);
  if (!made) {
    Error error = made.error();
    // The pointers are this path's segments.
    if (error.code == Code::bad_query) {
      error =
          Error{Code::bad_parameter, error.where.starts_with('/') ? error.where.substr(1) : error.where, error.what};
    }
    return problem(error);
  }
  Response response;
  response.body = *type == 0 ? consumers::to_json(*made) : consumers::to_csv(*made);
  response.content_type =
      *type == 0 ? std::string_view("application/json") : std::string_view("text/csv; charset=utf-8");
  response.with("etag", etag_of(response.body)).with("vary", "accept");
  response.with("content-digest", content_digest(response.body));
  return response;
}

}  // namespace

void add_report_routes(const Service& service, std::vector<Route>& routes) {
  routes.push_back({Method::get, "/v1/reports/{from}/{to}", BodyMode::none, 0, "The annual performance report",
                    slowly_when_projected(service, report)});
}

}  // namespace jangbu::api
