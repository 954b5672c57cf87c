// The purge check: what is temporary is destroyed. It follows every temporary pseudonymized dataset and its copies from
// announcement to purge and probe, and concludes PUR-1 to PUR-10 and purge.verified (purge_rules.cc says what each rule
// asks, purge_judge.cc how it is judged). State in rows: one a dataset, and one for the uses made of it. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consumers/check.h"

namespace jangbu::consumers {

[[nodiscard]] std::span<const Rule> purge_rules();

namespace purge {

struct Location {
  std::string environment, token;
  auto operator<=>(const Location&) const = default;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.environment, self.token);
  }
};

// Until when a copy may live, as its announcement or an extension states it.
struct Expiry {
  TimelineFact fact;
  std::optional<Timestamp> at;
  std::int64_t ttl_seconds = 0;  // allowed from the dataset's first creation, by the grant or policy at this entry
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.at, self.ttl_seconds);
  }
};

struct Copy {
  TimelineFact announced;
  std::string institution;  // in whose ledger it was announced
  Location location;
  std::string manifest;
  std::optional<std::int64_t> records;
  std::vector<Expiry> expiries;          // the last one counts; never empty
  std::optional<TimelineFact> reopened;  // its purge was annulled by this
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.announced, self.institution, self.location, self.manifest, self.records, self.expiries, self.reopened);
  }
};

// The dataset's last known manifest from here on.
struct Manifest {
  TimelineFact fact;
  std::string manifest;
  std::optional<std::int64_t> records;  // absent: no longer known
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.manifest, self.records);
  }
};

struct PurgedCopy {
  std::string copy, manifest;
  std::optional<std::int64_t> records;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.copy, self.manifest, self.records);
  }
};

struct Purge {
  TimelineFact fact;
  std::string institution, author, manifest;
  std::optional<std::int64_t> records;
  std::vector<PurgedCopy> copies;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.institution, self.author, self.manifest, self.records, self.copies);
  }
};

struct Probe {
  TimelineFact fact;
  std::string institution, author;
  Location location;
  bool present = false;
  bool by_prober = false;  // signed by a key registered as prober
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.institution, self.author, self.location, self.present, self.by_prober);
  }
};

struct Hold {
  TimelineFact fact;
  std::optional<TimelineFact> released;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.released);
  }
};

struct Dataset {
  std::optional<TimelineFact> announced;  // the first creation
  std::string institution;                // in whose ledger
  std::string permit;
  std::vector<TimelineFact> mentions;  // purges, copies and probes from before it was announced
  std::map<std::string, Copy> copies;
  std::vector<Manifest> manifests;
  std::vector<Purge> purges;
  std::vector<Probe> probes;
  std::map<std::string, std::vector<Hold>> holds;
  std::vector<TimelineFact> identified;
  std::optional<EntryPlace> verified;  // the purge under which it was
  EntryPlace last;                     // the entry that changed it last
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.announced, self.institution, self.permit, self.mentions, self.copies, self.manifests, self.purges,
      self.probes, self.holds, self.identified, self.verified, self.last);
  }
};

// A use: accessed, copied, combined, or an analysis started.
struct Use {
  TimelineFact fact;
  bool pinned = false;  // a finding was opened by it
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.pinned);
  }
};

}  // namespace purge

class PurgeCheck final : public Check {
 public:
  explicit PurgeCheck(const Registry& registry) : registry_(registry) {}

  [[nodiscard]] CheckId id() const override { return {"purge", 1, purge_rules()}; }
  void take(const TimelineEntry& entry, const TimelineFact& fact) override;
  void annul(const EntryPlace& of, const TimelineFact& by) override;
  void tick(Bench& bench) override;
  [[nodiscard]] std::vector<AnyTable*> tables() override { return {&datasets_, &uses_, &agenda_}; }

 private:
  purge::Dataset& change(std::string_view dataset, const TimelineFact& fact);
  void announce(const TimelineEntry& entry, const TimelineFact& fact, std::string_view dataset, std::string_view permit,
                simdjson::dom::object data);
  void take_dataset(const TimelineEntry& entry, const TimelineFact& fact, std::string_view what);
  void take_copied(const TimelineEntry& entry, const TimelineFact& fact);
  void take_purged(const TimelineEntry& entry, const TimelineFact& fact);
  void take_probed(const TimelineEntry& entry, const TimelineFact& fact);
  void take_applied(const TimelineEntry& entry, const TimelineFact& fact);
  void take_use(std::string_view dataset, const TimelineFact& fact);
  void take_analysis(const TimelineEntry& entry, const TimelineFact& fact, std::string_view what);
  [[nodiscard]] std::int64_t ttl_seconds(std::string_view dataset, std::string_view permit,
                                         const TimelineFact& fact) const;

  const Registry& registry_;
  Table<purge::Dataset> datasets_{"purge.dataset"};
  Table<std::vector<purge::Use>> uses_{"purge.use"};
  Agenda agenda_{"purge.agenda"};
  std::set<std::string, std::less<>> touched_;  // to be judged at this tick; empty between ticks
};

}  // namespace jangbu::consumers
