// The HTTP head as the server reads it: head_end() and parse_head() over any bytes, as often as requests stand behind
// one another. What is accepted must be framed in one way only.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/routes.h"
#include "api/wire.h"

namespace jangbu::api {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t count_fields(const Request& request, std::string_view name) {
  std::size_t count = 0;
  for (const HeaderField& field : request.headers) count += equals_ignoring_case(field.name, name) ? 1 : 0;
  return count;
}

bool within(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check(std::string_view bytes) {
  static const Routes routes({{Method::get, "/v1/ledgers/{ledger}/entries/{sequence}", BodyMode::none, 0, "",
                               at_once([](const Request&) { return Response(); })},
                              {Method::get, "/ledgers/{ledger}/tile/{path...}", BodyMode::none, 0, "",
                               at_once([](const Request&) { return Response(); })}});
  for (int requests = 0; requests < 16; ++requests) {
    std::size_t scanned = 0;
    const auto end = head_end(bytes, scanned);
    // In single steps it comes to the same.
    std::size_t stepwise = 0;
    Result<std::size_t> step = std::size_t{0};
    for (std::size_t size = 1; size <= bytes.size() && step && *step == 0; ++size) {
      step = head_end(bytes.substr(0, size), stepwise);
    }
    require(step.has_value() == end.has_value() && (!end || *step == *end));
    if (!end || *end == 0) return;
    const std::string head(bytes.substr(0, *end));
    Request request;
    const auto parsed = parse_head(head, request);
    if (!parsed) return;
    require(count_fields(request, "host") == 1);
    require(count_fields(request, "transfer-encoding") == 0);
    require(count_fields(request, "content-length") <= 1);
    require(parsed->content_length.has_value() == (count_fields(request, "content-length") == 1));
    require(request.path.starts_with('/') && within(request.path, head) && within(request.query, head));
    for (const HeaderField& field : request.headers) require(within(field.name, head) && within(field.value, head));
    (void)routes.find(request.method, request.path);
    auto query = Query::parse(request.query);
    if (query) {
      (void)query->number("size", 1000);
      (void)query->finish();
    }
    (void)accepted(request.header("accept"), {"application/json", "text/plain"});
    Response response;
    response.with("etag", "\"x\"");
    finish_response(request, 1, response);
    std::string out;
    append_head(response, Framing::length, 0, parsed->keep_alive, "Tue, 15 Nov 1994 08:12:31 GMT", out);
    const std::uint64_t body = parsed->content_length.value_or(0);
    if (body > bytes.size() - *end) return;
    bytes.remove_prefix(*end + static_cast<std::size_t>(body));
  }
}

}  // namespace
}  // namespace jangbu::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  jangbu::api::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
