// Searches, findings and life lines over HTTP: the query read strictly, and the answers those of the projections.
#include <gtest/gtest.h>

#include "api/search_query.h"
#include "consumers/projections/projector.h"
#include "consumers/projections/store.h"
#include "ledger/key_file.h"
#include "tests/api/node_fixture.h"

namespace jangbu::api {
namespace {

using nlohmann::json;
using testing::NodeTest;

TEST(SearchQuery, ReadsEveryMember) {
  const auto parsed = parse_search(
      R"({"terms":[{"kind":"dataset","value":"hanbit/d-1"},{"kind":"patient","value":"p:x"}],)"
      R"("time":{"from":"2026-03-01T00:00:00Z","to":"2026-04-01T00:00:00+09:00"},"tick":{"from":"2026-03-01T00:00:00Z"},)"
      R"("ledgers":["hanbit","hanbit.patients"],"order":"oldest","limit":7,"cursor":"abc","entries":true})");
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed->query.terms.size(), 2U);
  EXPECT_EQ(parsed->query.terms[1].kind, TermKind::patient);
  EXPECT_TRUE(parsed->query.time.from && parsed->query.time.end && parsed->query.tick.from);
  EXPECT_FALSE(parsed->query.tick.end);
  EXPECT_EQ(parsed->query.ledgers.size(), 2U);
  EXPECT_EQ(parsed->query.order, consumers::Order::oldest_first);
  EXPECT_EQ(parsed->limit, 7U);
  EXPECT_EQ(parsed->cursor, "abc");
  EXPECT_TRUE(parsed->with_entries);
  EXPECT_TRUE(parse_search("{}"));
  // What is said of a query can be asked again.
  EXPECT_TRUE(parse_search(consumers::to_json(parsed->query)));
}

TEST(SearchQuery, NamesWhatIsWrong) {
  struct Case {
    std::string json, pointer;
  };
  const std::vector<Case> cases = {
      {R"({"terms":{}})", "/terms"},
      {R"({"terms":[{"kind":"colour","value":"x"}]})", "/terms/0/kind"},
      {R"({"terms":[{"kind":"type","value":""}]})", "/terms/0/value"},
      {R"({"terms":[{"kind":"type"}]})", "/terms/0"},
      {R"({"time":{"from":"yesterday"}})", "/time/from"},
      {R"({"time":{"until":"2026-03-01T00:00:00Z"}})", "/time"},
      {R"({"ledgers":["Not One"]})", "/ledgers/0"},
      {R"({"order":"random"})", "/order"},
      {R"({"limit":0})", "/limit"},
      {R"({"limit":-1})", "/limit"},
      {R"({"limit":1001})", "/limit"},
      {R"({"cursor":1})", "/cursor"},
      {R"({"entries":"yes"})", "/entries"},
      {R"({"colour":"red"})", "/colour"},
      {R"([])", ""},
      {R"({"terms":[)", ""},
      {R"({"limit":1,"limit":2})", ""},
      {"\xEF\xBB\xBF{\"limit\":1}", ""},
      {R"({"limit":1e1})", "/limit"},
      {R"({"cursor":"\u0000"})", "/cursor"},
      {std::string(8000, '[') + std::string(8000, ']'), ""},
      {R"({"terms":[[[[[[{"a":[1]}]]]]]]})", ""},
  };
  for (const Case& one : cases) {
    const auto parsed = parse_search(one.json);
    ASSERT_FALSE(parsed) << one.json.substr(0, 100);
    EXPECT_EQ(parsed.error().where, one.pointer) << one.json.substr(0, 100);
  }
}

class SearchTest : public NodeTest {
 protected:
  void SetUp() override {
    NodeTest::SetUp();
    auto store = consumers::ProjectionStore::open(folder_ / "projections", consumers::contract_digest());
    ASSERT_TRUE(store) << to_string(store.error());
    store_ = std::move(*store);
    projector_ = std::make_unique<consumers::Projector>(*store_, types_);
    service_->projections = store_.get();
    routes_ = std::make_unique<Routes>(make_routes(*service_, 1));
  }

  void project() {
    for (;;) {
      const auto step = projector_->step(consumers::sources_of(node_->views()));
      ASSERT_TRUE(step) << to_string(step.error());
      if (step->behind == 0) return;
    }
  }

  Response search(const json& query) {
    return call({Method::post, "/v1/search", {{"Content-Type", "application/json"}}, query.dump()});
  }

