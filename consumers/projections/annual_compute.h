// Computes the figures of one window into a book: a pure function of facts, window and policy. Internal to the annual
// report. annual_compute.cc has the figures of use and exports, annual_lives.cc those of datasets' lives and findings.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "consumers/policy.h"
#include "consumers/projections/annual_book.h"
#include "consumers/projections/annual_load.h"

namespace jangbu::consumers {

class Computation {
 public:
  // `index`: the window's place in FactSet::entries. All outlive the computation.
  Computation(const FactSet& set, const Window& window, std::size_t index, const Policy& policy, Book& book);
  void run();

 private:
  // What is known of institutions, projects, permits and datasets: set first, by the facts that were ledgered by then.
  void know();
  void institutions();
  void demand();
  void use();
  void accesses();
  void pseudonymizations();
  void exports();
  void departures();
  void lives();     // 25 and 26
  void findings();  // 29
  void ledger();

  // Was it ledgered by the window's sizes, and not annulled by then?
  [[nodiscard]] bool counts(const Fact& fact) const;
  [[nodiscard]] bool in_period(const Fact& fact) const { return window_.holds(fact.time_ms); }
  [[nodiscard]] std::uint32_t institution(const Fact& fact) const { return set_.ledgers[fact.ledger].institution; }
  [[nodiscard]] std::int32_t month(std::int64_t time_ms) const { return months_.of(time_ms); }
  // Where a fact of this ledger, at this time, belongs.
  [[nodiscard]] Place3 place(const Fact& fact, std::uint32_t project = 0) const {
    return Place3{institution(fact), project, month(fact.time_ms)};
  }
  [[nodiscard]] std::uint32_t project_of(std::uint32_t project, std::uint32_t permit, std::uint32_t dataset) const;
  [[nodiscard]] std::uint32_t owner_of(std::uint32_t id);  // the institution that an id names
  [[nodiscard]] bool is(std::uint32_t text, std::string_view value) const { return set_.names.text(text) == value; }
  [[nodiscard]] std::int64_t working_deadline(std::int64_t time_ms, int days) const;

  template <typename Visit>
  void each(FactKind kind, Visit&& visit) const {
    for (const Fact* fact : by_kind_[static_cast<std::size_t>(kind)]) visit(*fact);
  }

  const FactSet& set_;
  const Window& window_;
  std::size_t index_;
  const Policy& policy_;
  Book& book_;

  mutable Months months_;                                             // remembers a day, nothing else
  std::set<std::pair<std::uint32_t, std::uint64_t>> annulled_;        // (ledger's name, sequence number)
  std::array<std::vector<const Fact*>, kFactShapes.size()> by_kind_;  // that count, by time
  std::unordered_map<std::uint32_t, std::uint32_t> kind_of_;          // institution -> kind's name
  std::unordered_map<std::uint32_t, std::uint32_t> applicant_of_;     // project -> institution
  std::unordered_map<std::uint32_t, std::uint32_t> project_of_permit_, project_of_dataset_;
  std::unordered_map<std::uint32_t, std::uint32_t> owner_of_;
  // Of permits: [from, end) of being in force, by time.
  struct InForce {
    std::uint32_t permit;
    std::int64_t from, end;
  };
  std::vector<InForce> in_force_;
  std::unordered_map<std::uint32_t, std::int64_t> permit_end_;  // permit -> when it ends, as last known
};

}  // namespace jangbu::consumers
