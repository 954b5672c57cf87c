// A whole node on a real broker: what comes of records that others write, of kills, and of events that come by HTTP.
#include "tests/kafka/whole_node.h"

namespace jangbu::testing {
namespace {

using ::testing::HasSubstr;

class NodeOnABroker : public WholeNode {};

TEST_F(NodeOnABroker, LedgersWhatOthersWriteInBothModesAndGoesOnAfterAKill) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  const std::string ledger = "hanbit.patients";
  std::uint64_t begin = 0;
  const Json status = json({"status", "--node", node_, "--format", "json"});
  for (const Json& each : status["ledgers"]) {
    if (each["ledger"] == ledger) begin = each["entries"];
  }
  auto node = serve();
  ASSERT_TRUE(comes([&] { return followed(node->url()); })) << node->said();

  std::vector<Written> records;
  for (int i = 0; i < 10; ++i) records.push_back(structured(access(i)));
  for (int i = 10; i < 20; ++i) records.push_back(binary(access(i)));
  for (const int again : {0, 3, 12}) records.push_back(structured(access(again)));  // the last one came in binary mode
  std::string other = access(4);
  other.replace(other.find("physician"), 9, "registrar");
  records.push_back(structured(other));  // a conflict
  records.push_back({"", {}});           // rotten, in four ways
  records.push_back(structured("not JSON"));
  records.push_back(structured(access(30) + "x"));
  records.push_back({R"({"a":1})", {{"ce_specversion", "1.0"}, {"content-type", "application/json"}}});
  records.push_back(structured(access(31)));  // the last, so that all before it are through
  ASSERT_NO_FATAL_FAILURE(write(ledger, records));
  ASSERT_TRUE(comes([&] { return !receipt(node->url(), 31).is_null(); })) << node->said();

  // The one that came in binary mode has its attributes in another order: other bytes, and so a conflict.
  const std::uint64_t size_now = size(node->url(), ledger);
  std::map<std::string, int> kinds;
  for (std::uint64_t i = begin; i < size_now; ++i) {
    ++kinds[get(node->url(), "/v1/ledgers/" + ledger + "/entries/" + std::to_string(i))["kind"].get<std::string>()];
  }
  EXPECT_EQ(kinds, (std::map<std::string, int>{{"event", 22}, {"rejected", 6}})) << "with ledger.moved";
  for (const int number : {0, 4, 10, 19, 31}) {
    EXPECT_EQ(receipt(node->url(), number)["origin"], space_ + "/" + ledger) << number;
  }

  node->kill();
  records.clear();
  for (int i = 20; i < 30; ++i) records.push_back(structured(access(i)));
  records.push_back(structured(access(0)));
  records.push_back(structured(access(32)));
  ASSERT_NO_FATAL_FAILURE(write(ledger, records));
  ASSERT_TRUE(node->start()) << node->said();
  ASSERT_TRUE(comes([&] { return !receipt(node->url(), 32).is_null(); })) << node->said();
  EXPECT_EQ(size(node->url(), ledger), size_now + 11);
  EXPECT_EQ(node->stop(), 0) << node->said();
  const Ran verified = jangbu({"verify", node_});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

TEST_F(NodeOnABroker, AnEventThatComesByHttpIsAcknowledgedFromKafkaAndReceiptedFromTheLedger) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  auto node = serve();
  ASSERT_TRUE(comes([&] { return followed(node->url()); })) << node->said();
  auto client = tools::HttpClient::make(node->url());
  const auto post = [&](const std::string& event, std::vector<std::pair<std::string, std::string>> more = {}) {
    more.emplace_back("content-type", "application/cloudevents+json");
    auto answer = client->send("POST", "/v1/events", more, event);
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer ? *answer : tools::HttpAnswer();
  };

  const auto at_once = post(access(0));
  ASSERT_EQ(at_once.status, 202) << at_once.body;
  const Json place = Json::parse(at_once.body);
  EXPECT_EQ(place["topic"], topic("hanbit.patients")) << place;
  EXPECT_EQ(place["offset"], 1) << "behind ledger.moved: " << place;
  const std::string status(at_once.header("location"));
  ASSERT_FALSE(status.empty());
  ASSERT_TRUE(comes([&] { return !get(node->url(), status).is_null(); })) << status;
  EXPECT_EQ(get(node->url(), status)["origin"], space_ + "/hanbit.patients");

