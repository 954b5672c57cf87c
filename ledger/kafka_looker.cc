#include "ledger/kafka_looker.h"

#include <algorithm>
#include <utility>

#include "ledger/kafka_record.h"
#include "ledger/rejected.h"
#include "ledger/screen_digest.h"

namespace jangbu {
namespace {

constexpr std::size_t kClusterBytes = 128;

// One sector, written in place: it is there whole, or not at all.
Result<void> write_cluster(Files& files, const std::filesystem::path& path, std::string cluster) {
  const bool there = files.exists(path);
  const auto file = files.open(path, there ? Files::Mode::read_write : Files::Mode::create);
  if (!file) return tl::unexpected(file.error());
  cluster.resize(kClusterBytes - 1, ' ');
  if (auto written = (*file)->write(0, cluster + "\n"); !written) return written;
  if (auto synced = (*file)->sync(); !synced || there) return synced;
  return files.sync_directory(path.parent_path());
}

// What the last entry says of the record that it was made of.
struct Known {
  Generation generation;
  Offset offset;
  std::int64_t timestamp_ms = 0;
  std::optional<Hash> digest;  // of the event's bytes; none where only an identifier was found
};

Result<std::optional<Known>> last_known(const Node& node, const LedgerId& ledger) {
  const auto view = node.view(ledger);
  if (!view) return std::optional<Known>();  // no genesis yet
  const auto stored = view->entry(last_of(view->size()));
  if (!stored) return tl::unexpected(stored.error());
  const Entry& entry = stored->entry;
  Known known{entry.generation, entry.offset, entry.received_ms, std::nullopt};
  if (entry.kind != EntryKind::rejected) {
    known.digest = sha256(entry.body);
  } else if (const auto rejection = parse_rejection(entry.body)) {
    known.digest = rejection->digest;
  }
  return std::optional(known);
}

Error ends_early(const std::string& topic, const KafkaWatermarks& marks, Offset read) {
  return Error{Code::kafka_position, topic,
               "it ends at offset " + std::to_string(marks.high.value()) + ", and the ledger has read up to " +
                   std::to_string(read.value())};
}

}  // namespace

KafkaLooker::KafkaLooker(Node& node, KafkaReader& reader, KafkaLookerOptions options)
    : node_(node),
      reader_(reader),
      options_(std::move(options)),
      files_(options_.files != nullptr ? *options_.files : Files::machine()),
      events_(node.types()) {}

Result<void> KafkaLooker::look_at_cluster() {
  auto cluster = reader_.cluster_id(options_.call_timeout);
  if (!cluster) return tl::unexpected(cluster.error());
  cluster_ = std::move(*cluster);
  if (!files_.exists(options_.cluster_file)) {
    other_cluster_ = false;
    return write_cluster(files_, options_.cluster_file, cluster_);
  }
  auto file = files_.open(options_.cluster_file, Files::Mode::read);
  if (!file) return tl::unexpected(file.error());
  auto known = (*file)->read(0, kClusterBytes);
  if (!known) return tl::unexpected(known.error());
  known->erase(std::min(known->find(' '), known->size()));
  other_cluster_ = *known != cluster_;
  return {};
}

Result<std::vector<KafkaLooker::NewTopic>> KafkaLooker::look_for_new(std::string_view prefix) {
  const auto topics = reader_.topics(prefix, options_.call_timeout);
  if (!topics) return tl::unexpected(topics.error());
  std::vector<NewTopic> found;
  for (const std::string& topic : *topics) {
    const auto ledger = LedgerId::parse(std::string_view(topic).substr(prefix.size()));
    if (!ledger || node_.has(*ledger)) continue;
    const auto marks = reader_.watermarks(topic, options_.call_timeout);
    if (!marks) {
      found.push_back({topic, tl::unexpected(marks.error())});
      continue;
    }
    if (marks->low.value() > 0) {
      found.push_back({topic, fail(Code::kafka_position, topic,
                                   "its first records are deleted: take the ledger from a node that has it")});
      continue;
    }
    if (marks->high.value() == 0) continue;
    const auto first = reader_.read_at(topic, marks->low, options_.call_timeout);
    if (first && !*first) continue;
    if (screen_digest_.empty()) screen_digest_ = screen_digest(*node_.types());
    found.push_back({topic, first ? read_new_ledger(**first, *ledger, node_.types(), screen_digest_)
                                  : tl::unexpected(first.error())});
  }
  return found;
}

void KafkaLooker::all_are_here() {
  if (other_cluster_ && write_cluster(files_, options_.cluster_file, cluster_)) other_cluster_ = false;
}

bool KafkaLooker::has_moved(const KafkaMessage& first, SourcePosition& from) {
  const TopicRecord record = read_topic_record(first);
  const auto event = events_.read(record.event);
  if (!event || event->type->name != "ledger.moved") return false;
  const auto generation = integer(event->data, "generation");
  if (text(event->data, "cluster") != cluster_ || !generation ||
      *generation != static_cast<std::int64_t>(from.generation.value()) + 1) {
    return false;
  }
  from.generation = Generation(static_cast<std::uint64_t>(*generation));
  from.offset = first.offset;
  return true;
}

KafkaLook KafkaLooker::look_to_begin(const LedgerId& ledger, const std::string& topic) {
  KafkaLook look;
  look.topic = topic;
  look.beginning = true;
  const auto stops = [&look](Error why) {
    look.stops = std::move(why);
    return look;
  };
  const auto waits = [&look](Error why) {
    look.waits = std::move(why);
    return look;
  };
  const auto known = last_known(node_, ledger);
  if (!known) return stops(known.error());
  const auto marks = reader_.watermarks(topic, options_.call_timeout);
  if (!marks) return waits(marks.error());
  look.marks = *marks;
  if (!*known) {
    look.from.generation = Generation(1);
    if (marks->low.value() == 0) return look;
    return stops(
        Error{Code::kafka_position, topic, "its first records are deleted: take the ledger from a node that has it"});
  }
  look.from = {(*known)->generation, Offset((*known)->offset.value() + 1), (*known)->timestamp_ms};
  const auto first = reader_.read_at(topic, marks->low, options_.call_timeout);
  if (!first) return waits(first.error());
  // Its place and its signature are for the ledger to judge.
  if (*first && has_moved(**first, look.from)) return look;
  if (other_cluster_) {
    return stops(Error{Code::kafka_other_cluster, topic,
                       "this is cluster " + cluster_ + ", and the topic does not begin with ledger.moved"});
  }
  if (look.from.generation.value() == 0) {
    return waits(Error{Code::kafka_position, topic,
                       "the ledger has entries that no topic gave: it has to be moved there (ledger.moved)"});
  }
  if (marks->high < look.from.offset) return stops(ends_early(topic, *marks, look.from.offset));
  if (const auto right = compare_last(ledger, topic, look.from.generation, *marks); !right) {
    return right.error().code == Code::kafka_unreachable ? waits(right.error()) : stops(right.error());
  }
  return look;
}

KafkaLook KafkaLooker::look_again(const LedgerId& ledger, const std::string& topic, Generation generation,
                                  Offset next) {
  KafkaLook look;
  look.topic = topic;
  const auto marks = reader_.watermarks(topic, options_.call_timeout);
  Result<void> right;
  if (!marks) {
    right = tl::unexpected(marks.error());
  } else {
    look.marks = *marks;
    if (marks->high < next) {
      look.stops = ends_early(topic, *marks, next);
      return look;
    }
    right = compare_last(ledger, topic, generation, *marks);
  }
  if (!right) (right.error().code == Code::kafka_unreachable ? look.waits : look.stops) = right.error();
  return look;
}

Result<void> KafkaLooker::compare_last(const LedgerId& ledger, const std::string& topic, Generation generation,
                                       const KafkaWatermarks& marks) {
  const auto known = last_known(node_, ledger);
  if (!known) return tl::unexpected(known.error());
  if (!*known || (*known)->generation != generation) return {};
  if (marks.low > (*known)->offset) return {};  // expired: nothing to compare
  const auto read = reader_.read_at(topic, (*known)->offset, options_.call_timeout);
  if (!read) return tl::unexpected(read.error());
  const std::string where = topic + " at offset " + std::to_string((*known)->offset.value());
  if (!*read) {
    const auto now = reader_.watermarks(topic, options_.call_timeout);
    if (!now) return tl::unexpected(now.error());
    if (now->low > (*known)->offset) return {};  // expired meanwhile
    return fail(Code::kafka_other_record, where, "there is no record any more");
  }
  if ((*read)->timestamp_ms != (*known)->timestamp_ms) {
    return fail(Code::kafka_other_record, where, "the record has another time than the one that was ledgered");
  }
  if ((*known)->digest && sha256(read_topic_record(**read).event) != *(*known)->digest) {
    return fail(Code::kafka_other_record, where, "the record has other bytes than the one that was ledgered");
  }
  return {};
}

}  // namespace jangbu