  // Signed by hanbit's system key.
  void conclude(int number, const std::string& type, const json& data) {
    const json event = {{"specversion", "1.0"},
                        {"type", "kr.jangbu." + type + ".v1"},
                        {"source", "/checks/purge"},
                        {"id", id_of(number)},
                        {"time", "2026-04-0" + std::to_string(number % 10) + "T00:00:00Z"},
                        {"institution", "hanbit"},
                        {"ledger", "hanbit"},
                        {"data", data}};
    const auto key = read_signing_key(key_path(folder_ / "node", *LedgerId::parse("hanbit"), KeyUse::system), nullptr);
    ASSERT_TRUE(key) << to_string(key.error());
    const std::string bytes = event.dump();
    const Response response =
        post_event(bytes, {{"jangbu-signature", to_string(sign_event(*key, "medspace/hanbit", bytes))}});
    ASSERT_EQ(response.status, 201) << response.body;
  }
  void raise(int number, const std::string& rule, const std::string& dataset, const std::string& severity) {
    const json cause = {{"ledger", "hanbit"}, {"sequence", 0}, {"leaf", "sha256:" + std::string(64, '0')}};
    conclude(number, "finding.raised",
             {{"finding", "hanbit/f" + std::to_string(number)},
              {"check", {{"name", "purge"}, {"version", 1}}},
              {"rule", rule},
              {"severity", severity},
              {"about", {{"dataset", dataset}}},
              {"causes", {cause}},
              {"policy", "haneul/policy-2026-1"}});
  }

  std::unique_ptr<consumers::ProjectionStore> store_;
  std::unique_ptr<consumers::Projector> projector_;
};

TEST_F(SearchTest, ATypeThatNoSchemaHasIsNamedAndNotAnsweredWithNothing) {
  const Response response = search(
      {{"terms", {{{"kind", "dataset"}, {"value", "hanbit/d-1"}}, {{"kind", "type"}, {"value", "dataset.acessed"}}}}});
  EXPECT_EQ(response.status, 400) << response.body;
  const json problem = json::parse(response.body);
  EXPECT_EQ(problem["code"], "bad_query");
  EXPECT_EQ(problem["errors"][0]["pointer"], "/terms/1/value");
}

TEST_F(SearchTest, FindsByAnyTermsPageByPageBeforeAndAfterTheIndex) {
  for (int i = 0; i < 30; ++i) {
    auto event = dataset_access(i);
    event["time"] = "2026-03-02T09:" + std::to_string(10 + i) + ":00+09:00";
    if (i % 3 == 0) event["data"]["dataset"] = "hanbit/d-2";
    ASSERT_EQ(post_event(event.dump()).status, 201);
    if (i == 14) project();
  }
  json query = {
      {"terms", {{{"kind", "type"}, {"value", "dataset.accessed"}}, {{"kind", "dataset"}, {"value", "hanbit/d-2"}}}},
      {"limit", 4},
      {"entries", true}};
  std::vector<std::string> ids;
  for (int pages = 0; pages < 5; ++pages) {
    const Response response = search(query);
    ASSERT_EQ(response.status, 200) << response.body;
    const json page = json::parse(response.body);
    EXPECT_TRUE(page["complete"]);
    for (const json& row : page["rows"]) {
      ids.push_back(row["id"]);
      EXPECT_EQ(row["entry"]["event"]["id"], row["id"]);
      EXPECT_EQ(row["entry"]["sequence"], row["sequence"]);
    }
    if (!page.contains("next")) break;
    query["cursor"] = page["next"];
    if (pages == 0) project();  // between two pages: nothing changes
  }
  ASSERT_EQ(ids.size(), 10U);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], id_of(27 - 3 * static_cast<int>(i)));
}

