// What a converter made of a resource, and how that becomes an event's bytes. Used by the converters only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/fhir.h"
#include "schemas/event_type.h"

namespace jangbu::api::fhir {

// An event still without its envelope.
struct Draft {
  std::string type;  // "record.accessed"
  LedgerKind ledger = LedgerKind::patients;
  std::string time;  // RFC 3339 with offset
  std::string data;  // the JSON object, compact
};

// The document that drafts are made from, as far as every event says it.
struct Source {
  std::string_view resource_type;  // "AuditEvent": `source` is /fhir/<institution>/AuditEvent
  std::string digest;              // of its bytes, "sha256:..."
};

[[nodiscard]] Source source_of(std::string_view resource_type, std::string_view document);

// Drafts in order: the ordinal goes into the id, so the order must be a function of the document.
[[nodiscard]] std::vector<Converted> seal(const std::vector<Draft>& drafts, const Source& source,
                                          const Context& context);

}  // namespace jangbu::api::fhir
