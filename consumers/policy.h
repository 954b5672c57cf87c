// Policy: the parameters that rules are judged by, as a document that a space adopts by event (policy.adopted). The
// document is strict: every parameter of policy.schema.json must be there, none beside them, each within its bounds, so
// that a misspelt parameter is an error and never a default. default_policy.json is the one that `init` adopts; it is
// never used by itself. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/error.h"

namespace jangbu::consumers {

struct Policy {
  std::string id;  // of the policy.adopted

  // Whole numbers by name: "purge_grace_hours". Every name of policy.cc's table is there.
  std::map<std::string, std::int64_t, std::less<>> numbers;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  [[nodiscard]] std::int64_t seconds(
      std::string_view name) const;  // of a parameter in _seconds, _minutes, _hours, _days

  // Fractions in 1/10,000, as scans report them.
  std::int64_t nk_contributors = 0, nk_share = 0;
  std::int64_t p = 0;
  bool site_consent = true;
  std::set<std::string, std::less<>> output_kinds, cell_kinds, auto_kinds, secondary_purposes;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> formats;           // by kind
  std::map<std::string, std::string, std::less<>> opt_out_force;                            // by ground
  std::map<std::string, std::vector<std::string>, std::less<>> reviews_required;            // by basis, may end in *
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> purposes_by_role;  // by role
  std::map<std::string, std::int64_t, std::less<>> patients_per_hour, patients_per_day;     // by role, and "default"
  std::map<std::string, std::int64_t, std::less<>> targets;                                 // by figure
  std::int32_t calendar_offset_seconds = 32'400;                                            // of its time zone
  std::set<std::string, std::less<>> holidays;                                              // "2026-03-02"
};

// Error: bad_policy, `where` the JSON pointer.
[[nodiscard]] Result<Policy> parse_policy(std::string_view document);
// The embedded files.
[[nodiscard]] std::string_view default_policy_document();
[[nodiscard]] std::string_view policy_schema_document();

}  // namespace jangbu::consumers
