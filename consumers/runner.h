// Runner: drives one fold over one timeline of a node, and publishes what it concludes.
//
// A step folds ticks and writes, as ONE write to the projections' database: the rows that changed, the timeline's
// position and the conclusions still to be published (the outbox). Then it publishes through Node::submit, into the
// ledger that each conclusion belongs to, under that ledger's system key; a conclusion leaves the outbox only once its
// placement came back. So a crash anywhere loses none and doubles none: what was submitted and not struck out is
// submitted again, and the ledger's dedup answers with the first one's place.
//
// The state may be deleted at any time: the runner then starts at the first tick and comes to the same bytes.
//
// Threads: one, the caller's; the runner starts none. Placements come back on the node's writer thread and are
// collected by the next step.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumers/fold.h"
#include "consumers/timeline.h"
#include "ledger/database.h"
#include "ledger/node.h"

namespace jangbu::consumers {

// The family that runners keep their rows in.
[[nodiscard]] FamilyOptions runner_family();

struct RunnerOptions {
  std::string name;              // of this runner's rows: "shared", "hanbit.patients"; no NUL
  Node* node = nullptr;          // outlives the runner
  Database* database = nullptr;  // the projections'; outlives the runner
  FamilyIndex family = 0;        // runner_family() in it
  std::optional<TimelineOptions> timeline;
  std::function<std::unique_ptr<Fold>()> fold;
  // The system key of a ledger that this node speaks for; nullptr: what is concluded about it is compared with what
  // stands there, and not published.
  std::function<const SigningKey*(const LedgerId&)> system_key;
  std::size_t ticks_per_step = 256;
  std::size_t entries_per_step = 100'000;
};

class Runner {
 public:
  // Errors: io, store_corrupt; state_corrupt (delete the projections); those of the node.
  [[nodiscard]] static Result<std::unique_ptr<Runner>> open(RunnerOptions options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  struct Step {
    std::size_t ticks = 0, entries = 0, concluded = 0, submitted = 0, published = 0;
    bool caught_up = false;      // at the last tick that can be folded
    std::optional<Error> waits;  // what the next one asks for and this node lacks (Timeline::waits)
    std::vector<Alarm> alarms;   // new ones
  };
  // A bounded piece of work; when caught_up and nothing was submitted or published there is nothing to do but wait for
  // the node's next commit. After an error the runner is to be dropped and opened again.
  // Errors: of the database and the node; bad_entry.
  [[nodiscard]] Result<Step> step();
  // The two halves of a step: folds and writes; publishes what is in the outbox.
  [[nodiscard]] Result<Step> advance();
  void publish(Step& step);

  [[nodiscard]] std::optional<Timestamp> last_tick() const;
  [[nodiscard]] std::uint64_t lag() const;     // entries that its ledgers have released and it has not folded
  [[nodiscard]] std::size_t outbox() const;    // not struck out yet
  [[nodiscard]] std::uint64_t alarms() const;  // since this runner was opened
  [[nodiscard]] const Fold& fold() const;

 private:
  struct Impl;
  explicit Runner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::consumers
