// Makes the topics that a node's ledgers go on in: `jangbu topics create` and `jangbu demo --kafka`. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/kafka.h"
#include "ledger/keys.h"
#include "ledger/node.h"
#include "schemas/timestamp.h"
#include "tools/topic_rules.h"

namespace jangbu::tools {

struct NewTopicsOptions {
  KafkaSettings settings;
  std::vector<LedgerId> ledgers;
  std::function<TopicPrincipals(const LedgerId&)> who;  // empty: rights are given to nobody
  unsigned replicas = 0;                                // 0: three, or as many as there are brokers
  // Signs that a ledger has moved; nullptr: each topic begins with all that its ledger has.
  const SigningKey* coordinator = nullptr;
  Timestamp now;
  std::chrono::milliseconds timeout{30'000};
};

struct NewTopic {
  LedgerId ledger;
  std::string topic, done, begins_with;
  std::size_t records = 0;            // written by this call
  std::optional<std::size_t> rights;  // nullopt: the cluster has no authorizer
};

// Topics that are there and begin as they should are left as they are, so it may be called again. Errors: those of the
// admin and the producer, kafka_other_record (something else is there), those of the node's views.
[[nodiscard]] Result<std::vector<NewTopic>> create_topics(const Node& node, const NewTopicsOptions& options);

}  // namespace jangbu::tools
