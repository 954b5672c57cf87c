// KafkaOrder: the order that a ledger's topic gives. A record that somebody submits to the node is published; once the
// follower has read it back and the ledger has it, its submitter is told. What was acknowledged is in Kafka, what was
// not is an error that says so.
//
// submit(): any thread. serve(): one thread, which does nothing else. placed(), lost(): the follower's and the
// writer's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ledger/kafka.h"
#include "ledger/node.h"

namespace jangbu {

class KafkaOrder final : public Order {
 public:
  KafkaOrder(std::unique_ptr<KafkaProducer> producer, std::string_view space);
  // Whoever still waits is told shutting_down: the record may be in the topic, and is then ledgered all the same.
  ~KafkaOrder() override;

  // Errors: queue_full, kafka_unreachable (nothing answers at present, or the ledger's topic is not read from: nothing
  // was published).
  [[nodiscard]] Result<void> submit(Submission submission, Placed placed) override;
  void serve(std::chrono::milliseconds wait);

  // Of the ledger's record at this place. Those that others published are told to nobody.
  void placed(const LedgerId& ledger, const SourcePosition& place, Result<Placement> placement);
  // The ledger is not followed any more.
  void lost(const LedgerId& ledger, const Error& why);
  // The topic that the ledger is read from at present.
  void follows(const LedgerId& ledger, Generation generation);

  [[nodiscard]] bool connected() const { return producer_->connected(); }
  [[nodiscard]] std::size_t queued() const { return producer_->queued(); }

 private:
  struct Ledger {
    bool followed = false;
    Generation generation;
    std::size_t undelivered = 0;
    std::map<std::uint64_t, Placed> waiting;               // by offset: delivered, and not placed yet
    std::map<std::uint64_t, Result<Placement>> too_early;  // placed, while a delivery is still awaited
  };
  void delivered(const std::string& ledger, const std::function<void(const SourcePosition&)>& ordered, Placed placed,
                 const Result<KafkaDelivery>& delivery);

  const std::string prefix_;
  std::mutex mutex_;
  std::map<std::string, Ledger> ledgers_;
  std::unique_ptr<KafkaProducer> producer_;  // last: its deliveries use the rest
};

}  // namespace jangbu
