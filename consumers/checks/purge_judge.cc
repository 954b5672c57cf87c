// How the purge check judges a dataset: which of its rules are broken there now, given all that has been taken in.
#include "consumers/checks/purge_judge.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {

using purge::Copy;
using purge::Dataset;
using purge::Expiry;
using purge::Hold;
using purge::Probe;
using purge::Purge;
using purge::Use;

std::optional<PurgeDeadline> PurgeJudge::deadline(const std::string& name, const Copy& copy) const {
  std::optional<PurgeDeadline> out;
  if (!copy.expiries.empty() && copy.expiries.back().at)
    out = PurgeDeadline{*copy.expiries.back().at, copy.expiries.back().fact};
  if (const auto end = registry_.permit_end(dataset_.permit)) {
    const Timestamp gone_by = end->at.plus_seconds(policy(end->set_by).seconds("purge_after_permit_days"));
    if (!out || gone_by < out->at) out = PurgeDeadline{gone_by, end->set_by};
  }
  if (!out) return std::nullopt;
  out->at = out->at.plus_seconds(policy(out->opener).seconds("purge_grace_hours"));
  after_holds(*out);
  // A matter that was settled by a purge, and is open again because that purge was annulled, is another matter.
  if (copy.reopened && findings_.spent("PUR-1", name, out->opener.place)) out->opener = *copy.reopened;
  return out;
}

void PurgeJudge::overdue(const std::string& name, const Copy& copy) {
  const auto due = deadline(name, copy);
  if (!due || held()) return;
  const Purge* purge = first_purge(name, copy);
  if (purge != nullptr && purge->fact.own <= due->at) return;
  if (!missed(due->at, settle(due->opener), copy.institution)) return;
  Ground& out = ground("PUR-1", "copy", name, due->opener);
  out.due = due->at;
  out.past = purge != nullptr;
}

void PurgeJudge::incomplete(const Purge& purge) {
  std::vector<EntryPlace> missing;
  for (const auto& [name, copy] : dataset_.copies) {
    if (registry_.environment_owner(copy.location.environment) != purge.institution) continue;
    if (purge.fact.own < copy.announced.own || first_purge(name, copy) != nullptr) continue;
    missing.push_back(copy.announced.place);
  }
  if (!missing.empty()) ground("PUR-2", "dataset", id_, purge.fact).causes = std::move(missing);
}

void PurgeJudge::contradicted(const std::string& name, const Copy& copy) {
  const Purge* purge = last_purge(name, copy);
  if (purge == nullptr) return;
  for (const Probe& probe : dataset_.probes) {
    if (!probe.present || probe.location != copy.location) continue;
    if (!(purge->fact.own.plus_seconds(skew(probe.fact)) < probe.fact.own)) continue;
    ground("PUR-3", "copy", name, probe.fact).causes = {purge->fact.place};
  }
}

void PurgeJudge::used_after_purge() {
  for (const Use& use : uses_) {
    // At the time of the use: was there a copy, and was each one gone?
    std::vector<EntryPlace> purges;
    bool gone = false;
    for (const auto& [name, copy] : dataset_.copies) {
      if (use.fact.own < copy.announced.own || copy.announced.place == use.fact.place) continue;
      const Purge* purge = first_purge(name, copy);
      gone = purge != nullptr && purge->fact.own.plus_seconds(skew(use.fact)) < use.fact.own;
      if (!gone) break;
      purges.push_back(purge->fact.place);
    }
    if (gone) ground("PUR-4", "dataset", id_, use.fact).causes = std::move(purges);
  }
}

const purge::Manifest* PurgeJudge::known_manifest(Timestamp at) const {
  const purge::Manifest* out = nullptr;
  for (const purge::Manifest& manifest : dataset_.manifests) {
    if (manifest.fact.own <= at && (out == nullptr || out->fact.own <= manifest.fact.own)) out = &manifest;
  }
  return out;
}

