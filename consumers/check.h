// A check: a pure fold over a timeline that keeps state and concludes (DESIGN.md, "Checks"). No clock, no random, no
// locale; state in rows, so that a step writes what changed and no more. The fold calls take() for every entry of a
// tick, then tick(): a rule is judged only once all entries of the tick have been taken in. One thread.
#pragma once

#include <string_view>
#include <vector>

#include "consumers/findings.h"
#include "consumers/registry.h"
#include "consumers/timeline.h"

namespace jangbu::consumers {

// What a check may use while it judges.
struct Bench {
  const Registry& registry;
  Findings& findings;
  const Tick& tick;
  Verdicts verdicts;
};

class Check {
 public:
  virtual ~Check() = default;
  [[nodiscard]] virtual CheckId id() const = 0;
  // Does it conclude only once check.adopted names its version?
  [[nodiscard]] virtual bool needs_adoption() const { return true; }
  // An event of the timeline; the registry has taken it already.
  virtual void take(const TimelineEntry& entry, const TimelineFact& fact) = 0;
  // The entry at `of` no longer counts; `by` annulled it.
  virtual void annul(const EntryPlace& of, const TimelineFact& by) = 0;
  virtual void tick(Bench& bench) = 0;
  [[nodiscard]] virtual std::vector<AnyTable*> tables() = 0;
  // After the tables' rows were loaded: rebuilds what is computed from them.
  virtual void loaded() {}
};

}  // namespace jangbu::consumers
