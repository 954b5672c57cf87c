// The export check: only permitted outputs leave. It follows every export from its request over scans and output checks
// to its decision and departure, with the lineage of its outputs, and concludes EXP-1 to EXP-13, export.cleared,
// .refused and .revoked (export_rules.cc says what each rule asks; lineage.h where outputs come from; export_decide.cc
// and export_judge.cc how it is decided and judged). State in rows. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "consumers/check.h"
#include "consumers/checks/lineage.h"

namespace jangbu::consumers {

[[nodiscard]] std::span<const Rule> export_rules();

namespace exports {

struct Output {
  std::string id, kind, format, digest;
  std::int64_t bytes = 0;
  std::optional<std::int64_t> smallest_cell, rows;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.id, self.kind, self.format, self.digest, self.bytes, self.smallest_cell, self.rows);
  }
};

struct Request {
  TimelineFact fact;
  std::string project, permit, actor, destination, country, justification;
  std::vector<Output> outputs;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.project, self.permit, self.actor, self.destination, self.country, self.justification,
      self.outputs);
  }
};

struct Scan {
  TimelineFact fact;
  std::string output, test;
  std::optional<std::int64_t> value;
  bool passed = false;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.output, self.test, self.value, self.passed);
  }
};

enum class Answer : std::uint8_t { accept, changes, reject };

struct Checked {
  TimelineFact fact;
  std::string by, institution;
  Answer answer = Answer::changes;
  std::map<std::string, std::string> outputs;            // digests
  std::map<std::string, std::set<std::string>> waivers;  // tests, by output
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.by, self.institution, self.answer, self.outputs, self.waivers);
  }
};

// A ledgered export.cleared, one of its copies.
struct Clearance {
  TimelineFact fact;
  std::string institution;
  bool automatic = false;
  std::map<std::string, std::string> outputs;  // digests
  Timestamp until;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.institution, self.automatic, self.outputs, self.until);
  }
};

// An export.revoked. It counts if it is a system key's, the coordinating body's or a site's whose data left: anybody
// can write one into his own ledger.
struct Revocation {
  TimelineFact fact;
  std::string institution;
  bool by_system = false;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.institution, self.by_system);
  }
};

struct Departure {
  TimelineFact fact;
  std::string institution, destination, country, ground;
  std::vector<Output> outputs;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.fact, self.institution, self.destination, self.country, self.ground, self.outputs);
  }
};

struct Decision {
  bool cleared = false, automatic = false;
  TimelineFact by;  // the entry that decided
  TimelineFact request;
  std::vector<std::string> ledgers;  // that got a copy
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.cleared, self.automatic, self.by, self.request, self.ledgers);
  }
};

struct Export {
  std::vector<Request> requests;  // the last one counts until it is decided
  std::vector<Scan> scans;
  std::vector<Checked> checks;
  std::vector<Clearance> clearances;
  std::vector<Revocation> revoked;
  std::vector<Departure> departures;
  std::optional<Decision> decision;
  bool recalled = false;
  EntryPlace last;  // the entry that changed it last

  [[nodiscard]] const Request* request() const { return requests.empty() ? nullptr : &requests.back(); }
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.requests, self.scans, self.checks, self.clearances, self.revoked, self.departures, self.decision,
      self.recalled, self.last);
  }
};

// A rule that does not let an output leave.
struct Reason {
  std::string_view rule;
  std::string output, site;  // where it is about one
  std::vector<EntryPlace> causes;
};

// What the rules are asked about: an export's outputs, as of a time, under a policy.
struct Question {
  const std::string* id = nullptr;
  const Export* exported = nullptr;
  const Request* request = nullptr;
  const Policy* policy = nullptr;
  const PermitVersion* permit = nullptr;
  std::vector<Output> outputs;
  Timestamp as_of;  // answers of checkers count up to here
};

// The rules that hold against it, in order: EXP-3 to 8 and 11 to 13.
[[nodiscard]] std::vector<Reason> reasons(const Question& question, const Registry& registry, const Lineage& lineage);
// EXP-7 and EXP-8, of a request or a departure.
[[nodiscard]] bool destination_allowed(const PermitVersion* permit, std::string_view destination);
[[nodiscard]] bool country_allowed(std::string_view country, std::string_view ground);
[[nodiscard]] bool size_allowed(const Policy& policy, const Output& output);
// The last answer of each person up to `as_of`.
[[nodiscard]] std::map<std::string, const Checked*> answers(const Export& exported, Timestamp as_of);
// Is this person none of the project's or the permit's, nor who asked?
[[nodiscard]] bool eligible(const Registry& registry, const Request& request, const PermitVersion* permit,
                            std::string_view person);
[[nodiscard]] bool accepts(const Checked& checked, const Request& request);

}  // namespace exports

class ExportCheck final : public Check {
 public:
  explicit ExportCheck(const Registry& registry) : registry_(registry), lineage_(registry) {}

  [[nodiscard]] CheckId id() const override { return {"export", 1, export_rules()}; }
  void take(const TimelineEntry& entry, const TimelineFact& fact) override;
  void annul(const EntryPlace& of, const TimelineFact& by) override;
  void tick(Bench& bench) override;
  [[nodiscard]] std::vector<AnyTable*> tables() override;
  void loaded() override;

 private:
  exports::Export& change(std::string_view id, const TimelineFact& fact);
  void take_export(const TimelineEntry& entry, const TimelineFact& fact, std::string_view what);
  void take_departure(const TimelineEntry& entry, const TimelineFact& fact);
  void touch_output(std::string_view output);

  void decide(const std::string& id, Bench& bench);
  void recall(const std::string& id, Bench& bench);
  void judge(const std::string& id, Bench& bench);
  void say(const std::string& id, const exports::Request& request, const exports::Decision& decision,
           const std::vector<exports::Reason>& reasons, const std::vector<EntryPlace>& causes, Bench& bench);
  [[nodiscard]] std::optional<exports::Decision> automatic(const exports::Request& request) const;
  [[nodiscard]] std::vector<std::string> receivers(const exports::Request& request) const;
  [[nodiscard]] exports::Question question(const std::string& id, const exports::Export& exported,
                                           const exports::Request& request, PolicyIndex policy) const;

  const Registry& registry_;
  Lineage lineage_;
  Table<exports::Export> exports_{"export.export"};
  Agenda agenda_{"export.agenda"};
  std::map<std::string, std::set<std::string>, std::less<>> by_output_;  // from the table: exports that name it
  std::set<std::string, std::less<>> touched_;  // to be judged at this tick; empty between ticks
};

}  // namespace jangbu::consumers
