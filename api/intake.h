// Intake over HTTP: POST /v1/events and POST /v1/validate, for one event (CloudEvents structured or binary), a batch,
// or an NDJSON stream. Events are judged on the I/O threads, submitted to the node, and answered once its commit is
// durable; nobody waits for that in a thread.
#pragma once

#include <atomic>
#include <functional>
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
  Intake(const Service& service, std::size_t workers);
  // A search looks through what the index has not reached; beyond this many entries intake gives it time.
  static constexpr std::uint64_t kIndexLagMax = 50'000;
  [[nodiscard]] bool index_is_behind() const { return index_lag != nullptr && *index_lag > kIndexLagMax; }

  Node& node;
  const std::atomic<std::uint64_t>* index_lag;
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

// Several events of one request: submitted one by one, answered together once all of them are placed.
class IntakeTogether : public std::enable_shared_from_this<IntakeTogether> {
 public:
  // `finish` is called once, on the exchange's I/O thread, after close() and the last placement.
  IntakeTogether(ExchangePtr exchange, std::size_t count, std::function<void(std::vector<IntakeOutcome>&)> finish);
  [[nodiscard]] IntakeOutcome& operator[](std::size_t index) { return outcomes_[index]; }
  void submit(Node& node, std::size_t index, Submission submission);
  void close();  // nothing more is submitted

 private:
  ExchangePtr exchange_;
  std::function<void(std::vector<IntakeOutcome>&)> finish_;
  std::vector<IntakeOutcome> outcomes_;  // each by the writer's thread until it is placed; then by the I/O thread
  std::atomic<std::size_t> open_ = 1;    // not placed yet, and one until close()
};

// "/v1/ledgers/<ledger>/entries/<number>".
[[nodiscard]] std::string entry_path(const LedgerId& ledger, SequenceNumber number);

// intake_stream.cc: answers with a line for each line of the body, while the body is still coming.
void take_stream(Intake& intake, const ExchangePtr& exchange, bool validate_only);

}  // namespace jangbu::api
