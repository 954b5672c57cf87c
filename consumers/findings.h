// Findings: which matters are open. A check says, of one subject (a dataset, an export) at a time, on what grounds
// something is wrong there now; this raises what is new, counts what repeats, and resolves what has lost its ground. So
// a check is a statement of what holds, and all that finding.* asks for is in one place.
//
// States: open -> resolved (its ground is gone) or closed (by two people). A finding of high or critical whose ground
// was annulled stays open until it is closed. State in rows. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consumers/conclusion.h"
#include "consumers/registry.h"
#include "consumers/rows.h"
#include "consumers/rules.h"

namespace jangbu::consumers {

// Why something is wrong.
struct Ground {
  std::string_view rule;
  std::string kind;    // what it is about: "dataset", "copy", "export", "output"
  std::string about;   // its id
  std::string within;  // the dataset or export that it belongs to; the same as `about` where it is one
  std::string aspect;  // tells apart two ways in which one rule can be broken at the same time; usually empty
  TimelineFact opener;
  std::vector<EntryPlace> causes;  // beside the opener
  std::optional<Timestamp> due;    // the deadline that was missed
  // It was so, and no longer is: raised, and resolved at the same tick, unless it was raised before.
  bool past = false;
};

struct Finding {
  enum class State : std::uint8_t { open, resolved, closed };

  std::string check, rule, subject, kind, about, within, aspect, ledger;
  Severity severity = Severity::info;
  TimelineFact opener;
  std::vector<EntryPlace> causes;
  std::optional<Timestamp> due;
  State state = State::open;
  std::uint64_t count = 1, count_told = 1;
  std::uint64_t last_order = 0;
  EntryPlace last;
  bool told = false;  // it stands, or will stand, in a ledger: not so when the check was not adopted then
  bool disputed = false, acknowledged = false, ground_annulled = false;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.check, self.rule, self.subject, self.kind, self.about, self.within, self.aspect, self.ledger, self.severity,
      self.opener, self.causes, self.due, self.state, self.count, self.count_told, self.last_order, self.last,
      self.told, self.disputed, self.acknowledged, self.ground_annulled);
  }
};

enum class How : std::uint8_t { done, late_evidence };
struct Resolution {
  How how = How::done;
  std::vector<EntryPlace> causes;
};

// Where checks put what they conclude.
struct Verdicts {
  std::vector<Conclusion>& out;
  bool adopted = false;  // else the check runs silently: its state grows, and nothing is said
};

struct CheckId {
  std::string_view name;
  std::int64_t version;
  std::span<const Rule> rules;
};

class Findings {
 public:
  explicit Findings(const Registry& registry) : registry_(registry) {}

  // The judgement over `subject` now: exactly these grounds hold. `gone` says how an open finding lost its ground.
  void judge(const CheckId& check, const std::string& subject, std::vector<Ground> grounds,
             const std::function<Resolution(const Finding&)>& gone, Verdicts verdicts);
  // Windows that have ended: tells the counts.
  void end_windows(const std::function<Verdicts(std::string_view check)>& verdicts);

  // Was this finding raised, and is no longer open? Then it cannot be raised again under the same opener.
  [[nodiscard]] bool spent(std::string_view rule, std::string_view about, const EntryPlace& opener) const;
  // Did this entry open a finding of `subject` that is open?
  [[nodiscard]] bool opened(const std::string& subject, const EntryPlace& opener) const;
  [[nodiscard]] const Table<Finding>& table() const { return findings_; }

  // finding.closed, .acknowledged, .disputed.
  void take(const Event& event);
  // A ledgered finding.raised of a check that does not conclude here.
  void note_told(std::string_view finding);

  [[nodiscard]] std::vector<AnyTable*> tables() { return {&findings_, &windows_}; }
  void loaded();

 private:
  void raise(const CheckId& check, const std::string& subject, const Ground& ground, const std::string& id,
             Verdicts verdicts);
  void repeat(const std::string& id, const Ground& ground);
  void tell_count(const std::string& id, Verdicts verdicts);
  void resolve(const std::string& id, std::string_view how, const std::vector<EntryPlace>& causes, Verdicts verdicts);
  void resolve_gone(const std::string& id, const std::function<Resolution(const Finding&)>& gone, Verdicts verdicts);
  void close(const std::string& id, Finding::State state);
  [[nodiscard]] std::string id_of(const Ground& ground) const;
  [[nodiscard]] bool counted_before(const Ground& ground) const;
  [[nodiscard]] std::string parameters(const Rule& rule, PolicyIndex policy) const;
  void index(const std::string& id, const Finding& finding);

  const Registry& registry_;
  Table<Finding> findings_{"finding.all"};
  Agenda windows_{"finding.window"};
  // From the table.
  std::map<std::string, std::set<std::string>, std::less<>> by_subject_;  // open ones
  std::map<std::string, std::set<std::string>, std::less<>> by_matter_;   // all: rule, aspect, about
};

}  // namespace jangbu::consumers
