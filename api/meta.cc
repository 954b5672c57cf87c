// What the server says about itself and needs no ledger for: that it lives, what it offers, what its problems mean.
#include "api/entry_json.h"
#include "api/openapi.h"
#include "api/problem.h"
#include "api/service.h"

namespace jangbu::api {
namespace {

Response live(const Request&) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "alive\n";
  return response;
}

Response problem_page(const Request& request) {
  const auto document = problem_document(request.captures[0]);
  if (!document) return problem(Error{Code::not_found, "", "no problem of that name"});
  Response response;
  response.content_type = "application/json";
  response.body = *document;
  response.with("cache-control", "public, max-age=3600");
  return response;
}

Response openapi(const Request&) {
  static const std::string etag = etag_of(openapi_files().front().bytes);
  Response response;
  response.content_type = "application/json";
  response.body = std::string(openapi_files().front().bytes);
  response.with("etag", etag).with("cache-control", "public, max-age=60");
  return response;
}

}  // namespace

void add_meta_routes(std::vector<Route>& routes) {
  routes.push_back({Method::get, "/livez", BodyMode::none, 0, "The process answers", at_once(live)});
  routes.push_back(
      {Method::get, "/openapi.json", BodyMode::none, 0, "The API's description, OpenAPI 3.1", at_once(openapi)});
  routes.push_back(
      {Method::get, "/problems/{name}", BodyMode::none, 0, "What a problem's type means", at_once(problem_page)});
}

}  // namespace jangbu::api
