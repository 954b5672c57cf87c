// DemoRun: the demo's node and the year sent to it: over HTTP, as hospitals would, hour by hour of the year's own time,
// with a tick after each hour. Used by `jangbu demo` and its test. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ledger/hash.h"
#include "ledger/kafka.h"
#include "schemas/error.h"
#include "tools/command.h"
#include "tools/demo_year.h"

namespace jangbu::tools {

struct DemoRunOptions {
  DemoOptions year;
  std::filesystem::path directory;  // of the node; made
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  int tick_hours = 3;                  // between two ticks of the year: every rule's deadline is days away
  std::optional<KafkaSettings> kafka;  // the ledgers go on in topics there, which are made
};

struct DemoLedger {
  std::string id;
  std::uint64_t size = 0, events = 0, rejected = 0;
  Hash root;
};

struct DemoOutcome {
  std::string url, directory;
  std::string program;  // this one's path, for commands to try
  std::uint64_t sent = 0;
  double seconds = 0;
  std::vector<DemoLedger> ledgers;
  std::vector<PlantedFault> planted, found;  // both sorted; a finding that was raised twice stands twice
  std::uint64_t conclusions = 0;             // of all kinds, findings among them
  std::uint64_t purges_verified = 0, exports_cleared = 0, exports_refused = 0;
  [[nodiscard]] bool as_planted() const { return planted == found; }
};

class DemoRun {
 public:
  // Makes the space, its topics where Kafka is named, and starts its node. Errors: already_exists, io, bad_usage,
  // those of create_topics().
  [[nodiscard]] static Result<std::unique_ptr<DemoRun>> start(Environment& environment, const DemoRunOptions& options);
  ~DemoRun();
  // Errors: what stopped it; verification_failed (the node refused an event of the year).
  [[nodiscard]] Result<void> send_year();
  [[nodiscard]] Result<DemoOutcome> outcome();
  [[nodiscard]] Result<void> serve(const std::stop_token& stop);
  [[nodiscard]] Result<void> stop();

 private:
  struct Impl;
  explicit DemoRun(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::tools
