// Daily summaries of a patients' ledger: access.summarised and consent.summarised, into the hospital's shared ledger. A
// fold over the patients' ledger's own timeline, run at its hospital and under its system key; no patient leaves in it,
// and whoever may read the patients' ledger can compute the same.
//
// A day is a day of the policy's calendar. Entries belong to the day of their own time, so a day is summarised at the
// first tick more than `late_hours` after its end: nothing that is believed can fall into it later, unless its source
// declared a backfill. What does is a supplement: another summary of that period, with what was not counted before,
// told beside the next day's. An access counts once, however many patients it touched. An annulled entry stays counted:
// it stands in the ledger, as its annulment does. State in rows. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "consumers/check.h"
#include "consumers/fold.h"
#include "schemas/event_type.h"

namespace jangbu::consumers {

class Summaries final : public Check {
 public:
  Summaries(const Registry& registry, LedgerId patients, std::shared_ptr<const TypeTable> types);

  // No rules of its own, and not adopted by event: it says what stands there, not what is wrong.
  [[nodiscard]] CheckId id() const override { return {"summaries", 1, {}}; }
  [[nodiscard]] bool needs_adoption() const override { return false; }
  void take(const TimelineEntry& entry, const TimelineFact& fact) override;
  void annul(const EntryPlace&, const TimelineFact&) override {}
  void tick(Bench& bench) override;
  [[nodiscard]] std::vector<AnyTable*> tables() override { return {&days_, &progress_, &findings_}; }

 private:
  // action, outcome, purpose, care
  struct Access {
    std::string action, purpose;
    std::int64_t outcome = 0;
    bool care = true;
    auto operator<=>(const Access&) const = default;
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.action, self.purpose, self.outcome, self.care);
    }
  };
  struct Day {
    std::map<Access, std::uint64_t> accesses;
    std::uint64_t emergencies = 0, downloads = 0, granted = 0, withdrawn = 0, opted_out = 0;
    std::map<std::int64_t, std::uint64_t> waits;           // by hours
    std::map<std::string, std::uint64_t> raised, settled;  // findings of the patients' ledger, by rule
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.accesses, self.emergencies, self.downloads, self.granted, self.withdrawn, self.opted_out, self.waits,
        self.raised, self.settled);
    }
  };
  struct Progress {
    std::optional<Timestamp> next;              // the first day that is not summarised yet
    EntryPlace last;                            // of the patients' ledger
    std::map<std::string, std::uint64_t> open;  // findings, by rule, at the end of the last day that is
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.next, self.last, self.open);
    }
  };

  [[nodiscard]] Timestamp day_of(const TimelineFact& fact) const;
  void take_access(const Event& event, const TimelineFact& fact, Day& day) const;
  void take_consent(const Event& event, const TimelineFact& fact, std::string_view what, Day& day) const;
  void take_finding(const Event& event, Timestamp start);
  [[nodiscard]] bool is_care(std::string_view purpose, const TimelineFact& fact) const;
  void say(Timestamp start, Bench& bench);

  const Registry& registry_;
  LedgerId patients_;
  std::shared_ptr<const TypeTable> types_;
  Table<Day> days_{"summary.day"};
  Table<Progress> progress_{"summary.progress"};
  Table<std::string> findings_{"summary.finding"};  // open ones, and their rules
};

// The fold of a hospital's patients' ledger.
[[nodiscard]] std::unique_ptr<Fold> patients_fold(LedgerId coordinator, std::string_view hospital,
                                                  std::shared_ptr<const TypeTable> types);

}  // namespace jangbu::consumers
