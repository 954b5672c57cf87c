// Life lines: everything that is ledgered about one dataset, or one export, as steps that each name their entry. Read
// off the search index and the entries when asked; nothing is kept for them but which entry produced an output (links).
//
// Called by the API, on any thread. Give it only the sources that the asker may read: it looks into all of them. What
// the ledgers do not say is not guessed: a dataset that nobody announced has the state "unknown".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumers/projections/source.h"
#include "consumers/projections/store.h"
#include "schemas/error.h"
#include "schemas/event_type.h"
#include "schemas/timestamp.h"

namespace jangbu::consumers {

// A line shows at most so many steps of each kind; `truncated` says when there were more.
inline constexpr std::size_t kLifeStepsMax = 1000;
inline constexpr std::size_t kLifeAccessesShown = 10;

// One entry of a line.
struct LifeStep {
  LedgerId ledger;
  SequenceNumber sequence;
  Timestamp time;
  std::string type;
  // The members that tell the story, in the order of the type's row in life_line_members.cc.
  std::vector<std::pair<std::string, std::string>> members;

  [[nodiscard]] std::string_view member(std::string_view name) const;  // empty: absent
};

enum class DatasetState : std::uint8_t { unknown, alive, partly_purged, purged, purge_verified };
[[nodiscard]] std::string_view name(DatasetState state);

struct DatasetLine {
  struct Copy {
    std::string copy;
    std::string expires;  // as last stated; empty: never
    bool purged = false;
  };
  std::string dataset;
  DatasetState state = DatasetState::unknown;
  bool held = false;  // a hold stands that nobody released
  std::uint64_t open_findings = 0;
  std::vector<Copy> copies;         // the dataset's own first
  std::vector<LifeStep> announced;  // pseudonymized, combined, made on the way of an analysis
  std::vector<LifeStep> derived;    // made from it: pseudonymized or combined out of it
  std::vector<LifeStep> copied;
  std::vector<LifeStep> reviews;
  std::vector<LifeStep> extensions;
  std::vector<LifeStep> holds;      // held and released
  std::vector<LifeStep> consents;   // consent.applied
  std::vector<LifeStep> incidents;  // identified, incident.*
  std::vector<LifeStep> analyses;   // requested, triggered, started, ended, recalled
  std::vector<LifeStep> purges;
  std::vector<LifeStep> probes;
  std::vector<LifeStep> verified;  // purge.verified
  std::vector<LifeStep> findings;  // raised, and what became of them
  std::vector<LifeStep> permits;   // permits that name it
  std::uint64_t accesses = 0;
  std::vector<LifeStep> last_accesses;  // newest first
  bool truncated = false;
};

// Where an output came from.
struct Origin {
  std::string output;
  LifeStep made;                      // analysis.completed or computation.combined
  std::vector<LifeStep> triggered;    // analysis.triggered and .started of that analysis
  std::vector<std::string> datasets;  // what it ran on
  std::vector<std::string> inputs;    // outputs that were combined: each has origins of its own in the list
};

enum class ExportState : std::uint8_t { unknown, waiting, cleared, refused, revoked, departed };
[[nodiscard]] std::string_view name(ExportState state);

struct ExportLine {
  std::string export_id;
  ExportState state = ExportState::unknown;
  std::uint64_t open_findings = 0;
  std::vector<LifeStep> requested;
  std::vector<LifeStep> scans;
  std::vector<LifeStep> checks;     // export.checked, and an export committee's reviews
  std::vector<LifeStep> decisions;  // cleared, refused, revoked; one in each ledger that has it
  std::vector<LifeStep> departures;
  std::vector<LifeStep> findings;
  std::vector<Origin> lineage;  // of every output asked for, and of their inputs; as far as the index has come
  bool truncated = false;
};

// Errors: state_corrupt, and those of the sources. An id that no entry names gives an empty line of state unknown.
[[nodiscard]] Result<DatasetLine> dataset_line(const ProjectionStore& store,
                                               const std::shared_ptr<const TypeTable>& types, const Sources& sources,
                                               std::string_view dataset);
[[nodiscard]] Result<ExportLine> export_line(const ProjectionStore& store,
                                             const std::shared_ptr<const TypeTable>& types, const Sources& sources,
                                             std::string_view export_id);

// One JSON object, members in the order above.
[[nodiscard]] std::string to_json(const DatasetLine& line);
[[nodiscard]] std::string to_json(const ExportLine& line);

}  // namespace jangbu::consumers
