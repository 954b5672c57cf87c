#include "schemas/json_equal.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "schemas/canonical.h"
#include "schemas/strict_json.h"

namespace jangbu {
namespace {

namespace dom = simdjson::dom;

bool is_left_aside(std::string_view name) {
  return name == "traceparent" || name == "tracestate" || name == "sequence";
}

// What is compared of an event; nullopt: no object.
std::optional<std::string> compared(StrictJson& json, std::string_view bytes) {
  const std::optional<dom::element> root = json.parse_trusted(bytes);
  dom::object event;
  if (!root || root->get(event) != simdjson::SUCCESS) return std::nullopt;
  std::vector<dom::key_value_pair> members;
  for (const dom::key_value_pair member : event) {
    if (!is_left_aside(member.key)) members.push_back(member);
  }
  std::sort(members.begin(), members.end(),
            [](const dom::key_value_pair& a, const dom::key_value_pair& b) { return a.key < b.key; });
  std::string text;
  for (const dom::key_value_pair& member : members) {
    text.append(std::to_string(member.key.size())).append(":").append(member.key);
    append_canonical(member.value, text);
  }
  return text;
}

}  // namespace

bool equal_as_events(std::string_view a, std::string_view b) {
  StrictJson json;
  const std::optional<std::string> first = compared(json, a);
  return first && first == compared(json, b);
}

}  // namespace jangbu
