#include "api/fhir_codes.h"

#include <algorithm>
#include <array>

namespace jangbu::api::fhir {
namespace {

template <typename Value>
struct Row {
  std::string_view code;
  Value value;
};

template <typename Value, std::size_t size>
std::optional<Value> look_up(const std::array<Row<Value>, size>& table, std::string_view code) {
  for (const auto& row : table) {
    if (equals_ignoring_case(row.code, code)) return row.value;
  }
  return std::nullopt;
}

template <std::size_t size>
std::string_view look_up_text(const std::array<Row<std::string_view>, size>& table, std::string_view code) {
  return look_up(table, code).value_or(std::string_view());
}

// DICOM PS3.16 CID 400 and 401; FHIR audit-event-type; IHE BALP AuthZ subtypes; Swiss CH:ATC event types.
constexpr auto kVerdicts = std::to_array<Row<Verdict>>({
    {"110101", Verdict::audit},            // Audit Log Used
    {"110103", Verdict::record},           // DICOM Instances Accessed
    {"110104", Verdict::record},           // DICOM Instances Transferred
    {"110105", Verdict::record},           // DICOM Study Deleted
    {"110106", Verdict::record},           // Export
    {"110107", Verdict::record},           // Import
    {"110108", Verdict::audit},            // Network Entry
    {"110110", Verdict::record},           // Patient Record
    {"110111", Verdict::record},           // Procedure Record
    {"110112", Verdict::record},           // Query
    {"110114", Verdict::audit},            // User Authentication
    {"110120", Verdict::audit},            // Application Start
    {"110121", Verdict::audit},            // Application Stop
    {"110122", Verdict::audit},            // Login
    {"110123", Verdict::audit},            // Logout
    {"110124", Verdict::audit},            // Attach
    {"110125", Verdict::audit},            // Detach
    {"110126", Verdict::audit},            // Node Authentication
    {"110127", Verdict::emergency_start},  // Emergency Override Started
    {"110128", Verdict::audit},            // Network Configuration
    {"110129", Verdict::audit},            // Security Configuration
    {"110130", Verdict::audit},            // Hardware Configuration
    {"110131", Verdict::audit},            // Software Configuration
    {"110132", Verdict::audit},            // Use of Restricted Function
    {"110133", Verdict::audit},            // Audit Recording Stopped
    {"110134", Verdict::audit},            // Audit Recording Started
    {"110135", Verdict::audit},            // Object Security Attributes Changed
    {"110136", Verdict::audit},            // Security Roles Changed
    {"110137", Verdict::audit},            // User Security Attributes Changed
    {"110138", Verdict::emergency_end},    // Emergency Override Stopped
    {"110139", Verdict::audit},            // Remote Service Operation Started
    {"110140", Verdict::audit},            // Remote Service Operation Stopped
    {"110141", Verdict::audit},            // Local Service Operation Started
    {"110142", Verdict::audit},            // Local Service Operation Stopped
    {"AuthZ-Consent", Verdict::audit},
    {"ATC_DOC_CREATE", Verdict::record},
    {"ATC_DOC_READ", Verdict::record},
    {"ATC_DOC_UPDATE", Verdict::record},
    {"ATC_DOC_DELETE", Verdict::record},
    {"ATC_DOC_SEARCH", Verdict::record},
    {"ATC_POL_CREATE_AUT_PART_AL", Verdict::consent_grant},
    {"ATC_POL_UPDATE_AUT_PART_AL", Verdict::consent_amend},
    {"ATC_POL_REMOVE_AUT_PART_AL", Verdict::consent_remove},
    {"ATC_POL_DEF_CONFLEVEL", Verdict::audit},
    {"ATC_POL_DIS_EMER_USE", Verdict::audit},
    {"ATC_POL_ENA_EMER_USE", Verdict::audit},
    {"ATC_POL_INCL_BLACKLIST", Verdict::consent_exclude},
    {"ATC_POL_EXL_BLACKLIST", Verdict::consent_include},
    {"ATC_HPD_GROUP_ENTRY_NOTIFY", Verdict::audit},
    {"ATC_LOG_READ", Verdict::audit},
});

// FHIR restful-interaction; ISO 21089 lifecycle; CH:ATC; DICOM event ids whose name says what was done.
constexpr auto kActions = std::to_array<Row<std::string_view>>({
    {"read", "read"},
    {"vread", "read"},
    {"history", "read"},
    {"history-instance", "read"},
    {"history-type", "read"},
    {"history-system", "read"},
    {"capabilities", "read"},
    {"create", "create"},
    {"update", "update"},
    {"patch", "update"},
    {"delete", "delete"},
    {"search", "query"},
    {"search-type", "query"},
    {"search-system", "query"},
    {"search-instance", "query"},
    {"access", "read"},
    {"amend", "update"},
    {"originate", "create"},
    {"receive", "create"},
    {"destroy", "delete"},
    {"disclose", "disclose"},
    {"disclosure", "disclose"},
    {"ATC_DOC_CREATE", "create"},
    {"ATC_DOC_READ", "read"},
    {"ATC_DOC_UPDATE", "update"},
    {"ATC_DOC_DELETE", "delete"},
    {"ATC_DOC_SEARCH", "query"},
    {"110104", "copy"},
    {"110105", "delete"},
    {"110106", "download"},
    {"110107", "create"},
    {"110112", "query"},
});

constexpr auto kLetters = std::to_array<Row<std::string_view>>({
    {"C", "create"},
    {"R", "read"},
    {"U", "update"},
    {"D", "delete"},
});

// DICOM PS3.16 CID 402; CH:ATC agent roles; FHIR extra-security-role-type.
constexpr auto kRoles = std::to_array<Row<std::string_view>>({
    {"HCP", "hcp"},
    {"PAT", "patient"},
    {"REP", "proxy"},
    {"ASS", "staff"},
    {"TCU", "staff"},
    {"PADM", "administrator"},
    {"DADM", "administrator"},
    {"GRP", "administrator"},
    {"110150", "system"},
    {"110151", "system"},
    {"110152", "system"},
    {"110153", "system"},
    {"110154", "system"},
    {"110155", "system"},
    {"authserver", "system"},
});

// HL7 v3 ActCode, InformationSensitivityPolicy, to the classes of the Korean health data guideline, whose own names are
// taken too.
constexpr auto kSensitive = std::to_array<Row<std::string_view>>({
    {"MENTAL", "MENTAL"},
    {"PSY", "MENTAL"},
    {"PSYTHPN", "MENTAL"},
    {"MH", "MENTAL"},
    {"BH", "MENTAL"},
    {"EMOTDIS", "MENTAL"},
    {"STI", "STI"},
    {"STD", "STI"},
    {"HIV", "HIV"},
    {"RARE", "RARE"},
    {"ABUSE", "ABUSE"},
    {"SDV", "ABUSE"},
    {"VIO", "ABUSE"},
    {"MST", "ABUSE"},
    {"ABORTION", "ABORTION"},
    {"GENOME", "GENOME"},
    {"GDIS", "GENOME"},
    {"DECEASED", "DECEASED"},
});

// audit-event-outcome (DICOM EventOutcomeIndicator), and the issue severities that R5 takes beside it.
constexpr auto kOutcomes = std::to_array<Row<int>>({
    {"0", 0},
    {"4", 4},
    {"8", 8},
    {"12", 12},
    {"success", 0},
    {"information", 0},
    {"warning", 4},
    {"error", 8},
    {"fatal", 12},
});

constexpr auto kNurses = std::to_array<std::string_view>({"nurse", "224535009", "106292003"});  // HL7; SNOMED CT
constexpr auto kPersons = std::to_array<std::string_view>(
    {"humanuser", "IRCP", "PRCP", "AUT", "ENT", "HCP", "PAT", "REP", "ASS", "TCU", "PADM", "DADM"});
constexpr auto kCare = std::to_array<std::string_view>({"TREAT", "ETREAT", "BTG", "ERTREAT", "COC"});

template <typename List>
bool holds(const List& list, std::string_view code) {
  return std::any_of(list.begin(), list.end(),
                     [code](std::string_view item) { return equals_ignoring_case(item, code); });
}

}  // namespace

std::optional<Verdict> verdict_of(const Coding& coding) {
  // Every RESTful interaction is one with records, whatever it is called.
  if (coding.system.ends_with("/restful-interaction") || equals_ignoring_case(coding.code, "rest"))
    return Verdict::record;
  return look_up(kVerdicts, coding.code);
}

std::string_view action_of_code(const Coding& coding) { return look_up_text(kActions, coding.code); }
std::string_view action_of_letter(std::string_view letter) { return look_up_text(kLetters, letter); }
bool is_disclosure(const Coding& coding) { return action_of_code(coding) == "disclose"; }

std::string_view role_of_code(const Coding& coding) { return look_up_text(kRoles, coding.code); }

bool says_nurse(const Coding& coding) {
  return holds(kNurses, coding.code) || contains_ignoring_case(coding.display, "nurse") ||
         coding.display.find("간호사") != std::string_view::npos;
}

bool says_person(const Coding& coding) { return holds(kPersons, coding.code); }

std::string_view sensitive_class(const Coding& label) { return look_up_text(kSensitive, label.code); }
std::optional<int> outcome_of(std::string_view code) { return look_up(kOutcomes, code); }

bool is_break_glass(const Coding& purpose) {
  return purpose.code == "BTG" || (purpose.code == "EMER" && purpose.system == "urn:oid:2.16.756.5.30.1.127.3.10.5");
}

bool is_care(std::string_view purpose) { return holds(kCare, purpose); }

}  // namespace jangbu::api::fhir
