// Lineage: which triggered analyses an output comes from. The export check asks it; state in rows, as a part of its
// own. One thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/registry.h"

namespace jangbu::consumers {

class Lineage {
 public:
  explicit Lineage(const Registry& registry) : registry_(registry) {}

  // analysis.completed, computation.combined, dataset.*, consent.applied. The outputs that it concerns.
  [[nodiscard]] std::vector<std::string> take(const TimelineEntry& entry, const TimelineFact& fact);
  [[nodiscard]] std::vector<std::string> annul(const EntryPlace& of);

  struct Trace {
    // Produced, with this digest, by a completed, triggered analysis under the permit, or combined from such outputs.
    bool proven = false;
    bool round = false;               // every analysis in it was part of a round
    bool combined_data = false;       // an analysis in it ran on combined data
    std::set<std::string> sites;      // whose data it rests on
    std::set<std::string> producers;  // institutions that made it, or what it was combined from
    std::vector<EntryPlace> causes;
    std::optional<std::int64_t> smallest_cell;
    std::optional<std::int64_t> records;  // that it rests on, where all are known
    std::uint64_t last_order = 0;         // of the last entry in it
    PolicyIndex last_policy = 0;
  };
  // What is known of an output, proven or not.
  [[nodiscard]] Trace trace(std::string_view output, std::string_view digest, std::string_view permit) const;
  // Outputs of an analysis.
  [[nodiscard]] std::vector<std::string> outputs_of(std::string_view analysis) const;

  [[nodiscard]] std::vector<AnyTable*> tables() { return {&producers_, &datasets_, &analyses_}; }

 private:
  struct Input {
    std::string output, digest;
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.output, self.digest);
    }
  };
  struct Producer {
    TimelineFact fact;
    std::string institution, digest;
    std::string analysis;     // or, where it is empty:
    std::string computation;  // combined from `inputs`
    std::vector<Input> inputs;
    std::optional<std::int64_t> smallest_cell, rows;
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.fact, self.institution, self.digest, self.analysis, self.computation, self.inputs, self.smallest_cell,
        self.rows);
    }
  };
  struct Dataset {
    bool combined = false;
    std::optional<std::int64_t> records;
    std::set<std::string> sites;  // of combined data: whose datasets went in
    template <typename A, typename S>
    static void fields(A& a, S& self) {
      a(self.combined, self.records, self.sites);
    }
  };

  void add(const Producer& producer, simdjson::dom::object data, std::vector<std::string>& concerned);
  [[nodiscard]] Trace of_analysis(const Producer& producer, std::string_view permit) const;
  [[nodiscard]] Trace of_combination(const Producer& producer, std::string_view permit) const;

  const Registry& registry_;
  Table<std::vector<Producer>> producers_{"export.producer"};  // by output
  Table<Dataset> datasets_{"export.dataset"};
  Table<std::vector<std::string>> analyses_{"export.analysis"};  // its outputs
};

}  // namespace jangbu::consumers
