// Requests to the route table without a server: an Exchange whose I/O thread is the test's.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/problem.h"
#include "api/routes.h"

namespace jangbu::api::testing {

struct LocalRequest {
  Method method = Method::get;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::size_t piece_bytes = std::size_t{64} << 10;  // how a streamed body comes
};

class LocalExchange final : public Exchange, public std::enable_shared_from_this<LocalExchange> {
 public:
  explicit LocalExchange(LocalRequest request) : sent_(std::move(request)) {
    request_.method = sent_.method;
    request_.target = sent_.target;
    const std::size_t question = sent_.target.find('?');
    request_.path = std::string_view(sent_.target).substr(0, question);
    if (question != std::string::npos) request_.query = std::string_view(sent_.target).substr(question + 1);
    for (const auto& [name, value] : sent_.headers) request_.headers.push_back({name, value});
    request_.content_length = sent_.body.size();
  }

  // As the server does it.
  void dispatch(const Routes& routes) {
    auto match = routes.find(request_.method, request_.path);
    if (!match) return respond(refusal(match.error()));
    request_.captures = std::move(match->captures);
    const BodyPlan plan = match->route->body_plan ? match->route->body_plan(request_)
                                                  : BodyPlan{match->route->body, match->route->body_bytes_max};
    if (plan.mode != BodyMode::streamed) {
      if (sent_.body.size() > plan.bytes_max) return respond(problem(Error{Code::body_too_large, "", "too large"}));
      request_.body = sent_.body;
    }
    match->route->handler(shared_from_this());
  }

  Request& request() override { return request_; }
  [[nodiscard]] std::size_t worker() const override { return 0; }
  void respond(Response response) override {
    if (std::exchange(answered_, true)) return;
    response_ = std::move(response);
    finish_response(request_, 7, response_);
    if (response_.stream) {
      response_.stream->start([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wakes_++;
      });
    }
  }
  void read_body(std::function<void(BodyPiece)> piece) override {
    const std::string_view bytes = std::string_view(sent_.body).substr(taken_, sent_.piece_bytes);
    taken_ += bytes.size();
    post([piece = std::move(piece), bytes, last = taken_ == sent_.body.size()] { piece({bytes, last, false}); });
  }
  void post(std::function<void()> task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  void after(std::chrono::milliseconds delay, std::function<void()> task) override {
    delayed_.emplace_back(delay, std::move(task));
  }

  // Runs what is posted; false: there was nothing.
  bool run() {
    std::deque<std::function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks) task();
    return !tasks.empty();
  }
  // The time of everything that was to happen later has come.
  void pass_time() {
    auto due = std::exchange(delayed_, {});
    for (auto& [delay, task] : due) task();
  }
  // Nothing more will come of it: what waits holds the exchange, and the exchange what waits.
  void end() {
    delayed_.clear();
    const std::lock_guard lock(mutex_);
    tasks_.clear();
    response_.stream.reset();
  }
  // Takes from the stream what it has now; false: it has ended.
  bool drain_stream() {
    while (response_.stream) {
      switch (response_.stream->produce(response_.body)) {
        case BodyStream::Next::more:
          continue;
        case BodyStream::Next::wait:
          return true;
        case BodyStream::Next::end:
        case BodyStream::Next::broken:
          response_.stream.reset();
      }
    }
    return false;
  }

  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] Response& response() { return response_; }

 private:
  LocalRequest sent_;
  Request request_;
  Response response_;
  bool answered_ = false;
  std::size_t taken_ = 0, wakes_ = 0;
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::pair<std::chrono::milliseconds, std::function<void()>>> delayed_;
};

}  // namespace jangbu::api::testing
