#include "consumers/findings.h"

#include <algorithm>
#include <utility>

#include "schemas/invariant.h"

namespace jangbu::consumers {

namespace {

std::string matter(std::string_view rule, std::string_view aspect, std::string_view about) {
  std::string out(rule);
  out.push_back('\0');
  out += aspect;
  out.push_back('\0');
  return out += about;
}

std::string about_json(std::string_view kind, const std::string& about, const std::string& within) {
  JsonText out;
  if (kind == "copy") out.text("dataset", within);
  if (kind == "output") out.text("export", within);
  out.text(kind, about);
  return out.object();
}

}  // namespace

const Rule& rule(std::span<const Rule> rules, std::string_view id) {
  const auto at = std::find_if(rules.begin(), rules.end(), [&](const Rule& row) { return row.id == id; });
  JANGBU_INVARIANT(at != rules.end(), std::string(id));
  return *at;
}

std::string Findings::id_of(const Ground& ground) const {
  return finding_id(registry_.ledger_about(ground.about).institution(), ground.rule, ground.about, ground.opener.place);
}

bool Findings::spent(std::string_view rule_id, std::string_view about, const EntryPlace& opener) const {
  const Finding* finding =
      findings_.find(finding_id(registry_.ledger_about(about).institution(), rule_id, about, opener));
  return finding != nullptr && finding->state != Finding::State::open;
}

bool Findings::opened(const std::string& subject, const EntryPlace& opener) const {
  const auto open = by_subject_.find(subject);
  if (open == by_subject_.end()) return false;
  return std::any_of(open->second.begin(), open->second.end(),
                     [&](const std::string& id) { return findings_.find(id)->opener.place == opener; });
}

// Was this ground counted under a finding that is no longer open? Then it is no new matter.
bool Findings::counted_before(const Ground& ground) const {
  const auto known = by_matter_.find(matter(ground.rule, ground.aspect, ground.about));
  if (known == by_matter_.end()) return false;
  for (const std::string& id : known->second) {
    const Finding* finding = findings_.find(id);
    if (finding->opener.order < ground.opener.order && ground.opener.order <= finding->last_order) return true;
  }
  return false;
}

void Findings::judge(const CheckId& check, const std::string& subject, std::vector<Ground> grounds,
                     const std::function<Resolution(const Finding&)>& gone, Verdicts verdicts) {
  if (grounds.empty() && !by_subject_.contains(subject)) return;
  std::stable_sort(grounds.begin(), grounds.end(), [](const Ground& a, const Ground& b) {
    return std::pair(a.opener.order, a.opener.place) < std::pair(b.opener.order, b.opener.place);
  });
  // What was so in between is told, too.
  for (const Ground& ground : grounds) {
    if (!ground.past) continue;
    const std::string id = id_of(ground);
    if (findings_.find(id) == nullptr) raise(check, subject, ground, id, verdicts);
  }
  std::erase_if(grounds, [](const Ground& ground) { return ground.past; });

  std::set<std::string> held;
  for (const Ground& ground : grounds) held.insert(id_of(ground));
  if (const auto open = by_subject_.find(subject); open != by_subject_.end()) {
    for (const std::string& id : std::vector<std::string>(open->second.begin(), open->second.end())) {
      if (findings_.find(id)->check == check.name && !held.contains(id)) resolve_gone(id, gone, verdicts);
    }
  }
  for (const Ground& ground : grounds) {
    const std::string id = id_of(ground);
    if (findings_.find(id) != nullptr) continue;
    const auto known = by_matter_.find(matter(ground.rule, ground.aspect, ground.about));
    const std::string* open = nullptr;
    if (known != by_matter_.end()) {
      for (const std::string& other : known->second) {
        if (findings_.find(other)->state == Finding::State::open) open = &other;
      }
    }
    if (open != nullptr) {
      repeat(*open, ground);
    } else if (!counted_before(ground)) {
      raise(check, subject, ground, id, verdicts);
    }
  }
}

void Findings::raise(const CheckId& check, const std::string& subject, const Ground& ground, const std::string& id,
                     Verdicts verdicts) {
  const Rule& row = rule(check.rules, ground.rule);
  const LedgerId ledger = registry_.ledger_about(ground.about);
  Finding& finding = findings_.edit(id);
  finding.check = check.name;
  finding.rule = ground.rule;
  finding.subject = subject;
  finding.kind = ground.kind;
  finding.about = ground.about;
  finding.within = ground.within;
  finding.aspect = ground.aspect;
  finding.ledger = ledger.text();
  finding.severity = row.severity;
  finding.opener = ground.opener;
  finding.causes = ground.causes;
  finding.due = ground.due;
  finding.last_order = ground.opener.order;
  finding.last = ground.opener.place;
  finding.told = verdicts.adopted;
  index(id, finding);
  if (!verdicts.adopted) return;

  std::vector<EntryPlace> causes{ground.opener.place};
  causes.insert(causes.end(), ground.causes.begin(), ground.causes.end());
  JsonText data;
  data.text("finding", id)
      .raw("check", JsonText().text("name", check.name).number("version", check.version).object())
      .text("rule", ground.rule)
      .text("severity", name(row.severity))
      .raw("about", about_json(ground.kind, ground.about, ground.within))
      .raw("causes", causes_json(causes, ledger))
      .text("policy", registry_.policy(ground.opener.policy)->id);
  if (ground.due) data.text("due", to_string(*ground.due));
  if (const std::string used = parameters(row, ground.opener.policy); used != "[]") data.raw("parameters", used);
  verdicts.out.push_back(conclude(ledger, check.name, "finding.raised", conclusion_id("finding.raised", id, nullptr),
                                  registry_.now(), true, data.object(), std::string(ground.rule) + " " + ground.about));
}

std::string Findings::parameters(const Rule& row, PolicyIndex index) const {
  const Policy& policy = *registry_.policy(index);
  std::vector<std::string> out;
  std::string_view rest = row.parameters;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    const std::string_view parameter = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    std::optional<std::int64_t> value;
    if (const auto number = policy.numbers.find(parameter); number != policy.numbers.end()) value = number->second;
    if (parameter == "nk") value = policy.nk_share;
    if (parameter == "p") value = policy.p;
    if (value) out.push_back(JsonText().text("name", parameter).number("value", *value).object());
  }
  return json_list(out);
}