bool PurgeJudge::manifest_agrees(const Purge& purge) const {
  const purge::Manifest* known = known_manifest(purge.fact.own);
  if (known == nullptr) return true;  // never announced: PUR-9's matter
  // What each copy was last known to hold: what it was announced with, unless the dataset's was replaced since.
  const auto of_copy = [&](const std::string& name) -> std::string {
    const auto copy = dataset_.copies.find(name);
    if (copy == dataset_.copies.end()) return {};
    const bool replaced =
        copy->second.announced.own < known->fact.own && !(copy->second.announced.place == known->fact.place);
    return replaced ? known->manifest : copy->second.manifest;
  };
  bool agrees = purge.manifest == known->manifest;
  if (!agrees && !purge.copies.empty()) {
    agrees = std::all_of(purge.copies.begin(), purge.copies.end(),
                         [&](const auto& item) { return of_copy(item.copy) == purge.manifest; });
  }
  if (purge.records && known->records && purge.manifest == known->manifest && *purge.records != *known->records)
    return false;
  for (const auto& item : purge.copies) {
    const std::string expected = of_copy(item.copy);
    if (!item.manifest.empty() && !expected.empty() && item.manifest != expected) return false;
    if (item.records && known->records && expected == known->manifest && *item.records != *known->records) return false;
  }
  return agrees;
}

void PurgeJudge::manifest_differs(const Purge& purge) {
  if (manifest_agrees(purge)) return;
  // Put right by another purge of the same copies that agrees.
  for (const Purge& other : dataset_.purges) {
    if (other.institution != purge.institution || !(purge.fact.own <= other.fact.own) || !manifest_agrees(other))
      continue;
    const bool covers = std::all_of(purge.copies.begin(), purge.copies.end(), [&](const auto& item) {
      return std::any_of(other.copies.begin(), other.copies.end(),
                         [&](const auto& again) { return again.copy == item.copy; });
    });
    if (covers) return;
  }
  Ground& out = ground("PUR-5", "dataset", id_, purge.fact);
  if (const purge::Manifest* known = known_manifest(purge.fact.own)) out.causes = {known->fact.place};
}

// A probe by a registered prober, other than the purge's author, that is no older than the purge.
bool PurgeJudge::is_evidence(const Probe& probe, const Purge& purge) const {
  if (!probe.by_prober || probe.author == purge.author) return false;
  const std::int64_t apart = skew(probe.fact);
  // Within the clocks' skew "present" may have been right before the purge, so it shows nothing.
  if (probe.present) return purge.fact.own.plus_seconds(apart) < probe.fact.own;
  return purge.fact.own <= probe.fact.own.plus_seconds(apart);
}

void PurgeJudge::not_probed(const std::string& name, const Copy& copy) {
  const Purge* purge = last_purge(name, copy);
  if (purge == nullptr) return;
  const Timestamp due = purge->fact.own.plus_seconds(policy(purge->fact).seconds("probe_hours"));
  bool probed = false;
  for (const Probe& probe : dataset_.probes) {
    if (probe.location != copy.location || !is_evidence(probe, *purge)) continue;
    if (probe.fact.own <= due) return;
    probed = true;
  }
  if (!missed(due, settle(purge->fact), purge->fact.place.ledger)) return;
  Ground& out = ground("PUR-6", "copy", name, purge->fact);
  out.due = due;
  out.past = probed;
}

void PurgeJudge::lives_too_long(const Copy& copy) {
  if (!dataset_.announced || copy.expiries.empty()) return;
  const Expiry& expiry = copy.expiries.back();
  if (!expiry.at || !(dataset_.announced->own.plus_seconds(expiry.ttl_seconds) < *expiry.at)) return;
  // Its life is over once all copies are purged.
  if (all_purged()) return;
  if (std::any_of(grounds.begin(), grounds.end(), [&](const Ground& other) {
        return other.rule == "PUR-7" && other.opener.place == expiry.fact.place;
      })) {
    return;
  }
  ground("PUR-7", "dataset", id_, expiry.fact).causes = {dataset_.announced->place};
}

void PurgeJudge::purged_while_held(const Purge& purge) {
  for (const auto& [name, holds] : dataset_.holds) {
    for (const Hold& hold : holds) {
      if (purge.fact.own < hold.fact.tick) continue;
      if (hold.released && hold.released->tick <= purge.fact.own) continue;
      ground("PUR-8", "dataset", id_, purge.fact).causes = {hold.fact.place};
      return;
    }
  }
}

