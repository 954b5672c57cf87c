// Lives of projects, datasets and exports as they should be, in parts that a planted fault can leave out or bend. Used
// by demo_year.cc for the clean year and by demo_faults.cc. Internal to the demo.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/demo_script.h"

namespace jangbu::tools {

// What a person, or a program on its behalf, is called in events.
[[nodiscard]] Json demo_actor(const std::string& id, std::string_view role);
// A program by its name; its digest is a function of the name here, so that every site states the same one.
[[nodiscard]] Json demo_program(std::string_view name);

struct DemoProject {
  std::string demand, project, permit;
  std::vector<std::string> people;  // researchers of the demand organisation
  std::vector<std::string> sites;
  YearSecond start = 0;
};

struct DemoCopy {
  std::string id;
  Json location;
};

struct DemoDataset {
  std::string site, id, manifest;
  std::int64_t records = 0;
  YearSecond expires = 0;
  std::vector<DemoCopy> copies;  // the first is the dataset itself
};

struct DemoOutput {
  std::string id, analysis, kind, format, digest;
  std::int64_t bytes = 0, smallest_cell = 0, rows = 0;
  std::vector<std::string> sites;  // whose data it rests on
  std::string dataset;             // what it was computed on
  std::string parent;              // of an update: the computation whose round it is, by its local name
  [[nodiscard]] Json described() const;
};

struct DemoExport {
  std::string id, destination;
  DemoOutput output;
  YearSecond requested = 0;
};

class DemoLife {
 public:
  DemoLife(Script& script, std::uint64_t seed) : script_(script), random_(seed) {}

  // Registered environments, keys' owners' people and so on: once, at the start.
  void set_up();
  DemoProject project(std::string_view demand, std::string_view local, std::vector<std::string> sites,
                      YearSecond start);

  // Pseudonymized at `at`, reviewed a day later.
  DemoDataset dataset(const DemoProject& project, std::string_view site, std::string_view local, YearSecond at,
                      int ttl_days = 120);
  void copy(DemoDataset& dataset, YearSecond at);
  void access(const DemoProject& project, const DemoDataset& dataset, YearSecond at);
  // Everything known of it destroyed at `at`; `manifest` empty: its own.
  void purge(const DemoDataset& dataset, YearSecond at, const std::vector<DemoCopy>& copies, std::string manifest = {});
  void probe(const DemoDataset& dataset, const Json& location, YearSecond at, std::string_view result = "absent");
  // purge() of all copies, probed absent at each location some hours later.
  void end(const DemoDataset& dataset, YearSecond at);
  void hold(const DemoDataset& dataset, YearSecond from, YearSecond until);
  void identified(const DemoDataset& dataset, YearSecond at);
  DemoDataset combine(const DemoProject& project, std::string_view local, const std::vector<DemoDataset>& from,
                      YearSecond at);

  // Requested, triggered, started and completed within a day from `at`, with one output.
  DemoOutput analysis(const DemoProject& project, const DemoDataset& dataset, std::string_view local, YearSecond at,
                      DemoOutput wanted);
  // The platform aggregates updates of several sites, made the day before under the same `local` name as parent, into a
  // model.
  DemoOutput aggregate(const DemoProject& project, std::string_view local, const std::vector<DemoOutput>& updates,
                       YearSecond at);

  // Requested by the demand organisation, scanned by the platform three hours later.
  DemoExport request(const DemoProject& project, std::string_view local, const DemoOutput& output, YearSecond at,
                     std::string_view destination = {}, bool model_tests = true);
  void check(const DemoExport& exported, std::string_view institution, const std::string& person,
             std::string_view decision, YearSecond at);
  // Two people of the platform and, where `sites`, every site whose data it rests on, within one hour.
  void accept(const DemoExport& exported, YearSecond at, bool sites = true);
  void depart(const DemoExport& exported, YearSecond at, std::string digest = {});

  [[nodiscard]] const std::string& checker(std::size_t number) const { return checkers_.at(number); }
  [[nodiscard]] const std::string& site_checker(std::string_view site) const {
    return site_checkers_.find(site)->second;
  }
  [[nodiscard]] static DemoOutput statistics();
  [[nodiscard]] static DemoOutput update(std::string_view parent);

  void emit(YearSecond at, LedgerId ledger, std::string_view type, std::string_view system, Json data,
            std::optional<KeyUse> signer = std::nullopt, std::string label = {});
  DemoRandom& random() { return random_; }

 private:
  [[nodiscard]] std::string person(std::string_view institution);
  [[nodiscard]] Json location(std::string_view institution);

  Script& script_;
  DemoRandom random_;
  std::vector<std::string> checkers_;  // the platform's output checkers
  std::map<std::string, std::string, std::less<>> site_checkers_;
};

// Plants a fault for each rule of the purge and export checks, each on data of its own; returns (rule, about) of every
// finding that must follow.
struct ExpectedFinding {
  std::string rule, about;
};
[[nodiscard]] std::vector<ExpectedFinding> plant_faults(DemoLife& life);

}  // namespace jangbu::tools
