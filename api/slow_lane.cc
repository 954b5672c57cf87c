#include "api/slow_lane.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/problem.h"
#include "api/routes.h"

namespace jangbu::api {
namespace {

// A request that outlives its connection's buffers.
class KeptRequest {
 public:
  explicit KeptRequest(const Request& from) : target_(from.target) {
    request_.method = from.method;
    request_.captures = from.captures;
    request_.target = target_;
    const std::size_t question = target_.find('?');
    request_.path = std::string_view(target_).substr(0, question);
    if (question != std::string::npos) request_.query = std::string_view(target_).substr(question + 1);
    fields_.reserve(from.headers.size() * 2);  // so that the views stay valid
    for (const HeaderField& field : from.headers) {
      fields_.emplace_back(field.name);
      fields_.emplace_back(field.value);
      request_.headers.push_back({fields_[fields_.size() - 2], fields_.back()});
    }
  }
  KeptRequest(const KeptRequest&) = delete;
  KeptRequest& operator=(const KeptRequest&) = delete;

  [[nodiscard]] const Request& request() const { return request_; }

 private:
  std::string target_;
  std::vector<std::string> fields_;
  Request request_;
};

}  // namespace

bool SlowLane::push(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= waiting_max_) return false;
  waiting_.push_back(std::move(work));
  changed_.notify_one();
  return true;
}

void SlowLane::run(const std::stop_token& stop) {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) break;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
  std::deque<std::function<void()>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(waiting_);
}

Handler in_slow_lane(SlowLane* lane, std::function<Response(const Request&)> answer) {
  if (lane == nullptr) return at_once(std::move(answer));
  return [lane, answer = std::move(answer)](const ExchangePtr& exchange) {
    const auto kept = std::make_shared<const KeptRequest>(exchange->request());
    const bool queued = lane->push([exchange, kept, answer] {
      const auto response = std::make_shared<Response>(answer(kept->request()));
      exchange->post([exchange, response] { exchange->respond(std::move(*response)); });
    });
    if (!queued) exchange->respond(problem(Error{Code::queue_full, "", "too many long answers are being made"}));
  };
}

}  // namespace jangbu::api
