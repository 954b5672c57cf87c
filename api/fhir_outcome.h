// What the FHIR addresses answer: OperationOutcome, batch-response Bundle, CapabilityStatement. JSON in, strings out;
// no sockets. Used by fhir_routes. Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/error.h"

namespace jangbu::api::fhir {

inline constexpr std::string_view kFhirJson = "application/fhir+json";

// An OperationOutcome with an issue for each error: FHIR's issue type by the error table's row, the row's name as a
// code of our own, `what` as diagnostics, and `where` as the expression if it is a FHIRPath.
[[nodiscard]] std::string operation_outcome(std::span<const Error> errors);

// An OperationOutcome that tells what was done, a line an issue.
[[nodiscard]] std::string information(std::span<const std::string> lines);

// How one entry of a batch went.
struct EntryAnswer {
  int status = 201;
  std::string location;       // of the ledgered entry; empty where there is none
  std::vector<Error> errors;  // why not
};
// A Bundle of type batch-response, in the entries' order.
[[nodiscard]] std::string batch_response(std::span<const EntryAnswer> answers);

enum class FhirVersion { v4_0_1, v5_0_0 };
// By the Accept field's fhirVersion parameter ("4.0", "5.0"), R4 if it has none; nullopt: a version not served here.
[[nodiscard]] std::optional<FhirVersion> asked_version(std::string_view accept);

// What /fhir/{institution} can do. `base` is its address; `date` an RFC 3339 time: when this server was started.
[[nodiscard]] std::string capability_statement(FhirVersion version, std::string_view base, std::string_view date);

// "201 Created": the status line's text for a batch's entries.
[[nodiscard]] std::string status_text(int status);

}  // namespace jangbu::api::fhir
