// FHIR over HTTP, onto a node: ledgered once, answered in FHIR's words, and only where the institution's key is.
#include "api/fhir_routes.h"

#include <gtest/gtest.h>

#include "tests/api/node_fixture.h"

namespace jangbu::api {
namespace {

using nlohmann::json;
using testing::NodeTest;

const std::string kFhirType = "application/fhir+json";

std::string read_of(const std::string& patient) {
  return R"({"resourceType":"AuditEvent","type":{"code":"110110"},"action":"R","recorded":"2026-03-02T09:00:00Z",
    "agent":[{"requestor":true,"who":{"reference":"Practitioner/7"}}],"source":{"observer":{"reference":"Device/emr"}},
    "entity":[{"what":{"reference":"Patient/)" +
         patient + R"("}}]})";
}

std::string consent_of(const std::string& patient) {
  return R"({"resourceType":"Consent","id":"c-)" + patient +
         R"(","status":"active","category":[{"coding":[{"code":"59284-0"}]}],
    "subject":{"reference":"Patient/)" +
         patient + R"("},"date":"2026-03-02","decision":"permit"})";
}

class FhirRoutes : public NodeTest {
 protected:
  void SetUp() override {
    NodeTest::SetUp();
    auto keys = load_pseudonym_keys(folder_ / "node", *node_, {});
    ASSERT_TRUE(keys) << to_string(keys.error());
    keys_ = std::move(*keys);
    keys_.erase("saebyeok");  // a hospital whose ledger is mirrored here, without its key
    std::vector<Route> routes;
    add_fhir_routes(*service_, keys_, 1, routes);
    routes_ = std::make_unique<Routes>(std::move(routes));
  }

  Response post(const std::string& path, std::string body, const std::string& type = kFhirType) {
    return call({Method::post, path, {{"content-type", type}}, std::move(body)});
  }

  static std::string issue_code(const Response& response) {
    const json outcome = json::parse(response.body);
    EXPECT_EQ(outcome["resourceType"], "OperationOutcome");
    return outcome["issue"][0]["details"]["coding"][0]["code"];
  }

  PseudonymKeys keys_;
};

TEST_F(FhirRoutes, AResourceIsLedgeredAndAnsweredWithItsPlace) {
  const std::uint64_t size = size_of("hanbit.patients");
  const Response response = post("/fhir/hanbit/AuditEvent", read_of("1"));
  ASSERT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(response.content_type, kFhirType);
  EXPECT_EQ(response.header("location"), "/v1/ledgers/hanbit.patients/entries/" + std::to_string(size));
  EXPECT_EQ(json::parse(response.body)["issue"][0]["severity"], "information");
  EXPECT_EQ(size_of("hanbit.patients"), size + 1);
}

TEST_F(FhirRoutes, PostedAgainItChangesNothing) {
  const Response first = post("/fhir/hanbit/Consent", consent_of("1"));
  ASSERT_EQ(first.status, 201) << first.body;
  const std::uint64_t before = total();
  const Response again = post("/fhir/hanbit/Consent", consent_of("1"), "application/json; charset=utf-8");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.header("location"), first.header("location"));
  EXPECT_EQ(total(), before);
}

TEST_F(FhirRoutes, ANodeWithoutTheInstitutionsKeyIsTheWrongOne) {
  for (const char* const institution : {"saebyeok", "bioai", "elsewhere"}) {
    const Response response = post("/fhir/" + std::string(institution) + "/AuditEvent", read_of("1"));
    EXPECT_EQ(response.status, 421) << institution;
    EXPECT_EQ(issue_code(response), "misdirected");
    EXPECT_EQ(get("/fhir/" + std::string(institution) + "/metadata").status, 421);
  }
}

TEST_F(FhirRoutes, WhatCannotBeTakenIsRefusedAndNothingStored) {
  const std::uint64_t before = total();
  EXPECT_EQ(post("/fhir/hanbit/AuditEvent", "<AuditEvent/>", "application/fhir+xml").status, 415);
  EXPECT_EQ(post("/fhir/hanbit/AuditEvent", "<AuditEvent/>").status, 415);
  EXPECT_EQ(post("/fhir/hanbit/AuditEvent", read_of("1"), "text/plain").status, 415);
  EXPECT_EQ(post("/fhir/hanbit/AuditEvent", "{").status, 400);
  EXPECT_EQ(post("/fhir/hanbit/AuditEvent", consent_of("1")).status, 422);
  EXPECT_EQ(post("/fhir/hanbit/Consent", read_of("1")).status, 422);
  EXPECT_EQ(post("/fhir/hanbit/AuditEvent", R"({"resourceType":"Bundle","type":"batch"})").status, 422);
  const Response unread = post("/fhir/hanbit/AuditEvent", R"({"resourceType":"AuditEvent","type":{"code":"x"}})");
  EXPECT_EQ(unread.status, 422);
  EXPECT_EQ(issue_code(unread), "fhir_unreadable");
  EXPECT_EQ(json::parse(unread.body)["issue"][0]["expression"][0], "AuditEvent.recorded");
  EXPECT_EQ(call({Method::post,
                  "/fhir/hanbit/AuditEvent",
                  {{"content-type", kFhirType}, {"accept", "application/fhir+xml"}},
                  read_of("1")})
                .status,
            406);
  EXPECT_EQ(total(), before);
}

TEST_F(FhirRoutes, ABatchIsAnsweredEntryByEntry) {
  const std::uint64_t before = total();
  const std::string bundle = R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":)" + read_of("1") +
                             R"(},{"resource":{"resourceType":"Patient"}},{"resource":)" + consent_of("2") +
                             R"(},{"resource":)" + read_of("1") + "}]}";
  for (const char* const path : {"/fhir/hanbit", "/fhir/hanbit/"}) {
    const Response response = post(path, bundle);
    ASSERT_EQ(response.status, 200) << response.body;
    const json answer = json::parse(response.body);
    EXPECT_EQ(answer["type"], "batch-response");
    ASSERT_EQ(answer["entry"].size(), 4U);
    const std::string status = path == std::string("/fhir/hanbit") ? "201 Created" : "200 OK";
    EXPECT_EQ(answer["entry"][0]["response"]["status"], status);
    EXPECT_EQ(answer["entry"][1]["response"]["status"], "422 Unprocessable Content");
    EXPECT_EQ(answer["entry"][2]["response"]["status"], status);
    EXPECT_EQ(answer["entry"][3]["response"]["status"], "200 OK");
    EXPECT_EQ(answer["entry"][3]["response"]["location"], answer["entry"][0]["response"]["location"]);
    EXPECT_EQ(total(), before + 2);
  }
}

TEST_F(FhirRoutes, MetadataIsOfTheVersionAskedFor) {
  const Response response = get("/fhir/hanbit/metadata", {{"accept", "application/fhir+json; fhirVersion=5.0"}});
  ASSERT_EQ(response.status, 200) << response.body;
  const json statement = json::parse(response.body);
  EXPECT_EQ(statement["resourceType"], "CapabilityStatement");
  EXPECT_EQ(statement["fhirVersion"], "5.0.0");
  EXPECT_EQ(statement["implementation"]["url"], "/fhir/hanbit");
  EXPECT_EQ(get("/fhir/hanbit/metadata", {{"accept", "application/fhir+json; fhirVersion=1.0"}}).status, 406);
}

}  // namespace
}  // namespace jangbu::api
