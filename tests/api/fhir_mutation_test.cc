// Documents that were damaged in some place: each is refused, or becomes events that pass the screen; and damage never
// makes a grant of what was none, nor a wider one.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>

#include "tests/api/fhir_support.h"

namespace jangbu::api::fhir::testing {
namespace {

std::uint64_t seed() {
  const char* const named = std::getenv("SEED");
  return named != nullptr ? std::strtoull(named, nullptr, 10) : 20'260'302;
}

// A small document of each kind, so that the test needs no samples.
const std::array<const char*, 5> kDocuments = {
    R"({"resourceType":"AuditEvent","id":"1","type":{"code":"110106"},"subtype":[{"code":"disclose"}],"action":"R",
        "recorded":"2026-03-02T09:00:00Z","outcome":"4","purposeOfEvent":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"BTG"}]}],
        "agent":[{"type":{"coding":[{"code":"110153"}]},"who":{"identifier":{"system":"urn:oid:1.2","value":"a"}},"requestor":true,"network":{"address":"10.0.0.1","type":"2"}},
                 {"type":{"coding":[{"code":"110152"}]},"who":{"reference":"Practitioner/2","display":"Kim"},"network":{"address":"http://b.example/x?y=z","type":"5"}}],
        "source":{"site":"a","observer":{"reference":"Device/emr"}},
        "entity":[{"what":{"reference":"Patient/1/_history/2"},"role":{"code":"1"},"securityLabel":[{"code":"STD"}]}]})",
    R"({"resourceType":"AuditEvent","category":[{"coding":[{"code":"110113"}]}],"code":{"coding":[{"code":"110127"}]},"action":"E",
        "recorded":"2026-03-02T09:00:00Z","occurredPeriod":{"start":"2026-03-02T08:00:00Z"},"outcome":{"code":{"code":"0"}},
        "authorization":[{"coding":[{"code":"ETREAT"}]}],"patient":{"reference":"Patient/1"},
        "agent":[{"who":{"reference":"Practitioner/2"},"requestor":true,"networkString":"a.example"}],"source":{"observer":{"display":"x y"}}})",
    R"({"resourceType":"AuditEvent","type":{"code":"110106"},"subtype":[{"code":"ATC_POL_CREATE_AUT_PART_AL"}],"recorded":"2026-03-02T09:00:00Z",
        "agent":[{"role":[{"coding":[{"code":"PAT"}]}],"name":"Kim","requestor":true}],
        "entity":[{"what":{"identifier":{"system":"urn:oid:1","value":"7"}},"role":{"code":"1"}},
                  {"what":{"identifier":{"system":"urn:oid:2","value":"8"}},"role":{"code":"HCP"},"detail":[{"type":"AccessLimitedToDate","valueString":"2027-01-01"}]}]})",
    R"({"resourceType":"Consent","id":"c","meta":{"versionId":"2","lastUpdated":"2026-04-01T00:00:00Z"},"status":"active",
        "scope":{"coding":[{"code":"patient-privacy"}]},"category":[{"coding":[{"code":"59284-0"}]}],"patient":{"reference":"Patient/1"},
        "dateTime":"2026-03-02","performer":[{"reference":"Patient/1"}],"policyRule":{"coding":[{"code":"OPTIN"}]},
        "provision":{"type":"permit","period":{"start":"2026-01-01","end":"2027-01-01"},"purpose":[{"code":"HRESCH"}],
          "actor":[{"role":{"coding":[{"code":"PRCP"}]},"reference":{"reference":"Organization/hanbit"}}]}})",
    R"({"resourceType":"Consent","id":"c","status":"active","category":[{"coding":[{"code":"59284-0"}]}],"subject":{"reference":"Patient/1"},
        "date":"2026-03-02","period":{"end":"2030"},"decision":"deny","provision":[{"purpose":[{"code":"HRESCH"}],"provision":[{"purpose":[{"code":"TREAT"}]}]}]})",
};

class Mutator {
 public:
  explicit Mutator(std::uint64_t from) : random_(from) {}

  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

  // Drops, replaces, doubles or wraps one node somewhere in the tree.
  void mutate(Json& root) {
    Json* at = &root;
    Json* parent = nullptr;
    std::string name;
    std::size_t index = 0;
    while (at->is_structured() && !at->empty() && (parent == nullptr || below(5) != 0)) {
      parent = at;
      index = below(at->size());
      auto child = at->begin();
      std::advance(child, static_cast<std::ptrdiff_t>(index));
      if (at->is_object()) name = child.key();
      at = &*child;
    }
    if (parent == nullptr) return;
    switch (below(5)) {
      case 0:
        if (parent->is_object()) {
          parent->erase(name);
        } else {
          parent->erase(index);
        }
        break;
      case 1:
        *at = Json::array({*at, value()});
        break;
      case 2:
        *at = Json{{"x", *at}};
        break;
      default:
        *at = value();
        break;
    }
  }

