// The demo year's script: what shall happen when, before places are known. Filled by demo_life and demo_faults, read
// hour by hour by demo_year.cc. Included by those files only.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger_id.h"
#include "schemas/timestamp.h"
#include "tools/demo_random.h"

namespace jangbu::tools {

using Json = nlohmann::ordered_json;

// Seconds since the year began.
using YearSecond = std::int64_t;
constexpr YearSecond kMinute = 60;
constexpr YearSecond kHour = 3600;
constexpr YearSecond kDay = 24 * kHour;

inline constexpr std::string_view kCoordinator = "haneul";
inline constexpr std::string_view kPlatform = "dasan";
inline constexpr std::string_view kHospitals[] = {"areum", "dowon", "hanbit", "mirae", "saebyeok"};
inline constexpr std::string_view kDemand[] = {"bioai", "carelab", "medistat"};

struct PlannedEvent {
  YearSecond at = 0;  // its own time and its arrival
  LedgerId ledger;
  std::string type;    // "dataset.purged"
  std::string source;  // "/hanbit/agent"
  Json data;           // {"@": label} stands for the place of an earlier event
  std::optional<KeyUse> signer;
  std::string label;
};

class Script {
 public:
  void add(PlannedEvent event) { events_.emplace(event.at, std::move(event)); }
  // Removes and returns what is planned before `end`, in order of time, then of adding.
  [[nodiscard]] std::vector<PlannedEvent> take_before(YearSecond end) {
    std::vector<PlannedEvent> taken;
    while (!events_.empty() && events_.begin()->first < end) {
      taken.push_back(std::move(events_.begin()->second));
      events_.erase(events_.begin());
    }
    return taken;
  }

 private:
  std::multimap<YearSecond, PlannedEvent> events_;
};

// A place yet unknown: the entry of the event labelled so.
[[nodiscard]] inline Json place_of(std::string_view label) { return Json{{"@", label}}; }
// The verifier key of an institution's prober, told later too.
[[nodiscard]] inline Json prober_of(std::string_view institution) { return Json{{"@prober", institution}}; }
// "2026-01-01T09:00:00+09:00" at that second of the year.
[[nodiscard]] std::string year_time(YearSecond second);
[[nodiscard]] LedgerId shared_ledger(std::string_view institution);
[[nodiscard]] LedgerId patients_ledger(std::string_view hospital);
// "hanbit/ds-1".
[[nodiscard]] std::string local_id(std::string_view institution, std::string_view local);

}  // namespace jangbu::tools
