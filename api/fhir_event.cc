#include "api/fhir_event.h"

#include <nlohmann/json.hpp>

#include "ledger/hash.h"

namespace jangbu::api::fhir {
namespace {

// A UUID of version 8 (RFC 9562 5.8), whose 122 free bits are the digest's. In this form no run of its digits can be
// taken for somebody's number: the screen knows UUIDs.
std::string event_id(const std::string& digest, std::size_t ordinal) {
  Hash hash = sha256("jangbu/fhir/v1\n" + digest + "\n" + std::to_string(ordinal) + "\n");
  hash.bytes[6] = static_cast<std::uint8_t>((hash.bytes[6] & 0x0F) | 0x80);
  hash.bytes[8] = static_cast<std::uint8_t>((hash.bytes[8] & 0x3F) | 0x80);
  const std::string hex = to_hex(hash.view().substr(0, 16));
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

}  // namespace

Source source_of(std::string_view resource_type, std::string_view document) {
  return {resource_type, digest_text(sha256(document))};
}

std::vector<Converted> seal(const std::vector<Draft>& drafts, const Source& source, const Context& context) {
  std::vector<Converted> events;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Draft& draft = drafts[i];
    Converted event;
    event.type = draft.type;
    event.ledger = context.institution + (draft.ledger == LedgerKind::patients ? ".patients" : "");
    event.source = "/fhir/" + context.institution + "/" + std::string(source.resource_type);
    event.id = event_id(source.digest, i);
    nlohmann::ordered_json envelope;
    envelope["specversion"] = "1.0";
    envelope["id"] = event.id;
    envelope["source"] = event.source;
    envelope["type"] = "kr.jangbu." + draft.type + ".v1";
    envelope["time"] = draft.time;
    envelope["datacontenttype"] = "application/json";
    envelope["institution"] = context.institution;
    event.event = envelope.dump();
    event.event.back() = ',';  // in the place of the closing brace
    event.event += "\"data\":" + draft.data + "}";
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace jangbu::api::fhir
