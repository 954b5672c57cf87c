// FHIR in: AuditEvent and Consent (R4, R5) become events of this ledger. Pure functions of the document and a context;
// no sockets, no node, no clock. Called by fhir_routes (POST /fhir/{institution}/...) and by `jangbu emit`. Any thread.
//
// What leaves here names nobody: patients and accounts as keyed pseudonyms, systems and networks as machine names or
// keyed tokens, and nothing else of the document but codes, times and its digest. Query strings, names, narrative and
// free text are never taken over. The rules are EVENTS.md "Conversions"; ops/decisions tells where they were silent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/keys.h"
#include "schemas/error.h"

namespace jangbu::api::fhir {

struct Context {
  std::string institution;  // "hanbit": whose record it is; intake sets it, never the document
  const PseudonymKey& key;  // the institution's; a node without it must answer 421 (misdirected)
  // FHIR dates without a time are local days: the offset of the institution's calendar (Asia/Seoul).
  std::int32_t zone_seconds = 32'400;
  // Was a consent of this id ("hanbit/c:...") ledgered before? Then a grant amends it. Absent: versions alone decide.
  std::function<bool(std::string_view consent)> known = {};
  // The space's institution behind an organization: authority (a server's base, an identifier's system, or
  // `institution` for a relative reference) and number. Absent or nullopt: not one of this space's, so a consent that
  // names it cannot be read.
  std::function<std::optional<std::string>(std::string_view authority, std::string_view number)> institution_of = {};
};

struct Converted {
  std::string event;   // the bytes to ledger: structured CloudEvents JSON, compact, members in J2's order
  std::string ledger;  // "hanbit" or "hanbit.patients"
  std::string type;    // "record.accessed"
  // Its dedup key. The id is a UUID made from the document's SHA-256 and the event's ordinal, so that posting the same
  // bytes again is the same event, whatever the converter's version made of it: look it up before appending.
  std::string source, id;
};

// One AuditEvent or Consent to its events: one, or several where an access names more patients than an event may.
// Errors: not_json, duplicate_key, too_deep, bad_character (the document); bad_content_type (XML); fhir_unreadable (a
// resource, release or content that no rule converts; `where` is a FHIRPath such as AuditEvent.agent[0].who).
[[nodiscard]] Result<std::vector<Converted>> convert(std::string_view document, const Context& context);

struct BundleItem {
  std::string where;          // "Bundle.entry[3].resource"
  std::string resource_type;  // "AuditEvent"; empty where there is none
  Result<std::vector<Converted>> result;
};

// Every entry of a Bundle (batch, collection, searchset) by itself: one that cannot be converted leaves the others
// unharmed. An entry's document is its resource's bytes as they stand in the Bundle. Errors as convert(), for the
// Bundle.
[[nodiscard]] Result<std::vector<BundleItem>> convert_bundle(std::string_view document, const Context& context);

// The document's resourceType; for whoever takes both. Errors as convert(), for the document only.
[[nodiscard]] Result<std::string> resource_type(std::string_view document);

// The ledger's id for the consent that a resource with this logical id states.
[[nodiscard]] std::string consent_id(std::string_view logical_id, const Context& context);

}  // namespace jangbu::api::fhir
