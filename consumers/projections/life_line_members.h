// Which members of an entry a life line shows, by type. Used by life_line.cc only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/event.h"

namespace jangbu::consumers {

// The members of `event` that its type's row names and that are there, as text; "a/b" is member b of object a, and a
// list is joined by commas ("outputs/*/output": that member of each).
[[nodiscard]] std::vector<std::pair<std::string, std::string>> shown_members(const Event& event);

}  // namespace jangbu::consumers
