#include "api/problem.h"

#include <nlohmann/json.hpp>

namespace jangbu::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr CodeInfo kTable[] = {
// `fault` and `retry` are words of the table.
#define JANGBU_ERROR(name, number, fault_, http, retry_, sentence) \
  {Code::name, #name, Fault::fault_, http, std::string_view(#retry_) == "retry", sentence},
#include "schemas/errors.def"
#undef JANGBU_ERROR
};

std::string_view fault_name(Fault fault) {
  switch (fault) {
    case Fault::sender:
      return "sender";
    case Fault::state:
      return "state";
    case Fault::node:
      return "node";
    case Fault::peer:
      return "peer";
  }
  return {};
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string type_path(const CodeInfo& row) { return "/problems/" + std::string(row.name); }

}  // namespace

std::string problem_json(const Error& error, std::span<const Error> errors) {
  const CodeInfo& row = info(error.code);
  Json json = {{"type", type_path(row)}, {"title", row.sentence}, {"status", row.http_status}};
  const bool pointer = error.where.empty() || error.where.front() == '/';
  json["detail"] = pointer || !errors.empty() ? error.what : error.where + ": " + error.what;
  json["code"] = row.name;
  if (!errors.empty()) {
    Json list = Json::array();
    for (const Error& one : errors) {
      list.push_back({{"pointer", one.where}, {"code", info(one.code).name}, {"message", one.what}});
    }
    json["errors"] = std::move(list);
  }
  return dump(json);
}

Response problem(const Error& error, std::span<const Error> errors) {
  const CodeInfo& row = info(error.code);
  Response response;
  response.status = row.http_status;
  response.content_type = "application/problem+json";
  response.body = problem_json(error, errors);
  if (row.retry) response.with("retry-after", "1");
  return response;
}

Response problem(std::span<const Error> errors) { return problem(errors.front(), errors); }

std::span<const CodeInfo> problem_table() { return kTable; }

std::optional<std::string> problem_document(std::string_view name) {
  for (const CodeInfo& row : kTable) {
    if (row.name != name) continue;
    return dump(Json{{"code", row.name},
                     {"number", static_cast<int>(row.code)},
                     {"title", row.sentence},
                     {"status", row.http_status},
                     {"fault", fault_name(row.fault)},
                     {"retry", row.retry}});
  }
  return std::nullopt;
}

}  // namespace jangbu::api
