// SchemaCompiler: draft-07 schemas to SchemaNodes. The keywords are a closed set: one that is not known is an error of
// the build, never ignored, since a rule that is written and not run is worse than none. Used by contract.cc alone,
// which also catches what nlohmann throws.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "schemas/schema_table.h"

namespace jangbu {

using SchemaJson = nlohmann::ordered_json;  // in the file's order, as examples are written out again

// A schema and where it stands, for messages.
struct SchemaPlace {
  std::string file;
  std::string pointer;
  [[nodiscard]] SchemaPlace at(std::string_view token) const { return {file, pointer + "/" + std::string(token)}; }
  [[nodiscard]] std::string text() const { return file + "#" + pointer; }
};

[[nodiscard]] inline tl::unexpected<Error> bad_schema(const SchemaPlace& place, std::string what) {
  return fail(Code::bad_schema, place.text(), std::move(what));
}

// The member `name`, or an empty object.
[[nodiscard]] const SchemaJson& section(const SchemaJson& json, const char* name);

class SchemaCompiler {
 public:
  // `files` by name; nodes and member names go into `out`. Both outlive the compiler.
  SchemaCompiler(const std::map<std::string, SchemaJson>& files, CompiledContract& out) : files_(files), out_(out) {}

  [[nodiscard]] Result<const SchemaNode*> compile(const SchemaPlace& place, const SchemaJson& schema);
  // Every definition of a file, used or not, so that all are held to the same rules.
  [[nodiscard]] Result<void> definitions(const std::string& file);

 private:
  Result<const SchemaNode*> reference(const SchemaPlace& place, const SchemaJson& schema);
  Result<void> fill(const SchemaPlace& place, const SchemaJson& schema, SchemaNode& node);
  Result<void> keyword(const SchemaPlace& place, const std::string& key, const SchemaJson& value,
                       const SchemaJson& schema, SchemaNode& node);
  Result<void> pattern(const SchemaPlace& place, const SchemaJson& schema, SchemaNode& node);
  Result<void> count(const SchemaPlace& place, const SchemaJson& value, std::uint64_t& bound);
  Result<void> object_keywords(const SchemaPlace& place, const SchemaJson& schema, SchemaNode& node);
  Result<std::uint64_t> mask(const SchemaPlace& place, const SchemaJson& names, const SchemaNode& node);
  Result<void> values(const SchemaPlace& place, const SchemaJson& list, SchemaNode& node);

  const std::map<std::string, SchemaJson>& files_;
  CompiledContract& out_;
  std::map<std::string, const SchemaNode*> references_;  // by place; entered before they are filled: they may recurse
};

}  // namespace jangbu