void PurgeJudge::unknown() {
  if (dataset_.announced) return;
  for (const TimelineFact& mention : dataset_.mentions) {
    // Whose ledger would carry the announcement: the one of the id's prefix, if there is one.
    const std::string prefix(institution_of(id_));
    const std::string& ledger = registry_.has_ledger(prefix) ? prefix : mention.place.ledger;
    if (missed(mention.own, settle(mention), ledger)) ground("PUR-9", "dataset", id_, mention);
  }
}

void PurgeJudge::identified() {
  if (dataset_.identified.empty()) return;
  const TimelineFact& first =
      *std::min_element(dataset_.identified.begin(), dataset_.identified.end(),
                        [](const TimelineFact& a, const TimelineFact& b) { return a.own < b.own; });
  for (const Use& use : uses_) {
    if (!(first.own.plus_seconds(skew(use.fact)) < use.fact.own)) continue;
    Ground& out = ground("PUR-10", "dataset", id_, use.fact);
    out.aspect = "used";
    out.causes = {first.place};
  }
  if (dataset_.copies.empty() || held()) return;
  PurgeDeadline due{first.own.plus_seconds(policy(first).seconds("identified_hours")), first};
  after_holds(due);
  bool gone = true, in_time = true;
  for (const auto& [name, copy] : dataset_.copies) {
    const Purge* purge = first_purge(name, copy);
    gone = gone && purge != nullptr;
    in_time = in_time && purge != nullptr && purge->fact.own <= due.at;
  }
  if (in_time || !missed(due.at, settle(first), dataset_.copies.begin()->second.institution)) return;
  Ground& out = ground("PUR-10", "dataset", id_, due.opener);
  out.aspect = "kept";
  out.due = due.at;
  out.past = gone;
  if (!(due.opener.place == first.place)) out.causes = {first.place};
}

std::optional<PurgeJudge::Verified> PurgeJudge::verified() {
  if (!dataset_.announced || !all_purged()) return std::nullopt;
  Verified out;
  const Purge* opener = nullptr;
  Timestamp last = dataset_.announced->own;
  for (const auto& [name, copy] : dataset_.copies) {
    const Purge* purge = last_purge(name, copy);
    if (!manifest_agrees(*purge)) return std::nullopt;
    const Probe* absent = nullptr;
    bool other = false;
    for (const Probe& probe : dataset_.probes) {
      if (probe.location != copy.location) continue;
      if (probe.present && purge->fact.own.plus_seconds(skew(probe.fact)) < probe.fact.own) return std::nullopt;
      if (probe.present || !is_evidence(probe, *purge)) continue;
      // Rather one from another institution; else the first.
      const bool elsewhere = probe.institution != purge->institution;
      if (absent == nullptr || (elsewhere && !other)) {
        absent = &probe;
        other = elsewhere;
      }
    }
    if (absent == nullptr) return std::nullopt;
    out.other_institution = out.other_institution && other;
    out.causes.push_back(purge->fact.place);
    out.causes.push_back(absent->fact.place);
    last = std::max({last, purge->fact.own, absent->fact.own});
    if (opener == nullptr || opener->fact.order < purge->fact.order) opener = purge;
  }
  if (dataset_.verified == opener->fact.place) return std::nullopt;
  // It concludes from there being no other copy, and no probe that says otherwise.
  const Timestamp settled = last.plus_seconds(settle(opener->fact));
  if (!(settled < now_)) {
    wakes.push_back(settled);
    return std::nullopt;
  }
  out.opener = opener->fact.place;
  out.policy = opener->fact.policy;
  return out;
}

