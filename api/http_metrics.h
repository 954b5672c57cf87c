// HttpMetrics: how many answers each route gave, with which status class and how fast; and /metrics, in Prometheus'
// text form. observe() by the I/O threads at once, for every answer; text() by whoever answers /metrics. Labels are
// route patterns, never paths.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/routes.h"
#include "api/server.h"
#include "api/service.h"

namespace jangbu::api {

class HttpMetrics {
 public:
  HttpMetrics();
  ~HttpMetrics();
  HttpMetrics(const HttpMetrics&) = delete;
  HttpMetrics& operator=(const HttpMetrics&) = delete;

  // Once, before the server runs: the routes that are told apart. They outlive this.
  void attach(const Routes& routes);
  // Where the server's own counters come from; empty again before the server goes.
  void attach(std::function<Server::Counters()> server);
  void observe(const Route* route, int status, std::chrono::microseconds taken);
  [[nodiscard]] Server::Observer observer() {
    return [this](const Route* route, int status, std::chrono::microseconds taken) { observe(route, status, taken); };
  }

  // Everything that this process counts, and how far its parts are. `index_lag`: entries that the projections have not
  // reached; absent: not running.
  [[nodiscard]] std::string text(const Service& service, std::optional<std::uint64_t> index_lag) const;

 private:
  struct Row;
  std::map<const Route*, std::unique_ptr<Row>> rows_;  // nullptr: no route
  std::function<Server::Counters()> server_;
};

}  // namespace jangbu::api
