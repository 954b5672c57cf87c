// KafkaProducer where things go wrong: on the library's mock cluster, and against a real broker.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>

#include "tests/kafka/broker.h"
#include "tests/kafka/mock_cluster.h"

namespace jangbu {
namespace {

using testing::milliseconds;
using testing::MockCluster;
using KafkaProducerOnABroker = testing::BrokerTest;

// What became of numbered records: each ends once.
class Outcomes {
 public:
  Result<void> publish(KafkaProducer& producer, const std::string& topic, int number) {
    return producer.publish(topic, "value " + std::to_string(number), {{"content-type", "text/plain"}},
                            [this, number](Result<KafkaDelivery> delivery) {
                              EXPECT_EQ(ended_.count(number), 0U) << number << " ended twice";
                              ended_.emplace(number, std::move(delivery));
                            });
  }
  void wait(KafkaProducer& producer, std::size_t count, milliseconds timeout = milliseconds(30'000)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (ended_.size() < count && std::chrono::steady_clock::now() < deadline) producer.serve(milliseconds(50));
    EXPECT_EQ(ended_.size(), count);
  }
  [[nodiscard]] bool all_delivered() const {
    return std::all_of(ended_.begin(), ended_.end(), [](const auto& each) {
      EXPECT_TRUE(each.second) << each.first << ": " << to_string(each.second.error());
      return each.second.has_value();
    });
  }
  [[nodiscard]] std::optional<Code> error(int number) const {
    const auto found = ended_.find(number);
    if (found == ended_.end() || found->second) return std::nullopt;
    return found->second.error().code;
  }
  [[nodiscard]] const std::map<int, Result<KafkaDelivery>>& all() const { return ended_; }

 private:
  std::map<int, Result<KafkaDelivery>> ended_;
};

std::unique_ptr<KafkaProducer> open(const KafkaSettings& settings, KafkaProducer::Options options = {}) {
  auto made = KafkaProducer::open(settings, options);
  EXPECT_TRUE(made) << to_string(made.error());
  return std::move(*made);
}

// The values of a topic, from its beginning to its end.
std::vector<std::string> read_all(const KafkaSettings& settings, const std::string& topic) {
  std::vector<std::string> values;
  auto reader = KafkaReader::open(settings);
  EXPECT_TRUE(reader);
  EXPECT_TRUE((*reader)->assign(topic, Offset(0)));
  while (const auto polled = (*reader)->poll(milliseconds(1'000))) {
    EXPECT_TRUE(polled->message) << to_string(polled->message.error());
    if (!polled->message) break;
    values.push_back(polled->message->value.value_or(""));
  }
  return values;
}

// In order where each is taken at its last place: what was sent twice comes twice, nothing is missing.
void expect_in_order(const std::vector<std::string>& values, int count) {
  std::map<std::string, std::size_t> last;
  for (std::size_t i = 0; i < values.size(); ++i) last[values[i]] = i;
  ASSERT_EQ(last.size(), static_cast<std::size_t>(count));
  for (int i = 1; i < count; ++i) {
    EXPECT_LT(last["value " + std::to_string(i - 1)], last["value " + std::to_string(i)]) << i;
  }
}

TEST(KafkaProducerMocked, DeliversInOrderAndTellsWhere) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  auto producer = open(cluster.settings());
  Outcomes outcomes;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(outcomes.publish(*producer, topic, i));
  outcomes.wait(*producer, 100);
  ASSERT_TRUE(outcomes.all_delivered());
  for (const auto& [number, delivery] : outcomes.all()) {
    EXPECT_EQ(delivery->offset, Offset(static_cast<std::uint64_t>(number)));
  }
  EXPECT_EQ(producer->queued(), 0U);
  EXPECT_TRUE(producer->connected());
}

TEST(KafkaProducerMocked, AfterAFatalErrorWhatWasNotAcknowledgedIsSentAgainInOrder) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  auto producer = open(cluster.settings());
  Outcomes outcomes;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(outcomes.publish(*producer, topic, i));
  outcomes.wait(*producer, 10);
  cluster.fail_next(testing::kProduce, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  for (int i = 10; i < 200; ++i) {
    ASSERT_TRUE(outcomes.publish(*producer, topic, i));
    if (i % 20 == 0) producer->serve(milliseconds(2));
  }
  outcomes.wait(*producer, 200);
  ASSERT_TRUE(outcomes.all_delivered());
  // While it changes over, others go on to publish.
  cluster.fail_next(testing::kProduce, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  std::thread other([&] {
    for (int i = 200; i < 400; ++i) {
      ASSERT_TRUE(outcomes.publish(*producer, topic, i));
      if (i % 10 == 0) std::this_thread::sleep_for(milliseconds(2));
    }
  });
  outcomes.wait(*producer, 400);
  other.join();
  ASSERT_TRUE(outcomes.all_delivered());
  expect_in_order(read_all(cluster.settings(), topic), 400);
}

TEST(KafkaProducerMocked, ErrorsThatPassAreWaitedOut) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  auto producer = open(cluster.settings());
  Outcomes outcomes;
  cluster.fail_next(testing::kProduce,
                    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR__TRANSPORT,
                     RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(outcomes.publish(*producer, topic, i));
  outcomes.wait(*producer, 50);
  ASSERT_TRUE(outcomes.all_delivered());
  const auto values = read_all(cluster.settings(), topic);
  EXPECT_EQ(values.size(), 50U) << "none twice";
  expect_in_order(values, 50);
}

TEST(KafkaProducerMocked, WithoutABrokerRecordsWaitAndGoOutWhenOneIsBack) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  auto producer = open(cluster.settings());
  Outcomes outcomes;
  ASSERT_TRUE(outcomes.publish(*producer, topic, 0));
  outcomes.wait(*producer, 1);
  EXPECT_TRUE(producer->connected());
  cluster.down();
  for (int i = 0; i < 100 && producer->connected(); ++i) producer->serve(milliseconds(50));
  EXPECT_FALSE(producer->connected());
  for (int i = 1; i < 20; ++i) ASSERT_TRUE(outcomes.publish(*producer, topic, i));
  for (int i = 0; i < 10; ++i) producer->serve(milliseconds(50));
  EXPECT_EQ(producer->queued(), 19U);
  cluster.up();
  outcomes.wait(*producer, 20);
  ASSERT_TRUE(outcomes.all_delivered());
  EXPECT_TRUE(producer->connected());
  expect_in_order(read_all(cluster.settings(), topic), 20);
}

TEST(KafkaProducerMocked, AFullQueueSaysSoAndTakesAgainWhenItIsNot) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  cluster.down();
  KafkaProducer::Options few;
  few.queue_records_max = 3;
  auto producer = open(cluster.settings(), few);
  Outcomes outcomes;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(outcomes.publish(*producer, topic, i));
  const auto fourth = outcomes.publish(*producer, topic, 3);
  ASSERT_FALSE(fourth);
  EXPECT_EQ(fourth.error().code, Code::queue_full);
  cluster.up();
  outcomes.wait(*producer, 3);
  ASSERT_TRUE(outcomes.publish(*producer, topic, 3));
  outcomes.wait(*producer, 4);
  EXPECT_TRUE(outcomes.all_delivered());

  KafkaProducer::Options small;
  small.queue_bytes_max = 59;
  cluster.down();
  auto second = open(cluster.settings(), small);
  ASSERT_TRUE(outcomes.publish(*second, topic, 10));
  ASSERT_FALSE(outcomes.publish(*second, topic, 11));
  cluster.up();
  outcomes.wait(*second, 5);
}

TEST(KafkaProducerMocked, TheEndTellsWhatMayNotHaveArrived) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  cluster.down();
  Outcomes outcomes;
  {
    KafkaProducer::Options quick;
    quick.close_wait = milliseconds(200);
    auto producer = open(cluster.settings(), quick);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(outcomes.publish(*producer, topic, i));
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(outcomes.error(i), Code::shutting_down) << i;
  cluster.up();
  Outcomes waited;
  {
    auto producer = open(cluster.settings());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(waited.publish(*producer, topic, i));
  }
  EXPECT_EQ(waited.all().size(), 5U);
  EXPECT_TRUE(waited.all_delivered()) << "what goes out in the time given is delivered";
}

TEST(KafkaProducerMocked, WhatABrokerRefusesForGoodEndsWithItsReason) {
  MockCluster cluster;
  // The library goes on refusing a topic of which it was told so, until it has looked at it again.
  const std::string refused = cluster.make_topic("refused"), topic = cluster.make_topic("t");
  auto producer = open(cluster.settings());
  Outcomes outcomes;
  cluster.fail_next(testing::kProduce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  ASSERT_TRUE(outcomes.publish(*producer, refused, 0));
  outcomes.wait(*producer, 1);
  EXPECT_EQ(outcomes.error(0), Code::kafka_unauthorized);
  cluster.fail_next(testing::kProduce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  ASSERT_TRUE(outcomes.publish(*producer, topic, 1));
  outcomes.wait(*producer, 2);
  EXPECT_EQ(outcomes.error(1), Code::too_large);
  std::optional<Code> large;
  ASSERT_TRUE(producer->publish(topic, std::string(2'000'000, 'x'), {},
                                [&](const Result<KafkaDelivery>& delivery) { large = delivery.error().code; }));
  producer->serve(milliseconds(10));
  EXPECT_EQ(large, Code::too_large);
  ASSERT_TRUE(outcomes.publish(*producer, topic, 2));
  outcomes.wait(*producer, 3);
  EXPECT_FALSE(outcomes.error(2)) << "and the next one goes through";
}

TEST(KafkaProducerMocked, AProducerThatMayNotWriteAtAllIsToldSo) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  cluster.fail_next(testing::kInitProducerId, {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED});
  auto producer = open(cluster.settings());
  Outcomes outcomes;
  ASSERT_TRUE(outcomes.publish(*producer, topic, 0));
  outcomes.wait(*producer, 1);
  EXPECT_EQ(outcomes.error(0), Code::kafka_unauthorized);
  ASSERT_TRUE(outcomes.publish(*producer, topic, 1));
  outcomes.wait(*producer, 2);
  EXPECT_FALSE(outcomes.error(1)) << "a right given later is enough";
}

TEST(KafkaReaderMocked, APositionThatIsGoneIsAnErrorAndAGroupsRightIsNot) {
  MockCluster cluster;
  const std::string topic = cluster.make_topic("t");
  {
    auto producer = open(cluster.settings());
    Outcomes outcomes;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(outcomes.publish(*producer, topic, i));
    outcomes.wait(*producer, 3);
  }
  cluster.fail_next(testing::kFindCoordinator,
                    std::vector<rd_kafka_resp_err_t>(3, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED));
  EXPECT_EQ(read_all(cluster.settings(), topic).size(), 3U);

  cluster.fail_next(testing::kFetch, {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE});
  auto reader = KafkaReader::open(cluster.settings());
  ASSERT_TRUE(reader);
  ASSERT_TRUE((*reader)->assign(topic, Offset(1)));
  auto polled = (*reader)->poll(milliseconds(10'000));
  ASSERT_TRUE(polled);
  ASSERT_FALSE(polled->message);
  EXPECT_EQ(polled->message.error().code, Code::kafka_position);
  EXPECT_FALSE((*reader)->poll(milliseconds(500)));
  ASSERT_TRUE((*reader)->assign(topic, Offset(1)));
  polled = (*reader)->poll(milliseconds(10'000));
  ASSERT_TRUE(polled && polled->message);
  EXPECT_EQ(polled->message->offset, Offset(1));
}

TEST_F(KafkaProducerOnABroker, ATopicThatIsNotThereIsNamed) {
  auto publishing = producer();
  Outcomes outcomes;
  ASSERT_TRUE(outcomes.publish(*publishing, "nobody.events.v1.nobody", 0));
  outcomes.wait(*publishing, 1);
  EXPECT_EQ(outcomes.error(0), Code::kafka_topic_missing);
}

TEST_F(KafkaProducerOnABroker, SendsNoKeyAndOnlyTheHeadersGiven) {
  const std::string topic = make_topic();
  publish(topic, {"x"}, {{"content-type", "application/cloudevents+json"}});
  auto reading = reader();
  ASSERT_TRUE(reading->assign(topic, Offset(0)));
  const auto polled = next(*reading);
  ASSERT_TRUE(polled && polled->message);
  ASSERT_EQ(polled->message->headers.size(), 1U);
  EXPECT_EQ(polled->message->headers[0].name, "content-type");
}

}  // namespace
}  // namespace jangbu
