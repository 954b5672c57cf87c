#include <algorithm>
#include <atomic>
#include <iterator>
#include <list>
#include <mutex>

#include "ledger/kafka.h"
#include "ledger/kafka_library.h"

namespace jangbu {
namespace {

using Clock = std::chrono::steady_clock;

constexpr KafkaProperty kSafety[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"message.timeout.ms", "0"},
    // The limits are this file's: publish() says queue_full, and nothing else does.
    {"queue.buffering.max.messages", "0"},
    {"queue.buffering.max.kbytes", "2147483647"},
    {"topic.metadata.propagation.max.ms", "10000"},
    {"compression.type", "lz4"},
    {"linger.ms", "1"},
};

// More than an entry takes (kEntryBytesMax), less than what the library refuses by itself.
constexpr std::size_t kRecordBytesMax = 900'000;
constexpr std::chrono::milliseconds kProbe{100};
// Between two instances, so that a broker that fails each is not beset.
constexpr std::chrono::milliseconds kRenewPause{500};

// What a broker says of this record or its topic, whatever becomes of the instance: sent again, it would say so again.
bool is_its_own(rd_kafka_resp_err_t code) {
  const Code ours = kafka_error(code, "").code;
  return ours == Code::kafka_unauthorized || ours == Code::kafka_topic_missing || ours == Code::too_large;
}

// The record was not acknowledged, and nothing speaks against sending it again.
bool is_unacknowledged(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
         code == RD_KAFKA_RESP_ERR__FATAL || kafka_error(code, "").code == Code::kafka_unreachable;
}

}  // namespace

struct KafkaProducer::Impl {
  struct Record {
    std::string topic, value;
    std::vector<KafkaHeader> headers;
    KafkaDelivered delivered;
    std::size_t bytes = 0;
    bool given = false;  // to the library, which views `value` until it reports
    std::list<Record>::iterator self{};
  };

  KafkaSettings settings;
  Options options;
  Clock::time_point renewed{};  // the serving thread's
  std::atomic<bool> up{false};

  std::mutex mutex;
  // Guarded by it: every record without its delivery, in the order of publish(); those that ended on this side, for
  // the next serve() to tell; whether the instance takes nothing more, so that records wait for the next one.
  std::list<Record> waiting;
  std::list<std::pair<KafkaDelivered, Error>> refused;
  std::size_t bytes = 0;
  bool broken = false;
  // Replaced by the serving thread, under the mutex.
  std::unique_ptr<KafkaInstance> instance;

  Result<std::unique_ptr<KafkaInstance>> make() {
    KafkaInstance::Hooks hooks;
    hooks.error = [this](rd_kafka_resp_err_t code, std::string_view) {
      if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) up.store(false);
    };
    hooks.delivered = [this](const rd_kafka_message_t& message) { report(message); };
    return KafkaInstance::open(RD_KAFKA_PRODUCER, settings, kSafety, std::move(hooks));
  }

  // The library's fatal error; NO_ERROR: none. The serving thread's.
  [[nodiscard]] rd_kafka_resp_err_t fatal() const { return rd_kafka_fatal_error(instance->get(), nullptr, 0); }

  // With the mutex.
  void end(std::list<Record>::iterator record, Error why) {
    refused.emplace_back(std::move(record->delivered), std::move(why));
    bytes -= record->bytes;
    waiting.erase(record);
  }

  // Hands a record to the library. With the mutex.
  void give(std::list<Record>::iterator record) {
    if (broken) return;
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record->headers.size());
    for (const KafkaHeader& header : record->headers) {
      rd_kafka_header_add(headers, header.name.data(), static_cast<std::ptrdiff_t>(header.name.size()),
                          header.value.data(), static_cast<std::ptrdiff_t>(header.value.size()));
    }
    const auto taken =
        rd_kafka_producev(instance->get(), RD_KAFKA_V_TOPIC(record->topic.c_str()), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_VALUE(record->value.data(), record->value.size()),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(&*record), RD_KAFKA_V_END);
    if (taken == RD_KAFKA_RESP_ERR_NO_ERROR) {
      record->given = true;
      return;
    }
    rd_kafka_headers_destroy(headers);  // else the library's
    if (is_unacknowledged(taken)) {
      broken = true;
    } else {
      end(record, kafka_error(taken, record->topic));  // such as a topic that is known to be missing
    }
  }

  // A delivery report: on the serving thread.
  void report(const rd_kafka_message_t& message) {
    auto& record = *static_cast<Record*>(message._private);
    Result<KafkaDelivery> delivery = KafkaDelivery{};
    KafkaDelivered delivered;
    {
      const std::lock_guard lock(mutex);
      if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (is_unacknowledged(message.err) || (!is_its_own(message.err) && fatal() != RD_KAFKA_RESP_ERR_NO_ERROR)) {
          record.given = false;
          broken = true;
          return;
        }
        delivery = tl::unexpected(kafka_error(message.err, record.topic));
      } else {
        up.store(true);
        rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        delivery->timestamp_ms = rd_kafka_message_timestamp(&message, &type);
        delivery->offset = Offset(static_cast<std::uint64_t>(std::max<std::int64_t>(message.offset, 0)));
      }
      delivered = std::move(record.delivered);
      bytes -= record.bytes;
      waiting.erase(record.self);
    }
    delivered(std::move(delivery));
  }

  void tell_refused() {
    std::list<std::pair<KafkaDelivered, Error>> told;
    {
      const std::lock_guard lock(mutex);
      told.swap(refused);
    }
    for (auto& [delivered, why] : told) delivered(tl::unexpected(std::move(why)));
  }

  // Takes every record back from the library: it reports on each, delivered or not.
  void take_back() {
    {
      const std::lock_guard lock(mutex);
      broken = true;
    }
    rd_kafka_purge(instance->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_outq_len(instance->get()) > 0) rd_kafka_poll(instance->get(), 10);
    rd_kafka_poll(instance->get(), 0);
  }

  void renew() {
    const auto now = Clock::now();
    if (now - renewed < kRenewPause) return;
    renewed = now;
    const rd_kafka_resp_err_t why = fatal();
    take_back();
    auto made = make();
    if (!made) return;  // settings that were good before: tried again
    const std::lock_guard lock(mutex);
    instance = std::move(*made);
    broken = false;
    for (auto record = waiting.begin(); record != waiting.end();) {
      const auto next = std::next(record);
      if (why == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
        end(record, kafka_error(why, record->topic));  // of no topic: nothing can be written at all
      } else {
        give(record);
      }
      record = next;
    }
  }

  [[nodiscard]] bool must_renew() {
    if (fatal() != RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    const std::lock_guard lock(mutex);
    return broken;
  }
};

