// convert_policy_change(): the Swiss EPR (CH:ATC) reports what patients decide as audit events. They give access to a
// professional or a group, for care; only what names institutions of this space can be read as a consent here.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/fhir_audit_event.h"
#include "api/fhir_time.h"
#include "ledger/hash.h"

namespace jangbu::api::fhir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAccessLevel = "urn:e-health-suisse:2015:policies:access-level:";

// A detail of an entity by its type: R4 and R5 give text, or base64 of text.
std::optional<std::string> detail(Object entity, std::string_view type) {
  for (const Object item : objects_of(entity, "detail")) {
    if (text_of(item, "type") != type) continue;
    if (const auto text = text_of(item, "valueString"); !text.empty()) return std::string(text);
    if (auto bytes = from_base64(text_of(item, "valueBase64Binary"))) return *bytes;
  }
  return std::nullopt;
}

bool is_patient_role(Object entity) {
  const auto roles = codings_of(entity, "role");
  return std::any_of(roles.begin(), roles.end(), [](const Coding& role) { return role.code == "1"; });
}

// To whom, and until when, the patient gives access.
struct Grant {
  std::vector<std::string> recipients;
  std::optional<std::string> until;
};

// nullopt: somebody or something in it is not known here.
std::optional<Grant> read_grant(const AuditEvent& event, const People& people, const Context& context) {
  Grant grant;
  for (const Object entity : event.entities) {
    if (is_patient_role(entity)) continue;
    const auto what = object_of(entity, "what");
    const auto institution = what ? people.institution(*what) : std::nullopt;
    const auto level = detail(entity, "AccessLevel");
    if (!institution || (level && !level->starts_with(kAccessLevel))) return std::nullopt;
    if (std::find(grant.recipients.begin(), grant.recipients.end(), *institution) == grant.recipients.end()) {
      grant.recipients.push_back(*institution);
    }
    if (const auto day = detail(entity, "AccessLimitedToDate")) {
      const auto until = moment_after(*day, context.zone_seconds);
      if (!until || (grant.until && *grant.until != *until)) return std::nullopt;
      grant.until = until;
    }
  }
  if (grant.recipients.empty()) return std::nullopt;
  std::sort(grant.recipients.begin(), grant.recipients.end());
  return grant;
}

// Nobody but the patient is named: what is decided holds for all.
bool names_nobody_else(const AuditEvent& event) {
  return std::all_of(event.entities.begin(), event.entities.end(), is_patient_role);
}

// The EPR has no id for it: patient and recipients make it what it is, so an update finds its grant.
std::string policy_id(const std::string& patient, const Grant& grant, const Context& context) {
  std::string text = "atc|" + patient;
  for (const std::string& recipient : grant.recipients) text += "|" + recipient;
  return consent_id(text, context);
}

Draft unread(const std::string& patient, const AuditEvent& event, const Source& source) {
  Json data;
  data["patient"] = patient;
  data["original"]["format"] = event.release == Release::r4 ? "fhir-r4-auditevent" : "fhir-r5-auditevent";
  data["original"]["digest"] = source.digest;
  return {"consent.unread", LedgerKind::patients, event.time, data.dump()};
}

Draft change_for(const std::string& patient, const AuditEvent& event, Verdict verdict, const Source& source,
                 const People& people, const Context& context) {
  const auto grant = read_grant(event, people, context);
  const bool resolved = patient != kUnresolved;
  Json data;
  if (verdict == Verdict::consent_remove) {
    data["patient"] = patient;
    if (grant && resolved) data["consent"] = policy_id(patient, *grant, context);
    data["effective"] = event.time;
    const bool self = std::any_of(event.agents.begin(), event.agents.end(), [&people](Object agent) {
      return is_true(agent, "requestor") && people.role(agent) == "patient";
    });
    if (self) data["by"] = "self";
    data["document"] = source.digest;
    return {"consent.withdrawn", LedgerKind::patients, event.time, data.dump()};
  }
  if (verdict == Verdict::consent_exclude || verdict == Verdict::consent_include) {
    const bool out = verdict == Verdict::consent_exclude;
    // One professional on the blacklist is no objection to all use; and to take him off is none taken back.
    if (!names_nobody_else(event) || (!out && !resolved)) return unread(patient, event, source);
    data["patient"] = patient;
    data["effective"] = event.time;
    data["ground"] = "consent";
    return {out ? "consent.opted_out" : "consent.opted_in", LedgerKind::patients, event.time, data.dump()};
  }
  if (!grant || !resolved) return unread(patient, event, source);
  data["consent"] = policy_id(patient, *grant, context);
  data["patient"] = patient;
  data["purposes"] = Json::array({"TREAT"});  // access levels of the EPR are for treatment
  data["recipients"] = grant->recipients;
  data["from"] = event.time;
  if (grant->until) data["until"] = *grant->until;
  data["document"] = source.digest;
  return {verdict == Verdict::consent_amend ? "consent.amended" : "consent.granted", LedgerKind::patients, event.time,
          data.dump()};
}

}  // namespace

std::vector<Draft> convert_policy_change(const AuditEvent& event, Verdict verdict, const Source& source,
                                         const People& people, const Context& context) {
  std::vector<std::string> patients = event.patients;
  if (patients.empty()) patients.emplace_back(kUnresolved);
  std::vector<Draft> drafts;
  drafts.reserve(patients.size());
  for (const std::string& patient : patients) {
    drafts.push_back(change_for(patient, event, verdict, source, people, context));
  }
  return drafts;
}

}  // namespace jangbu::api::fhir
