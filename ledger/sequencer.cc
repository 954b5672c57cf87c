#include "ledger/sequencer.h"

#include <algorithm>
#include <utility>

#include "ledger/checkpoint.h"

namespace jangbu {
namespace {

// How many records a ledger gives in its turn, so that a flood of one does not hold up the others.
constexpr std::size_t kTurnRecords = 256;

}  // namespace

Sequencer::Sequencer(Store& store, TipFile& tip, Files& files, const Clock& clock,
                     std::shared_ptr<const TypeTable> types, std::vector<Lane> lanes, CommitNumber last,
                     SequencerOptions options, std::function<void(const Released&)> release)
    : store_(store),
      tip_(tip),
      files_(files),
      clock_(clock),
      options_(std::move(options)),
      release_(std::move(release)),
      lanes_(std::move(lanes)),
      screen_(std::move(types)),
      last_(last),
      queues_(lanes_.size()),
      lanes_stopped_(lanes_.size()) {
  for (const Lane& lane : lanes_) heads_.push_back(LedgerHead{lane.state.id(), lane.state.size(), lane.state.root()});
}

Result<void> Sequencer::submit(std::size_t lane, Submission submission, Placed placed) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail(Code::stopped, stopped_->where, "the writer has stopped: " + stopped_->what);
    if (closing_) return fail(Code::shutting_down, "", "the node is shutting down");
    if (lanes_stopped_[lane]) {
      return fail(Code::ledger_stopped, submission.ledger.text(), to_string(*lanes_stopped_[lane]));
    }
    if (!lanes_[lane].log_key && !submission.source) {
      return fail(Code::misdirected, submission.ledger.text(), "this node follows the ledger and signs nothing of it");
    }
    if (disk_low_ && disk_is_low()) {
      return fail(Code::disk_full, options_.directory.string(), "less than the low-water mark is free on the disk");
    }
    disk_low_ = false;
    std::deque<Queued>& queue = queues_[lane];
    if (queue.size() >= options_.queue_records_max) {
      return fail(Code::queue_full, submission.ledger.text(), "more records are waiting than the node takes");
    }
    // The order and the time of a record are given here, at once: neither depends on how commits are cut.
    const std::int64_t received_ms = submission.source ? submission.source->timestamp_ms : clock_.wall_milliseconds();
    queue.push_back(Queued{std::move(submission.event), std::move(submission.signature), submission.screened,
                           submission.type, submission.key, submission.source, submission.refused, received_ms,
                           std::move(placed)});
    ++queued_;
    wake = writer_waits_;
  }
  if (wake) waiting_.notify_one();
  return {};
}

std::vector<Sequencer::Taken> Sequencer::take() {
  std::vector<Taken> taken;
  std::vector<std::size_t> taken_of(lanes_.size(), SIZE_MAX);
  std::size_t records = 0, bytes = 0;
  const std::lock_guard lock(mutex_);
  bool any = true;
  const auto full = [&] { return records >= options_.commit_records_max || bytes >= options_.commit_bytes_max; };
  while (any && !full()) {
    any = false;
    for (std::size_t turn = 0; turn < queues_.size() && !full(); ++turn) {
      const std::size_t lane = (first_lane_ + turn) % queues_.size();
      std::deque<Queued>& queue = queues_[lane];
      if (queue.empty()) continue;
      if (taken_of[lane] == SIZE_MAX) {
        taken_of[lane] = taken.size();
        taken.push_back(Taken{lane, {}});
      }
      std::vector<Queued>& into = taken[taken_of[lane]].records;
      for (std::size_t i = 0; i < kTurnRecords && !queue.empty() && !full(); ++i) {
        bytes += queue.front().event.size();
        ++records;
        into.push_back(std::move(queue.front()));
        queue.pop_front();
      }
      any = any || !queue.empty();
    }
  }
  if (!queues_.empty()) first_lane_ = (first_lane_ + 1) % queues_.size();
  queued_ -= records;
  return taken;
}

