#include "api/routes.h"

#include <algorithm>

#include "api/problem.h"
#include "schemas/invariant.h"

namespace jangbu::api {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);  // it begins with a slash: wire.cc has seen to it
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }
bool takes_rest(std::string_view segment) { return segment.ends_with("...}"); }

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size()) return false;
    if (takes_rest(pattern[i])) return !path[i].empty();
    if (is_capture(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return pattern.size() == path.size();
}

}  // namespace

Routes::Routes(std::vector<Route> routes) : routes_(std::move(routes)) {
  // Those without captures first, else in the order given.
  std::stable_sort(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) {
    return (a.pattern.find('{') == std::string::npos) > (b.pattern.find('{') == std::string::npos);
  });
  for (const Route& route : routes_) {
    JANGBU_INVARIANT(route.pattern.starts_with('/') && route.handler, route.pattern);
    for (const Route& other : routes_) {
      JANGBU_INVARIANT(&other == &route || other.method != route.method || other.pattern != route.pattern,
                       route.pattern);
    }
    std::vector<std::string> segments;
    for (const std::string_view segment : split(route.pattern)) segments.emplace_back(segment);
    segments_.push_back(std::move(segments));
  }
}

Result<RouteMatch> Routes::find(Method method, std::string_view path) const {
  const std::vector<std::string_view> segments = split(path);
  const Method wanted = method == Method::head ? Method::get : method;
  std::string allow;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!matches(segments_[i], segments)) continue;
    const Route& route = routes_[i];
    if (route.method != wanted) {
      if (!allow.empty()) allow += ", ";
      allow += name(route.method);
      if (route.method == Method::get) allow += ", HEAD";
      continue;
    }
    RouteMatch match;
    match.route = &route;
    for (std::size_t s = 0; s < segments_[i].size(); ++s) {
      if (!is_capture(segments_[i][s])) continue;
      const std::string_view raw = takes_rest(segments_[i][s])
                                       ? path.substr(static_cast<std::size_t>(segments[s].data() - path.data()))
                                       : segments[s];
      auto decoded = percent_decode(raw, false);
      if (!decoded) return tl::unexpected(decoded.error());
      match.captures.push_back(std::move(*decoded));
    }
    return match;
  }
  if (allow.empty()) return fail(Code::not_found, "", "no such path; /openapi.json lists all");
  return fail(Code::method_not_allowed, allow, "the path takes " + allow);
}

Response refusal(const Error& error) {
  if (error.code != Code::method_not_allowed) return problem(error);
  Response response = problem(Error{error.code, "", error.what});
  response.with("allow", error.where);
  return response;
}

Handler at_once(std::function<Response(const Request&)> answer) {
  return [answer = std::move(answer)](const ExchangePtr& exchange) { exchange->respond(answer(exchange->request())); };
}

}  // namespace jangbu::api
