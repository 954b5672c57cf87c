// What goes in over HTTP: receipts, duplicates, conflicts, and that bad input is answered by the field and stores
// nothing.
#include "api/intake.h"

#include <gtest/gtest.h>

#include "ledger/checkpoint.h"
#include "ledger/key_file.h"
#include "tests/api/node_fixture.h"

namespace jangbu::api {
namespace {

using nlohmann::json;
using testing::NodeTest;

class IntakeTest : public NodeTest {
 protected:
  Response post(const std::string& type, std::string body, std::string path = "/v1/events") {
    return call({Method::post, std::move(path), {{"Content-Type", type}}, std::move(body)});
  }
  static std::vector<json> lines_of(const std::string& body) {
    std::vector<json> lines;
    std::istringstream in(body);
    for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
    return lines;
  }
};

TEST_F(IntakeTest, AnEventIsAnsweredWithAReceiptThatVerifies) {
  const std::string event = dataset_access(1).dump();
  const Response response = post_event(event);
  ASSERT_EQ(response.status, 201) << response.body;
  const json receipt = json::parse(response.body);
  EXPECT_EQ(receipt["origin"], "medspace/hanbit");
  const std::string place(response.header("location"));
  EXPECT_EQ(place, "/v1/ledgers/hanbit/entries/" + receipt["sequence"].dump());

  const Response entry = get(place);
  ASSERT_EQ(entry.status, 200) << entry.body;
  EXPECT_EQ(json::parse(entry.body)["event"], json::parse(event));

  const Response text = get(place + "/receipt?format=tlog-proof");
  const auto proof = parse_tlog_proof(text.body);
  ASSERT_TRUE(proof) << text.body;
  const auto view = node_->view(*LedgerId::parse("hanbit"));
  EXPECT_TRUE(verify_tlog_proof(*proof, *view->leaf(proof->number), view->info().log_key));
}

TEST_F(IntakeTest, TheSameEventAgainGetsTheFirstReceiptAgain) {
  const auto event = dataset_access(1);
  const Response first = post_event(event.dump());
  const std::uint64_t before = total();
  post_event(dataset_access(2).dump());
  const Response again = post_event(event.dump(2));
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(total(), before + 1);
}

TEST_F(IntakeTest, OtherContentUnderTheSameIdIsAConflictThatNamesTheFirst) {
  auto event = dataset_access(1);
  const Response first = post_event(event.dump());
  event["data"]["action"] = "download";
  const Response second = post_event(event.dump());
  EXPECT_EQ(second.status, 409) << second.body;
  EXPECT_EQ(second.content_type, "application/problem+json");
  EXPECT_EQ(second.header("location"), first.header("location"));
  EXPECT_EQ(json::parse(second.body)["type"], "/problems/conflict");
}

TEST_F(IntakeTest, EachKindOfBadInputIsAProblemThatNamesTheFieldAndStoresNothing) {
  const auto good = dataset_access(1);
  const auto with = [&](const std::string& pointer, const json& value) {
    auto event = good;
    event[nlohmann::ordered_json::json_pointer(pointer)] = value;
    return event.dump();
  };
  std::string deep = good.dump();
  deep.replace(deep.find("\"read\""), 6, std::string(20'000, '[') + std::string(20'000, ']'));
  std::string twice = good.dump();
  twice.replace(twice.find("\"outcome\""), 0, "\"\\u006futcome\":0,");
  std::string deepest = "/data/action";
  for (int level = 2; level < 32; ++level) deepest += "/0";
  struct Case {
    std::string event;
    int status;
    std::string code, pointer;
  };
  const std::vector<Case> cases = {
      {with("/data/system", std::string(70'000, 's')), 413, "too_large", ""},
      {deep, 400, "too_deep", deepest},
      {twice, 400, "duplicate_key", "/data/outcome"},
      {with("/data/outcome", "0"), 422, "wrong_type", "/data/outcome"},
      {with("/time", "2026-03-02T24:00:00+09:00"), 422, "bad_time", "/time"},
      {with("/data/reason", "900101-1234568"), 422, "direct_identifier", "/data/reason"},
      {with("/type", "kr.jangbu.dataset.eaten.v1"), 400, "unknown_type", "/type"},
      {with("/institution", "elsewhere"), 404, "no_such_ledger", "/institution"},
      {with("/data/extra", 1), 422, "unknown_member", "/data/extra"},
      {"{\"specversion\":", 400, "not_json", "/specversion"},
      {"", 400, "not_json", ""},
  };
  const std::uint64_t before = total();
  for (const Case& one : cases) {
    const Response response = post_event(one.event);
    EXPECT_EQ(response.status, one.status) << one.code << response.body;
    const json problem = json::parse(response.body);
    EXPECT_EQ(problem["code"], one.code) << response.body;
    ASSERT_FALSE(problem["errors"].empty()) << response.body;
    EXPECT_EQ(problem["errors"][0]["code"], one.code) << response.body;
    EXPECT_EQ(problem["errors"][0]["pointer"], one.pointer) << response.body;
    EXPECT_EQ(response.body.find("900101"), std::string::npos);
  }
  EXPECT_EQ(total(), before);
  EXPECT_EQ(node_->metrics().queued, 0U);
}

TEST_F(IntakeTest, EveryFieldThatIsWrongIsListed) {
  auto event = dataset_access(1);
  event["data"]["outcome"] = "0";
  event["data"]["object"] = "elephant";
  event["data"]["extra"] = true;
  const json problem = json::parse(post_event(event.dump()).body);
  EXPECT_EQ(problem["errors"].size(), 3U) << problem;
}

TEST_F(IntakeTest, AnotherInstitutionsLedgerIsRefusedWhereTheTypeDoesNotBelong) {
  // A patient's record access cannot stand in a demand organisation's ledger.
  auto event = dataset_access(1);
  event["type"] = "kr.jangbu.record.accessed.v1";
  event["institution"] = "bioai";
  const std::uint64_t before = total();
  const Response response = post_event(event.dump());
  EXPECT_GE(response.status, 400) << response.body;
  EXPECT_EQ(total(), before);
  // And an event that says which ledger must say its own.
  const json heartbeat = {{"specversion", "1.0"}, {"type", "kr.jangbu.source.heartbeat.v1"}, {"source", "/x"},
                          {"id", id_of(9)},       {"time", "2026-03-02T09:15:00+09:00"},     {"institution", "hanbit"},
                          {"ledger", "saebyeok"}, {"data", {{"next", 1}, {"backlog", 0}}}};
  const Response other = post_event(heartbeat.dump());
  EXPECT_GE(other.status, 400);
  EXPECT_EQ(json::parse(other.body)["errors"][0]["pointer"], "/ledger") << other.body;
  EXPECT_EQ(total(), before);
}

TEST_F(IntakeTest, WhatSpeaksForTheCoordinatingBodyNeedsItsKey) {
  const LedgerId haneul = *LedgerId::parse("haneul");
  const std::string tick =
      R"({"specversion":"1.0","type":"kr.jangbu.tick.v1","source":"/ticker","id":")" + id_of(5) +
      R"(","time":"2026-03-02T00:00:00Z","institution":"haneul","data":{"at":"2026-03-02T00:00:00Z",)" +
      R"("observed":[]}})";
  const std::uint64_t before = total();
  Response response = post_event(tick);
  EXPECT_EQ(response.status, 403) << response.body;
  EXPECT_EQ(json::parse(response.body)["code"], "signature_missing");
  EXPECT_EQ(json::parse(response.body)["errors"][0]["pointer"], "/jangbu-signature");
  response = post_event(tick, {{"jangbu-signature", "not one"}});
  EXPECT_EQ(response.status, 400) << response.body;
  const auto key = read_signing_key(space_key_path(folder_ / "node", KeyUse::ticker), nullptr);
  ASSERT_TRUE(key) << to_string(key.error());
  const auto stranger = SigningKey::from_seed("stranger", std::string(32, 's'));
  response = post_event(tick, {{"jangbu-signature", to_string(sign_event(*stranger, "medspace/haneul", tick))}});
  EXPECT_EQ(response.status, 403) << response.body;
  EXPECT_EQ(json::parse(response.body)["code"], "key_unknown");
  EXPECT_EQ(total(), before);
  response = post_event(tick, {{"jangbu-signature", to_string(sign_event(*key, "medspace/haneul", tick))}});
  EXPECT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(total(), before + 1);
}

TEST_F(IntakeTest, TheRestOfABatchIsUnharmed) {
  auto bad = dataset_access(2);
  bad["data"]["outcome"] = "0";
  std::string deep = dataset_access(3).dump();
  deep.replace(deep.find("\"read\""), 6, std::string(5'000, '[') + std::string(5'000, ']'));
  const std::string batch = "[" + dataset_access(1).dump(1) + ",\n" + bad.dump() + ", 17," + deep + "," +
                            dataset_access(4).dump() + "," + dataset_access(1).dump() + R"(,{"event":)" +
                            dataset_access(5).dump() + R"(},{"event":3},{"signature":"x","event":)" +
                            dataset_access(6).dump() + "}]";
  const std::uint64_t before = total();
  const Response response = post("application/cloudevents-batch+json", batch);
  EXPECT_EQ(response.status, 207) << response.body;
  const json results = json::parse(response.body)["results"];
  const std::vector<int> expected = {201, 422, 422, 400, 201, 200, 201, 422, 400};
  ASSERT_EQ(results.size(), expected.size()) << response.body;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(results[i]["index"], i);
    EXPECT_EQ(results[i]["status"], expected[i]) << results[i];
    EXPECT_EQ(results[i].contains("problem"), expected[i] >= 400) << results[i];
  }
  EXPECT_EQ(results[1]["problem"]["errors"][0]["pointer"], "/data/outcome");
  EXPECT_EQ(results[5]["sequence"], results[0]["sequence"]);
  EXPECT_EQ(total(), before + 3);
  // The bytes are the slice as it was received.
  const Response raw =
      get(results[0]["receipt"].get<std::string>().substr(0, results[0]["receipt"].get<std::string>().size() - 8),
          {{"Accept", "application/octet-stream"}});
  EXPECT_TRUE(raw.body.ends_with(dataset_access(1).dump(1)));
}

TEST_F(IntakeTest, ABatchThatIsNoArrayIsRefusedWhole) {
  const std::uint64_t before = total();
  for (const std::string& body : {std::string("{}"), std::string("[") + dataset_access(1).dump(), std::string("[1] 2"),
                                  std::string("[") + dataset_access(1).dump() + "}"}) {
    const Response response = post("application/cloudevents-batch+json", body);
    EXPECT_GE(response.status, 400) << body << response.body;
  }
  EXPECT_EQ(post("application/cloudevents-batch+json", "[]").body, R"({"results":[]})");
  EXPECT_EQ(total(), before);
}

TEST_F(IntakeTest, AStreamGivesAResultALineInItsOrder) {
  for (const std::size_t piece : {std::size_t{1} << 16, std::size_t{1000}, std::size_t{7}}) {
    std::string body;
    std::vector<int> expected;
    const int first = static_cast<int>(piece) * 1000;
    for (int i = 0; i < 40; ++i) {
      auto event = dataset_access(first + i);
      if (i % 7 == 3) event["data"]["outcome"] = "0";
      const std::string text = event.dump();
      body += i % 5 == 0 ? R"({"event":)" + text + "}" : text;
      body += i % 3 == 0 ? "\r\n\n" : "\n";
      expected.push_back(i % 7 == 3 ? 422 : 201);
      if (i == 20) {
        body += "not json\n" + dataset_access(first).dump() + "\n";
        expected.push_back(400);
        expected.push_back(200);
      }
    }
    body += dataset_access(first + 40).dump();  // no line end behind the last
    expected.push_back(201);
    const Response response =
        call({Method::post, "/v1/events", {{"Content-Type", "application/x-ndjson"}}, body, piece});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/x-ndjson");
    const auto lines = lines_of(response.body);
    ASSERT_EQ(lines.size(), expected.size()) << piece;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i]["index"], i);
      EXPECT_EQ(lines[i]["status"], expected[i]) << lines[i];
    }
  }
}

TEST_F(IntakeTest, ALineThatIsTooLongHarmsNoOther) {
  const std::string body =
      dataset_access(1).dump() + "\n" + std::string(3'000'000, 'x') + "\n" + dataset_access(2).dump() + "\n";
  const Response response = post("application/x-ndjson", body);
  const auto lines = lines_of(response.body);
  ASSERT_EQ(lines.size(), 3U) << response.body.substr(0, 500);
  EXPECT_EQ(lines[0]["status"], 201);
  EXPECT_EQ(lines[1]["status"], 413);
  EXPECT_EQ(lines[2]["status"], 201);
  EXPECT_EQ(lines[2]["index"], 2);
}

TEST_F(IntakeTest, ValidateGivesTheVerdictAndStoresNothing) {
  const std::uint64_t before = total();
  const auto validate = [&](const std::string& type, std::string body) {
    return post(type, std::move(body), "/v1/validate");
  };
  const Response good = validate("application/cloudevents+json", dataset_access(1).dump());
  EXPECT_EQ(good.status, 200) << good.body;
  EXPECT_EQ(json::parse(good.body)["ledger"], "hanbit");
  auto bad = dataset_access(1);
  bad["data"]["outcome"] = "0";
  const Response refused = validate("application/cloudevents+json", bad.dump());
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body, post_event(bad.dump()).body);
  const Response batch =
      validate("application/cloudevents-batch+json", "[" + dataset_access(1).dump() + "," + bad.dump() + "]");
  EXPECT_EQ(batch.status, 207);
  EXPECT_EQ(json::parse(batch.body)["results"][0]["valid"], true);
  const auto lines = lines_of(validate("application/x-ndjson", dataset_access(1).dump() + "\n" + bad.dump()).body);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1]["status"], 422);
  EXPECT_EQ(total(), before);
}