void Findings::repeat(const std::string& id, const Ground& ground) {
  if (ground.opener.order <= findings_.find(id)->last_order) return;
  Finding& finding = findings_.edit(id);
  ++finding.count;
  finding.last_order = ground.opener.order;
  finding.last = ground.opener.place;
  // The window is the day, in the policy's calendar.
  const std::int32_t offset = registry_.policy(ground.opener.policy)->calendar_offset_seconds;
  const CivilTime today = civil(registry_.now(), offset);
  windows_.add(from_civil(today.year, today.month, today.day, offset).plus_seconds(86'400), id);
}

void Findings::end_windows(const std::function<Verdicts(std::string_view)>& verdicts) {
  for (const std::string& id : windows_.pop_before(registry_.now())) {
    const Finding* finding = findings_.find(id);
    if (finding != nullptr && finding->state == Finding::State::open) tell_count(id, verdicts(finding->check));
  }
}

void Findings::tell_count(const std::string& id, Verdicts verdicts) {
  if (findings_.find(id)->count == findings_.find(id)->count_told) return;
  Finding& finding = findings_.edit(id);
  finding.count_told = finding.count;
  if (!verdicts.adopted || !finding.told) return;
  const LedgerId ledger = *LedgerId::parse(finding.ledger);
  JsonText data;
  data.text("finding", id)
      .number("count", static_cast<std::int64_t>(finding.count))
      .raw("last", cause_json(finding.last, ledger));
  verdicts.out.push_back(
      conclude(ledger, finding.check, "finding.updated", conclusion_id("finding.updated", id, &finding.last),
               registry_.now(), true, data.object(),
               "updated " + finding.rule + " " + finding.about + " count " + std::to_string(finding.count)));
}

void Findings::resolve_gone(const std::string& id, const std::function<Resolution(const Finding&)>& gone,
                            Verdicts verdicts) {
  const Finding* finding = findings_.find(id);
  const TimelineFact* annulled = registry_.annulled(finding->opener.place);
  for (const EntryPlace& cause : finding->causes) {
    if (annulled == nullptr) annulled = registry_.annulled(cause);
  }
  if (annulled == nullptr) {
    const Resolution resolution = gone(*finding);
    resolve(id, resolution.how == How::done ? "done" : "late-evidence", resolution.causes, verdicts);
  } else if (finding->severity < Severity::high) {
    resolve(id, "annulled", {annulled->place}, verdicts);
  } else if (!finding->ground_annulled) {
    findings_.edit(id).ground_annulled = true;  // only people can close it
  }
}

void Findings::resolve(const std::string& id, std::string_view how, const std::vector<EntryPlace>& causes,
                       Verdicts verdicts) {
  tell_count(id, verdicts);
  close(id, Finding::State::resolved);
  const Finding& finding = *findings_.find(id);
  if (!verdicts.adopted || !finding.told) return;
  const LedgerId ledger = *LedgerId::parse(finding.ledger);
  JsonText data;
  data.text("finding", id).raw("causes", causes_json(causes, ledger)).text("how", how);
  verdicts.out.push_back(conclude(
      ledger, finding.check, "finding.resolved", conclusion_id("finding.resolved", id, &causes.back()), registry_.now(),
      true, data.object(), "resolved " + finding.rule + " " + finding.about + " " + std::string(how)));
}

void Findings::close(const std::string& id, Finding::State state) {
  Finding& finding = findings_.edit(id);
  finding.state = state;
  const auto open = by_subject_.find(finding.subject);
  if (open == by_subject_.end()) return;
  open->second.erase(id);
  if (open->second.empty()) by_subject_.erase(open);
}

void Findings::take(const Event& event) {
  const std::string id(text(event.data, "finding"));
  const Finding* finding = findings_.find(id);
  if (finding == nullptr) return;
  const std::string_view type = event.type->name;
  if (type == "finding.acknowledged") {
    findings_.edit(id).acknowledged = true;
  } else if (type == "finding.disputed") {
    findings_.edit(id).disputed = true;
  } else if (type == "finding.closed" && finding->state == Finding::State::open) {
    std::set<std::string, std::less<>> people;
    if (const auto by = list(event.data, "by")) {
      for (simdjson::dom::element item : *by) {
        simdjson::dom::object actor;
        if (item.get(actor) == simdjson::SUCCESS) people.emplace(text(actor, "id"));
      }
    }
    if (people.size() >= 2) close(id, Finding::State::closed);
  }
}

void Findings::note_told(std::string_view id) {
  if (findings_.find(id) != nullptr) findings_.edit(id).told = true;
}

void Findings::index(const std::string& id, const Finding& finding) {
  by_matter_[matter(finding.rule, finding.aspect, finding.about)].insert(id);
  if (finding.state == Finding::State::open) by_subject_[finding.subject].insert(id);
}

void Findings::loaded() {
  by_matter_.clear();
  by_subject_.clear();
  for (const auto& [id, finding] : findings_) index(id, finding);
}

}  // namespace jangbu::consumers
