#include "tests/bench/jangbu_bench/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tests/bench/jangbu_bench/bench.h"

namespace jangbu::bench {
namespace {

[[noreturn]] void die_of(const char* what) {
  die(Error{Code::unreachable, "client", std::string(what) + ": " + std::strerror(errno)});
}

class Socket {
 public:
  explicit Socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) die_of("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic{};
    static_assert(sizeof generic == sizeof address);
    std::memcpy(&generic, &address, sizeof generic);
    if (::connect(fd_, &generic, sizeof generic) != 0) die_of("connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

class Poll {
 public:
  Poll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) die_of("epoll_create1");
  }
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll() { ::close(fd_); }
  void set(int operation, int socket, std::uint32_t events, std::size_t index) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = index;
    if (::epoll_ctl(fd_, operation, socket, &event) != 0) die_of("epoll_ctl");
  }
  template <typename Visit>
  void wait(Visit&& visit) {
    const int ready = ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), 30'000);
    if (ready < 0 && errno == EINTR) return;
    if (ready == 0) die(Error{Code::timed_out, "client", "no answer for 30 seconds"});
    if (ready < 0) die_of("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      visit(static_cast<std::size_t>(event.data.u64), event.events);
    }
  }

 private:
  int fd_;
  std::array<epoll_event, 256> events_{};
};

struct Connection {
  explicit Connection(std::uint16_t port) : socket(port) {}
  Socket socket;
  std::string out;
  std::size_t sent = 0;
  std::string in;
  SteadyClock::time_point began;
};

// Sends what it can; true when all is out.
bool send_more(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const ssize_t n = ::send(connection.socket.fd(), connection.out.data() + connection.sent,
                             connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (n < 0) die_of("send");
    connection.sent += static_cast<std::size_t>(n);
  }
  return true;
}

// Appends what is there; false at the end of the connection.
bool receive(Connection& connection, std::uint64_t& bytes) {
  std::array<char, 65'536> buffer;
  for (;;) {
    const ssize_t n = ::recv(connection.socket.fd(), buffer.data(), buffer.size(), 0);
    if (n == 0) return false;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (n < 0) die_of("recv");
    bytes += static_cast<std::uint64_t>(n);
    connection.in.append(buffer.data(), static_cast<std::size_t>(n));
    if (static_cast<std::size_t>(n) < buffer.size()) return true;
  }
}

// The size of the whole answer at the front of `in`; 0: not all of it is there yet.
std::size_t answer_size(std::string_view in) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::size_t at = in.find("Content-Length: ");
  if (at == std::string_view::npos || at > end) at = in.find("content-length: ");
  if (at == std::string_view::npos || at > end) die(Error{Code::unreachable, "client", "an answer without a length"});
  const std::size_t size = end + 4 + std::strtoull(in.data() + at + 16, nullptr, 10);
  return in.size() >= size ? size : 0;
}

}  // namespace

LoadResult run_load(std::uint16_t port, std::size_t connections, std::uint64_t count,
                    const std::function<std::string(std::uint64_t)>& request) {
  LoadResult result;
  result.times_ms.reserve(count);
  Poll poll;
  std::vector<Connection> open;
  open.reserve(connections);
  for (std::size_t i = 0; i < connections; ++i) {
    open.emplace_back(port);
    poll.set(EPOLL_CTL_ADD, open.back().socket.fd(), EPOLLIN, i);
  }
  std::uint64_t next = 0, done = 0;
  const auto begin = [&](Connection& connection, std::size_t index) {
    connection.out = request(next++);
    connection.sent = 0;
    connection.began = SteadyClock::now();
    if (!send_more(connection)) poll.set(EPOLL_CTL_MOD, connection.socket.fd(), EPOLLIN | EPOLLOUT, index);
  };
  const auto start = SteadyClock::now();
  for (std::size_t i = 0; i < connections && next < count; ++i) begin(open[i], i);
  while (done < count) {
    poll.wait([&](std::size_t index, std::uint32_t events) {
      Connection& connection = open[index];
      if ((events & EPOLLOUT) != 0 && send_more(connection)) {
        poll.set(EPOLL_CTL_MOD, connection.socket.fd(), EPOLLIN, index);
      }
      if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
      if (!receive(connection, result.bytes_in)) {
        die(Error{Code::unreachable, "client", "the server closed a connection"});
      }
      const std::size_t size = answer_size(connection.in);
      if (size == 0) return;
      result.times_ms.push_back(seconds_since(connection.began) * 1000);
      if (!connection.in.starts_with("HTTP/1.1 201")) ++result.other_status;
      connection.in.erase(0, size);
      ++done;
      if (next < count) begin(connection, index);
    });
  }
  result.seconds = seconds_since(start);
  return result;
}

StreamResult run_streams(std::uint16_t port, const std::vector<std::string>& bodies) {
  StreamResult result;
  std::uint64_t bytes = 0;
  Poll poll;
  std::vector<Connection> open;
  open.reserve(bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    open.emplace_back(port);
    open.back().out =
        "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
        "Content-Length: " +
        std::to_string(bodies[i].size()) + "\r\n\r\n" + bodies[i];
    poll.set(EPOLL_CTL_ADD, open.back().socket.fd(), EPOLLIN | EPOLLOUT, i);
  }
  const auto start = SteadyClock::now();
  std::size_t ended = 0;
  constexpr std::string_view kEnd = "\r\n0\r\n\r\n";
  while (ended < open.size()) {
    poll.wait([&](std::size_t index, std::uint32_t events) {
      Connection& connection = open[index];
      if ((events & EPOLLOUT) != 0 && send_more(connection)) {
        poll.set(EPOLL_CTL_MOD, connection.socket.fd(), EPOLLIN, index);
      }
      if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
      const bool alive = receive(connection, bytes);
      // Whole lines are counted and forgotten; the last bytes are kept, to see the end of the chunks.
      std::size_t begin = 0;
      for (std::size_t end; (end = connection.in.find("}\n", begin)) != std::string::npos; begin = end + 2) {
        const std::string_view line = std::string_view(connection.in).substr(begin, end - begin);
        if (line.find("\"status\":") == std::string_view::npos) continue;
        ++result.lines;
        if (line.find("\"status\":201") != std::string_view::npos) ++result.accepted;
      }
      connection.in.erase(0, begin);
      if (connection.in.ends_with(kEnd) || !alive) {
        if (!alive) die(Error{Code::unreachable, "client", "the server closed a stream"});
        ++ended;
        poll.set(EPOLL_CTL_DEL, connection.socket.fd(), 0, index);
      }
    });
  }
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace jangbu::bench
