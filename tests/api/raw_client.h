// A connection to the server under test, as bytes: requests that no HTTP library would send.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace jangbu::api::testing {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer_bytes > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False: the peer has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // One more read into received(). False: nothing came in time, or the end.
  bool receive(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return false;
    char buffer[65'536];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  // Everything until the peer closes.
  std::string& read_to_end(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    while (receive(patience)) {
    }
    return received_;
  }

  // One answer with Content-Length; what follows it stays.
  std::string read_answer() {
    for (;;) {
      const std::size_t head = received_.find("\r\n\r\n");
      if (head != std::string::npos) {
        std::size_t length = 0;
        const std::size_t field = received_.find("Content-Length: ");
        if (field != std::string::npos && field < head) length = std::stoul(received_.substr(field + 16));
        if (received_.size() >= head + 4 + length) {
          std::string answer = received_.substr(0, head + 4 + length);
          received_.erase(0, head + 4 + length);
          return answer;
        }
      }
      if (!receive()) return {};
    }
  }

  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] std::string& received() { return received_; }

 private:
  int socket_;
  bool closed_ = false;
  std::string received_;
};

// The status of the first answer in `bytes`; 0: none.
inline int status_of(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with("HTTP/1.1 ")) return 0;
  return std::atoi(std::string(bytes.substr(9, 3)).c_str());
}

}  // namespace jangbu::api::testing
