// One instance of librdkafka: how it is made, what it says of itself, and what its errors mean here. The one header
// that names the library; for ledger/kafka_*.cc that talk to it alone.
#pragma once

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ledger/kafka.h"

namespace jangbu {

// Whether a user may set it: what belongs to the connection alone (kafka_settings.cc).
[[nodiscard]] bool kafka_property_allowed(std::string_view name);

struct KafkaProperty {
  const char* name;
  const char* value;
};

class KafkaInstance {
 public:
  // Called from within the library's poll calls, on the thread that polls.
  struct Hooks {
    std::function<void(rd_kafka_resp_err_t code, std::string_view text)> error;
    std::function<void(const rd_kafka_message_t& message)> delivered;
  };

  // Error: bad_value, `where` the property's name.
  [[nodiscard]] static Result<std::unique_ptr<KafkaInstance>> open(rd_kafka_type_t type, const KafkaSettings& settings,
                                                                   std::span<const KafkaProperty> properties,
                                                                   Hooks hooks);
  ~KafkaInstance();
  KafkaInstance(const KafkaInstance&) = delete;
  KafkaInstance& operator=(const KafkaInstance&) = delete;

  [[nodiscard]] rd_kafka_t* get() const { return handle_; }
  // What it remembers of the cluster's id is not so any more.
  [[nodiscard]] bool other_cluster() const { return other_cluster_.load(); }
  // The last complaint about a connection, for error texts: "connect refused", "certificate verify failed".
  [[nodiscard]] std::string complaint() const;

 private:
  KafkaInstance(std::function<void(int, std::string_view)> log, Hooks hooks)
      : log_(std::move(log)), hooks_(std::move(hooks)) {}
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text);
  static void on_error(rd_kafka_t* handle, int code, const char* text, void* opaque);
  static void on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque);

  const std::function<void(int, std::string_view)> log_;
  const Hooks hooks_;
  std::atomic<bool> other_cluster_{false};
  mutable std::mutex mutex_;  // guards the next
  std::string complaint_;
  rd_kafka_t* handle_ = nullptr;
};

// What an error of the library is here. `where`: the topic, mostly.
[[nodiscard]] Error kafka_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view text = {});
// Likewise, with what the instance last complained of.
[[nodiscard]] Error kafka_error(const KafkaInstance& instance, rd_kafka_resp_err_t code, std::string_view where);

[[nodiscard]] KafkaMessage to_kafka_message(rd_kafka_message_t& message);

// The topic's error in the broker's own answer, asked now; RD_KAFKA_RESP_ERR_NO_ERROR: it is there, with a leader.
[[nodiscard]] rd_kafka_resp_err_t ask_for_topic(rd_kafka_t* handle, const std::string& topic,
                                                std::chrono::milliseconds timeout);
// Errors: kafka_unreachable, kafka_unauthorized.
[[nodiscard]] Result<std::string> ask_for_cluster(const KafkaInstance& instance, std::chrono::milliseconds timeout);

struct KafkaDestroyer {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
template <typename T>
using KafkaOwned = std::unique_ptr<T, KafkaDestroyer>;

[[nodiscard]] inline int whole_milliseconds(std::chrono::milliseconds wait) {
  return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 3'600'000));
}

}  // namespace jangbu
