// read_consent(): R4 and R5 in one shape, and a note of everything that is not understood.
#include <algorithm>
#include <array>
#include <charconv>

#include "api/fhir_consent.h"
#include "api/fhir_time.h"

namespace jangbu::api::fhir {
namespace {

// Elements that do not change what is permitted. `_name` holds extensions of a primitive, which never do either.
// modifierExtension and implicitRules are missing on purpose: they can.
constexpr auto kAlways = std::to_array<std::string_view>(
    {"resourceType", "id", "meta", "language", "text", "contained", "extension", "identifier", "status", "category",
     "verification", "sourceAttachment", "sourceReference", "provision"});
constexpr auto kR4 = std::to_array<std::string_view>(
    {"scope", "patient", "dateTime", "performer", "organization", "policy", "policyRule"});
constexpr auto kR5 =
    std::to_array<std::string_view>({"subject", "date", "period", "grantor", "grantee", "manager", "controller",
                                     "regulatoryBasis", "policyBasis", "policyText", "decision"});
constexpr auto kProvision =
    std::to_array<std::string_view>({"id", "extension", "type", "period", "actor", "purpose", "provision"});

template <std::size_t size>
bool holds(const std::array<std::string_view, size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_list(Object object, std::string_view name) {
  Array array;
  return object.at_key(name).get(array) == simdjson::SUCCESS;
}

bool is_text(Object object, std::string_view name) {
  std::string_view value;
  return object.at_key(name).get(value) == simdjson::SUCCESS;
}

// A list of which every item is an object, or a lone object: nothing in it is overlooked.
bool all_objects(Object object, std::string_view name) {
  Array array;
  if (object.at_key(name).get(array) != simdjson::SUCCESS) return object_of(object, name).has_value();
  return std::all_of(array.begin(), array.end(), [](simdjson::dom::element item) { return item.is_object(); });
}

Decision decision_named(std::string_view name) {
  if (name == "permit") return Decision::permit;
  return name == "deny" ? Decision::deny : Decision::none;
}

void add_once(std::vector<std::string>& list, std::string_view item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.emplace_back(item);
}

void read_period(Object holder, Conditions& conditions, const Context& context) {
  if (!has(holder, "period")) return;
  const auto period = object_of(holder, "period");
  if (!period) {
    conditions.other = true;
    return;
  }
  if (has(*period, "start")) {
    conditions.from = first_moment(text_of(*period, "start"), context.zone_seconds);
    conditions.other = conditions.other || !conditions.from;
  }
  if (has(*period, "end")) {
    conditions.until = moment_after(text_of(*period, "end"), context.zone_seconds);
    conditions.other = conditions.other || !conditions.until;
  }
}

void read_purposes(Object provision, Conditions& conditions) {
  if (!has(provision, "purpose")) return;
  const auto purposes = codings_of(provision, "purpose");
  conditions.other = conditions.other || purposes.empty() || !all_objects(provision, "purpose");
  if (purposes.size() != objects_of(provision, "purpose").size()) conditions.other = true;
  for (const Coding& purpose : purposes) {
    if (!is_code(purpose.code, 32, "_-")) {
      conditions.other = true;
    } else {
      add_once(conditions.purposes, purpose.code);
    }
  }
  if (conditions.purposes.size() > 16) conditions.other = true;
}

// Recipients that are institutions of this space can be said; custodians, authors, persons cannot.
void read_actors(Object provision, Conditions& conditions, const People& people) {
  if (!has(provision, "actor")) return;
  const auto actors = objects_of(provision, "actor");
  conditions.other = conditions.other || actors.empty() || !all_objects(provision, "actor");
  for (const Object actor : actors) {
    const auto roles = codings_of(actor, "role");
    const bool receives = !roles.empty() && std::all_of(roles.begin(), roles.end(), [](const Coding& role) {
      return role.code == "PRCP" || role.code == "IRCP";
    });
    const auto reference = object_of(actor, "reference");
    const auto institution = receives && reference ? people.institution(*reference) : std::nullopt;
    if (institution) {
      add_once(conditions.recipients, *institution);
    } else {
      conditions.other = true;
    }
  }
  if (conditions.recipients.size() > 64) conditions.other = true;
}

Provision read_provision(Object object, const People& people, const Context& context) {
  Provision provision;
  Conditions& conditions = provision.conditions;
  for (const auto field : object) {
    if (!holds(kProvision, field.key) && !field.key.starts_with('_')) conditions.other = true;
  }
  if (has(object, "type")) {
    provision.type = decision_named(text_of(object, "type"));
    if (provision.type == Decision::none) conditions.other = true;
  }
  read_period(object, conditions, context);
  read_purposes(object, conditions);
  read_actors(object, conditions, people);
  if (has(object, "provision")) {
    if (!all_objects(object, "provision")) conditions.other = true;
    // Depth is bounded by the document's (kFhirDepthMax).
    for (const Object nested : objects_of(object, "provision")) {
      provision.exceptions.push_back(read_provision(nested, people, context));
    }
  }
  return provision;
}

Decision policy_rule(Object root, bool& strange) {
  if (!has(root, "policyRule")) return Decision::none;
  Decision decision = Decision::none;
  for (const Coding& coding : codings_of(root, "policyRule")) {
    const Decision stated = coding.code == "OPTIN"    ? Decision::permit
                            : coding.code == "OPTOUT" ? Decision::deny
                                                      : Decision::none;
    if (stated == Decision::none || (decision != Decision::none && decision != stated)) strange = true;
    decision = stated;
  }
  if (decision == Decision::none) strange = true;
  return decision;
}

void read_kind(Object root, Consent& consent) {
  for (const Coding& scope : codings_of(root, "scope")) {
    if (scope.code == "research") consent.research_only = true;
    if (scope.code == "treatment" || scope.code == "adr") consent.about_care = true;
  }
  constexpr auto research = std::to_array<std::string_view>({"research", "rsdid", "rsreid"});
  constexpr auto directives = std::to_array<std::string_view>({"acd", "dnr", "hcd", "polst"});
  for (const Coding& category : codings_of(root, "category")) {
    if (holds(research, category.code)) consent.research_only = true;
    if (holds(directives, category.code)) consent.about_care = true;
    if (equals_ignoring_case(category.code, "emrgonly")) consent.emergency_only = true;
    if (category.code == "npp") consent.notice_only = true;
  }
}

void read_version(Object root, Consent& consent) {
  const auto meta = object_of(root, "meta");
  if (!meta) return;
  consent.updated = exact_time(text_of(*meta, "lastUpdated"));
  const std::string_view version = text_of(*meta, "versionId");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  consent.later_version = error == std::errc() && end == version.data() + version.size() && number > 1;
}

std::string id_of(Object root, const Source& source, const Context& context) {
  if (const auto id = text_of(root, "id"); !id.empty()) return consent_id(id, context);
  for (const Object identifier : objects_of(root, "identifier")) {
    const std::string value(text_of(identifier, "value"));
    if (!value.empty()) return consent_id(std::string(text_of(identifier, "system")) + "|" + value, context);
  }
  return consent_id(source.digest, context);  // nothing will ever refer to it
}

void read_givers(Object root, std::string_view member, Consent& consent, const People& people) {
  for (const Object giver : objects_of(root, member)) {
    const auto type = people.type_of(giver);
    consent.by_patient = consent.by_patient || type == "Patient";
    consent.by_proxy = consent.by_proxy || type == "RelatedPerson";
  }
}

void read_r4(Object root, Consent& consent, const People& people, const Context& context) {
  const auto patient = object_of(root, "patient");
  consent.patient = patient ? people.patient(*patient) : std::string(kUnresolved);
  const std::string_view date = text_of(root, "dateTime");
  consent.given = is_whole_day(date) ? first_moment(date, context.zone_seconds) : exact_time(date);
  consent.base = policy_rule(root, consent.strange);
  read_givers(root, "performer", consent, people);
  if (has(root, "provision")) {
    const auto provision = object_of(root, "provision");
    consent.strange = consent.strange || !provision;
    consent.has_root = provision.has_value();
    if (provision) consent.provisions.push_back(read_provision(*provision, people, context));
  }
}

void read_r5(Object root, Consent& consent, const People& people, const Context& context) {
  const auto subject = object_of(root, "subject");
  consent.patient = subject ? people.patient(*subject) : std::string(kUnresolved);
  const std::string_view date = text_of(root, "date");
  consent.given = is_whole_day(date) ? first_moment(date, context.zone_seconds) : exact_time(date);
  consent.base = decision_named(text_of(root, "decision"));
  read_givers(root, "grantor", consent, people);
  read_period(root, consent.frame, context);
  for (const Object grantee : objects_of(root, "grantee")) {
    const auto institution = people.institution(grantee);
    if (institution) {
      add_once(consent.frame.recipients, *institution);
    } else {
      consent.frame.other = true;
    }
  }
  if (has(root, "grantee") && !all_objects(root, "grantee")) consent.strange = true;
  if (has(root, "provision") && !all_objects(root, "provision")) consent.strange = true;
  for (const Object object : objects_of(root, "provision")) {
    Provision provision = read_provision(object, people, context);
    // R5: an exception is always to the contrary.
    const Decision contrary = consent.base == Decision::permit ? Decision::deny : Decision::permit;
    if (provision.type != Decision::none) consent.strange = true;
    provision.type = contrary;
    consent.provisions.push_back(std::move(provision));
  }
}

}  // namespace

Result<Consent> read_consent(Object root, const Source& source, const People& people, const Context& context) {
  const auto any_of = [root](std::initializer_list<std::string_view> names) {
    return std::any_of(names.begin(), names.end(), [root](std::string_view name) { return has(root, name); });
  };
  const bool r5 = any_of({"subject", "date", "decision"}) || is_list(root, "provision");
  const bool r4 =
      any_of({"patient", "dateTime", "scope", "policyRule"}) || (has(root, "provision") && !is_list(root, "provision"));
  if (r4 == r5) {
    return fail(Code::fhir_unreadable, "Consent",
                r4 ? "members of both R4 (patient, dateTime, scope) and R5 (subject, date, decision)"
                   : "neither R4 (patient, dateTime, scope) nor R5 (subject, date, decision)");
  }
  Consent consent;
  consent.release = r4 ? Release::r4 : Release::r5;
  for (const auto field : root) {
    const bool known = holds(kAlways, field.key) || (r4 ? holds(kR4, field.key) : holds(kR5, field.key));
    if (!known && !field.key.starts_with('_')) consent.strange = true;
  }
  for (const std::string_view member : {"scope", "category", "policyRule"}) {
    if (has(root, member) && !all_objects(root, member)) consent.strange = true;
  }
  if (r5 && has(root, "decision") && !is_text(root, "decision")) consent.strange = true;
  consent.status = text_of(root, "status");
  consent.id = id_of(root, source, context);
  read_version(root, consent);
  read_kind(root, consent);
  if (r4) {
    read_r4(root, consent, people, context);
  } else {
    read_r5(root, consent, people, context);
  }
  return consent;
}

}  // namespace jangbu::api::fhir
