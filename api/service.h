// Service: what the handlers work on, put together by the command that serves; and the route table over it.
//
// The node's writer runs in a thread of the caller's; the handlers wait for its commits without blocking. Projections
// are optional: where one is not running, its routes answer index_behind (503) and say so.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/routes.h"
#include "ledger/clock.h"
#include "ledger/keys.h"
#include "ledger/node.h"

namespace jangbu::consumers {
class ProjectionStore;
}

namespace jangbu::api {

class HttpMetrics;
class SlowLane;
class Standings;
class Troubles;

struct Service {
  Node& node;
  const Clock& clock;
  HttpMetrics* metrics = nullptr;  // nullptr: no /metrics
  const consumers::ProjectionStore* projections = nullptr;
  // By institution: those whose FHIR resources this node may convert (fhir_routes.h, load_pseudonym_keys).
  const std::map<std::string, PseudonymKey, std::less<>>* pseudonym_keys = nullptr;
  SlowLane* slow_lane = nullptr;       // nullptr: reports and life lines are made on the I/O threads
  const Troubles* troubles = nullptr;  // nullptr: none are told
  // How many entries the projections have not reached, kept up by who runs them; nullptr: intake does not look.
  const std::atomic<std::uint64_t>* index_lag = nullptr;
  const Standings* standings = nullptr;  // nullptr: neither checks nor topics are told of
  // Cosigns the checkpoints of ledgers that this node follows, which it has verified; nullptr: none are cosigned.
  const SigningKey* cosigner = nullptr;
  bool intake = true;  // false: events are refused (misdirected); everything else is answered
};

// All routes. `workers`: how many I/O threads will call them (Exchange::worker()). `service` outlives the table.
[[nodiscard]] std::vector<Route> make_routes(const Service& service, std::size_t workers);

// The parts that make_routes() puts together.
void add_meta_routes(std::vector<Route>& routes);
void add_health_routes(const Service& service, std::vector<Route>& routes);
void add_intake_routes(const Service& service, std::size_t workers, std::vector<Route>& routes);
void add_ledger_routes(const Service& service, std::vector<Route>& routes);
void add_proof_routes(const Service& service, std::vector<Route>& routes);
void add_search_routes(const Service& service, std::vector<Route>& routes);
void add_finding_routes(const Service& service, std::vector<Route>& routes);
void add_report_routes(const Service& service, std::vector<Route>& routes);

}  // namespace jangbu::api
