// Feeds over HTTP: a ledger's entries in order as NDJSON or server-sent events, from any sequence number on; where it
// follows, it waits for more without a thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "api/http.h"
#include "ledger/ledger_id.h"
#include "ledger/node.h"
#include "ledger/numbers.h"

namespace jangbu::api {

// Wakes streams after a commit. Any thread.
class CommitWaiters {
 public:
  explicit CommitWaiters(Node& node);
  // Calls `wake` once, on the exchange's I/O thread, after the next commit.
  void wait(std::weak_ptr<Exchange> exchange, std::function<void()> wake);

 private:
  struct State {
    struct Waiter {
      std::weak_ptr<Exchange> exchange;
      std::function<void()> wake;
    };
    std::mutex mutex;  // guards waiters
    std::vector<Waiter> waiters;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::shared_ptr<void> registration_;
};

struct FeedRequest {
  LedgerId ledger;
  SequenceNumber from;
  std::optional<TreeSize> end;  // not included; absent: all there is, and on from there where `follow`
  bool follow = false;
  bool server_sent_events = false;
  bool with_bytes = false;
};

[[nodiscard]] std::unique_ptr<BodyStream> feed_stream(const Node& node, CommitWaiters& waiters, ExchangePtr exchange,
                                                      FeedRequest request);

}  // namespace jangbu::api
