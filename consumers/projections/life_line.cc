#include "consumers/projections/life_line.h"

#include <algorithm>
#include <optional>
#include <set>

#include "consumers/projections/indexed_entry.h"
#include "consumers/projections/life_line_members.h"
#include "consumers/projections/lineage.h"
#include "consumers/projections/selection.h"

namespace jangbu::consumers {
namespace {

// A lineage stops growing here; real ones have a few outputs of a few rounds.
constexpr std::size_t kOriginsMax = 256;

void split(std::string_view list, std::set<std::string>& into) {
  while (!list.empty()) {
    const std::size_t end = list.find(',');
    into.emplace(list.substr(0, end));
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
  }
}

// Selects and reads steps for one line.
class LineReader {
 public:
  LineReader(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types, const Sources& sources)
      : store_(store), types_(types), sources_(sources), reader_(types) {
    for (const auto& source : sources) parts_.push_back(Selection::Part{source->ledger(), 0, source->size().value()});
    std::sort(parts_.begin(), parts_.end(), [](const auto& a, const auto& b) { return a.ledger < b.ledger; });
  }

  [[nodiscard]] Selection selection(TermKind kind, std::string_view value) const {
    Selection selection;
    selection.terms.push_back(term_key(kind, value));
    selection.parts = parts_;
    return selection;
  }

  // At most `steps_max`; `truncated` is set when there are more.
  Result<std::vector<LifeStep>> steps(const Selection& selection, std::size_t steps_max, bool& truncated) {
    auto places = select(store_, types_, sources_, selection, std::nullopt, steps_max + 1);
    if (!places) return tl::unexpected(places.error());
    if (places->size() > steps_max) {
      truncated = true;
      places->resize(steps_max);
    }
    std::vector<LifeStep> found;
    for (const Place& place : *places) {
      auto step = read(parts_[place.part].ledger, SequenceNumber(place.sequence));
      if (!step) return tl::unexpected(step.error());
      if (*step) found.push_back(**std::move(step));
    }
    return found;
  }

  // nullopt: no event, or a ledger that is not among the sources.
  Result<std::optional<LifeStep>> read(const LedgerId& ledger, SequenceNumber sequence) {
    const EntrySource* source = find_source(sources_, ledger);
    if (source == nullptr || !covers(source->size(), sequence)) return std::nullopt;
    std::optional<LifeStep> step;
    auto read = source->read(sequence, size_after(sequence), [&](const Entry& entry) -> Result<void> {
      const IndexedEntry seen = reader_.read(entry);
      if (seen.event) {
        step = LifeStep{ledger, sequence, seen.event->time, std::string(seen.type), shown_members(*seen.event)};
      }
      return {};
    });
    if (!read) return tl::unexpected(read.error());
    return step;
  }

  Result<std::uint64_t> count(const Selection& selection) {
    return jangbu::consumers::count(store_, types_, sources_, selection);
  }

  // What was raised and all that followed on each finding, and how many are still open.
  Result<void> follow_findings(std::vector<LifeStep>& findings, std::uint64_t& open, bool& truncated) {
    std::set<std::string> ids;
    for (const LifeStep& step : findings) ids.emplace(step.member("finding"));
    findings.clear();
    for (const std::string& id : ids) {
      auto found = steps(selection(TermKind::finding, id), kLifeStepsMax, truncated);
      if (!found) return tl::unexpected(found.error());
      const bool ended = std::any_of(found->begin(), found->end(), [](const LifeStep& step) {
        return step.type == "finding.resolved" || step.type == "finding.closed";
      });
      open += ended ? 0 : 1;
      std::move(found->begin(), found->end(), std::back_inserter(findings));
    }
    return {};
  }

