// A cluster in this process, the library's own, for errors that a real broker does not give on demand. Memory only.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <string>
#include <vector>

#include "ledger/kafka.h"

namespace jangbu::testing {

// Kafka's numbers for its requests.
inline constexpr std::int16_t kProduce = 0, kFetch = 1, kFindCoordinator = 10, kInitProducerId = 22;

class MockCluster {
 public:
  MockCluster() {
    char text[256] = {};
    rd_kafka_conf_t* configuration = rd_kafka_conf_new();
    rd_kafka_conf_set(configuration, "client.id", "mock", text, sizeof text);
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, text, sizeof text);
    cluster_ = rd_kafka_mock_cluster_new(handle_, 1);
    settings_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
  }
  ~MockCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  [[nodiscard]] const KafkaSettings& settings() const { return settings_; }
  std::string make_topic(const std::string& name) {
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, name.c_str(), 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    return name;
  }
  // The next requests of this kind are answered so.
  void fail_next(std::int16_t request, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, request, errors.size(), errors.data());
  }
  void down() { rd_kafka_mock_broker_set_down(cluster_, -1); }
  void up() { rd_kafka_mock_broker_set_up(cluster_, -1); }

 private:
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  KafkaSettings settings_;
};

}  // namespace jangbu::testing
