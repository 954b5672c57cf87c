#include "tools/search_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/node_access.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

// "kr.jangbu.dataset.purged.v1" is the same as "dataset.purged".
std::string type_name(std::string text) {
  constexpr std::string_view kPrefix = "kr.jangbu.";
  constexpr std::string_view kSuffix = ".v1";
  if (text.starts_with(kPrefix) && text.ends_with(kSuffix)) {
    text = text.substr(kPrefix.size(), text.size() - kPrefix.size() - kSuffix.size());
  }
  return text;
}

void add_range(Json& body, const char* member, const std::string& from, const std::string& until) {
  if (!from.empty()) body[member]["from"] = from;
  if (!until.empty()) body[member]["to"] = until;
}

}  // namespace

bool SearchOptions::has_terms() const {
  return std::any_of(terms.begin(), terms.end(), [](const auto& values) { return !values.empty(); });
}

void add_term_options(CLI::App& command, SearchOptions& options) {
  constexpr std::array<const char*, SearchOptions::kKinds.size()> kHelp = {
      "of this type, such as record.accessed; or: rejected",
      "about this patient's pseudonym (p:...)",
      "of this project",
      "under this permit",
      "of this dataset",
      "of this analysis",
      "of this export request",
      "by this actor, or on behalf of this institution",
      "about this finding"};
  for (std::size_t i = 0; i < kHelp.size(); ++i) {
    command.add_option("--" + std::string(SearchOptions::kKinds[i]), options.terms[i], kHelp[i])
        ->expected(1)
        ->take_all();
  }
}

std::string search_body(const SearchOptions& options, const SearchPageAsked& page) {
  Json body = Json::object();
  Json& terms = body["terms"] = Json::array();
  for (std::size_t i = 0; i < options.terms.size(); ++i) {
    const std::string kind = SearchOptions::kKinds[i];
    for (const std::string& value : options.terms[i]) {
      terms.push_back(Json{{"kind", kind}, {"value", kind == "type" ? type_name(value) : value}});
    }
  }
  add_range(body, "time", options.from, options.until);
  add_range(body, "tick", options.tick_from, options.tick_until);
  if (!options.ledgers.empty()) body["ledgers"] = options.ledgers;
  body["order"] = options.oldest_first ? "oldest" : "newest";
  body["limit"] = page.limit;
  if (!page.cursor.empty()) body["cursor"] = page.cursor;
  if (page.with_entries) body["entries"] = true;
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> search_page(HttpClient& client, const SearchOptions& options, const SearchPageAsked& page) {
  const auto answer =
      client.send("POST", "/v1/search", {{"content-type", "application/json"}}, search_body(options, page));
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(problem_error(*answer));
  Json found = Json::parse(answer->body, nullptr, false);
  if (!found.is_object() || !found.contains("rows") || !found["rows"].is_array()) {
    return fail(Code::unreachable, "/v1/search", "the node's answer is no page of rows");
  }
  return found;
}

std::string search_gaps(const Json& page) {
  std::string text;
  if (page.value("complete", true) || !page.contains("ledgers")) return text;
  for (const Json& ledger : page["ledgers"]) {
    const auto covered = ledger.value("covered", std::uint64_t{0});
    const auto size = ledger.value("size", std::uint64_t{0});
    if (covered >= size) continue;
    text += (text.empty() ? "" : "; ") + std::to_string(covered) + " of " + std::to_string(size) + " entries of " +
            ledger.value("ledger", "");
  }
  return text.empty() ? text : "the index has not come to the end yet: " + text;
}

}  // namespace jangbu::tools
