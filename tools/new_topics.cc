#include "tools/new_topics.h"

#include <algorithm>

#include "ledger/kafka_record.h"
#include "tools/topic_beginning.h"

namespace jangbu::tools {
namespace {

constexpr unsigned kReplicas = 3;

struct Making {
  const Node& node;
  const NewTopicsOptions& options;
  KafkaAdmin& admin;
  unsigned replicas;
  std::string cluster;

  Result<NewTopic> make(const LedgerId& ledger);
};

Result<NewTopic> Making::make(const LedgerId& ledger) {
  const auto view = node.view(ledger);
  if (!view) return tl::unexpected(view.error());
  const std::string topic = topic_prefix(node.space()) + ledger.text();
  const auto read = is_read_from(*view, options.settings, topic, options.timeout);
  if (!read) return tl::unexpected(read.error());
  Result<TopicBeginning> beginning = TopicBeginning();  // nothing: the ledger is read from there
  if (!*read) {
    beginning = options.coordinator == nullptr
                    ? whole_ledger(*view, *node.authors(ledger))
                    : moved_ledger(*view, node.space(), cluster, *options.coordinator, options.now);
  }
  if (!beginning) return tl::unexpected(beginning.error());
  const auto made = admin.create_topic(topic, replicas, topic_settings(replicas));
  if (!made && made.error().code != Code::already_exists) return tl::unexpected(made.error());
  const auto written = write_beginning(options.settings, topic, *beginning, options.timeout);
  if (!written) return tl::unexpected(written.error());
  NewTopic out{ledger, topic, "was there", *read ? "what it was read from" : beginning->first_type, *written, {}};
  if (*written > 0) out.done = "completed";
  if (made) out.done = "created";
  // Only now may anybody else write.
  const auto rights = admin.rights(topic);
  if (!rights) return tl::unexpected(rights.error());
  if (!*rights) return out;
  const auto wanted = topic_rights(topic, options.who ? options.who(ledger) : TopicPrincipals());
  if (auto granted = admin.grant(wanted); !granted) return tl::unexpected(granted.error());
  out.rights = wanted.size();
  return out;
}

}  // namespace

Result<std::vector<NewTopic>> create_topics(const Node& node, const NewTopicsOptions& options) {
  const auto admin = KafkaAdmin::open(options.settings, options.timeout);
  if (!admin) return tl::unexpected(admin.error());
  const auto brokers = (*admin)->brokers();
  if (!brokers) return tl::unexpected(brokers.error());
  auto cluster = (*admin)->cluster_id();
  if (!cluster) return tl::unexpected(cluster.error());
  const unsigned replicas = options.replicas != 0 ? options.replicas : std::min(kReplicas, *brokers);
  Making making{node, options, **admin, replicas, std::move(*cluster)};
  std::vector<NewTopic> made;
  for (const LedgerId& ledger : options.ledgers) {
    auto one = making.make(ledger);
    if (!one) return tl::unexpected(one.error());
    made.push_back(std::move(*one));
  }
  return made;
}

}  // namespace jangbu::tools
