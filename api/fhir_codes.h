// The codes of FHIR, DICOM, IHE BALP and the Swiss EPR that the converters know, and what each becomes. Constant
// tables, each with its standard; pure look-ups. What a code list does not say is not guessed: look-ups then give
// nothing.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "api/fhir_reader.h"

namespace jangbu::api::fhir {

// What an AuditEvent becomes, by one of its codes.
enum class Verdict : std::uint8_t {
  audit,            // audit.recorded: login, configuration, node, policy, group, audit log, authorization decision
  record,           // record.accessed, whether a patient is named or not
  emergency_start,  // emergency.started
  emergency_end,    // emergency.ended
  consent_grant,    // ATC_POL_CREATE_AUT_PART_AL
  consent_amend,
  consent_remove,
  consent_exclude,  // put on the patient's blacklist
  consent_include,  // taken off it
};
// nullopt: the code decides nothing; record.accessed if a patient is named, else audit.recorded.
[[nodiscard]] std::optional<Verdict> verdict_of(const Coding& coding);

// record.accessed's `action` that a subtype or type code stands for ("read", "disclose"); empty if none.
[[nodiscard]] std::string_view action_of_code(const Coding& coding);
// By AuditEvent.action C, R, U, D; empty for E and for anything else.
[[nodiscard]] std::string_view action_of_letter(std::string_view letter);
[[nodiscard]] bool is_disclosure(const Coding& coding);

// A role by agent.type or agent.role; empty if the code says nothing about it. "hcp" stands for physician or nurse.
[[nodiscard]] std::string_view role_of_code(const Coding& coding);
[[nodiscard]] bool says_nurse(const Coding& coding);
// Codes by which a person takes part, whatever his profession.
[[nodiscard]] bool says_person(const Coding& coding);

// `sensitive` by a security label; empty if it is of another kind.
[[nodiscard]] std::string_view sensitive_class(const Coding& label);

// 0, 4, 8, 12; nullopt for an outcome that no list has.
[[nodiscard]] std::optional<int> outcome_of(std::string_view code);

// Break-glass: exactly BTG, or the Swiss EPR's emergency access; not emergency treatment in general.
[[nodiscard]] bool is_break_glass(const Coding& purpose);
// Purposes of care alone (HL7 purposeOfUse under TREAT, without clinical trials and population health): consent to or
// denial of them says nothing about secondary use.
[[nodiscard]] bool is_care(std::string_view purpose);

}  // namespace jangbu::api::fhir
