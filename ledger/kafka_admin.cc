#include <algorithm>
#include <set>
#include <thread>

#include "ledger/kafka.h"
#include "ledger/kafka_library.h"

namespace jangbu {
namespace {

// What Kafka calls a transactional id; this library has no name for it, and reads it as "unknown".
constexpr rd_kafka_ResourceType_t kOtherResource = RD_KAFKA_RESOURCE_UNKNOWN;

struct AdminDestroyer {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_DeleteTopic_t* topic) const { rd_kafka_DeleteTopic_destroy(topic); }
  void operator()(rd_kafka_DeleteRecords_t* records) const { rd_kafka_DeleteRecords_destroy(records); }
  void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
  void operator()(rd_kafka_AclBinding_t* binding) const { rd_kafka_AclBinding_destroy(binding); }
};
template <typename T>
using Owned = std::unique_ptr<T, AdminDestroyer>;

// "alter-configs" and rd_kafka's own ALTER_CONFIGS, both ways.
std::string operation_name(rd_kafka_AclOperation_t operation) {
  std::string name = rd_kafka_AclOperation_name(operation);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
  return name;
}

rd_kafka_AclOperation_t operation_of(std::string_view name) {
  for (int i = RD_KAFKA_ACL_OPERATION_ALL; i < RD_KAFKA_ACL_OPERATION__CNT; ++i) {
    const auto operation = static_cast<rd_kafka_AclOperation_t>(i);
    if (operation_name(operation) == name) return operation;
  }
  return RD_KAFKA_ACL_OPERATION_UNKNOWN;
}

}  // namespace

struct KafkaAdmin::Impl {
  std::unique_ptr<KafkaInstance> instance;
  std::chrono::milliseconds timeout;
  KafkaOwned<rd_kafka_queue_t> answers;
  bool no_authorizer = false;  // what the last answer said