 private:
  const ProjectionStore& store_;
  const std::shared_ptr<const TypeTable>& types_;
  const Sources& sources_;
  IndexedEntryReader reader_;
  std::vector<Selection::Part> parts_;
};

// Copies, and which of them are gone, in the order of event times.
void fold_copies(DatasetLine& line) {
  const auto copy = [&](std::string_view id) -> DatasetLine::Copy& {
    const auto found = std::find_if(line.copies.begin(), line.copies.end(),
                                    [&](const DatasetLine::Copy& known) { return known.copy == id; });
    if (found != line.copies.end()) return *found;
    return line.copies.emplace_back(DatasetLine::Copy{std::string(id), {}, false});
  };
  for (const LifeStep& step : line.announced) {
    std::string_view expires = step.member("expires");
    if (expires.empty()) expires = step.member("temporary/*/expires");
    if (expires.find(',') == std::string_view::npos)
      copy(line.dataset).expires = expires;
    else
      copy(line.dataset);
  }
  for (const LifeStep& step : line.copied) {
    if (step.member("dataset") == line.dataset) copy(step.member("copy")).expires = step.member("expires");
  }
  for (const LifeStep& step : line.extensions) {
    for (DatasetLine::Copy& known : line.copies) known.expires = step.member("expires");
  }
  for (const LifeStep& step : line.purges) {
    if (step.member("dataset") != line.dataset) continue;
    std::set<std::string> gone;
    split(step.member("copies/*/copy"), gone);
    for (const std::string& id : gone) copy(id).purged = true;
  }
  std::set<std::string> holds;
  for (const LifeStep& step : line.holds) {
    if (step.type == "dataset.held")
      holds.emplace(step.member("hold"));
    else
      holds.erase(std::string(step.member("hold")));
  }
  line.held = !holds.empty();

  const auto purged =
      std::count_if(line.copies.begin(), line.copies.end(), [](const auto& known) { return known.purged; });
  if (line.announced.empty())
    line.state = DatasetState::unknown;
  else if (purged == 0)
    line.state = DatasetState::alive;
  else if (static_cast<std::size_t>(purged) < line.copies.size())
    line.state = DatasetState::partly_purged;
  else
    line.state = line.verified.empty() ? DatasetState::purged : DatasetState::purge_verified;
}

std::vector<LifeStep>* place_of(DatasetLine& line, const LifeStep& step) {
  const std::string& type = step.type;
  if (type == "dataset.pseudonymized" || type == "dataset.combined") {
    return step.member("dataset") == line.dataset ? &line.announced : &line.derived;
  }
  // Found by dataset, an end of an analysis names it as made on the way.
  if (type == "analysis.completed" || type == "analysis.failed" || type == "analysis.cancelled") return &line.announced;
  if (type == "dataset.copied") return &line.copied;
  if (type == "dataset.reviewed") return &line.reviews;
  if (type == "dataset.extended") return &line.extensions;
  if (type == "dataset.held" || type == "dataset.released") return &line.holds;
  if (type == "consent.applied") return &line.consents;
  if (type == "dataset.identified" || type.starts_with("incident.")) return &line.incidents;
  if (type == "analysis.triggered" || type == "analysis.started" || type == "computation.requested")
    return &line.analyses;
  if (type == "dataset.purged") return &line.purges;
  if (type == "dataset.probed") return &line.probes;
  if (type == "purge.verified") return &line.verified;
  if (type == "finding.raised") return &line.findings;
  if (type.starts_with("permit.")) return &line.permits;
  return nullptr;
}

}  // namespace

std::string_view LifeStep::member(std::string_view name) const {
  for (const auto& [known, value] : members) {
    if (known == name) return value;
  }
  return {};
}

std::string_view name(DatasetState state) {
  switch (state) {
    case DatasetState::unknown:
      return "unknown";
    case DatasetState::alive:
      return "alive";
    case DatasetState::partly_purged:
      return "partly-purged";
    case DatasetState::purged:
      return "purged";
    case DatasetState::purge_verified:
      return "purge-verified";
  }
  return {};
}

std::string_view name(ExportState state) {
  switch (state) {
    case ExportState::unknown:
      return "unknown";
    case ExportState::waiting:
      return "waiting";
    case ExportState::cleared:
      return "cleared";
    case ExportState::refused:
      return "refused";
    case ExportState::revoked:
      return "revoked";
    case ExportState::departed:
      return "departed";
  }
  return {};
}

Result<DatasetLine> dataset_line(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                                 const Sources& sources, std::string_view dataset) {
  LineReader reader(store, types, sources);
  DatasetLine line;
  line.dataset = dataset;
  Selection all = reader.selection(TermKind::dataset, dataset);
  // Accesses can be many: they are counted, and the last ones shown.
  all.without.push_back(term_key(TermKind::type, "dataset.accessed"));
  auto steps = reader.steps(all, kLifeStepsMax, line.truncated);
  if (!steps) return tl::unexpected(steps.error());
  std::set<std::string> analyses;
  for (LifeStep& step : *steps) {
    std::vector<LifeStep>* place = place_of(line, step);
    if (place == nullptr) continue;
    if (place == &line.analyses && !step.member("analysis").empty()) analyses.emplace(step.member("analysis"));
    place->push_back(std::move(step));
  }
  // How those analyses ended does not name the dataset.
  for (const std::string& analysis : analyses) {
    auto ended = reader.steps(reader.selection(TermKind::analysis, analysis), kLifeStepsMax, line.truncated);
    if (!ended) return tl::unexpected(ended.error());
    for (LifeStep& step : *ended) {
      const bool known = step.type == "analysis.triggered" || step.type == "analysis.started";
      if (!known && step.type.starts_with("analysis.")) line.analyses.push_back(std::move(step));
    }
  }
  const auto by_time = [](const LifeStep& a, const LifeStep& b) {
    return std::tie(a.time, a.ledger, a.sequence) < std::tie(b.time, b.ledger, b.sequence);
  };
  std::sort(line.analyses.begin(), line.analyses.end(), by_time);
  if (auto followed = reader.follow_findings(line.findings, line.open_findings, line.truncated); !followed) {
    return tl::unexpected(followed.error());
  }

  Selection accesses = reader.selection(TermKind::dataset, dataset);
  accesses.terms.push_back(term_key(TermKind::type, "dataset.accessed"));
  const auto count = reader.count(accesses);
  if (!count) return tl::unexpected(count.error());
  line.accesses = *count;
  accesses.order = Order::newest_first;
  bool more = false;
  auto last = reader.steps(accesses, kLifeAccessesShown, more);
  if (!last) return tl::unexpected(last.error());
  line.last_accesses = *std::move(last);
  fold_copies(line);
  return line;
}

Result<ExportLine> export_line(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                               const Sources& sources, std::string_view export_id) {
  LineReader reader(store, types, sources);
  ExportLine line;
  line.export_id = export_id;
  auto steps = reader.steps(reader.selection(TermKind::export_, export_id), kLifeStepsMax, line.truncated);
  if (!steps) return tl::unexpected(steps.error());
  std::vector<std::string> outputs;
  bool cleared = false, refused = false, revoked = false;
  for (LifeStep& step : *steps) {
    cleared = cleared || step.type == "export.cleared";
    refused = refused || step.type == "export.refused";
    revoked = revoked || step.type == "export.revoked";
    if (step.type == "export.requested") {
      std::set<std::string> asked;
      split(step.member("outputs/*/output"), asked);
      outputs.insert(outputs.end(), asked.begin(), asked.end());
      line.requested.push_back(std::move(step));
    } else if (step.type == "export.scanned") {
      line.scans.push_back(std::move(step));
    } else if (step.type == "export.checked" || step.type == "review.decided") {
      line.checks.push_back(std::move(step));
    } else if (step.type == "data.exported") {
      line.departures.push_back(std::move(step));
    } else if (step.type == "finding.raised") {
      line.findings.push_back(std::move(step));
    } else if (step.type.starts_with("export.")) {
      line.decisions.push_back(std::move(step));
    }
  }
  if (!line.departures.empty())
    line.state = ExportState::departed;
  else if (revoked)
    line.state = ExportState::revoked;
  else if (refused)
    line.state = ExportState::refused;
  else if (cleared)
    line.state = ExportState::cleared;
  else if (!line.requested.empty())
    line.state = ExportState::waiting;
  if (auto followed = reader.follow_findings(line.findings, line.open_findings, line.truncated); !followed) {
    return tl::unexpected(followed.error());
  }

  // From the outputs asked for back to the datasets: breadth first, each output once.
  std::set<std::string> seen(outputs.begin(), outputs.end());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto made = made_by(store, outputs[i]);
    if (!made) return tl::unexpected(made.error());
    for (const MadeBy& by : *made) {
      if (line.lineage.size() == kOriginsMax) {
        line.truncated = true;
        return line;
      }
      auto step = reader.read(by.ledger, by.sequence);
      if (!step) return tl::unexpected(step.error());
      if (!*step) continue;  // in a ledger that the asker may not read
      Origin origin{outputs[i], **std::move(step), {}, {}, {}};
      std::set<std::string> datasets, inputs;
      split(origin.made.member("inputs/*/output"), inputs);
      if (origin.made.type == "analysis.completed") {
        Selection of = reader.selection(TermKind::analysis, origin.made.member("analysis"));
        auto found = reader.steps(of, kLifeStepsMax, line.truncated);
        if (!found) return tl::unexpected(found.error());
        for (LifeStep& about : *found) {
          if (about.type != "analysis.triggered" && about.type != "analysis.started") continue;
          datasets.emplace(about.member("dataset"));
          origin.triggered.push_back(std::move(about));
        }
      }
      origin.datasets.assign(datasets.begin(), datasets.end());
      origin.inputs.assign(inputs.begin(), inputs.end());
      for (const std::string& input : origin.inputs) {
        if (seen.insert(input).second) outputs.push_back(input);
      }
      line.lineage.push_back(std::move(origin));
    }
  }
  return line;
}

}  // namespace jangbu::consumers
