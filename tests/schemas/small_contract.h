// A contract of a few types for tests of the compiler, the walk and the envelope, so that they say what they are about
// and do not change with the published one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "schemas/embedded.h"
#include "schemas/screen.h"

namespace jangbu::testing {

inline constexpr std::string_view kSmallCodes = R"({"definitions": {
  "roles": {"type": "string", "enum": ["physician", "patient", "proxy"]},
  "purpose": {"type": "string", "enum": ["TREAT", "ETREAT", "HRESCH", "CLINTRCH"],
    "x-parents": {"ETREAT": "TREAT", "CLINTRCH": "HRESCH"}}}})";

inline constexpr std::string_view kSmallCommon = R"({"definitions": {
  "id": {"type": "string", "x-form": "id", "pattern": "^.*$"},
  "time": {"type": "string", "x-form": "time", "pattern": "^.*$"},
  "label": {"type": "string", "x-form": "label", "pattern": "^.*$", "minLength": 1, "maxLength": 8},
  "digest": {"type": "string", "x-form": "digest", "pattern": "^.*$"},
  "patient": {"type": "string", "x-form": "patient", "pattern": "^.*$"},
  "cause": {"type": "object", "additionalProperties": false, "required": ["ledger", "sequence"], "properties": {
    "ledger": {"type": "string", "x-form": "ledger", "pattern": "^.*$"},
    "sequence": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
    "leaf": {"$ref": "#/definitions/digest"}}},
  "actor": {"type": "object", "additionalProperties": false, "required": ["role"], "properties": {
    "id": {"type": "string", "x-form": "actor-id", "pattern": "^.*$"},
    "role": {"$ref": "codes.json#/definitions/roles"},
    "on_behalf_of": {"type": "string", "x-form": "institution", "pattern": "^.*$"}}}}})";

// All keywords in one type.
inline constexpr std::string_view kSmallProbe = R"({"$id": "urn:jangbu:schema:small.probed:v1", "type": "object",
  "x-jangbu": {"ledger": "shared", "kinds": ["hospital", "platform"], "keys": ["prober"],
    "terms": {"dataset": ["/dataset", "/copies/*/copy"]}},
  "additionalProperties": false, "required": ["dataset", "at"], "anyOf": [{"required": ["copies"]}, {"required": ["count"]}],
  "properties": {
    "dataset": {"$ref": "common.json#/definitions/id"},
    "at": {"$ref": "common.json#/definitions/time"},
    "label": {"$ref": "common.json#/definitions/label"},
    "origin": {"$ref": "common.json#/definitions/label"},
    "actor": {"$ref": "common.json#/definitions/actor"},
    "cause": {"$ref": "common.json#/definitions/cause"},
    "result": {"type": "string", "enum": ["absent", "present"]},
    "kept": {"type": "boolean", "const": true},
    "outcome": {"type": "integer", "enum": [0, 4, 8, 12]},
    "count": {"type": "integer", "minimum": 1, "maximum": 10},
    "document": {"type": "object", "x-open": true, "minProperties": 1},
    "names": {"type": "array", "items": {"$ref": "common.json#/definitions/label"}, "minItems": 1, "maxItems": 3,
      "uniqueItems": true},
    "copies": {"type": "array", "maxItems": 40, "uniqueItems": true, "items": {"type": "object",
      "additionalProperties": false, "required": ["copy"], "maxProperties": 2, "properties": {
        "copy": {"$ref": "common.json#/definitions/id"}, "records": {"type": "integer"},
        "manifest": {"$ref": "common.json#/definitions/digest"}}}}}})";

inline constexpr std::string_view kSmallNote = R"({"$id": "urn:jangbu:schema:small.noted:v1", "type": "object",
  "x-jangbu": {"ledger": "either", "kinds": ["hospital"], "keys": [], "terms": {"patient": ["/patient"]}},
  "additionalProperties": false, "properties": {"patient": {"$ref": "common.json#/definitions/patient"}}})";

inline constexpr std::string_view kSmallAccess = R"({"$id": "urn:jangbu:schema:small.read:v1", "type": "object",
  "x-jangbu": {"ledger": "patients", "kinds": ["hospital"], "keys": []},
  "additionalProperties": false, "required": ["patient"], "properties": {
    "patient": {"$ref": "common.json#/definitions/patient"}, "actor": {"$ref": "common.json#/definitions/actor"}}})";

inline std::vector<EmbeddedFile> small_files() {
  return {{"codes.json", kSmallCodes},
          {"common.json", kSmallCommon},
          {"types/small.noted.json", kSmallNote},
          {"types/small.probed.json", kSmallProbe},
          {"types/small.read.json", kSmallAccess}};
}

inline std::shared_ptr<const TypeTable> small_types() {
  Result<std::shared_ptr<const TypeTable>> types = TypeTable::build(small_files());
  if (!types) throw std::runtime_error(to_string(types.error()));
  return *types;
}

// An event with the envelope's required attributes, `more` after them (", \"ledger\": ..."), and `data`.
inline std::string event(std::string_view type, std::string_view data, std::string_view more = "") {
  std::string text = R"({"specversion":"1.0","id":"4f0c31e4-9d6b-4d0e-8a51-0d5f6b1f7a10","source":"/hanbit/emr",)";
  text.append(R"("type":"kr.jangbu.)").append(type).append(R"(.v1","time":"2026-03-01T09:00:00+09:00",)");
  return text.append(R"("institution":"hanbit")").append(more).append(R"(,"data":)").append(data).append("}");
}

// "code where", a line an error.
inline std::string listed(const std::vector<Error>& errors) {
  std::string text;
  for (const Error& error : errors) {
    text.append(text.empty() ? "" : "\n").append(info(error.code).name).append(" ").append(error.where);
  }
  return text;
}

}  // namespace jangbu::testing