TEST_F(IntakeTest, WhoDoesNotWantToWaitIsToldWhereTheReceiptWillBe) {
  const Response response = post_event(dataset_access(1).dump(), {{"Prefer", "respond-async"}});
  EXPECT_EQ(response.status, 202) << response.body;
  const auto committed = node_->commit_pending();
  ASSERT_TRUE(committed);
  const Response receipt = get(std::string(response.header("location")));
  EXPECT_EQ(receipt.status, 200) << receipt.body;

  const auto waiting = begin({Method::post,
                              "/v1/events",
                              {{"Content-Type", "application/cloudevents+json"}, {"Prefer", "wait=5"}},
                              dataset_access(2).dump()});
  EXPECT_FALSE(waiting->answered());
  waiting->pass_time();
  EXPECT_EQ(waiting->response().status, 202);
  go_on(waiting);  // the commit comes late and is not answered again
  EXPECT_EQ(waiting->response().status, 202);

  const Response in_time = post_event(dataset_access(3).dump(), {{"Prefer", "wait=5"}});
  EXPECT_EQ(in_time.status, 201);
}

TEST_F(IntakeTest, IntakeGivesAnIndexThatIsFarBehindSomeTime) {
  std::atomic<std::uint64_t> lag = Intake::kIndexLagMax + 1;
  service_->index_lag = &lag;
  routes_ = std::make_unique<Routes>(make_routes(*service_, 1));
  const testing::LocalRequest request{
      Method::post, "/v1/events", {{"Content-Type", "application/cloudevents+json"}}, dataset_access(1).dump()};
  const auto held = begin(request);
  go_on(held);
  EXPECT_FALSE(held->answered());
  lag = 0;
  held->pass_time();
  go_on(held);
  EXPECT_EQ(held->response().status, 201);
  // An index that does not move holds nobody up for ever.
  lag = Intake::kIndexLagMax + 1;
  const auto other = begin(request);
  unsigned pauses = 0;
  for (; !other->answered() && pauses < 1000; ++pauses) {
    other->pass_time();
    go_on(other);
  }
  EXPECT_EQ(other->response().status, 200);
  EXPECT_GT(pauses, 10U);
  const auto stream = begin({Method::post,
                             "/v1/events",
                             {{"Content-Type", "application/x-ndjson"}},
                             dataset_access(2).dump() + "\n" + dataset_access(3).dump()});
  go_on(stream);
  const std::uint64_t before = total();
  lag = 0;
  stream->pass_time();
  go_on(stream);
  EXPECT_EQ(total(), before + 2);
}

