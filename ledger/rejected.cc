// FORMAT.md, "Rejected entry".
#include "ledger/rejected.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace jangbu {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kAttributes = {"/specversion",  "/id",          "/source",     "/type",
                                    "/time",         "/institution", "/ledger",     "/sequence",
                                    "/sequencetype", "/traceparent", "/tracestate", "/datacontenttype",
                                    "/data"};

std::string parent_of(std::string_view pointer) {
  const std::size_t slash = pointer.rfind('/');
  return std::string(pointer.substr(0, slash == std::string_view::npos ? 0 : slash));
}

std::optional<Code> code_named(std::string_view name) {
  static constexpr Code kAll[] = {
#define JANGBU_ERROR(name, number, fault, http, retry, sentence) Code::name,
#include "schemas/errors.def"
#undef JANGBU_ERROR
  };
  for (const Code code : kAll) {
    if (info(code).name == name) return code;
  }
  return std::nullopt;
}

tl::unexpected<Error> refuse(std::string what) { return fail(Code::bad_entry, "rejected body", std::move(what)); }

std::optional<std::uint64_t> unsigned_member(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::optional<std::string> text_member(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<Hash> digest_member(const Json& json, const char* name) {
  const auto text = text_member(json, name);
  if (!text) return std::nullopt;
  const auto hash = parse_digest(*text);
  return hash ? std::optional<Hash>(*hash) : std::nullopt;
}

}  // namespace

std::string safe_pointer(const Error& error) {
  const std::string& pointer = error.where;
  switch (error.code) {
    case Code::too_large:
    case Code::not_json:
    case Code::too_deep:
    case Code::duplicate_key:
    case Code::bad_number:
    case Code::bad_character: {
      // Found before any schema was looked at: only the first step can be ours.
      const std::string first = pointer.substr(0, pointer.empty() ? 0 : pointer.find('/', 1));
      return std::find(kAttributes.begin(), kAttributes.end(), first) != kAttributes.end() ? first : "";
    }
    case Code::unknown_member:
    case Code::bad_envelope: {
      const bool known = std::find(kAttributes.begin(), kAttributes.end(), pointer) != kAttributes.end();
      return known ? pointer : parent_of(pointer);
    }
    default:  // an error table row, not an enum of this layer: those left name places of the schema
      return pointer;
  }
}

std::string to_json(const Rejection& rejection) {
  Json json = Json::object();
  json["reason"] = info(rejection.reason).name;
  json["pointer"] = rejection.pointer;
  json["length"] = rejection.length;
  if (rejection.source) json["source"] = *rejection.source;
  if (rejection.sequence) json["sequence"] = *rejection.sequence;
  if (rejection.id_digest) json["id_digest"] = digest_text(*rejection.id_digest);
  if (rejection.digest) json["digest"] = digest_text(*rejection.digest);
  if (rejection.first) json["first"] = rejection.first->value();
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<Rejection> parse_rejection(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return refuse("no JSON object");
  const auto reason = text_member(json, "reason");
  const auto code = reason ? code_named(*reason) : std::nullopt;
  const auto pointer = text_member(json, "pointer");
  const auto length = unsigned_member(json, "length");
  if (!code || !pointer || !length) return refuse("reason, pointer or length is missing or not known");
  Rejection rejection;
  rejection.reason = *code;
  rejection.pointer = *pointer;
  rejection.length = *length;
  rejection.source = text_member(json, "source");
  rejection.sequence = unsigned_member(json, "sequence");
  rejection.id_digest = digest_member(json, "id_digest");
  rejection.digest = digest_member(json, "digest");
  if (const auto first = unsigned_member(json, "first")) rejection.first = SequenceNumber(*first);
  if (to_json(rejection) != body) return refuse("another spelling than the one there is");
  return rejection;
}

}  // namespace jangbu
