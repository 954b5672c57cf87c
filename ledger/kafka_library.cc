#include "ledger/kafka_library.h"

#include <syslog.h>

#include <algorithm>
#include <cstring>

namespace jangbu {
namespace {

using Configuration = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;

Result<void> set(rd_kafka_conf_t* configuration, const char* name, const char* value) {
  char text[256] = {};
  if (rd_kafka_conf_set(configuration, name, value, text, sizeof text) == RD_KAFKA_CONF_OK) return {};
  // The library's text repeats the value, which may be a secret.
  return fail(Code::bad_value, name, "the Kafka library does not take this property or its value");
}

}  // namespace

Result<std::unique_ptr<KafkaInstance>> KafkaInstance::open(rd_kafka_type_t type, const KafkaSettings& settings,
                                                           std::span<const KafkaProperty> properties, Hooks hooks) {
  Configuration configuration(rd_kafka_conf_new(), &rd_kafka_conf_destroy);
  // A broker that comes back is found within a second, and one that is cut off within ten.
  constexpr KafkaProperty kDefaults[] = {{"client.id", "jangbu"},
                                         {"reconnect.backoff.max.ms", "1000"},
                                         {"socket.timeout.ms", "10000"},
                                         {"socket.connection.setup.timeout.ms", "10000"},
                                         {"socket.keepalive.enable", "true"},
                                         {"topic.metadata.refresh.interval.ms", "30000"}};
  for (const KafkaProperty& property : kDefaults) {
    if (auto done = set(configuration.get(), property.name, property.value); !done) {
      return tl::unexpected(done.error());
    }
  }
  for (const auto& [name, value] : settings.client) {
    if (!kafka_property_allowed(name)) {
      return fail(Code::bad_value, name, "the ledger's safety rests on this, or it is no property of a connection");
    }
    if (auto done = set(configuration.get(), name.c_str(), value.c_str()); !done) return tl::unexpected(done.error());
  }
  if (auto done = set(configuration.get(), "bootstrap.servers", settings.brokers.c_str()); !done) {
    return tl::unexpected(done.error());
  }
  for (const KafkaProperty& property : properties) {
    if (auto done = set(configuration.get(), property.name, property.value); !done) {
      return tl::unexpected(done.error());
    }
  }
  std::unique_ptr<KafkaInstance> instance(new KafkaInstance(settings.log, std::move(hooks)));
  rd_kafka_conf_set_opaque(configuration.get(), instance.get());
  rd_kafka_conf_set_log_cb(configuration.get(), &KafkaInstance::on_log);
  rd_kafka_conf_set_error_cb(configuration.get(), &KafkaInstance::on_error);
  if (instance->hooks_.delivered) rd_kafka_conf_set_dr_msg_cb(configuration.get(), &KafkaInstance::on_delivery);
  char text[512] = {};
  instance->handle_ = rd_kafka_new(type, configuration.get(), text, sizeof text);
  // Such as a certificate's file that is not there.
  if (instance->handle_ == nullptr) return fail(Code::bad_value, "kafka", text);
  (void)configuration.release();  // the instance has taken it
  return instance;
}

KafkaInstance::~KafkaInstance() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaInstance::on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  auto* self = static_cast<KafkaInstance*>(rd_kafka_opaque(handle));
  if (self == nullptr) return;
  if (std::strcmp(facility, "CLUSTERID") == 0) self->other_cluster_.store(true);
  if (level <= LOG_ERR) {
    const std::lock_guard lock(self->mutex_);
    self->complaint_ = text;
  }
  if (self->log_) self->log_(level, std::string(facility) + ": " + text);
}

void KafkaInstance::on_error(rd_kafka_t* /*handle*/, int code, const char* text, void* opaque) {
  auto* self = static_cast<KafkaInstance*>(opaque);
  {
    const std::lock_guard lock(self->mutex_);
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || self->complaint_.empty()) self->complaint_ = text;
  }
  if (self->hooks_.error) self->hooks_.error(static_cast<rd_kafka_resp_err_t>(code), text);
}

void KafkaInstance::on_delivery(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
  static_cast<KafkaInstance*>(opaque)->hooks_.delivered(*message);
}

std::string KafkaInstance::complaint() const {
  const std::lock_guard lock(mutex_);
  return complaint_;
}

Error kafka_error(rd_kafka_resp_err_t code, std::string_view where, std::string_view text) {
  std::string what = std::string(rd_kafka_err2str(code)) + " (" + rd_kafka_err2name(code) + ")";
  if (!text.empty()) what += ": " + std::string(text);
  Code ours = Code::kafka_refused;
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
      ours = Code::kafka_unreachable;
      break;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      ours = Code::kafka_topic_missing;
      break;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      ours = Code::kafka_unauthorized;
      break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      ours = Code::kafka_position;
      break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      ours = Code::kafka_bad_record;
      break;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
      ours = Code::too_large;
      break;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      ours = Code::already_exists;
      break;
    default:
      break;
  }
  return Error{ours, std::string(where), std::move(what)};
}

Error kafka_error(const KafkaInstance& instance, rd_kafka_resp_err_t code, std::string_view where) {
  // A producer's complaints come now. A consumer's come by its own poll alone: rd_kafka_poll() on one ends the process
  // (an assertion of the library) when an error lies in the queue.
  if (rd_kafka_type(instance.get()) == RD_KAFKA_PRODUCER) rd_kafka_poll(instance.get(), 0);
  return kafka_error(code, where, instance.complaint());
}

KafkaMessage to_kafka_message(rd_kafka_message_t& message) {
  KafkaMessage made;
  made.offset = Offset(static_cast<std::uint64_t>(message.offset));
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  made.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  made.log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
  if (message.payload != nullptr) made.value.emplace(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    made.headers.reserve(rd_kafka_header_cnt(headers));
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      made.headers.push_back(
          {name, value == nullptr ? std::string() : std::string(static_cast<const char*>(value), size)});
    }
  }
  return made;
}

rd_kafka_resp_err_t ask_for_topic(rd_kafka_t* handle, const std::string& topic, std::chrono::milliseconds timeout) {
  const KafkaOwned<rd_kafka_topic_t> named(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  if (!named) return rd_kafka_last_error();
  const rd_kafka_metadata_t* raw = nullptr;
  const auto asked = rd_kafka_metadata(handle, 0, named.get(), &raw, whole_milliseconds(timeout));
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return asked;
  const KafkaOwned<const rd_kafka_metadata_t> metadata(raw);
  if (metadata->topic_cnt != 1) return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return found.err;
  if (found.partition_cnt == 0) return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  return found.partitions[0].leader < 0 ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE : RD_KAFKA_RESP_ERR_NO_ERROR;
}

Result<std::string> ask_for_cluster(const KafkaInstance& instance, std::chrono::milliseconds timeout) {
  // The id itself is remembered by the library; whether anybody answers is not.
  const rd_kafka_metadata_t* raw = nullptr;
  const auto asked = rd_kafka_metadata(instance.get(), 0, nullptr, &raw, whole_milliseconds(timeout));
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(instance, asked, "cluster"));
  rd_kafka_metadata_destroy(raw);
  char* text = rd_kafka_clusterid(instance.get(), whole_milliseconds(timeout));
  if (text == nullptr) return fail(Code::kafka_unreachable, "cluster", "it does not tell its id");
  std::string id = text;
  rd_kafka_mem_free(instance.get(), text);
  return id;
}

}  // namespace jangbu
