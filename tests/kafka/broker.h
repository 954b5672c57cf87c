// The real broker that these tests talk to (JANGBU_KAFKA: what --kafka takes; ops/check starts one), and topics on it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ledger/kafka.h"

namespace jangbu::testing {

using std::chrono::milliseconds;

inline std::map<std::string, std::string> ledger_settings() {
  return {{"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "-1"}};
}

class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* where = std::getenv("JANGBU_KAFKA");
    if (where == nullptr || *where == '\0') GTEST_SKIP() << "JANGBU_KAFKA names no broker";
    auto settings = parse_kafka_settings(where);
    ASSERT_TRUE(settings) << to_string(settings.error());
    settings_ = std::move(*settings);
    auto admin = KafkaAdmin::open(settings_, milliseconds(15'000));
    ASSERT_TRUE(admin) << to_string(admin.error());
    admin_ = std::move(*admin);
  }
  void TearDown() override {
    for (const std::string& topic : made_) (void)admin_->delete_topic(topic);
  }

  // A topic that nobody else has; gone after the test.
  std::string make_topic(std::map<std::string, std::string> settings = ledger_settings()) {
    const std::string topic =
        "test" + std::to_string(std::random_device()()) + ".events.v1.hanbit" + std::to_string(made_.size());
    const auto made = admin_->create_topic(topic, 1, settings);
    EXPECT_TRUE(made) << to_string(made.error());
    made_.push_back(topic);
    return topic;
  }
  std::unique_ptr<KafkaProducer> producer(KafkaProducer::Options options = {}) {
    auto made = KafkaProducer::open(settings_, options);
    EXPECT_TRUE(made) << to_string(made.error());
    return std::move(*made);
  }
  std::unique_ptr<KafkaReader> reader() {
    auto made = KafkaReader::open(settings_);
    EXPECT_TRUE(made) << to_string(made.error());
    return std::move(*made);
  }
  // Publishes and waits for the deliveries.
  std::vector<KafkaDelivery> publish(const std::string& topic, const std::vector<std::string>& values,
                                     std::vector<KafkaHeader> headers = {}) {
    std::vector<KafkaDelivery> deliveries;
    auto publishing = producer();
    for (const std::string& value : values) {
      EXPECT_TRUE(publishing->publish(topic, value, headers, [&](const Result<KafkaDelivery>& delivery) {
        EXPECT_TRUE(delivery) << to_string(delivery.error());
        if (delivery) deliveries.push_back(*delivery);
      }));
    }
    for (int i = 0; i < 300 && publishing->queued() > 0; ++i) publishing->serve(milliseconds(100));
    EXPECT_EQ(deliveries.size(), values.size());
    return deliveries;
  }
  // The next record, errors that pass by themselves left out.
  static std::optional<KafkaPolled> next(KafkaReader& reader, milliseconds wait = milliseconds(10'000)) {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return std::nullopt;
      auto polled = reader.poll(left);
      if (polled && (polled->message || polled->message.error().code != Code::kafka_unreachable)) return polled;
    }
  }

  KafkaSettings settings_;
  std::unique_ptr<KafkaAdmin> admin_;
  std::vector<std::string> made_;
};

}  // namespace jangbu::testing
