#include "api/fhir_audit_event.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/fhir_codes.h"

namespace jangbu::api::fhir {
namespace {

using Json = nlohmann::ordered_json;

// A type's list of patients is this long; an access to more becomes several events, so that each patient is found.
constexpr std::size_t kPatientsMax = 256;
constexpr std::size_t kCodesMax = 16;

bool any_of(const std::vector<Coding>& codings, bool (*holds)(const Coding&)) {
  return std::any_of(codings.begin(), codings.end(), holds);
}

// Subtype before type: the first code, in this order, that decides; without one a patient does.
Verdict verdict_of(const AuditEvent& event) {
  for (const auto* codings : {&event.subtypes, &event.types}) {
    for (const Coding& coding : *codings) {
      if (const auto verdict = fhir::verdict_of(coding)) return *verdict;
    }
  }
  return event.patients.empty() ? Verdict::audit : Verdict::record;
}

bool has_code(const std::vector<Coding>& codings, std::string_view code) {
  return std::any_of(codings.begin(), codings.end(), [code](const Coding& coding) { return coding.code == code; });
}

std::string_view record_action(const AuditEvent& event) {
  const bool exported = has_code(event.types, "110106") || has_code(event.subtypes, "110106");
  // An import that was disclosed by the other side is no disclosure of ours.
  if (exported && any_of(event.subtypes, is_disclosure)) return "disclose";
  // A subtype that names what was done (Swiss ATC_DOC_READ under 110106) comes before the type.
  std::string_view by_subtype;
  for (const Coding& coding : event.subtypes) {
    if (by_subtype.empty() && !is_disclosure(coding)) by_subtype = action_of_code(coding);
  }
  if (exported) return by_subtype.empty() ? "download" : by_subtype;
  if (const auto action = action_of_letter(event.letter); !action.empty()) return action;
  if (!by_subtype.empty()) return by_subtype;
  for (const Coding& coding : event.types) {
    if (const auto action = action_of_code(coding); !action.empty()) return action;
  }
  return "read";  // E of no known kind, or nothing at all: it was at least looked at
}

std::string_view audit_action(const AuditEvent& event) {
  const auto action = action_of_letter(event.letter);
  return action.empty() ? "execute" : action;
}

// The agents that an event is about. Indexes are not needed: Objects are views.
struct Parties {
  std::optional<Object> actor;
  std::optional<Object> client;       // the system that asked
  std::optional<Object> destination;  // where data went
  std::optional<Object> principal;    // for whom an assistant acted
  bool actor_is_client = false;
};

bool has_type(Object agent, std::string_view code) {
  const auto codes = codings_of(agent, "type");
  return has_code(codes, code);
}

std::optional<Object> first_of_type(const std::vector<Object>& agents, std::string_view code) {
  for (const Object agent : agents) {
    if (has_type(agent, code)) return agent;
  }
  return std::nullopt;
}

Parties parties_of(const AuditEvent& event, std::string_view action, const People& people) {
  Parties parties;
  // IHE BALP: source and destination are of the data, so a reader's client is the destination, a writer's the source.
  const bool pulled = action == "read";
  const auto order = pulled ? std::to_array<std::string_view>({"110152", "110150", "110153"})
                            : std::to_array<std::string_view>({"110153", "110150", "110152"});
  for (const std::string_view code : order) {
    if (!parties.client) parties.client = first_of_type(event.agents, code);
  }
  for (const std::string_view code : {"110152", "110154"}) {
    if (!parties.destination) parties.destination = first_of_type(event.agents, code);
  }
  const auto requestor =
      std::find_if(event.agents.begin(), event.agents.end(), [](Object agent) { return is_true(agent, "requestor"); });
  const auto person = std::find_if(event.agents.begin(), event.agents.end(),
                                   [&people](Object agent) { return people.is_person(agent); });
  if (requestor != event.agents.end()) {
    parties.actor = *requestor;
  } else if (person != event.agents.end()) {
    parties.actor = *person;
  } else {
    parties.actor = parties.client;
    if (!parties.actor && !event.agents.empty()) parties.actor = event.agents.front();
    parties.actor_is_client = true;
  }
  if (parties.actor && people.role(*parties.actor) == "staff") {
    for (const Object agent : event.agents) {
      const auto role = people.role(agent);
      if (!parties.principal && !is_true(agent, "requestor") && (role == "physician" || role == "nurse")) {
        parties.principal = agent;
      }
    }
  }
  return parties;
}

Json actor_of(const Parties& parties, const AuditEvent& event, const People& people, LedgerKind ledger) {
  Json actor;
  const std::string_view role =
      parties.actor_is_client || !parties.actor ? std::string_view("system") : people.role(*parties.actor);
  if (ledger == LedgerKind::shared && (role == "patient" || role == "proxy")) {
    actor["role"] = role;  // who asks for himself is not named in a shared ledger
    return actor;
  }
  std::string id = parties.actor ? people.actor_id(*parties.actor) : std::string();
  // Nobody named: what the observing system does without a user is put down to that system.
  actor["id"] = id.empty() ? people.actor_of_system(event.system) : id;
  actor["role"] = role;
  if (parties.principal) {
    if (std::string principal = people.actor_id(*parties.principal); !principal.empty())
      actor["on_behalf_of"] = principal;
  }
  return actor;
}

std::string origin_of(const Parties& parties, const People& people) {
  std::string origin = parties.actor ? people.origin(*parties.actor) : std::string();
  if (origin.empty() && parties.client) origin = people.origin(*parties.client);
  return origin;
}

// HL7's list first, whatever stands beside it; else the first code that is one.
std::string_view purpose_of(const AuditEvent& event) {
  std::string_view purpose;
  for (const Coding& coding : event.purposes) {
    if (!is_code(coding.code, 32, "_-")) continue;
    if (coding.system.ends_with("/v3-ActReason")) return coding.code;
    if (purpose.empty()) purpose = coding.code;
  }
  return purpose;
}

Json sensitive_of(const AuditEvent& event) {
  Json classes = Json::array();
  for (const Object entity : event.entities) {
    for (const Coding& label : codings_of(entity, "securityLabel")) {
      const auto known = sensitive_class(label);
      if (!known.empty() && std::find(classes.begin(), classes.end(), known) == classes.end()) classes.push_back(known);
    }
  }
  return classes;
}

Json original_of(const AuditEvent& event, const Source& source) {
  Json original;
  original["format"] = event.release == Release::r4 ? "fhir-r4-auditevent" : "fhir-r5-auditevent";
  original["digest"] = source.digest;
  return original;
}

Json patients_in(const AuditEvent& event, std::size_t from) {
  const std::size_t to = std::min(event.patients.size(), from + kPatientsMax);
  Json patients = Json::array();
  for (std::size_t i = from; i < to; ++i) patients.push_back(event.patients[i]);
  return patients;
}

std::vector<Draft> record_accessed(const AuditEvent& event, const Source& source, const People& people) {
  const std::string_view action = record_action(event);
  const Parties parties = parties_of(event, action, people);
  std::vector<Draft> drafts;
  for (std::size_t from = 0; from == 0 || from < event.patients.size(); from += kPatientsMax) {
    Json data;
    data["actor"] = actor_of(parties, event, people, LedgerKind::patients);
    data["action"] = action;
    data["outcome"] = event.outcome;
    data["system"] = event.system;
    if (event.patients.empty()) {
      data["count"] = 0;
    } else {
      data["patients"] = patients_in(event, from);
    }
    if (const auto purpose = purpose_of(event); !purpose.empty()) data["purpose"] = purpose;
    if (std::string origin = origin_of(parties, people); !origin.empty()) data["origin"] = origin;
    if (action == "disclose" && parties.destination) {
      if (std::string to = people.recipient(*parties.destination); !to.empty()) data["recipient"] = to;
    }
    if (any_of(event.purposes, is_break_glass)) data["emergency"] = true;
    if (Json classes = sensitive_of(event); !classes.empty()) data["sensitive"] = std::move(classes);
    data["original"] = original_of(event, source);
    drafts.push_back({"record.accessed", LedgerKind::patients, event.time, data.dump()});
  }
  return drafts;
}

std::vector<Draft> emergency(std::string_view type, const AuditEvent& event, const Source& source,
                             const People& people) {
  const Parties parties = parties_of(event, "read", people);
  std::vector<Draft> drafts;
  for (std::size_t from = 0; from == 0 || from < event.patients.size(); from += kPatientsMax) {
    Json data;
    data["actor"] = actor_of(parties, event, people, LedgerKind::patients);
    if (!event.patients.empty()) data["patients"] = patients_in(event, from);
    if (const auto purpose = purpose_of(event); !purpose.empty()) data["reason"] = purpose;
    data["original"] = original_of(event, source);
    drafts.push_back({std::string(type), LedgerKind::patients, event.time, data.dump()});
  }
  return drafts;
}

Draft audit_recorded(const AuditEvent& event, const Source& source, const People& people) {
  const Parties parties = parties_of(event, audit_action(event), people);
  const auto usable = [](std::string_view code) { return is_code(code, 64, "._:-"); };
  Json subtypes = Json::array();
  std::string_view code;
  for (const Coding& coding : event.types) {
    if (code.empty() && usable(coding.code)) code = coding.code;
  }
  for (const Coding& coding : event.subtypes) {
    if (!usable(coding.code) || subtypes.size() == kCodesMax) continue;
    if (std::find(subtypes.begin(), subtypes.end(), coding.code) == subtypes.end()) subtypes.push_back(coding.code);
  }
  Json data;
  data["code"] = code.empty() && !subtypes.empty() ? subtypes.front() : Json(code.empty() ? "other" : code);
  if (!subtypes.empty()) data["subtypes"] = std::move(subtypes);
  data["action"] = audit_action(event);
  data["outcome"] = event.outcome;
  Json actor = actor_of(parties, event, people, LedgerKind::shared);
  const bool named = actor.contains("id");
  data["actor"] = std::move(actor);
  data["system"] = event.system;
  if (named) {
    if (std::string origin = origin_of(parties, people); !origin.empty()) data["origin"] = origin;
  }
  data["original"] = original_of(event, source);
  return {"audit.recorded", LedgerKind::shared, event.time, data.dump()};
}

}  // namespace

Result<std::vector<Draft>> convert_audit_event(Object root, const Source& source, const Context& context) {
  const People people(context, root);
  auto event = read_audit_event(root, people);
  if (!event) return tl::unexpected(std::move(event.error()));
  switch (verdict_of(*event)) {
    case Verdict::audit:
      return std::vector<Draft>{audit_recorded(*event, source, people)};
    case Verdict::record:
      return record_accessed(*event, source, people);
    case Verdict::emergency_start:
      return emergency("emergency.started", *event, source, people);
    case Verdict::emergency_end:
      return emergency("emergency.ended", *event, source, people);
    case Verdict::consent_grant:
    case Verdict::consent_amend:
    case Verdict::consent_remove:
    case Verdict::consent_exclude:
    case Verdict::consent_include:
      return convert_policy_change(*event, verdict_of(*event), source, people, context);
  }
  return fail(Code::fhir_unreadable, "AuditEvent", "nothing that this ledger knows");
}

}  // namespace jangbu::api::fhir
