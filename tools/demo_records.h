// The year's everyday: accesses to records, consents, emergencies and their monthly review at one hospital, hour by
// hour, most as they happen, a third with the night's batch at two. Internal to the demo.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/demo_script.h"

namespace jangbu::tools {

struct EverydayEvent {
  YearSecond arrives = 0, at = 0;
  std::string_view type;
  std::string_view system;  // the source's last part
  bool patients = true;     // in the patients' ledger; else the shared one
  Json data;
};

class Everyday {
 public:
  // `accesses_a_day`: on a working day.
  Everyday(std::string_view hospital, std::uint64_t seed, double accesses_a_day);
  // What arrives within that hour of the year, by arrival.
  [[nodiscard]] std::vector<EverydayEvent> hour(int hour) const;

 private:
  void accesses_of(int hour, bool batch, std::vector<EverydayEvent>& out) const;
  void consents_of(int hour, std::vector<EverydayEvent>& out) const;
  void monthly_review(int hour, std::vector<EverydayEvent>& out) const;
  [[nodiscard]] std::string patient(std::uint64_t number) const;

  std::string hospital_;
  std::uint64_t seed_;
  double accesses_a_day_;
  std::vector<std::string> staff_;
};

}  // namespace jangbu::tools
