// The book of one computation of the figures: cells of measures, each counted anew, never added up from others.
// Internal to the annual report. One thread.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace jangbu::consumers {

enum class Dimension : std::uint8_t { consortium, group, institution, project, month };
[[nodiscard]] std::string_view name(Dimension dimension);

// A hospital is advanced general or another; other institutions are in no group.
enum class Group : std::uint8_t { none, advanced_general, other };

// Where a fact belongs. 0: nowhere in that dimension.
struct Place3 {
  std::uint32_t institution = 0;  // by FactSet's names
  std::uint32_t project = 0;
  std::int32_t month = 0;  // 202603
};

struct CellKey {
  Dimension dimension = Dimension::consortium;
  std::int64_t key = 0;  // by dimension: Group, institution's or project's name, month
  std::string category;
  auto operator<=>(const CellKey&) const = default;
};

struct CellSum {
  std::int64_t numerator = 0, denominator = 0;
  std::vector<std::int64_t> samples;
  std::unordered_set<std::uint64_t> distinct;
};

class Measure {
 public:
  explicit Measure(const std::map<std::uint32_t, Group>* groups) : groups_(groups) {}

  void count(const Place3& place, std::int64_t by = 1, std::string_view category = {}) {
    each(place, category, [&](CellSum& cell) { cell.numerator += by; });
  }
  void distinct(const Place3& place, std::uint64_t what, std::string_view category = {}) {
    each(place, category, [&](CellSum& cell) { cell.distinct.insert(what); });
  }
  // Of a share: one more in the denominator, and in the numerator if `yes`.
  void part(const Place3& place, bool yes, std::string_view category = {}) {
    each(place, category, [&](CellSum& cell) {
      cell.numerator += yes ? 1 : 0;
      ++cell.denominator;
    });
  }
  void sample(const Place3& place, std::int64_t value, std::string_view category = {}) {
    each(place, category, [&](CellSum& cell) { cell.samples.push_back(value); });
  }
  void maximum(const Place3& place, std::int64_t value) {
    each(place, {}, [&](CellSum& cell) { cell.numerator = cell.numerator < value ? value : cell.numerator; });
  }
  // One cell alone.
  [[nodiscard]] CellSum& cell(Dimension dimension, std::int64_t key, std::string_view category = {}) {
    return cells_[CellKey{dimension, key, std::string(category)}];
  }
  [[nodiscard]] const std::map<CellKey, CellSum>& cells() const { return cells_; }

  // The cells of a place, without the measure's own.
  template <typename Visit>
  void each(const Place3& place, std::string_view category, Visit&& visit) {
    visit(cell(Dimension::consortium, 0, category));
    if (place.institution != 0) {
      visit(cell(Dimension::institution, place.institution, category));
      const auto group = groups_->find(place.institution);
      if (group != groups_->end() && group->second != Group::none) {
        visit(cell(Dimension::group, static_cast<std::int64_t>(group->second), category));
      }
    }
    if (place.project != 0) visit(cell(Dimension::project, place.project, category));
    if (place.month != 0) visit(cell(Dimension::month, place.month, category));
  }

 private:
  const std::map<std::uint32_t, Group>* groups_;
  std::map<CellKey, CellSum> cells_;
};

class Book {
 public:
  // By "17.dataset_accesses": figure's number and measure's key.
  [[nodiscard]] Measure& measure(const std::string& key) { return measures_.try_emplace(key, &groups).first->second; }
  [[nodiscard]] const Measure* find(const std::string& key) const {
    const auto found = measures_.find(key);
    return found == measures_.end() ? nullptr : &found->second;
  }
  std::map<std::uint32_t, Group> groups;  // by institution; set first

  Book() = default;
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;

 private:
  std::map<std::string, Measure> measures_;
};

}  // namespace jangbu::consumers
