// FHIR AuditEvent, R4 and R5, to events: record.accessed, emergency.*, audit.recorded; and consent.* for the policy
// changes that the Swiss EPR reports as audit events. Used by fhir.cc only.
#pragma once

#include <vector>

#include "api/fhir.h"
#include "api/fhir_codes.h"
#include "api/fhir_event.h"
#include "api/fhir_people.h"
#include "api/fhir_reader.h"

namespace jangbu::api::fhir {

// R4 and R5 in one shape: where the two differ, this has been decided.
struct AuditEvent {
  Release release;
  std::string time;              // when it happened, else when it was recorded
  std::vector<Coding> types;     // R4 type, R5 category
  std::vector<Coding> subtypes;  // R4 subtype, R5 code
  std::string_view letter;       // action: C, R, U, D, E or nothing
  int outcome = 0;
  std::vector<Coding> purposes;  // the event's, then its agents'
  std::vector<Object> agents;
  std::vector<Object> entities;
  std::vector<std::string> patients;  // pseudonyms, each once, in order
  std::string system;
};

// Errors: fhir_unreadable (no shape, no usable time, modifierExtension).
[[nodiscard]] Result<AuditEvent> read_audit_event(Object root, const People& people);

// Errors as read_audit_event(). Does not fail for what the record says, only for how.
[[nodiscard]] Result<std::vector<Draft>> convert_audit_event(Object root, const Source& source, const Context& context);

// A policy change (fhir_policy_change.cc) as consent.*, or consent.unread where it cannot be read as one; several where
// it names several patients.
[[nodiscard]] std::vector<Draft> convert_policy_change(const AuditEvent& event, Verdict verdict, const Source& source,
                                                       const People& people, const Context& context);

}  // namespace jangbu::api::fhir
