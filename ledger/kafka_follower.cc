#include "ledger/kafka_follower.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "ledger/kafka_record.h"
#include "ledger/rejected.h"
#include "schemas/event.h"

namespace jangbu {
namespace {

// How many records one step hands on at most, so that looking at the topics is never long in coming.
constexpr std::size_t kStepRecords = 4096;

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

}  // namespace

struct KafkaFollower::Following {
  Following(LedgerId id, std::string its_topic) : ledger(std::move(id)), topic(std::move(its_topic)) {}
  LedgerId ledger;
  std::string topic;
  bool followed = false;
  Generation generation;
  Offset next;
  std::optional<Offset> high;
  std::optional<Error> trouble;
  std::int64_t complete_ms = 0;    // see State
  std::optional<Offset> held_at;   // the last look found an open transaction here, and all before it read
  std::optional<Submission> held;  // the node's queue was full
  bool told = true;                // states() has what stands here
  // Set by the writer's thread: a record could not become an entry, so nothing after it may.
  std::shared_ptr<std::atomic<bool>> failed = std::make_shared<std::atomic<bool>>(false);
};

KafkaFollower::KafkaFollower(Node& node, KafkaReader& reader, KafkaOrder* order, const Clock& clock,
                             KafkaFollowerOptions options)
    : node_(node),
      reader_(reader),
      order_(order),
      clock_(clock),
      options_(std::move(options)),
      files_(options_.files != nullptr ? *options_.files : Files::machine()),
      prefix_(topic_prefix(node.space())),
      events_(node.types()) {
  for (const LedgerId& ledger : node.ledgers()) {
    if (!options_.ledgers.empty() &&
        std::find(options_.ledgers.begin(), options_.ledgers.end(), ledger) == options_.ledgers.end()) {
      continue;
    }
    auto following = std::make_unique<Following>(ledger, prefix_ + ledger.text());
    note(*following);
    std::string topic = following->topic;
    by_topic_.emplace(std::move(topic), std::move(following));
  }
}

KafkaFollower::~KafkaFollower() = default;

Result<std::size_t> KafkaFollower::step(std::chrono::milliseconds wait) {
  const auto now = clock_.steady();
  if (looked_ == std::chrono::steady_clock::time_point{} || now - looked_ >= options_.look_every) {
    look();
    looked_ = clock_.steady();
  }
  std::size_t taken = 0;
  for (const auto& [topic, following] : by_topic_) {
    if (following->followed && following->failed->load()) {
      stop(*following,
           node_.ledger_stopped(following->ledger).value_or(Error{Code::ledger_stopped, following->ledger.text(), ""}));
    }
    if (!following->held) continue;
    const auto handed = hand_on(*following);
    if (!handed) return tl::unexpected(handed.error());
    if (!*handed) continue;
    ++taken;
    reader_.resume(topic);
  }
  while (taken < kStepRecords) {
    auto polled = reader_.poll(taken == 0 ? wait : std::chrono::milliseconds(0));
    if (!polled) break;
    const auto found = by_topic_.find(polled->topic);
    if (found == by_topic_.end() || !found->second->followed) {
      if (!polled->message && polled->message.error().code == Code::kafka_unreachable) {
        const std::lock_guard lock(mutex_);
        connected_ = false;
      }
      continue;
    }
    Following& following = *found->second;
    if (!polled->message) {
      const Error& error = polled->message.error();
      if (error.code == Code::kafka_position || error.code == Code::kafka_bad_record) {
        stop(following, error);
      } else {
        following.trouble = error;
        note(following);
      }
      continue;
    }
    if (!polled->message->log_append_time) {
      stop(following,
           Error{Code::kafka_timestamps, following.topic, "the topic's message.timestamp.type is not LogAppendTime"});
      continue;
    }
    take(following, *polled->message);
    const auto handed = hand_on(following);
    if (!handed) return tl::unexpected(handed.error());
    if (*handed) {
      ++taken;
    } else {
      reader_.pause(following.topic);
    }
  }
  for (const auto& [topic, following] : by_topic_) {
    if (!following->told) note(*following);
  }
  return taken;
}

void KafkaFollower::take(Following& following, const KafkaMessage& message) {
  TopicRecord record = read_topic_record(message);
  Submission submission{following.ledger, std::move(record.event), std::move(record.signature), false};
  submission.refused = record.refused;
  submission.source = SourcePosition{following.generation, message.offset, message.timestamp_ms};
  following.next = Offset(message.offset.value() + 1);
  following.complete_ms = std::max(following.complete_ms, message.timestamp_ms);
  following.held = std::move(submission);
}

Result<bool> KafkaFollower::hand_on(Following& following) {
  const SourcePosition place = *following.held->source;
  Placed placed = [order = order_, ledger = following.ledger, place,
                   failed = following.failed](Result<Placement> placement) {
    if (!placement) failed->store(true);
    if (order != nullptr) order->placed(ledger, place, std::move(placement));
  };
  // A copy: a record that the node does not take now is handed on again later.
  auto queued = node_.submit(*following.held, std::move(placed));
  if (queued) {
    following.held.reset();
    following.trouble.reset();
    following.told = false;  // once a step is enough
    return true;
  }
  if (queued.error().code == Code::queue_full) return false;
  if (queued.error().code == Code::ledger_stopped) {
    stop(following, queued.error());
    return false;
  }
  return tl::unexpected(queued.error());
}

// Whatever happens to one topic, the others are looked at too.
void KafkaFollower::look() {
  const auto cluster = look_at_cluster();
  {
    const std::lock_guard lock(mutex_);
    connected_ = cluster.has_value();
  }
  for (const auto& [topic, following] : by_topic_) {
    if (!cluster) {
      following->trouble = cluster.error();
      note(*following);
    } else if (!following->followed) {
      if (!node_.ledger_stopped(following->ledger)) begin(*following);
    } else if (const auto right = check(*following); !right) {
      if (right.error().code == Code::kafka_unreachable) {
        following->trouble = right.error();
        note(*following);
      } else {
        stop(*following, right.error());
      }
    }
  }
  if (!cluster || !other_cluster_) return;
  // Every ledger has moved here: this is their cluster now.
  if (std::all_of(by_topic_.begin(), by_topic_.end(), [](const auto& each) { return each.second->followed; })) {
    if (write_cluster(files_, options_.cluster_file, cluster_)) other_cluster_ = false;
  }
}

Result<void> KafkaFollower::look_at_cluster() {
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

bool KafkaFollower::has_moved(Following& following, const KafkaMessage& first) {
  const TopicRecord record = read_topic_record(first);
  const auto event = events_.read(record.event);
  if (!event || event->type->name != "ledger.moved") return false;
  const auto generation = integer(event->data, "generation");
  if (text(event->data, "cluster") != cluster_ || !generation ||
      *generation != static_cast<std::int64_t>(following.generation.value()) + 1) {
    return false;
  }
  following.generation = Generation(static_cast<std::uint64_t>(*generation));
  following.next = first.offset;
  return true;
}

// Where the ledger goes on: behind its last entry; a new one at the topic's first record; one that has moved there at
// the record that says so.
void KafkaFollower::begin(Following& following) {
  const auto known = last_known(node_, following.ledger);
  if (!known) return stop(following, known.error());
  const auto marks = reader_.watermarks(following.topic, options_.call_timeout);
  const auto wait_for = [&](const Error& why) {
    following.trouble = why;
    note(following);
  };
  if (!marks) return wait_for(marks.error());
  following.high = marks->high;
  if (!*known) {
    following.generation = Generation(1);
    following.next = Offset(0);
    if (marks->low.value() > 0) {
      return stop(following, Error{Code::kafka_position, following.topic,
                                   "its first records are deleted: take the ledger from a node that has it"});
    }
  } else {
    following.generation = (*known)->generation;
    following.complete_ms = (*known)->timestamp_ms;
    following.next = Offset((*known)->offset.value() + 1);
    const auto first = reader_.read_at(following.topic, marks->low, options_.call_timeout);
    if (!first) return wait_for(first.error());
    if (*first && has_moved(following, **first)) {
      // Its place and its signature are for the ledger to judge.
    } else if (other_cluster_) {
      return stop(following, Error{Code::kafka_other_cluster, following.topic,
                                   "this is cluster " + cluster_ + ", and the topic does not begin with ledger.moved"});
    } else if (following.generation.value() == 0) {
      return wait_for(Error{Code::kafka_position, following.topic,
                            "the ledger has entries that no topic gave: it has to be moved there (ledger.moved)"});
    } else if (const auto right = check(following); !right) {
      if (right.error().code == Code::kafka_unreachable) return wait_for(right.error());
      return stop(following, right.error());
    }
  }
  if (const auto assigned = reader_.assign(following.topic, following.next); !assigned) {
    return wait_for(assigned.error());
  }
  if (order_ != nullptr) order_->follows(following.ledger, following.generation);
  following.followed = true;
  following.trouble.reset();
  note(following);
}

// Nobody should write in transactions. One that was left open holds up all that comes behind it: seen at two looks at
// the same place, it is named. It ends by itself, or by its operator; nothing is read past it.
void KafkaFollower::look_for_transaction(Following& following, const KafkaWatermarks& marks) {
  const bool held = marks.stable < marks.high && !(following.next < marks.stable);
  if (held && following.held_at == marks.stable) {
    following.trouble = Error{Code::kafka_transaction, following.topic,
                              "a transaction is open at offset " + std::to_string(marks.stable.value()) +
                                  ", and nothing behind it is given to anybody"};
  } else if (!held && following.trouble && following.trouble->code == Code::kafka_transaction) {
    following.trouble.reset();
  }
  following.held_at = held ? std::optional(marks.stable) : std::nullopt;
}

// Is the topic still the one that the last entry came from?
Result<void> KafkaFollower::check(Following& following) {
  const auto marks = reader_.watermarks(following.topic, options_.call_timeout);
  if (!marks) return tl::unexpected(marks.error());
  following.high = marks->high;
  if (marks->high == following.next && !following.held) following.complete_ms = clock_.wall_milliseconds();
  look_for_transaction(following, *marks);
  note(following);
  if (marks->high < following.next) {
    return fail(Code::kafka_position, following.topic,
                "it ends at offset " + std::to_string(marks->high.value()) + ", and the ledger has read up to " +
                    std::to_string(following.next.value()));
  }
  if (marks->low > following.next) {
    return fail(Code::kafka_position, following.topic,
                "records up to offset " + std::to_string(marks->low.value()) + " are deleted, and the ledger needs " +
                    std::to_string(following.next.value()));
  }
  const auto known = last_known(node_, following.ledger);
  if (!known) return tl::unexpected(known.error());
  if (!*known || (*known)->generation != following.generation) return {};
  if (marks->low > (*known)->offset) return {};  // expired: nothing to compare
  const auto read = reader_.read_at(following.topic, (*known)->offset, options_.call_timeout);
  if (!read) return tl::unexpected(read.error());
  const std::string where = following.topic + " at offset " + std::to_string((*known)->offset.value());
  if (!*read) return fail(Code::kafka_other_record, where, "there is no record any more");
  if ((*read)->timestamp_ms != (*known)->timestamp_ms) {
    return fail(Code::kafka_other_record, where, "the record has another time than the one that was ledgered");
  }
  if ((*known)->digest && sha256(read_topic_record(**read).event) != *(*known)->digest) {
    return fail(Code::kafka_other_record, where, "the record has other bytes than the one that was ledgered");
  }
  return {};
}

void KafkaFollower::stop(Following& following, const Error& why) {
  if (following.followed) reader_.remove(following.topic);
  following.followed = false;
  following.held.reset();
  following.trouble = why;
  node_.stop_ledger(following.ledger, why);
  if (order_ != nullptr) order_->lost(following.ledger, why);
  note(following);
}

void KafkaFollower::note(Following& following) {
  following.told = true;
  const std::lock_guard lock(mutex_);
  states_.insert_or_assign(
      following.topic, State{following.ledger, following.followed, following.generation, following.next, following.high,
                             following.trouble, following.complete_ms});
}

std::optional<std::uint64_t> KafkaFollower::State::lag_records() const {
  if (!high) return std::nullopt;
  return high->value() > next.value() ? high->value() - next.value() : 0;
}

std::optional<std::int64_t> KafkaFollower::State::lag_ms(std::int64_t now_ms) const {
  const auto records = lag_records();
  if (!records) return std::nullopt;
  if (*records == 0) return 0;
  if (complete_ms == 0) return std::nullopt;
  return std::max<std::int64_t>(now_ms - complete_ms, 0);
}

std::vector<KafkaFollower::State> KafkaFollower::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<State> states;
  for (const auto& [topic, state] : states_) states.push_back(state);
  return states;
}

bool KafkaFollower::connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

}  // namespace jangbu
