// A FHIR document, read: strict JSON in, and short ways to its members. Used by the converters only. A Document is read
// by one thread; what is taken out of it lives as long as it does.
#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/error.h"

namespace jangbu::api::fhir {

// Nested provisions and Bundles go deeper than events (kJsonDepthMax), but no sound resource comes near this.
inline constexpr std::size_t kFhirDepthMax = 64;

using Object = simdjson::dom::object;
using Array = simdjson::dom::array;

enum class Release { r4, r5 };

class Document {
 public:
  // One JSON object with a resourceType. Refuses what two JSON readers could take differently: duplicate names, NUL,
  // bytes after the end. Errors: not_json, too_deep, duplicate_key, bad_character, bad_content_type (XML),
  // fhir_unreadable (no resourceType).
  [[nodiscard]] static Result<Document> parse(std::string_view bytes);

  [[nodiscard]] Object root() const { return root_; }
  [[nodiscard]] std::string_view resource_type() const { return resource_type_; }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  Object root_;
  std::string_view resource_type_;
};

// Members by name. Absent and of another JSON type are the same to them: where that difference matters, has() tells.
[[nodiscard]] bool has(Object object, std::string_view name);
[[nodiscard]] std::string_view text_of(Object object, std::string_view name);
[[nodiscard]] bool is_true(Object object, std::string_view name);
[[nodiscard]] std::optional<Object> object_of(Object object, std::string_view name);
// The objects in a list; a lone object counts as a list of one (R4 and R5 differ in this, and so do senders).
[[nodiscard]] std::vector<Object> objects_of(Object object, std::string_view name);

struct Coding {
  std::string_view system;
  std::string_view code;
  std::string_view display;
};

// All codings of a member, be it a Coding, a CodeableConcept or a list of either (what is a Coding in R4 is often a
// CodeableConcept in R5).
[[nodiscard]] std::vector<Coding> codings_of(Object object, std::string_view name);

// ASCII only, as codes are.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] bool contains_ignoring_case(std::string_view text, std::string_view part);

}  // namespace jangbu::api::fhir
