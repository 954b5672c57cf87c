// Which rules hold against outputs that are to leave, or have left: EXP-3 to 8 and 11 to 13.
#include <algorithm>
#include <utility>

#include "consumers/checks/export.h"

namespace jangbu::consumers::exports {

namespace {

// PIPA 28-8 is about what leaves this country.
constexpr std::string_view kHomeCountry = "KR";
constexpr std::string_view kTransferGrounds = "KR-28-8-";

class Reasons {
 public:
  Reasons(const Question& question, const Registry& registry, const Lineage& lineage)
      : q_(question), registry_(registry), lineage_(lineage) {}

  std::vector<Reason> all() {
    for (const Output& output : q_.outputs) kind(output);
    checkers();
    for (const Output& output : q_.outputs) {
      traces_.push_back(lineage_.trace(output.id, output.digest, q_.request->permit));
      cells(output, traces_.back());
    }
    for (std::size_t i = 0; i < q_.outputs.size(); ++i) {
      if (!traces_[i].proven) out_.push_back({"EXP-6", q_.outputs[i].id, {}, {}});
    }
    if (!destination_allowed(q_.permit, q_.request->destination) ||
        !country_allowed(q_.request->country, q_.request->justification)) {
      out_.push_back({"EXP-7", {}, {}, {q_.request->fact.place}});
    }
    for (const Output& output : q_.outputs) size(output);
    combined_data();
    for (const Output& output : q_.outputs) model(output);
    sites();
    return std::move(out_);
  }

 private:
  void kind(const Output& output) {
    const bool permitted = q_.permit != nullptr && q_.permit->outputs.contains(output.kind);
    if (!permitted || !q_.policy->output_kinds.contains(output.kind)) {
      out_.push_back({"EXP-3", output.id, {}, {q_.request->fact.place}});
    }
  }

  void checkers() {
    std::int64_t accepted = 0;
    std::vector<EntryPlace> insiders;
    for (const auto& [person, checked] : answers(*q_.exported, q_.as_of)) {
      if (checked->answer != Answer::accept) continue;
      if (!eligible(registry_, *q_.request, q_.permit, person)) {
        insiders.push_back(checked->fact.place);
      } else if (accepts(*checked, *q_.request)) {
        ++accepted;
      }
    }
    if (accepted < q_.policy->number("checkers") || !insiders.empty()) {
      out_.push_back({"EXP-4", {}, {}, std::move(insiders)});
    }
  }

  [[nodiscard]] const Scan* last_scan(std::string_view output, std::string_view test) const {
    const Scan* last = nullptr;
    for (const Scan& scan : q_.exported->scans) {
      if (scan.output == output && scan.test == test) last = &scan;
    }
    return last;
  }

  void cells(const Output& output, const Lineage::Trace& trace) {
    std::optional<std::int64_t> smallest = output.smallest_cell;
    std::vector<EntryPlace> causes{q_.request->fact.place};
    if (trace.smallest_cell) smallest = std::min(smallest.value_or(*trace.smallest_cell), *trace.smallest_cell);
    const Scan* cell = last_scan(output.id, "cell");
    if (cell != nullptr && cell->value) smallest = std::min(smallest.value_or(*cell->value), *cell->value);
    bool holds = smallest ? *smallest < q_.policy->number("cell_min") : q_.policy->cell_kinds.contains(output.kind);
    const auto scanned = [&](std::string_view test, auto&& too_much) {
      const Scan* scan = last_scan(output.id, test);
      if (scan == nullptr || !(scan->value ? too_much(*scan->value) : !scan->passed)) return;
      holds = true;
      causes.push_back(scan->fact.place);
    };
    scanned("dominance", [&](std::int64_t share) { return share > q_.policy->nk_share; });
    scanned("p-ratio", [&](std::int64_t ratio) { return ratio < q_.policy->p; });
    if (holds) out_.push_back({"EXP-5", output.id, {}, std::move(causes)});
  }

  void size(const Output& output) {
    std::vector<EntryPlace> causes{q_.request->fact.place};
    bool holds = !size_allowed(*q_.policy, output);
    const auto formats = q_.policy->formats.find(output.kind);
    if (formats != q_.policy->formats.end() && !formats->second.contains(output.format)) holds = true;
    for (const std::string_view test : {"type", "size", "format", "malware"}) {
      const Scan* scan = last_scan(output.id, test);
      if (scan == nullptr || scan->passed) continue;
      holds = true;
      causes.push_back(scan->fact.place);
    }
    if (holds) out_.push_back({"EXP-8", output.id, {}, std::move(causes)});
  }