Result<void> Sequencer::run(std::stop_token stop_token) {
  const std::stop_callback wake(stop_token, [this] {
    const std::lock_guard lock(mutex_);
    waiting_.notify_all();
  });
  while (true) {
    {
      std::unique_lock lock(mutex_);
      writer_waits_ = true;
      waiting_.wait(
          lock, [&] { return queued_ > 0 || !adopted_.empty() || !joining_.empty() || stop_token.stop_requested(); });
      writer_waits_ = false;
      if (stop_token.stop_requested()) {
        closing_ = true;
        if (queued_ == 0) return {};
      }
    }
    auto committed = commit();
    if (!committed) return tl::unexpected(committed.error());
  }
}

void Sequencer::stop(const Error& error) {
  std::vector<std::deque<Queued>> left(queues_.size());
  {
    const std::lock_guard lock(mutex_);
    stopped_ = error;
    left.swap(queues_);
    queued_ = 0;
  }
  for (std::deque<Queued>& queue : left) {
    for (Queued& queued : queue)
      queued.placed(fail(Code::stopped, error.where, "the writer has stopped: " + error.what));
  }
}

void Sequencer::stop_lane(std::size_t lane, const Error& why) {
  std::deque<Queued> left;
  {
    const std::lock_guard lock(mutex_);
    if (!lanes_stopped_[lane]) lanes_stopped_[lane] = why;
    left.swap(queues_[lane]);
    queued_ -= left.size();
  }
  for (Queued& queued : left) queued.placed(fail(Code::ledger_stopped, why.where, to_string(why)));
}

std::optional<Error> Sequencer::lane_stopped(std::size_t lane) const {
  const std::lock_guard lock(mutex_);
  return lanes_stopped_[lane];
}

Result<void> Sequencer::adopt(std::size_t lane, StoredCheckpoint checkpoint) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail(Code::stopped, stopped_->where, "the writer has stopped: " + stopped_->what);
    if (closing_) return fail(Code::shutting_down, "", "the node is shutting down");
    adopted_.push_back(Adopted{lane, std::move(checkpoint)});
    wake = writer_waits_;
  }
  if (wake) waiting_.notify_one();
  return {};
}

Result<void> Sequencer::join(Lane lane, std::function<void(const Result<void>&)> joined) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail(Code::stopped, stopped_->where, "the writer has stopped: " + stopped_->what);
    if (closing_) return fail(Code::shutting_down, "", "the node is shutting down");
    joining_.push_back(Joining{std::move(lane), std::move(joined)});
    wake = writer_waits_;
  }
  if (wake) waiting_.notify_one();
  return {};
}

Result<void> Sequencer::take_up_joining() {
  std::vector<Joining> joining;
  {
    const std::lock_guard lock(mutex_);
    joining.swap(joining_);
  }
  for (Joining& one : joining) {
    auto added = store_.add_ledger(one.lane.state.id());
    if (added) {
      heads_.push_back(LedgerHead{one.lane.state.id(), one.lane.state.size(), one.lane.state.root()});
      const std::lock_guard lock(mutex_);
      lanes_.push_back(std::move(one.lane));
      queues_.emplace_back();
      lanes_stopped_.emplace_back();
    }
    one.joined(added);
    if (!added) return added;
  }
  return {};
}

Result<void> Sequencer::sign(std::size_t lane) {
  const LedgerState& state = lanes_[lane].state;
  auto note =
      sign_checkpoint(Checkpoint{state.authors()->origin(), state.size(), state.root(), {}}, *lanes_[lane].log_key);
  if (!note) return tl::unexpected(note.error());
  return adopt(lane, StoredCheckpoint{state.size(), std::move(*note)});
}

void Sequencer::close() {
  std::vector<std::deque<Queued>> left(queues_.size());
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    left.swap(queues_);
    queued_ = 0;
  }
  for (std::deque<Queued>& queue : left) {
    for (Queued& queued : queue) queued.placed(fail(Code::shutting_down, "", "the node is shutting down"));
  }
}

std::optional<Error> Sequencer::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

bool Sequencer::disk_is_low() {
  if (options_.disk_low_water_bytes == 0) return false;
  const auto free = files_.free_bytes(options_.directory);
  return free && *free < options_.disk_low_water_bytes;
}

Node::Metrics Sequencer::metrics() const {
  const auto free = files_.free_bytes(options_.directory);
  const std::lock_guard lock(mutex_);
  Node::Metrics metrics = metrics_;
  metrics.queued = queued_;
  metrics.disk_free_bytes = free.value_or(0);
  return metrics;
}

}  // namespace jangbu
