#include "api/fhir_consent.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/fhir_codes.h"
#include "schemas/timestamp.h"

namespace jangbu::api::fhir {
namespace {

using Json = nlohmann::ordered_json;

// The tree, flattened: one decision under conditions that an event can say. `decision` none: it could not be.
struct Flat {
  Decision decision = Decision::none;
  Conditions conditions;
};

bool all_care(const std::vector<std::string>& purposes) {
  return !purposes.empty() &&
         std::all_of(purposes.begin(), purposes.end(), [](const std::string& p) { return is_care(p); });
}

bool is_bare(const Conditions& conditions) {
  return conditions.purposes.empty() && conditions.recipients.empty() && !conditions.other;
}

// What permits or denies care alone says nothing about secondary use, whatever else it depends on.
bool is_beside_the_point(const Provision& exception) { return all_care(exception.conditions.purposes); }

bool is_later(const std::string& a, const std::string& b) {
  const auto x = parse_timestamp(a);
  const auto y = parse_timestamp(b);
  return x && y && *y < *x;
}

// Both must hold.
void narrow(Conditions& conditions, const Conditions& frame) {
  if (frame.from && (!conditions.from || is_later(*frame.from, *conditions.from))) conditions.from = frame.from;
  if (frame.until && (!conditions.until || is_later(*conditions.until, *frame.until))) conditions.until = frame.until;
  if (conditions.purposes.empty()) conditions.purposes = frame.purposes;
  if (conditions.recipients.empty()) {
    conditions.recipients = frame.recipients;
  } else if (!frame.recipients.empty() && conditions.recipients != frame.recipients) {
    conditions.other = true;
  }
  conditions.other = conditions.other || frame.other;
}

// A denial that leaves room for some secondary use: what is permitted, if that can be said, is a grant.
Flat flatten_permissions(const std::vector<Provision>& permissions, const Conditions& frame) {
  Flat flat;
  for (const Provision& permission : permissions) {
    const Conditions& each = permission.conditions;
    const bool nested = std::any_of(permission.exceptions.begin(), permission.exceptions.end(),
                                    [](const Provision& exception) { return !is_beside_the_point(exception); });
    if (each.other || nested || (each.purposes.empty() && each.recipients.empty())) return {};
    if (&permission == &permissions.front()) {
      flat.conditions = each;
      continue;
    }
    Conditions& all = flat.conditions;
    // Only purposes can be added up; under unlike conditions there would be two consents.
    if (each.recipients != all.recipients || each.from != all.from || each.until != all.until ||
        each.purposes.empty() || all.purposes.empty()) {
      return {};
    }
    for (const std::string& purpose : each.purposes) {
      if (std::find(all.purposes.begin(), all.purposes.end(), purpose) == all.purposes.end())
        all.purposes.push_back(purpose);
    }
  }
  if (flat.conditions.purposes.size() > 16 || !frame.purposes.empty()) return {};
  narrow(flat.conditions, frame);
  if (!flat.conditions.other) flat.decision = Decision::permit;
  return flat;
}

// `base` under `frame`, with exceptions of either kind.
Flat flatten(Decision base, Conditions frame, const std::vector<Provision>& exceptions) {
  std::vector<Provision> contrary;
  for (const Provision& exception : exceptions) {
    if (exception.type == Decision::none) return {};
    if (is_beside_the_point(exception)) continue;
    if (exception.type != base) {
      contrary.push_back(exception);
    } else if (base == Decision::permit) {
      return {};  // a permission inside a permission: it cannot be told whether it is meant to narrow
    }
  }
  if (frame.other) return {};
  if (base == Decision::permit) return contrary.empty() ? Flat{Decision::permit, std::move(frame)} : Flat{};
  if (!contrary.empty()) return flatten_permissions(contrary, frame);
  // An objection has no recipients, no end, and is never to care alone.
  if (!frame.recipients.empty() || frame.until || all_care(frame.purposes)) return {};
  return {Decision::deny, std::move(frame)};
}

// R4: one root provision, which FHIR leaves without a type. With policyRule it is then the base's own period, or else
// an exception of which nobody can tell whether it permits or denies (the published examples use it both ways).
Flat flatten_r4(const Consent& consent) {
  if (!consent.has_root) return consent.base == Decision::none ? Flat{} : flatten(consent.base, {}, {});
  const Provision& root = consent.provisions.front();
  if (consent.base == Decision::none) {
    return root.type == Decision::none ? Flat{} : flatten(root.type, root.conditions, root.exceptions);
  }
  if (root.type == consent.base) return flatten(consent.base, root.conditions, root.exceptions);
  if (root.type != Decision::none) return flatten(consent.base, {}, {root});
  if (is_bare(root.conditions)) return flatten(consent.base, root.conditions, root.exceptions);
  // A denial with something about care in it stays a denial of all other use, whichever way that is meant.
  if (consent.base == Decision::deny && is_beside_the_point(root)) return flatten(consent.base, {}, {});
  return {};
}

Flat flatten(const Consent& consent) {
  if (consent.strange || consent.status != "active") return {};
  Flat flat = consent.release == Release::r4   ? flatten_r4(consent)
              : consent.base == Decision::none ? Flat{}
                                               : flatten(consent.base, consent.frame, consent.provisions);
  if (flat.decision != Decision::permit) return flat;
  if (consent.patient == kUnresolved || consent.notice_only) return {};
  if (consent.emergency_only) {
    if (!flat.conditions.purposes.empty() && !all_care(flat.conditions.purposes)) return {};
    if (flat.conditions.purposes.empty()) flat.conditions.purposes = {"ETREAT"};
  }
  if (consent.research_only && flat.conditions.purposes.empty()) flat.conditions.purposes = {"HRESCH"};
  return flat;
}

Json original_of(const Consent& consent, const Source& source) {
  Json original;
  original["format"] = consent.release == Release::r4 ? "fhir-r4-consent" : "fhir-r5-consent";
  original["digest"] = source.digest;
  return original;
}

Draft unread(const Consent& consent, const std::string& time, const Source& source) {
  Json data;
  data["patient"] = consent.patient;
  data["original"] = original_of(consent, source);
  return {"consent.unread", LedgerKind::patients, time, data.dump()};
}

Draft withdrawn(const Consent& consent, const std::string& time, const Source& source) {
  Json data;
  data["patient"] = consent.patient;
  data["consent"] = consent.id;
  data["effective"] = time;
  if (consent.by_patient && !consent.by_proxy) data["by"] = "self";
  data["document"] = source.digest;
  return {"consent.withdrawn", LedgerKind::patients, time, data.dump()};
}

Draft opted_out(const Consent& consent, const Conditions& conditions, const std::string& time) {
  Json data;
  data["patient"] = consent.patient;
  if (!conditions.purposes.empty()) data["purposes"] = conditions.purposes;
  data["effective"] = conditions.from.value_or(time);
  data["ground"] = "consent";
  return {"consent.opted_out", LedgerKind::patients, time, data.dump()};
}

Draft granted(const Consent& consent, const Conditions& conditions, const std::string& time, const Source& source,
              bool amends) {
  Json data;
  data["consent"] = consent.id;
  data["patient"] = consent.patient;
  if (!conditions.purposes.empty()) data["purposes"] = conditions.purposes;
  if (!conditions.recipients.empty()) data["recipients"] = conditions.recipients;
  data["from"] = conditions.from ? *conditions.from : consent.given.value_or(time);
  if (conditions.until) data["until"] = *conditions.until;
  data["document"] = source.digest;
  if (consent.by_proxy) data["channel"] = "proxy";
  return {amends ? "consent.amended" : "consent.granted", LedgerKind::patients, time, data.dump()};
}

}  // namespace

Result<std::vector<Draft>> convert_consent(Object root, const Source& source, const Context& context) {
  const People people(context, root);
  auto read = read_consent(root, source, people, context);
  if (!read) return tl::unexpected(std::move(read.error()));
  const Consent& consent = *read;
  const bool known = context.known && context.known(consent.id);
  const bool later = consent.later_version || known;
  // A consent keeps its own date when it changes; the change is as old as its version.
  const bool changed = later || consent.status == "inactive" || consent.status == "entered-in-error";
  const auto time = changed && consent.updated ? consent.updated : consent.given ? consent.given : consent.updated;
  if (!time) {
    return fail(Code::fhir_unreadable, consent.release == Release::r4 ? "Consent.dateTime" : "Consent.date",
                "no usable time: a whole date, or a time of day with its offset from UTC, is needed here or in "
                "Consent.meta.lastUpdated");
  }
  if (consent.about_care) {
    return fail(Code::fhir_unreadable, "Consent.scope",
                "a consent to treatment or an advance directive says nothing about the use of data");
  }
  if (consent.status == "inactive") return std::vector<Draft>{withdrawn(consent, *time, source)};
  if (consent.status == "entered-in-error") {
    if (context.known && !known) {
      return fail(Code::fhir_unreadable, "Consent.status",
                  "entered in error, and never ledgered: there is nothing to take back");
    }
    return std::vector<Draft>{withdrawn(consent, *time, source)};
  }
  // Not in force yet; unless it was before, and its state is now open.
  if ((consent.status == "draft" || consent.status == "proposed") && !later) {
    return fail(Code::fhir_unreadable, "Consent.status", "a draft or proposal is no consent yet");
  }
  const Flat flat = flatten(consent);
  switch (flat.decision) {
    case Decision::none:
      break;
    case Decision::deny:
      return std::vector<Draft>{opted_out(consent, flat.conditions, *time)};
    case Decision::permit:
      return std::vector<Draft>{granted(consent, flat.conditions, *time, source, later)};
  }
  return std::vector<Draft>{unread(consent, *time, source)};
}

}  // namespace jangbu::api::fhir
