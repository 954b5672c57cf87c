#include "consumers/projections/annual_compute.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>

#include "schemas/timestamp.h"

namespace jangbu::consumers {
namespace {

constexpr std::int64_t kDay = 86'400'000;

}  // namespace

Computation::Computation(const FactSet& set, const Window& window, std::size_t index, const Policy& policy, Book& book)
    : set_(set),
      window_(window),
      index_(index),
      policy_(policy),
      book_(book),
      months_(policy.calendar_offset_seconds) {}

void Computation::run() {
  know();
  institutions();
  demand();
  use();
  accesses();
  pseudonymizations();
  exports();
  departures();
  lives();
  findings();
  ledger();
}

bool Computation::counts(const Fact& fact) const {
  if (fact.sequence >= window_.sizes[fact.ledger]) return false;
  if (annulled_.empty()) return true;
  return !annulled_.contains({set_.names.find(set_.ledgers[fact.ledger].id.text()), fact.sequence});
}

void Computation::know() {
  for (const Fact& fact : set_.facts) {
    if (fact.kind == FactKind::annulled && fact.sequence < window_.sizes[fact.ledger] && fact.numbers[0] >= 0) {
      annulled_.emplace(fact.texts[0], static_cast<std::uint64_t>(fact.numbers[0]));
    }
  }
  for (const Fact& fact : set_.facts) {
    if (counts(fact)) by_kind_[static_cast<std::size_t>(fact.kind)].push_back(&fact);
  }
  each(FactKind::institution, [&](const Fact& fact) {
    kind_of_[fact.texts[0]] = fact.texts[1];
    const bool hospital = is(fact.texts[1], "hospital");
    book_.groups[fact.texts[0]] = !hospital              ? Group::none
                                  : fact.numbers[0] != 0 ? Group::advanced_general
                                                         : Group::other;
  });
  each(FactKind::project, [&](const Fact& fact) { applicant_of_[fact.texts[0]] = fact.texts[1]; });

  // A permit is in force from its `from`, but not before it was issued, until its `until`, an amendment or its end.
  std::map<std::uint32_t, std::size_t> current;
  std::vector<const Fact*> permits = by_kind_[static_cast<std::size_t>(FactKind::permit)];
  const auto& ends = by_kind_[static_cast<std::size_t>(FactKind::permit_ended)];
  permits.insert(permits.end(), ends.begin(), ends.end());
  std::sort(permits.begin(), permits.end(), [](const Fact* a, const Fact* b) {
    return std::tie(a->time_ms, a->ledger, a->sequence) < std::tie(b->time_ms, b->ledger, b->sequence);
  });
  for (const Fact* fact : permits) {
    if (const auto known = current.find(fact->texts[0]); known != current.end()) {
      InForce& before = in_force_[known->second];
      before.end = std::min(before.end, fact->time_ms);
    }
    if (fact->kind == FactKind::permit_ended) {
      const auto known = permit_end_.find(fact->texts[0]);
      if (known != permit_end_.end()) known->second = std::min(known->second, fact->time_ms);
      continue;
    }
    project_of_permit_[fact->texts[0]] = fact->texts[1];
    permit_end_[fact->texts[0]] = fact->numbers[1];
    current[fact->texts[0]] = in_force_.size();
    in_force_.push_back(InForce{fact->texts[0], std::max(fact->time_ms, fact->numbers[0]), fact->numbers[1]});
  }
  for (const FactKind kind : {FactKind::pseudonymized, FactKind::combined}) {
    each(kind,
         [&](const Fact& fact) { project_of_dataset_[fact.texts[0]] = project_of(fact.texts[1], fact.texts[2], 0); });
  }
}

std::uint32_t Computation::project_of(std::uint32_t project, std::uint32_t permit, std::uint32_t dataset) const {
  if (project != 0) return project;
  if (const auto found = project_of_permit_.find(permit); permit != 0 && found != project_of_permit_.end()) {
    return found->second;
  }
  const auto found = project_of_dataset_.find(dataset);
  return found == project_of_dataset_.end() ? 0 : found->second;
}

std::uint32_t Computation::owner_of(std::uint32_t id) {
  const auto [known, added] = owner_of_.try_emplace(id, 0);
  if (added) {
    const std::string_view text = set_.names.text(id);
    known->second = set_.names.find(text.substr(0, text.find('/')));
  }
  return known->second;
}

void Computation::institutions() {
  Measure& hospitals = book_.measure("1.hospitals");
  const auto took_part = [&](const Fact& fact, std::uint32_t project) {
    const auto kind = kind_of_.find(institution(fact));
    if (!in_period(fact) || kind == kind_of_.end() || !is(kind->second, "hospital")) return;
    hospitals.distinct(place(fact, project), institution(fact));
  };
  each(FactKind::pseudonymized,
       [&](const Fact& fact) { took_part(fact, project_of(fact.texts[1], fact.texts[2], fact.texts[0])); });
  each(FactKind::analysis_completed, [&](const Fact& fact) { took_part(fact, 0); });

  std::map<std::uint32_t, bool> suspended;
  each(FactKind::suspended, [&](const Fact& fact) {
    if (fact.time_ms < window_.end_ms) suspended[fact.texts[0]] = fact.numbers[0] != 0;
  });
  each(FactKind::institution, [&](const Fact& fact) {
    if (fact.time_ms >= window_.end_ms || suspended[fact.texts[0]]) return;
    if (is(fact.texts[1], "platform")) book_.measure("1.platforms").distinct(Place3{}, fact.texts[0]);
    if (is(fact.texts[1], "coordinator")) book_.measure("1.coordinators").distinct(Place3{}, fact.texts[0]);
  });
}

void Computation::demand() {
  Measure& organisations = book_.measure("2.organisations");
  for (const InForce& permit : in_force_) {
    const std::int64_t from = std::max(permit.from, window_.from_ms), end = std::min(permit.end, window_.end_ms);
    if (from >= end) continue;
    const auto project = project_of_permit_.find(permit.permit);
    const auto applicant = applicant_of_.find(project->second);
    if (applicant == applicant_of_.end()) continue;
    const std::int32_t last = month(end - 1);
    for (std::int32_t at = month(from); at <= last; at += at % 100 == 12 ? 89 : 1) {
      organisations.distinct(Place3{applicant->second, project->second, at}, applicant->second);
    }
  }
}

void Computation::use() {
  // Same person, same place: one visit, however often. (institution, project, month, actor), and (project, month,
  // site).
  std::vector<std::array<std::uint32_t, 4>> people;
  std::vector<std::array<std::uint32_t, 3>> sites;
  const auto used = [&](const Fact& fact, std::uint32_t project, std::uint32_t actor, std::uint32_t site) {
    const Place3 at = place(fact, project);
    people.push_back({at.institution, at.project, static_cast<std::uint32_t>(at.month), actor});
    if (site != 0 && project != 0) sites.push_back({project, static_cast<std::uint32_t>(at.month), site});
  };
  for (const Fact& fact : set_.uses) {
    if (!in_period(fact) || !counts(fact)) continue;
    if (fact.kind == FactKind::computation) {
      used(fact, project_of(fact.texts[0], fact.texts[1], 0), fact.texts[2], 0);
    } else if (fact.kind == FactKind::computation_site) {
      if (fact.texts[0] == 0) continue;
      sites.push_back({fact.texts[0], static_cast<std::uint32_t>(months_.of(fact.time_ms)), fact.texts[1]});
    } else if (fact.numbers[0] == 0) {
      used(fact, project_of(fact.texts[2], fact.texts[3], fact.texts[1]), fact.texts[4], owner_of(fact.texts[1]));
    }
  }
  const auto once = [](auto& rows) {
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  };
  once(people);
  once(sites);

  Measure& persons = book_.measure("15.people");
  Measure& projects = book_.measure("15.projects");
  for (const auto& [institution, project, month, actor] : people) {
    const Place3 at{institution, project, static_cast<std::int32_t>(month)};
    if (actor != 0) persons.distinct(at, actor);
    if (project != 0) projects.distinct(at, project);
  }

  // A project's sites over the period, and within each month.
  std::map<std::uint32_t, std::set<std::uint32_t>> over_period;
  std::map<std::pair<std::int32_t, std::uint32_t>, std::set<std::uint32_t>> by_month;
  for (const auto& [project, month, site] : sites) {
    over_period[project].insert(site);
    by_month[{static_cast<std::int32_t>(month), project}].insert(site);
  }
  Measure& multi = book_.measure("16.multi");
  const auto add = [&](CellSum& cell, bool yes) {
    cell.numerator += yes ? 1 : 0;
    ++cell.denominator;
  };
  for (const auto& [project, at] : over_period) {
    const bool yes = at.size() >= 2;
    add(multi.cell(Dimension::consortium, 0), yes);
    add(multi.cell(Dimension::project, project), yes);
    std::set<Group> groups;
    for (const std::uint32_t site : at) {
      add(multi.cell(Dimension::institution, site), yes);
      const auto group = book_.groups.find(site);
      if (group != book_.groups.end() && group->second != Group::none) groups.insert(group->second);
    }
    for (const Group group : groups) add(multi.cell(Dimension::group, static_cast<std::int64_t>(group)), yes);
  }
  for (const auto& [key, at] : by_month) add(multi.cell(Dimension::month, key.first), at.size() >= 2);
}

void Computation::accesses() {
  std::map<std::array<std::uint32_t, 5>, std::int64_t> counted;  // institution, project, month, action, outcome
  for (const Fact& fact : set_.uses) {
    if (fact.kind != FactKind::accessed || !in_period(fact) || !counts(fact)) continue;
    const Place3 at = place(fact, project_of(fact.texts[2], fact.texts[3], fact.texts[1]));
    ++counted[{at.institution, at.project, static_cast<std::uint32_t>(at.month), fact.texts[0],
               static_cast<std::uint32_t>(fact.numbers[0])}];
  }
  Measure& datasets = book_.measure("17.dataset_accesses");
  for (const auto& [key, count] : counted) {
    const Place3 at{key[0], key[1], static_cast<std::int32_t>(key[2])};
    datasets.count(at, count);
    datasets.count(at, count, set_.names.text(key[3]) + "/" + std::to_string(key[4]));
  }
  // A summary counts for the day it covers, not for when it was sent.
  each(FactKind::summary_count, [&](const Fact& fact) {
    if (!window_.holds(fact.numbers[0])) return;
    const Place3 at{institution(fact), 0, month(fact.numbers[0])};
    Measure& measure = book_.measure(fact.numbers[2] != 0 ? "17.record_accesses_care" : "17.record_accesses_secondary");
    measure.count(at, fact.numbers[3]);
    measure.count(at, fact.numbers[3], set_.names.text(fact.texts[0]) + "/" + std::to_string(fact.numbers[1]));
  });
  each(FactKind::summary_totals, [&](const Fact& fact) {
    if (!window_.holds(fact.numbers[0])) return;
    const Place3 at{institution(fact), 0, month(fact.numbers[0])};
    book_.measure("17.emergencies").count(at, fact.numbers[1]);
    book_.measure("17.downloads").count(at, fact.numbers[2]);
  });
}

void Computation::pseudonymizations() {
  std::map<std::uint32_t, bool> first_review;  // dataset -> adequate in round 1
  each(FactKind::reviewed, [&](const Fact& fact) {
    if (fact.numbers[0] == 1) first_review.try_emplace(fact.texts[0], fact.numbers[1] != 0);
  });
  each(FactKind::pseudonymized, [&](const Fact& fact) {
    if (!in_period(fact)) return;
    const Place3 at = place(fact, project_of(fact.texts[1], fact.texts[2], fact.texts[0]));
    book_.measure("18.runs").count(at);
    book_.measure("18.records").count(at, fact.numbers[0]);
    book_.measure("18.patients").count(at, fact.numbers[1]);
    book_.measure("18.complete").part(at, fact.numbers[2] != 0);
    const auto review = first_review.find(fact.texts[0]);
    book_.measure("18.adequate_first").part(at, review != first_review.end() && review->second);
  });
}

void Computation::exports() {
  struct Request {
    Place3 at;
    std::int64_t time_ms;
    bool automatic;
  };
  std::map<std::uint32_t, Request> requests;  // by export; the first one counts
  each(FactKind::requested, [&](const Fact& fact) {
    const Request request{place(fact, fact.texts[1]), fact.time_ms, fact.numbers[2] != 0};
    if (!requests.try_emplace(fact.texts[0], request).second || !in_period(fact)) return;
    if (request.automatic) {
      book_.measure("21.automatic").count(request.at);
      return;
    }
    book_.measure("21.requests").count(request.at);
    book_.measure("21.files").sample(request.at, fact.numbers[0]);
    book_.measure("21.bytes").sample(request.at, fact.numbers[1]);
  });
  std::set<std::pair<std::uint32_t, std::uint32_t>> kinds;  // a request counts once for each kind it has
  each(FactKind::requested_output, [&](const Fact& fact) {
    const auto request = requests.find(fact.texts[0]);
    if (!in_period(fact) || request == requests.end() || request->second.automatic) return;
    if (!kinds.emplace(fact.texts[0], fact.texts[1]).second) return;
    book_.measure("21.requests").count(request->second.at, 1, "kind:" + set_.names.text(fact.texts[1]));
  });

  // Copies of one decision stand in several ledgers; the first decides.
  std::set<std::uint32_t> decided;
  each(FactKind::decided, [&](const Fact& fact) {
    if (!decided.insert(fact.texts[0]).second || !in_period(fact)) return;
    const auto request = requests.find(fact.texts[0]);
    Place3 at = place(fact);
    if (request != requests.end()) {
      at.institution = request->second.at.institution;
      at.project = request->second.at.project;
    }
    const bool automatic = is(fact.texts[1], "automatic");
    if (fact.numbers[0] == 0)
      book_.measure("22.refused").count(at);
    else
      book_.measure(automatic ? "22.cleared_automatic" : "22.cleared").count(at);
    if (automatic || request == requests.end()) return;
    const std::int64_t asked = request->second.time_ms;
    book_.measure("22.turnaround").sample(at, std::max<std::int64_t>(0, fact.time_ms - asked));
    book_.measure("22.in_time").part(at, fact.time_ms < working_deadline(asked, 5));
  });
  std::set<std::pair<std::uint32_t, std::uint32_t>> reasons;
  each(FactKind::refused_reason, [&](const Fact& fact) {
    if (!reasons.emplace(fact.texts[0], fact.texts[1]).second || !in_period(fact)) return;
    const auto request = requests.find(fact.texts[0]);
    Place3 at = place(fact);
    if (request != requests.end()) {
      at.institution = request->second.at.institution;
      at.project = request->second.at.project;
    }
    book_.measure("22.refused").count(at, 1, "rule:" + set_.names.text(fact.texts[1]));
  });
  each(FactKind::checked, [&](const Fact& fact) {
    if (!in_period(fact) || !is(fact.texts[1], "changes")) return;
    const auto request = requests.find(fact.texts[0]);
    Place3 at = place(fact);
    if (request != requests.end()) {
      at.institution = request->second.at.institution;
      at.project = request->second.at.project;
    }
    book_.measure("22.changes").count(at);
  });
}

std::int64_t Computation::working_deadline(std::int64_t time_ms, int days) const {
  const std::int64_t offset = std::int64_t{policy_.calendar_offset_seconds} * 1000;
  std::int64_t day = (time_ms + offset) / kDay;
  while (days > 0) {
    ++day;
    const CivilTime at = civil(Timestamp::from_milliseconds(day * kDay), 0);
    char date[16];
    std::snprintf(date, sizeof date, "%04d-%02d-%02d", at.year, at.month, at.day);
    if (at.weekday < 5 && !policy_.holidays.contains(std::string_view(date))) --days;
  }
  return (day + 1) * kDay - offset;
}

void Computation::departures() {
  each(FactKind::departed, [&](const Fact& fact) {
    if (!in_period(fact)) return;
    const std::string& kind = set_.names.text(fact.texts[1]);
    book_.measure("24.departures").count(place(fact));
    book_.measure("24.departures").count(place(fact), 1, "kind:" + kind);
    if (policy_.output_kinds.contains(kind) || policy_.auto_kinds.contains(kind)) return;
    book_.measure("24.other_objects").count(place(fact));
    book_.measure("24.other_objects").count(place(fact), 1, "kind:" + kind);
  });
  each(FactKind::finding, [&](const Fact& fact) {
    const std::string& rule = set_.names.text(fact.texts[2]);
    const bool departure = rule == "EXP-1" || rule == "EXP-2" || rule == "EXP-3" || rule == "EXP-9";
    if (!in_period(fact) || !departure) return;
    book_.measure("24.uncleared").count(place(fact));
    book_.measure("24.uncleared").count(place(fact), 1, "rule:" + rule);
  });
}

void Computation::ledger() {
  Measure& entries = book_.measure("35.entries");
  Measure& late = book_.measure("35.late");
  for (const auto& [key, count] : set_.entries[index_]) {
    const Place3 at{set_.ledgers[key.first].institution, 0, key.second};
    entries.count(at, count.entries);
    late.count(at, count.late);
  }
  each(FactKind::rejected, [&](const Fact& fact) {
    if (!in_period(fact)) return;
    const std::string& reason = set_.names.text(fact.texts[0]);
    book_.measure("35.rejected").count(place(fact));
    book_.measure("35.rejected").count(place(fact), 1, "reason:" + reason);
    if (reason == "conflict") book_.measure("35.conflicts").count(place(fact));
  });
  each(FactKind::annulled, [&](const Fact& fact) {
    if (!in_period(fact)) return;
    book_.measure("35.annulled").count(place(fact));
    book_.measure("35.annulled").count(place(fact), 1, "reason:" + set_.names.text(fact.texts[1]));
  });
}

}  // namespace jangbu::consumers
