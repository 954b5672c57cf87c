#include "schemas/screen.h"

#include "schemas/bounds.h"
#include "tests/schemas/small_contract.h"

namespace jangbu {
namespace {

using testing::event;
using testing::listed;

constexpr std::string_view kGoodProbe = R"({"dataset":"hanbit/d-1","at":"2026-03-01T09:00:00Z","count":1})";

class ScreenTest : public ::testing::Test {
 protected:
  std::string judge(std::string_view bytes, LedgerKind kind = LedgerKind::shared) {
    verdict_ = screen_.judge(bytes, {"hanbit", kind}, 64);
    return listed(verdict_.errors);
  }
  std::string probe(std::string_view members) {
    return judge(event(
        "small.probed",
        std::string(R"({"dataset":"hanbit/d-1","at":"2026-03-01T09:00:00Z","count":1,)").append(members).append("}")));
  }

  Screen screen_{testing::small_types()};
  Verdict verdict_;
};

TEST_F(ScreenTest, PassesAnEventAndGivesItsMembers) {
  const std::string bytes = event("small.probed", kGoodProbe, R"(,"sequence":"42")");
  ASSERT_EQ(judge(bytes), "");
  EXPECT_EQ(verdict_.event.bytes.data(), bytes.data());
  EXPECT_EQ(verdict_.event.type->name, "small.probed");
  EXPECT_EQ(verdict_.event.institution, "hanbit");
  EXPECT_EQ(verdict_.event.ledger, "");
  EXPECT_EQ(verdict_.event.source, "/hanbit/emr");
  EXPECT_EQ(verdict_.event.id, "4f0c31e4-9d6b-4d0e-8a51-0d5f6b1f7a10");
  EXPECT_EQ(verdict_.event.time, *read_timestamp("2026-03-01T00:00:00Z"));
  EXPECT_EQ(verdict_.event.sequence, 42U);
  EXPECT_EQ(text(verdict_.event.data, "dataset"), "hanbit/d-1");
  EXPECT_EQ(verdict_.sequence, 42U);
}

TEST_F(ScreenTest, CountsTheWholeEntryAgainstItsBound) {
  std::string bytes = event("small.probed", kGoodProbe);
  bytes.append(kEntryBytesMax - 64 - bytes.size(), ' ');
  EXPECT_EQ(judge(bytes), "");
  bytes.push_back(' ');
  EXPECT_EQ(judge(bytes), "too_large ");
  EXPECT_EQ(listed(screen_.judge(bytes, {"hanbit", LedgerKind::shared}, 63).errors), "");
  EXPECT_EQ(listed(screen_.judge(bytes, {"hanbit", LedgerKind::shared}, kEntryBytesMax + 1).errors), "too_large ");
  bytes.append(1 << 20, ' ');
  EXPECT_EQ(judge(bytes), "too_large ");
}

TEST_F(ScreenTest, NamesEveryAttributeThatIsMissing) {
  EXPECT_EQ(judge("{}"),
            "bad_envelope /specversion\nbad_envelope /id\nbad_envelope /source\nbad_envelope /type\n"
            "bad_envelope /time\nbad_envelope /institution\nbad_envelope /data");
  EXPECT_EQ(judge("[]"), "bad_envelope ");
  EXPECT_EQ(judge("\"text\""), "bad_envelope ");
}

TEST_F(ScreenTest, RefusesAttributesThatAreNotOfTheirForm) {
  struct Row {
    const char* from;
    const char* to;
    const char* expected;
  };
  const Row rows[] = {
      {R"("1.0")", R"("1.1")", "bad_envelope /specversion"},
      {R"("1.0")", R"(1)", "bad_envelope /specversion"},
      {R"("4f0c31e4-9d6b-4d0e-8a51-0d5f6b1f7a10")", R"("")", "bad_envelope /id"},
      {R"("4f0c31e4-9d6b-4d0e-8a51-0d5f6b1f7a10")", R"("a\u00e9")", "bad_envelope /id"},
      {R"("/hanbit/emr")", R"("")", "bad_envelope /source"},
      {R"("/hanbit/emr")", R"("/han bit")", "bad_envelope /source"},
      {R"("/hanbit/emr")", R"("/han%2")", "bad_envelope /source"},
      {R"("2026-03-01T09:00:00+09:00")", R"("2026-03-01")", "bad_time /time"},
      {R"("2026-03-01T09:00:00+09:00")", R"(null)", "bad_envelope /time"},
      {R"("hanbit")", R"("Hanbit")", "bad_envelope /institution"},
      {R"("hanbit")", R"("saebyeok")", "wrong_ledger /institution"},
      {R"(kr.jangbu.small.probed.v1)", R"(com.example.probed)", "bad_envelope /type"},
      {R"(kr.jangbu.small.probed.v1)", R"(kr.jangbu.small.probed.v2)", "bad_envelope /type"},
      {R"(kr.jangbu.small.probed.v1)", R"(kr.jangbu.small.guessed.v1)", "unknown_type /type"},
      {R"("data")", R"("subject":"p:x","data")", "bad_envelope /subject"},
      {R"("data")", R"("dataschema":"/x","data")", "bad_envelope /dataschema"},
      {R"("data")", R"("partitionkey":"1","data")", "bad_envelope /partitionkey"},
      {R"("data")", R"("data_base64":"","data")", "bad_envelope /data_base64"},
      {R"("data")", R"("sequence":"042","data")", "bad_envelope /sequence"},
      {R"("data")", R"("sequence":42,"data")", "bad_envelope /sequence"},
      {R"("data")", R"("sequence":"-1","data")", "bad_envelope /sequence"},
      {R"("data")", R"("sequence":"1234567890123456","data")", "bad_envelope /sequence"},
      {R"("data")", R"("datacontenttype":"text/plain","data")", "bad_envelope /datacontenttype"},
      {R"("data")", R"("ledger":"hanbit","data")", "bad_envelope /ledger"},
      {R"("data")", R"("traceparent":"00-xyz","data")", "bad_envelope /traceparent"},
      {R"("data")", R"("a/b~c":1,"data")", "bad_envelope /a~1b~0c"},
  };
  for (const Row& row : rows) {
    std::string bytes = event("small.probed", kGoodProbe);
    const std::size_t at = bytes.find(row.from);
    ASSERT_NE(at, std::string::npos) << row.from;
    bytes.replace(at, std::string_view(row.from).size(), row.to);
    EXPECT_EQ(judge(bytes), row.expected) << bytes;
  }
}

TEST_F(ScreenTest, KeepsTheAttributesOfTracing) {
  EXPECT_EQ(judge(event("small.probed", kGoodProbe,
                        R"(,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
                        R"("tracestate":"a=1","sequencetype":"Integer","datacontenttype":"application/json")")),
            "");
}

TEST_F(ScreenTest, AsksForTheLedgerWhereATypeMayStandInBoth) {
  EXPECT_EQ(judge(event("small.noted", "{}")), "bad_envelope /ledger");
  EXPECT_EQ(judge(event("small.noted", "{}", R"(,"ledger":"hanbit")")), "");
  EXPECT_EQ(judge(event("small.noted", "{}", R"(,"ledger":"hanbit.patients")")), "wrong_ledger /ledger");
  EXPECT_EQ(judge(event("small.noted", "{}", R"(,"ledger":"hanbit.patients")"), LedgerKind::patients), "");
  EXPECT_EQ(judge(event("small.noted", "{}", R"(,"ledger":"hanbit")"), LedgerKind::patients), "wrong_ledger /ledger");
  EXPECT_EQ(judge(event("small.noted", "{}", R"(,"ledger":"Hanbit")")), "bad_envelope /ledger");
}

TEST_F(ScreenTest, SendsEachTypeToItsLedger) {
  EXPECT_EQ(judge(event("small.probed", kGoodProbe), LedgerKind::patients), "wrong_ledger /type");
  EXPECT_EQ(judge(event("small.read", R"({"patient":"p:unresolved"})")), "wrong_ledger /type");
  EXPECT_EQ(judge(event("small.read", R"({"patient":"p:unresolved"})"), LedgerKind::patients), "");
}

TEST_F(ScreenTest, RoutesByTypeInstitutionAndLedgerAlone) {
  EXPECT_EQ(*screen_.route(event("small.probed", "{}")), "hanbit");
  EXPECT_EQ(*screen_.route(event("small.read", "[]")), "hanbit.patients");
  EXPECT_EQ(*screen_.route(event("small.noted", "{}", R"(,"ledger":"hanbit.patients")")), "hanbit.patients");
  EXPECT_EQ(screen_.route(event("small.noted", "{}")).error().where, "/ledger");
  EXPECT_EQ(screen_.route(event("small.noted", "{}", R"(,"ledger":"dasan")")).error().code, Code::wrong_ledger);
  EXPECT_EQ(screen_.route(event("small.unknown", "{}")).error().code, Code::unknown_type);
  EXPECT_EQ(screen_.route("{").error().code, Code::not_json);
  EXPECT_EQ(screen_.route("{}").error().code, Code::bad_envelope);
}

TEST_F(ScreenTest, RunsEveryKeyword) {
  struct Row {
    const char* members;
    const char* expected;
  };
  const Row rows[] = {
      {R"("label":"eight ch")", ""},
      {R"("label":"병원병원병원병원")", ""},
      {R"("label":"병원병원병원병원x")", "bad_value /data/label"},
      {R"("label":"")", "bad_value /data/label"},
      {R"("label":"a\u0007")", "bad_value /data/label"},
      {R"("label":7)", "wrong_type /data/label"},
      {R"("label":null)", "wrong_type /data/label"},
      {R"("result":"absent")", ""},
      {R"("result":"gone")", "bad_value /data/result"},
      {R"("kept":true)", ""},
      {R"("kept":false)", "bad_value /data/kept"},
      {R"("kept":1)", "wrong_type /data/kept"},
      {R"("outcome":12)", ""},
      {R"("outcome":5)", "bad_value /data/outcome"},
      {R"("outcome":"0")", "wrong_type /data/outcome"},
      {R"("document":{"a":[1,{"b":null}]})", ""},
      {R"("document":{})", "bad_value /data/document"},
      {R"("document":[])", "wrong_type /data/document"},
      {R"("names":["a","b"])", ""},
      {R"("names":[])", "bad_value /data/names"},
      {R"("names":["a","b","c","d"])", "bad_value /data/names"},
      {R"("names":["a","\u0061"])", "bad_value /data/names"},
      {R"("names":["a",1])", "wrong_type /data/names/1"},
      {R"("copies":[{"copy":"hanbit/c","records":1},{"records":1,"copy":"hanbit/c"}])", "bad_value /data/copies"},
      {R"("copies":[{"copy":"hanbit/c"},{"copy":"hanbit/d"}])", ""},
      {R"("copies":[{}])", "missing_member /data/copies/0/copy"},
      {R"("copies":[{"copy":"x","Copy":"y"}])", "bad_value /data/copies/0/copy\nunknown_member /data/copies/0/Copy"},
      {R"("cause":{"ledger":"hanbit","sequence":0})", ""},
      {R"("cause":{"ledger":"hanbit","sequence":-1})", "bad_value /data/cause/sequence"},
      {R"("actor":{"role":"surgeon"})", "unknown_code /data/actor/role\nmissing_member /data/actor/id"},
      {R"("extra":{"deep":[1]})", "unknown_member /data/extra"},
      {R"("a/b~c":1)", "unknown_member /data/a~1b~0c"},
      {R"("":1)", "unknown_member /data/"},
  };
  for (const Row& row : rows) EXPECT_EQ(probe(row.members), row.expected) << row.members;
  EXPECT_EQ(judge(event("small.probed", "{}")),
            "missing_member /data/dataset\nmissing_member /data/at\nmissing_member /data");
  EXPECT_EQ(judge(event("small.probed", R"({"dataset":"hanbit/d","at":"2026-02-30T00:00:00Z","count":11})")),
            "bad_time /data/at\nbad_value /data/count");
  EXPECT_EQ(judge(event("small.probed", "7")), "bad_envelope /data");
}

TEST_F(ScreenTest, NamesNoPatientInASharedLedger) {
  const std::string id = R"("id":"hanbit/u:aaaaaaaaaaaaaaaaaaaaaaaaaa")";
  EXPECT_EQ(probe(R"("actor":{"role":"physician",)" + id + "}"), "");
  EXPECT_EQ(probe(R"("actor":{"role":"physician"})"), "missing_member /data/actor/id");
  EXPECT_EQ(probe(R"("actor":{"role":"patient"})"), "");
  EXPECT_EQ(probe(R"("actor":{"role":"proxy",)" + id + R"(,"on_behalf_of":"hanbit"},"origin":"x")"),
            "unknown_member /data/actor/id\nunknown_member /data/actor/on_behalf_of\nunknown_member /data/origin");
  EXPECT_EQ(judge(event("small.read", R"({"patient":"p:unresolved","actor":{"role":"patient",)" + id + "}}"),
                  LedgerKind::patients),
            "");
  const std::string patient = R"({"patient":"p:aaaaaaaaaaaaaaaaaaaaaaaaaa"})";
  EXPECT_EQ(judge(event("small.noted", patient, R"(,"ledger":"hanbit")")), "unknown_member /data/patient");
  EXPECT_EQ(judge(event("small.noted", patient, R"(,"ledger":"hanbit.patients")"), LedgerKind::patients), "");
  const std::string leaf = R"("leaf":"sha256:)" + std::string(64, 'a') + "\"";
  EXPECT_EQ(probe(R"("cause":{"ledger":"hanbit","sequence":1,)" + leaf + "}"), "");
  EXPECT_EQ(probe(R"("cause":{"ledger":"hanbit.patients","sequence":1,)" + leaf + "}"),
            "unknown_member /data/cause/leaf");
}

TEST_F(ScreenTest, FindsDirectIdentifiersWhereverTheyStand) {
  EXPECT_EQ(probe(R"("document":{"who":"900101-1234568"})"), "direct_identifier /data/document/who");
  EXPECT_TRUE(verdict_.has_direct_identifier);
  EXPECT_EQ(verdict_.id, "4f0c31e4-9d6b-4d0e-8a51-0d5f6b1f7a10");
  EXPECT_EQ(probe(R"("document":{"who":"\u0039\u0030\u0030101-1234568"})"), "direct_identifier /data/document/who");
  EXPECT_EQ(probe(R"("document":{"who":9001011234568})"), "direct_identifier /data/document/who");
  EXPECT_EQ(probe(R"("extra":{"deep":["kim@example.org"]})"),
            "unknown_member /data/extra\ndirect_identifier /data/extra/deep/0");
  EXPECT_EQ(judge(event("small.unknown", R"({"x":"010-2345-6789"})")), "unknown_type /type\ndirect_identifier /data/x");
  EXPECT_EQ(judge(event("small.probed", kGoodProbe, R"(,"subject":"010-2345-6789")")),
            "bad_envelope /subject\ndirect_identifier /subject");
}

TEST_F(ScreenTest, DoesNotRepeatAnIdentifierInAPlace) {
  EXPECT_EQ(probe(R"("900101-1234568":1)"), "unknown_member /data\ndirect_identifier /data");
  EXPECT_EQ(probe(R"("document":{"kim@example.org":"010-2345-6789"})"), "direct_identifier /data/document");
  EXPECT_EQ(judge(event("small.probed", kGoodProbe, R"(,"900101-1234568":1)")), "bad_envelope \ndirect_identifier ");
  EXPECT_EQ(probe(R"("document":{"900101-1234568":{"a":1,"a":2}})"), "duplicate_key /data/document");
  EXPECT_TRUE(verdict_.has_direct_identifier);
}

TEST_F(ScreenTest, SaysOfARefusedRecordOnlyWhatPassed) {
  std::string bytes = event("small.probed", "{}", R"(,"sequence":"7")");
  judge(bytes);
  EXPECT_EQ(verdict_.source, "/hanbit/emr");
  EXPECT_EQ(verdict_.sequence, 7U);
  EXPECT_FALSE(verdict_.has_direct_identifier);
  bytes.replace(bytes.find("/hanbit/emr"), 11, "kim@example.org");
  judge(bytes);
  EXPECT_EQ(verdict_.source, "");
  EXPECT_EQ(verdict_.id, "4f0c31e4-9d6b-4d0e-8a51-0d5f6b1f7a10");
  EXPECT_TRUE(verdict_.has_direct_identifier);
  judge("{\"source\":\"/hanbit/emr\"");
  EXPECT_EQ(verdict_.source, "");
}

TEST_F(ScreenTest, ListsABoundedNumberOfErrors) {
  std::string members;
  for (int i = 0; i < 100; ++i) members.append(i == 0 ? "" : ",").append("\"x" + std::to_string(i) + "\":1");
  probe(members);
  ASSERT_EQ(verdict_.errors.size(), kErrorsListedMax + 1);
  EXPECT_EQ(verdict_.errors.back().code, Code::too_many_errors);
  EXPECT_EQ(verdict_.errors[kErrorsListedMax - 1].code, Code::unknown_member);
}

TEST_F(ScreenTest, EndsOnDepthBehindMoreFaultsThanItLists) {
  for (const std::size_t depth : {31U, 32U, 33U, 40U, 62U, 63U, 64U, 65U, 500U}) {
    for (const std::size_t numbers : {0U, 1U, 70U}) {
      std::string text = "[";
      for (std::size_t i = 0; i < numbers; ++i) text += "1.5,";
      for (std::size_t i = 0; i < depth; ++i) text += R"({"a":)";
      text += R"("kim@example.org")" + std::string(depth, '}') + "]";
      EXPECT_NE(judge(text), "") << depth;
      EXPECT_TRUE(verdict_.has_direct_identifier) << depth;
    }
  }
}

TEST_F(ScreenTest, NeverRepeatsAValue) {
  const std::string secret = "zXq9canary";
  for (const std::string& bytes :
       {event("small.probed", R"({"dataset":")" + secret + R"(","at":")" + secret + R"(","result":")" + secret +
                                  R"(","names":[")" + secret + R"("],"actor":{"role":")" + secret + R"("}})"),
        event(secret, "{}"), event("small.noted", "{}", R"(,"ledger":")" + secret + "\""),
        R"({"id":")" + secret + R"(","source":")" + secret + R"( ","time":")" + secret + R"("})",
        R"({"a":")" + secret}) {
    EXPECT_NE(judge(bytes), "");
    for (const Error& error : verdict_.errors) EXPECT_EQ(to_string(error).find(secret), std::string::npos);
  }
}

