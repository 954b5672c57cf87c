#include "api/search_query.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "schemas/strict_json.h"

namespace jangbu::api {
namespace {

using Json = nlohmann::json;
using consumers::Order;
using consumers::SearchQuery;
using consumers::TimeRange;

constexpr int kDepthMax = 4;
constexpr std::size_t kValueBytesMax = 512;
constexpr std::size_t kLedgersMax = 256;

constexpr std::array kTermKinds = {TermKind::type,    TermKind::patient, TermKind::project,
                                   TermKind::permit,  TermKind::dataset, TermKind::analysis,
                                   TermKind::export_, TermKind::actor,   TermKind::finding};

tl::unexpected<Error> bad(std::string pointer, std::string what) {
  return fail(Code::bad_query, std::move(pointer), std::move(what));
}

// JSON of a query's depth, without a name that stands twice.
Result<Json> parse_strict(std::string_view text) {
  std::vector<std::set<std::string>> names;
  bool twice = false;
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kDepthMax) deep = true;
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) twice = true;
    return !deep;
  };
  const Json json = Json::parse(text, watch, false);
  if (deep) return fail(Code::too_deep, "", "a query is not nested so deep");
  if (json.is_discarded()) return fail(Code::not_json, "", "not a JSON document");
  if (twice) return fail(Code::duplicate_key, "", "a member's name stands twice in one object");
  // What the library lets through: a byte order mark, an escaped NUL, numbers that another reader rounds.
  if (auto loose = strict_errors(text, 1); !loose.empty()) return tl::unexpected(std::move(loose.front()));
  if (!json.is_object()) return bad("", "a query is an object");
  return json;
}

Result<std::string> text_member(const Json& json, const std::string& pointer) {
  if (!json.is_string()) return bad(pointer, "not a string");
  const auto& text = json.get_ref<const std::string&>();
  if (text.empty() || text.size() > kValueBytesMax) return bad(pointer, "a string of 1 to 512 bytes");
  return text;
}

Result<TimeRange> range_member(const Json& json, const std::string& pointer) {
  if (!json.is_object()) return bad(pointer, "not an object");
  TimeRange range;
  for (const auto& [name, value] : json.items()) {
    std::string at = pointer;
    at.append("/").append(name);
    if (name != "from" && name != "to") return bad(pointer, "the members are from and to");
    const auto text = text_member(value, at);
    if (!text) return tl::unexpected(text.error());
    const auto time = parse_timestamp(*text);
    if (!time) return bad(at, time.error().what);
    (name == "from" ? range.from : range.end) = *time;
  }
  return range;
}

Result<void> terms_member(const Json& json, SearchQuery& query) {
  if (!json.is_array() || json.size() > consumers::kSearchTermsMax)
    return bad("/terms", "an array of at most 16 terms");
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string pointer = "/terms/" + std::to_string(i);
    const Json& term = json[i];
    if (!term.is_object() || term.size() != 2 || !term.contains("kind") || !term.contains("value")) {
      return bad(pointer, "a term has the members kind and value");
    }
    const auto kind_text = text_member(term["kind"], pointer + "/kind");
    if (!kind_text) return tl::unexpected(kind_text.error());
    const auto kind = term_kind(*kind_text);
    if (!kind) return bad(pointer + "/kind", "not a kind of term");
    const auto value = text_member(term["value"], pointer + "/value");
    if (!value) return tl::unexpected(value.error());
    query.terms.push_back({*kind, *value});
  }
  return {};
}

Result<void> ledgers_member(const Json& json, SearchQuery& query) {
  if (!json.is_array() || json.size() > kLedgersMax) return bad("/ledgers", "an array of at most 256 ledgers");
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string pointer = "/ledgers/" + std::to_string(i);
    const auto text = text_member(json[i], pointer);
    if (!text) return tl::unexpected(text.error());
    auto ledger = LedgerId::parse(*text);
    if (!ledger) return bad(pointer, "not the id of a ledger");
    query.ledgers.push_back(std::move(*ledger));
  }
  return {};
}

