// What the server says about itself and needs no ledger for: that it lives, and what its problems mean.
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

}  // namespace

void add_meta_routes(std::vector<Route>& routes) {
  routes.push_back({Method::get, "/livez", BodyMode::none, 0, "The process answers", at_once(live)});
  routes.push_back(
      {Method::get, "/problems/{name}", BodyMode::none, 0, "What a problem's type means", at_once(problem_page)});
}

}  // namespace jangbu::api
