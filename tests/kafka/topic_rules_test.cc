#include "tools/topic_rules.h"

#include <gmock/gmock.h>

namespace jangbu::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> rules(const std::vector<TopicFinding>& findings, bool grave = true) {
  std::vector<std::string> names;
  for (const TopicFinding& finding : findings) {
    if (finding.grave == grave) names.push_back(finding.rule);
  }
  return names;
}

KafkaTopicState made(unsigned replicas) { return KafkaTopicState{1, replicas, topic_settings(replicas)}; }

TEST(TopicRules, ATopicMadeByThemIsGood) {
  EXPECT_THAT(check_settings(made(3), 3), IsEmpty());
  EXPECT_THAT(rules(check_settings(made(1), 1)), IsEmpty());
  EXPECT_THAT(rules(check_settings(made(1), 1), false), ElementsAre("replicas", "min.insync.replicas"));
  EXPECT_THAT(rules(check_settings(made(1), 3)), ElementsAre("replicas", "min.insync.replicas"));
}

TEST(TopicRules, EverySettingThatALedgerCannotLiveWithIsNamed) {
  const std::pair<const char*, const char*> kBad[] = {
      {"cleanup.policy", "compact"},  {"cleanup.policy", "compact,delete"}, {"retention.ms", "604800000"},
      {"retention.bytes", "1000000"}, {"max.message.bytes", "65536"},       {"unclean.leader.election.enable", "true"},
      {"min.insync.replicas", "1"},   {"min.insync.replicas", "4"},         {"message.timestamp.type", "CreateTime"},
  };
  for (const auto& [name, value] : kBad) {
    KafkaTopicState state = made(3);
    state.settings[name] = value;
    EXPECT_THAT(rules(check_settings(state, 3)), ElementsAre(name)) << value;
    state.settings.erase(name);
    EXPECT_THAT(rules(check_settings(state, 3)), ElementsAre(name)) << "not said";
  }
  KafkaTopicState two = made(3);
  two.partitions = 2;
  EXPECT_THAT(rules(check_settings(two, 3)), ElementsAre("partitions"));
}

TEST(TopicRules, RightsMadeByThemAreGoodAndEveryOtherIsNamed) {
  const TopicPrincipals who{{"User:hanbit", "User:haneul"}, {"User:node"}, {}};
  const std::vector<KafkaRight> good = topic_rights("t", who);
  EXPECT_THAT(check_rights(good, who), IsEmpty());
  const std::pair<KafkaRight, const char*> kBad[] = {
      {{"User:other", "t", "write", true}, "writers"},
      {{"User:*", "*", "all", true}, "writers"},
  };
  for (const auto& [right, rule] : kBad) {
    std::vector<KafkaRight> rights = good;
    rights.push_back(right);
    EXPECT_THAT(rules(check_rights(rights, who)), ElementsAre(rule)) << right.principal;
  }
  // Everybody is denied; without that the allowance counts.
  std::vector<KafkaRight> rights = {{"User:hanbit", "t", "write", true}, {"User:hanbit", "t", "delete", true}};
  EXPECT_THAT(rules(check_rights(rights, who)), ElementsAre("deleters"));
  rights.push_back({"User:*", "t", "delete", false});
  EXPECT_THAT(check_rights(rights, who), IsEmpty());
  rights.push_back({"User:hanbit", "t", "alter-configs", true});
  EXPECT_THAT(rules(check_rights(rights, who)), ElementsAre("deleters"));
  EXPECT_THAT(check_rights(rights, {who.writers, {}, {"User:hanbit"}}), IsEmpty()) << "the administrator";
}

TEST(TopicRules, WithoutNamesOnePrincipalMayWriteAndNoAuthorizerIsForTrials) {
  const std::vector<KafkaRight> one = {{"User:hanbit", "t", "write", true}};
  EXPECT_THAT(check_rights(one, {}), IsEmpty());
  EXPECT_THAT(rules(check_rights(std::vector<KafkaRight>{{"User:*", "t", "write", true}}, {})), ElementsAre("writers"));
  EXPECT_THAT(rules(check_rights(std::vector<KafkaRight>{one[0], {"User:b", "t", "write", true}}, {})),
              ElementsAre("writers"));
  EXPECT_THAT(rules(check_rights(std::nullopt, {})), IsEmpty());
  EXPECT_THAT(rules(check_rights(std::nullopt, {}), false), ElementsAre("authorizer"));
}

}  // namespace
}  // namespace jangbu::tools
