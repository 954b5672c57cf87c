#include "api/session.h"

#include <algorithm>
#include <boost/asio/write.hpp>

#include "api/problem.h"
#include "schemas/invariant.h"

namespace jangbu::api {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
// After the last answer of a connection: how much is read and thrown away, so that the peer gets to read the answer
// before a reset; and for how long.
constexpr std::size_t kLingerBytesMax = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kLingerTime{2'000};

}  // namespace

Session::Session(std::shared_ptr<Worker> worker, asio::ip::tcp::socket socket)
    : worker_(std::move(worker)), socket_(std::move(socket)), in_(options().header_bytes_max) {
  worker_->join(*this);
}

Session::~Session() { worker_->leave(*this); }

std::shared_ptr<Session> Session::make(const std::shared_ptr<Worker>& worker, asio::ip::tcp::socket socket) {
  return {new Session(worker, std::move(socket)), [worker](Session* session) {
            // A handler's last hold may end on the writer's thread; the socket and the list are the I/O thread's.
            if (worker->io.get_executor().running_in_this_thread() || !worker->post([session] { delete session; })) {
              delete session;
            }
          }};
}

void Session::start() {
  ErrorCode ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);  // a parked stream has no other deadline
  read_deadline_ = in(options().idle_time);
  read_head();
}

void Session::check_deadlines(Deadline now) {
  if (phase_ == Phase::closed || (now < read_deadline_ && now < write_deadline_)) return;
  if (phase_ != Phase::idle && phase_ != Phase::lingering) ++worker_->shared->time_outs;
  if (phase_ == Phase::handling && !reading_) {
    Response late =
        problem(Error{Code::timed_out, "", "the request was not answered in time; it may still take effect"});
    late.close = true;
    respond(std::move(late));
    return;
  }
  cut();
}

void Session::drain() {
  if (phase_ == Phase::idle) {
    cut();
  } else if (response_.stream) {
    response_.stream->close();
    wake();
  }
}

// Pending operations end with an error and let go of the session.
void Session::cut() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  ErrorCode ignored;
  socket_.close(ignored);
  // Neither the stream nor the hold of a parked session may be the last one's while this runs.
  const auto alive = shared_from_this();
  parked_.reset();
  response_.stream.reset();
}

void Session::read_head() {
  for (;;) {
    // A line end too many after a body is an old habit of clients.
    if (scanned_ == 0 && buffered().starts_with("\r\n")) begin_ += 2;
    const auto head_bytes = head_end(buffered(), scanned_);
    if (!head_bytes) {
      ++worker_->shared->malformed;
      return refuse(problem(head_bytes.error()));
    }
    if (*head_bytes > 0) return on_head(*head_bytes);
    if (end_ - begin_ >= options().header_bytes_max) {
      ++worker_->shared->malformed;
      return refuse(
          problem(Error{Code::header_too_large, "",
                        "the header has more than " + std::to_string(options().header_bytes_max) + " bytes"}));
    }
    break;
  }
  if (phase_ == Phase::idle && end_ > begin_) {
    phase_ = Phase::head;
    read_deadline_ = in(options().header_time);
    began_ = worker_->now();
  }
  if (worker_->stopping && phase_ == Phase::idle) return cut();
  if (begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_), in_.begin() + static_cast<std::ptrdiff_t>(end_),
              in_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  socket_.async_read_some(asio::buffer(in_.data() + end_, in_.size() - end_),
                          [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                            if (self->phase_ == Phase::closed) return;
                            if (error) return self->cut();
                            self->end_ += bytes;
                            self->read_head();
                          });
}

