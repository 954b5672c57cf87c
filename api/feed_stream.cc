#include "api/feed_stream.h"

#include "api/entry_json.h"

namespace jangbu::api {
namespace {

constexpr std::size_t kEntriesAtOnce = 256;
constexpr std::chrono::milliseconds kHeartbeat{15'000};  // so that a peer that has gone is noticed, and proxies stay

class FeedStream final : public BodyStream {
 public:
  FeedStream(const Node& node, CommitWaiters& waiters, ExchangePtr exchange, FeedRequest request)
      : node_(node), waiters_(waiters), exchange_(std::move(exchange)), request_(std::move(request)) {}

  void start(std::function<void()> wake) override {
    wake_ = std::move(wake);
    if (request_.server_sent_events) {
      preamble_ = "retry: 1000\n\n";
      if (request_.follow) beat_later();
    }
  }

  Next produce(std::string& out) override {
    out += std::exchange(preamble_, {});
    // Registered before it looks, so that a commit in between is not missed.
    if (request_.follow && !waiting_) {
      waiting_ = std::make_shared<bool>(true);
      waiters_.wait(exchange_, [waiting = waiting_, wake = wake_] {
        *waiting = false;
        wake();
      });
    } else if (request_.follow && !*waiting_) {
      waiting_.reset();
      return produce(out);
    }
    const auto view = node_.view(request_.ledger);
    if (!view) return Next::broken;
    TreeSize end = view->size();
    if (request_.end && *request_.end < end) end = *request_.end;
    if (request_.from.value() >= end.value()) {
      if (closing_ || !request_.follow || request_.end == end) return Next::end;
      if (out.empty() && std::exchange(beat_due_, false)) out += ":\n\n";
      return Next::wait;
    }
    beat_due_ = false;
    if (closing_ && request_.follow) return Next::end;
    const std::size_t count = std::min<std::size_t>(kEntriesAtOnce, end.value() - request_.from.value());
    const auto entries = view->read(request_.from, count, kStreamPieceBytes);
    if (!entries || entries->empty()) return Next::broken;
    for (const StoredEntry& entry : *entries) {
      if (request_.server_sent_events) {
        out += "id: " + std::to_string(entry.entry.sequence.value()) + "\nevent: entry\ndata: ";
      }
      append_entry(request_.ledger, entry, request_.with_bytes, out);
      out += request_.server_sent_events ? "\n\n" : "\n";
    }
    request_.from = next(entries->back().entry.sequence);
    return Next::more;
  }

  void close() override { closing_ = true; }

 private:
  void beat_later() {
    exchange_->after(kHeartbeat, [exchange = std::weak_ptr(exchange_), alive = std::weak_ptr(alive_), this] {
      const auto here = exchange.lock();
      if (!here || alive.expired()) return;
      beat_due_ = true;
      wake_();
      if (!alive.expired()) beat_later();
    });
  }

  const Node& node_;
  CommitWaiters& waiters_;
  ExchangePtr exchange_;  // the server lets go of the stream once the connection ends
  FeedRequest request_;
  std::function<void()> wake_;
  std::string preamble_;
  std::shared_ptr<bool> waiting_;  // for a commit; false: it came
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  bool closing_ = false, beat_due_ = false;
};

}  // namespace

CommitWaiters::CommitWaiters(Node& node)
    : registration_(node.on_commit([state = state_](CommitNumber) {
        std::vector<State::Waiter> waiters;
        {
          const std::lock_guard lock(state->mutex);
          waiters.swap(state->waiters);
        }
        for (State::Waiter& waiter : waiters) {
          if (const auto exchange = waiter.exchange.lock()) exchange->post(std::move(waiter.wake));
        }
      })) {}

void CommitWaiters::wait(std::weak_ptr<Exchange> exchange, std::function<void()> wake) {
  const std::lock_guard lock(state_->mutex);
  state_->waiters.push_back({std::move(exchange), std::move(wake)});
}

std::unique_ptr<BodyStream> feed_stream(const Node& node, CommitWaiters& waiters, ExchangePtr exchange,
                                        FeedRequest request) {
  return std::make_unique<FeedStream>(node, waiters, std::move(exchange), std::move(request));
}

}  // namespace jangbu::api
