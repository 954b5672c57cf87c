// Routes: the one table of what the server answers. The server looks a request's route up before it reads the body (for
// its limits), then calls the handler; 404, 405 with Allow, and HEAD beside every GET come from the table. A test holds
// the published OpenAPI document against it. Immutable once built: any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "schemas/error.h"

namespace jangbu::api {

enum class BodyMode : std::uint8_t {
  none,      // Content-Length of more than 0 is refused
  whole,     // read before the handler is called; at most body_bytes_max
  streamed,  // the handler reads it by Exchange::read_body(); of any length unless it says otherwise
};

struct BodyPlan {
  BodyMode mode = BodyMode::none;
  std::size_t bytes_max = 0;
};

struct Route {
  Method method = Method::get;
  std::string pattern;  // "/v1/ledgers/{ledger}/entries"; a last segment "{rest...}" takes everything
  BodyMode body = BodyMode::none;
  std::size_t body_bytes_max = 0;
  std::string summary;
  Handler handler;
  // Where the two above depend on the request's head (its media type).
  std::function<BodyPlan(const Request&)> body_plan = nullptr;
};

struct RouteMatch {
  const Route* route = nullptr;
  std::vector<std::string> captures;
};

class Routes {
 public:
  // Asserts that no two routes have the same method and pattern.
  explicit Routes(std::vector<Route> routes);

  // Errors: not_found; method_not_allowed (`where` is then the Allow field's value); bad_request (a segment's
  // encoding). A pattern without captures goes before one with them.
  [[nodiscard]] Result<RouteMatch> find(Method method, std::string_view path) const;
  [[nodiscard]] std::span<const Route> all() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> segments_;  // of each route's pattern
};

// The answer to what find() refuses: a problem, with Allow.
[[nodiscard]] Response refusal(const Error& error);
// A handler that answers at once.
[[nodiscard]] Handler at_once(std::function<Response(const Request&)> answer);

}  // namespace jangbu::api
