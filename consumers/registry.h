// Registry: what the fold knows of the space itself, for all checks: policies and check versions in force,
// institutions, environments, projects, permits, export committees' decisions, computations and triggers, declared
// backfills, what was annulled, and which ledgers could be read. Taken in before the checks look at an entry. State in
// rows. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/policy.h"
#include "consumers/rows.h"
#include "consumers/timeline.h"

namespace jangbu::consumers {

// A policy as this timeline has adopted it; 0: from before the first one, to which the first one applies.
using PolicyIndex = std::uint32_t;

// An entry as rules look at it.
struct TimelineFact {
  EntryPlace place;
  Timestamp own;            // its own time, moved into the limits within which it is believed
  Timestamp tick;           // of the tick that made it visible
  PolicyIndex policy = 0;   // in force at it
  std::uint64_t order = 0;  // its place on the timeline

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.place, self.own, self.tick, self.policy, self.order);
  }
};

struct Grant {
  std::string site;
  std::vector<std::string> datasets;
  std::optional<std::int64_t> ttl_days_max;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.site, self.datasets, self.ttl_days_max);
  }
};

// A permit as one permit.issued or .amended states it, whole.
struct PermitVersion {
  TimelineFact fact;
  std::string project;
  std::vector<Grant> grants;
  std::set<std::string, std::less<>> people, outputs, destinations;
  Timestamp until;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.project, self.grants, self.people, self.outputs, self.destinations, self.until);
  }
};

struct Permit {
  std::vector<PermitVersion> versions;
  std::vector<TimelineFact> ended;  // revoked or lapsed: from its tick on

  [[nodiscard]] const PermitVersion* current() const { return versions.empty() ? nullptr : &versions.back(); }
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.versions, self.ended);
  }
};

struct PermitEnd {
  Timestamp at;
  TimelineFact set_by;
};

struct Project {
  TimelineFact fact;
  std::set<std::string, std::less<>> people;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.people);
  }
};

// An export committee's decision on one export.
struct CommitteeDecision {
  TimelineFact fact;
  std::string project;
  bool approved = false;
  bool criteria = false;  // all three
  Timestamp from;
  std::optional<Timestamp> until;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.project, self.approved, self.criteria, self.from, self.until);
  }
};

struct RequestedComputation {
  TimelineFact fact;
  std::string project, permit;
  bool is_round = false;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.project, self.permit, self.is_round);
  }
};

struct Trigger {
  TimelineFact fact;
  std::string computation, site, dataset;
  std::optional<TimelineFact> recalled;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.computation, self.site, self.dataset, self.recalled);
  }
};

struct Institution {
  bool suspended = false;
  std::map<std::string, std::optional<Timestamp>, std::less<>> designations;  // kind, until

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.suspended, self.designations);
  }
};

struct Backfill {
  Timestamp from, to;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.from, self.to);
  }
};

// What the operator must hear of: nothing that a rule concludes.
struct Alarm {
  Code code;
  std::string where, what;
};

class Registry {
 public:
  explicit Registry(LedgerId coordinator);

  // The fact that `entry` is; then take() it.
  [[nodiscard]] TimelineFact fact(const TimelineEntry& entry);
  void take(const TimelineEntry& entry, const TimelineFact& fact, std::vector<Alarm>& alarms);
  // Before rules are judged at `tick`.
  void begin_tick(const Tick& tick);
  // After: forgets what changed.
  void end_tick();

  [[nodiscard]] std::vector<AnyTable*> tables();
  [[nodiscard]] Result<void> loaded();

  // Policy. nullptr: none was adopted yet, so nothing can be concluded.
  [[nodiscard]] const Policy* policy(PolicyIndex index) const;
  [[nodiscard]] PolicyIndex policy_in_force() const { return static_cast<PolicyIndex>(parsed_.size()); }
  // The version of a check that concludes; 0: none was adopted.
  [[nodiscard]] std::int64_t adopted(std::string_view check) const;