KafkaProducer::KafkaProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::open(const KafkaSettings& settings, const Options& options) {
  auto impl = std::make_unique<Impl>();
  impl->settings = settings;
  impl->options = options;
  auto made = impl->make();
  if (!made) return tl::unexpected(made.error());
  impl->instance = std::move(*made);
  return std::unique_ptr<KafkaProducer>(new KafkaProducer(std::move(impl)));
}

KafkaProducer::~KafkaProducer() {
  const auto deadline = Clock::now() + impl_->options.close_wait;
  while (queued() > 0 && Clock::now() < deadline) serve(std::chrono::milliseconds(20));
  impl_->take_back();
  impl_->tell_refused();
  for (Impl::Record& record : impl_->waiting) {
    record.delivered(fail(Code::shutting_down, record.topic, "it was not acknowledged before the end"));
  }
}

Result<void> KafkaProducer::publish(const std::string& topic, std::string value, std::vector<KafkaHeader> headers,
                                    KafkaDelivered delivered) {
  std::size_t bytes = value.size();
  for (const KafkaHeader& header : headers) bytes += header.name.size() + header.value.size();
  const std::lock_guard lock(impl_->mutex);
  const Options& options = impl_->options;
  if (impl_->waiting.size() + impl_->refused.size() >= options.queue_records_max ||
      (!impl_->waiting.empty() && impl_->bytes + bytes > options.queue_bytes_max)) {
    return fail(Code::queue_full, topic, "more records wait for Kafka than may");
  }
  impl_->waiting.push_back({topic, std::move(value), std::move(headers), std::move(delivered), bytes});
  const auto record = std::prev(impl_->waiting.end());
  record->self = record;
  impl_->bytes += bytes;
  if (bytes > kRecordBytesMax) {
    impl_->end(record, Error{Code::too_large, topic, std::to_string(bytes) + " bytes"});
  } else {
    impl_->give(record);
  }
  return {};
}

void KafkaProducer::serve(std::chrono::milliseconds wait) {
  impl_->tell_refused();
  if (impl_->must_renew()) impl_->renew();
  rd_kafka_t* handle = impl_->instance->get();
  if (!impl_->up.load()) {
    // Nobody tells when a broker is back: it is asked.
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(handle, 0, nullptr, &metadata, whole_milliseconds(std::min(wait, kProbe))) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_metadata_destroy(metadata);
      impl_->up.store(true);
    }
  }
  rd_kafka_poll(handle, whole_milliseconds(wait));
  impl_->tell_refused();
}

std::size_t KafkaProducer::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->waiting.size() + impl_->refused.size();
}

bool KafkaProducer::connected() const { return impl_->up.load(); }

}  // namespace jangbu
