// A rule of a check as a row: what it holds against whom, on what basis, and in words for people. Each check has its
// rules in one table (checks/<name>_rules.cc); findings, the explanations that the API gives and the documentation all
// come from it. Constant data: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace jangbu::consumers {

enum class Severity : std::uint8_t { info, low, medium, high, critical };

[[nodiscard]] constexpr std::string_view name(Severity severity) {
  constexpr std::string_view kNames[] = {"info", "low", "medium", "high", "critical"};
  return kNames[static_cast<std::size_t>(severity)];
}

struct Rule {
  std::string_view id;    // "PUR-1"
  std::string_view name;  // "overdue"
  Severity severity;
  std::string_view per;  // what one finding stands for: "copy"; repeats within it are counted, not raised anew
  std::string_view basis;
  std::string_view parameters;  // of the policy, separated by blanks
  std::string_view fires_when;
  std::string_view explanation_ko, explanation_en;
  std::string_view resolved_by_ko, resolved_by_en;
  std::string_view opened_by;  // the entry that a finding's id names
};

// The row of `id`; it must be in the table.
[[nodiscard]] const Rule& rule(std::span<const Rule> rules, std::string_view id);

}  // namespace jangbu::consumers
