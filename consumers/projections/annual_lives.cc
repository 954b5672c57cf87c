// The figures of datasets' lives (25, 26) and of findings (29).
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "consumers/projections/annual_compute.h"
#include "schemas/timestamp.h"

namespace jangbu::consumers {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kHour = 3'600'000, kDay = 24 * kHour;

struct Copy {
  std::uint32_t dataset = 0, institution = 0, project = 0, permit = 0;
  std::int64_t created_ms = 0, expires_ms = 0;
  std::optional<std::int64_t> purged_ms;  // the earliest
  std::int64_t records = 0;               // of the dataset, at its first copy; else 0
};

// The holds of one dataset, by time.
struct Holds {
  std::map<std::uint32_t, std::int64_t> standing;  // hold -> since
  std::int64_t last_release_ms = std::numeric_limits<std::int64_t>::min();
};

// The end of a month, 202603, in milliseconds.
std::int64_t month_end(std::int32_t month, std::int32_t offset_seconds) {
  const int year = month / 100, next = month % 100 + 1;
  return (next == 13 ? from_civil(year + 1, 1, 1, offset_seconds) : from_civil(year, next, 1, offset_seconds))
      .milliseconds();
}

}  // namespace

void Computation::lives() {
  std::map<std::uint32_t, Copy> copies;  // by the copy's id; a dataset's first copy has the dataset's own
  std::map<std::uint32_t, Holds> holds;
  const auto announce = [&](const Fact& fact, std::uint32_t project, std::uint32_t permit, std::int64_t expires,
                            std::int64_t records) {
    Copy copy{fact.texts[0], institution(fact), project, permit, fact.time_ms, expires, std::nullopt, records};
    copies.try_emplace(fact.texts[0], copy);
  };
  each(FactKind::pseudonymized, [&](const Fact& fact) {
    announce(fact, project_of(fact.texts[1], fact.texts[2], 0), fact.texts[2], fact.numbers[3], fact.numbers[0]);
  });
  each(FactKind::combined, [&](const Fact& fact) {
    announce(fact, project_of(fact.texts[1], fact.texts[2], 0), fact.texts[2], fact.numbers[1], fact.numbers[0]);
  });
  each(FactKind::temporary, [&](const Fact& fact) { announce(fact, 0, 0, fact.numbers[0], fact.numbers[1]); });
  each(FactKind::copied, [&](const Fact& fact) {
    const auto of = copies.find(fact.texts[0]);
    Copy copy{fact.texts[0], institution(fact), 0, 0, fact.time_ms, fact.numbers[0], std::nullopt, 0};
    if (of != copies.end()) {
      copy.project = of->second.project;
      copy.permit = of->second.permit;
    }
    copies.try_emplace(fact.texts[1], copy);
  });
  std::map<std::uint32_t, std::vector<std::uint32_t>> copies_of;  // by dataset
  for (const auto& [id, copy] : copies) copies_of[copy.dataset].push_back(id);
  each(FactKind::extended, [&](const Fact& fact) {
    for (const std::uint32_t id : copies_of[fact.texts[0]]) {
      Copy& copy = copies[id];
      if (copy.created_ms <= fact.time_ms) copy.expires_ms = fact.numbers[0];
    }
  });
  each(FactKind::purged, [&](const Fact& fact) {
    const auto copy = copies.find(fact.texts[1]);
    if (copy == copies.end()) return;  // of a dataset that was never announced: a finding, not a figure
    std::optional<std::int64_t>& at = copy->second.purged_ms;
    at = std::min(at.value_or(kNever), fact.numbers[0]);
  });
  each(FactKind::held, [&](const Fact& fact) {
    Holds& of = holds[fact.texts[0]];
    if (fact.numbers[0] != 0) {
      of.standing.try_emplace(fact.texts[1], fact.time_ms);
    } else if (of.standing.erase(fact.texts[1]) != 0) {
      of.last_release_ms = std::max(of.last_release_ms, fact.time_ms);
    }
  });

  // RULES.md, PUR-1: expiry or permit end and some days, whichever is first, and grace; a hold moves it to its release
  // and grace, if that is later. nullopt: a hold stands.
  const std::int64_t grace = policy_.number("purge_grace_hours") * kHour;
  const auto deadline = [&](const Copy& copy) -> std::optional<std::int64_t> {
    std::int64_t end = copy.expires_ms;
    if (const auto permit = permit_end_.find(copy.permit); permit != permit_end_.end()) {
      end = std::min(end, permit->second + policy_.number("purge_after_permit_days") * kDay);
    }
    const auto held = holds.find(copy.dataset);
    if (held == holds.end()) return end + grace;
    if (!held->second.standing.empty()) return std::nullopt;
    return std::max(end + grace, held->second.last_release_ms == std::numeric_limits<std::int64_t>::min()
                                     ? end + grace
                                     : held->second.last_release_ms + grace);
  };

  for (const auto& [id, copy] : copies) {
    const auto due = deadline(copy);
    if (!due) continue;
    const Place3 at{copy.institution, copy.project, month(*due)};
    if (window_.holds(*due)) {
      const bool on_time = copy.purged_ms && *copy.purged_ms <= *due;
      book_.measure("25.on_time").part(at, on_time);
      if (copy.purged_ms && !on_time) book_.measure("25.lateness").sample(at, *copy.purged_ms - *due);
    }
    if (*due < window_.end_ms && (!copy.purged_ms || *copy.purged_ms >= window_.end_ms)) {
      book_.measure("25.open_overdue").count(Place3{copy.institution, copy.project, 0});
    }
  }

  std::map<std::uint32_t, std::uint32_t> verified;  // dataset -> level, the last one said
  each(FactKind::purge_verified, [&](const Fact& fact) { verified[fact.texts[0]] = fact.texts[1]; });
  for (const auto& [dataset, ids] : copies_of) {
    std::int64_t last = 0;
    for (const std::uint32_t id : ids) last = std::max(last, copies[id].purged_ms.value_or(kNever));
    if (last == kNever || !window_.holds(last)) continue;
    const Copy& first = copies[ids.front()];
    const Place3 at{first.institution, first.project, month(last)};
    const auto level = verified.find(dataset);
    book_.measure("25.verified").part(at, level != verified.end());
    if (level == verified.end()) continue;
    book_.measure("25.verified_by_level").count(at);
    book_.measure("25.verified_by_level").count(at, 1, "level:" + set_.names.text(level->second));
  }

  std::set<std::uint32_t> overdue;
  each(FactKind::finding, [&](const Fact& fact) {
    if (is(fact.texts[2], "PUR-1")) overdue.insert(fact.texts[0]);
  });
  each(FactKind::finding_ended, [&](const Fact& fact) {
    if (in_period(fact) && is(fact.texts[1], "late-evidence") && overdue.contains(fact.texts[0])) {
      book_.measure("25.late_evidence").count(place(fact));
    }
  });

  // Alive at a moment: made before it, not purged before it.
  const auto alive = [&](const Copy& copy, std::int64_t at_ms) {
    return copy.created_ms < at_ms && copy.purged_ms.value_or(kNever) >= at_ms;
  };
  const auto add_alive = [&](std::int64_t at_ms, auto&& add) {
    for (const auto& [dataset, ids] : copies_of) {
      std::int64_t records = 0, standing = 0;
      for (const std::uint32_t id : ids) {
        const Copy& copy = copies[id];
        records = std::max(records, copy.records);
        if (alive(copy, at_ms)) ++standing;
      }
      const Copy& first = copies[ids.front()];
      if (standing != 0) add(Place3{first.institution, first.project, 0}, standing, records);
    }
  };
  add_alive(window_.end_ms, [&](const Place3& at, std::int64_t standing, std::int64_t records) {
    book_.measure("26.datasets").count(at);
    book_.measure("26.copies").count(at, standing);
    book_.measure("26.records").count(at, records);
  });
  const std::int32_t last_month = month(window_.end_ms - 1);
  for (std::int32_t at = month(window_.from_ms); at <= last_month; at += at % 100 == 12 ? 89 : 1) {
    const std::int64_t end = std::min(window_.end_ms, month_end(at, policy_.calendar_offset_seconds));
    for (const char* key : {"26.datasets", "26.copies", "26.records"}) {
      // A month with nothing alive is a zero, not a gap.
      book_.measure(key).cell(Dimension::month, at).numerator += 0;
    }
    add_alive(end, [&](const Place3&, std::int64_t standing, std::int64_t records) {
      ++book_.measure("26.datasets").cell(Dimension::month, at).numerator;
      book_.measure("26.copies").cell(Dimension::month, at).numerator += standing;
      book_.measure("26.records").cell(Dimension::month, at).numerator += records;
    });
  }
  for (const auto& [id, copy] : copies) {
    const std::int64_t end = std::min(copy.purged_ms.value_or(kNever), window_.end_ms);
    if (end < window_.from_ms || end <= copy.created_ms) continue;
    book_.measure("26.longest_life").maximum(Place3{copy.institution, copy.project, 0}, end - copy.created_ms);
  }
}

