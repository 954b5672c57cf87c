// Terms, times and ledgers of a search on the command line, and the search itself, a page at a time. Used by query and
// replay.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "schemas/error.h"
#include "tools/http_client.h"

namespace CLI {
class App;
}

namespace jangbu::tools {

struct SearchOptions {
  static constexpr std::array<const char*, 9> kKinds = {"type",     "patient", "project", "permit", "dataset",
                                                        "analysis", "export",  "actor",   "finding"};
  std::array<std::vector<std::string>, kKinds.size()> terms;  // by kKinds
  std::string from, until, tick_from, tick_until;             // RFC 3339; empty: open
  std::vector<std::string> ledgers;
  bool oldest_first = false;

  [[nodiscard]] bool has_terms() const;
  [[nodiscard]] bool has_times() const {
    return !from.empty() || !until.empty() || !tick_from.empty() || !tick_until.empty();
  }
};

// --type, --patient, ... : one option a kind.
void add_term_options(CLI::App& command, SearchOptions& options);

struct SearchPageAsked {
  std::uint64_t limit = 100;
  std::string cursor;
  bool with_entries = false;
};
// The body of POST /v1/search.
[[nodiscard]] std::string search_body(const SearchOptions& options, const SearchPageAsked& page);
// One page as the node gives it: rows, complete, ledgers, next. Errors: unreachable, and the node's own.
[[nodiscard]] Result<nlohmann::ordered_json> search_page(HttpClient& client, const SearchOptions& options,
                                                         const SearchPageAsked& page);
// "the index has come to 10 of 20 entries of hanbit"; empty where it is complete.
[[nodiscard]] std::string search_gaps(const nlohmann::ordered_json& page);

}  // namespace jangbu::tools
