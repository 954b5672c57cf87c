#include "ledger/kafka_order.h"

#include <utility>
#include <vector>

#include "ledger/kafka_record.h"

namespace jangbu {

KafkaOrder::KafkaOrder(std::unique_ptr<KafkaProducer> producer, std::string_view space)
    : prefix_(topic_prefix(space)), producer_(std::move(producer)) {}

KafkaOrder::~KafkaOrder() {
  producer_.reset();  // its last deliveries come now
  for (auto& [name, ledger] : ledgers_) {
    for (auto& [offset, placed] : ledger.waiting) placed(fail(Code::shutting_down, name, "the node is shutting down"));
  }
}

Result<void> KafkaOrder::submit(Submission submission, Placed placed) {
  if (!producer_->connected()) return fail(Code::kafka_unreachable, "", "no broker answers; nothing was published");
  const std::string name = submission.ledger.text();
  {
    const std::lock_guard lock(mutex_);
    Ledger& ledger = ledgers_[name];
    // It may be another ledger's topic, or another cluster's: only the follower knows.
    if (!ledger.followed) {
      return fail(Code::kafka_unreachable, prefix_ + name, "the topic is not read from yet; nothing was published");
    }
    ++ledger.undelivered;
  }
  auto queued =
      producer_->publish(prefix_ + name, std::move(submission.event), topic_headers(submission.signature),
                         [this, name, ordered = std::move(submission.ordered), placed = std::move(placed)](
                             const Result<KafkaDelivery>& delivery) { delivered(name, ordered, placed, delivery); });
  if (!queued) {
    const std::lock_guard lock(mutex_);
    --ledgers_[name].undelivered;
  }
  return queued;
}

void KafkaOrder::delivered(const std::string& name, const std::function<void(const SourcePosition&)>& ordered,
                           Placed placed, const Result<KafkaDelivery>& delivery) {
  if (delivery && ordered) {
    SourcePosition place{Generation(), delivery->offset, delivery->timestamp_ms};
    {
      const std::lock_guard lock(mutex_);
      place.generation = ledgers_[name].generation;
    }
    ordered(place);  // first: nobody is told the end before the beginning
  }
  std::optional<Result<Placement>> known;
  {
    const std::lock_guard lock(mutex_);
    Ledger& ledger = ledgers_[name];
    if (!delivery) {
      known = tl::unexpected(delivery.error());
    } else if (const auto early = ledger.too_early.find(delivery->offset.value()); early != ledger.too_early.end()) {
      known = std::move(early->second);
      ledger.too_early.erase(early);
    }
    if (--ledger.undelivered == 0) ledger.too_early.clear();
    if (!known) {
      ledger.waiting.emplace(delivery->offset.value(), std::move(placed));
      return;
    }
  }
  placed(std::move(*known));
}

void KafkaOrder::serve(std::chrono::milliseconds wait) { producer_->serve(wait); }

void KafkaOrder::placed(const LedgerId& id, const SourcePosition& place, Result<Placement> placement) {
  Placed waiting;
  {
    const std::lock_guard lock(mutex_);
    Ledger& ledger = ledgers_[id.text()];
    const auto found = ledger.waiting.find(place.offset.value());
    if (found == ledger.waiting.end()) {
      if (ledger.undelivered > 0) ledger.too_early.emplace(place.offset.value(), std::move(placement));
      return;
    }
    waiting = std::move(found->second);
    ledger.waiting.erase(found);
  }
  waiting(std::move(placement));
}

void KafkaOrder::lost(const LedgerId& id, const Error& why) {
  std::map<std::uint64_t, Placed> waiting;
  {
    const std::lock_guard lock(mutex_);
    Ledger& ledger = ledgers_[id.text()];
    ledger.followed = false;
    waiting.swap(ledger.waiting);
  }
  for (auto& [offset, placed] : waiting) placed(fail(Code::ledger_stopped, why.where, to_string(why)));
}

void KafkaOrder::follows(const LedgerId& id, Generation generation) {
  const std::lock_guard lock(mutex_);
  Ledger& ledger = ledgers_[id.text()];
  ledger.generation = generation;
  ledger.followed = true;
}

}  // namespace jangbu