  Owned<rd_kafka_AdminOptions_t> options(rd_kafka_admin_op_t operation) const {
    Owned<rd_kafka_AdminOptions_t> made(rd_kafka_AdminOptions_new(instance->get(), operation));
    char text[256] = {};
    rd_kafka_AdminOptions_set_request_timeout(made.get(), whole_milliseconds(timeout), text, sizeof text);
    // Create and delete: until the controller has done it.
    if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_DELETETOPICS ||
        operation == RD_KAFKA_ADMIN_OP_DELETERECORDS) {
      rd_kafka_AdminOptions_set_operation_timeout(made.get(), whole_milliseconds(timeout), text, sizeof text);
    }
    return made;
  }

  // The answer to what was asked just now.
  Result<Owned<rd_kafka_event_t>> answer(std::string_view where) {
    no_authorizer = false;
    Owned<rd_kafka_event_t> event(
        rd_kafka_queue_poll(answers.get(), whole_milliseconds(timeout + std::chrono::milliseconds(1'000))));
    if (!event) return tl::unexpected(kafka_error(*instance, RD_KAFKA_RESP_ERR__TIMED_OUT, where));
    if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      no_authorizer = code == RD_KAFKA_RESP_ERR_SECURITY_DISABLED;
      const char* text = rd_kafka_event_error_string(event.get());
      Error error = kafka_error(code, where, text == nullptr ? "" : text);
      if (error.code == Code::kafka_unreachable) error = kafka_error(*instance, code, where);
      return tl::unexpected(std::move(error));
    }
    return event;
  }

  static Result<void> of_topics(const rd_kafka_topic_result_t** topics, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto code = rd_kafka_topic_result_error(topics[i]);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      const char* text = rd_kafka_topic_result_error_string(topics[i]);
      return tl::unexpected(kafka_error(code, rd_kafka_topic_result_name(topics[i]), text == nullptr ? "" : text));
    }
    return {};
  }

  Result<KafkaOwned<const rd_kafka_metadata_t>> metadata(rd_kafka_topic_t* topic, std::string_view where) {
    const rd_kafka_metadata_t* raw = nullptr;
    const auto asked = rd_kafka_metadata(instance->get(), 0, topic, &raw, whole_milliseconds(timeout));
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(*instance, asked, where));
    return KafkaOwned<const rd_kafka_metadata_t>(raw);
  }

  // The settings of a topic, or of a broker by its number.
  Result<std::map<std::string, std::string>> settings(rd_kafka_ResourceType_t type, const std::string& name) {
    const Owned<rd_kafka_ConfigResource_t> resource(rd_kafka_ConfigResource_new(type, name.c_str()));
    rd_kafka_ConfigResource_t* resources[] = {resource.get()};
    const auto how = options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(instance->get(), resources, 1, how.get(), answers.get());
    const auto event = answer(name);
    if (!event) return tl::unexpected(event.error());
    std::map<std::string, std::string> found;
    std::size_t count = 0;
    const auto** described =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto code = rd_kafka_ConfigResource_error(described[i]);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(code, name));
      std::size_t entries_count = 0;
      const auto** entries = rd_kafka_ConfigResource_configs(described[i], &entries_count);
      for (std::size_t e = 0; e < entries_count; ++e) {
        const char* value = rd_kafka_ConfigEntry_value(entries[e]);
        if (value != nullptr) found.emplace(rd_kafka_ConfigEntry_name(entries[e]), value);
      }
    }
    return found;
  }

  Result<bool> has_authorizer() {
    const auto cluster = metadata(nullptr, "brokers");
    if (!cluster) return tl::unexpected(cluster.error());
    if ((*cluster)->broker_cnt == 0) return fail(Code::kafka_unreachable, "brokers", "none is known");
    const auto found = settings(RD_KAFKA_RESOURCE_BROKER, std::to_string((*cluster)->brokers[0].id));
    // Who may not look is kept from it by an authorizer.
    if (!found && found.error().code == Code::kafka_unauthorized) return true;
    if (!found) return tl::unexpected(found.error());
    const auto name = found->find("authorizer.class.name");
    return name != found->end() && !name->second.empty();
  }

  // The bindings that a filter finds; nullopt: the cluster has no authorizer.
  Result<std::optional<Owned<rd_kafka_event_t>>> bindings(rd_kafka_ResourceType_t type, const char* name,
                                                          rd_kafka_ResourcePatternType_t pattern) {
    char text[256] = {};
    const Owned<rd_kafka_AclBinding_t> filter(
        rd_kafka_AclBindingFilter_new(type, name, pattern, nullptr, nullptr, RD_KAFKA_ACL_OPERATION_ANY,
                                      RD_KAFKA_ACL_PERMISSION_TYPE_ANY, text, sizeof text));
    const std::string where = name == nullptr ? "rights" : std::string("rights on ") + name;
    if (!filter) return fail(Code::bad_value, where, text);
    const auto how = options(RD_KAFKA_ADMIN_OP_DESCRIBEACLS);
    rd_kafka_DescribeAcls(instance->get(), filter.get(), how.get(), answers.get());
    auto event = answer(where);
    if (event) {
      // A broker that has no authorizer says so, and this version of the library makes an empty answer of it.
      std::size_t count = 0;
      rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event->get()), &count);
      if (count > 0) return std::optional(std::move(*event));
      const auto authorizer = has_authorizer();
      if (!authorizer) return tl::unexpected(authorizer.error());
      if (!*authorizer) return std::optional<Owned<rd_kafka_event_t>>();
      return std::optional(std::move(*event));
    }
    if (no_authorizer) return std::optional<Owned<rd_kafka_event_t>>();
    return tl::unexpected(event.error());
  }
};

KafkaAdmin::KafkaAdmin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaAdmin::~KafkaAdmin() = default;

Result<std::unique_ptr<KafkaAdmin>> KafkaAdmin::open(const KafkaSettings& settings, std::chrono::milliseconds timeout) {
  auto impl = std::make_unique<Impl>();
  auto made = KafkaInstance::open(RD_KAFKA_PRODUCER, settings, {}, {});
  if (!made) return tl::unexpected(made.error());
  impl->instance = std::move(*made);
  impl->timeout = timeout;
  impl->answers.reset(rd_kafka_queue_new(impl->instance->get()));
  return std::unique_ptr<KafkaAdmin>(new KafkaAdmin(std::move(impl)));
}

