// What a search asks for, read from the body of POST /v1/search or from the query string of GET /v1/search. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/http.h"
#include "consumers/projections/search.h"
#include "schemas/error.h"

namespace jangbu::api {

struct SearchRequest {
  consumers::SearchQuery query;
  std::size_t limit = 100;
  std::string cursor;
  bool with_entries = false;  // each row with its whole entry
};

// {"terms":[{"kind","value"}],"time":{"from","to"},"tick":{"from","to"},"ledgers":[...],"order":"newest"|"oldest","limit",
// "cursor","entries"}, all optional. Errors: not_json, duplicate_key, and bad_query with a JSON pointer.
[[nodiscard]] Result<SearchRequest> parse_search(std::string_view json);
// The same as parameters: one for each kind of term, from, to, tick_from, tick_to, ledger, order, limit, cursor,
// entries. A patient's pseudonym is refused here: it would stand in a proxy's log. Errors: bad_parameter, bad_request.
[[nodiscard]] Result<SearchRequest> parse_search_parameters(std::string_view query);

}  // namespace jangbu::api
