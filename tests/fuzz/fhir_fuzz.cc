// Any bytes as a FHIR resource and as a Bundle: refused with a sentence, or events that are one JSON object each, the
// same ones every time, and without an identifier that the screen would see.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/fhir.h"
#include "schemas/screen.h"

namespace jangbu::api::fhir {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_events(const std::vector<Converted>& events) {
  static Screen screen = [] {
    auto types = TypeTable::build();
    require(types.has_value());
    return Screen(*types);
  }();
  require(!events.empty());
  for (const Converted& event : events) {
    const LedgerKind kind = event.ledger == "hanbit" ? LedgerKind::shared : LedgerKind::patients;
    require(screen.judge(event.event, {"hanbit", kind}, 256).passed());
  }
}

void check(std::string_view document) {
  static const PseudonymKey key = *PseudonymKey::from_bytes(std::string(32, 'k'));
  const Context context{.institution = "hanbit", .key = key};
  const auto events = convert(document, context);
  if (events) {
    check_events(*events);
    const auto again = convert(document, context);
    require(again && again->size() == events->size() && again->front().event == events->front().event);
  } else {
    require(!events.error().what.empty());
  }
  if (const auto items = convert_bundle(document, context)) {
    for (const BundleItem& item : *items) {
      if (item.result) check_events(*item.result);
    }
  }
}

}  // namespace
}  // namespace jangbu::api::fhir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  jangbu::api::fhir::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
