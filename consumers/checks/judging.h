// Judging: what the judges of the checks share: they collect the grounds of findings about one subject at one tick, and
// the times at which to look again. A base of purge_judge.h and export_judge.cc. Pure; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consumers/findings.h"
#include "consumers/registry.h"

namespace jangbu::consumers {

class Judging {
 public:
  std::vector<Ground> grounds;
  std::vector<Timestamp> wakes;  // look again at the first tick after each

 protected:
  // Both outlive it.
  Judging(const Registry& registry, const std::string& id) : registry_(registry), id_(id), now_(registry.now()) {}

  [[nodiscard]] const Policy& policy(const TimelineFact& fact) const { return *registry_.policy(fact.policy); }

  Ground& ground(std::string_view rule, std::string_view kind, const std::string& about, const TimelineFact& opener) {
    Ground& out = grounds.emplace_back();
    out.rule = rule;
    out.kind = kind;
    out.about = about;
    out.within = id_;
    out.opener = opener;
    return out;
  }

  // Has `at` passed for a rule that concludes from an absence in the ledger `ledger`? Wakes up when it may have.
  bool missed(Timestamp at, std::int64_t settle_seconds, std::string_view ledger) {
    const Timestamp settled = at.plus_seconds(settle_seconds);
    if (!(settled < now_)) {
      wakes.push_back(settled);
      return false;
    }
    if (!(at < registry_.last_readable(ledger))) {
      wakes.push_back(now_);
      return false;
    }
    return true;
  }

  const Registry& registry_;
  const std::string& id_;
  const Timestamp now_;
};

}  // namespace jangbu::consumers
