#include "consumers/summaries.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {

namespace {

constexpr std::string_view kProgress = "progress";
constexpr std::int64_t kDay = 86'400;
// What the schemas allow in one summary.
constexpr std::size_t kCountsMax = 512;

// Whole hours for a week, then whole days, so that they never become more than a summary takes.
std::int64_t hours_bucket(std::int64_t hours) {
  constexpr std::int64_t kWeek = 168, kDaysMax = 88;
  if (hours < kWeek) return std::max<std::int64_t>(hours, 0);
  return std::min(hours / 24, kDaysMax) * 24;
}

std::string period_json(Timestamp from) {
  return JsonText().text("from", to_string(from)).text("to", to_string(from.plus_seconds(kDay))).object();
}

}  // namespace

Summaries::Summaries(const Registry& registry, LedgerId patients, std::shared_ptr<const TypeTable> types)
    : registry_(registry), patients_(std::move(patients)), types_(std::move(types)) {}

Timestamp Summaries::day_of(const TimelineFact& fact) const {
  const Policy* policy = registry_.policy(fact.policy);
  const std::int32_t offset = policy == nullptr ? 0 : policy->calendar_offset_seconds;
  const CivilTime local = civil(fact.own, offset);
  return from_civil(local.year, local.month, local.day, offset);
}

void Summaries::take(const TimelineEntry& entry, const TimelineFact& fact) {
  const Event& event = *entry.event;
  const std::string_view type = event.type->name;
  const bool here = *entry.ledger == patients_;
  if (!here && type != "finding.closed") return;
  if (registry_.policy(fact.policy) == nullptr) return;  // no calendar yet: the ledger's first entries, its keys
  const Timestamp start = day_of(fact);
  const bool counted = type == "record.accessed" || type.starts_with("emergency.") || type.starts_with("consent.");
  if (here) {
    Progress& progress = progress_.edit(kProgress);
    progress.last = fact.place;
    // The first day is that of the first access or consent: the ledger's own keys may have come long before.
    if (counted && !progress.next) progress.next = start;
  }
  const std::string key = to_string(start);
  if (type == "record.accessed") {
    take_access(event, fact, days_.edit(key));
  } else if (type == "emergency.started") {
    ++days_.edit(key).emergencies;
  } else if (type.starts_with("consent.")) {
    take_consent(event, fact, type.substr(8), days_.edit(key));
  } else if (type.starts_with("finding.")) {
    take_finding(event, start);
  }
}

bool Summaries::is_care(std::string_view purpose, const TimelineFact& fact) const {
  const Policy& policy = *registry_.policy(fact.policy);
  return std::none_of(policy.secondary_purposes.begin(), policy.secondary_purposes.end(),
                      [&](const std::string& one) { return types_->is_within("purpose-of-use", purpose, one); });
}

void Summaries::take_access(const Event& event, const TimelineFact& fact, Day& day) const {
  const std::string_view purpose = text(event.data, "purpose");
  Access access{std::string(text(event.data, "action")), std::string(purpose),
                integer(event.data, "outcome").value_or(0), purpose.empty() || is_care(purpose, fact)};
  if (access.action == "download") ++day.downloads;
  if (boolean(event.data, "emergency").value_or(false) || purpose == "BTG") ++day.emergencies;
  ++day.accesses[std::move(access)];
}

void Summaries::take_consent(const Event& event, const TimelineFact& fact, std::string_view what, Day& day) const {
  if (what == "granted") {
    ++day.granted;
  } else if (what == "withdrawn") {
    ++day.withdrawn;
    const Timestamp effective = jangbu::time(event.data, "effective").value_or(fact.own);
    ++day.waits[hours_bucket((effective.seconds - fact.own.seconds) / 3600)];
  } else if (what == "opted_out") {
    ++day.opted_out;
  }
}

void Summaries::take_finding(const Event& event, Timestamp start) {
  const std::string id(text(event.data, "finding"));
  const std::string key = to_string(start);
  if (event.type->name == "finding.raised") {
    findings_.edit(id) = text(event.data, "rule");
    ++days_.edit(key).raised[std::string(text(event.data, "rule"))];
  } else if (event.type->name == "finding.resolved" || event.type->name == "finding.closed") {
    const std::string* rule = findings_.find(id);
    if (rule == nullptr) return;
    ++days_.edit(key).settled[*rule];
    findings_.erase(id);
  }
}