Result<void> member(const std::string& name, const Json& value, SearchRequest& request) {
  if (name == "terms") return terms_member(value, request.query);
  if (name == "ledgers") return ledgers_member(value, request.query);
  if (name == "time" || name == "tick") {
    auto range = range_member(value, "/" + name);
    if (!range) return tl::unexpected(range.error());
    (name == "time" ? request.query.time : request.query.tick) = *range;
    return {};
  }
  if (name == "order") {
    if (value != "newest" && value != "oldest") return bad("/order", "newest or oldest");
    request.query.order = value == "newest" ? Order::newest_first : Order::oldest_first;
    return {};
  }
  if (name == "limit") {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < 1 ||
        value.get<std::uint64_t>() > consumers::kSearchRowsMax) {
      return bad("/limit", "an integer from 1 to 1000");
    }
    request.limit = value.get<std::size_t>();
    return {};
  }
  if (name == "cursor") {
    if (!value.is_string()) return bad("/cursor", "not a string");
    request.cursor = value.get<std::string>();
    return {};
  }
  if (name == "entries") {
    if (!value.is_boolean()) return bad("/entries", "not true or false");
    request.with_entries = value.get<bool>();
    return {};
  }
  return bad("/" + name, "an unknown member; known are terms, time, tick, ledgers, order, limit, cursor, entries");
}

Result<std::optional<Timestamp>> time_parameter(Query& query, std::string_view parameter) {
  const auto text = query.text(parameter);
  if (!text) return std::optional<Timestamp>();
  const auto time = parse_timestamp(*text);
  if (!time) return fail(Code::bad_parameter, std::string(parameter), time.error().what);
  return std::optional(*time);
}

}  // namespace

Result<SearchRequest> parse_search(std::string_view text) {
  const auto json = parse_strict(text);
  if (!json) return tl::unexpected(json.error());
  SearchRequest request;
  for (const auto& [name, value] : json->items()) {
    if (auto taken = member(name, value, request); !taken) return tl::unexpected(taken.error());
  }
  return request;
}

Result<SearchRequest> parse_search_parameters(std::string_view text) {
  auto query = Query::parse(text);
  if (!query) return tl::unexpected(query.error());
  SearchRequest request;
  for (const TermKind kind : kTermKinds) {
    const auto value = query->text(name(kind));
    if (!value) continue;
    const std::string parameter(name(kind));
    if (kind == TermKind::patient) {
      return fail(Code::bad_parameter, parameter,
                  "a patient is searched by POST /v1/search, so that no log has the pseudonym");
    }
    if (value->empty() || value->size() > kValueBytesMax) {
      return fail(Code::bad_parameter, parameter, "1 to 512 bytes");
    }
    request.query.terms.push_back({kind, *value});
  }
  struct Bound {
    std::string_view parameter;
    std::optional<Timestamp>& into;
  };
  for (const Bound& bound : {Bound{"from", request.query.time.from}, Bound{"to", request.query.time.end},
                             Bound{"tick_from", request.query.tick.from}, Bound{"tick_to", request.query.tick.end}}) {
    const auto time = time_parameter(*query, bound.parameter);
    if (!time) return tl::unexpected(time.error());
    bound.into = *time;
  }
  if (const auto ledger = query->text("ledger")) {
    auto id = LedgerId::parse(*ledger);
    if (!id) return fail(Code::bad_parameter, "ledger", "not the id of a ledger");
    request.query.ledgers.push_back(std::move(*id));
  }
  if (const auto order = query->text("order")) {
    if (*order != "newest" && *order != "oldest") return fail(Code::bad_parameter, "order", "newest or oldest");
    request.query.order = *order == "newest" ? Order::newest_first : Order::oldest_first;
  }
  const auto limit = query->number("limit", consumers::kSearchRowsMax);
  if (!limit) return tl::unexpected(limit.error());
  if (*limit == 0U) return fail(Code::bad_parameter, "limit", "at least 1");
  request.limit = limit->value_or(request.limit);
  request.cursor = query->text("cursor").value_or("");
  if (const auto entries = query->text("entries")) {
    if (*entries != "true" && *entries != "false") return fail(Code::bad_parameter, "entries", "true or false");
    request.with_entries = *entries == "true";
  }
  if (auto rest = query->finish(); !rest) return tl::unexpected(rest.error());
  return request;
}

}  // namespace jangbu::api
