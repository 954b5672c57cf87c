// The compiled contract: what the screen's walk runs. contract.cc makes it once from the embedded files,
// schema_walk.cc runs it; nobody else needs it. Immutable once compiled.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/bounds.h"
#include "schemas/embedded.h"
#include "schemas/error.h"
#include "schemas/event_type.h"
#include "schemas/forms.h"

namespace jangbu {

enum class SchemaKind : std::uint8_t { object, open_object, array, string, integer, boolean };

// What JSON Schema cannot say of an object, and the screen judges by hand (schema_walk.cc).
enum class SchemaRole : std::uint8_t { none, shared_actor, entry };

struct SchemaProperty {
  std::string name;
  const SchemaNode* node = nullptr;
};

// One schema, with only its kind's members meant.
struct SchemaNode {
  static constexpr std::size_t kPropertiesMax = 64;  // one bit each
  static constexpr std::uint64_t kUnbounded = UINT64_MAX;

  SchemaKind kind = SchemaKind::object;
  SchemaRole role = SchemaRole::none;

  // string
  const Form* form = nullptr;
  std::vector<std::string> values;  // sorted; empty: any
  bool is_code_list = false;        // an enum of codes.json: another value is unknown_code, not bad_value
  bool names_a_patient = false;
  // Code points of a string, elements of an array, members of an object.
  std::uint64_t count_min = 0;
  std::uint64_t count_max = kUnbounded;

  // integer
  std::int64_t minimum = -kJsonIntegerMax;
  std::int64_t maximum = kJsonIntegerMax;
  std::vector<std::int64_t> integers;  // empty: any

  // boolean: which of the two; bit 0 false, bit 1 true
  std::uint8_t booleans = 3;

  // array
  const SchemaNode* items = nullptr;
  bool unique = false;

  // object
  std::vector<SchemaProperty> properties;
  std::vector<std::uint8_t> slots;    // open addressing by slot_of(); kNoProperty: empty
  std::uint64_t required = 0;         // bit i is property i
  std::vector<std::uint64_t> any_of;  // all bits of at least one must be there; empty: no such rule

  static constexpr std::uint8_t kNoProperty = 0xff;
  static std::size_t slot_of(std::string_view name, std::size_t mask) {
    const std::size_t length = name.size();
    const auto at = [name](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(name[i])); };
    return length == 0 ? 0 : (length + at(0) * 5 + at(length - 1) * 17 + at(length / 2) * 3) & mask;
  }
  // The property's index, or kNoProperty.
  [[nodiscard]] std::uint8_t find(std::string_view name) const {
    const std::size_t mask = slots.size() - 1;
    for (std::size_t i = slot_of(name, mask);; i = (i + 1) & mask) {
      const std::uint8_t index = slots[i];
      if (index == kNoProperty || properties[index].name == name) return index;
    }
  }
};

struct CodeList {
  std::vector<std::string> codes;                        // sorted
  std::unordered_map<std::string, std::string> parents;  // of the codes that have one
};

// A record with its verdict, as the contract's examples state it.
struct ContractExample {
  std::string type;    // "dataset.purged"; empty: an example of the envelope
  std::string record;  // the event, written compactly in the members' order
  std::string ledger;  // for which it is meant: "hanbit", "hanbit.patients"
  std::string why;     // empty: a good one
  std::string code;    // of a bad one: the error's name and pointer
  std::string pointer;
};

struct CompiledContract {
  std::deque<SchemaNode> nodes;  // stable addresses
  std::vector<EventType> types;  // by full name
  std::unordered_map<std::string_view, const EventType*> by_name;
  std::unordered_map<std::string, CodeList> code_lists;
  std::vector<ContractExample> examples;
  std::vector<std::string> member_names;  // every property of every schema, sorted: names that are no content
};

// Errors: bad_schema, `where` the file and the pointer in it.
[[nodiscard]] Result<std::unique_ptr<CompiledContract>> compile_contract(std::span<const EmbeddedFile> files);

}  // namespace jangbu
