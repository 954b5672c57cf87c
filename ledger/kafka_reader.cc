#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "ledger/kafka.h"
#include "ledger/kafka_library.h"

namespace jangbu {
namespace {

constexpr std::chrono::milliseconds kLeaderPause{100};

using Clock = std::chrono::steady_clock;

// The library wants a name for a group although there is none: partitions are assigned, offsets are not stored.
constexpr KafkaProperty kSafety[] = {{"group.id", "jangbu"},
                                     {"enable.auto.commit", "false"},
                                     {"enable.auto.offset.store", "false"},
                                     {"auto.offset.reset", "error"},
                                     {"check.crcs", "true"}};

// After so many records of one topic the others get their turn.
constexpr int kTurnRecords = 512;

// Said by the library's threads when a queue is not empty any more.
class Bell {
 public:
  static void ring(rd_kafka_t* /*handle*/, void* opaque) {
    auto* self = static_cast<Bell*>(opaque);
    const std::lock_guard lock(self->mutex_);
    self->rung_ = true;
    self->condition_.notify_one();
  }
  void quiet() {
    const std::lock_guard lock(mutex_);
    rung_ = false;
  }
  bool wait_until(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return condition_.wait_until(lock, deadline, [this] { return rung_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

KafkaOwned<rd_kafka_topic_partition_list_t> partition(const std::string& topic, std::optional<Offset> offset) {
  KafkaOwned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* added = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
  if (offset) added->offset = static_cast<std::int64_t>(offset->value());
  return list;
}

}  // namespace

struct KafkaReader::Impl {
  // A partition's own queue: what was fetched of a paused topic stays in it, and the library stops fetching when it is
  // full. The library's own pausing throws it away and fetches it again.
  struct Topic {
    KafkaOwned<rd_kafka_queue_t> queue;
    Offset next;
    bool paused = false;
    bool stopped = false;  // nothing more of it until it is assigned again
  };

  KafkaSettings settings;
  Bell bell;  // before the instances: their threads ring it
  std::unique_ptr<KafkaInstance> reading;
  std::unique_ptr<KafkaInstance> looking;  // read_at(): an assignment of its own
  std::unique_ptr<KafkaInstance> asking;   // watermarks and metadata, open transactions included
  KafkaOwned<rd_kafka_queue_t> events;     // what is said of no topic
  std::deque<Error> complaints;
  std::map<std::string, Topic> topics;
  std::string turn;  // whose turn it is
  int taken = 0;     // in this turn

  ~Impl() {
    for (auto& [name, topic] : topics) rd_kafka_queue_cb_event_enable(topic.queue.get(), nullptr, nullptr);
    if (events) rd_kafka_queue_cb_event_enable(events.get(), nullptr, nullptr);
  }

  Result<void> start_reading() {
    if (reading) return {};
    std::vector<KafkaProperty> properties(std::begin(kSafety), std::end(kSafety));
    properties.push_back({"isolation.level", "read_committed"});
    KafkaInstance::Hooks hooks;
    hooks.error = [this](rd_kafka_resp_err_t code, std::string_view text) {
      if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) complaints.push_back(kafka_error(code, "kafka", text));
    };
    auto made = KafkaInstance::open(RD_KAFKA_CONSUMER, settings, properties, std::move(hooks));
    if (!made) return tl::unexpected(made.error());
    reading = std::move(*made);
    rd_kafka_poll_set_consumer(reading->get());
    events.reset(rd_kafka_queue_get_consumer(reading->get()));
    rd_kafka_queue_cb_event_enable(events.get(), &Bell::ring, &bell);
    return {};
  }

  Result<KafkaInstance*> looker() {
    if (looking) return looking.get();
    std::vector<KafkaProperty> properties(std::begin(kSafety), std::end(kSafety));
    // One record is wanted, so little is fetched, and an end is told at once.
    properties.push_back({"isolation.level", "read_committed"});
    properties.push_back({"enable.partition.eof", "true"});
    properties.push_back({"fetch.wait.max.ms", "10"});
    properties.push_back({"queued.min.messages", "1"});
    properties.push_back({"fetch.message.max.bytes", "131072"});
    auto made = KafkaInstance::open(RD_KAFKA_CONSUMER, settings, properties, {});
    if (!made) return tl::unexpected(made.error());
    looking = std::move(*made);
    rd_kafka_poll_set_consumer(looking->get());
    return looking.get();
  }

  Result<KafkaInstance*> asker() {
    // It remembers the id of the cluster that it saw first, and only complains when another one answers there.
    if (asking && asking->other_cluster()) asking.reset();
    if (asking) return asking.get();
    std::vector<KafkaProperty> properties(std::begin(kSafety), std::end(kSafety));
    properties.push_back({"isolation.level", "read_uncommitted"});
    auto made = KafkaInstance::open(RD_KAFKA_CONSUMER, settings, properties, {});
    if (!made) return tl::unexpected(made.error());
    asking = std::move(*made);
    return asking.get();
  }

  // What a message of the library is to the one who polls; nullopt: nothing.
  std::optional<KafkaPolled> read(rd_kafka_message_t& message, const std::string& name) {
    const auto found = topics.find(name);
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      // A reader with rights on the topic alone is told this once, and then gets every record.
      if (message.err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) return std::nullopt;
      const char* text = rd_kafka_message_errstr(&message);
      Error error = kafka_error(message.err, name, text == nullptr ? "" : text);
      if (error.code == Code::kafka_position || error.code == Code::kafka_bad_record) {
        // The library would go on behind a bad batch.
        if (found == topics.end()) return std::nullopt;
        found->second.stopped = true;
        if (message.offset >= 0) error.where += " at offset " + std::to_string(message.offset);
      }
      return KafkaPolled{name, tl::unexpected(std::move(error))};
    }
    if (found == topics.end() || found->second.stopped) return std::nullopt;
    KafkaMessage made = to_kafka_message(message);
    if (made.offset < found->second.next) return std::nullopt;  // left over from where it was read before
    found->second.next = Offset(made.offset.value() + 1);
    return KafkaPolled{name, std::move(made)};
  }

  std::optional<KafkaPolled> take_from(const std::string& name, Topic& topic) {
    while (!topic.paused && !topic.stopped) {
      const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consume_queue(topic.queue.get(), 0));
      if (!message) break;
      if (auto polled = read(*message, name)) return polled;
    }
    return std::nullopt;
  }

