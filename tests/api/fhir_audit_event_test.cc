// AuditEvents made for one rule each.
#include <set>

#include "api/fhir_people.h"
#include "tests/api/fhir_support.h"

namespace jangbu::api::fhir::testing {
namespace {

Json rest_read() {
  return Json::parse(R"({"resourceType":"AuditEvent",
    "type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"},
    "subtype":[{"system":"http://hl7.org/fhir/restful-interaction","code":"read"}],
    "action":"R","recorded":"2026-03-02T09:00:00+09:00","outcome":"0",
    "agent":[{"who":{"reference":"Practitioner/7"},"requestor":true,"network":{"address":"10.1.2.3","type":"2"}}],
    "source":{"observer":{"reference":"Device/emr"}},
    "entity":[{"what":{"reference":"Patient/1"},"role":{"code":"1"}}]})");
}

Json data_of(const Json& document, const Context& context) { return event_of(document.dump(), context)["data"]; }

Error refusal_of(const Json& document, const Context& context) {
  const auto events = convert(document.dump(), context);
  EXPECT_FALSE(events);
  return events ? Error{} : events.error();
}

TEST(FhirAuditEvent, AnEventHoldsWhatTheRecordSaysAndNothingElse) {
  Hospital hospital;
  const std::string document = rest_read().dump();
  const Json event = event_of(document, hospital.context());
  const std::string digest = event["data"]["original"]["digest"];
  EXPECT_EQ(
      event.dump(),
      Json::parse(R"({"specversion":"1.0","id":")" + event["id"].get<std::string>() +
                  R"(","source":"/fhir/hanbit/AuditEvent","type":"kr.jangbu.record.accessed.v1",
      "time":"2026-03-02T09:00:00+09:00","datacontenttype":"application/json","institution":"hanbit",
      "data":{"actor":{"id":")" +
                  hospital.key().actor("hanbit", "Practitioner/7") +
                  R"(","role":"physician"},"action":"read","outcome":0,"system":"emr","patients":[")" +
                  hospital.key().patient("hanbit", "1") +
                  R"("],"origin":"10.1.2.3","original":{"format":"fhir-r4-auditevent","digest":")" + digest + "\"}}}")
          .dump());
}

TEST(FhirAuditEvent, TheIdIsAUuidOfTheDocumentsBytes) {
  Hospital hospital;
  const std::string document = rest_read().dump();
  const auto once = convert(document, hospital.context());
  const auto again = convert(document, hospital.context());
  const auto other = convert(document + "\n", hospital.context());
  ASSERT_TRUE(once && again && other);
  EXPECT_EQ(once->front().id, again->front().id);
  EXPECT_NE(once->front().id, other->front().id);
  EXPECT_EQ(once->front().id.size(), 36U);
  EXPECT_EQ(once->front().id[14], '8');
}

TEST(FhirAuditEvent, TimeIsWhenItHappenedElseWhenItWasRecorded) {
  Hospital hospital;
  Json document = rest_read();
  document["period"]["start"] = "2026-03-01T23:00:00Z";
  EXPECT_EQ(event_of(document.dump(), hospital.context())["time"], "2026-03-01T23:00:00Z");
  document["period"]["start"] = "2026-03-01";  // no time of day: what was recorded is nearer
  EXPECT_EQ(event_of(document.dump(), hospital.context())["time"], "2026-03-02T09:00:00+09:00");
  document["recorded"] = "2026-03-02T09:00:00.1234567891234Z";
  EXPECT_EQ(event_of(document.dump(), hospital.context())["time"], "2026-03-02T09:00:00.123456789Z");
}

TEST(FhirAuditEvent, ATimeWithoutOffsetOrOfTheWrongTypeIsRefusedAndNamed) {
  Hospital hospital;
  for (const char* const recorded : {R"("2026-03-02T09:00:00")", R"("2026-03-02")", R"("2026")", R"("yesterday")", "5",
                                     "{}", R"("2026-02-30T09:00:00Z")", R"("2026-03-02T24:00:00Z")"}) {
    Json document = rest_read();
    document["recorded"] = Json::parse(recorded);
    const Error error = refusal_of(document, hospital.context());
    EXPECT_EQ(error.code, Code::fhir_unreadable) << recorded;
    EXPECT_EQ(error.where, "AuditEvent.recorded");
  }
}

TEST(FhirAuditEvent, R4AndR5AreToldApartByShapeAndNotMixed) {
  Hospital hospital;
  Json r5 = rest_read();
  r5.erase("type");
  r5.erase("subtype");
  EXPECT_EQ(refusal_of(r5, hospital.context()).where, "AuditEvent");
  r5["code"]["coding"] = Json::array({{{"code", "read"}, {"system", "http://hl7.org/fhir/restful-interaction"}}});
  r5["outcome"] = {{"code", {{"code", "8"}}}};
  const Json data = data_of(r5, hospital.context());
  EXPECT_EQ(data["original"]["format"], "fhir-r5-auditevent");
  EXPECT_EQ(data["outcome"], 8);
  Json both = rest_read();
  both["category"] = r5["code"];
  EXPECT_EQ(refusal_of(both, hospital.context()).where, "AuditEvent");
}

TEST(FhirAuditEvent, AModifierExtensionIsNotIgnored) {
  Hospital hospital;
  Json document = rest_read();
  document["entity"][0]["modifierExtension"] = Json::array({{{"url", "urn:x"}, {"valueBoolean", true}}});
  EXPECT_EQ(refusal_of(document, hospital.context()).where, "AuditEvent.entity[0].modifierExtension");
}

TEST(FhirAuditEvent, SubtypeComesBeforeType) {
  Hospital hospital;
  const auto type_with = [&](const char* type, const char* subtype) {
    Json document = rest_read();
    document["type"] = {{"code", type}};
    document["subtype"] = Json::array({{{"code", subtype}}});
    return type_of(event_of(document.dump(), hospital.context()));
  };
  EXPECT_EQ(type_with("110113", "110127"), "emergency.started");
  EXPECT_EQ(type_with("110113", "110138"), "emergency.ended");
  EXPECT_EQ(type_with("110113", "AuthZ-Consent"), "audit.recorded");
  EXPECT_EQ(type_with("110106", "ATC_LOG_READ"), "audit.recorded");
  EXPECT_EQ(type_with("110106", "ATC_HPD_GROUP_ENTRY_NOTIFY"), "audit.recorded");
  EXPECT_EQ(type_with("110106", "ATC_DOC_SEARCH"), "record.accessed");
  EXPECT_EQ(type_with("110100", "110128"), "audit.recorded");
  EXPECT_EQ(type_with("110114", "unheard"), "audit.recorded");
  EXPECT_EQ(type_with("unheard", "of"), "record.accessed");  // a patient is named
}

TEST(FhirAuditEvent, ActionsAreThoseOfTheCatalogue) {
  Hospital hospital;
  const auto action_with = [&](const char* letter, const char* type, const char* subtype) {
    Json document = rest_read();
    document["action"] = letter;
    document["type"] = {{"code", type}};
    document["subtype"] = Json::array({{{"code", subtype}}});
    return data_of(document, hospital.context())["action"].get<std::string>();
  };
  EXPECT_EQ(action_with("C", "110110", "x"), "create");
  EXPECT_EQ(action_with("R", "110110", "x"), "read");
  EXPECT_EQ(action_with("U", "110110", "x"), "update");
  EXPECT_EQ(action_with("D", "110105", "x"), "delete");
  EXPECT_EQ(action_with("E", "110112", "x"), "query");
  EXPECT_EQ(action_with("E", "rest", "search-type"), "query");
  EXPECT_EQ(action_with("R", "110106", "x"), "download");
  EXPECT_EQ(action_with("R", "110106", "disclose"), "disclose");
  EXPECT_EQ(action_with("R", "110106", "ATC_DOC_READ"), "read");
  EXPECT_EQ(action_with("C", "110107", "disclose"), "create");
  EXPECT_EQ(action_with("E", "110103", "x"), "read");
}

TEST(FhirAuditEvent, TheActorIsTheRequestorElseAPersonElseTheClient) {
  Hospital hospital;
  Json document = rest_read();
  const Json source = {
      {"type", {{"coding", {{{"code", "110153"}}}}}}, {"who", {{"display", "hers"}}}, {"requestor", false}};
  const Json destination = {
      {"type", {{"coding", {{{"code", "110152"}}}}}}, {"who", {{"display", "his"}}}, {"requestor", false}};
  const Json person = {{"who", {{"reference", "RelatedPerson/4"}}}, {"requestor", false}};
  document["agent"] = {source, destination, person};
  EXPECT_EQ(data_of(document, hospital.context())["actor"]["role"], "proxy");
  document["agent"] = {source, destination};
  // A reader's client receives the data.
  EXPECT_EQ(data_of(document, hospital.context())["actor"]["id"], hospital.key().actor("hanbit", "his"));
  document["action"] = "U";
  document["subtype"][0]["code"] = "update";
  EXPECT_EQ(data_of(document, hospital.context())["actor"]["id"], hospital.key().actor("hanbit", "hers"));
  EXPECT_EQ(data_of(document, hospital.context())["actor"]["role"], "system");
  document.erase("agent");
  EXPECT_EQ(data_of(document, hospital.context())["actor"]["id"], hospital.key().actor("hanbit", "emr"));
}

TEST(FhirAuditEvent, RolesFollowReferenceThenCodes) {
  Hospital hospital;
  const auto role_with = [&](const char* agent) {
    Json document = rest_read();
    document["agent"] = Json::array({Json::parse(agent)});
    document["agent"][0]["requestor"] = true;
    return data_of(document, hospital.context())["actor"]["role"].get<std::string>();
  };
  EXPECT_EQ(role_with(R"({"who":{"reference":"PractitionerRole/1"}})"), "physician");
  EXPECT_EQ(role_with(R"({"who":{"reference":"Practitioner/1"},"role":[{"coding":[{"code":"224535009"}]}]})"), "nurse");
  EXPECT_EQ(role_with(R"({"who":{"reference":"Practitioner/1"},"role":[{"text":"Registered Nurse"}]})"), "nurse");
  EXPECT_EQ(role_with(R"({"who":{"reference":"Patient/1"}})"), "patient");
  EXPECT_EQ(role_with(R"({"role":[{"coding":[{"code":"TCU"}]}],"name":"x"})"), "staff");
  EXPECT_EQ(role_with(R"({"role":[{"coding":[{"code":"PADM"}]}],"name":"x"})"), "administrator");
  EXPECT_EQ(role_with(R"({"who":{"reference":"Device/1"}})"), "system");
  EXPECT_EQ(role_with(R"({"type":{"coding":[{"code":"110150"}]}})"), "system");
  EXPECT_EQ(role_with(R"({"who":{"display":"somebody"}})"), "staff");
}

TEST(FhirAuditEvent, WhoAsksForHimselfIsNotNamedInTheSharedLedger) {
  Hospital hospital;
  Json document = rest_read();
  document["type"] = {{"code", "110114"}};
  document["subtype"] = Json::array({{{"code", "110122"}}});
  document["agent"][0]["who"]["reference"] = "Patient/1";
  const Json data = data_of(document, hospital.context());
  EXPECT_EQ(data["actor"], Json::parse(R"({"role":"patient"})"));
  EXPECT_FALSE(data.contains("origin"));
}

TEST(FhirAuditEvent, PatientsAreResolvedByReferenceThenIdentifierThenNotAtAll) {
  Hospital hospital;
  const auto patient_of = [&](const char* what) {
    Json document = rest_read();
    document["entity"][0]["what"] = Json::parse(what);
    return data_of(document, hospital.context())["patients"][0].get<std::string>();
  };
  const auto& key = hospital.key();
  EXPECT_EQ(patient_of(R"({"reference":"Patient/1/_history/3"})"), key.patient("hanbit", "1"));
  EXPECT_EQ(patient_of(R"({"reference":"https://a.example/fhir/Patient/1"})"),
            key.patient("https://a.example/fhir", "1"));
  EXPECT_EQ(patient_of(R"({"reference":"Patient/1","identifier":{"system":"urn:oid:1.2","value":"9"}})"),
            key.patient("hanbit", "1"));
  EXPECT_EQ(patient_of(R"({"identifier":{"system":"urn:oid:1.2","value":"9"}})"), key.patient("urn:oid:1.2", "9"));
  EXPECT_EQ(patient_of(R"({"identifier":{"value":"9^^^&1.2&ISO"}})"), key.patient("urn:oid:1.2", "9"));
  for (const char* const unresolved :
       {R"({"identifier":{"value":"9"}})", R"({"display":"Hong Gildong"})", "{}", R"({"reference":"urn:uuid:1"})",
        R"({"reference":"Patient?identifier=9"})", R"({"reference":"#p"})", R"({"reference":"Encounter/1"})", "5"}) {
    EXPECT_EQ(patient_of(unresolved), kUnresolved) << unresolved;
  }
}

TEST(FhirAuditEvent, AContainedPatientIsFoundByItsIdentifier) {
  Hospital hospital;
  Json document = rest_read();
  document["contained"] =
      Json::parse(R"([{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2","value":"9"}]}])");
  document["entity"][0]["what"] = {{"reference", "#p"}};
  EXPECT_EQ(data_of(document, hospital.context())["patients"][0], hospital.key().patient("urn:oid:1.2", "9"));
}