TEST_F(ScreenTest, KeepsOnlyTheCataloguesNamesOfAPlace) {
  const TypeTable& types = screen_.types();
  EXPECT_EQ(types.public_pointer("/data/copies/12/copy"), "/data/copies/12/copy");
  EXPECT_EQ(types.public_pointer("/data/hong-gildong/copy"), "/data");
  EXPECT_EQ(types.public_pointer("/hong"), "");
  EXPECT_EQ(types.public_pointer(""), "");
}

TEST_F(ScreenTest, ReadsWhatItPassedAgain) {
  EventReader reader(testing::small_types());
  const std::string bytes = event("small.noted", "{}", R"(,"ledger":"hanbit","sequence":"3")");
  const Result<Event> read = reader.read(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ledger, "hanbit");
  EXPECT_EQ(read->sequence, 3U);
  EXPECT_EQ(read->type->name, "small.noted");
  EXPECT_EQ(reader.read("{").error().code, Code::not_json);
  EXPECT_EQ(reader.read("{}").error().code, Code::unknown_type);
  EXPECT_EQ(reader.read(event("small.none", "{}")).error().code, Code::unknown_type);
  EXPECT_EQ(reader.read("[1]").error().code, Code::bad_envelope);
}

TEST_F(ScreenTest, GivesEveryTermOfAnEvent) {
  const std::string bytes = event("small.probed", R"({"dataset":"hanbit/d","at":"2026-03-01T09:00:00Z",)"
                                                  R"("copies":[{"copy":"hanbit/a"},{"copy":"hanbit/b"}]})");
  ASSERT_EQ(judge(bytes), "");
  std::string seen;
  for_each_term(verdict_.event, [&seen](TermKind kind, std::string_view value) {
    seen.append(name(kind)).append("=").append(value).append(" ");
  });
  EXPECT_EQ(seen, "type=small.probed dataset=hanbit/d dataset=hanbit/a dataset=hanbit/b ");
}

}  // namespace
}  // namespace jangbu