  void combined_data() {
    const bool combined =
        std::any_of(traces_.begin(), traces_.end(), [](const auto& trace) { return trace.combined_data; });
    if (!combined) return;
    std::vector<EntryPlace> causes;
    if (const auto* decisions = registry_.committee(*q_.id)) {
      for (const CommitteeDecision& decision : *decisions) {
        causes.push_back(decision.fact.place);
        if (decision.approved && decision.criteria && decision.project == q_.request->project &&
            decision.from <= q_.as_of && (!decision.until || q_.as_of <= *decision.until)) {
          return;
        }
      }
    }
    out_.push_back({"EXP-11", {}, {}, std::move(causes)});
  }

  void model(const Output& output) {
    if (output.kind != "model") return;
    std::vector<EntryPlace> causes;
    bool tested = true;
    for (const std::string test : {"membership", "memorised"}) {
      const Scan* scan = last_scan(output.id, test);
      if (scan != nullptr && scan->passed) continue;
      bool waived = false;
      for (const auto& [person, checked] : answers(*q_.exported, q_.as_of)) {
        const auto waivers = checked->waivers.find(output.id);
        waived = waived || (checked->answer == Answer::accept && waivers != checked->waivers.end() &&
                            waivers->second.contains(test) && eligible(registry_, *q_.request, q_.permit, person));
      }
      tested = tested && waived;
      if (!waived && scan != nullptr) causes.push_back(scan->fact.place);
    }
    if (!tested) out_.push_back({"EXP-12", output.id, {}, std::move(causes)});
  }

  void sites() {
    if (!q_.policy->site_consent) return;
    const auto given = answers(*q_.exported, q_.as_of);
    for (std::size_t i = 0; i < q_.outputs.size(); ++i) {
      for (const std::string& site : traces_[i].sites) {
        const bool accepted = std::any_of(given.begin(), given.end(), [&](const auto& item) {
          const Checked& checked = *item.second;
          const auto digest = checked.outputs.find(q_.outputs[i].id);
          return checked.institution == site && checked.answer == Answer::accept && digest != checked.outputs.end() &&
                 digest->second == q_.outputs[i].digest;
        });
        if (!accepted) out_.push_back({"EXP-13", q_.outputs[i].id, site, {}});
      }
    }
  }

  const Question& q_;
  const Registry& registry_;
  const Lineage& lineage_;
  std::vector<Lineage::Trace> traces_;  // of the question's outputs, in their order
  std::vector<Reason> out_;
};

}  // namespace

bool destination_allowed(const PermitVersion* permit, std::string_view destination) {
  return permit != nullptr &&
         (permit->destinations.contains(destination) || permit->destinations.contains(institution_of(destination)));
}

bool country_allowed(std::string_view country, std::string_view ground) {
  return country == kHomeCountry || ground.starts_with(kTransferGrounds);
}

bool size_allowed(const Policy& policy, const Output& output) {
  const bool automatic = policy.auto_kinds.contains(output.kind);
  const std::string_view limit =
      output.kind == "model" ? "model_bytes_max" : (automatic ? "update_bytes_max" : "file_bytes_max");
  if (output.bytes > policy.number(limit)) return false;
  return !output.rows || output.kind == "model" || automatic || *output.rows <= policy.number("rows_max");
}

std::map<std::string, const Checked*> answers(const Export& exported, Timestamp as_of) {
  std::map<std::string, const Checked*> out;
  for (const Checked& checked : exported.checks) {
    if (as_of < checked.fact.own) continue;
    const Checked*& last = out[checked.by];
    if (last == nullptr || last->fact.own <= checked.fact.own) last = &checked;
  }
  return out;
}

bool eligible(const Registry& registry, const Request& request, const PermitVersion* permit, std::string_view person) {
  if (person == request.actor) return false;
  if (permit != nullptr && permit->people.contains(person)) return false;
  const Project* project = registry.project(request.project);
  return project == nullptr || !project->people.contains(person);
}

bool accepts(const Checked& checked, const Request& request) {
  if (checked.answer != Answer::accept) return false;
  return std::all_of(request.outputs.begin(), request.outputs.end(), [&](const Output& output) {
    const auto digest = checked.outputs.find(output.id);
    return digest != checked.outputs.end() && digest->second == output.digest;
  });
}

std::vector<Reason> reasons(const Question& question, const Registry& registry, const Lineage& lineage) {
  return Reasons(question, registry, lineage).all();
}

}  // namespace jangbu::consumers::exports