Resolution PurgeJudge::gone(const Finding& finding) const {
  Resolution out{How::done, {dataset_.last}};
  const auto by = [&](const TimelineFact& fact, Timestamp in_time_until) {
    out.how = fact.own <= in_time_until ? How::late_evidence : How::done;
    out.causes = {fact.place};
  };
  const auto copy = dataset_.copies.find(finding.about);
  if (finding.rule == "PUR-1" && copy != dataset_.copies.end()) {
    if (const Purge* purge = first_purge(copy->first, copy->second)) {
      by(purge->fact, finding.due.value_or(purge->fact.own));
    } else if (const auto due = deadline(copy->first, copy->second); due && !held()) {
      out.causes = {due->opener.place};  // its deadline was moved
    }
  } else if (finding.rule == "PUR-2") {
    for (const Purge& purge : dataset_.purges) out.causes = {purge.fact.place};  // the last one
  } else if (finding.rule == "PUR-3" && copy != dataset_.copies.end()) {
    if (const Purge* purge = last_purge(copy->first, copy->second)) out.causes = {purge->fact.place};
  } else if (finding.rule == "PUR-4") {
    out.how = How::late_evidence;  // nothing but a copy from before the use can take its ground
  } else if (finding.rule == "PUR-5") {
    out.how = How::late_evidence;
    for (const Purge& purge : dataset_.purges) {
      if (purge.fact.place == dataset_.last) out.how = How::done;
    }
  } else if (finding.rule == "PUR-6" && copy != dataset_.copies.end()) {
    const Probe* first = nullptr;
    if (const Purge* purge = last_purge(copy->first, copy->second)) {
      for (const Probe& probe : dataset_.probes) {
        if (probe.location == copy->second.location && is_evidence(probe, *purge) &&
            (first == nullptr || probe.fact.own < first->fact.own)) {
          first = &probe;
        }
      }
    }
    if (first != nullptr) by(first->fact, finding.due.value_or(first->fact.own));
  } else if (finding.rule == "PUR-9" && dataset_.announced) {
    by(*dataset_.announced, finding.opener.own);
  } else if (finding.rule == "PUR-10" && finding.aspect == "kept" && all_purged()) {
    const TimelineFact* last = nullptr;
    for (const auto& [name, item] : dataset_.copies) {
      const Purge* purge = first_purge(name, item);
      if (last == nullptr || last->own < purge->fact.own) last = &purge->fact;
    }
    by(*last, finding.due.value_or(last->own));
  }
  return out;
}

void PurgeCheck::tick(Bench& bench) {
  if (registry_.policy_in_force() == 0) {  // nothing can be judged yet; what was touched waits
    for (const std::string& id : touched_) agenda_.add(registry_.now(), id);
    touched_.clear();
    return;
  }
  for (const std::string& id : agenda_.pop_before(registry_.now())) touched_.insert(id);
  if (!registry_.changed_permits().empty()) {
    for (const auto& [id, dataset] : datasets_) {
      if (registry_.changed_permits().contains(dataset.permit)) touched_.insert(id);
    }
  }
  static const std::vector<Use> kNone;
  for (const std::string& id : touched_) {
    const Dataset* dataset = datasets_.find(id);
    if (dataset == nullptr) continue;
    const auto* uses = uses_.find(id);
    PurgeJudge judge(registry_, bench.findings, id, *dataset, uses == nullptr ? kNone : *uses);
    judge.run();
    const auto verified = judge.verified();
    const std::string subject = "dataset " + id;
    bench.findings.judge(
        this->id(), subject, std::move(judge.grounds), [&](const Finding& finding) { return judge.gone(finding); },
        bench.verdicts);
    // A use that opened a finding is kept, so that later ones cannot push out its ground.
    if (uses != nullptr) {
      for (std::size_t i = 0; i < uses->size(); ++i) {
        if (!(*uses)[i].pinned && bench.findings.opened(subject, (*uses)[i].fact.place))
          uses_.edit(id)[i].pinned = true;
      }
    }
    for (const Timestamp wake : judge.wakes) agenda_.add(wake, id);
    if (!verified) continue;
    datasets_.edit(id).verified = verified->opener;
    if (!bench.verdicts.adopted) continue;
    const LedgerId ledger = registry_.ledger_about(id);
    const std::string_view level = verified->other_institution ? "other-institution" : "same-institution";
    JsonText data;
    data.text("dataset", id)
        .text("level", level)
        .raw("causes", causes_json(verified->causes, ledger))
        .text("policy", registry_.policy(verified->policy)->id);
    const std::string matter = finding_id(ledger.institution(), "purge.verified", id, verified->opener);
    bench.verdicts.out.push_back(conclude(ledger, "purge", "purge.verified",
                                          conclusion_id("purge.verified", matter, nullptr), registry_.now(), false,
                                          data.object(), "purge.verified " + id + " " + std::string(level)));
  }
  touched_.clear();
}

}  // namespace jangbu::consumers
