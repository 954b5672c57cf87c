#include "tools/kafka_service.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace jangbu::tools {
namespace {

// How long a thread waits for something to come before it looks whether it should end.
constexpr std::chrono::milliseconds kLook{100};
constexpr int kLooksForProducer = 20;
// How often the topics are looked at again.
constexpr std::chrono::seconds kLookAgain{3};

}  // namespace

Result<std::unique_ptr<KafkaService>> KafkaService::open(Node& node, const KafkaSettings& settings, const Clock& clock,
                                                         const std::filesystem::path& directory,
                                                         std::vector<LedgerId> ledgers,
                                                         std::function<void(const Error&)> ended) {
  auto reader = KafkaReader::open(settings);
  if (!reader) return tl::unexpected(reader.error());
  auto looker = KafkaReader::open(settings);
  if (!looker) return tl::unexpected(looker.error());
  auto producer = KafkaProducer::open(settings, KafkaProducer::Options());
  if (!producer) return tl::unexpected(producer.error());
  std::unique_ptr<KafkaService> service(new KafkaService(node));
  service->reader_ = std::move(*reader);
  service->looker_ = std::move(*looker);
  service->order_ = std::make_unique<KafkaOrder>(std::move(*producer), node.space());
  KafkaFollowerOptions options;
  options.ledgers = std::move(ledgers);
  options.looker.cluster_file = directory / "cluster";
  service->follower_ = std::make_unique<KafkaFollower>(node, *service->reader_, *service->looker_,
                                                       service->order_.get(), clock, std::move(options));
  node.set_order(service->order_.get());
  // Where a broker answers, the node is ready when this returns; where none does, it is not waited for any longer.
  service->follower_->look();
  if (const auto looked = service->follower_->step(std::chrono::milliseconds(0)); !looked) {
    return tl::unexpected(looked.error());
  }
  for (int look = 0; look < kLooksForProducer && service->follower_->connected() && !service->order_->connected();
       ++look) {
    service->order_->serve(kLook);
  }
  KafkaService* const self = service.get();
  service->delivering_ = std::jthread([self](const std::stop_token& stop) {
    while (!stop.stop_requested()) self->order_->serve(kLook);
  });
  service->looking_ = std::jthread([self](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any asked;
    std::unique_lock lock(mutex);
    while (!asked.wait_for(lock, stop, kLookAgain, [&stop] { return stop.stop_requested(); })) self->follower_->look();
  });
  service->following_ = std::jthread([self, ended = std::move(ended)](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto step = self->follower_->step(kLook);
      if (!step) return ended(step.error());
    }
  });
  return service;
}

KafkaService::~KafkaService() {
  node_.set_order(nullptr);
  for (std::jthread* thread : {&looking_, &following_, &delivering_}) {
    if (!thread->joinable()) continue;
    thread->request_stop();
    thread->join();
  }
}

}  // namespace jangbu::tools
