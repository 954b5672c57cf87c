#include "api/fhir_outcome.h"

#include <cctype>
#include <nlohmann/json.hpp>

namespace jangbu::api::fhir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kCodeSystem = "urn:jangbu:errors";

// http://hl7.org/fhir/issue-type, by what went wrong.
std::string_view issue_type(Code code) {
  switch (code) {
    case Code::not_json:
    case Code::too_deep:
    case Code::duplicate_key:
    case Code::bad_character:
      return "structure";
    case Code::bad_content_type:
    case Code::fhir_unreadable:
      return "not-supported";
    case Code::too_large:
    case Code::body_too_large:
      return "too-long";
    case Code::bad_time:
    case Code::bad_value:
    case Code::wrong_type:
      return "value";
    case Code::missing_member:
      return "required";
    case Code::unknown_code:
      return "code-invalid";
    case Code::conflict:
      return "conflict";
    case Code::misdirected:
    case Code::no_such_ledger:
    case Code::not_found:
      return "not-found";
    case Code::signature_missing:
    case Code::signature_bad:
    case Code::key_unknown:
    case Code::author_kind_wrong:
      return "forbidden";
    case Code::queue_full:
    case Code::disk_full:
      return "throttled";
    case Code::timed_out:
      return "timeout";
    default:
      break;  // Code is a table that grows
  }
  return info(code).retry ? "transient" : info(code).fault == Fault::sender ? "invalid" : "exception";
}

bool is_expression(std::string_view where) {
  return !where.empty() && std::isupper(static_cast<unsigned char>(where.front())) != 0;
}

Json outcome(std::span<const Error> errors) {
  Json issues = Json::array();
  for (const Error& error : errors) {
    const CodeInfo& row = info(error.code);
    Json coding;
    coding["system"] = kCodeSystem;
    coding["code"] = row.name;
    Json issue;
    issue["severity"] = "error";
    issue["code"] = issue_type(error.code);
    issue["details"]["coding"] = Json::array({coding});
    issue["details"]["text"] = row.sentence;
    issue["diagnostics"] = error.what.empty() ? std::string(row.sentence) : error.what;
    if (is_expression(error.where)) issue["expression"] = Json::array({error.where});
    issues.push_back(std::move(issue));
  }
  Json json;
  json["resourceType"] = "OperationOutcome";
  json["issue"] = std::move(issues);
  return json;
}

Json resource_capability(std::string_view type, std::string_view documentation) {
  Json create;
  create["code"] = "create";
  create["documentation"] = documentation;
  Json resource;
  resource["type"] = type;
  resource["interaction"] = Json::array({create});
  resource["versioning"] = "no-version";
  resource["readHistory"] = false;
  resource["updateCreate"] = false;
  resource["conditionalCreate"] = false;
  return resource;
}

}  // namespace

std::string operation_outcome(std::span<const Error> errors) {
  return outcome(errors).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string information(std::span<const std::string> lines) {
  Json json;
  json["resourceType"] = "OperationOutcome";
  json["issue"] = Json::array();
  for (const std::string& line : lines) {
    Json issue;
    issue["severity"] = "information";
    issue["code"] = "informational";
    issue["diagnostics"] = line;
    json["issue"].push_back(std::move(issue));
  }
  return json.dump();
}

std::string batch_response(std::span<const EntryAnswer> answers) {
  Json bundle;
  bundle["resourceType"] = "Bundle";
  bundle["type"] = "batch-response";
  if (!answers.empty()) bundle["entry"] = Json::array();
  for (const EntryAnswer& answer : answers) {
    Json response;
    response["status"] = status_text(answer.status);
    if (!answer.location.empty()) response["location"] = answer.location;
    if (!answer.errors.empty()) response["outcome"] = outcome(answer.errors);
    Json entry;
    entry["response"] = std::move(response);
    bundle["entry"].push_back(std::move(entry));
  }
  return bundle.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<FhirVersion> asked_version(std::string_view accept) {
  constexpr std::string_view name = "fhirversion=";
  std::string lower(accept);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t at = lower.find(name);
  if (at == std::string::npos) return FhirVersion::v4_0_1;
  std::string_view version = std::string_view(lower).substr(at + name.size());
  version = version.substr(0, version.find_first_of(",; \t"));
  if (version.size() >= 2 && version.front() == '"' && version.back() == '"')
    version = version.substr(1, version.size() - 2);
  if (version == "4.0" || version == "4.0.1") return FhirVersion::v4_0_1;
  if (version == "5.0" || version == "5.0.0") return FhirVersion::v5_0_0;
  return std::nullopt;
}

std::string capability_statement(FhirVersion version, std::string_view base, std::string_view date) {
  Json rest;
  rest["mode"] = "server";
  rest["documentation"] =
      "What is posted becomes events of this institution's ledger. Resources are taken in R4 and R5 shape and not "
      "given "
      "out again: the receipt of what became of one is at its Location.";
  rest["resource"] = Json::array({
      resource_capability("AuditEvent", "becomes record.accessed, emergency.*, audit.recorded or consent.*"),
      resource_capability("Consent", "becomes consent.granted, .amended, .withdrawn, .opted_out or .unread"),
  });
  Json batch;
  batch["code"] = "batch";
  batch["documentation"] = "a Bundle of type batch, collection or searchset; each entry for itself";
  rest["interaction"] = Json::array({batch});
  Json json;
  json["resourceType"] = "CapabilityStatement";
  json["status"] = "active";
  json["date"] = date;
  json["kind"] = "instance";
  json["software"]["name"] = "Jangbu";
  json["implementation"]["description"] = "Audit and consent ledger of a medical data space";
  json["implementation"]["url"] = base;
  json["fhirVersion"] = version == FhirVersion::v4_0_1 ? "4.0.1" : "5.0.0";
  json["format"] = Json::array({"application/fhir+json", "json"});
  json["rest"] = Json::array({rest});
  return json.dump();
}

std::string status_text(int status) {
  switch (status) {
    case 200:
      return "200 OK";
    case 201:
      return "201 Created";
    case 400:
      return "400 Bad Request";
    case 403:
      return "403 Forbidden";
    case 404:
      return "404 Not Found";
    case 409:
      return "409 Conflict";
    case 413:
      return "413 Content Too Large";
    case 415:
      return "415 Unsupported Media Type";
    case 421:
      return "421 Misdirected Request";
    case 422:
      return "422 Unprocessable Content";
    case 500:
      return "500 Internal Server Error";
    case 503:
      return "503 Service Unavailable";
    case 507:
      return "507 Insufficient Storage";
    default:
      return std::to_string(status);
  }
}

}  // namespace jangbu::api::fhir
