#include "api/server.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "api/problem.h"
#include "api/session.h"
#include "schemas/invariant.h"

namespace jangbu::api {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds kAcceptPause{100};  // after accept failed: no more file descriptors, usually

std::chrono::milliseconds sweep_interval(const ServerOptions& options) {
  const auto shortest = std::min({options.header_time, options.body_time, options.idle_time, options.write_time,
                                  options.handler_time, options.grace});
  return std::clamp(shortest / 8, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

}  // namespace

Worker::Worker(std::shared_ptr<Shared> shared_state, std::size_t worker_number)
    : shared(std::move(shared_state)),
      number(worker_number),
      guard_(io.get_executor()),
      sweep_timer_(io),
      sweep_every_(sweep_interval(shared->options)),
      delayed_timer_(io),
      span_(static_cast<std::uint64_t>(shared->clock.wall_milliseconds()) + (worker_number << 56)) {}

void Worker::run() {
  sweep();
  io.run();
  std::vector<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mail_mutex_);
    mail_closed_ = true;
    dropped.swap(mail_);
  }
  // What is dropped may hold sessions, and they this worker.
  dropped.clear();
  const auto delayed = std::exchange(delayed_, {});
}

void Worker::after(std::chrono::milliseconds delay, std::function<void()> task) {
  const auto due = std::chrono::steady_clock::now() + delay;
  const auto at = delayed_.emplace(due, std::move(task));
  if (at == delayed_.begin()) run_delayed();
}

void Worker::run_delayed() {
  const auto time = std::chrono::steady_clock::now();
  while (!delayed_.empty() && delayed_.begin()->first <= time) {
    const auto task = delayed_.extract(delayed_.begin());
    task.mapped()();
  }
  if (delayed_.empty()) return;
  delayed_timer_.expires_at(delayed_.begin()->first);
  delayed_timer_.async_wait([this](ErrorCode error) {
    if (!error) run_delayed();
  });
}

void Worker::begin_stop() {
  stopping = true;
  cut_at_ = now() + shared->options.grace;
  const std::vector<Session*> sessions = sessions_;
  for (Session* session : sessions) {
    // Held while it is drained; a session whose last holder is this list is being destroyed already.
    if (const auto alive = session->weak_from_this().lock()) alive->drain();
  }
  sweep();
}

void Worker::sweep() {
  const auto time = now();
  const std::vector<Session*> sessions = sessions_;
  for (Session* session : sessions) {
    const auto alive = session->weak_from_this().lock();
    if (!alive) continue;
    if (stopping && time >= cut_at_) {
      alive->cut();
    } else {
      alive->check_deadlines(time);
    }
  }
  if (stopping && std::all_of(sessions_.begin(), sessions_.end(), [](const Session* one) { return one->closed(); })) {
    guard_.reset();
    sweep_timer_.cancel();
    delayed_timer_.cancel();
    return;
  }
  sweep_timer_.expires_after(sweep_every_);
  sweep_timer_.async_wait([this](ErrorCode error) {
    if (!error) sweep();
  });
}

void Worker::join(Session& session) {
  session.place = sessions_.size();
  sessions_.push_back(&session);
  ++shared->open;
}

void Worker::leave(Session& session) {
  sessions_[session.place] = sessions_.back();
  sessions_[session.place]->place = session.place;
  sessions_.pop_back();
  --shared->open;
}

std::string_view Worker::date() {
  const std::int64_t wall_ms = shared->clock.wall_milliseconds();
  if (wall_ms / 1000 != date_second_) {
    date_second_ = wall_ms / 1000;
    date_ = http_date(wall_ms);
  }
  return date_;
}

// Span ids only have to differ from one another: splitmix64 over a counter.
std::uint64_t Worker::next_span() {
  std::uint64_t z = span_ += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

bool Worker::post(std::function<void()> task) {
  bool first = false;
  {
    const std::lock_guard lock(mail_mutex_);
    if (mail_closed_) return false;
    first = mail_.empty();
    mail_.push_back(std::move(task));
  }
  if (first) asio::post(io, [this] { drain_mail(); });
  return true;
}

void Worker::drain_mail() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mail_mutex_);
    tasks.swap(mail_);
  }
  for (const auto& task : tasks) task();
}