  const auto waited = post(access(1), {{"prefer", "wait=30"}});
  ASSERT_EQ(waited.status, 201) << waited.body;
  EXPECT_EQ(get(node->url(), std::string(waited.header("location")))["kind"], "event");
  const auto again = post(access(1), {{"prefer", "wait=30"}});
  EXPECT_EQ(again.status, 200) << again.body;
  const auto bad = post("{}");
  EXPECT_EQ(bad.status, 400) << "what the screen refuses never comes to Kafka: " << bad.body;
  const Json topics = get(node->url(), "/readyz")["kafka"];
  EXPECT_EQ(topics["connected"], true);
  EXPECT_EQ(node->stop(), 0) << node->said();
}

// The same keys twice: two tickers, two writers of conclusions. Time goes on, and both come to the same.
TEST_F(NodeOnABroker, ASecondTickerDoesNoHarm) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  const std::string copy = (folder_ / "copy").string();
  std::filesystem::copy(node_, copy, std::filesystem::copy_options::recursive);
  const auto one = serve();
  const auto other = serve({}, copy);
  for (const auto* node : {&one, &other}) {
    ASSERT_TRUE(comes([&] { return followed((*node)->url()); })) << (*node)->said();
  }
  ASSERT_NO_FATAL_FAILURE(write("hanbit.patients", {structured(access(0)), structured(access(1))}));
  const std::uint64_t begin = size(one->url(), "haneul");
  // A tick needs something new, and five seconds; each of them ticks.
  for (int i = 2; i < 5; ++i) {
    const std::uint64_t before = size(one->url(), "haneul");
    ASSERT_NO_FATAL_FAILURE(write("hanbit.patients", {structured(access(i))}));
    ASSERT_TRUE(comes([&] { return size(one->url(), "haneul") > before; })) << one->said();
  }
  EXPECT_GE(size(one->url(), "haneul"), begin + 3);
  ASSERT_TRUE(comes([&] { return !receipt(other->url(), 4).is_null(); }));
  for (const auto* node : {&one, &other}) {
    const Json ready = get((*node)->url(), "/readyz");
    EXPECT_EQ(ready["alarms"], 0) << ready;
    for (const char* ledger : kLedgers) EXPECT_EQ(stopped((*node)->url(), ledger), "") << ready;
    EXPECT_EQ((*node)->stop(), 0) << (*node)->said();
  }
  const Ran verified = jangbu({"verify", node_});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  expect_same_ledgers(node_, copy);
}

// What a ledger holds, written to a topic again: a ledger that reads it takes what it had not, signatures included.
TEST_F(NodeOnABroker, AReplayToATopicIsReadByAnotherLedgerOfTheSpace) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  const std::string copy = (folder_ / "copy").string();  // reads the topic only once it is replayed
  std::filesystem::copy(node_, copy, std::filesystem::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(emit(node_, accesses(0, 25)));  // embedded: no topic has them
  const std::uint64_t held = json({"status", "--node", node_, "--format", "json"})["ledgers"].size();
  EXPECT_EQ(held, 4U);
  const Ran replayed = jangbu({"replay", "--node", node_, "--ledger", "hanbit.patients", "--to-topic",
                               topic("hanbit.patients"), "--kafka", kafka_, "--rate", "2000"});
  ASSERT_EQ(replayed.status, 0) << replayed.err;
  EXPECT_THAT(replayed.err, HasSubstr("records acknowledged in " + topic("hanbit.patients")));
  ServedNode other(copy, {"--kafka", kafka_});
  ASSERT_TRUE(other.start()) << other.said();
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(comes([&] { return !receipt(other.url(), i).is_null(); })) << i << other.said();
  }
  // Its keys' registrations and whatever else both had are duplicates, not conflicts.
  const std::uint64_t end = size(other.url(), "hanbit.patients");
  for (std::uint64_t i = 0; i < end; ++i) {
    EXPECT_NE(get(other.url(), "/v1/ledgers/hanbit.patients/entries/" + std::to_string(i))["kind"], "rejected") << i;
  }
  EXPECT_EQ(other.stop(), 0) << other.said();
}

// With a broker of its own, which is taken away.
TEST_F(NodeOnABroker, WithoutABrokerNothingIsAcknowledgedAndNothingThatWasIsLost) {
  OwnBrokers brokers;
  ASSERT_TRUE(brokers.started());
  kafka_ = brokers.settings();
  ASSERT_NO_FATAL_FAILURE(make_topics());
  auto node = serve();
  ASSERT_TRUE(comes([&] { return followed(node->url()); })) << node->said();
  auto client = tools::HttpClient::make(node->url());
  const auto post = [&](int number) {
    const auto answer =
        client->send("POST", "/v1/events", {{"content-type", "application/cloudevents+json"}}, access(number));
    return answer ? *answer : tools::HttpAnswer();
  };
  std::vector<int> acknowledged;
  for (int i = 0; i < 50; ++i) {
    if (post(i).status == 202) acknowledged.push_back(i);
  }
  EXPECT_EQ(acknowledged.size(), 50U);
  ASSERT_TRUE(brokers.run({"kill", "1"}));
  tools::HttpAnswer refused;
  ASSERT_TRUE(comes([&] { return (refused = post(60)).status == 503; })) << refused.status << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("kafka_unreachable"));
  EXPECT_FALSE(refused.header("retry-after").empty());
  ASSERT_TRUE(comes([&] { return look(node->url(), "/readyz", 503).value("code", "") == "kafka_unreachable"; }));
  // Reading goes on meanwhile.
  EXPECT_GT(size(node->url(), "hanbit"), 0U);

  ASSERT_TRUE(brokers.run({"restart", "1"}));
  ASSERT_TRUE(comes([&] { return post(61).status == 202; })) << node->said();
  acknowledged.push_back(61);
  for (const int number : acknowledged) {
    ASSERT_TRUE(comes([&] { return !receipt(node->url(), number).is_null(); })) << number << node->said();
  }
  EXPECT_TRUE(comes([&] { return look(node->url(), "/readyz").value("ready", false); }));
  EXPECT_EQ(node->stop(), 0) << node->said();
  kafka_.clear();
}

}  // namespace
}  // namespace jangbu::testing
