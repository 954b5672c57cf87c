// GET /v1/findings: what the checks found wrong, newest first, with what became of it. Read off finding.* entries by
// the search index; so it shows what is ledgered, whoever concluded it.
#include <nlohmann/json.hpp>
#include <set>

#include "api/entry_json.h"
#include "api/problem.h"
#include "api/projected.h"
#include "consumers/projections/search.h"

namespace jangbu::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kPageMax = 200;
// A filter that little passes gives short pages rather than a slow answer.
constexpr int kSearchesMax = 20;

struct Filter {
  std::optional<std::string> rule, severity, state;
};

const LedgerView* view_among(const std::vector<LedgerView>& views, const LedgerId& ledger) {
  for (const LedgerView& view : views) {
    if (view.info().id == ledger) return &view;
  }
  return nullptr;
}

// An accepted event's data; null where the entry cannot be read.
Result<Json> data_of(const std::vector<LedgerView>& views, const consumers::SearchRow& row) {
  const LedgerView* view = view_among(views, row.ledger);
  if (view == nullptr) return fail(Code::no_such_ledger, row.ledger.text(), "gone since the search");
  const auto stored = view->entry(row.sequence);
  if (!stored) return tl::unexpected(stored.error());
  Json event = Json::parse(stored->entry.body, nullptr, false);
  if (!event.is_object() || !event.contains("data")) {
    return fail(Code::bad_entry, row.ledger.text() + "#" + std::to_string(row.sequence.value()), "not an event");
  }
  return std::move(event["data"]);
}

Json place(const consumers::SearchRow& row) {
  return {{"ledger", row.ledger.text()}, {"sequence", row.sequence.value()}};
}

// Adds what later entries say: state, count, how it ended.
Result<void> add_later(const Projected& projected, const std::vector<LedgerView>& views,
                       const consumers::Sources& sources, Json& finding) {
  consumers::SearchQuery query;
  query.terms = {{TermKind::finding, finding["finding"].get<std::string>()}};
  query.order = consumers::Order::oldest_first;
  const auto page =
      consumers::search(*projected.store, projected.node.types(), sources, query, consumers::kSearchRowsMax, "");
  if (!page) return tl::unexpected(page.error());
  finding["state"] = "open";
  for (const consumers::SearchRow& row : page->rows) {
    if (row.type == "finding.updated") {
      const auto data = data_of(views, row);
      if (!data) return tl::unexpected(data.error());
      finding["count"] = (*data)["count"];
    } else if (row.type == "finding.resolved" || row.type == "finding.closed") {
      const auto data = data_of(views, row);
      if (!data) return tl::unexpected(data.error());
      const bool resolved = row.type == "finding.resolved";
      finding["state"] = resolved ? "resolved" : "closed";
      finding["how"] = (*data)[resolved ? "how" : "decision"];
      finding["ended"] = place(row);
    } else if (row.type == "finding.disputed") {
      finding["disputed"] = true;
    } else if (row.type == "finding.acknowledged") {
      finding["acknowledged"] = true;
    }
  }
  return {};
}

bool passes(const Filter& filter, const Json& finding) {
  const auto is = [&](const std::optional<std::string>& wanted, const char* member) {
    return !wanted || (finding.contains(member) && finding[member] == *wanted);
  };
  return is(filter.rule, "rule") && is(filter.severity, "severity") && is(filter.state, "state");
}

struct FindingsRequest {
  consumers::SearchQuery query;
  Filter filter;
  std::size_t limit = 50;
  std::string cursor;
};

Result<FindingsRequest> parse(std::string_view text) {
  auto query = Query::parse(text);
  if (!query) return tl::unexpected(query.error());
  FindingsRequest request;
  request.query.terms.push_back({TermKind::type, "finding.raised"});
  for (const TermKind kind : {TermKind::project, TermKind::permit, TermKind::dataset, TermKind::analysis,
                              TermKind::export_, TermKind::actor, TermKind::finding}) {
    if (auto value = query->text(name(kind))) request.query.terms.push_back({kind, std::move(*value)});
  }
  if (query->text("patient")) {
    return fail(Code::bad_parameter, "patient",
                "a patient is searched by POST /v1/search, so that no log has the pseudonym");
  }
  if (const auto ledger = query->text("ledger")) {
    auto id = LedgerId::parse(*ledger);
    if (!id) return fail(Code::bad_parameter, "ledger", "not the id of a ledger");
    request.query.ledgers.push_back(std::move(*id));
  }
  request.filter.rule = query->text("rule");
  request.filter.severity = query->text("severity");
  request.filter.state = query->text("state");
  static const std::set<std::string, std::less<>> kSeverities = {"info", "low", "medium", "high", "critical"};
  static const std::set<std::string, std::less<>> kStates = {"open", "resolved", "closed"};
  if (request.filter.severity && !kSeverities.contains(*request.filter.severity)) {
    return fail(Code::bad_parameter, "severity", "info, low, medium, high or critical");
  }
  if (request.filter.state && !kStates.contains(*request.filter.state)) {
    return fail(Code::bad_parameter, "state", "open, resolved or closed");
  }
  const auto limit = query->number("limit", kPageMax);
  if (!limit) return tl::unexpected(limit.error());
  if (*limit == 0U) return fail(Code::bad_parameter, "limit", "at least 1");
  request.limit = limit->value_or(request.limit);
  request.cursor = query->text("cursor").value_or("");
  if (auto rest = query->finish(); !rest) return tl::unexpected(rest.error());
  return request;
}

Response findings(const Projected& projected, const Request& request) {
  const auto asked = parse(request.query);
  if (!asked) return problem(asked.error());
  const auto views = projected.node.views();
  const auto sources = consumers::sources_of(views);
  Json list = Json::array();
  std::string cursor = asked->cursor;
  bool complete = true;
  for (int searches = 0; searches < kSearchesMax && list.empty(); ++searches) {
    const auto page =
        consumers::search(*projected.store, projected.node.types(), sources, asked->query, asked->limit, cursor);
    if (!page) return problem(page.error());
    complete = page->complete();
    cursor = page->next;
    for (const consumers::SearchRow& row : page->rows) {
      const auto data = data_of(views, row);
      if (!data) return problem(data.error());
      Json finding = *data;
      finding["raised"] = place(row);
      finding["time"] = to_string(row.time);
      if (!passes({asked->filter.rule, asked->filter.severity, std::nullopt}, finding)) continue;
      if (auto later = add_later(projected, views, sources, finding); !later) return problem(later.error());
      if (passes(asked->filter, finding)) list.push_back(std::move(finding));
    }
    if (cursor.empty()) break;
  }
  Json body = {{"findings", std::move(list)}, {"complete", complete}};
  if (!cursor.empty()) body["next"] = cursor;
  return json_response(body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void add_finding_routes(const Service& service, std::vector<Route>& routes) {
  routes.push_back({Method::get, "/v1/findings", BodyMode::none, 0,
                    "What the checks found wrong, and what became of it", when_projected(service, findings)});
}

}  // namespace jangbu::api