struct Server::Impl {
  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Worker>> workers;
  std::unique_ptr<Tcp::acceptor> acceptor;  // on worker 0
  std::unique_ptr<asio::steady_timer> pause;
  Tcp::endpoint endpoint;
  std::size_t next_worker = 0;
  bool stopping = false;  // worker 0's

  void accept() {
    Worker& worker = *workers[next_worker];
    next_worker = (next_worker + 1) % workers.size();
    acceptor->async_accept(worker.io, [this, &worker](ErrorCode error, Tcp::socket socket) {
      if (stopping) return;
      if (error) {
        pause->expires_after(kAcceptPause);
        pause->async_wait([this](ErrorCode) {
          if (!stopping) accept();
        });
        return;
      }
      ++shared->total;
      if (shared->open >= shared->options.connections_max) {
        turn_away(socket);
      } else {
        worker.post([holder = std::make_shared<Tcp::socket>(std::move(socket)), &worker] {
          if (worker.stopping) return;
          Session::make(worker.shared_from_this(), std::move(*holder))->start();
        });
      }
      accept();
    });
  }

  // One attempt at telling it why; it is closed either way.
  void turn_away(Tcp::socket& socket) {
    ++shared->refused;
    ErrorCode ignored;
    socket.non_blocking(true, ignored);
    Response busy = problem(Error{Code::queue_full, "", "the server has as many connections as it takes"});
    std::string bytes;
    append_head(busy, Framing::length, busy.body.size(), false, http_date(shared->clock.wall_milliseconds()), bytes);
    bytes += busy.body;
    socket.write_some(asio::buffer(bytes), ignored);
    socket.shutdown(Tcp::socket::shutdown_both, ignored);
    socket.close(ignored);
  }
};

Result<std::unique_ptr<Server>> Server::listen(const ServerOptions& options, const Routes& routes, const Clock& clock,
                                               Observer observer) {
  ErrorCode error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error || !address.is_loopback()) {
    return fail(Code::bad_usage, options.address,
                "this version has no authentication, so it listens on loopback only: 127.0.0.1 or ::1");
  }
  auto impl = std::make_unique<Impl>();
  impl->shared.reset(new Shared{.options = options, .routes = routes, .clock = clock, .observer = std::move(observer)});
  for (std::size_t i = 0; i < std::max<std::size_t>(options.workers, 1); ++i) {
    impl->workers.push_back(std::make_shared<Worker>(impl->shared, i));
  }
  impl->pause = std::make_unique<asio::steady_timer>(impl->workers[0]->io);
  impl->acceptor = std::make_unique<Tcp::acceptor>(impl->workers[0]->io);
  const Tcp::endpoint wanted(address, options.port);
  Tcp::acceptor& acceptor = *impl->acceptor;
  const auto failed = [&](std::string_view what) {
    return fail(Code::io, options.address + ":" + std::to_string(options.port),
                std::string(what) + ": " + error.message());
  };
  if (acceptor.open(wanted.protocol(), error)) return failed("cannot open a socket");
  if (acceptor.set_option(Tcp::acceptor::reuse_address(true), error)) return failed("cannot set an option");
  if (acceptor.bind(wanted, error)) return failed("cannot bind");
  if (acceptor.listen(asio::socket_base::max_listen_connections, error)) return failed("cannot listen");
  impl->endpoint = acceptor.local_endpoint(error);
  if (error) return failed("cannot read the address");
  impl->accept();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->endpoint.port(); }

std::string Server::url() const {
  const bool v6 = impl_->endpoint.address().is_v6();
  const std::string host = impl_->endpoint.address().to_string();
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

std::size_t Server::workers() const { return impl_->workers.size(); }

void Server::run(std::size_t worker) { impl_->workers[worker]->run(); }

void Server::stop() {
  impl_->workers[0]->post([impl = impl_.get()] {
    if (impl->stopping) return;
    impl->stopping = true;
    ErrorCode ignored;
    impl->acceptor->close(ignored);
    impl->pause->cancel();
  });
  for (const auto& worker : impl_->workers) {
    worker->post([raw = worker.get()] {
      if (!raw->stopping) raw->begin_stop();
    });
  }
}

Server::Counters Server::counters() const {
  const Shared& shared = *impl_->shared;
  return {shared.open, shared.total, shared.refused, shared.time_outs, shared.malformed};
}

}  // namespace jangbu::api
