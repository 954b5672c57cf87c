// Ticker: writes the ticks. It observes a node's ledgers and says, in the coordinating body's ledger, what time it is
// and how far each of them has come. By the clock (step()): when something has changed, at most every
// `interval_min_ms`; when nothing has, every `interval_max_ms`. Or by hand (tick_at()), for tests and demonstrations.
//
// A ticker that was away catches up in steps of `jump_max_seconds`. What came meanwhile was not observed then, so the
// steps say of every ledger that it could not be read: no deadline is missed by a silence of the ticker's own. The last
// step, which is now, observes all.
//
// Threads: one, the caller's. It waits for each tick to be placed, so it must not run on the node's writer thread.
// After a crash it goes on from the ledger; it keeps no state of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "ledger/clock.h"
#include "ledger/keys.h"
#include "ledger/ledger_id.h"
#include "ledger/node.h"
#include "schemas/timestamp.h"

namespace jangbu::consumers {

struct TickerOptions {
  Node* node = nullptr;  // outlives the ticker
  std::optional<LedgerId> coordinator;
  const SigningKey* key = nullptr;  // registered as ticker or coordinator in that ledger; outlives the ticker
  const Clock* clock = nullptr;     // for step(); outlives the ticker
  std::int64_t interval_min_ms = 5'000;
  std::int64_t interval_max_ms = 60'000;
  std::int64_t jump_max_seconds = 600;
  std::int64_t notes_every_seconds = 3'600;  // a tick carries the signed notes this often
  // Where ticks are far apart on purpose (a demonstration's year): declares each jump instead of stepping. The
  // coordinating body's key.
  const SigningKey* jump_key = nullptr;
  // Called while a tick is waited for, where nobody runs the writer: commit_pending(). Else the ticker sleeps.
  std::function<void()> pump;
};

class Ticker {
 public:
  // Reads back, from the coordinating body's ledger, what was last said. Errors of the node.
  [[nodiscard]] static Result<std::unique_ptr<Ticker>> open(TickerOptions options);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Ticks if it is time to. How many ticks it wrote. Errors: tick_refused and others of the ledger; stopped.
  [[nodiscard]] Result<std::size_t> step();
  // A tick at `at`, which must be after the last one, whether something has changed or not, with the steps before it.
  [[nodiscard]] Result<std::size_t> tick_at(Timestamp at);
  [[nodiscard]] std::optional<Timestamp> last() const;

 private:
  struct Impl;
  explicit Ticker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::consumers
