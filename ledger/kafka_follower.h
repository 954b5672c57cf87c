// KafkaFollower: reads the topics of a node's ledgers into the node, each from where its last entry stands, in order
// and without a gap; and watches that the topics still are what the ledgers were read from. What is wrong with one
// topic stops that ledger (Node::stop_ledger) with the way out in ops/RUNBOOK.md; the others go on.
//
// step(): one thread. look(): the same one, or one of its own, because the broker is waited for there. states(): any.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ledger/clock.h"
#include "ledger/kafka.h"
#include "ledger/kafka_looker.h"
#include "ledger/kafka_order.h"
#include "ledger/node.h"

namespace jangbu {

struct KafkaFollowerOptions {
  // Empty: all of the node; and a topic of a ledger that it has not, under this space's name and begun by its
  // coordinating body, is taken up (Node::take_up).
  std::vector<LedgerId> ledgers;
  KafkaLookerOptions looker;
};

class KafkaFollower {
 public:
  // `reader` is step()'s, `looker` look()'s; one and the same where one thread calls both. `order`, which may be null,
  // is told what became of each record. All outlive it.
  KafkaFollower(Node& node, KafkaReader& reader, KafkaReader& looker, KafkaOrder* order, const Clock& clock,
                KafkaFollowerOptions options);
  ~KafkaFollower();

  // Takes over what was last looked at and hands on what comes within `wait`: how many records it handed on. Nothing is
  // read before the first look. Errors: stopped, disk_full and what else the node's writer says. A broker that cannot
  // be reached is no error.
  [[nodiscard]] Result<std::size_t> step(std::chrono::milliseconds wait);
  // Looks at the broker and at every topic, whatever happens to one of them; to be called again every few seconds.
  void look();

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
  // Topics under this space's name that cannot be taken up, and why.
  [[nodiscard]] std::map<std::string, Error> strangers() const;
  // Whether a broker answered when it was last asked.
  [[nodiscard]] bool connected() const;

 private:
  struct Following;
  void follow_new();
  void look_for_new();
  void take_over(KafkaLook look);
  void begin(Following& following, const KafkaLook& look);
  static void note_transaction(Following& following, const KafkaWatermarks& marks);
  void stop(Following& following, const Error& why);
  void take(Following& following, const KafkaMessage& message);
  // False: the node's queue is full, the record is kept for later.
  [[nodiscard]] Result<bool> hand_on(Following& following);
  void note(Following& following);

  Node& node_;
  KafkaReader& reader_;
  KafkaLooker looker_;
  KafkaOrder* order_;
  const Clock& clock_;
  const KafkaFollowerOptions options_;
  const std::string prefix_;
  std::map<std::string, std::unique_ptr<Following>> by_topic_;
  mutable std::mutex mutex_;  // guards what is below
  std::map<std::string, State> states_;
  std::vector<KafkaLook> looks_;  // not taken over yet
  std::map<std::string, Error> strangers_;
  bool connected_ = false;
};

}  // namespace jangbu
