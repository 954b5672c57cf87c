// RunningNode: a node in this process with everything that serves it: the writer's thread, the API's I/O threads and,
// where they are asked for, the ticker, the checks and the projections. `serve`, `demo` and every command that was
// given a directory instead of a URL use it.
//
// Threads: open() and stop() by one; the rest by any. stop() drains: what was queued is committed, answers under way
// are given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/clock.h"
#include "ledger/kafka.h"
#include "ledger/node.h"
#include "schemas/error.h"

namespace jangbu::tools {

struct RunningNodeOptions {
  std::filesystem::path directory;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: one that is free
  const Clock* clock = nullptr;
  AskPassphrase ask_passphrase;
  bool read_only = false;
  bool recover = false;  // see NodeOptions
  // Set: the ledgers' order comes from their Kafka topics; else from this process.
  std::optional<KafkaSettings> kafka;
  // Only these topics are read; empty: all, and those of ledgers that are still to come.
  std::vector<LedgerId> kafka_ledgers;
  std::optional<std::size_t> commit_records_max;  // see NodeOptions
  // "http://..." of a node from which the checkpoints of followed ledgers are taken over; empty: from ticks, hourly.
  std::string peer;
  // The roles that it plays beside following, signing what it has log keys of, projections and answers.
  bool intake = true, checks = true;
  // Threads that tick and conclude by themselves. Without them (the demo, tests) the caller does, by advance().
  bool on_its_own = true;
  // A line for the operator, when a part stands still or goes on again. Called by several threads, one at a time.
  std::function<void(std::string_view)> say = nullptr;
};

class RunningNode {
 public:
  // Errors: those of Node::open and of the projections' folder (rebuilt where it is damaged), bad_usage, io.
  [[nodiscard]] static Result<std::unique_ptr<RunningNode>> open(const RunningNodeOptions& options);
  ~RunningNode();  // stops
  RunningNode(const RunningNode&) = delete;
  RunningNode& operator=(const RunningNode&) = delete;

  [[nodiscard]] Node& node();
  [[nodiscard]] const std::string& url() const;
  // Whether every ledger's topic is read; true where no Kafka orders the records.
  [[nodiscard]] bool follows_all() const;
  // What the start has done about a refused database, a line each, for whoever operates the node.
  [[nodiscard]] const std::vector<std::string>& start_notes() const;

  // One tick at the clock's time, then checks and projections brought up to it and every conclusion ledgered. Only
  // without `on_its_own`. Errors: what stopped one of them.
  [[nodiscard]] Result<void> advance();
  // Checks and projections brought up to what is ledgered, without a tick. Only without `on_its_own`.
  [[nodiscard]] Result<void> settle();

  // Blocks until something has ended that should go on (its error), or `stop` is asked for (no error).
  [[nodiscard]] Result<void> wait(const std::stop_token& stop);
  // The first error of any part since open().
  [[nodiscard]] Result<void> stop();

 private:
  struct Impl;
  explicit RunningNode(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::tools
