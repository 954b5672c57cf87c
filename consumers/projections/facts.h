// Facts: what the annual figures keep of an entry of a shared ledger: a kind, a few texts, a few numbers. Written with
// the block that the entry stands in, in one row a block, so that a report reads a few bytes an entry and no event.
//
// Row: varint count of distinct texts, each with its varint length; then the facts, in the order of their entries: kind
// (1 byte), varint offset of the entry in its block less that of the fact before, then the kind's texts (varint places
// in that list) and numbers (zigzag varints). Kinds are never renumbered; a changed shape is a new version of the
// store.
//
// Written by the projector; read by annual.cc. Pure; one thread each.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "consumers/projections/varint.h"

namespace jangbu::consumers {

enum class FactKind : std::uint8_t {
  accessed = 1,
  computation = 2,
  computation_site = 3,
  analysis_completed = 4,
  temporary = 5,
  pseudonymized = 6,
  combined = 7,
  copied = 8,
  extended = 9,
  held = 10,
  purged = 11,
  purge_verified = 12,
  reviewed = 13,
  institution = 14,
  suspended = 15,
  project = 16,
  permit = 17,
  permit_ended = 18,
  requested = 19,
  requested_output = 20,
  decided = 21,
  refused_reason = 22,
  checked = 23,
  departed = 24,
  finding = 25,
  finding_ended = 26,
  finding_disputed = 27,
  summary_count = 28,
  summary_totals = 29,
  summary_finding = 30,
  annulled = 31,
  rejected = 32,
};

// How many texts and numbers a kind has; what they are.
struct FactShape {
  std::uint8_t texts, numbers;
};
inline constexpr std::array<FactShape, 33> kFactShapes = {{
    {0, 0}, {5, 1},  // accessed: action, dataset, project, permit, actor; outcome
    {3, 0},          // computation: project, permit, actor
    {2, 0},          // computation_site: project, site
    {1, 0},          // analysis_completed: analysis
    {1, 2},          // temporary: dataset; expires, records
    {3, 4},          // pseudonymized: dataset, project, permit; records, patients, complete, expires
    {3, 2},          // combined: dataset, project, permit; records, expires
    {2, 1},          // copied: dataset, copy; expires
    {1, 1},          // extended: dataset; expires
    {2, 1},          // held: dataset, hold; 1 begins, 0 ends
    {2, 1},          // purged: dataset, copy; at
    {2, 0},          // purge_verified: dataset, level
    {1, 2},          // reviewed: dataset; round, adequate
    {2, 1},          // institution: institution, kind; advanced general
    {1, 1},          // suspended: institution; 1 suspended, 0 reinstated
    {2, 0},          // project: project, applicant
    {2, 2},          // permit: permit, project; from, until
    {1, 0},          // permit_ended: permit
    {2, 3},          // requested: export, project; files, bytes, only automatic kinds
    {2, 1},          // requested_output: export, kind; bytes
    {2, 1},          // decided: export, mode; cleared
    {2, 0},          // refused_reason: export, rule
    {2, 0},          // checked: export, decision
    {2, 1},          // departed (each output): export, kind; at
    {4, 0},          // finding: finding, check, rule, severity
    {2, 1},          // finding_ended: finding, how; 1 closed by people, 0 resolved
    {1, 0},          // finding_disputed: finding
    {2, 4},          // summary_count: action, purpose; from, outcome, care, count
    {0, 3},          // summary_totals: from, emergencies, downloads
    {1, 3},          // summary_finding: rule; from, raised, open
    {2, 1},          // annulled: ledger, reason; sequence
    {1, 0},          // rejected: reason
}};
inline constexpr std::size_t kFactTextsMax = 5, kFactNumbersMax = 4;

// The facts of a block that is being filled.
class FactLog {
 public:
  void add(FactKind kind, std::size_t offset, std::span<const std::string_view> texts,
           std::span<const std::int64_t> numbers);
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string row() const;

 private:
  std::unordered_map<std::string, std::uint32_t> places_;
  std::vector<const std::string*> texts_;  // keys of places_, which do not move
  std::string bytes_;
  std::size_t last_offset_ = 0;
};

// Visits the facts of a row: texts(std::string_view) for each distinct text, in order; then fact(FactKind, offset,
// std::span<const std::uint64_t> places, std::span<const std::int64_t> numbers). False: not a row of facts.
template <typename Text, typename Visit>
[[nodiscard]] bool read_facts(std::string_view row, std::uint64_t entries, Text&& text, Visit&& fact) {
  std::uint64_t texts = 0;
  if (!take_varint(row, texts)) return false;
  for (std::uint64_t i = 0; i < texts; ++i) {
    std::string_view value;
    if (!take_text(row, value)) return false;
    text(value);
  }
  std::uint64_t offset = 0;
  std::array<std::uint64_t, kFactTextsMax> places{};
  std::array<std::int64_t, kFactNumbersMax> numbers{};
  while (!row.empty()) {
    const auto kind = static_cast<std::uint8_t>(row.front());
    row.remove_prefix(1);
    std::uint64_t step = 0;
    if (kind == 0 || kind >= kFactShapes.size() || !take_varint(row, step)) return false;
    offset += step;
    if (offset >= entries) return false;
    const FactShape shape = kFactShapes[kind];
    for (std::size_t i = 0; i < shape.texts; ++i) {
      if (!take_varint(row, places[i]) || places[i] >= texts) return false;
    }
    for (std::size_t i = 0; i < shape.numbers; ++i) {
      std::uint64_t number = 0;
      if (!take_varint(row, number)) return false;
      numbers[i] = unzigzag(number);
    }
    fact(static_cast<FactKind>(kind), offset, std::span<const std::uint64_t>(places.data(), shape.texts),
         std::span<const std::int64_t>(numbers.data(), shape.numbers));
  }
  return true;
}

}  // namespace jangbu::consumers
