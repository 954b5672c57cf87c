// Intake over HTTP: POST /v1/events and POST /v1/validate, for one event (CloudEvents structured or binary), a batch,
// or an NDJSON stream. Events are judged on the I/O threads, submitted to the node, and answered once its commit is
// durable; nobody waits for that in a thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http.h"
#include "api/intake_judge.h"
#include "api/service.h"
#include "ledger/node.h"

namespace jangbu::api {

// What intake keeps for all its requests. Outlives them.
struct Intake {
  Intake(Node& of_node, std::size_t workers);

  Node& node;
  std::vector<IntakeJudge> judges;  // by Exchange::worker()
};

// What became of one event.
struct IntakeOutcome {
  std::optional<LedgerId> ledger;
  std::optional<Placement> placement;
  Errors errors;           // why not, where there is no placement, or one that is a conflict or a rejection
  bool validated = false;  // it was only judged, and passed
};
[[nodiscard]] IntakeOutcome outcome_of(const LedgerId& ledger, Result<Placement> placement);
[[nodiscard]] int status_of(const IntakeOutcome& outcome);
// Appends one JSON object: {"index","status"} and {"ledger","sequence","leaf","receipt"} or {"problem"}.
void append_result(std::size_t index, const IntakeOutcome& outcome, std::string& out);

// intake_stream.cc: answers with a line for each line of the body, while the body is still coming.
void take_stream(Intake& intake, const ExchangePtr& exchange, bool validate_only);

}  // namespace jangbu::api
