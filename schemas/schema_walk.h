// The walk: an event's data against its type's compiled schema, and every string that is not opaque through the search
// for direct identifiers, in one pass. Called by the screen after strict JSON and envelope. Pure; one thread per Walk.
//
// Beyond the schema it holds three rules that JSON Schema cannot say: in a shared ledger no patient is named, a person
// who acts as patient or proxy has neither id nor origin, and a cause in a patients' ledger has no leaf hash.
#pragma once

#include <simdjson.h>

#include <optional>

#include "schemas/report.h"
#include "schemas/schema_table.h"
#include "schemas/timestamp.h"

namespace jangbu {

class Walk {
 public:
  // `shared`: the record is meant for a shared ledger. `time`: the event's own, where it could be read.
  Walk(bool shared, std::optional<Timestamp> time, Report& report, JsonPath& path)
      : shared_(shared), time_(time), report_(report), path_(path) {}

  // `data` stands at the path.
  void run(const SchemaNode& schema, simdjson::dom::element data);
  // Content that no schema describes: names and strings are only examined for direct identifiers.
  void examine_all(simdjson::dom::element element);

 private:
  void value(const SchemaNode& node, simdjson::dom::element element);
  void string(const SchemaNode& node, simdjson::dom::element element);
  void integer(const SchemaNode& node, simdjson::dom::element element);
  void array(const SchemaNode& node, simdjson::dom::element element);
  void object(const SchemaNode& node, simdjson::dom::element element);
  void open_object(const SchemaNode& node, simdjson::dom::element element);
  void members_present(const SchemaNode& node, std::uint64_t seen);
  void unknown_member(simdjson::dom::key_value_pair member);
  void shared_actor(simdjson::dom::object actor);
  void entry(simdjson::dom::object entry);
  void wrong_type(simdjson::dom::element element, const char* expected);
  void add(Code code, std::string what) { report_.add(code, path_.text(), std::move(what)); }

  bool shared_;
  std::optional<Timestamp> time_;
  Report& report_;
  JsonPath& path_;
  bool nameless_actor_ = false;  // an actor of role patient or proxy was met
};

}  // namespace jangbu
