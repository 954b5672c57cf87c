// KafkaFollower: reads the topics of a node's ledgers into the node, each from where its last entry stands, in order
// and without a gap; and watches that the topics still are what the ledgers were read from. What is wrong with one
// topic stops that ledger (Node::stop_ledger) with the way out in ops/RUNBOOK.md; the others go on.
//
// step(): one thread. states(): any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ledger/clock.h"
#include "ledger/files.h"
#include "ledger/kafka.h"
#include "ledger/kafka_order.h"
#include "ledger/node.h"
#include "schemas/event.h"

namespace jangbu {

struct KafkaFollowerOptions {
  std::chrono::milliseconds look_every{3'000};  // how often the topics are looked at again
  std::chrono::milliseconds call_timeout{5'000};
  std::vector<LedgerId> ledgers;  // empty: all of the node
  // Holds the id of the cluster that the ledgers are read from; made at the first look.
  std::filesystem::path cluster_file;
  Files* files = nullptr;  // nullptr: the machine's
};

class KafkaFollower {
 public:
  // `order`, which may be null, is told what became of each record. All outlive it.
  KafkaFollower(Node& node, KafkaReader& reader, KafkaOrder* order, const Clock& clock, KafkaFollowerOptions options);
  ~KafkaFollower();

  // Hands on what comes within `wait`, looks at the topics when it is time: how many records it handed on. Errors:
  // stopped, disk_full and what else the node's writer says. A broker that cannot be reached is no error.
  [[nodiscard]] Result<std::size_t> step(std::chrono::milliseconds wait);

  // How one ledger stands.
  struct State {
    LedgerId ledger;
    bool followed = false;  // its topic is there and read from
    Generation generation;
    Offset next;                   // the next record to hand on
    std::optional<Offset> high;    // the topic's end when it was last looked at
    std::optional<Error> trouble;  // why it is not followed, or what the broker says at present
    // All that was appended before this is handed on: the last record's time, or when the end was last seen reached.
    std::int64_t complete_ms = 0;  // 0: neither

    // Records that the topic has and the node has not; nullopt: the topic was never seen.
    [[nodiscard]] std::optional<std::uint64_t> lag_records() const;
    // The age, at most, of the oldest of them; 0 where there is none. nullopt: not known.
    [[nodiscard]] std::optional<std::int64_t> lag_ms(std::int64_t now_ms) const;
  };
  [[nodiscard]] std::vector<State> states() const;
  // Whether a broker answered when it was last asked.
  [[nodiscard]] bool connected() const;

 private:
  struct Following;
  void look();
  void begin(Following& following);
  [[nodiscard]] Result<void> check(Following& following);
  static void look_for_transaction(Following& following, const KafkaWatermarks& marks);
  [[nodiscard]] Result<void> look_at_cluster();
  // The ledger.moved that a topic begins with, if it does and it is this cluster's.
  [[nodiscard]] bool has_moved(Following& following, const KafkaMessage& first);
  void stop(Following& following, const Error& why);
  void take(Following& following, const KafkaMessage& message);
  // False: the node's queue is full, the record is kept for later.
  [[nodiscard]] Result<bool> hand_on(Following& following);
  void note(Following& following);

  Node& node_;
  KafkaReader& reader_;
  KafkaOrder* order_;
  const Clock& clock_;
  const KafkaFollowerOptions options_;
  Files& files_;
  const std::string prefix_;
  std::map<std::string, std::unique_ptr<Following>> by_topic_;
  std::chrono::steady_clock::time_point looked_{};
  std::string cluster_;         // as the broker says
  bool other_cluster_ = false;  // not the one that the ledgers were read from
  EventReader events_;

  mutable std::mutex mutex_;  // guards the two below
  std::map<std::string, State> states_;
  bool connected_ = false;
};

}  // namespace jangbu
