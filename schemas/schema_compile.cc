#include "schemas/schema_compile.h"

#include <algorithm>

namespace jangbu {
namespace {

constexpr std::string_view kCodes = "codes.json";
constexpr std::string_view kRefTo = "#/definitions/";

// The kind that `type` names, else that the values of enum or const have.
std::optional<SchemaKind> kind_of(const SchemaJson& schema) {
  const auto type = schema.find("type");
  if (type != schema.end()) {
    if (!type->is_string()) return std::nullopt;
    const std::string& name = type->get_ref<const std::string&>();
    if (name == "object") return schema.value("x-open", false) ? SchemaKind::open_object : SchemaKind::object;
    if (name == "array") return SchemaKind::array;
    if (name == "string") return SchemaKind::string;
    if (name == "integer") return SchemaKind::integer;
    if (name == "boolean") return SchemaKind::boolean;
    return std::nullopt;
  }
  const SchemaJson* value = nullptr;
  if (schema.contains("const")) value = &schema.at("const");
  if (schema.contains("enum") && schema.at("enum").is_array() && !schema.at("enum").empty()) {
    value = &schema.at("enum").front();
  }
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return SchemaKind::string;
  if (value->is_number_integer()) return SchemaKind::integer;
  if (value->is_boolean()) return SchemaKind::boolean;
  return std::nullopt;
}

}  // namespace

const SchemaJson& section(const SchemaJson& json, const char* name) {
  static const SchemaJson kNone = SchemaJson::object();
  const auto found = json.find(name);
  return found == json.end() ? kNone : *found;
}

Result<const SchemaNode*> SchemaCompiler::reference(const SchemaPlace& place, const SchemaJson& schema) {
  for (const auto& [key, value] : schema.items()) {
    // Draft-07 ignores what stands beside a $ref, so nothing that means something may.
    if (key != "$ref" && key != "title" && key != "description" && !key.starts_with("x-")) {
      return bad_schema(place.at(key), "stands beside a $ref, where it has no effect");
    }
  }
  const std::string target = schema.at("$ref").is_string() ? schema.at("$ref").get<std::string>() : "";
  const std::size_t hash = target.find(kRefTo);
  if (hash == std::string::npos) return bad_schema(place, "expected a $ref of the form <file>#/definitions/<name>");
  const SchemaPlace to{hash == 0 ? place.file : target.substr(0, hash), target.substr(hash + 1)};
  if (const auto known = references_.find(to.text()); known != references_.end()) return known->second;

  const auto file = files_.find(to.file);
  if (file == files_.end()) return bad_schema(place, "a $ref to a file that is not there");
  const auto definitions = file->second.find("definitions");
  const std::string name = target.substr(hash + kRefTo.size());
  if (definitions == file->second.end() || !definitions->is_object() || !definitions->contains(name)) {
    return bad_schema(place, "a $ref to a definition that is not there");
  }
  const SchemaJson& found = definitions->at(name);
  if (found.contains("$ref")) return reference(to, found);
  SchemaNode& node = out_.nodes.emplace_back();
  references_.emplace(to.text(), &node);
  if (Result<void> filled = fill(to, found, node); !filled) return tl::unexpected(filled.error());
  return &node;
}

Result<const SchemaNode*> SchemaCompiler::compile(const SchemaPlace& place, const SchemaJson& schema) {
  if (!schema.is_object()) return bad_schema(place, "expected a schema object");
  if (schema.contains("$ref")) return reference(place, schema);
  SchemaNode& node = out_.nodes.emplace_back();
  if (Result<void> filled = fill(place, schema, node); !filled) return tl::unexpected(filled.error());
  return &node;
}

Result<void> SchemaCompiler::fill(const SchemaPlace& place, const SchemaJson& schema, SchemaNode& node) {
  if (!schema.is_object()) return bad_schema(place, "expected a schema object");
  const std::optional<SchemaKind> kind = kind_of(schema);
  if (!kind) return bad_schema(place, "expected one type of object, array, string, integer, boolean");
  node.kind = *kind;
  if (node.kind == SchemaKind::object) {
    if (Result<void> done = object_keywords(place, schema, node); !done) return done;
  }
  for (const auto& [key, value] : schema.items()) {
    if (key == "title" || key == "description" || key == "$id" || key == "$schema" || key == "type" ||
        key == "definitions" || key.starts_with("x-")) {
      continue;
    }
    if (Result<void> done = keyword(place.at(key), key, value, schema, node); !done) return done;
  }
  if (node.kind == SchemaKind::string && schema.contains("x-form") && node.form == nullptr) {
    return bad_schema(place, "an x-form without its pattern, which other implementations need");
  }
  node.is_code_list = node.kind == SchemaKind::string && place.file == kCodes;
  return {};
}

Result<void> SchemaCompiler::values(const SchemaPlace& place, const SchemaJson& list, SchemaNode& node) {
  if (!list.is_array() || list.empty()) return bad_schema(place, "expected a list of values");
  if (node.kind == SchemaKind::boolean) node.booleans = 0;
  for (const SchemaJson& value : list) {
    if (node.kind == SchemaKind::string && value.is_string()) {
      node.values.push_back(value.get<std::string>());
    } else if (node.kind == SchemaKind::integer && value.is_number_integer()) {
      node.integers.push_back(value.get<std::int64_t>());
    } else if (node.kind == SchemaKind::boolean && value.is_boolean()) {
      node.booleans = static_cast<std::uint8_t>(node.booleans | (value.get<bool>() ? 2U : 1U));
    } else {
      return bad_schema(place, "a value of another type than the schema's");
    }
  }
  std::sort(node.values.begin(), node.values.end());
  return {};
}

Result<void> SchemaCompiler::pattern(const SchemaPlace& place, const SchemaJson& schema, SchemaNode& node) {
  const auto form = schema.find("x-form");
  if (form == schema.end() || !form->is_string()) return bad_schema(place, "a pattern without an x-form");
  node.form = find_form(form->get_ref<const std::string&>());
  if (node.form == nullptr) return bad_schema(place, "an x-form that schemas/forms.cc does not have");
  node.names_a_patient = node.form->name == "patient";
  return {};
}

Result<void> SchemaCompiler::count(const SchemaPlace& place, const SchemaJson& value, std::uint64_t& bound) {
  if (!value.is_number_unsigned()) return bad_schema(place, "expected a count");
  bound = value.get<std::uint64_t>();
  return {};
}

Result<void> SchemaCompiler::keyword(const SchemaPlace& place, const std::string& key, const SchemaJson& value,
                                     const SchemaJson& schema, SchemaNode& node) {
  const bool scalar =
      node.kind == SchemaKind::string || node.kind == SchemaKind::integer || node.kind == SchemaKind::boolean;
  if (scalar && key == "enum") return values(place, value, node);
  if (scalar && key == "const") return values(place, SchemaJson::array({value}), node);
  switch (node.kind) {
    case SchemaKind::string:
      if (key == "pattern") return pattern(place, schema, node);
      if (key == "minLength") return count(place, value, node.count_min);
      if (key == "maxLength") return count(place, value, node.count_max);
      break;
    case SchemaKind::integer:
      if ((key == "minimum" || key == "maximum") && value.is_number_integer()) {
        (key == "minimum" ? node.minimum : node.maximum) = value.get<std::int64_t>();
        return {};
      }
      break;
    case SchemaKind::array:
      if (key == "items") {
        Result<const SchemaNode*> items = compile(place, value);
        if (!items) return tl::unexpected(items.error());
        node.items = *items;
        return {};
      }
      if (key == "uniqueItems" && value.is_boolean()) {
        node.unique = value.get<bool>();
        return {};
      }
      if (key == "minItems") return count(place, value, node.count_min);
      if (key == "maxItems") return count(place, value, node.count_max);
      break;
    case SchemaKind::object:
      if (key == "properties" || key == "required" || key == "additionalProperties" || key == "anyOf") {
        return {};  // object_keywords() has them
      }
      [[fallthrough]];
    case SchemaKind::open_object:
      if (key == "minProperties") return count(place, value, node.count_min);
      if (key == "maxProperties") return count(place, value, node.count_max);
      break;
    case SchemaKind::boolean:
      break;
  }
  return bad_schema(place, "a keyword, or a value of one, that the screen does not run here");
}

Result<std::uint64_t> SchemaCompiler::mask(const SchemaPlace& place, const SchemaJson& names, const SchemaNode& node) {
  if (!names.is_array()) return bad_schema(place, "expected a list of member names");
  std::uint64_t bits = 0;
  for (const SchemaJson& name : names) {
    const std::uint8_t index =
        name.is_string() ? node.find(name.get_ref<const std::string&>()) : SchemaNode::kNoProperty;
    if (index == SchemaNode::kNoProperty)
      return bad_schema(place, "requires a member that is not among the properties");
    bits |= std::uint64_t{1} << index;
  }
  return bits;
}

Result<void> SchemaCompiler::object_keywords(const SchemaPlace& place, const SchemaJson& schema, SchemaNode& node) {
  const auto closed = schema.find("additionalProperties");
  if (closed == schema.end() || !closed->is_boolean() || closed->get<bool>()) {
    return bad_schema(place, "an object that is neither closed (additionalProperties: false) nor x-open");
  }
  const SchemaJson properties = schema.value("properties", SchemaJson::object());
  if (!properties.is_object() || properties.size() > SchemaNode::kPropertiesMax) {
    return bad_schema(place.at("properties"), "expected an object with at most 64 members");
  }
  for (const auto& [name, sub] : properties.items()) {
    Result<const SchemaNode*> compiled = compile(place.at("properties").at(name), sub);
    if (!compiled) return tl::unexpected(compiled.error());
    node.properties.push_back({name, *compiled});
    out_.member_names.push_back(name);
  }
  std::size_t size = 4;
  while (size < 4 * node.properties.size()) size *= 2;
  node.slots.assign(size, SchemaNode::kNoProperty);
  for (std::size_t i = 0; i < node.properties.size(); ++i) {
    std::size_t slot = SchemaNode::slot_of(node.properties[i].name, size - 1);
    while (node.slots[slot] != SchemaNode::kNoProperty) slot = (slot + 1) & (size - 1);
    node.slots[slot] = static_cast<std::uint8_t>(i);
  }

  if (schema.contains("required")) {
    Result<std::uint64_t> bits = mask(place.at("required"), schema.at("required"), node);
    if (!bits) return tl::unexpected(bits.error());
    node.required = *bits;
  }
  if (schema.contains("anyOf")) {
    const SchemaJson& rows = schema.at("anyOf");
    if (!rows.is_array() || rows.empty()) return bad_schema(place.at("anyOf"), "expected a list");
    for (const SchemaJson& row : rows) {
      if (!row.is_object() || row.size() != 1 || !row.contains("required")) {
        return bad_schema(place.at("anyOf"), "the screen runs anyOf only over {\"required\": [...]}");
      }
      Result<std::uint64_t> bits = mask(place.at("anyOf"), row.at("required"), node);
      if (!bits) return tl::unexpected(bits.error());
      node.any_of.push_back(*bits);
    }
  }

  const auto form_of = [&node](std::string_view name) -> std::string_view {
    const std::uint8_t index = node.find(name);
    if (index == SchemaNode::kNoProperty || node.properties[index].node->form == nullptr) return "";
    return node.properties[index].node->form->name;
  };
  const auto has = [&node](std::string_view name) { return node.find(name) != SchemaNode::kNoProperty; };
  // Where an actor's id is not required, the screen asks for it by role.
  const std::uint8_t id = node.find("id");
  if (form_of("id") == "actor-id" && has("role") && (node.required >> id & 1U) == 0) {
    node.role = SchemaRole::shared_actor;
  }
  if (form_of("ledger") == "ledger" && has("sequence") && has("leaf")) node.role = SchemaRole::entry;
  return {};
}

Result<void> SchemaCompiler::definitions(const std::string& file) {
  const auto found = files_.find(file);
  if (found == files_.end()) return {};
  for (const auto& [name, schema] : section(found->second, "definitions").items()) {
    const SchemaJson to = {{"$ref", "#/definitions/" + name}};
    if (Result<const SchemaNode*> node = reference({file, "/definitions/" + name}, to); !node) {
      return tl::unexpected(node.error());
    }
  }
  return {};
}

}  // namespace jangbu