  std::optional<KafkaPolled> take_event() {
    for (;;) {
      if (!complaints.empty()) {
        KafkaPolled polled{"", tl::unexpected(std::move(complaints.front()))};
        complaints.pop_front();
        return polled;
      }
      const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(reading->get(), 0));
      if (!message) {
        if (complaints.empty()) return std::nullopt;
        continue;
      }
      const std::string name = message->rkt == nullptr ? std::string() : rd_kafka_topic_name(message->rkt);
      if (auto polled = read(*message, name)) return polled;
    }
  }

  // Round all topics once, beginning with the one whose turn it is.
  std::optional<KafkaPolled> take() {
    if (auto polled = take_event()) return polled;
    auto at = topics.upper_bound(turn);
    for (std::size_t i = 0; i < topics.size(); ++i, ++at) {
      if (at == topics.end()) at = topics.begin();
      if (auto polled = take_from(at->first, at->second)) {
        turn = at->first;
        taken = 1;
        return polled;
      }
    }
    return std::nullopt;
  }

  void remove(const std::string& name) {
    const auto found = topics.find(name);
    if (found == topics.end()) return;
    const auto list = partition(name, std::nullopt);
    const KafkaOwned<rd_kafka_error_t> ignored(rd_kafka_incremental_unassign(reading->get(), list.get()));
    rd_kafka_queue_cb_event_enable(found->second.queue.get(), nullptr, nullptr);
    topics.erase(found);
  }
};

KafkaReader::KafkaReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaReader::~KafkaReader() = default;

Result<std::unique_ptr<KafkaReader>> KafkaReader::open(const KafkaSettings& settings) {
  auto impl = std::make_unique<Impl>();
  impl->settings = settings;
  if (auto started = impl->start_reading(); !started) return tl::unexpected(started.error());
  return std::unique_ptr<KafkaReader>(new KafkaReader(std::move(impl)));
}

Result<void> KafkaReader::assign(const std::string& topic, Offset next) {
  remove(topic);
  rd_kafka_t* handle = impl_->reading->get();
  Impl::Topic made;
  made.queue.reset(rd_kafka_queue_get_partition(handle, topic.c_str(), 0));
  if (!made.queue) return tl::unexpected(kafka_error(rd_kafka_last_error(), topic));
  made.next = next;
  rd_kafka_queue_forward(made.queue.get(), nullptr);
  rd_kafka_queue_cb_event_enable(made.queue.get(), &Bell::ring, &impl_->bell);
  const auto list = partition(topic, next);
  const KafkaOwned<rd_kafka_error_t> refused(rd_kafka_incremental_assign(handle, list.get()));
  if (refused) {
    rd_kafka_queue_cb_event_enable(made.queue.get(), nullptr, nullptr);
    return tl::unexpected(kafka_error(rd_kafka_error_code(refused.get()), topic, rd_kafka_error_string(refused.get())));
  }
  impl_->topics.emplace(topic, std::move(made));
  return {};
}

void KafkaReader::remove(const std::string& topic) { impl_->remove(topic); }

void KafkaReader::pause(const std::string& topic) {
  if (const auto found = impl_->topics.find(topic); found != impl_->topics.end()) found->second.paused = true;
}

void KafkaReader::resume(const std::string& topic) {
  if (const auto found = impl_->topics.find(topic); found != impl_->topics.end()) found->second.paused = false;
}

std::optional<KafkaPolled> KafkaReader::poll(std::chrono::milliseconds wait) {
  const auto found = impl_->topics.find(impl_->turn);
  if (found != impl_->topics.end() && impl_->taken < kTurnRecords) {
    if (auto polled = impl_->take_from(found->first, found->second)) {
      ++impl_->taken;
      return polled;
    }
  }
  if (wait.count() <= 0) return impl_->take();
  const auto deadline = Clock::now() + wait;
  for (;;) {
    impl_->bell.quiet();  // before looking: what comes while looking rings again
    if (auto polled = impl_->take()) return polled;
    if (!impl_->bell.wait_until(deadline)) return std::nullopt;
  }
}

Result<KafkaWatermarks> KafkaReader::watermarks(const std::string& topic, std::chrono::milliseconds timeout) {
  const auto asker = impl_->asker();
  if (!asker) return tl::unexpected(asker.error());
  const auto looker = impl_->looker();
  if (!looker) return tl::unexpected(looker.error());
  const auto deadline = Clock::now() + timeout;
  const auto left = [&] { return std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()); };
  // First whether it is there: the question for offsets waits for a topic that is not.
  const auto there = ask_for_topic((*asker)->get(), topic, left());
  if (there != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(**asker, there, topic));
  std::int64_t low = 0, high = 0, low_too = 0, stable = 0;
  for (const auto& [instance, from, to] : {std::tuple(*looker, &low_too, &stable), std::tuple(*asker, &low, &high)}) {
    auto asked = RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
    // A topic that was made a moment ago: not every broker has heard who leads it.
    while (asked == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION) {
      asked = rd_kafka_query_watermark_offsets(instance->get(), topic.c_str(), 0, from, to, whole_milliseconds(left()));
      if (asked != RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || left() < 2 * kLeaderPause) break;
      std::this_thread::sleep_for(kLeaderPause);
    }
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(*instance, asked, topic));
  }
  const auto offset = [](std::int64_t value) {
    return Offset(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)));
  };
  return KafkaWatermarks{offset(low), offset(high), offset(stable)};
}

