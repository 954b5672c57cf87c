// F11: what can go wrong with a topic is detected and named, nothing is signed over it, the other ledgers go on; and
// the way out that ops/RUNBOOK.md gives is walked.
#include <atomic>
#include <iostream>
#include <set>

#include "tests/kafka/whole_node.h"

namespace jangbu::testing {

// tests/kafka/open_transaction.cc: writes one record to `topic` in a transaction that nobody ends.
bool leave_transaction_open(const KafkaSettings& settings, const std::string& topic, const std::string& value);

namespace {

using ::testing::HasSubstr;

constexpr const char* kLedger = "hanbit.patients";

class WaysOut : public WholeNode {
 protected:
  // A node that follows its topics and has ten events from them.
  std::unique_ptr<ServedNode> with_ten() {
    make_topics();
    auto node = serve();
    EXPECT_TRUE(comes([&] { return followed(node->url()); })) << node->said();
    std::vector<Written> records;
    for (int i = 0; i < 10; ++i) records.push_back(structured(access(i)));
    write(kLedger, records);
    EXPECT_TRUE(comes([&] { return !receipt(node->url(), 9).is_null(); })) << node->said();
    return node;
  }
  void remake_topic(int records) {
    const auto broker = admin();
    ASSERT_TRUE(broker->delete_topic(topic(kLedger)));
    ASSERT_TRUE(comes([&] {
      return broker
          ->create_topic(topic(kLedger), 1, {{"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "-1"}})
          .has_value();
    }));
    std::vector<Written> others;
    for (int i = 0; i < records; ++i) others.push_back(structured(access(100 + i)));
    ASSERT_NO_FATAL_FAILURE(write(kLedger, others));
  }
  // The ledger is stopped for this, at the size that it had; the others take events.
  void expect_stopped(const ServedNode& node, const std::string& code, std::uint64_t at) {
    ASSERT_TRUE(comes([&] { return stopped(node.url(), kLedger) == code; }))
        << get(node.url(), "/readyz") << node.said();
    EXPECT_EQ(size(node.url(), kLedger), at);
    auto client = tools::HttpClient::make(node.url());
    const auto refused =
        client->send("POST", "/v1/events", {{"content-type", "application/cloudevents+json"}}, access(50));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503) << refused->body;
    EXPECT_THAT(refused->body, HasSubstr("ledger_stopped"));
    const std::uint64_t ticks = size(node.url(), "haneul");
    EXPECT_TRUE(comes([&] { return size(node.url(), "haneul") > ticks; })) << "the others go on: " << node.said();
  }
  // As the RUNBOOK says: stop, delete the topic, create it anew, start.
  void walk_out(ServedNode& node, std::uint64_t size_before) {
    ASSERT_EQ(node.stop(), 0) << node.said();
    ASSERT_TRUE(admin()->delete_topic(topic(kLedger)));
    Ran made;
    ASSERT_TRUE(comes([&] {
      made = jangbu({"topics", "create", node_, "--kafka", kafka_, "--format", "json"});
      return made.status == 0;
    })) << made.err;
    ServedNode again(node_, {"--kafka", kafka_});
    ASSERT_TRUE(again.start()) << again.said();
    ASSERT_TRUE(comes([&] { return followed(again.url()); })) << get(again.url(), "/readyz") << again.said();
    EXPECT_EQ(stopped(again.url(), kLedger), "");
    ASSERT_NO_FATAL_FAILURE(write(kLedger, {structured(access(9)), structured(access(70))}));
    ASSERT_TRUE(comes([&] { return !receipt(again.url(), 70).is_null(); })) << again.said();
    EXPECT_EQ(size(again.url(), kLedger), size_before + 2)
        << "ledger.moved and the new event; what is known stays once";
    EXPECT_EQ(again.stop(), 0) << again.said();
    const Ran verified = jangbu({"verify", node_});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  }
};

TEST_F(WaysOut, RecordsThatAreDeletedBeforeTheyWereRead) {
  auto node = with_ten();
  const std::uint64_t at = size(node->url(), kLedger);
  ASSERT_EQ(node->stop(), 0);
  ASSERT_NO_FATAL_FAILURE(write(kLedger, {structured(access(20)), structured(access(21))}));
  ASSERT_TRUE(admin()->delete_records(topic(kLedger), Offset(13)));
  ASSERT_TRUE(node->start());
  ASSERT_NO_FATAL_FAILURE(expect_stopped(*node, "kafka_position", at));
  ASSERT_NO_FATAL_FAILURE(walk_out(*node, at));
}

TEST_F(WaysOut, ATopicThatIsMadeAnewAndShorter) {
  auto node = with_ten();
  const std::uint64_t at = size(node->url(), kLedger);
  ASSERT_EQ(node->stop(), 0);
  ASSERT_NO_FATAL_FAILURE(remake_topic(3));
  ASSERT_TRUE(node->start());
  ASSERT_NO_FATAL_FAILURE(expect_stopped(*node, "kafka_position", at));
  ASSERT_NO_FATAL_FAILURE(walk_out(*node, at));
}

TEST_F(WaysOut, ATopicThatIsMadeAnewAndLonger) {
  auto node = with_ten();
  const std::uint64_t at = size(node->url(), kLedger);
  ASSERT_EQ(node->stop(), 0);
  ASSERT_NO_FATAL_FAILURE(remake_topic(20));
  ASSERT_TRUE(node->start());
  ASSERT_NO_FATAL_FAILURE(expect_stopped(*node, "kafka_other_record", at));
  ASSERT_NO_FATAL_FAILURE(walk_out(*node, at));
}

// Under a node that runs. Whichever look comes first: the topic is too short, or has other records.
TEST_F(WaysOut, ATopicThatIsRewrittenWhileItIsRead) {
  auto node = with_ten();
  const std::uint64_t at = size(node->url(), kLedger);
  ASSERT_NO_FATAL_FAILURE(remake_topic(11));
  ASSERT_TRUE(comes([&] { return stopped(node->url(), kLedger).starts_with("kafka_"); }))
      << get(node->url(), "/readyz") << node->said();
  const std::string code = stopped(node->url(), kLedger);
  EXPECT_TRUE(code == "kafka_other_record" || code == "kafka_position") << code;
  ASSERT_NO_FATAL_FAILURE(expect_stopped(*node, code, at));
  ASSERT_NO_FATAL_FAILURE(walk_out(*node, at));
}

TEST_F(WaysOut, AnotherClusterAProducersTimeAndATransactionThatHangs) {
  auto node = with_ten();
  const std::uint64_t at = size(node->url(), kLedger);
  ASSERT_EQ(node->stop(), 0);
  const std::string before = kafka_;
  OwnBrokers other;
  ASSERT_TRUE(other.started());

  // Another cluster, with topics of the same names: every ledger stops. The way out: they move there.
  kafka_ = other.settings();
  {
    const auto broker = admin();
    for (const char* ledger : kLedgers) {
      ASSERT_TRUE(broker->create_topic(topic(ledger), 1,
                                       {{"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "-1"}}));
    }
    ServedNode elsewhere(node_, {"--kafka", kafka_});
    ASSERT_TRUE(elsewhere.start());
    for (const char* ledger : kLedgers) {
      ASSERT_TRUE(comes([&] { return stopped(elsewhere.url(), ledger) == "kafka_other_cluster"; }))
          << get(elsewhere.url(), "/readyz") << elsewhere.said();
    }
    EXPECT_EQ(size(elsewhere.url(), kLedger), at);
    EXPECT_EQ(elsewhere.stop(), 0);
    ASSERT_NO_FATAL_FAILURE(make_topics());
    ASSERT_TRUE(elsewhere.start());
    ASSERT_TRUE(comes([&] { return followed(elsewhere.url()); }))
        << get(elsewhere.url(), "/readyz") << elsewhere.said();
    ASSERT_TRUE(comes([&] { return size(elsewhere.url(), kLedger) == at + 1; })) << "ledger.moved";

    // A transaction that nobody ends holds up the topic: named, nothing is read past it; aborted, all goes on.
    ASSERT_TRUE(leave_transaction_open(settings(), topic(kLedger), access(80)));
    ASSERT_NO_FATAL_FAILURE(write(kLedger, {structured(access(81))}));
    const auto held = [&] {
      for (const Json& trouble : look(elsewhere.url(), "/readyz").value("troubles", Json::array())) {
        if (trouble["code"] == "kafka_transaction") return trouble["part"] == std::string("topic of ") + kLedger;
      }
      return false;
    };
    ASSERT_TRUE(comes(held)) << get(elsewhere.url(), "/readyz");
    EXPECT_EQ(size(elsewhere.url(), kLedger), at + 1);
    ASSERT_TRUE(other.run(
        {"tool", "transactions", "abort", "--topic", topic(kLedger), "--partition", "0", "--start-offset", "1"}));
    ASSERT_TRUE(comes([&] { return !receipt(elsewhere.url(), 81).is_null(); })) << elsewhere.said();
    EXPECT_TRUE(receipt(elsewhere.url(), 80).is_null()) << "what was aborted never was";
    EXPECT_TRUE(comes([&] { return !held(); }));
    EXPECT_EQ(size(elsewhere.url(), kLedger), at + 2);

    // A topic whose records carry the producers' times.
    ASSERT_TRUE(other.run({"tool", "configs", "--alter", "--entity-type", "topics", "--entity-name", topic(kLedger),
                           "--add-config", "message.timestamp.type=CreateTime"}));
    ASSERT_NO_FATAL_FAILURE(write(kLedger, {structured(access(82))}));
    ASSERT_NO_FATAL_FAILURE(expect_stopped(elsewhere, "kafka_timestamps", at + 2));
    ASSERT_NO_FATAL_FAILURE(walk_out(elsewhere, at + 2));
  }
  kafka_ = before;
}

// Three brokers, three copies: the leader dies under load, and then another one.
TEST_F(WaysOut, NothingAcknowledgedIsMissingWhenLeadersDie) {
  OwnBrokers brokers(3);
  ASSERT_TRUE(brokers.started());
  kafka_ = brokers.settings();
  ASSERT_NO_FATAL_FAILURE(make_topics());
  auto node = serve();
  ASSERT_TRUE(comes([&] { return followed(node->url()); })) << node->said();
  std::atomic<bool> enough = false;
  std::set<int> acknowledged;
  int refused = 0;
  std::thread load([&] {
    auto client = tools::HttpClient::make(node->url());
    for (int i = 0; !enough && i < 100'000; ++i) {
      const auto answer =
          client->send("POST", "/v1/events", {{"content-type", "application/cloudevents+json"}}, access(i));
      if (answer && answer->status == 202) {
        acknowledged.insert(i);
      } else {
        ++refused;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
  });
  for (int round = 0; round < 2; ++round) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const auto leader = brokers.run({"leader", topic(kLedger)});
    EXPECT_TRUE(leader);
    if (!leader) break;
    const std::string broker = leader->substr(0, leader->find('\n'));
    EXPECT_TRUE(brokers.run({"kill", broker})) << broker;
    std::this_thread::sleep_for(std::chrono::seconds(4));
    EXPECT_TRUE(brokers.run({"restart", broker})) << broker;
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  enough = true;
  load.join();
  ASSERT_FALSE(HasFailure());
  ASSERT_GT(acknowledged.size(), 100U);
  for (const int number : acknowledged) {
    ASSERT_TRUE(comes([&] { return !receipt(node->url(), number).is_null(); }))
        << number << " of " << acknowledged.size() << ", " << refused << " refused: " << get(node->url(), "/readyz")
        << node->said();
  }
  EXPECT_EQ(stopped(node->url(), kLedger), "");
  std::cout << acknowledged.size() << " acknowledged, " << refused << " refused\n";
  EXPECT_EQ(node->stop(), 0) << node->said();
  const Ran verified = jangbu({"verify", node_});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  kafka_.clear();
}

}  // namespace
}  // namespace jangbu::testing
