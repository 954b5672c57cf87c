// PurgeJudge: which rules of the purge check are broken at one dataset at one tick, given all that has been taken in.
// Used by PurgeCheck::tick() alone (purge_judge.cc). Pure; one thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "consumers/checks/judging.h"
#include "consumers/checks/purge.h"

namespace jangbu::consumers {

struct PurgeDeadline {
  Timestamp at;
  TimelineFact opener;  // the entry that set it
};

// One dataset at one tick.
class PurgeJudge : public Judging {
 public:
  PurgeJudge(const Registry& registry, const Findings& findings, const std::string& id, const purge::Dataset& dataset,
             const std::vector<purge::Use>& uses)
      : Judging(registry, id), findings_(findings), dataset_(dataset), uses_(uses) {}

  void run() {
    for (const auto& [name, copy] : dataset_.copies) {
      overdue(name, copy);
      contradicted(name, copy);
      not_probed(name, copy);
      lives_too_long(copy);
    }
    for (const purge::Purge& purge : dataset_.purges) {
      incomplete(purge);
      manifest_differs(purge);
      purged_while_held(purge);
    }
    used_after_purge();
    unknown();
    identified();
  }

  struct Verified {
    bool other_institution = true;
    EntryPlace opener;
    PolicyIndex policy = 0;
    std::vector<EntryPlace> causes;
  };
  std::optional<Verified> verified();

  [[nodiscard]] Resolution gone(const Finding& finding) const;

 private:
  [[nodiscard]] std::int64_t skew(const TimelineFact& fact) const { return policy(fact).seconds("skew_seconds"); }
  [[nodiscard]] std::int64_t settle(const TimelineFact& fact) const { return policy(fact).seconds("settle_seconds"); }

  // A purge counts for a copy when it names it and comes from whoever holds that copy, or announced it.
  [[nodiscard]] bool destroys(const purge::Purge& purge, const std::string& name, const purge::Copy& copy) const {
    if (purge.institution != copy.institution &&
        purge.institution != registry_.environment_owner(copy.location.environment)) {
      return false;
    }
    return std::any_of(purge.copies.begin(), purge.copies.end(), [&](const auto& item) { return item.copy == name; });
  }
  [[nodiscard]] const purge::Purge* first_purge(const std::string& name, const purge::Copy& copy) const {
    const purge::Purge* out = nullptr;
    for (const purge::Purge& purge : dataset_.purges) {
      if (destroys(purge, name, copy) && (out == nullptr || purge.fact.own < out->fact.own)) out = &purge;
    }
    return out;
  }
  [[nodiscard]] const purge::Purge* last_purge(const std::string& name, const purge::Copy& copy) const {
    const purge::Purge* out = nullptr;
    for (const purge::Purge& purge : dataset_.purges) {
      if (destroys(purge, name, copy) && (out == nullptr || out->fact.own <= purge.fact.own)) out = &purge;
    }
    return out;
  }
  [[nodiscard]] bool all_purged() const {
    return !dataset_.copies.empty() &&
           std::all_of(dataset_.copies.begin(), dataset_.copies.end(),
                       [&](const auto& item) { return first_purge(item.first, item.second) != nullptr; });
  }

  [[nodiscard]] bool held() const {
    for (const auto& [name, holds] : dataset_.holds) {
      for (const purge::Hold& hold : holds) {
        if (!hold.released) return true;
      }
    }
    return false;
  }
  // A hold moves a deadline to its release + grace, if that is later.
  void after_holds(PurgeDeadline& deadline) const {
    for (const auto& [name, holds] : dataset_.holds) {
      for (const purge::Hold& hold : holds) {
        if (!hold.released) continue;
        const Timestamp moved = hold.released->tick.plus_seconds(policy(*hold.released).seconds("purge_grace_hours"));
        if (deadline.at < moved) deadline = {moved, *hold.released};
      }
    }
  }
  [[nodiscard]] std::optional<PurgeDeadline> deadline(const std::string& name, const purge::Copy& copy) const;

  void overdue(const std::string& name, const purge::Copy& copy);
  void incomplete(const purge::Purge& purge);
  void contradicted(const std::string& name, const purge::Copy& copy);
  void used_after_purge();
  void manifest_differs(const purge::Purge& purge);
  void not_probed(const std::string& name, const purge::Copy& copy);
  void lives_too_long(const purge::Copy& copy);
  void purged_while_held(const purge::Purge& purge);
  void unknown();
  void identified();

  [[nodiscard]] bool manifest_agrees(const purge::Purge& purge) const;
  [[nodiscard]] const purge::Manifest* known_manifest(Timestamp at) const;
  [[nodiscard]] bool is_evidence(const purge::Probe& probe, const purge::Purge& purge) const;

  const Findings& findings_;
  const purge::Dataset& dataset_;
  const std::vector<purge::Use>& uses_;
};

}  // namespace jangbu::consumers