TEST_F(SearchTest, GetTakesParametersButNoPatient) {
  for (int i = 0; i < 5; ++i) ASSERT_EQ(post_event(dataset_access(i).dump()).status, 201);
  std::string target = "/v1/search?type=dataset.accessed&limit=2&order=oldest";
  std::size_t rows = 0;
  for (int pages = 0; !target.empty() && pages < 9; ++pages) {
    const Response response = get(target);
    ASSERT_EQ(response.status, 200) << response.body;
    rows += json::parse(response.body)["rows"].size();
    const std::string link(response.header("link"));
    target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(rows, 5U);
  const Response patient = get("/v1/search?patient=p%3A6zcvd7gw6b4chs4hs4opxekemq");
  EXPECT_EQ(patient.status, 400);
  EXPECT_NE(patient.body.find("POST"), std::string::npos);
  EXPECT_EQ(patient.body.find("6zcvd7"), std::string::npos);
  EXPECT_EQ(get("/v1/search?from=yesterday").status, 400);
  EXPECT_EQ(get("/v1/search?ledger=nobody").status, 404);
  EXPECT_EQ(get("/v1/search?cursor=abc").status, 400);
  EXPECT_EQ(call({Method::post, "/v1/search", {{"Content-Type", "text/plain"}}, "{}"}).status, 415);
}

TEST_F(SearchTest, FindingsSayWhatBecameOfThem) {
  raise(1, "PUR-1", "hanbit/d-1", "high");
  raise(2, "PUR-2", "hanbit/d-2", "medium");
  project();
  const json cause = {{"ledger", "hanbit"}, {"sequence", 1}, {"leaf", "sha256:" + std::string(64, '0')}};
  conclude(3, "finding.resolved", {{"finding", "hanbit/f1"}, {"causes", {cause}}, {"how", "late-evidence"}});
  const auto findings = [&](const std::string& query) {
    const Response response = get("/v1/findings" + query);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body)["findings"];
  };
  const json all = findings("");
  ASSERT_EQ(all.size(), 2U) << all;
  EXPECT_EQ(all[0]["finding"], "hanbit/f2");
  EXPECT_EQ(all[0]["state"], "open");
  EXPECT_EQ(all[1]["state"], "resolved");
  EXPECT_EQ(all[1]["how"], "late-evidence");
  EXPECT_EQ(all[1]["ended"]["ledger"], "hanbit");
  EXPECT_EQ(findings("?state=open").size(), 1U);
  EXPECT_EQ(findings("?rule=PUR-1").size(), 1U);
  EXPECT_EQ(findings("?severity=critical").size(), 0U);
  EXPECT_EQ(findings("?dataset=hanbit%2Fd-2").size(), 1U);
  EXPECT_EQ(findings("?limit=1").size(), 1U);
  EXPECT_EQ(get("/v1/findings?state=half").status, 400);
  EXPECT_EQ(get("/v1/findings?colour=red").status, 400);
}

TEST_F(SearchTest, ADatasetHasALifeLineIfAnyEntryNamesIt) {
  ASSERT_EQ(post_event(dataset_access(1).dump()).status, 201);
  project();
  const Response line = get("/v1/datasets/hanbit/d-1");
  ASSERT_EQ(line.status, 200) << line.body;
  EXPECT_EQ(json::parse(line.body)["dataset"], "hanbit/d-1");
  EXPECT_EQ(json::parse(line.body)["accesses"]["count"], 1);
  EXPECT_EQ(get("/v1/datasets/hanbit/d-77").status, 404);
  EXPECT_EQ(get("/v1/exports/hanbit/e-77").status, 404);
}

TEST_F(SearchTest, AReportNeedsATickAndComesAsJsonOrCsv) {
  ASSERT_EQ(post_event(dataset_access(1).dump()).status, 201);
  project();
  const std::string period = "/v1/reports/2026-03-01/2026-04-01";
  const Response early = get(period);
  EXPECT_EQ(early.status, 400) << early.body;
  const std::string tick =
      R"({"specversion":"1.0","type":"kr.jangbu.tick.v1","source":"/ticker","id":")" + id_of(5) +
      R"(","time":"2026-05-02T00:00:00Z","institution":"haneul","data":{"at":"2026-05-02T00:00:00Z",)" +
      R"("observed":[{"ledger":"hanbit","size":)" + std::to_string(size_of("hanbit")) + R"(,"root":")" +
      digest_text(node_->view(*LedgerId::parse("hanbit"))->root()) + R"("}]}})";
  const auto key = read_signing_key(space_key_path(folder_ / "node", KeyUse::ticker), nullptr);
  ASSERT_TRUE(key) << to_string(key.error());
  ASSERT_EQ(post_event(tick, {{"jangbu-signature", to_string(sign_event(*key, "medspace/haneul", tick))}}).status, 201);
  project();
  const Response report = get(period);
  ASSERT_EQ(report.status, 200) << report.body;
  EXPECT_EQ(json::parse(report.body)["period"]["from"], "2026-03-01");
  EXPECT_EQ(report.header("content-digest"), "sha-256=:" + to_base64(sha256(report.body).view()) + ":");
  const Response csv = get(period, {{"Accept", "text/csv"}});
  EXPECT_EQ(csv.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(csv.body, get(period + "?format=csv").body);
  EXPECT_EQ(get(period + "?format=pdf").status, 400);
  EXPECT_EQ(get("/v1/reports/2026-03-01/yesterday").status, 400);
  EXPECT_EQ(get("/v1/reports/2026-04-01/2026-03-01").status, 400);
}

TEST_F(SearchTest, WithoutProjectionsTheAnswerIs503) {
  service_->projections = nullptr;
  routes_ = std::make_unique<Routes>(make_routes(*service_, 1));
  for (const char* target : {"/v1/search", "/v1/findings", "/v1/datasets/hanbit/d-1", "/v1/exports/hanbit/e-1"}) {
    const Response response = get(target);
    EXPECT_EQ(response.status, 503) << target;
    EXPECT_EQ(json::parse(response.body)["code"], "index_behind");
  }
}

}  // namespace
}  // namespace jangbu::api
