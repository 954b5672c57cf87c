// Kafka: the only interface to librdkafka; nothing of the library appears in it. A reader of partitions that are
// assigned by hand, a producer whose deliveries are the only success, and the admin calls that topics need. Consumer
// groups, transactions and stored offsets are not used anywhere: the place to go on is in the last entry.
//
// Every ledger's topic has one partition, 0. The library keeps threads of its own behind each object; callbacks come
// only from within the calls that say so. Used by the ledger's Kafka ends (kafka_follower.h) and by the tools.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu {

struct KafkaSettings {
  std::string brokers;                        // "host:port,host:port"
  std::map<std::string, std::string> client;  // librdkafka properties for the connection: security.protocol, ssl.*
  // Where the library's own log lines go: level as syslog has it (3 error, 4 warning, ...); empty: nowhere. Called from
  // its threads.
  std::function<void(int level, std::string_view text)> log;
};

// "<brokers>" or a file of "name = value" lines ("bootstrap.servers" among them): what --kafka takes. Properties that
// the ledger's safety rests on (acks, isolation, offsets) cannot be set: bad_value, naming the line.
[[nodiscard]] Result<KafkaSettings> parse_kafka_settings(const std::string& text_or_path);

struct KafkaHeader {
  std::string name, value;
};

struct KafkaMessage {
  Offset offset;
  std::int64_t timestamp_ms = 0;
  bool log_append_time = false;      // else the producer's own claim, or none at all
  std::optional<std::string> value;  // nullopt: a null value
  std::vector<KafkaHeader> headers;

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// Where a topic's records stand: [low, high). Deleted ones are below low. Those from `stable` on are not given to
// anybody yet: somebody's transaction is open there, and a hung one holds up all that comes behind it.
struct KafkaWatermarks {
  Offset low, high, stable;
};

// What poll() gives: a record, or why there is none for this topic.
struct KafkaPolled {
  std::string topic;
  Result<KafkaMessage> message;
  // Errors: kafka_position (the position does not exist: records deleted, or beyond the end; the topic stays stopped),
  // kafka_topic_missing, kafka_unauthorized, kafka_unreachable (all brokers are down: it goes on by itself),
  // kafka_bad_record (a record that does not verify against its checksum).
};

// One thread.
class KafkaReader {
 public:
  // Nothing is connected before the first call that needs it. Errors: bad_value (a property).
  [[nodiscard]] static Result<std::unique_ptr<KafkaReader>> open(const KafkaSettings& settings);
  ~KafkaReader();

  // Reads `topic` from `next` on, in place of where it was read from before. Records that were fetched already and not
  // yet polled are dropped. Error: kafka_unreachable.
  [[nodiscard]] Result<void> assign(const std::string& topic, Offset next);
  void remove(const std::string& topic);
  // Nothing more of it is polled until resume(). What was fetched is kept or fetched again; nothing is skipped.
  void pause(const std::string& topic);
  void resume(const std::string& topic);

  // The next record of any topic that is not paused; nullopt: none within `wait`.
  [[nodiscard]] std::optional<KafkaPolled> poll(std::chrono::milliseconds wait);

  // Errors of all below: kafka_unreachable, kafka_topic_missing, kafka_unauthorized.
  [[nodiscard]] Result<KafkaWatermarks> watermarks(const std::string& topic, std::chrono::milliseconds timeout);
  // The record at exactly that offset, by a connection of its own, so that reading goes on undisturbed; nullopt: there
  // is no record at it (deleted, a control record, or beyond the end).
  [[nodiscard]] Result<std::optional<KafkaMessage>> read_at(const std::string& topic, Offset offset,
                                                            std::chrono::milliseconds timeout);
  [[nodiscard]] Result<std::string> cluster_id(std::chrono::milliseconds timeout);
  // Topics whose name begins with `prefix`, in byte order.
  [[nodiscard]] Result<std::vector<std::string>> topics(std::string_view prefix, std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit KafkaReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Where a record went.
struct KafkaDelivery {
  Offset offset;
  std::int64_t timestamp_ms = 0;
};
// Called once, from within serve() or the destructor. Errors: kafka_unauthorized, kafka_topic_missing, too_large (the
// broker's limit), kafka_refused, shutting_down. A broker that cannot be reached is no error: the record waits.
using KafkaDelivered = std::function<void(Result<KafkaDelivery>)>;

// Idempotent, acks=all, no time-out: what was queued is delivered or the producer ends. After a fatal error of the
// library it makes a new instance and sends again whatever was not acknowledged, in order; the ledger recognises what
// arrives twice. publish(): any thread; serve(): one thread.
class KafkaProducer {
 public:
  struct Options {
    std::size_t queue_records_max = 65'536;
    std::size_t queue_bytes_max = std::size_t{256} << 20;
    // How long the destructor waits for deliveries before it tells shutting_down: such a record may be in the topic.
    std::chrono::milliseconds close_wait{3'000};
  };
  [[nodiscard]] static Result<std::unique_ptr<KafkaProducer>> open(const KafkaSettings& settings,
                                                                   const Options& options);
  ~KafkaProducer();

  // Error: queue_full; then `delivered` is never called.
  [[nodiscard]] Result<void> publish(const std::string& topic, std::string value, std::vector<KafkaHeader> headers,
                                     KafkaDelivered delivered);
  // Calls deliveries that are there, waiting for the first one as long as `wait`.
  void serve(std::chrono::milliseconds wait);
  // How many records wait for their delivery; whether any broker answers at present.
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] bool connected() const;

 private:
  struct Impl;
  explicit KafkaProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One thing that somebody may do to a topic.
struct KafkaRight {
  std::string principal;  // "User:hanbit"
  std::string topic;
  std::string operation;  // read, write, describe, delete, alter, alter-configs, ...; all
  bool allowed = true;
  auto operator<=>(const KafkaRight&) const = default;
};

struct KafkaTopicState {
  unsigned partitions = 0;
  unsigned replicas = 0;                        // of the partition with the fewest
  std::map<std::string, std::string> settings;  // effective, by name
};

// Waits for the broker's answer. One thread. Errors of all: kafka_unreachable, kafka_unauthorized.
class KafkaAdmin {
 public:
  [[nodiscard]] static Result<std::unique_ptr<KafkaAdmin>> open(const KafkaSettings& settings,
                                                                std::chrono::milliseconds timeout);
  ~KafkaAdmin();
  // One partition. already_exists, kafka_refused. Returns when several answers in a row have had it.
  [[nodiscard]] Result<void> create_topic(const std::string& topic, unsigned replicas,
                                          const std::map<std::string, std::string>& settings);
  [[nodiscard]] Result<void> delete_topic(const std::string& topic);  // kafka_topic_missing; tests and runbook
  [[nodiscard]] Result<void> delete_records(const std::string& topic, Offset below);
  [[nodiscard]] Result<KafkaTopicState> describe(const std::string& topic);  // kafka_topic_missing
  [[nodiscard]] Result<void> grant(std::span<const KafkaRight> rights);
  // Rights on this topic, prefixes and wildcards that cover it included; nullopt: the cluster has no authorizer.
  [[nodiscard]] Result<std::optional<std::vector<KafkaRight>>> rights(const std::string& topic);
  // Principals that may use some transactional id; nullopt: the cluster has no authorizer.
  [[nodiscard]] Result<std::optional<std::vector<std::string>>> transactional_principals();
  [[nodiscard]] Result<std::string> cluster_id();
  [[nodiscard]] Result<unsigned> brokers();

 private:
  struct Impl;
  explicit KafkaAdmin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::string kafka_library();  // librdkafka and its version

}  // namespace jangbu
