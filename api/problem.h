// Problems: how an Error is answered, as RFC 9457 application/problem+json, by the error table (schemas/errors.def).
// Any thread. `type` is a path that the server itself answers: /problems/<name>.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/http.h"
#include "schemas/error.h"

namespace jangbu::api {

// {"type","title","status","detail","code"} and, where the input has places, "errors": [{"pointer","code","message"}].
// `errors`, if any, are all that is wrong with the input; `error` is the one that decides the status.
[[nodiscard]] std::string problem_json(const Error& error, std::span<const Error> errors = {});

// The same as a response; Retry-After where the table says that the call may succeed later.
[[nodiscard]] Response problem(const Error& error, std::span<const Error> errors = {});
// All of a verdict's errors (not empty); the first one's status.
[[nodiscard]] Response problem(std::span<const Error> errors);

// GET /problems/{name}: the table's row, as JSON. nullopt: no such name.
[[nodiscard]] std::optional<std::string> problem_document(std::string_view name);
// All names, in the table's order.
[[nodiscard]] std::span<const CodeInfo> problem_table();

}  // namespace jangbu::api