void Summaries::tick(Bench& bench) {
  const Progress* known = progress_.find(kProgress);
  if (known == nullptr || !known->next) return;
  const std::int64_t late = registry_.policy(registry_.policy_in_force())->seconds("late_hours");
  while (true) {
    const Timestamp start = *progress_.find(kProgress)->next;
    if (!(start.plus_seconds(kDay + late) < registry_.now())) return;
    // Days before the first one that is not summarised yet: supplements.
    std::vector<Timestamp> starts;
    for (const auto& [key, day] : days_) {
      const Timestamp other = *parse_timestamp(key);
      if (other < start) starts.push_back(other);
    }
    starts.push_back(start);
    for (const Timestamp one : starts) say(one, bench);
    progress_.edit(kProgress).next = start.plus_seconds(kDay);
  }
}

void Summaries::say(Timestamp start, Bench& bench) {
  static const Day kNothing;
  const std::string key = to_string(start);
  const Day* found = days_.find(key);
  const Day& day = found == nullptr ? kNothing : *found;
  Progress& progress = progress_.edit(kProgress);
  const LedgerId shared = LedgerId::of(patients_.institution(), LedgerKind::shared);

  std::map<Access, std::uint64_t> accesses = day.accesses;
  if (accesses.size() > kCountsMax) {  // rather without purposes than without some of them
    std::map<Access, std::uint64_t> merged;
    for (const auto& [access, count] : accesses)
      merged[Access{access.action, "", access.outcome, access.care}] += count;
    accesses = std::move(merged);
  }
  std::vector<std::string> counts, findings, waits;
  for (const auto& [access, count] : accesses) {
    JsonText row;
    row.text("action", access.action).number("outcome", access.outcome);
    if (!access.purpose.empty()) row.text("purpose", access.purpose);
    counts.push_back(row.boolean("care", access.care).number("count", static_cast<std::int64_t>(count)).object());
  }
  for (const auto& [rule, count] : day.raised) progress.open[rule] += count;
  for (const auto& [rule, count] : day.settled) progress.open[rule] -= std::min(progress.open[rule], count);
  for (const auto& [rule, open] : progress.open) {
    const auto raised = day.raised.find(rule);
    const std::uint64_t raised_count = raised == day.raised.end() ? 0 : raised->second;
    if (open == 0 && raised_count == 0) continue;
    findings.push_back(JsonText()
                           .text("rule", rule)
                           .number("raised", static_cast<std::int64_t>(raised_count))
                           .number("open", static_cast<std::int64_t>(open))
                           .object());
  }
  for (const auto& [hours, count] : day.waits) {
    waits.push_back(JsonText().number("hours", hours).number("count", static_cast<std::int64_t>(count)).object());
  }
  const std::string through = cause_json(progress.last, shared);
  const auto put = [&](std::string_view type, const JsonText& data) {
    const std::string matter = finding_id(shared.institution(), type, key, progress.last);
    bench.verdicts.out.push_back(conclude(shared, "summaries", type, conclusion_id(type, matter, nullptr),
                                          registry_.now(), false, data.object(), std::string(type) + " " + key));
  };
  put("access.summarised", JsonText()
                               .raw("period", period_json(start))
                               .raw("counts", json_list(counts))
                               .number("emergencies", static_cast<std::int64_t>(day.emergencies))
                               .number("downloads", static_cast<std::int64_t>(day.downloads))
                               .raw("findings", json_list(findings))
                               .raw("through", through));
  put("consent.summarised", JsonText()
                                .raw("period", period_json(start))
                                .number("granted", static_cast<std::int64_t>(day.granted))
                                .number("withdrawn", static_cast<std::int64_t>(day.withdrawn))
                                .number("opted_out", static_cast<std::int64_t>(day.opted_out))
                                .raw("waits", json_list(waits))
                                .raw("through", through));
  days_.erase(key);
}

std::unique_ptr<Fold> patients_fold(LedgerId coordinator, std::string_view hospital,
                                    std::shared_ptr<const TypeTable> types) {
  auto fold = std::make_unique<Fold>(std::move(coordinator));
  fold->add(
      std::make_unique<Summaries>(fold->registry(), LedgerId::of(hospital, LedgerKind::patients), std::move(types)));
  return fold;
}

}  // namespace jangbu::consumers