TEST_F(IntakeTest, AClientThatSendsAllBeforeItReadsGetsEveryResult) {
  std::string body;
  for (int i = 1; i <= 30'000; ++i) body += dataset_access(i).dump() + "\n";
  const auto exchange = begin({Method::post, "/v1/events", {{"Content-Type", "application/x-ndjson"}}, body});
  // Nothing is taken from the answer until all of it is ledgered.
  const std::uint64_t before = total();
  for (int idle = 0; idle < 3;) {
    const bool busy = exchange->run();
    const auto committed = node_->commit_pending();
    ASSERT_TRUE(committed);
    exchange->pass_time();
    idle = busy || *committed > 0 ? 0 : idle + 1;
  }
  EXPECT_EQ(total(), before + 30'000);
  go_on(exchange);
  const auto lines = lines_of(exchange->response().body);
  ASSERT_EQ(lines.size(), 30'000U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(lines[i]["index"], i);
    ASSERT_EQ(lines[i]["status"], 201);
  }
}

TEST_F(IntakeTest, BinaryModeBecomesTheOneStructuredForm) {
  const auto event = dataset_access(1);
  std::vector<std::pair<std::string, std::string>> headers = {{"Content-Type", "application/json"}};
  for (const char* attribute : {"specversion", "id", "type", "time", "institution"}) {
    headers.emplace_back(std::string("Ce-") + attribute, event[attribute].get<std::string>());
  }
  headers.emplace_back("ce-source", "%2fhanbit%2Fresearch-platform");
  const std::string data = event["data"].dump(1);
  const Response response = call({Method::post, "/v1/events", headers, data});
  ASSERT_EQ(response.status, 201) << response.body;
  const Response raw = get(std::string(response.header("location")), {{"Accept", "application/octet-stream"}});
  const std::string form = R"({"specversion":"1.0","id":")" + id_of(1) +
                           R"(","source":"/hanbit/research-platform","type":"kr.jangbu.dataset.accessed.v1",)" +
                           R"("time":"2026-03-02T09:15:00+09:00","datacontenttype":"application/json",)" +
                           R"("institution":"hanbit","data":)" + data + "}";
  EXPECT_TRUE(raw.body.ends_with(form)) << raw.body;
  // The same event as its structured twin.
  auto twin = event;
  twin["datacontenttype"] = "application/json";
  EXPECT_EQ(post_event(twin.dump()).status, 200);
  const Response bad = call({Method::post, "/v1/events", headers, data + ",\"ledger\":\"hanbit\""});
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(json::parse(bad.body)["errors"][0]["pointer"], "/data") << bad.body;
}

TEST_F(IntakeTest, AnUnknownMediaTypeIsRefused) {
  EXPECT_EQ(post("application/json", dataset_access(1).dump()).status, 415);
  EXPECT_EQ(post("text/plain", dataset_access(1).dump()).status, 415);
  EXPECT_EQ(post("application/cloudevents+json; charset=utf-8", dataset_access(1).dump()).status, 201);
}

TEST_F(IntakeTest, ANodeThatHasStoppedAnswers503) {
  node_.reset();
  NodeOptions options;
  options.directory = folder_ / "node";
  options.clock = &clock_;
  options.read_only = true;
  auto node = Node::open(options, types_);
  ASSERT_TRUE(node) << to_string(node.error());
  node_ = std::move(*node);
  service_.emplace(Service{*node_, clock_, &metrics_});
  routes_ = std::make_unique<Routes>(make_routes(*service_, 1));
  const auto exchange =
      begin({Method::post, "/v1/events", {{"Content-Type", "application/cloudevents+json"}}, dataset_access(1).dump()});
  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->response().status, 503);
  EXPECT_EQ(exchange->response().header("retry-after"), "1");
}

}  // namespace
}  // namespace jangbu::api
