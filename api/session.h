// Session: one connection, one request at a time; and Worker, the I/O thread that it lives on. For server.cc alone.
//
// Phases: idle -> head -> body -> handling -> answering -> idle (or lingering -> closed). A pipelined request waits in
// the buffer until the one before it is answered. Deadlines are looked at by the worker's sweep, not by a timer each:
// what they guard against is seconds long.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/http.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/wire.h"

namespace jangbu::api {

class Session;

// What all workers of a server share.
struct Shared {
  ServerOptions options;
  const Routes& routes;
  const Clock& clock;
  Server::Observer observer;
  std::atomic<std::uint64_t> open{0}, total{0}, refused{0}, time_outs{0}, malformed{0};
};

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(std::shared_ptr<Shared> shared, std::size_t number);

  // The I/O thread.
  void run();
  void begin_stop();
  void join(Session& session);
  void leave(Session& session);
  [[nodiscard]] std::string_view date();
  [[nodiscard]] std::uint64_t next_span();
  [[nodiscard]] std::chrono::steady_clock::time_point now() const { return shared->clock.steady(); }

  void after(std::chrono::milliseconds delay, std::function<void()> task);

  // Any thread. Many tasks posted together wake the I/O thread once. Once run() has returned, the task is dropped:
  // false.
  bool post(std::function<void()> task);

  const std::shared_ptr<Shared> shared;
  const std::size_t number;
  boost::asio::io_context io{1};
  bool stopping = false;

 private:
  void sweep();
  void drain_mail();
  void run_delayed();

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::steady_timer sweep_timer_;
  std::chrono::milliseconds sweep_every_;
  std::chrono::steady_clock::time_point cut_at_{};
  std::vector<Session*> sessions_;
  // One timer for all, so that the end of the server drops them all.
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> delayed_;
  boost::asio::steady_timer delayed_timer_;
  std::int64_t date_second_ = -1;
  std::string date_;
  std::uint64_t span_;

  std::mutex mail_mutex_;  // guards the two below
  std::vector<std::function<void()>> mail_;
  bool mail_closed_ = false;
};

class Session final : public Exchange, public std::enable_shared_from_this<Session> {
 public:
  [[nodiscard]] static std::shared_ptr<Session> make(const std::shared_ptr<Worker>& worker,
                                                     boost::asio::ip::tcp::socket socket);
  ~Session() override;

  void start();
  // From the worker's sweep.
  void check_deadlines(std::chrono::steady_clock::time_point now);
  void drain();
  void cut();

  // Exchange.
  [[nodiscard]] Request& request() override { return request_; }
  [[nodiscard]] std::size_t worker() const override { return worker_->number; }
  void respond(Response response) override;
  void read_body(std::function<void(BodyPiece)> piece) override;
  void post(std::function<void()> task) override { (void)worker_->post(std::move(task)); }
  void after(std::chrono::milliseconds delay, std::function<void()> task) override {
    worker_->after(delay, std::move(task));
  }
  [[nodiscard]] bool closed() const { return phase_ == Phase::closed; }

  std::size_t place = 0;  // in the worker's list

 private:
  enum class Phase : std::uint8_t { idle, head, body, handling, answering, lingering, closed };
  using Deadline = std::chrono::steady_clock::time_point;

  Session(std::shared_ptr<Worker> worker, boost::asio::ip::tcp::socket socket);
  void read_head();
  void on_head(std::size_t head_bytes);
  void take_body();
  void read_whole_body();
  void handle();
  void refuse(Response response);
  void send(Response response);
  void write(bool then_done, BodyStream::Next next);
  void pump();
  void wake();
  void done();
  void linger();
  void discard();
  [[nodiscard]] std::string_view buffered() const { return {in_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] Deadline in(std::chrono::milliseconds time) const { return worker_->now() + time; }
  [[nodiscard]] const ServerOptions& options() const { return worker_->shared->options; }

  std::shared_ptr<Worker> worker_;  // before the socket, which lives on its io_context
  boost::asio::ip::tcp::socket socket_;
  Phase phase_ = Phase::idle;
  Deadline read_deadline_ = Deadline::max();
  Deadline write_deadline_ = Deadline::max();

  std::vector<char> in_;  // received and not consumed: [begin_, end_)
  std::size_t begin_ = 0, end_ = 0;
  std::size_t scanned_ = 0;

  std::string head_bytes_;  // what request_'s views point into
  Request request_;
  Head head_;
  const Route* route_ = nullptr;
  BodyPlan plan_;
  std::uint64_t body_left_ = 0;  // of the request's body: not yet taken from the connection
  std::vector<char> piece_;      // a streamed body's
  bool reading_ = false;         // a piece is awaited
  std::chrono::steady_clock::time_point began_{};

  Response response_;
  bool keep_alive_ = false;
  bool chunked_ = false;
  std::shared_ptr<Session> parked_;  // this one, while the stream waits to be woken: no operation holds it then
  bool woken_ = false;               // it was, while a write was under way
  std::string out_, made_;
  std::size_t discarded_ = 0;
};

}  // namespace jangbu::api
