// Every public sample of FHIR AuditEvents and Consents, with what it must become. The expectations were read from the
// samples and EVENTS.md "Conversions".
#include "tests/api/fhir_support.h"

namespace jangbu::api::fhir::testing {
namespace {

// What is expected of one resource. Empty: the member must be absent (or, for `role`, is not asked).
struct Expected {
  std::string type;
  std::string action = {};
  std::string role = {};
  std::size_t patients = 0;
  std::string purpose = {};  // of emergency.*: the reason
  std::string origin = {};
};

struct Sample {
  const char* file;
  std::vector<Expected> expected;  // one for each resource; type "refused: <code name>" where it is none
};

const char* const kV6 = "2001:0db8:85a3:0000:0000:8a2e:0370:7334";
const char* const kStation = "Workstation1.ehr.familyclinic.com";

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {"fhir-r4-auditevent/r4-AuditEvent-example-disclosure.json",
       {{"record.accessed", "disclose", "system", 1, "HMARKT", "custodian.net"}}},
      {"fhir-r4-auditevent/r4-AuditEvent-example-login.json",
       {{"audit.recorded", "execute", "staff", 0, "", "127.0.0.1"}}},
      {"fhir-r4-auditevent/r4-AuditEvent-example-media.json", {{"record.accessed", "download", "staff", 1, "", ""}}},
      {"fhir-r4-auditevent/r4-AuditEvent-example-rest.json", {{"record.accessed", "read", "staff", 1, "", kStation}}},
      {"fhir-r4-auditevent/r4-AuditEvent-example.json", {{"audit.recorded", "execute", "staff", 0, "", "127.0.0.1"}}},
      {"fhir-r5-auditevent/r5-AuditEvent-example-breakglass-start.json",
       {{"emergency.started", "", "physician", 1, "ETREAT", ""}}},
      {"fhir-r5-auditevent/r5-AuditEvent-example-disclosure.json",
       {{"record.accessed", "disclose", "system", 1, "HMARKT", "custodian.net"}}},
      {"fhir-r5-auditevent/r5-AuditEvent-example-login.json",
       {{"audit.recorded", "execute", "staff", 0, "", kStation}}},
      {"fhir-r5-auditevent/r5-AuditEvent-example-media.json", {{"record.accessed", "download", "staff", 1, "", ""}}},
      {"fhir-r5-auditevent/r5-AuditEvent-example-rest-create-traceID.json",
       {{"record.accessed", "create", "staff", 1, "", kStation}}},
      {"fhir-r5-auditevent/r5-AuditEvent-example-search.json",
       {{"record.accessed", "query", "staff", 0, "", kStation}}},

      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditAuthZconsent.json",
       {{"audit.recorded", "execute", "physician", 0, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicCreate2.json",
       {{"record.accessed", "create", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicCreateNoPatient.json",
       {{"record.accessed", "create", "staff", 0, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicCreateNoUserJob.json",
       {{"record.accessed", "create", "system", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicCreateServer.json",
       {{"record.accessed", "create", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicDeleteClient.json",
       {{"record.accessed", "delete", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicDeleteNoPatient.json",
       {{"record.accessed", "delete", "staff", 0, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicDeleteNoUserJob.json",
       {{"record.accessed", "delete", "system", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicDeleteServer.json",
       {{"record.accessed", "delete", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicQueryGetClient.json",
       {{"record.accessed", "query", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicQueryGetServer.json",
       {{"record.accessed", "query", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicReadClient.json",
       {{"record.accessed", "read", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicReadNoUser.json",
       {{"record.accessed", "read", "system", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicReadOServer.json",
       {{"record.accessed", "read", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicReadServer.json",
       {{"record.accessed", "read", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicUpdate2.json",
       {{"record.accessed", "update", "staff", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicUpdateNoUser.json",
       {{"record.accessed", "update", "system", 1, "", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditBasicUpdateNoUserReport.json",
       {{"record.accessed", "update", "system", 1, "", kV6}}},
      // Application activity of a kind nobody knows, and no patient: neither access nor consent.
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditPoke-SAML-Min.json",
       {{"audit.recorded", "read", "staff", 0, "", ""}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditPoke-SAML-QDI-Comp.json",
       {{"audit.recorded", "read", "staff", 0, "", ""}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditPrivacyDisclosure-measurereport.json",
       {{"record.accessed", "disclose", "patient", 1, "PATRQT", "myDevice.example.com"}}},
      // The recipient's side: data that another disclosed was created here.
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditPrivacyDisclosure-recipient.json",
       {{"record.accessed", "create", "patient", 1, "PATRQT", kV6}}},
      {"ihe-balp-auditevent/balp-AuditEvent-ex-auditPrivacyDisclosure-source2.json",
       {{"record.accessed", "disclose", "patient", 1, "PATRQT", "myDevice.example.com"}}},
      {"ihe-balp-other/balp-MeasureReport-ex-measurereport.json", {{"refused: fhir_unreadable"}}},

      {"ch-epr-auditevent/ch-atc-atc-doc-read-ass-hpc.json", {{"record.accessed", "read", "staff", 1, "EMER", ""}}},
      {"ch-epr-auditevent/ch-atc-atc-hpd-group-entry-notify.json", {{"audit.recorded", "create", "system", 0, "", ""}}},
      // Access for a professional whom no institution of this space stands for: not to be read as a grant to anybody.
      {"ch-epr-auditevent/ch-atc-atc-pol-create-acc-right.json", {{"consent.unread", "", "", 1, "", ""}}},
      {"ch-epr-auditevent/ch-atc-ch-atc-iti-81-response-sample.json",
       {{"record.accessed", "create", "proxy", 1, "NORM", ""},
        {"audit.recorded", "create", "patient", 0, "", ""},
        {"consent.unread", "", "", 1, "", ""},
        {"refused: fhir_unreadable"}}},
      {"composed-batch/composed-batch-balp-auditevents.json",
       {{"record.accessed", "read", "staff", 1, "", kV6},
        {"record.accessed", "disclose", "patient", 1, "PATRQT", "myDevice.example.com"},
        {"audit.recorded", "execute", "physician", 0, "", kV6},
        {"record.accessed", "delete", "staff", 1, "", kV6}}},

      {"fhir-r4-consent/r4-Consent-consent-example-Emergency.json", {{"consent.opted_out", "", "", 1, "", ""}}},
      {"fhir-r4-consent/r4-Consent-consent-example-basic.json", {{"consent.granted", "", "", 1, "", ""}}},
      {"fhir-r4-consent/r4-Consent-consent-example-notAuthor.json", {{"consent.unread", "", "", 1, "", ""}}},
      {"fhir-r4-consent/r4-Consent-consent-example-notThem.json", {{"consent.unread", "", "", 1, "", ""}}},
      // Only a period: by R4's text the time in which the rule is valid, a month that was over before it was signed.
      {"fhir-r4-consent/r4-Consent-consent-example-notTime.json", {{"consent.granted", "", "", 1, "", ""}}},
      {"fhir-r4-consent/r4-Consent-consent-example-signature.json", {{"consent.unread", "", "", 1, "", ""}}},
      // R5: provisions are exceptions to the decision, and all of these have some that no event can say.
      {"fhir-r5-consent/r5-Consent-consent-example-CDA.json", {{"consent.unread", "", "", 1, "", ""}}},
      {"fhir-r5-consent/r5-Consent-consent-example-Out.json", {{"consent.unread", "", "", 1, "", ""}}},
      {"fhir-r5-consent/r5-Consent-consent-example-grantor.json", {{"consent.unread", "", "", 1, "", ""}}},
      {"fhir-r5-consent/r5-Consent-consent-example-notOrg.json", {{"consent.unread", "", "", 1, "", ""}}},
      {"fhir-r5-consent/r5-Consent-consent-example-notThis.json", {{"consent.unread", "", "", 1, "", ""}}},
      {"fhir-r5-consent/r5-Consent-consent-example-pkb.json", {{"consent.unread", "", "", 1, "", ""}}},

      {"fhir-bundle/r4-Bundle-bundle-request-simplesummary.json",
       {{"refused: fhir_unreadable"},
        {"refused: fhir_unreadable"},
        {"refused: fhir_unreadable"},
        {"refused: fhir_unreadable"}}},
      {"fhir-bundle/r4-Bundle-bundle-response.json", {{"refused: fhir_unreadable"}}},
      {"fhir-bundle/r4-Bundle-bundle-transaction.json", {{"refused: fhir_unreadable"}}},
      {"ch-epr-auditevent-xml/ch-atc-atc-doc-read-ass-hpc.xml", {{"refused: bad_content_type"}}},
  };
  return all;
}

// The sample's resources, converted one by one.
std::vector<Result<std::vector<Converted>>> convert_all(const std::string& document, const Context& context) {
  std::vector<Result<std::vector<Converted>>> results;
  const auto type = resource_type(document);
  if (!type || *type != "Bundle") {
    results.push_back(convert(document, context));
    return results;
  }
  auto items = convert_bundle(document, context);
  if (!items) {
    results.emplace_back(tl::unexpected(items.error()));
    return results;
  }
  for (BundleItem& item : *items) results.push_back(std::move(item.result));
  return results;
}

std::size_t patients_of(const Json& data) {
  return data.contains("patients") ? data["patients"].size() : static_cast<std::size_t>(data.contains("patient"));
}

void expect_event(const Expected& expected, const Converted& converted) {
  EXPECT_EQ(complaints(converted), "") << converted.event;
  const Json event = Json::parse(converted.event);
  const Json& data = event["data"];
  EXPECT_EQ(type_of(event), expected.type);
  EXPECT_EQ(data.value("action", ""), expected.action);
  if (!expected.role.empty()) {
    EXPECT_EQ(data["actor"].value("role", ""), expected.role);
  }
  EXPECT_EQ(patients_of(data), expected.patients);
  EXPECT_EQ(data.value(expected.type.starts_with("emergency.") ? "reason" : "purpose", ""), expected.purpose);
  EXPECT_EQ(data.value("origin", ""), expected.origin);
  EXPECT_EQ(converted.ledger, expected.type == "audit.recorded" ? "hanbit" : "hanbit.patients");
}

// Names, numbers and queries that stand in the document. Codings' displays name codes, not people; the observing system
// may be named by its identifier.
void collect(const Json& json, const std::string& key, std::vector<std::string>& texts) {
  if (json.is_object()) {
    const bool coding = json.contains("code");
    for (const auto& [name, value] : json.items()) {
      if (name == "source" || (coding && name == "display")) continue;
      collect(value, name, texts);
    }
  } else if (json.is_array()) {
    for (const Json& item : json) collect(item, key, texts);
  } else if (json.is_string()) {
    for (const char* const personal : {"display", "name", "altId", "value", "query", "description", "div", "title",
                                       "valueString", "valueBase64Binary"}) {
      if (key == personal) texts.push_back(json.get<std::string>());
    }
    const auto text = json.get<std::string>();
    if (key == "reference" && (text.starts_with("Patient/") || text.starts_with("Practitioner/")))
      texts.push_back(text);
  }
}

TEST(FhirSamples, EachBecomesWhatTheRulesSay) {
  JANGBU_SHARED_OR_SKIP(shared);
  Hospital hospital;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.file);
    const std::string document = jangbu::testing::read_file(shared / "samples" / sample.file);
    ASSERT_FALSE(document.empty());
    const auto results = convert_all(document, hospital.context());
    ASSERT_EQ(results.size(), sample.expected.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Expected& expected = sample.expected[i];
      const auto& result = results[i];
      if (expected.type.starts_with("refused: ")) {
        ASSERT_FALSE(result);
        EXPECT_EQ("refused: " + std::string(info(result.error().code).name), expected.type);
        EXPECT_GT(result.error().what.size(), 20U);
        continue;
      }
      ASSERT_TRUE(result) << to_string(result.error());
      ASSERT_EQ(result->size(), 1U);
      expect_event(expected, result->front());
    }
  }
}

TEST(FhirSamples, NoneIsMissingFromTheTable) {
  JANGBU_SHARED_OR_SKIP(shared);
  for (const char* const folder :
       {"fhir-r4-auditevent", "fhir-r5-auditevent", "fhir-r4-consent", "fhir-r5-consent", "ihe-balp-auditevent",
        "ch-epr-auditevent", "ihe-balp-other", "composed-batch", "fhir-bundle"}) {
    for (const auto& file : std::filesystem::directory_iterator(shared / "samples" / folder)) {
      const std::string name = std::string(folder) + "/" + file.path().filename().string();
      EXPECT_TRUE(std::any_of(samples().begin(), samples().end(), [&name](const Sample& sample) {
        return sample.file == name;
      })) << name;
    }
  }
}

TEST(FhirSamples, TheSameBytesGiveTheSameEvent) {
  JANGBU_SHARED_OR_SKIP(shared);
  Hospital first;
  Hospital second;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.file);
    const std::string document = jangbu::testing::read_file(shared / "samples" / sample.file);
    const auto a = convert_all(document, first.context());
    const auto b = convert_all(document, second.context());
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].has_value(), b[i].has_value());
      if (a[i]) {
        EXPECT_EQ(a[i]->front().event, b[i]->front().event);
      }
    }
  }
}

TEST(FhirSamples, NoNameNumberOrQueryGetsThrough) {
  JANGBU_SHARED_OR_SKIP(shared);
  Hospital hospital;
  std::size_t looked_for = 0;
  for (const Sample& sample : samples()) {
    if (!std::string_view(sample.file).ends_with(".json")) continue;
    SCOPED_TRACE(sample.file);
    const std::string document = jangbu::testing::read_file(shared / "samples" / sample.file);
    std::vector<std::string> texts;
    collect(Json::parse(document), "", texts);
    for (const auto& result : convert_all(document, hospital.context())) {
      if (!result) continue;
      for (const std::string& text : texts) {
        if (text.size() < 5) continue;  // "95" stands in any digest
        ++looked_for;
        EXPECT_EQ(result->front().event.find(text), std::string::npos) << text;
        EXPECT_EQ(result->front().event.find(Json(text).dump()), std::string::npos) << text;
      }
    }
  }
  EXPECT_GT(looked_for, 200U);
}

TEST(FhirSamples, APatientHasOnePseudonymInEveryReleaseAndResource) {
  JANGBU_SHARED_OR_SKIP(shared);
  Hospital hospital;
  const auto patient_in = [&](const char* file) {
    const Json data = event_of(jangbu::testing::read_file(shared / "samples" / file), hospital.context())["data"];
    return data.contains("patients") ? data["patients"][0].get<std::string>() : data["patient"].get<std::string>();
  };
  const std::string example = hospital.key().patient("hanbit", "example");
  EXPECT_EQ(patient_in("fhir-r4-auditevent/r4-AuditEvent-example-disclosure.json"), example);
  EXPECT_EQ(patient_in("fhir-r4-auditevent/r4-AuditEvent-example-rest.json"), example);  // Patient/example/_history/1
  EXPECT_EQ(patient_in("fhir-r5-auditevent/r5-AuditEvent-example-breakglass-start.json"), example);
  EXPECT_EQ(patient_in("fhir-r5-auditevent/r5-AuditEvent-example-disclosure.json"), example);
  EXPECT_EQ(patient_in("fhir-r5-consent/r5-Consent-consent-example-pkb.json"), example);
  EXPECT_EQ(patient_in("fhir-r4-consent/r4-Consent-consent-example-basic.json"),
            patient_in("fhir-r5-consent/r5-Consent-consent-example-Out.json"));
  EXPECT_EQ(patient_in("fhir-r4-auditevent/r4-AuditEvent-example-media.json"),
            hospital.key().patient("urn:oid:2.16.840.1.113883.4.2", "e3cdfc81a0d24bd"));
  EXPECT_EQ(patient_in("ch-epr-auditevent/ch-atc-atc-doc-read-ass-hpc.json"),
            patient_in("ch-epr-auditevent/ch-atc-atc-pol-create-acc-right.json"));
}

TEST(FhirSamples, TellingMembersAreTakenOver) {
  JANGBU_SHARED_OR_SKIP(shared);
  Hospital hospital;
  const auto data_of = [&](const char* file) {
    return event_of(jangbu::testing::read_file(shared / "samples" / file), hospital.context())["data"];
  };
  for (const char* const file : {"fhir-r4-auditevent/r4-AuditEvent-example-disclosure.json",
                                 "fhir-r5-auditevent/r5-AuditEvent-example-disclosure.json"}) {
    EXPECT_EQ(data_of(file)["recipient"], "marketing.land");
    EXPECT_EQ(data_of(file)["sensitive"], Json::array({"STI"}));
    EXPECT_EQ(data_of(file)["outcome"], 0);
  }
  const Json swiss = data_of("ch-epr-auditevent/ch-atc-atc-doc-read-ass-hpc.json");
  EXPECT_EQ(swiss["emergency"], true);
  EXPECT_EQ(swiss["actor"]["on_behalf_of"], hospital.key().actor("hanbit", "urn:oid:2.51.1.3|7601000234438"));
  const Json login = data_of("fhir-r4-auditevent/r4-AuditEvent-example-login.json");
  EXPECT_EQ(login["code"], "110114");
  EXPECT_EQ(login["subtypes"], Json::array({"110122"}));
  EXPECT_EQ(login["actor"]["id"], hospital.key().actor("hanbit", "95"));
  EXPECT_EQ(data_of("fhir-r5-auditevent/r5-AuditEvent-example-login.json")["actor"], login["actor"]);
  EXPECT_FALSE(data_of("fhir-r5-auditevent/r5-AuditEvent-example-breakglass-start.json").contains("emergency"));
  const Json basic = data_of("fhir-r4-consent/r4-Consent-consent-example-basic.json");
  EXPECT_EQ(basic["from"], "1964-01-01T00:00:00+09:00");
  EXPECT_EQ(basic["until"], "2016-01-01T15:00:00Z");  // the whole of the first of January, in Seoul
  EXPECT_FALSE(basic.contains("purposes"));
}

}  // namespace
}  // namespace jangbu::api::fhir::testing
