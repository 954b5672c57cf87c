#include "api/fhir.h"

#include "api/fhir_audit_event.h"
#include "api/fhir_consent.h"
#include "api/fhir_event.h"
#include "api/fhir_reader.h"

namespace jangbu::api::fhir {

Result<std::vector<Converted>> convert(std::string_view document, const Context& context) {
  const auto parsed = Document::parse(document);
  if (!parsed) return tl::unexpected(parsed.error());
  const Source source = source_of(parsed->resource_type(), document);
  auto drafts = [&]() -> Result<std::vector<Draft>> {
    if (source.resource_type == "AuditEvent") return convert_audit_event(parsed->root(), source, context);
    if (source.resource_type == "Consent") return convert_consent(parsed->root(), source, context);
    return fail(Code::fhir_unreadable, "Resource.resourceType",
                source.resource_type == "Bundle" ? "a Bundle goes to the institution's base address, entry by entry"
                                                 : "only AuditEvent and Consent are taken here");
  }();
  if (!drafts) return tl::unexpected(std::move(drafts.error()));
  return seal(*drafts, source, context);
}

Result<std::string> resource_type(std::string_view document) {
  const auto parsed = Document::parse(document);
  if (!parsed) return tl::unexpected(parsed.error());
  return std::string(parsed->resource_type());
}

std::string consent_id(std::string_view logical_id, const Context& context) {
  // A logical id may be a patient's number: it gets a pseudonym, as an account does, of its own kind.
  const std::string id = context.key.actor(context.institution, "consent|" + std::string(logical_id));
  return context.institution + "/c:" + id.substr(id.rfind(':') + 1);
}

}  // namespace jangbu::api::fhir
