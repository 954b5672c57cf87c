// Consents made for one rule each. The one that matters: nothing that was not understood ever becomes a grant.
#include "tests/api/fhir_support.h"

namespace jangbu::api::fhir::testing {
namespace {

Json r4() {
  return Json::parse(R"({"resourceType":"Consent","id":"c1","status":"active",
    "scope":{"coding":[{"code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],
    "patient":{"reference":"Patient/1"},"dateTime":"2026-03-02T09:00:00+09:00",
    "policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]}})");
}

Json r5() {
  return Json::parse(R"({"resourceType":"Consent","id":"c1","status":"active",
    "category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],
    "subject":{"reference":"Patient/1"},"date":"2026-03-02","decision":"permit"})");
}

Json research(const char* type) {
  return Json::parse(
      std::string(R"({"type":")") + type +
      R"(","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]})");
}

std::string type_for(const Json& document, const Context& context) {
  return type_of(event_of(document.dump(), context));
}

Error refusal_of(const Json& document, const Context& context) {
  const auto events = convert(document.dump(), context);
  EXPECT_FALSE(events);
  return events ? Error{} : events.error();
}

TEST(FhirConsent, ABareOptInIsAGrantFromItsDate) {
  Hospital hospital;
  const Json event = event_of(r4().dump(), hospital.context());
  EXPECT_EQ(type_of(event), "consent.granted");
  EXPECT_EQ(event["data"]["from"], "2026-03-02T09:00:00+09:00");
  EXPECT_EQ(event["data"]["patient"], hospital.key().patient("hanbit", "1"));
  EXPECT_EQ(event["data"]["consent"], consent_id("c1", hospital.context()));
  const Json later = event_of(r5().dump(), hospital.context());
  EXPECT_EQ(type_of(later), "consent.granted");
  EXPECT_EQ(later["data"]["from"], "2026-03-02T00:00:00+09:00");
  EXPECT_EQ(later["data"]["consent"], event["data"]["consent"]);
}

TEST(FhirConsent, ADenialBecomesAnOptOut) {
  Hospital hospital;
  Json document = r4();
  document["policyRule"]["coding"][0]["code"] = "OPTOUT";
  const Json event = event_of(document.dump(), hospital.context());
  EXPECT_EQ(type_of(event), "consent.opted_out");
  EXPECT_EQ(event["data"]["effective"], "2026-03-02T09:00:00+09:00");
  EXPECT_EQ(event["data"]["ground"], "consent");
  document = r5();
  document["decision"] = "deny";
  EXPECT_EQ(type_for(document, hospital.context()), "consent.opted_out");
}

TEST(FhirConsent, OnlyAnActiveConsentIsInForce) {
  Hospital hospital;
  for (const Json& base : {r4(), r5()}) {
    Json document = base;
    document["status"] = "inactive";
    const Json event = event_of(document.dump(), hospital.context());
    EXPECT_EQ(type_of(event), "consent.withdrawn");
    EXPECT_EQ(event["data"]["consent"], consent_id("c1", hospital.context()));
    for (const char* const open : {"rejected", "not-done", "unknown", "", "ACTIVE"}) {
      document["status"] = open;
      EXPECT_EQ(type_for(document, hospital.context()), "consent.unread") << open;
    }
    document["status"] = 5;
    EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");
    for (const char* const early : {"draft", "proposed"}) {
      document["status"] = early;
      EXPECT_EQ(refusal_of(document, hospital.context()).where, "Consent.status") << early;
    }
  }
}

TEST(FhirConsent, ADraftOfWhatWasInForceIsNotForgotten) {
  Hospital hospital;
  Json document = r4();
  document["status"] = "draft";
  document["meta"]["versionId"] = "2";
  EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");
}

TEST(FhirConsent, WhatWasEnteredInErrorIsTakenBackWhereItWasLedgered) {
  Hospital hospital;
  Json document = r4();
  document["status"] = "entered-in-error";
  EXPECT_EQ(type_for(document, hospital.context()), "consent.withdrawn");  // nobody can tell: to be safe
  hospital.context().known = [](std::string_view) { return false; };
  EXPECT_EQ(refusal_of(document, hospital.context()).where, "Consent.status");
  hospital.context().known = [](std::string_view) { return true; };
  EXPECT_EQ(type_for(document, hospital.context()), "consent.withdrawn");
}

TEST(FhirConsent, ALaterVersionAmendsAtTheTimeOfItsVersion) {
  Hospital hospital;
  Json document = r4();
  document["meta"] = {{"versionId", "2"}, {"lastUpdated", "2026-05-01T00:00:00Z"}};
  const Json event = event_of(document.dump(), hospital.context());
  EXPECT_EQ(type_of(event), "consent.amended");
  EXPECT_EQ(event["time"], "2026-05-01T00:00:00Z");
  document["meta"]["versionId"] = "1";
  EXPECT_EQ(type_for(document, hospital.context()), "consent.granted");
  document["meta"]["versionId"] = "zz";
  EXPECT_EQ(type_for(document, hospital.context()), "consent.granted");
  const std::string first = convert(document.dump(), hospital.context())->front().id;
  hospital.context().known = [&](std::string_view consent) { return consent == consent_id("c1", hospital.context()); };
  const auto again = convert(document.dump(), hospital.context());
  EXPECT_EQ(again->front().type, "consent.amended");
  EXPECT_EQ(again->front().id, first);  // so the ledger knows it for the same document
}

TEST(FhirConsent, NoUsableTimeIsRefusedAndNamed) {
  Hospital hospital;
  for (const char* const date : {"2026", "2026-03", "2026-03-02T09:00:00", "soon"}) {
    Json document = r4();
    document["dateTime"] = date;
    EXPECT_EQ(refusal_of(document, hospital.context()).where, "Consent.dateTime") << date;
    document["meta"]["lastUpdated"] = "2026-05-01T00:00:00Z";
    EXPECT_EQ(event_of(document.dump(), hospital.context())["time"], "2026-05-01T00:00:00Z");
  }
  Json document = r5();
  document.erase("date");
  EXPECT_EQ(refusal_of(document, hospital.context()).where, "Consent.date");
}

TEST(FhirConsent, APeriodOfTheRuleIsTheGrantsOwn) {
  Hospital hospital;
  Json document = r4();
  document["provision"]["period"] = {{"start", "2026-02"}, {"end", "2028-02"}};
  const Json data = event_of(document.dump(), hospital.context())["data"];
  EXPECT_EQ(data["from"], "2026-02-01T00:00:00+09:00");
  EXPECT_EQ(data["until"], "2028-02-29T15:00:00Z");  // the end includes all of February, a leap year's
  document["provision"]["period"]["end"] = "one day";
  EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");
}

TEST(FhirConsent, ConditionsThatNoEventCanSayAreNeverDropped) {
  Hospital hospital;
  for (
      const char* const condition :
      {R"({"type":"permit","action":[{"coding":[{"code":"access"}]}]})",
       R"({"type":"permit","class":[{"code":"x"}]})",
       R"({"type":"permit","dataPeriod":{"start":"2026"}})",
       R"({"type":"permit","data":[{"meaning":"related"}]})",
       R"({"type":"permit","securityLabel":[{"code":"PSY"}]})",
       R"({"type":"permit","modifierExtension":[{"url":"x"}]})",
       R"({"type":"permit","unheard":1})",
       R"({"type":"permit","period":5})",
       R"({"type":"permit","purpose":5})",
       R"({"type":"permit","purpose":[]})",
       R"({"type":"permit","purpose":[5]})",
       R"({"type":"permit","purpose":[{}]})",
       R"({"type":"permit","purpose":[{"code":"H RESCH"}]})",
       R"({"type":"permit","actor":[]})",
       R"({"type":"permit","actor":"x"})",
       R"({"type":"permit","actor":[{"role":{"coding":[{"code":"PRCP"}]},"reference":{"reference":"Practitioner/4"}}]})",
       R"({"type":"permit","actor":[{"role":{"coding":[{"code":"CST"}]},"reference":{"reference":"Organization/hanbit"}}]})",
       R"({"type":"maybe"})",
       R"({"type":5})",
       R"({"type":"deny"})",
       R"({"provision":[{}]})",
       R"({"provision":5})",
       R"({"type":"permit","provision":[{"type":"deny"}]})",
       R"({"type":"permit","provision":[{"type":"permit"}]})",
       R"({"purpose":[{"code":"HRESCH"}]})",
       R"("permit")",
       "5",
       "null"}) {
    Json document = r4();
    document["provision"] = Json::parse(condition);
    EXPECT_EQ(type_for(document, hospital.context()), "consent.unread") << condition;
  }
  for (const char* const member : {"modifierExtension", "implicitRules", "unheard", "subjects"}) {
    Json document = r4();
    document[member] = "x";
    EXPECT_EQ(type_for(document, hospital.context()), "consent.unread") << member;
  }
}

TEST(FhirConsent, AnExceptionOfR5IsAgainstTheDecision) {
  Hospital hospital;
  Json document = r5();
  document["provision"] = Json::array({Json::parse(R"({"purpose":[{"code":"HMARKT"}]})")});
  EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");  // all but marketing: no event says this
  document["provision"] = Json::array({Json::parse(R"({"purpose":[{"code":"ETREAT"}]})")});
  EXPECT_EQ(type_for(document, hospital.context()), "consent.granted");  // care is not what this consent is for
  document["decision"] = "deny";
  EXPECT_EQ(type_for(document, hospital.context()), "consent.opted_out");
  document["provision"] = Json::array({Json::parse(R"({"purpose":[{"code":"HRESCH"}]})")});
  const Json event = event_of(document.dump(), hospital.context());
  EXPECT_EQ(type_of(event), "consent.granted");  // denied but for research
  EXPECT_EQ(event["data"]["purposes"], Json::array({"HRESCH"}));
  document["provision"][0]["type"] = "permit";  // R5 has no such member
  EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");
}

TEST(FhirConsent, PermissionsWithinADenialAreAddedUpWhereTheyAreAlike) {
  Hospital hospital;
  Json document = r4();
  document.erase("policyRule");
  document["provision"] = {{"type", "deny"}, {"period", {{"start", "2026-01-01"}, {"end", "2030-12-31"}}}};
  document["provision"]["provision"] = {research("permit"), research("permit")};
  document["provision"]["provision"][1]["purpose"][0]["code"] = "PUBHLTH";
  const Json event = event_of(document.dump(), hospital.context());
  EXPECT_EQ(type_of(event), "consent.granted");
  EXPECT_EQ(event["data"]["purposes"], Json::array({"HRESCH", "PUBHLTH"}));
  EXPECT_EQ(event["data"]["until"], "2030-12-31T15:00:00Z");
  document["provision"]["provision"][1]["period"] = {{"end", "2027-01-01"}};
  EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");  // two consents in one
}

TEST(FhirConsent, RecipientsMustBeInstitutionsOfTheSpace) {
  Hospital hospital;
  Json document = r4();
  document["provision"] = Json::parse(
      R"({"type":"permit","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Organization/univ"}}]})");
  EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");
  hospital.context().institution_of = [](std::string_view authority, std::string_view number) {
    return authority == "hanbit" && number == "univ" ? std::optional<std::string>("saebyeok") : std::nullopt;
  };
  const Json event = event_of(document.dump(), hospital.context());
  EXPECT_EQ(type_of(event), "consent.granted");
  EXPECT_EQ(event["data"]["recipients"], Json::array({"saebyeok"}));
  document["provision"]["actor"][0]["reference"]["reference"] = "Organization/hanbit";
  EXPECT_EQ(event_of(document.dump(), hospital.context())["data"]["recipients"], Json::array({"hanbit"}));
}

TEST(FhirConsent, ScopeAndCategoryNarrowAGrantOrForbidIt) {
  Hospital hospital;
  Json document = r4();
  document["scope"]["coding"][0]["code"] = "research";
  EXPECT_EQ(event_of(document.dump(), hospital.context())["data"]["purposes"], Json::array({"HRESCH"}));
  document["scope"]["coding"][0]["code"] = "treatment";
  EXPECT_EQ(refusal_of(document, hospital.context()).where, "Consent.scope");
  document = r4();
  document["category"][0]["coding"][0]["code"] = "npp";  // a notice that was read is no consent
  EXPECT_EQ(type_for(document, hospital.context()), "consent.unread");
  document["category"][0]["coding"][0]["code"] = "EMRGONLY";
  EXPECT_EQ(event_of(document.dump(), hospital.context())["data"]["purposes"], Json::array({"ETREAT"}));
}

TEST(FhirConsent, NobodysConsentIsNoGrant) {
  Hospital hospital;
  Json document = r4();
  document.erase("patient");
  const Json event = event_of(document.dump(), hospital.context());
  EXPECT_EQ(type_of(event), "consent.unread");
  EXPECT_EQ(event["data"]["patient"], "p:unresolved");
}

TEST(FhirConsent, ReleasesAreNotMixed) {
  Hospital hospital;
  Json document = r4();
  document["subject"] = document["patient"];
  EXPECT_EQ(refusal_of(document, hospital.context()).where, "Consent");
  EXPECT_EQ(refusal_of(Json::parse(R"({"resourceType":"Consent","status":"active"})"), hospital.context()).where,
            "Consent");
}

}  // namespace
}  // namespace jangbu::api::fhir::testing
