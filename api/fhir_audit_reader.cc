// read_audit_event(): what R4 and R5 write differently, and what both leave open.
#include <algorithm>

#include "api/fhir_audit_event.h"
#include "api/fhir_codes.h"
#include "api/fhir_time.h"

namespace jangbu::api::fhir {
namespace {

// FHIR forbids processing a resource whose modifier extensions are not understood, and we know none.
std::optional<Error> find_modifier(Object root) {
  const auto refused = [](std::string where) {
    return Error{Code::fhir_unreadable, std::move(where),
                 "a modifier extension that is not known here could reverse the record's meaning"};
  };
  if (has(root, "modifierExtension")) return refused("AuditEvent.modifierExtension");
  for (const std::string_view list : {"agent", "entity"}) {
    std::size_t index = 0;
    for (const Object item : objects_of(root, list)) {
      if (has(item, "modifierExtension")) {
        return refused("AuditEvent." + std::string(list) + "[" + std::to_string(index) + "].modifierExtension");
      }
      ++index;
    }
  }
  return std::nullopt;
}

// When it happened, if that is told exactly, else when it was recorded.
Result<std::string> time_of(Object root, Release release) {
  if (release == Release::r5) {
    if (auto time = exact_time(text_of(root, "occurredDateTime"))) return *time;
  }
  if (const auto period = object_of(root, release == Release::r5 ? "occurredPeriod" : "period")) {
    if (auto time = exact_time(text_of(*period, "start"))) return *time;
    if (auto time = exact_time(text_of(*period, "end"))) return *time;
  }
  const std::string_view recorded = text_of(root, "recorded");
  if (auto time = exact_time(recorded)) return *time;
  return fail(Code::fhir_unreadable, "AuditEvent.recorded",
              recorded.empty() ? "the record does not say when it was made"
                               : "no usable time: a date, a time of day and its offset from UTC are needed");
}

int outcome_in(Object root, Release release) {
  std::string_view code = text_of(root, "outcome");
  if (release == Release::r5) {
    if (const auto outcome = object_of(root, "outcome")) {
      const auto codes = codings_of(*outcome, "code");
      if (!codes.empty()) code = codes.front().code;
    }
  }
  // Not stated: it happened. An access that is counted as a success is looked at; one that is dropped is not.
  return outcome_of(code).value_or(0);
}

std::vector<Coding> purposes_in(Object root, const std::vector<Object>& agents) {
  std::vector<Coding> purposes = codings_of(root, "purposeOfEvent");
  const auto append = [&purposes](const std::vector<Coding>& more) {
    purposes.insert(purposes.end(), more.begin(), more.end());
  };
  append(codings_of(root, "authorization"));
  for (const Object agent : agents) {
    append(codings_of(agent, "purposeOfUse"));
    append(codings_of(agent, "authorization"));
  }
  return purposes;
}

bool is_patient_entity(Object entity, const People& people) {
  if (const auto what = object_of(entity, "what"); what && people.is_patient(*what)) return true;
  for (const Coding& role : codings_of(entity, "role")) {
    if (role.code == "1") return true;
  }
  for (const Coding& type : codings_of(entity, "type")) {
    if (type.code == "Patient") return true;
  }
  return false;
}

std::vector<std::string> patients_in(Object root, const std::vector<Object>& entities, const People& people) {
  std::vector<std::string> patients;
  const auto add = [&patients](std::string pseudonym) {
    if (std::find(patients.begin(), patients.end(), pseudonym) == patients.end())
      patients.push_back(std::move(pseudonym));
  };
  if (const auto patient = object_of(root, "patient")) add(people.patient(*patient));
  for (const Object entity : entities) {
    if (!is_patient_entity(entity, people)) continue;
    const auto what = object_of(entity, "what");
    add(what ? people.patient(*what) : std::string(kUnresolved));
  }
  return patients;
}

}  // namespace

Result<AuditEvent> read_audit_event(Object root, const People& people) {
  if (auto modifier = find_modifier(root)) return tl::unexpected(std::move(*modifier));
  AuditEvent event;
  event.types = codings_of(root, "type");
  event.subtypes = codings_of(root, "subtype");
  const std::vector<Coding> categories = codings_of(root, "category");
  const std::vector<Coding> codes = codings_of(root, "code");
  if (event.types.empty() == (categories.empty() && codes.empty())) {
    return fail(Code::fhir_unreadable, "AuditEvent",
                event.types.empty() ? "neither R4 (type) nor R5 (category, code): the record does not say what happened"
                                    : "both R4 (type) and R5 (category, code): it cannot be told which is meant");
  }
  event.release = event.types.empty() ? Release::r5 : Release::r4;
  if (event.release == Release::r5) {
    event.types = categories;
    event.subtypes = codes;
  }
  auto time = time_of(root, event.release);
  if (!time) return tl::unexpected(std::move(time.error()));
  event.time = std::move(*time);
  event.letter = text_of(root, "action");
  event.outcome = outcome_in(root, event.release);
  event.agents = objects_of(root, "agent");
  event.entities = objects_of(root, "entity");
  event.purposes = purposes_in(root, event.agents);
  event.patients = patients_in(root, event.entities, people);
  const auto source = object_of(root, "source");
  event.system = source ? people.system(*source) : "unknown";
  return event;
}

}  // namespace jangbu::api::fhir
