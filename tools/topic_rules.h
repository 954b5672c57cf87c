// What a ledger's topic has to be like, and what is wrong with one that is there: `jangbu topics` makes the one and
// names the other. Functions of their arguments.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/kafka.h"

namespace jangbu::tools {

// The settings that a ledger's topic is made with, all of them said, so that no default of a cluster comes in between.
[[nodiscard]] std::map<std::string, std::string> topic_settings(unsigned replicas);

// Who may do what with one topic.
struct TopicPrincipals {
  std::set<std::string> writers;  // "User:hanbit"
  std::set<std::string> readers;
  std::set<std::string> admins;  // who may delete and alter beside the cluster's super users
};
// Writers: write and describe; readers: read and describe; nobody deletes or alters. Rights to transactional ids are
// not given to anybody: a transaction left open holds up every reader.
[[nodiscard]] std::vector<KafkaRight> topic_rights(const std::string& topic, const TopicPrincipals& who);

struct TopicFinding {
  bool grave = true;  // false: what a trial on one broker has to live with
  std::string rule;   // a setting's name, or "writers", "deleters", "transactional-ids", "authorizer", ...
  std::string found, wanted;
};
// `brokers`: how many the cluster has: one that has three is to use them.
[[nodiscard]] std::vector<TopicFinding> check_settings(const KafkaTopicState& state, unsigned brokers);
// `rights`: nullopt: the cluster has no authorizer. No writers known: one principal may write, whoever it is.
[[nodiscard]] std::vector<TopicFinding> check_rights(const std::optional<std::vector<KafkaRight>>& rights,
                                                     const TopicPrincipals& who);

}  // namespace jangbu::tools