TEST(FhirAuditEvent, AnAccessToManyPatientsBecomesSeveralEventsThatNameThemAll) {
  Hospital hospital;
  Json document = rest_read();
  document["entity"] = Json::array();
  for (int i = 0; i < 600; ++i)
    document["entity"].push_back({{"what", {{"reference", "Patient/" + std::to_string(i % 599)}}}});
  const auto events = convert(document.dump(), hospital.context());
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 3U);
  std::set<std::string> patients;
  std::set<std::string> ids;
  for (const Converted& event : *events) {
    EXPECT_EQ(complaints(event), "");
    ids.insert(event.id);
    const Json read = Json::parse(event.event);
    for (const Json& patient : read["data"]["patients"]) patients.insert(patient);
  }
  EXPECT_EQ(patients.size(), 599U);
  EXPECT_EQ(ids.size(), 3U);
}

TEST(FhirAuditEvent, TelephonesMailboxesAndQueriesAreNoOrigin) {
  Hospital hospital;
  const auto origin_of = [&](const char* network) {
    Json document = rest_read();
    document["agent"][0]["network"] = Json::parse(network);
    return data_of(document, hospital.context()).value("origin", "");
  };
  EXPECT_EQ(origin_of(R"({"address":"010-1234-5678","type":"3"})"), "");
  EXPECT_EQ(origin_of(R"({"address":"010-1234-5678"})"), "");
  EXPECT_EQ(origin_of(R"({"address":"01012345678"})"), "");
  EXPECT_EQ(origin_of(R"({"address":"kim@hanbit.example","type":"4"})"), "");
  EXPECT_EQ(origin_of(R"({"address":"http://a.example/fhir?patient=123","type":"5"})"), "http://a.example/fhir");
  EXPECT_EQ(origin_of(R"({"address":"::1"})"), "::1");
  EXPECT_EQ(origin_of(R"({"address":"pc-7.ward.example"})"), "pc-7.ward.example");
}

TEST(FhirAuditEvent, ASystemNamedForPeopleGetsAToken) {
  Hospital hospital;
  const auto system_of = [&](const char* source) {
    Json document = rest_read();
    document["source"] = Json::parse(source);
    return data_of(document, hospital.context())["system"].get<std::string>();
  };
  EXPECT_EQ(system_of(R"({"observer":{"reference":"Device/pacs-1"}})"), "pacs-1");
  EXPECT_EQ(system_of(R"({"observer":{"identifier":{"value":"urn:oid:1.2.3"}}})"), "urn:oid:1.2.3");
  EXPECT_EQ(system_of(R"({"site":"ward.example","observer":{"display":"Kim's Laptop"}})"), "ward.example");
  EXPECT_TRUE(system_of(R"({"observer":{"display":"Kim"}})").starts_with("s:"));
  EXPECT_TRUE(system_of(R"({"observer":{"reference":"Patient/8"}})").starts_with("s:"));
  EXPECT_TRUE(system_of(R"({"observer":{"identifier":{"value":"9001011234567"}}})").starts_with("s:"));
  EXPECT_EQ(system_of("{}"), "unknown");
}

TEST(FhirAuditEvent, BreakGlassIsSaidButEmergencyTreatmentIsNot) {
  Hospital hospital;
  const auto data_for = [&](const char* purpose) {
    Json document = rest_read();
    document["purposeOfEvent"] = Json::array(
        {{{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/v3-ActReason"}, {"code", purpose}}}}}});
    return data_of(document, hospital.context());
  };
  EXPECT_EQ(data_for("BTG")["emergency"], true);
  EXPECT_FALSE(data_for("ETREAT").contains("emergency"));
  EXPECT_EQ(data_for("ETREAT")["purpose"], "ETREAT");
}

TEST(FhirAuditEvent, SwissPolicyChangesAreReadWhereInstitutionsAreNamed) {
  Hospital hospital;
  Json document = rest_read();
  document["type"] = {{"code", "110106"}};
  document["agent"][0]["who"]["reference"] = "Patient/1";
  document["entity"].push_back(
      Json::parse(R"({"what":{"identifier":{"system":"urn:oid:2.51.1.3","value":"760"}},"role":{"code":"HCP"},
      "detail":[{"type":"AccessLevel","valueBase64Binary":"dXJuOmUtaGVhbHRoLXN1aXNzZToyMDE1OnBvbGljaWVzOmFjY2Vzcy1sZXZlbDpkZWxlZ2F0aW9uLWFuZC1yZXN0cmljdGVk"},
                {"type":"AccessLimitedToDate","valueBase64Binary":"MjAyMC0xMi0zMQ=="}]})"));
  const auto change = [&](const char* subtype) {
    document["subtype"] = Json::array({{{"code", subtype}}});
    return event_of(document.dump(), hospital.context());
  };
  EXPECT_EQ(type_of(change("ATC_POL_CREATE_AUT_PART_AL")), "consent.unread");
  EXPECT_EQ(type_of(change("ATC_POL_UPDATE_AUT_PART_AL")), "consent.unread");
  EXPECT_EQ(type_of(change("ATC_POL_REMOVE_AUT_PART_AL")), "consent.withdrawn");
  EXPECT_EQ(type_of(change("ATC_POL_INCL_BLACKLIST")), "consent.unread");
  EXPECT_EQ(type_of(change("ATC_POL_EXL_BLACKLIST")), "consent.unread");
  EXPECT_EQ(type_of(change("ATC_POL_DEF_CONFLEVEL")), "audit.recorded");
  hospital.context().institution_of = [](std::string_view authority, std::string_view number) {
    return authority == "urn:oid:2.51.1.3" && number == "760" ? std::optional<std::string>("bitgoeul") : std::nullopt;
  };
  const Json granted = change("ATC_POL_CREATE_AUT_PART_AL");
  EXPECT_EQ(type_of(granted), "consent.granted");
  EXPECT_EQ(granted["data"]["recipients"], Json::array({"bitgoeul"}));
  EXPECT_EQ(granted["data"]["purposes"], Json::array({"TREAT"}));
  EXPECT_EQ(granted["data"]["until"], "2020-12-31T15:00:00Z");
  const Json withdrawn = change("ATC_POL_REMOVE_AUT_PART_AL");
  EXPECT_EQ(withdrawn["data"]["consent"], granted["data"]["consent"]);
  EXPECT_EQ(withdrawn["data"]["by"], "self");
  EXPECT_EQ(change("ATC_POL_UPDATE_AUT_PART_AL")["data"]["consent"], granted["data"]["consent"]);
  document["entity"].erase(1);
  EXPECT_EQ(type_of(change("ATC_POL_INCL_BLACKLIST")), "consent.opted_out");
  EXPECT_EQ(type_of(change("ATC_POL_EXL_BLACKLIST")), "consent.opted_in");
}

}  // namespace
}  // namespace jangbu::api::fhir::testing
