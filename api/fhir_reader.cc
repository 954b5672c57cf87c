#include "api/fhir_reader.h"

#include <algorithm>
#include <cctype>

namespace jangbu::api::fhir {
namespace {

using Element = simdjson::dom::element;

// What is wrong in the tree under `element`, if anything. The recursion ends at kFhirDepthMax.
std::optional<Error> find_fault(Element element, std::size_t depth) {
  if (depth > kFhirDepthMax) return Error{Code::too_deep, "", "nested deeper than a resource may be"};
  std::string_view string;
  if (element.get(string) == simdjson::SUCCESS) {
    if (string.find('\0') != std::string_view::npos) return Error{Code::bad_character, "", "a NUL in a string"};
    return std::nullopt;
  }
  Array array;
  if (element.get(array) == simdjson::SUCCESS) {
    std::size_t index = 0;
    for (const Element item : array) {
      if (auto fault = find_fault(item, depth + 1)) {
        fault->where = "[" + std::to_string(index) + "]" + fault->where;
        return fault;
      }
      ++index;
    }
    return std::nullopt;
  }
  Object object;
  if (element.get(object) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto field : object) {
    if (field.key.find('\0') != std::string_view::npos) return Error{Code::bad_character, "", "a NUL in a name"};
    names.push_back(field.key);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return Error{Code::duplicate_key, "", "a member's name stands twice in one object"};
  }
  for (const auto field : object) {
    if (auto fault = find_fault(field.value, depth + 1)) {
      // Names are the sender's text: only what could be a FHIR element's name is repeated.
      const bool plain = field.key.size() <= 64 && std::all_of(field.key.begin(), field.key.end(), [](unsigned char c) {
                           return std::isalnum(c) != 0 || c == '_';
                         });
      fault->where = "." + (plain ? std::string(field.key) : "?") + fault->where;
      return fault;
    }
  }
  return std::nullopt;
}

void append_codings(Object holder, std::vector<Coding>& codings) {
  if (has(holder, "coding")) {
    for (const Object coding : objects_of(holder, "coding")) {
      codings.push_back({text_of(coding, "system"), text_of(coding, "code"), text_of(coding, "display")});
    }
    return;
  }
  if (const auto code = text_of(holder, "code"); !code.empty()) {
    codings.push_back({text_of(holder, "system"), code, text_of(holder, "display")});
  }
}

}  // namespace

Result<Document> Document::parse(std::string_view bytes) {
  const std::size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && bytes[start] == '<') {
    return fail(Code::bad_content_type, "", "FHIR XML is not taken here: send the resource as application/fhir+json");
  }
  Document document;
  document.parser_ = std::make_unique<simdjson::dom::parser>();
  simdjson::dom::element root;
  if (document.parser_->parse(bytes.data(), bytes.size()).get(root) != simdjson::SUCCESS) {
    return fail(Code::not_json, "", "not one well-formed JSON document");
  }
  if (root.get(document.root_) != simdjson::SUCCESS) {
    return fail(Code::fhir_unreadable, "", "a FHIR resource is a JSON object");
  }
  document.resource_type_ = text_of(document.root_, "resourceType");
  const std::string_view type = document.resource_type_;
  const bool named = !type.empty() && type.size() <= 64 &&
                     std::all_of(type.begin(), type.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (auto fault = find_fault(root, 1)) {
    fault->where = (named ? std::string(type) : "Resource") + fault->where;
    return tl::unexpected(std::move(*fault));
  }
  if (!named) return fail(Code::fhir_unreadable, "Resource.resourceType", "the resource does not say what it is");
  return document;
}

bool has(Object object, std::string_view name) { return object.at_key(name).error() == simdjson::SUCCESS; }

std::string_view text_of(Object object, std::string_view name) {
  std::string_view value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS) return {};
  return value;
}

bool is_true(Object object, std::string_view name) {
  bool value = false;
  return object.at_key(name).get(value) == simdjson::SUCCESS && value;
}

std::optional<Object> object_of(Object object, std::string_view name) {
  Object value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::vector<Object> objects_of(Object object, std::string_view name) {
  std::vector<Object> objects;
  if (const auto lone = object_of(object, name)) {
    objects.push_back(*lone);
    return objects;
  }
  Array array;
  if (object.at_key(name).get(array) != simdjson::SUCCESS) return objects;
  for (const Element item : array) {
    Object value;
    if (item.get(value) == simdjson::SUCCESS) objects.push_back(value);
  }
  return objects;
}

std::vector<Coding> codings_of(Object object, std::string_view name) {
  std::vector<Coding> codings;
  for (const Object holder : objects_of(object, name)) append_codings(holder, codings);
  return codings;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); }) != text.end();
}

}  // namespace jangbu::api::fhir
