// Server: HTTP/1.1 over TCP on loopback, by Boost.Asio (and Beast, in wire.cc). It knows the route table and no handler
// by name. Every phase of a connection has a time-out, every buffer a bound.
//
// Threads: `workers` I/O threads, run by the caller (run(i), one thread each); a connection stays with one of them.
// stop() from any thread: no new connections, idle ones closed, requests under way answered, streams ended; after
// `grace` the rest is cut, and run() returns.
//
// This version has no authentication: anybody who can connect may read and write. So it listens on loopback only and
// refuses any other address.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/routes.h"
#include "ledger/clock.h"
#include "schemas/error.h"

namespace jangbu::api {

struct ServerOptions {
  std::string address = "127.0.0.1";  // or ::1; any other is refused
  std::uint16_t port = 0;             // 0: one that is free
  std::size_t workers = 2;
  std::size_t connections_max = 4096;  // beyond: 503 and closed
  std::size_t header_bytes_max = 16 << 10;
  std::chrono::milliseconds header_time{10'000};  // from a request's first byte to its empty line
  std::chrono::milliseconds body_time{30'000};    // a whole body; of a streamed one: between two pieces
  std::chrono::milliseconds idle_time{60'000};    // between requests
  std::chrono::milliseconds write_time{30'000};   // an answer; of a stream: each piece
  std::chrono::milliseconds handler_time{60'000};
  std::chrono::milliseconds grace{10'000};
};

class Server {
 public:
  struct Counters {
    std::uint64_t connections_open = 0, connections_total = 0, connections_refused = 0;
    std::uint64_t time_outs = 0, malformed = 0;
  };
  // Called on an I/O thread for each answer; `route` is nullptr where no route was reached.
  using Observer = std::function<void(const Route* route, int status, std::chrono::microseconds taken)>;

  // Binds and listens. `routes` and `clock` outlive the server. Errors: bad_usage (an address that is not loopback's),
  // io.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(const ServerOptions& options, const Routes& routes,
                                                              const Clock& clock, Observer observer);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;  // "http://127.0.0.1:8080"
  [[nodiscard]] std::size_t workers() const;
  // Serves until stop(). Once for each worker, 0 to workers() - 1, each in a thread of its own.
  void run(std::size_t worker);
  void stop();
  [[nodiscard]] Counters counters() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::api
