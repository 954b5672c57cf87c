// SlowLane: where answers that take long are made (a report, a life line), so that the connections of an I/O thread do
// not wait for one of them. A bounded queue; whoever serves gives it a thread, by run(). Full: queue_full (503).
//
// Threads: push() by the I/O threads, run() by one or more of the server's owner. An answer is made on that thread and
// given on its exchange's own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>

#include "api/http.h"

namespace jangbu::api {

class SlowLane {
 public:
  explicit SlowLane(std::size_t waiting_max = 64) : waiting_max_(waiting_max) {}

  // false: as many are waiting as may.
  [[nodiscard]] bool push(std::function<void()> work);
  // Until `stop`; what waits then is dropped, and its exchanges are answered by the server's own time-out or end.
  void run(const std::stop_token& stop);

 private:
  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> waiting_;
};

// A handler for a route without a body, whose answer is made in the lane; nullptr: at once, on the I/O thread. What
// `answer` sees of the request is a copy, since the connection may be gone before its turn comes.
[[nodiscard]] Handler in_slow_lane(SlowLane* lane, std::function<Response(const Request&)> answer);

}  // namespace jangbu::api
