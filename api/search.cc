// What the projections answer: searches, life lines of datasets and exports. Where they are not running, 503.
#include <map>
#include <nlohmann/json.hpp>

#include "api/entry_json.h"
#include "api/problem.h"
#include "api/projected.h"
#include "api/search_query.h"
#include "api/slow_lane.h"
#include "consumers/projections/life_line.h"

namespace jangbu::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kQueryBytesMax = 16 << 10;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// A row's members, without the closing brace.
std::string row_head(const consumers::SearchRow& row) {
  Json json = {{"ledger", row.ledger.text()},
               {"sequence", row.sequence.value()},
               {"type", row.type},
               {"time", to_string(row.time)}};
  if (!row.source.empty()) json["source"] = row.source;
  if (!row.id.empty()) json["id"] = row.id;
  std::string text = dump(json);
  text.pop_back();
  return text;
}

// A type that no schema has would find nothing, and look like an answer.
std::optional<Error> unknown_type(const TypeTable& types, const consumers::SearchQuery& query) {
  for (std::size_t i = 0; i < query.terms.size(); ++i) {
    const consumers::Term& term = query.terms[i];
    if (term.kind != TermKind::type) continue;
    const auto known = std::any_of(types.types().begin(), types.types().end(),
                                   [&term](const EventType& type) { return type.name == term.value; });
    if (!known) {
      return Error{Code::bad_query, "/terms/" + std::to_string(i) + "/value",
                   "no event type is called " + term.value + "; one is dataset.accessed"};
    }
  }
  return std::nullopt;
}

Response answer(const Projected& projected, const SearchRequest& asked) {
  if (const auto unknown = unknown_type(*projected.node.types(), asked.query)) return problem(Errors{*unknown});
  const auto views = projected.node.views();
  const auto page = consumers::search(*projected.store, projected.node.types(), consumers::sources_of(views),
                                      asked.query, asked.limit, asked.cursor);
  if (!page) {
    const bool pointer = page.error().code == Code::bad_query;
    return pointer ? problem(Errors{page.error()}) : problem(page.error());
  }
  std::string body = R"({"rows":[)";
  for (const consumers::SearchRow& row : page->rows) {
    if (body.back() != '[') body += ',';
    body += row_head(row);
    if (asked.with_entries) {
      const auto view =
          std::find_if(views.begin(), views.end(), [&](const LedgerView& one) { return one.info().id == row.ledger; });
      if (view == views.end()) return problem(Error{Code::no_such_ledger, row.ledger.text(), "gone since the search"});
      const auto stored = view->entry(row.sequence);
      if (!stored) return problem(stored.error());
      body += R"(,"entry":)";
      append_entry(row.ledger, *stored, false, body);
    }
    body += '}';
  }
  body += R"(],"complete":)";
  body += page->complete() ? "true" : "false";
  body += R"(,"ledgers":[)";
  for (const consumers::LedgerCoverage& ledger : page->ledgers) {
    if (body.back() != '[') body += ',';
    body += R"({"ledger":")" + ledger.ledger.text() + R"(","covered":)" + std::to_string(ledger.covered.value()) +
            R"(,"size":)" + std::to_string(ledger.size.value()) + '}';
  }
  body += ']';
  if (!page->next.empty()) body += R"(,"next":")" + page->next + '"';
  body += '}';
  return json_response(std::move(body));
}

// The query string once more, with another cursor.
std::string with_cursor(std::string_view query, const std::string& cursor) {
  std::string result;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty() || pair.starts_with("cursor=")) continue;
    result += pair;
    result += '&';
  }
  return result + "cursor=" + cursor;
}

Response search_by_post(const Projected& projected, const Request& request) {
  if (media_type(request.header("content-type")) != "application/json") {
    return problem(Error{Code::bad_content_type, "", "a query is application/json"});
  }
  const auto asked = parse_search(request.body);
  if (!asked) return problem(Errors{asked.error()});
  return answer(projected, *asked);
}

Response search_by_get(const Projected& projected, const Request& request) {
  const auto asked = parse_search_parameters(request.query);
  if (!asked) return problem(asked.error());
  Response response = answer(projected, *asked);
  if (response.status != 200) return response;
  const auto json = Json::parse(response.body, nullptr, false);
  if (json.contains("next")) {
    response.with("link",
                  "</v1/search?" + with_cursor(request.query, json["next"].get<std::string>()) + ">; rel=\"next\"");
  }
  return response;
}

Response dataset(const Projected& projected, const Request& request) {
  const auto line =
      consumers::dataset_line(*projected.store, projected.node.types(), consumers::sources_of(projected.node.views()),
                              request.captures[0] + "/" + request.captures[1]);
  if (!line) return problem(line.error());
  if (line->state == consumers::DatasetState::unknown && line->accesses == 0 && line->permits.empty() &&
      line->findings.empty() && line->purges.empty() && line->analyses.empty()) {
    return problem(Error{Code::not_found, "", "no entry names this dataset"});
  }
  return json_response(consumers::to_json(*line));
}

Response export_(const Projected& projected, const Request& request) {
  const auto line =
      consumers::export_line(*projected.store, projected.node.types(), consumers::sources_of(projected.node.views()),
                             request.captures[0] + "/" + request.captures[1]);
  if (!line) return problem(line.error());
  if (line->state == consumers::ExportState::unknown && line->findings.empty() && line->checks.empty()) {
    return problem(Error{Code::not_found, "", "no entry names this export"});
  }
  return json_response(consumers::to_json(*line));
}

}  // namespace

namespace {

std::function<Response(const Request&)> answer_when_projected(const Service& service, ProjectedAnswer answer) {
  if (service.projections == nullptr) {
    return [](const Request&) { return problem(Error{Code::index_behind, "", "this node runs without projections"}); };
  }
  return [projected = Projected{service.node, service.projections}, answer](const Request& request) {
    return answer(projected, request);
  };
}

}  // namespace

Handler when_projected(const Service& service, ProjectedAnswer answer) {
  return at_once(answer_when_projected(service, answer));
}

Handler slowly_when_projected(const Service& service, ProjectedAnswer answer) {
  return in_slow_lane(service.slow_lane, answer_when_projected(service, answer));
}

void add_search_routes(const Service& service, std::vector<Route>& routes) {
  routes.push_back({Method::post, "/v1/search", BodyMode::whole, kQueryBytesMax, "Entries that have all of some terms",
                    when_projected(service, search_by_post)});
  routes.push_back({Method::get, "/v1/search", BodyMode::none, 0, "The same for terms that are no patient's pseudonym",
                    when_projected(service, search_by_get)});
  routes.push_back({Method::get, "/v1/datasets/{institution}/{local}", BodyMode::none, 0, "A dataset's life line",
                    slowly_when_projected(service, dataset)});
  routes.push_back({Method::get, "/v1/exports/{institution}/{local}", BodyMode::none, 0, "An export's life line",
                    slowly_when_projected(service, export_)});
}

}  // namespace jangbu::api
