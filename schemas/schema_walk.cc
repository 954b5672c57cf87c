#include "schemas/schema_walk.h"

#include <algorithm>

#include "schemas/canonical.h"

namespace jangbu {
namespace {

namespace dom = simdjson::dom;

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1U : 0U;
  return count;
}

std::string within(std::uint64_t min, std::uint64_t max, const char* what) {
  std::string text = "expected ";
  if (max == SchemaNode::kUnbounded) {
    text.append("at least ").append(std::to_string(min));
  } else if (min == 0) {
    text.append("at most ").append(std::to_string(max));
  } else {
    text.append(std::to_string(min)).append(" to ").append(std::to_string(max));
  }
  return text.append(" ").append(what);
}

bool outside(const SchemaNode& node, std::uint64_t count) { return count < node.count_min || count > node.count_max; }

// Does an element of the list stand in it twice? Short lists of strings, the usual case, without allocation.
bool has_repeats(dom::array list, std::size_t count) {
  if (count < 2) return false;
  const bool strings = std::all_of(list.begin(), list.end(), [](dom::element item) { return item.is_string(); });
  if (strings && count <= 32) {
    for (dom::array::iterator a = list.begin(); a != list.end(); ++a) {
      const std::string_view text = (*a).get_string().value_unsafe();
      for (dom::array::iterator b = list.begin(); b != a; ++b) {
        if ((*b).get_string().value_unsafe() == text) return true;
      }
    }
    return false;
  }
  std::vector<std::string> items;
  items.reserve(count);
  for (const dom::element item : list) append_canonical(item, items.emplace_back());
  std::sort(items.begin(), items.end());
  return std::adjacent_find(items.begin(), items.end()) != items.end();
}

// One of the schema's values. Lists are sorted; short ones are faster to compare one by one.
bool has_value(const std::vector<std::string>& values, std::string_view text) {
  if (values.size() > 16) return std::binary_search(values.begin(), values.end(), text, std::less<>());
  return std::any_of(values.begin(), values.end(), [text](const std::string& value) { return value == text; });
}

}  // namespace

void Walk::run(const SchemaNode& schema, dom::element data) {
  nameless_actor_ = false;
  value(schema, data);
  dom::object object;
  dom::element origin;
  if (nameless_actor_ && data.get(object) == simdjson::SUCCESS &&
      object.at_key("origin").get(origin) == simdjson::SUCCESS) {
    report_.add(Code::unknown_member, path_.text("origin"),
                "expected no origin of a patient or proxy in a shared ledger");
  }
}

void Walk::examine_all(dom::element element) {
  switch (element.type()) {
    case dom::element_type::OBJECT: {
      const dom::object object = element.get_object().value_unsafe();
      for (const dom::key_value_pair member : object) {
        // A name that is an identifier is reported at the object, whose place does not repeat it.
        if (report_.examine(path_, member.key, time_)) continue;
        path_.push(member.key);
        examine_all(member.value);
        path_.pop();
      }
      return;
    }
    case dom::element_type::ARRAY: {
      std::size_t index = 0;
      const dom::array list = element.get_array().value_unsafe();
      for (const dom::element item : list) {
        path_.push(index++);
        examine_all(item);
        path_.pop();
      }
      return;
    }
    case dom::element_type::STRING:
      report_.examine(path_, element.get_string().value_unsafe(), time_);
      return;
    case dom::element_type::INT64: {
      // A number can be a resident's or a card's as well as a string can.
      const std::int64_t number = element.get_int64().value_unsafe();
      if (number >= 1'000'000'000 || number <= -1'000'000'000) report_.examine(path_, std::to_string(number), time_);
      return;
    }
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
    case dom::element_type::BOOL:
    case dom::element_type::NULL_VALUE:
      return;
  }
}

void Walk::wrong_type(dom::element element, const char* expected) {
  add(Code::wrong_type, std::string("expected ") + expected);
  examine_all(element);
}

void Walk::value(const SchemaNode& node, dom::element element) {
  switch (node.kind) {
    case SchemaKind::string:
      return string(node, element);
    case SchemaKind::integer:
      return integer(node, element);
    case SchemaKind::object:
      return object(node, element);
    case SchemaKind::array:
      return array(node, element);
    case SchemaKind::open_object:
      return open_object(node, element);
    case SchemaKind::boolean: {
      bool truth = false;
      if (element.get(truth) != simdjson::SUCCESS) return wrong_type(element, "true or false");
      if ((node.booleans & (truth ? 2U : 1U)) == 0) add(Code::bad_value, truth ? "expected false" : "expected true");
      return;
    }
  }
}

void Walk::string(const SchemaNode& node, dom::element element) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return wrong_type(element, "a string");
  if (!node.values.empty()) {
    if (has_value(node.values, text)) return;
    if (node.values.size() == 1) {
      add(Code::bad_value, "expected " + node.values.front());
    } else {
      add(node.is_code_list ? Code::unknown_code : Code::bad_value, "expected a code of its list");
    }
    report_.examine(path_, text, time_);
    return;
  }
  // Bytes bound code points from above, and a text within both bounds by bytes alone needs no counting.
  const bool count = text.size() > node.count_max || (node.count_min > 1 && node.count_min != SchemaNode::kUnbounded) ||
                     text.size() < node.count_min;
  if (count && outside(node, code_points(text))) {
    add(Code::bad_value, within(node.count_min, node.count_max, "characters"));
  } else if (node.form != nullptr && !node.form->matches(text)) {
    add(node.form->error, "expected " + std::string(node.form->expected));
  } else {
    if (node.names_a_patient && shared_) {
      add(Code::unknown_member, "expected no patient: patients are named in <institution>.patients only");
    }
    if (node.form != nullptr && node.form->opaque) return;
  }
  report_.examine(path_, text, time_);
}