void Session::on_head(std::size_t head_bytes) {
  if (phase_ == Phase::idle) began_ = worker_->now();
  phase_ = Phase::body;
  read_deadline_ = in(options().body_time);
  head_bytes_.assign(in_.data() + begin_, head_bytes);
  begin_ += head_bytes;
  scanned_ = 0;
  auto head = parse_head(head_bytes_, request_);
  if (!head) {
    ++worker_->shared->malformed;
    return refuse(problem(head.error()));
  }
  head_ = *head;
  body_left_ = request_.content_length;
  auto match = worker_->shared->routes.find(request_.method, request_.path);
  if (!match) {
    Response response = refusal(match.error());
    if (body_left_ > 0) response.close = true;
    phase_ = Phase::handling;
    return send(std::move(response));
  }
  route_ = match->route;
  request_.captures = std::move(match->captures);
  plan_ = route_->body_plan ? route_->body_plan(request_) : BodyPlan{route_->body, route_->body_bytes_max};
  if (plan_.mode != BodyMode::none && !head_.content_length) {
    return refuse(problem(Error{Code::length_required, "", "no Content-Length"}));
  }
  if (plan_.mode != BodyMode::streamed && body_left_ > plan_.bytes_max) {
    return refuse(problem(
        Error{Code::body_too_large, "", "the body has more than " + std::to_string(plan_.bytes_max) + " bytes"}));
  }
  if (head_.expects_continue && body_left_ > 0 && buffered().empty()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    write_deadline_ = in(options().write_time);
    asio::async_write(socket_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](ErrorCode error, std::size_t) {
                        if (self->phase_ == Phase::closed) return;
                        if (error) return self->cut();
                        self->write_deadline_ = Deadline::max();
                        self->take_body();
                      });
    return;
  }
  take_body();
}

void Session::take_body() {
  if (plan_.mode == BodyMode::streamed) return handle();
  read_whole_body();
}

void Session::read_whole_body() {
  const std::size_t have = std::min<std::size_t>(buffered().size(), body_left_);
  request_.body.append(in_.data() + begin_, have);
  begin_ += have;
  body_left_ -= have;
  if (body_left_ == 0) return handle();
  // Grown as bytes come, so that a claimed length costs nothing.
  const std::size_t at = request_.body.size();
  const std::size_t step = std::min<std::size_t>(body_left_, std::max(kPieceBytes, at));
  request_.body.resize(at + step);
  socket_.async_read_some(asio::buffer(request_.body.data() + at, step),
                          [self = shared_from_this(), at](ErrorCode error, std::size_t bytes) {
                            if (self->phase_ == Phase::closed) return;
                            if (error) return self->cut();
                            self->request_.body.resize(at + bytes);
                            self->body_left_ -= bytes;
                            self->read_whole_body();
                          });
}

void Session::handle() {
  phase_ = Phase::handling;
  read_deadline_ = in(options().handler_time);
  route_->handler(shared_from_this());
}

void Session::read_body(std::function<void(BodyPiece)> piece) {
  if (phase_ == Phase::closed) return piece({{}, false, true});
  if (body_left_ == 0) return piece({{}, true, false});
  if (end_ > begin_) {
    const std::string_view bytes = buffered().substr(0, std::min<std::uint64_t>(body_left_, end_ - begin_));
    begin_ += bytes.size();
    body_left_ -= bytes.size();
    return piece({bytes, body_left_ == 0, false});
  }
  read_deadline_ = in(options().body_time);
  piece_.resize(kPieceBytes);
  reading_ = true;
  socket_.async_read_some(asio::buffer(piece_.data(), std::min<std::uint64_t>(body_left_, piece_.size())),
                          [self = shared_from_this(), piece = std::move(piece)](ErrorCode error, std::size_t bytes) {
                            self->reading_ = false;
                            self->read_deadline_ = Deadline::max();
                            // Who still sends may read later: only one that does neither is too slow.
                            if (self->write_deadline_ != Deadline::max()) {
                              self->write_deadline_ = self->in(self->options().write_time);
                            }
                            if (error || self->phase_ == Phase::closed) {
                              self->cut();
                              return piece({{}, false, true});
                            }
                            self->body_left_ -= bytes;
                            piece({{self->piece_.data(), bytes}, self->body_left_ == 0, false});
                          });
}