 private:
  Json value() {
    static const std::vector<Json> values = {Json(nullptr),
                                             Json(true),
                                             Json(0),
                                             Json(-7),
                                             Json(1.5),
                                             Json(""),
                                             Json("x"),
                                             Json("1"),
                                             Json("2026"),
                                             Json("2026-03-02"),
                                             Json("2026-03-02T09:00:00Z"),
                                             Json("permit"),
                                             Json("deny"),
                                             Json("OPTOUT"),
                                             Json("Patient/2"),
                                             Json("Organization/1"),
                                             Json("http://a.example/Patient/3?x#y"),
                                             Json("110101"),
                                             Json("ATC_POL_REMOVE_AUT_PART_AL"),
                                             Json("\xED\x99\x8D"),
                                             Json(std::string(70'000, 'a')),
                                             Json("900101-1234567"),
                                             Json("010-1234-5678"),
                                             Json("a@b.example"),
                                             Json::object(),
                                             Json::array()};
    return values[below(values.size())];
  }

  std::mt19937_64 random_;
};

TEST(FhirMutation, DamageIsRefusedOrStillMakesValidEvents) {
  std::cout << "SEED=" << seed() << "\n";
  Hospital hospital;
  Mutator mutator(seed());
  std::size_t refused = 0;
  std::size_t passed = 0;
  for (int round = 0; round < 10'000; ++round) {
    Json document = Json::parse(kDocuments[mutator.below(kDocuments.size())]);
    for (std::size_t i = 0, count = 1 + mutator.below(3); i < count; ++i) mutator.mutate(document);
    const std::string bytes = document.dump();
    const auto events = convert(bytes, hospital.context());
    if (!events) {
      ++refused;
      EXPECT_FALSE(events.error().what.empty());
      continue;
    }
    ASSERT_FALSE(events->empty());
    for (const Converted& event : *events) {
      ++passed;
      ASSERT_EQ(complaints(event), "") << bytes << "\n" << event.event;
      for (const char* const personal : {"900101", "1234-5678", "1234567", "a@b", "Kim"}) {
        ASSERT_EQ(event.event.find(personal), std::string::npos) << event.event;
      }
    }
  }
  std::cout << passed << " events, " << refused << " refused\n";
  EXPECT_GT(passed, 4'000U);
  EXPECT_GT(refused, 500U);
}

TEST(FhirMutation, DamageToAConsentNeverWidensIt) {
  Hospital hospital;
  Mutator mutator(seed() + 1);
  const Json whole = Json::parse(kDocuments[3]);
  const Json base = event_of(whole.dump(), hospital.context());
  ASSERT_EQ(type_of(base), "consent.amended");
  std::size_t grants = 0;
  for (int round = 0; round < 5'000; ++round) {
    // Only within the provision, and no dropping of whole conditions: what is there must be understood, or not be a
    // grant.
    Json document = whole;
    mutator.mutate(document["provision"]);
    const Json& provision = document["provision"];
    if (!provision.is_object() || !provision.contains("purpose") || !provision.contains("actor") ||
        !provision.contains("period") || !provision["period"].is_object() || !provision["period"].contains("end")) {
      continue;
    }
    const auto events = convert(document.dump(), hospital.context());
    ASSERT_TRUE(events);
    const Json event = Json::parse(events->front().event);
    if (type_of(event) != "consent.amended") continue;
    ++grants;
    EXPECT_EQ(event["data"].value("recipients", Json()), base["data"]["recipients"]) << document.dump();
    EXPECT_TRUE(event["data"].contains("purposes")) << document.dump();
    EXPECT_TRUE(event["data"].contains("until")) << document.dump();
  }
  EXPECT_GT(grants, 100U);
}

TEST(FhirMutation, BytesCutOrFlippedAnywhereDoNoHarm) {
  Hospital hospital;
  Mutator mutator(seed() + 2);
  for (const char* const text : kDocuments) {
    const std::string document = text;
    for (std::size_t size = 0; size < document.size(); ++size) {
      EXPECT_FALSE(convert(std::string_view(document).substr(0, size), hospital.context()));
    }
    for (int round = 0; round < 1'000; ++round) {
      std::string damaged = document;
      damaged[mutator.below(damaged.size())] = static_cast<char>(mutator.below(256));
      const auto events = convert(damaged, hospital.context());
      if (events) {
        for (const Converted& event : *events) ASSERT_EQ(complaints(event), "") << damaged;
      }
      const auto items = convert_bundle(
          R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":)" + damaged + "}]}", hospital.context());
      ASSERT_EQ(events.has_value(), items.has_value() && !items->empty() && items->front().result.has_value());
    }
  }
}

}  // namespace
}  // namespace jangbu::api::fhir::testing