void Computation::findings() {
  struct Finding {
    const Fact* raised;
    std::optional<std::int64_t> ended_ms;
  };
  std::map<std::uint32_t, Finding> known;
  Measure& raised = book_.measure("29.raised");
  each(FactKind::finding, [&](const Fact& fact) {
    if (!known.try_emplace(fact.texts[0], Finding{&fact, std::nullopt}).second || !in_period(fact)) return;
    const Place3 at = place(fact);
    raised.count(at);
    raised.count(at, 1, "check:" + set_.names.text(fact.texts[1]));
    raised.count(at, 1, "rule:" + set_.names.text(fact.texts[2]));
    raised.count(at, 1, "severity:" + set_.names.text(fact.texts[3]));
  });
  each(FactKind::finding_ended, [&](const Fact& fact) {
    const auto finding = known.find(fact.texts[0]);
    if (finding == known.end() || finding->second.ended_ms) return;
    finding->second.ended_ms = fact.time_ms;
    if (!in_period(fact)) return;
    // It belongs where the finding was raised; the closing stands in the coordinating body's ledger.
    const Fact& of = *finding->second.raised;
    const Place3 at{institution(of), 0, month(fact.time_ms)};
    book_.measure("29.resolution").sample(at, std::max<std::int64_t>(0, fact.time_ms - of.time_ms));
    if (fact.numbers[0] == 0 || !is(fact.texts[1], "false-alarm")) return;
    book_.measure("29.false_alarms").count(at);
    book_.measure("29.false_alarms").count(at, 1, "rule:" + set_.names.text(of.texts[2]));
  });
  for (const auto& [id, finding] : known) {
    if (finding.raised->time_ms >= window_.end_ms || finding.ended_ms.value_or(kNever) < window_.end_ms) continue;
    const Place3 at{institution(*finding.raised), 0, 0};
    book_.measure("29.open").count(at);
    book_.measure("29.open").count(at, 1, "rule:" + set_.names.text(finding.raised->texts[2]));
  }
  each(FactKind::finding_disputed, [&](const Fact& fact) {
    if (in_period(fact)) book_.measure("29.disputed").distinct(place(fact), fact.texts[0]);
  });
  each(FactKind::summary_finding, [&](const Fact& fact) {
    if (!window_.holds(fact.numbers[0])) return;
    const Place3 at{institution(fact), 0, month(fact.numbers[0])};
    book_.measure("29.raised_patients").count(at, fact.numbers[1]);
    book_.measure("29.raised_patients").count(at, fact.numbers[1], "rule:" + set_.names.text(fact.texts[0]));
  });
}

}  // namespace jangbu::consumers