void Session::respond(Response response) {
  if (phase_ != Phase::handling) return;  // the connection has gone, or the time was over
  send(std::move(response));
}

// Before a handler was reached: whatever else the peer has sent cannot be trusted to be where it seems.
void Session::refuse(Response response) {
  response.close = true;
  send(std::move(response));
}

void Session::send(Response response) {
  phase_ = Phase::answering;
  read_deadline_ = Deadline::max();
  response_ = std::move(response);
  finish_response(request_, worker_->next_span(), response_);
  const bool head_only = request_.method == Method::head;
  // Parts of a body that nobody will read cannot stay in front of the next request.
  const bool unread = body_left_ > 0 && !(route_ != nullptr && plan_.mode == BodyMode::streamed && response_.stream);
  keep_alive_ = head_.keep_alive && !response_.close && !unread && !worker_->stopping;
  Framing framing = Framing::length;
  if (response_.status == 304 || response_.status == 204) {
    framing = Framing::none;
    response_.stream.reset();
  } else if (response_.stream && head_only) {
    framing = Framing::none;
    response_.stream.reset();
  } else if (response_.stream) {
    framing = head_.http_1_1 ? Framing::chunked : Framing::until_close;
    if (!head_.http_1_1) keep_alive_ = false;
  }
  chunked_ = framing == Framing::chunked;
  if (worker_->shared->observer) {
    worker_->shared->observer(route_, response_.status,
                              std::chrono::duration_cast<std::chrono::microseconds>(worker_->now() - began_));
  }
  out_.clear();
  append_head(response_, framing, response_.body.size(), keep_alive_, worker_->date(), out_);
  if (head_only || framing == Framing::none) response_.body.clear();
  if (response_.stream) {
    response_.stream->start([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake();
    });
    write(false, BodyStream::Next::more);
  } else {
    write(true, BodyStream::Next::end);
  }
}

void Session::write(bool then_done, BodyStream::Next next) {
  write_deadline_ = in(options().write_time);
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(out_), asio::buffer(response_.body)};
  asio::async_write(socket_, buffers, [self = shared_from_this(), then_done, next](ErrorCode error, std::size_t) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->cut();
    self->write_deadline_ = Deadline::max();
    if (then_done) return self->done();
    if (next == BodyStream::Next::more || self->woken_) return self->pump();
    self->parked_ = self;
  });
}

// Called with no write under way.
void Session::pump() {
  for (;;) {
    woken_ = false;
    made_.clear();
    const BodyStream::Next next = response_.stream->produce(made_);
    if (phase_ == Phase::closed) return;
    if (next == BodyStream::Next::broken) return cut();
    out_.clear();
    if (chunked_) {
      append_chunk(made_, out_);
      if (next == BodyStream::Next::end) append_last_chunk(out_);
    } else {
      out_.swap(made_);
    }
    const bool end = next == BodyStream::Next::end;
    if (!out_.empty() || end) return write(end, next);
    if (next == BodyStream::Next::wait && !woken_) {
      parked_ = shared_from_this();
      return;
    }
  }
}

void Session::wake() {
  woken_ = true;
  if (!parked_ || phase_ != Phase::answering) return;
  const auto alive = std::move(parked_);
  parked_.reset();
  pump();
}

void Session::done() {
  response_.stream.reset();
  response_.body.clear();
  woken_ = false;
  if (!keep_alive_ || worker_->stopping || body_left_ > 0) return linger();
  route_ = nullptr;
  request_ = Request();
  phase_ = Phase::idle;
  read_deadline_ = in(options().idle_time);
  read_head();
}

void Session::linger() {
  phase_ = Phase::lingering;
  ErrorCode ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  read_deadline_ = in(kLingerTime);
  discard();
}

void Session::discard() {
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
    self->discarded_ += bytes;
    if (error || self->phase_ == Phase::closed || self->discarded_ > kLingerBytesMax) return self->cut();
    self->discard();
  });
}

}  // namespace jangbu::api
