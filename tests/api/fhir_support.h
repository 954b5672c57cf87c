// What the tests of the FHIR conversions share: a hospital with a key that is the same in every run, and the events
// that it makes of a document, read back.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/fhir.h"
#include "schemas/screen.h"
#include "tests/support/shared_files.h"

namespace jangbu::api::fhir::testing {

using Json = nlohmann::ordered_json;

class Hospital {
 public:
  Hospital() : key_(*PseudonymKey::from_bytes(std::string(32, 'k'))), context_{.institution = "hanbit", .key = key_} {}
  [[nodiscard]] Context& context() { return context_; }
  [[nodiscard]] const PseudonymKey& key() const { return key_; }

 private:
  PseudonymKey key_;
  Context context_;
};

// One screen for all tests of the program: the contract is compiled once.
inline Screen& screen() {
  static Screen one = [] {
    auto types = TypeTable::build();
    if (!types) throw std::runtime_error(to_string(types.error()));
    return Screen(*types);
  }();
  return one;
}

// Everything that intake would find wrong with it; empty: nothing.
inline std::string complaints(const Converted& converted) {
  const bool patients = converted.ledger.ends_with(".patients");
  const std::string institution = converted.ledger.substr(0, converted.ledger.find('.'));
  const Verdict verdict =
      screen().judge(converted.event, {institution, patients ? LedgerKind::patients : LedgerKind::shared}, 256);
  std::string text;
  for (const Error& error : verdict.errors) text += to_string(error) + "\n";
  return text;
}

// The one event that the document becomes, or an empty object; fails the test if it does not pass the screen.
inline Json event_of(const std::string& document, const Context& context) {
  const auto events = convert(document, context);
  EXPECT_TRUE(events) << (events ? "" : to_string(events.error()));
  if (!events) return Json::object();
  EXPECT_EQ(events->size(), 1U);
  EXPECT_EQ(complaints(events->front()), "") << events->front().event;
  return Json::parse(events->front().event);
}

inline std::string type_of(const Json& event) {
  const std::string full = event.value("type", "");
  return full.size() < 14 ? full : full.substr(10, full.size() - 13);  // kr.jangbu.<type>.v1
}

}  // namespace jangbu::api::fhir::testing
