// Documents and Bundles as they come in: strictness, slices, places; and what is answered.
#include "api/fhir_outcome.h"
#include "ledger/hash.h"
#include "tests/api/fhir_support.h"

namespace jangbu::api::fhir::testing {
namespace {

const std::string kRead =
    R"({ "resourceType":"AuditEvent", "type":{"code":"110110"}, "action":"R", "recorded":"2026-03-02T09:00:00Z",)"
    "\n"
    R"(  "agent":[{"requestor":true,"who":{"reference":"Practitioner/7"}}], "entity":[{"what":{"reference":"Patient/1"}}] })";

TEST(FhirDocument, IsStrictJsonWithAResourceType) {
  Hospital hospital;
  const auto code_of = [&](const std::string& document) {
    const auto events = convert(document, hospital.context());
    EXPECT_FALSE(events) << document;
    return events ? std::string_view() : info(events.error().code).name;
  };
  EXPECT_EQ(code_of(""), "not_json");
  EXPECT_EQ(code_of("{"), "not_json");
  EXPECT_EQ(code_of(kRead + "x"), "not_json");
  EXPECT_EQ(code_of("\xEF\xBB\xBF" + kRead), "not_json");
  EXPECT_EQ(code_of("[]"), "fhir_unreadable");
  EXPECT_EQ(code_of("{}"), "fhir_unreadable");
  EXPECT_EQ(code_of(R"({"resourceType":5})"), "fhir_unreadable");
  EXPECT_EQ(code_of(R"({"resourceType":"Patient"})"), "fhir_unreadable");
  EXPECT_EQ(code_of(R"({"resourceType":"AuditEvent","x":1,"x":2})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"resourceType":"AuditEvent","x":{"a":1,"\u0061":2}})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"resourceType":"AuditEvent","x":"\u0000"})"), "bad_character");
  EXPECT_EQ(code_of(R"({"resourceType":"AuditEvent","x":)" + std::string(70, '[') + std::string(70, ']') + "}"),
            "too_deep");
  EXPECT_EQ(code_of("\n <AuditEvent xmlns=\"http://hl7.org/fhir\"/>"), "bad_content_type");
}

TEST(FhirDocument, FaultsAreNamedByTheirPlaceAndNotByContent) {
  Hospital hospital;
  const auto events =
      convert(R"({"resourceType":"AuditEvent","agent":[{},{"Hong Gildong":{"x":1,"x":2}}]})", hospital.context());
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().where, "AuditEvent.agent[1].?");
  EXPECT_EQ(events.error().what.find("Hong"), std::string::npos);
}

TEST(FhirBundle, AnEntryIsTheSameEventAsTheSameBytesAlone) {
  Hospital hospital;
  const auto alone = convert(kRead, hospital.context());
  const auto items = convert_bundle(
      R"({"entry":[ {"fullUrl":"urn:uuid:1","resource": )" + kRead +
          R"( ,"request":{"method":"POST","url":"AuditEvent"}} ],"type":"batch","resourceType":"Bundle"})",
      hospital.context());
  ASSERT_TRUE(alone && items);
  ASSERT_EQ(items->size(), 1U);
  ASSERT_TRUE(items->front().result);
  EXPECT_EQ(items->front().result->front().event, alone->front().event);
  EXPECT_NE(alone->front().event.find(digest_text(sha256(kRead))), std::string::npos);
}

TEST(FhirBundle, OneBadEntryLeavesTheOthersUnharmed) {
  Hospital hospital;
  const std::string bundle = R"({"resourceType":"Bundle","type":"collection","entry":[)" +
                             ("{\"resource\":" + kRead + "},") +
                             R"({"resource":{"resourceType":"AuditEvent","type":{"code":"x"}}},{"resource":5},{},5,)"
                             R"({"resource":{"resourceType":"Patient","id":"1"}},)"
                             R"({"request":{"method":"DELETE","url":"AuditEvent/1"}},{"resource":)" +
                             kRead + "}]}";
  const auto items = convert_bundle(bundle, hospital.context());
  ASSERT_TRUE(items) << to_string(items.error());
  ASSERT_EQ(items->size(), 8U);
  EXPECT_TRUE((*items)[0].result);
  EXPECT_TRUE((*items)[7].result);
  for (std::size_t i = 1; i < 7; ++i) EXPECT_FALSE((*items)[i].result) << i;
  EXPECT_EQ((*items)[1].result.error().where, "Bundle.entry[1].resource.recorded");
  EXPECT_EQ((*items)[2].result.error().where, "Bundle.entry[2].resource");
  EXPECT_EQ((*items)[5].resource_type, "Patient");
  EXPECT_EQ((*items)[6].result.error().where, "Bundle.entry[6].request.method");
}

TEST(FhirBundle, OnlyKindsWithoutPromisesAreTaken) {
  Hospital hospital;
  for (const char* const type : {"transaction", "batch-response", "history", "message", "document", "", "searchsets"}) {
    const auto items = convert_bundle(std::string(R"({"resourceType":"Bundle","type":")") + type + R"(","entry":[]})",
                                      hospital.context());
    ASSERT_FALSE(items) << type;
    EXPECT_EQ(items.error().where, "Bundle.type");
  }
  EXPECT_FALSE(convert_bundle(R"({"resourceType":"Bundle","type":"batch","entry":{}})", hospital.context()));
  EXPECT_FALSE(convert_bundle(kRead, hospital.context()));
  const auto empty = convert_bundle(R"({"resourceType":"Bundle","type":"batch"})", hospital.context());
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->empty());
}

TEST(FhirOutcome, AnErrorIsAnIssueWithItsExpression) {
  const std::vector<Error> errors = {{Code::fhir_unreadable, "AuditEvent.agent[0].who", "cannot be read"},
                                     {Code::queue_full, "", ""}};
  const Json outcome = Json::parse(operation_outcome(errors));
  EXPECT_EQ(outcome["resourceType"], "OperationOutcome");
  ASSERT_EQ(outcome["issue"].size(), 2U);
  const Json& issue = outcome["issue"][0];
  EXPECT_EQ(issue["severity"], "error");
  EXPECT_EQ(issue["code"], "not-supported");
  EXPECT_EQ(issue["details"]["coding"][0]["code"], "fhir_unreadable");
  EXPECT_EQ(issue["diagnostics"], "cannot be read");
  EXPECT_EQ(issue["expression"], Json::array({"AuditEvent.agent[0].who"}));
  EXPECT_EQ(outcome["issue"][1]["code"], "throttled");
  EXPECT_FALSE(outcome["issue"][1].contains("expression"));
}

TEST(FhirOutcome, ABatchIsAnsweredEntryByEntry) {
  const std::vector<EntryAnswer> answers = {{201, "/v1/ledgers/hanbit.patients/entries/7", {}},
                                            {422, "", {{Code::fhir_unreadable, "Bundle.entry[1].resource", "no"}}}};
  const Json bundle = Json::parse(batch_response(answers));
  EXPECT_EQ(bundle["type"], "batch-response");
  ASSERT_EQ(bundle["entry"].size(), 2U);
  EXPECT_EQ(bundle["entry"][0]["response"]["status"], "201 Created");
  EXPECT_EQ(bundle["entry"][0]["response"]["location"], "/v1/ledgers/hanbit.patients/entries/7");
  EXPECT_EQ(bundle["entry"][1]["response"]["status"], "422 Unprocessable Content");
  EXPECT_EQ(bundle["entry"][1]["response"]["outcome"]["issue"][0]["severity"], "error");
  EXPECT_FALSE(Json::parse(batch_response({})).contains("entry"));  // FHIR has no empty lists
}

TEST(FhirOutcome, TheVersionIsTheOneAskedFor) {
  EXPECT_EQ(asked_version(""), FhirVersion::v4_0_1);
  EXPECT_EQ(asked_version("application/fhir+json; fhirVersion=4.0"), FhirVersion::v4_0_1);
  EXPECT_EQ(asked_version("application/fhir+json;fhirversion=\"5.0\", */*"), FhirVersion::v5_0_0);
  EXPECT_EQ(asked_version("application/fhir+json; fhirVersion=3.0"), std::nullopt);
  const Json statement = Json::parse(capability_statement(FhirVersion::v5_0_0, "/fhir/hanbit", "2026-03-02T00:00:00Z"));
  EXPECT_EQ(statement["fhirVersion"], "5.0.0");
  EXPECT_EQ(statement["rest"][0]["resource"].size(), 2U);
}

}  // namespace
}  // namespace jangbu::api::fhir::testing
