// A lean HTTP client for load: many keep-alive connections on one epoll, one thread, no allocation a request. It knows
// as much of HTTP as our own server's answers need: a status line, Content-Length, chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace jangbu::bench {

struct LoadResult {
  double seconds = 0;
  std::vector<double> times_ms;    // of each request
  std::uint64_t other_status = 0;  // answers that were not 201
  std::uint64_t bytes_in = 0;
};

// `request(n)` gives the n-th request's bytes, 0 to `count` - 1. Each connection has one request under way.
[[nodiscard]] LoadResult run_load(std::uint16_t port, std::size_t connections, std::uint64_t count,
                                  const std::function<std::string(std::uint64_t)>& request);

struct StreamResult {
  double seconds = 0;
  std::uint64_t lines = 0;     // result lines
  std::uint64_t accepted = 0;  // of them with status 201
};
// One NDJSON request a body, all at once, each on a connection of its own; reads the answers while it writes.
[[nodiscard]] StreamResult run_streams(std::uint16_t port, const std::vector<std::string>& bodies);

}  // namespace jangbu::bench
