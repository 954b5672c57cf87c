// Fold: all checks of one timeline as one pure function (state, tick) -> (state, conclusions), with what they share:
// the registry and the findings. The runner drives it; tests and replays drive it in memory. Same timeline, same bytes.
//
// A check concludes from the entry on at which check.adopted names its version; before that it runs silently, so that
// its state is whole. Ledgered conclusions are outputs: each is compared with what the fold computes, and a difference
// is an alarm. Triggers and clearances are inputs too, at their own entries. One thread. Reads no clock.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "consumers/check.h"
#include "consumers/conclusion.h"
#include "consumers/findings.h"
#include "consumers/registry.h"
#include "consumers/timeline.h"

namespace jangbu::consumers {

class Fold final : public TimelineReader {
 public:
  explicit Fold(LedgerId coordinator);
  ~Fold() override;

  // The fold of a space's shared ledgers: purge and export.
  [[nodiscard]] static std::unique_ptr<Fold> shared(LedgerId coordinator);
  void add(std::unique_ptr<Check> check);

  [[nodiscard]] Result<void> take(const TimelineEntry& entry) override;
  [[nodiscard]] Result<void> tick(const Tick& tick) override;

  // What was concluded, and what has to be heard of, since the last call.
  [[nodiscard]] std::vector<Conclusion> take_conclusions();
  [[nodiscard]] std::vector<Alarm> take_alarms();

  // Ledger and event id of the conclusions that were met in their ledger, as computed.
  [[nodiscard]] std::set<std::pair<std::string, std::string>> take_confirmed();

  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] const Findings& findings() const { return findings_; }
  // Conclusions computed and not seen in their ledger yet.
  [[nodiscard]] std::size_t awaited() const { return awaited_.size(); }
  [[nodiscard]] std::vector<const Check*> checks() const;

  [[nodiscard]] std::vector<AnyTable*> tables();
  [[nodiscard]] Result<void> loaded();

 private:
  struct Awaited {
    Hash digest;
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.digest);
    }
  };
  [[nodiscard]] Check* find(std::string_view name);
  [[nodiscard]] Verdicts verdicts(std::string_view check);
  void compare(const TimelineEntry& entry);

  Registry registry_;
  Findings findings_;
  std::vector<std::unique_ptr<Check>> checks_;
  Table<Awaited> awaited_{"fold.awaited"};  // by ledger and event id
  std::vector<Conclusion> conclusions_;
  std::vector<Alarm> alarms_;
  std::set<std::pair<std::string, std::string>> confirmed_;
};

}  // namespace jangbu::consumers
