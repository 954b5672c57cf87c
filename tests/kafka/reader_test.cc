// KafkaReader against a real broker.
#include <gtest/gtest.h>

#include "tests/kafka/broker.h"

namespace jangbu {
namespace {

using testing::milliseconds;
using KafkaReaderOnABroker = testing::BrokerTest;

std::vector<std::string> numbered(int from, int end) {
  std::vector<std::string> values;
  for (int i = from; i < end; ++i) values.push_back("value " + std::to_string(i));
  return values;
}

TEST_F(KafkaReaderOnABroker, GivesRecordsAsTheyWereWrittenWithTheBrokersTime) {
  const std::string topic = make_topic();
  const auto deliveries = publish(topic, {"one", "", "three"}, {{"content-type", "text/plain"}, {"empty", ""}});
  auto reading = reader();
  ASSERT_TRUE(reading->assign(topic, Offset(0)));
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto polled = next(*reading);
    ASSERT_TRUE(polled && polled->message) << i;
    EXPECT_EQ(polled->topic, topic);
    EXPECT_EQ(polled->message->offset, Offset(i));
    EXPECT_EQ(deliveries[i].offset, Offset(i));
    EXPECT_TRUE(polled->message->log_append_time);
    EXPECT_EQ(polled->message->timestamp_ms, deliveries[i].timestamp_ms);
    EXPECT_EQ(polled->message->header("content-type"), "text/plain");
    EXPECT_EQ(polled->message->header("empty"), "");
    EXPECT_FALSE(polled->message->header("other"));
  }
  EXPECT_FALSE(next(*reading, milliseconds(200)));
}

TEST_F(KafkaReaderOnABroker, ReadsManyTopicsInTurnWhileOthersComeAndGoAndNothingIsSkipped) {
  constexpr int kTopics = 4, kRecords = 3000;
  std::vector<std::string> topics;
  for (int i = 0; i < kTopics; ++i) {
    topics.push_back(make_topic());
    publish(topics.back(), numbered(0, kRecords));
  }
  auto reading = reader();
  std::map<std::string, std::uint64_t> expected;
  for (const std::string& topic : topics) ASSERT_TRUE(reading->assign(topic, Offset(0)));
  int total = 0, steps = 0;
  while (total < kTopics * kRecords) {
    ++steps;
    // Now and then one is paused, gone and back, or read again from where it stands.
    const std::string& one = topics[static_cast<std::size_t>(steps) % topics.size()];
    if (steps % 101 == 0) reading->pause(one);
    if (steps % 151 == 0) {
      for (const std::string& topic : topics) reading->resume(topic);
    }
    if (steps % 997 == 0) {
      reading->remove(one);
      ASSERT_TRUE(reading->assign(one, Offset(expected[one])));
    }
    const auto polled = reading->poll(milliseconds(200));
    if (!polled) {
      for (const std::string& topic : topics) reading->resume(topic);
      ASSERT_LT(steps, 100'000);
      continue;
    }
    ASSERT_TRUE(polled->message) << to_string(polled->message.error());
    ASSERT_EQ(polled->message->offset, Offset(expected[polled->topic])) << polled->topic;
    ASSERT_EQ(polled->message->value, "value " + std::to_string(expected[polled->topic]));
    ++expected[polled->topic];
    ++total;
  }
  EXPECT_FALSE(next(*reading, milliseconds(200)));
}

TEST_F(KafkaReaderOnABroker, NothingOfAPausedTopicComesUntilItIsResumed) {
  const std::string paused = make_topic(), other = make_topic();
  publish(paused, numbered(0, 10));
  auto reading = reader();
  ASSERT_TRUE(reading->assign(paused, Offset(0)));
  ASSERT_TRUE(reading->assign(other, Offset(0)));
  ASSERT_TRUE(next(*reading)->message);
  reading->pause(paused);
  publish(other, {"x"});
  const auto polled = next(*reading);
  ASSERT_TRUE(polled && polled->message);
  EXPECT_EQ(polled->topic, other);
  EXPECT_FALSE(next(*reading, milliseconds(300)));
  reading->resume(paused);
  const auto resumed = next(*reading);
  ASSERT_TRUE(resumed && resumed->message);
  EXPECT_EQ(resumed->message->offset, Offset(1));
}

TEST_F(KafkaReaderOnABroker, APositionThatIsDeletedOrBeyondTheEndIsToldOnceAndTheTopicStands) {
  const std::string topic = make_topic();
  publish(topic, numbered(0, 20));
  ASSERT_TRUE(admin_->delete_records(topic, Offset(10)));
  for (const std::uint64_t position : {3U, 25U}) {
    auto reading = reader();
    ASSERT_TRUE(reading->assign(topic, Offset(position)));
    const auto polled = next(*reading);
    ASSERT_TRUE(polled);
    ASSERT_FALSE(polled->message);
    EXPECT_EQ(polled->message.error().code, Code::kafka_position) << to_string(polled->message.error());
    EXPECT_EQ(polled->topic, topic);
    EXPECT_FALSE(next(*reading, milliseconds(300)));
    ASSERT_TRUE(reading->assign(topic, Offset(10)));
    const auto again = next(*reading);
    ASSERT_TRUE(again && again->message);
    EXPECT_EQ(again->message->offset, Offset(10));
  }
  auto reading = reader();
  const auto marks = reading->watermarks(topic, milliseconds(10'000));
  ASSERT_TRUE(marks) << to_string(marks.error());
  EXPECT_EQ(marks->low, Offset(10));
  EXPECT_EQ(marks->high, Offset(20));
  EXPECT_EQ(marks->stable, Offset(20));
}

TEST_F(KafkaReaderOnABroker, ReadsOneRecordBesideWithoutMovingTheReading) {
  const std::string topic = make_topic();
  publish(topic, numbered(0, 5));
  ASSERT_TRUE(admin_->delete_records(topic, Offset(1)));
  auto reading = reader();
  ASSERT_TRUE(reading->assign(topic, Offset(2)));
  ASSERT_TRUE(next(*reading)->message);
  const auto third = reading->read_at(topic, Offset(3), milliseconds(10'000));
  ASSERT_TRUE(third) << to_string(third.error());
  ASSERT_TRUE(*third);
  EXPECT_EQ((*third)->value, "value 3");
  EXPECT_TRUE((*third)->log_append_time);
  for (const std::uint64_t nothing : {0U, 5U, 9U}) {
    const auto none = reading->read_at(topic, Offset(nothing), milliseconds(10'000));
    ASSERT_TRUE(none) << to_string(none.error());
    EXPECT_FALSE(*none) << nothing;
  }
  const auto polled = next(*reading);
  ASSERT_TRUE(polled && polled->message);
  EXPECT_EQ(polled->message->offset, Offset(3));
}

TEST_F(KafkaReaderOnABroker, ATopicThatIsNotThereIsNamed) {
  auto reading = reader();
  const auto marks = reading->watermarks("medspace.events.v1.nobody", milliseconds(10'000));
  ASSERT_FALSE(marks);
  EXPECT_EQ(marks.error().code, Code::kafka_topic_missing) << to_string(marks.error());
  const auto record = reading->read_at("medspace.events.v1.nobody", Offset(0), milliseconds(10'000));
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, Code::kafka_topic_missing);
}

TEST_F(KafkaReaderOnABroker, ListsTopicsByPrefixAndTellsTheCluster) {
  const std::string topic = make_topic();
  auto reading = reader();
  const auto topics = reading->topics(topic.substr(0, topic.size() - 3), milliseconds(10'000));
  ASSERT_TRUE(topics);
  EXPECT_EQ(*topics, std::vector<std::string>{topic});
  const auto id = reading->cluster_id(milliseconds(10'000));
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, *admin_->cluster_id());
  EXPECT_GT(id->size(), 10U);
}

TEST(KafkaReaderAlone, ABrokerThatIsNotThereIsUnreachableInTheTimeGiven) {
  auto reading = KafkaReader::open(*parse_kafka_settings("127.0.0.1:9"));
  ASSERT_TRUE(reading);
  const auto id = (*reading)->cluster_id(milliseconds(300));
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, Code::kafka_unreachable);
  ASSERT_TRUE((*reading)->assign("t", Offset(0)));
  const auto polled = (*reading)->poll(milliseconds(5'000));
  ASSERT_TRUE(polled);
  EXPECT_EQ(polled->message.error().code, Code::kafka_unreachable);
}

}  // namespace
}  // namespace jangbu
