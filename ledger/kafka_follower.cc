#include "ledger/kafka_follower.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "ledger/kafka_record.h"

namespace jangbu {
namespace {

// How many records one step hands on at most, so that what was looked at is never long in being taken over.
constexpr std::size_t kStepRecords = 4096;

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

KafkaFollower::KafkaFollower(Node& node, KafkaReader& reader, KafkaReader& looker, KafkaOrder* order,
                             const Clock& clock, KafkaFollowerOptions options)
    : node_(node),
      reader_(reader),
      looker_(node, looker, options.looker),
      order_(order),
      clock_(clock),
      options_(std::move(options)),
      prefix_(topic_prefix(node.space())) {
  follow_new();
}

KafkaFollower::~KafkaFollower() = default;

// Those of the node's ledgers that are not followed yet: at the start, and when the node has taken one up.
void KafkaFollower::follow_new() {
  for (const LedgerId& ledger : node_.ledgers()) {
    if (by_topic_.contains(prefix_ + ledger.text())) continue;
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

Result<std::size_t> KafkaFollower::step(std::chrono::milliseconds wait) {
  std::vector<KafkaLook> looks;
  {
    const std::lock_guard lock(mutex_);
    looks.swap(looks_);
  }
  for (KafkaLook& look : looks) take_over(std::move(look));
  if (!looks.empty()) follow_new();  // a look takes ledgers up
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

// Works on states(), as the last step has left them: what step() does meanwhile only moves a ledger forward.
void KafkaFollower::look() {
  const auto cluster = looker_.look_at_cluster();
  std::map<std::string, State> states;
  {
    const std::lock_guard lock(mutex_);
    connected_ = cluster.has_value();
    states = states_;
  }
  std::vector<KafkaLook> found;
  for (const auto& [topic, state] : states) {
    if (!cluster) {
      KafkaLook look;
      look.topic = topic;
      look.beginning = !state.followed;
      look.waits = cluster.error();
      found.push_back(std::move(look));
    } else if (state.followed) {
      found.push_back(looker_.look_again(state.ledger, topic, state.generation, state.next));
    } else if (!node_.ledger_stopped(state.ledger)) {
      found.push_back(looker_.look_to_begin(state.ledger, topic));
    }
  }
  const bool all_here =
      cluster && std::all_of(states.begin(), states.end(), [](const auto& each) { return each.second.followed; }) &&
      std::none_of(found.begin(), found.end(), [](const KafkaLook& look) { return look.stops || look.waits; });
  if (all_here) looker_.all_are_here();
  if (cluster && options_.ledgers.empty()) look_for_new();
  const std::lock_guard lock(mutex_);
  for (KafkaLook& look : found) looks_.push_back(std::move(look));
}

void KafkaFollower::look_for_new() {
  auto found = looker_.look_for_new(prefix_);
  if (!found) return;  // the broker: the next look says so
  std::map<std::string, Error> strangers;
  for (KafkaLooker::NewTopic& topic : *found) {
    Result<void> taken;
    if (!topic.begins) {
      taken = tl::unexpected(topic.begins.error());
    } else if (topic.begins->space != node_.space()) {
      taken = fail(Code::bad_entry, topic.topic, "it begins a ledger of space " + topic.begins->space);
    } else {
      taken = node_.take_up(topic.begins->pin, topic.begins->coordinator_key);
    }
    if (!taken) strangers.emplace(std::move(topic.topic), taken.error());
  }
  const std::lock_guard lock(mutex_);
  strangers_ = std::move(strangers);
}

void KafkaFollower::take_over(KafkaLook look) {
  const auto found = by_topic_.find(look.topic);
  if (found == by_topic_.end()) return;
  Following& following = *found->second;
  if (look.beginning == following.followed) return;  // it was stopped, or begun, since
  if (look.stops) return stop(following, *look.stops);
  if (look.marks) following.high = look.marks->high;
  if (look.waits) {
    following.trouble = std::move(look.waits);
    return note(following);
  }
  if (look.beginning) return begin(following, look);
  if (look.marks->low > following.next) {
    return stop(following, Error{Code::kafka_position, following.topic,
                                 "records up to offset " + std::to_string(look.marks->low.value()) +
                                     " are deleted, and the ledger needs " + std::to_string(following.next.value())});
  }
  if (look.marks->high <= following.next && !following.held) following.complete_ms = clock_.wall_milliseconds();
  if (following.trouble && following.trouble->code != Code::kafka_transaction) following.trouble.reset();
  note_transaction(following, *look.marks);
  note(following);
}

void KafkaFollower::begin(Following& following, const KafkaLook& look) {
  if (look.marks->low > look.from.offset) {
    return stop(following, Error{Code::kafka_position, following.topic,
                                 "records up to offset " + std::to_string(look.marks->low.value()) +
                                     " are deleted, and the ledger needs " + std::to_string(look.from.offset.value())});
  }
  following.generation = look.from.generation;
  following.next = look.from.offset;
  following.complete_ms = look.from.timestamp_ms;
  if (const auto assigned = reader_.assign(following.topic, following.next); !assigned) {
    following.trouble = assigned.error();
    return note(following);
  }
  if (order_ != nullptr) order_->follows(following.ledger, following.generation);
  following.followed = true;
  following.trouble.reset();
  note(following);
}

// Nobody should write in transactions. One that was left open holds up all that comes behind it: seen at two looks at
// the same place, it is named. It ends by itself, or by its operator; nothing is read past it.
void KafkaFollower::note_transaction(Following& following, const KafkaWatermarks& marks) {
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

std::map<std::string, Error> KafkaFollower::strangers() const {
  const std::lock_guard lock(mutex_);
  return strangers_;
}

bool KafkaFollower::connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

}  // namespace jangbu