Result<void> KafkaAdmin::create_topic(const std::string& topic, unsigned replicas,
                                      const std::map<std::string, std::string>& settings) {
  char text[256] = {};
  const Owned<rd_kafka_NewTopic_t> made(
      rd_kafka_NewTopic_new(topic.c_str(), 1, static_cast<int>(replicas), text, sizeof text));
  if (!made) return fail(Code::bad_value, topic, text);
  for (const auto& [name, value] : settings) {
    rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
  }
  rd_kafka_NewTopic_t* topics[] = {made.get()};
  const auto how = impl_->options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_CreateTopics(impl_->instance->get(), topics, 1, how.get(), impl_->answers.get());
  const auto event = impl_->answer(topic);
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  if (auto created = Impl::of_topics(results, count); !created) return created;
  // Which broker answers is the library's choice, so several answers in a row are asked for.
  const auto deadline = std::chrono::steady_clock::now() + impl_->timeout;
  for (int seen = 0; seen < 5;) {
    const auto there = ask_for_topic(impl_->instance->get(), topic, impl_->timeout);
    seen = there == RD_KAFKA_RESP_ERR_NO_ERROR ? seen + 1 : 0;
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(Code::kafka_unreachable, topic, "it was made, and does not show in every broker's answer yet");
    }
    if (seen == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

Result<void> KafkaAdmin::delete_topic(const std::string& topic) {
  const Owned<rd_kafka_DeleteTopic_t> named(rd_kafka_DeleteTopic_new(topic.c_str()));
  rd_kafka_DeleteTopic_t* topics[] = {named.get()};
  const auto how = impl_->options(RD_KAFKA_ADMIN_OP_DELETETOPICS);
  rd_kafka_DeleteTopics(impl_->instance->get(), topics, 1, how.get(), impl_->answers.get());
  const auto event = impl_->answer(topic);
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  return Impl::of_topics(results, count);
}

Result<void> KafkaAdmin::delete_records(const std::string& topic, Offset below) {
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = static_cast<std::int64_t>(below.value());
  const Owned<rd_kafka_DeleteRecords_t> records(rd_kafka_DeleteRecords_new(list.get()));
  rd_kafka_DeleteRecords_t* all[] = {records.get()};
  const auto how = impl_->options(RD_KAFKA_ADMIN_OP_DELETERECORDS);
  rd_kafka_DeleteRecords(impl_->instance->get(), all, 1, how.get(), impl_->answers.get());
  const auto event = impl_->answer(topic);
  if (!event) return tl::unexpected(event.error());
  const auto* done = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  for (int i = 0; i < done->cnt; ++i) {
    const auto code = done->elems[i].err;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(code, topic));
  }
  return {};
}

Result<KafkaTopicState> KafkaAdmin::describe(const std::string& topic) {
  const auto there = ask_for_topic(impl_->instance->get(), topic, impl_->timeout);
  if (there != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error(*impl_->instance, there, topic));
  const KafkaOwned<rd_kafka_topic_t> named(rd_kafka_topic_new(impl_->instance->get(), topic.c_str(), nullptr));
  const auto metadata = impl_->metadata(named.get(), topic);
  if (!metadata) return tl::unexpected(metadata.error());
  KafkaTopicState state;
  for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& found = (*metadata)->topics[i];
    if (topic != found.topic) continue;
    state.partitions = static_cast<unsigned>(found.partition_cnt);
    for (int p = 0; p < found.partition_cnt; ++p) {
      const auto replicas = static_cast<unsigned>(found.partitions[p].replica_cnt);
      state.replicas = p == 0 ? replicas : std::min(state.replicas, replicas);
    }
  }
  auto settings = impl_->settings(RD_KAFKA_RESOURCE_TOPIC, topic);
  if (!settings) return tl::unexpected(settings.error());
  state.settings = std::move(*settings);
  return state;
}