void Walk::integer(const SchemaNode& node, dom::element element) {
  std::int64_t number = 0;
  if (element.type() != dom::element_type::INT64 || element.get(number) != simdjson::SUCCESS) {
    return wrong_type(element, "an integer");
  }
  if (number < node.minimum || number > node.maximum) {
    return add(Code::bad_value,
               "expected an integer of " + std::to_string(node.minimum) + " to " + std::to_string(node.maximum));
  }
  if (!node.integers.empty() && std::find(node.integers.begin(), node.integers.end(), number) == node.integers.end()) {
    add(Code::bad_value, "expected one of the integers of its list");
  }
}

void Walk::array(const SchemaNode& node, dom::element element) {
  dom::array list;
  if (element.get(list) != simdjson::SUCCESS) return wrong_type(element, "a list");
  std::size_t count = 0;
  for (const dom::element item : list) {
    path_.push(count++);
    if (node.items != nullptr) {
      value(*node.items, item);
    } else {
      examine_all(item);
    }
    path_.pop();
  }
  if (outside(node, count)) return add(Code::bad_value, within(node.count_min, node.count_max, "elements"));
  if (node.unique && has_repeats(list, count)) add(Code::bad_value, "expected each element once");
}

void Walk::open_object(const SchemaNode& node, dom::element element) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return wrong_type(element, "an object");
  if (outside(node, object.size())) add(Code::bad_value, within(node.count_min, node.count_max, "members"));
  examine_all(element);
}

void Walk::object(const SchemaNode& node, dom::element element) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return wrong_type(element, "an object");
  std::uint64_t seen = 0;
  std::size_t count = 0;
  for (const dom::key_value_pair member : object) {
    ++count;
    const std::uint8_t index = node.find(member.key);
    if (index == SchemaNode::kNoProperty) {
      unknown_member(member);
      continue;
    }
    seen |= std::uint64_t{1} << index;
    path_.push(member.key);
    value(*node.properties[index].node, member.value);
    path_.pop();
  }
  if ((seen & node.required) != node.required || !node.any_of.empty()) members_present(node, seen);
  if (outside(node, count)) add(Code::bad_value, within(node.count_min, node.count_max, "members"));
  if (!shared_) return;
  if (node.role == SchemaRole::shared_actor) shared_actor(object);
  if (node.role == SchemaRole::entry) entry(object);
}

void Walk::members_present(const SchemaNode& node, std::uint64_t seen) {
  for (std::size_t i = 0; i < node.properties.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((node.required & bit) != 0 && (seen & bit) == 0) {
      report_.add(Code::missing_member, path_.text(node.properties[i].name), "expected this member");
    }
  }
  if (node.any_of.empty()) return;
  const auto met = [seen](std::uint64_t bits) { return (seen & bits) == bits; };
  if (std::any_of(node.any_of.begin(), node.any_of.end(), met)) return;
  std::string names;
  for (const std::uint64_t bits : node.any_of) {
    names.append(names.empty() ? "" : " or ");
    const char* between = "";
    for (std::size_t i = 0; i < node.properties.size(); ++i) {
      if ((bits >> i & 1U) == 0) continue;
      names.append(between).append(node.properties[i].name);
      between = " with ";
    }
  }
  add(Code::missing_member, "expected " + names);
}

void Walk::unknown_member(dom::key_value_pair member) {
  if (report_.examine(path_, member.key, time_)) {
    add(Code::unknown_member, "expected only the members that the type has");
    return;
  }
  path_.push(member.key);
  add(Code::unknown_member, "expected only the members that the type has");
  examine_all(member.value);
  path_.pop();
}

// In a shared ledger nobody can tell which patient asked for himself.
void Walk::shared_actor(dom::object actor) {
  std::string_view role;
  if (actor.at_key("role").get(role) != simdjson::SUCCESS) return;  // reported as missing, or of another type
  dom::element ignored;
  const auto has = [&](std::string_view name) { return actor.at_key(name).get(ignored) == simdjson::SUCCESS; };
  if (role == "patient" || role == "proxy") {
    nameless_actor_ = true;
    for (const std::string_view name : {"id", "on_behalf_of"}) {
      if (!has(name)) continue;
      report_.add(Code::unknown_member, path_.text(name), "expected no name of a patient or proxy in a shared ledger");
    }
  } else if (!has("id")) {
    report_.add(Code::missing_member, path_.text("id"), "expected the id of an actor who is neither patient nor proxy");
  }
}

// The leaf hash of a guessable event could confirm it to a reader who may not see it.
void Walk::entry(dom::object entry) {
  std::string_view ledger;
  dom::element leaf;
  if (entry.at_key("ledger").get(ledger) != simdjson::SUCCESS || ledger.find(".patients") == std::string_view::npos)
    return;
  if (entry.at_key("leaf").get(leaf) == simdjson::SUCCESS) {
    report_.add(Code::unknown_member, path_.text("leaf"),
                "expected no leaf hash of a patients' ledger in a shared one");
  }
}

}  // namespace jangbu
