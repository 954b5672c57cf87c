#include "tools/topic_rules.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace jangbu::tools {
namespace {

// The brokers' own default. A producer's batch counts as one message, and batches reach a million bytes.
constexpr std::int64_t kMessageBytes = 1'048'588;
constexpr unsigned kReplicas = 3, kInSync = 2;
constexpr std::string_view kEverybody = "User:*";

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::optional<std::int64_t> number(const std::map<std::string, std::string>& settings, const std::string& name) {
  const auto found = settings.find(name);
  if (found == settings.end()) return std::nullopt;
  std::int64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto parsed = std::from_chars(found->second.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

// Whom the rights let do one of these: allowed, and not denied.
std::set<std::string> may(const std::vector<KafkaRight>& rights, std::initializer_list<std::string_view> operations) {
  const auto covers = [](const KafkaRight& right, std::string_view operation) {
    return right.operation == operation || right.operation == "all";
  };
  std::set<std::string> principals;
  for (const std::string_view operation : operations) {
    for (const KafkaRight& allowed : rights) {
      if (!allowed.allowed || !covers(allowed, operation)) continue;
      const bool denied = std::any_of(rights.begin(), rights.end(), [&](const KafkaRight& right) {
        return !right.allowed && covers(right, operation) &&
               (right.principal == allowed.principal || right.principal == kEverybody);
      });
      if (!denied) principals.insert(allowed.principal);
    }
  }
  return principals;
}

}  // namespace

std::map<std::string, std::string> topic_settings(unsigned replicas) {
  return {{"cleanup.policy", "delete"},
          {"retention.ms", "-1"},
          {"retention.bytes", "-1"},
          {"message.timestamp.type", "LogAppendTime"},
          {"unclean.leader.election.enable", "false"},
          {"min.insync.replicas", std::to_string(std::max(1U, std::min(kInSync, replicas - 1)))},
          {"max.message.bytes", std::to_string(kMessageBytes)}};
}

std::vector<KafkaRight> topic_rights(const std::string& topic, const TopicPrincipals& who) {
  std::vector<KafkaRight> rights;
  for (const std::string& writer : who.writers) {
    rights.push_back({writer, topic, "write", true});
    rights.push_back({writer, topic, "describe", true});
  }
  for (const std::string& reader : who.readers) {
    rights.push_back({reader, topic, "read", true});
    rights.push_back({reader, topic, "describe", true});
  }
  // Where some prefix or wildcard allows it, this takes it away again. An administrator who is no super user is named
  // to `topics create`, and is then the only reason why nobody is denied.
  for (const char* operation : {"delete", "alter", "alter-configs"}) {
    if (who.admins.empty()) {
      rights.push_back({std::string(kEverybody), topic, operation, false});
    } else {
      for (const std::string& admin : who.admins) rights.push_back({admin, topic, operation, true});
    }
  }
  return rights;
}

std::vector<TopicFinding> check_settings(const KafkaTopicState& state, unsigned brokers) {
  std::vector<TopicFinding> findings;
  if (state.partitions != 1) {
    findings.push_back({true, "partitions", std::to_string(state.partitions), "1: one order"});
  }
  const bool could = brokers >= kReplicas;
  if (state.replicas < kReplicas) {
    findings.push_back({could, "replicas", std::to_string(state.replicas), "3: a broker may be lost"});
  }
  const auto in_sync = number(state.settings, "min.insync.replicas").value_or(0);
  if (in_sync < kInSync) {
    findings.push_back({could, "min.insync.replicas", std::to_string(in_sync), "2: what was acknowledged is on two"});
  } else if (in_sync > static_cast<std::int64_t>(state.replicas)) {
    findings.push_back({true, "min.insync.replicas", std::to_string(in_sync), "at most the number of replicas"});
  }
  struct Exact {
    const char *name, *value, *why;
  };
  constexpr Exact kExact[] = {
      {"cleanup.policy", "delete", "delete: compaction takes records away"},
      {"retention.ms", "-1", "-1: nothing expires"},
      {"retention.bytes", "-1", "-1: nothing expires"},
      {"message.timestamp.type", "LogAppendTime", "LogAppendTime: the broker's time, not a sender's claim"},
      {"unclean.leader.election.enable", "false", "false: else acknowledged records may vanish"},
  };
  for (const Exact& exact : kExact) {
    const auto found = state.settings.find(exact.name);
    if (found == state.settings.end()) {
      findings.push_back({true, exact.name, "the broker does not say", exact.why});
    } else if (found->second != exact.value) {
      findings.push_back({true, exact.name, found->second, exact.why});
    }
  }
  const auto bytes = number(state.settings, "max.message.bytes").value_or(0);
  if (bytes < kMessageBytes) {
    findings.push_back({true, "max.message.bytes", std::to_string(bytes),
                        "at least " + std::to_string(kMessageBytes) + ": a whole batch of a producer's"});
  }
  return findings;
}

std::vector<TopicFinding> check_rights(const std::optional<std::vector<KafkaRight>>& rights,
                                       const TopicPrincipals& who) {
  if (!rights) {
    return {{false, "authorizer", "none: whoever reaches the brokers may write and delete",
             "rights, for more than a trial"}};
  }
  std::vector<TopicFinding> findings;
  std::set<std::string> writers = may(*rights, {"write"});
  if (who.writers.empty() && writers.size() == 1 && *writers.begin() != kEverybody) writers.clear();
  for (const std::string& expected : who.writers) writers.erase(expected);
  if (!writers.empty()) {
    findings.push_back(
        {true, "writers", joined(writers) + " may write",
         who.writers.empty() ? "one principal, or those named with --principal" : "only " + joined(who.writers)});
  }
  std::set<std::string> deleters = may(*rights, {"delete", "alter", "alter-configs"});
  for (const std::string& admin : who.admins) deleters.erase(admin);
  if (!deleters.empty()) {
    findings.push_back(
        {true, "deleters", joined(deleters) + " may delete or alter it", "nobody but the administrator"});
  }
  return findings;
}

}  // namespace jangbu::tools