Result<void> KafkaAdmin::grant(std::span<const KafkaRight> rights) {
  std::vector<Owned<rd_kafka_AclBinding_t>> owned;
  std::vector<rd_kafka_AclBinding_t*> bindings;
  for (const KafkaRight& right : rights) {
    const auto operation = operation_of(right.operation);
    char text[256] = {};
    const auto permission = right.allowed ? RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW : RD_KAFKA_ACL_PERMISSION_TYPE_DENY;
    rd_kafka_AclBinding_t* made =
        operation == RD_KAFKA_ACL_OPERATION_UNKNOWN
            ? nullptr
            : rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, right.topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                                      right.principal.c_str(), "*", operation, permission, text, sizeof text);
    if (made == nullptr) return fail(Code::bad_value, right.topic, "no such right: " + right.operation);
    owned.emplace_back(made);
    bindings.push_back(made);
  }
  if (bindings.empty()) return {};
  const auto how = impl_->options(RD_KAFKA_ADMIN_OP_CREATEACLS);
  rd_kafka_CreateAcls(impl_->instance->get(), bindings.data(), bindings.size(), how.get(), impl_->answers.get());
  const auto event = impl_->answer("rights");
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* error = rd_kafka_acl_result_error(results[i]);
    if (error == nullptr) continue;
    return tl::unexpected(kafka_error(rd_kafka_error_code(error), i < rights.size() ? rights[i].topic : "rights",
                                      rd_kafka_error_string(error)));
  }
  return {};
}

Result<std::optional<std::vector<KafkaRight>>> KafkaAdmin::rights(const std::string& topic) {
  const auto found = impl_->bindings(RD_KAFKA_RESOURCE_TOPIC, topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_MATCH);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<std::vector<KafkaRight>>();
  std::size_t count = 0;
  const auto** bindings =
      rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result((*found)->get()), &count);
  std::vector<KafkaRight> rights;
  for (std::size_t i = 0; i < count; ++i) {
    rights.push_back({rd_kafka_AclBinding_principal(bindings[i]), rd_kafka_AclBinding_name(bindings[i]),
                      operation_name(rd_kafka_AclBinding_operation(bindings[i])),
                      rd_kafka_AclBinding_permission_type(bindings[i]) == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW});
  }
  std::sort(rights.begin(), rights.end());
  return std::optional(std::move(rights));
}

Result<std::optional<std::vector<std::string>>> KafkaAdmin::transactional_principals() {
  const auto found = impl_->bindings(RD_KAFKA_RESOURCE_ANY, nullptr, RD_KAFKA_RESOURCE_PATTERN_ANY);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<std::vector<std::string>>();
  std::size_t count = 0;
  const auto** bindings =
      rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result((*found)->get()), &count);
  std::set<std::string> principals;
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_AclBinding_restype(bindings[i]) != kOtherResource) continue;
    if (rd_kafka_AclBinding_permission_type(bindings[i]) != RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW) continue;
    // Of the kinds that read as unknown, only a transactional id can be written.
    const auto operation = rd_kafka_AclBinding_operation(bindings[i]);
    if (operation == RD_KAFKA_ACL_OPERATION_WRITE || operation == RD_KAFKA_ACL_OPERATION_ALL) {
      principals.insert(rd_kafka_AclBinding_principal(bindings[i]));
    }
  }
  return std::optional(std::vector<std::string>(principals.begin(), principals.end()));
}

Result<std::string> KafkaAdmin::cluster_id() { return ask_for_cluster(*impl_->instance, impl_->timeout); }

Result<unsigned> KafkaAdmin::brokers() {
  const auto metadata = impl_->metadata(nullptr, "brokers");
  if (!metadata) return tl::unexpected(metadata.error());
  return static_cast<unsigned>((*metadata)->broker_cnt);
}

}  // namespace jangbu
