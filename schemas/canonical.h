// Canonical text of a JSON value, for comparing values: equal as JSON if and only if equal as canonical text. Not a
// format: it is neither stored nor hashed.
#pragma once

#include <simdjson.h>

#include <string>

namespace jangbu {

// Members by name, strings unescaped behind their length, numbers as integers.
void append_canonical(simdjson::dom::element element, std::string& out);

}  // namespace jangbu
