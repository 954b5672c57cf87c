// KafkaService: a running node's Kafka ends: a thread that reads the topics into the node, one that looks at the
// topics, and one that waits for deliveries. For running_node.cc.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "ledger/clock.h"
#include "ledger/kafka_follower.h"
#include "ledger/kafka_order.h"
#include "ledger/node.h"
#include "schemas/error.h"

namespace jangbu::tools {

class KafkaService {
 public:
  // `ledgers`: see KafkaFollowerOptions. The node orders its records by its topics from here on. `ended` is called with
  // the error that ended the reading, on its thread. Both outlive this. Errors: bad_value (a setting).
  [[nodiscard]] static Result<std::unique_ptr<KafkaService>> open(Node& node, const KafkaSettings& settings,
                                                                  const Clock& clock,
                                                                  const std::filesystem::path& directory,
                                                                  std::vector<LedgerId> ledgers,
                                                                  std::function<void(const Error&)> ended);
  // Stops reading, then tells whoever waits shutting_down. Before the node's writer ends.
  ~KafkaService();
  KafkaService(const KafkaService&) = delete;
  KafkaService& operator=(const KafkaService&) = delete;

  [[nodiscard]] const KafkaFollower& follower() const { return *follower_; }
  [[nodiscard]] const KafkaOrder& order() const { return *order_; }

 private:
  explicit KafkaService(Node& node) : node_(node) {}
  Node& node_;
  std::unique_ptr<KafkaReader> reader_, looker_;
  std::unique_ptr<KafkaOrder> order_;
  std::unique_ptr<KafkaFollower> follower_;
  std::jthread delivering_, looking_, following_;
};

}  // namespace jangbu::tools
