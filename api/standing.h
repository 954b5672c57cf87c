// Standings: how far the parts of a serving node are behind: the checks, which report themselves here from their
// thread, and the ledgers' topics, as the follower says when it is asked. For /readyz and /metrics. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ledger/kafka_follower.h"
#include "schemas/timestamp.h"

namespace jangbu::api {

struct CheckStanding {
  std::string check;                   // "shared", "hanbit.patients": what the runner is called
  std::optional<Timestamp> last_tick;  // the last one that it has folded; nullopt: none yet
  std::uint64_t lag_entries = 0;       // released in its ledgers, and not folded; some always wait for the next tick
  std::size_t outbox = 0;              // concluded, and not ledgered yet
};

struct KafkaStanding {
  bool connected = false;  // a broker answers reading and publishing
  std::size_t queued = 0;  // published and not acknowledged yet
  std::vector<KafkaFollower::State> topics;
  std::map<std::string, Error> strangers = {};  // topics under the space's name that are no ledgers of it
};

class Standings {
 public:
  void report(CheckStanding standing);
  void forget_checks();  // they are not running
  [[nodiscard]] std::vector<CheckStanding> checks() const;

  // Before the server runs, and empty again before what it asks goes. Embedded nodes have none.
  void attach_kafka(std::function<KafkaStanding()> ask);
  [[nodiscard]] std::optional<KafkaStanding> kafka() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, CheckStanding, std::less<>> checks_;
  std::function<KafkaStanding()> kafka_;
};

}  // namespace jangbu::api