Result<std::optional<KafkaMessage>> KafkaReader::read_at(const std::string& topic, Offset offset,
                                                         std::chrono::milliseconds timeout) {
  const auto looker = impl_->looker();
  if (!looker) return tl::unexpected(looker.error());
  rd_kafka_t* handle = (*looker)->get();
  const auto deadline = Clock::now() + timeout;
  const auto there = ask_for_topic(handle, topic, timeout);
  if (there != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(**looker, there, topic));
  const auto list = partition(topic, offset);
  if (const auto assigned = rd_kafka_assign(handle, list.get()); assigned != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return tl::unexpected(kafka_error(**looker, assigned, topic));
  }
  struct Unassign {
    rd_kafka_t* handle;
    ~Unassign() { rd_kafka_assign(handle, nullptr); }
  };
  const Unassign at_the_end{handle};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return fail(Code::kafka_unreachable, topic, "no record and no end of it came in time");
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle, whole_milliseconds(left)));
    if (!message || message->rkt == nullptr || topic != rd_kafka_topic_name(message->rkt)) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      return std::optional<KafkaMessage>();
    }
    if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) continue;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(message->err, topic));
    KafkaMessage made = to_kafka_message(*message);
    if (made.offset < offset) continue;
    if (made.offset > offset) return std::optional<KafkaMessage>();
    return std::optional(std::move(made));
  }
}

Result<std::string> KafkaReader::cluster_id(std::chrono::milliseconds timeout) {
  auto asker = impl_->asker();
  if (!asker) return tl::unexpected(asker.error());
  auto id = ask_for_cluster(**asker, timeout);
  if (!id || !(*asker)->other_cluster()) return id;
  asker = impl_->asker();  // another one has answered just now: asked anew
  if (!asker) return tl::unexpected(asker.error());
  return ask_for_cluster(**asker, timeout);
}

Result<std::vector<std::string>> KafkaReader::topics(std::string_view prefix, std::chrono::milliseconds timeout) {
  const auto asker = impl_->asker();
  if (!asker) return tl::unexpected(asker.error());
  const rd_kafka_metadata_t* raw = nullptr;
  const auto asked = rd_kafka_metadata((*asker)->get(), 1, nullptr, &raw, whole_milliseconds(timeout));
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(**asker, asked, "topics"));
  const KafkaOwned<const rd_kafka_metadata_t> metadata(raw);
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const std::string_view name = metadata->topics[i].topic;
    if (name.starts_with(prefix)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace jangbu
