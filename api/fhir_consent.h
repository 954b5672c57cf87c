// FHIR Consent, R4 and R5, to consent.granted, .amended, .withdrawn, .opted_out or .unread. Used by fhir.cc only.
//
// A grant is read only where nothing is left over: every member known, every condition one that an event can say. All
// else is consent.unread, which counts as a denial until a person has read it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/fhir.h"
#include "api/fhir_event.h"
#include "api/fhir_people.h"
#include "api/fhir_reader.h"

namespace jangbu::api::fhir {

enum class Decision { none, permit, deny };

// Under which conditions something is permitted or denied; none: always.
struct Conditions {
  std::vector<std::string> purposes;
  std::vector<std::string> recipients;  // institutions
  std::optional<std::string> from;
  std::optional<std::string> until;  // not included
  bool other = false;                // and others, which no event can say
};

struct Provision {
  Decision type = Decision::none;
  Conditions conditions;
  std::vector<Provision> exceptions;
};

// What the resource says, with R4 and R5 in one shape (fhir_consent_reader.cc).
struct Consent {
  Release release = Release::r4;
  std::string status;
  std::string patient;                 // pseudonym
  std::string id;                      // "hanbit/c:..."
  std::optional<std::string> given;    // when: its own date
  std::optional<std::string> updated;  // meta.lastUpdated
  bool later_version = false;
  bool research_only = false;   // by scope or category
  bool emergency_only = false;  // by category
  bool notice_only = false;     // a notice of privacy practices that was seen
  bool about_care = false;      // to treatment, or an advance directive: not about data
  bool by_patient = false;
  bool by_proxy = false;
  bool strange = false;            // something in it is not known here, or not of the type that FHIR gives it
  Decision base = Decision::none;  // policyRule, decision
  bool has_root = false;           // R4's one root provision, in `provisions`, first; R5: exceptions only
  Conditions frame;                // R5: the consent's period and grantees
  std::vector<Provision> provisions;
};

// Errors: fhir_unreadable (neither R4 nor R5, or both).
[[nodiscard]] Result<Consent> read_consent(Object root, const Source& source, const People& people,
                                           const Context& context);

// Errors: fhir_unreadable (as read_consent(); no usable time; not in force yet; not about the use of data).
[[nodiscard]] Result<std::vector<Draft>> convert_consent(Object root, const Source& source, const Context& context);

}  // namespace jangbu::api::fhir
