// KafkaLooker: looks at a broker and at the topics of a node's ledgers: where a ledger has to begin to read, and
// whether a topic still is the one that the ledger was read from. It waits for the broker, so it has a thread of its
// own wherever reading must not wait. For kafka_follower.cc; one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/files.h"
#include "ledger/kafka.h"
#include "ledger/new_ledger.h"
#include "ledger/node.h"
#include "schemas/event.h"

namespace jangbu {

struct KafkaLookerOptions {
  std::chrono::milliseconds call_timeout{5'000};
  // Holds the id of the cluster that the ledgers are read from; made at the first look.
  std::filesystem::path cluster_file;
  Files* files = nullptr;  // nullptr: the machine's
};

// What a look at one topic has found.
struct KafkaLook {
  std::string topic;
  bool beginning = false;  // it was not followed: `from` says where to begin
  SourcePosition from;     // its time: the last entry's
  std::optional<KafkaWatermarks> marks;
  std::optional<Error> stops;  // the ledger must stop
  std::optional<Error> waits;  // nothing can be said or begun now
};

class KafkaLooker {
 public:
  // Both outlive it.
  KafkaLooker(Node& node, KafkaReader& reader, KafkaLookerOptions options);

  // Before the topics. Errors: kafka_unreachable and others of the reader; those of the file.
  [[nodiscard]] Result<void> look_at_cluster();
  // Where the ledger goes on: behind its last entry; a new one at the topic's first record; one that has moved there at
  // the record that says so.
  [[nodiscard]] KafkaLook look_to_begin(const LedgerId& ledger, const std::string& topic);
  // `next`: what is read next, or was a moment ago.
  [[nodiscard]] KafkaLook look_again(const LedgerId& ledger, const std::string& topic, Generation generation,
                                     Offset next);
  // Topics of this space whose ledger the node has not, and what begins them; nothing of a topic that is empty yet.
  // Errors of the whole: kafka_unreachable, kafka_unauthorized.
  struct NewTopic {
    std::string topic;
    Result<NewLedger> begins;  // Errors: bad_entry, kafka_position (its first records are deleted), the reader's
  };
  [[nodiscard]] Result<std::vector<NewTopic>> look_for_new(std::string_view prefix);
  // Every ledger is read from this cluster: it is theirs from now on.
  void all_are_here();

 private:
  // Is the topic still the one that the last entry came from? Errors: what it is instead; kafka_unreachable.
  [[nodiscard]] Result<void> compare_last(const LedgerId& ledger, const std::string& topic, Generation generation,
                                          const KafkaWatermarks& marks);
  // The ledger.moved that a topic begins with, if it does and it is this cluster's.
  [[nodiscard]] bool has_moved(const KafkaMessage& first, SourcePosition& from);

  Node& node_;
  KafkaReader& reader_;
  const KafkaLookerOptions options_;
  Files& files_;
  std::string cluster_;         // as the broker says
  bool other_cluster_ = false;  // not the one that the ledgers were read from
  EventReader events_;
  std::string screen_digest_;  // computed when it is needed
};

}  // namespace jangbu