  [[nodiscard]] const LedgerId& coordinator() const { return coordinator_; }
  [[nodiscard]] Timestamp now() const { return now_; }
  // The time of the last tick at which the ledger could be read.
  [[nodiscard]] Timestamp last_readable(std::string_view ledger) const;
  [[nodiscard]] bool has_ledger(std::string_view ledger) const;
  // The ledger that takes conclusions about `id` ("hanbit/d1"): of its prefix, else the coordinating body's (J6).
  [[nodiscard]] LedgerId ledger_about(std::string_view id) const;

  [[nodiscard]] const Permit* permit(std::string_view id) const;
  // In force: issued, and neither revoked nor lapsed as far as is known now.
  [[nodiscard]] const PermitVersion* permit_standing(std::string_view id) const;
  [[nodiscard]] std::optional<PermitEnd> permit_end(std::string_view id) const;
  [[nodiscard]] const Project* project(std::string_view id) const;
  [[nodiscard]] const std::vector<CommitteeDecision>* committee(std::string_view export_id) const;
  [[nodiscard]] const RequestedComputation* computation(std::string_view id) const;
  [[nodiscard]] const Trigger* trigger(std::string_view analysis) const;
  [[nodiscard]] std::string environment_owner(std::string_view environment) const;
  [[nodiscard]] bool designated(std::string_view institution, std::string_view kind, Timestamp at) const;
  // The entry that annulled the one at this place.
  [[nodiscard]] const TimelineFact* annulled(const EntryPlace& place) const;

  // What this tick has changed, for those who rest on it.
  [[nodiscard]] const std::set<std::string, std::less<>>& changed_permits() const { return changed_permits_; }
  [[nodiscard]] const std::set<std::string, std::less<>>& changed_analyses() const { return changed_analyses_; }
  [[nodiscard]] const std::set<std::string, std::less<>>& changed_exports() const { return changed_exports_; }

 private:
  struct PolicyRow {
    std::string id, document;
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.id, self.document);
    }
  };
  struct Clock {
    std::uint64_t order = 0;
    Timestamp now;
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.order, self.now);
    }
  };

  void adopt_policy(const TimelineEntry& entry, std::vector<Alarm>& alarms);
  void take_permit(const Event& event, const TimelineFact& fact);
  void take_work(const Event& event, const TimelineFact& fact, const LedgerId& ledger);
  void take_institution(const Event& event, const LedgerId& ledger);
  void annul(const Event& event, const TimelineFact& fact);

  LedgerId coordinator_;
  Timestamp now_;
  std::uint64_t order_ = 0;
  std::vector<Policy> parsed_;
  std::set<std::string, std::less<>> changed_permits_, changed_analyses_, changed_exports_;

  Table<Clock> clock_{"space.clock"};
  Table<PolicyRow> policies_{"space.policy"};
  Table<std::int64_t> adopted_{"space.check"};
  Table<bool> ledgers_{"space.ledger"};
  Table<Timestamp> unreadable_{"space.unreadable"};  // ledger: the last tick at which it could be read
  Table<Permit> permits_{"space.permit"};
  Table<Project> projects_{"space.project"};
  Table<std::vector<CommitteeDecision>> committee_{"space.committee"};
  Table<RequestedComputation> computations_{"space.computation"};
  Table<Trigger> triggers_{"space.trigger"};
  Table<std::string> environments_{"space.environment"};
  Table<Institution> institutions_{"space.institution"};
  Table<std::vector<Backfill>> backfills_{"space.backfill"};
  Table<TimelineFact> annulled_{"space.annulled"};
};

[[nodiscard]] std::string place_key(std::string_view ledger, std::uint64_t sequence);
[[nodiscard]] std::string_view institution_of(std::string_view id);  // "hanbit/d1": "hanbit"
[[nodiscard]] std::set<std::string, std::less<>> texts(simdjson::dom::object object, std::string_view member);
// A cause, as events name places; without its leaf when the event has none.
[[nodiscard]] std::optional<EntryPlace> place(simdjson::dom::object object, std::string_view member);

}  // namespace jangbu::consumers
