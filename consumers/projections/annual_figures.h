// The table of figures: REPORT.md's list, with the measures of those that are computed. What is not in a measure's row
// is not published; what a row calls not yet computed is never shown as 0.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace jangbu::consumers {

struct Text {
  std::string_view ko, en;
};

enum class MeasureKind : std::uint8_t {
  count,         // numerator: how many
  distinct,      // numerator: how many different ones
  share,         // numerator of denominator
  distribution,  // mean, median, 90th percentile over samples
  maximum,       // numerator: the greatest
};

struct MeasureRow {
  std::string_view key;
  Text name;
  std::string_view unit;  // "institutions", "persons", "hours", ...
  MeasureKind kind;
  std::string_view numerator, denominator;  // in words
  // Cells under cell_min are not published: they count persons.
  bool persons = false;
  // Of a distribution or maximum: samples are milliseconds (hours, days) or plain numbers.
  std::int64_t per_unit = 1;
  std::string_view not_yet;  // why it is not computed; empty: it is
};

struct FigureRow {
  int number;
  std::string_view key;
  Text name;
  std::string_view definition_ko, definition_en;
  std::string_view unit;
  std::string_view sources;  // types, separated by spaces
  bool first;                // wanted in the first version
  // Rests on what stood before the period too (its searches have no beginning).
  bool standing;
  bool from_summaries;  // in part on the daily summaries of patients' ledgers
  std::span<const MeasureRow> measures;
  std::string_view not_yet;  // why it is not computed; empty: its measures say
};

// By number, all of them.
[[nodiscard]] std::span<const FigureRow> figure_rows();

}  // namespace jangbu::consumers
