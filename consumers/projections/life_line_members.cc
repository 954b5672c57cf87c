#include "consumers/projections/life_line_members.h"

#include <algorithm>
#include <array>

namespace jangbu::consumers {
namespace {

struct Row {
  std::string_view type;
  std::string_view members;  // separated by spaces
};

// By type, so that a type is found by halving.
constexpr std::array kRows = {
    Row{"analysis.cancelled", "analysis reason temporary/*/dataset at"},
    Row{"analysis.completed", "analysis outputs/*/output outputs/*/digest temporary/*/dataset temporary/*/expires at"},
    Row{"analysis.failed", "analysis reason temporary/*/dataset temporary/*/expires at"},
    Row{"analysis.recalled", "analysis"},
    Row{"analysis.started", "analysis dataset manifest environment at"},
    Row{"analysis.triggered", "analysis computation site dataset until"},
    Row{"computation.combined",
        "computation round inputs/*/analysis inputs/*/output outputs/*/output outputs/*/digest at"},
    Row{"computation.requested", "computation project permit purpose"},
    Row{"consent.applied", "dataset manifest mapping at"},
    Row{"data.exported", "export outputs/*/output outputs/*/kind outputs/*/digest destination country at"},
    Row{"dataset.accessed", "action outcome object project purpose actor/id actor/role"},
    Row{"dataset.combined", "dataset from project permit records manifest expires"},
    Row{"dataset.copied", "dataset copy reason manifest expires"},
    Row{"dataset.extended", "dataset expires permit"},
    Row{"dataset.held", "hold authority"},
    Row{"dataset.identified", "incident at"},
    Row{"dataset.probed", "location/environment location/token kind result by at"},
    Row{"dataset.pseudonymized", "dataset from project permit basis purpose records k manifest expires recipient"},
    Row{"dataset.purged", "dataset copies/*/copy copies/*/method records manifest at"},
    Row{"dataset.released", "hold authority"},
    Row{"dataset.reviewed", "round adequate by/id"},
    Row{"export.checked", "decision reasons by/id outputs/*/output"},
    Row{"export.cleared", "mode outputs/*/output until policy"},
    Row{"export.refused", "mode outputs/*/output reasons/*/rule policy"},
    Row{"export.requested", "project permit outputs/*/output outputs/*/kind outputs/*/digest destination country"},
    Row{"export.revoked", "reason"},
    Row{"export.scanned", "results/*/output results/*/test results/*/passed"},
    Row{"finding.acknowledged", "finding note"},
    Row{"finding.closed", "finding decision reason"},
    Row{"finding.disputed", "finding note"},
    Row{"finding.raised", "finding rule severity due count policy"},
    Row{"finding.resolved", "finding how"},
    Row{"finding.updated", "finding count"},
    Row{"incident.closed", "incident kind at"},
    Row{"incident.notified", "incident kind at"},
    Row{"incident.opened", "incident kind known_at"},
    Row{"incident.reported", "incident kind reported_to at"},
    Row{"permit.amended", "permit project until"},
    Row{"permit.issued", "permit project until"},
    Row{"purge.verified", "level policy"},
    Row{"review.decided", "review body decision"},
};
static_assert(std::is_sorted(kRows.begin(), kRows.end(), [](const Row& a, const Row& b) { return a.type < b.type; }));

void append(simdjson::dom::element element, std::string_view path, std::string& out) {
  if (simdjson::dom::array array; element.get(array) == simdjson::SUCCESS) {
    if (path.starts_with("*/")) path.remove_prefix(2);
    for (const simdjson::dom::element item : array) append(item, path, out);
    return;
  }
  if (!path.empty()) {
    const std::size_t end = path.find('/');
    simdjson::dom::object object;
    simdjson::dom::element next;
    if (element.get(object) != simdjson::SUCCESS || object.at_key(path.substr(0, end)).get(next) != simdjson::SUCCESS) {
      return;
    }
    return append(next, end == std::string_view::npos ? std::string_view() : path.substr(end + 1), out);
  }
  std::string_view text;
  std::int64_t number = 0;
  bool flag = false;
  if (element.get(text) == simdjson::SUCCESS) {
    if (!out.empty()) out.push_back(',');
    out.append(text);
  } else if (element.get(number) == simdjson::SUCCESS) {
    if (!out.empty()) out.push_back(',');
    out += std::to_string(number);
  } else if (element.get(flag) == simdjson::SUCCESS) {
    if (!out.empty()) out.push_back(',');
    out += flag ? "true" : "false";
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> shown_members(const Event& event) {
  std::vector<std::pair<std::string, std::string>> shown;
  const auto row = std::lower_bound(kRows.begin(), kRows.end(), std::string_view(event.type->name),
                                    [](const Row& a, std::string_view type) { return a.type < type; });
  if (row == kRows.end() || row->type != event.type->name) return shown;
  std::string_view rest = row->members;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    const std::string_view path = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const std::size_t slash = path.find('/');
    simdjson::dom::element first;
    if (event.data.at_key(path.substr(0, slash)).get(first) != simdjson::SUCCESS) continue;
    std::string value;
    append(first, slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1), value);
    if (!value.empty()) shown.emplace_back(path, std::move(value));
  }
  return shown;
}

}  // namespace jangbu::consumers
