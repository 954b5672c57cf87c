// DemoYear: a pilot's year of events, made from a seed: five hospitals (two of them advanced general), three demand
// organisations, the platform and the coordinating body, with daily and weekly rhythm and nightly batches, and one
// planted fault for each rule of the purge and export checks. `jangbu demo` and the tests ask for it hour by hour and
// tell it where events came to stand, since later events point at earlier entries. No clock, no other state: the same
// seed and places give the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/hash.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "ledger/space.h"
#include "schemas/timestamp.h"

namespace jangbu::tools {

struct DemoEvent {
  Timestamp arrives;  // when it reaches the node: its own time, or the night's batch
  LedgerId ledger;
  std::string event;             // structured CloudEvents JSON
  std::optional<KeyUse> signer;  // a key of that ledger; coordinator: the space's
  std::string label;             // to be told to placed(); empty: nothing refers to it
};

struct PlantedFault {
  std::string rule;   // "PUR-1"
  std::string about;  // the id that the finding must be about
  auto operator<=>(const PlantedFault&) const = default;
};

struct DemoOptions {
  std::uint64_t seed = 1;
  std::uint64_t events = 20'000;  // about how many in the whole year, set-up and ticks aside
};

class DemoYear {
 public:
  static constexpr int kHours = 365 * 24;

  explicit DemoYear(const DemoOptions& options);
  ~DemoYear();
  DemoYear(const DemoYear&) = delete;
  DemoYear& operator=(const DemoYear&) = delete;

  // The institutions; its keys are derived from the seed.
  [[nodiscard]] SpacePlan plan() const;
  [[nodiscard]] static Timestamp from();  // 2026-01-01T00:00:00+09:00
  [[nodiscard]] static Timestamp until();

  // The verifier keys of the institutions' probers, which stand in what they say. Before the first hour().
  void tell_prober(const std::string& institution, const std::string& vkey);

  // What arrives within hour `hour` (0 to kHours - 1, each once, in order), by arrival.
  [[nodiscard]] std::vector<DemoEvent> hour(int hour);
  // Where a labelled event of an earlier hour stands. Before the next hour().
  void placed(const std::string& label, const LedgerId& ledger, SequenceNumber sequence, const Hash& leaf);

  // Every finding that the checks must raise, sorted; nothing else may be raised.
  [[nodiscard]] const std::vector<PlantedFault>& planted() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::tools
