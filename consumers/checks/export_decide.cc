// How an export is decided: export.cleared or export.refused, and a clearance's recall.
//
//   waiting -> cleared     `checkers` eligible persons accept the same digests and no rule holds against it; or it is
//   an
//                          update that clears automatically
//           -> refused     a checker rejects, or enough accept and a rule holds against it: with all rules that hold
//   cleared -> recalled    its clearance is ledgered, and its ground is gone (an answer annulled, a permit revoked,
//   ...)
//
// A site's missing consent (EXP-13) alone leaves an export waiting, as `changes` does: the lineage may have more sites
// than there are checkers, so a final refusal would then depend on who answers first. EXP-10 tells if nobody does.
#include <algorithm>
#include <set>
#include <utility>

#include "consumers/checks/export.h"

namespace jangbu::consumers {

using exports::Answer;
using exports::Checked;
using exports::Decision;
using exports::Export;
using exports::Output;
using exports::Question;
using exports::Reason;
using exports::Request;

namespace {

std::vector<EntryPlace> distinct(std::vector<EntryPlace> places) {
  std::vector<EntryPlace> out;
  for (EntryPlace& place : places) {
    if (std::find(out.begin(), out.end(), place) == out.end()) out.push_back(std::move(place));
  }
  return out;
}

}  // namespace

Question ExportCheck::question(const std::string& id, const Export& exported, const Request& request,
                               PolicyIndex policy) const {
  Question out;
  out.id = &id;
  out.exported = &exported;
  out.request = &request;
  out.policy = registry_.policy(policy);
  out.permit = registry_.permit_standing(request.permit);
  out.outputs = request.outputs;
  out.as_of = registry_.now();
  return out;
}

// An update: from a triggered round, to the registered aggregator only, on enough records, and small enough.
std::optional<Decision> ExportCheck::automatic(const Request& request) const {
  Decision out;
  out.cleared = out.automatic = true;
  out.request = out.by = request.fact;
  if (request.outputs.empty() || registry_.permit_standing(request.permit) == nullptr) return std::nullopt;
  const std::string_view aggregator = institution_of(request.destination);
  for (const Output& output : request.outputs) {
    const auto trace = lineage_.trace(output.id, output.digest, request.permit);
    if (out.by.order < trace.last_order) {
      out.by.order = trace.last_order;
      out.by.policy = trace.last_policy;
    }
    const Policy& policy = *registry_.policy(out.by.policy);
    if (!policy.auto_kinds.contains(output.kind) || !trace.proven || !trace.round) return std::nullopt;
    if (output.bytes > policy.number("update_bytes_max")) return std::nullopt;
    if (!trace.records || *trace.records < policy.number("update_records_min")) return std::nullopt;
  }
  if (!registry_.designated(aggregator, "aggregator", request.fact.own)) return std::nullopt;
  if (!exports::country_allowed(request.country, request.justification)) return std::nullopt;
  return out;
}

void ExportCheck::decide(const std::string& id, Bench& bench) {
  const Export& exported = *exports_.find(id);
  const Request* request = exported.request();
  if (exported.decision || request == nullptr) return;
  if (auto decision = automatic(*request)) {
    say(id, *request, *decision, {}, {}, bench);
    decision->ledgers = receivers(*request);
    exports_.edit(id).decision = std::move(*decision);
    return;
  }
  // Answers in the order of their own times: which comes first decides, not which ledger.
  std::vector<const Checked*> given;
  for (const Checked& checked : exported.checks) given.push_back(&checked);
  std::stable_sort(given.begin(), given.end(),
                   [](const Checked* a, const Checked* b) { return a->fact.own < b->fact.own; });
  const PermitVersion* permit = registry_.permit_standing(request->permit);
  const std::int64_t needed = registry_.policy(request->fact.policy)->number("checkers");
  std::map<std::string, bool> accepted;
  const Checked* enough = nullptr;
  const Checked* rejected = nullptr;
  for (const Checked* checked : given) {
    if (checked->answer == Answer::reject && rejected == nullptr) rejected = checked;
    accepted[checked->by] =
        exports::accepts(*checked, *request) && exports::eligible(registry_, *request, permit, checked->by);
    const auto count = std::count_if(accepted.begin(), accepted.end(), [](const auto& item) { return item.second; });
    if (count >= needed && enough == nullptr && rejected == nullptr) enough = checked;
    if (count < needed) enough = nullptr;  // an acceptance was taken back
  }
  if (enough == nullptr && rejected == nullptr) return;

  Decision decision;
  decision.request = request->fact;
  decision.by = enough != nullptr ? enough->fact : rejected->fact;
  Question asked = question(id, exported, *request, decision.by.policy);
  std::vector<Reason> held = exports::reasons(asked, registry_, lineage_);
  std::vector<EntryPlace> causes;
  causes.reserve(given.size());
  for (const Checked* checked : given) causes.push_back(checked->fact.place);
  decision.cleared = enough != nullptr && held.empty();
  if (!decision.cleared) {
    if (rejected != nullptr && enough != nullptr) decision.by = rejected->fact;
    const bool only_sites =
        std::all_of(held.begin(), held.end(), [](const Reason& reason) { return reason.rule == "EXP-13"; });
    if (rejected == nullptr && only_sites) return;
    // A refusal rests on what is not there, and is final: what is under way may still come in.
    const Timestamp settled =
        decision.by.own.plus_seconds(registry_.policy(decision.by.policy)->seconds("settle_seconds"));
    if (!(settled < registry_.now())) {
      agenda_.add(settled, id);
      return;
    }
    const bool checkers =
        std::any_of(held.begin(), held.end(), [](const Reason& reason) { return reason.rule == "EXP-4"; });
    if (rejected != nullptr && !checkers) held.insert(held.begin(), {"EXP-4", {}, {}, {rejected->fact.place}});
  }
  say(id, *request, decision, held, causes, bench);
  decision.ledgers = receivers(*request);
  exports_.edit(id).decision = std::move(decision);
}

// The requester's ledger, each source site's and each exporter's.
std::vector<std::string> ExportCheck::receivers(const Request& request) const {
  std::set<std::string> out{request.fact.place.ledger};
  for (const Output& output : request.outputs) {
    const auto trace = lineage_.trace(output.id, output.digest, request.permit);
    for (const auto* institutions : {&trace.sites, &trace.producers}) {
      for (const std::string& institution : *institutions) {
        if (registry_.has_ledger(institution)) out.insert(institution);
      }
    }
  }
  return {out.begin(), out.end()};
}

void ExportCheck::say(const std::string& id, const Request& request, const Decision& decision,
                      const std::vector<Reason>& held, const std::vector<EntryPlace>& answers, Bench& bench) {
  if (!bench.verdicts.adopted) return;
  std::vector<EntryPlace> causes{request.fact.place};
  causes.insert(causes.end(), answers.begin(), answers.end());
  std::vector<std::string> outputs;
  for (const Output& output : request.outputs) {
    outputs.push_back(JsonText().text("output", output.id).text("digest", output.digest).object());
    const auto trace = lineage_.trace(output.id, output.digest, request.permit);
    causes.insert(causes.end(), trace.causes.begin(), trace.causes.end());
  }
  causes = distinct(std::move(causes));
  const std::string_view type = decision.cleared ? "export.cleared" : "export.refused";
  const std::string matter = finding_id(institution_of(id), type, id, request.fact.place);
  std::string summary = std::string(type) + " " + id;
  if (decision.cleared) summary += decision.automatic ? " automatic" : " checked";
  for (const Reason& reason : held) summary += " " + std::string(reason.rule);
  for (const std::string& receiver : receivers(request)) {
    const LedgerId ledger = *LedgerId::parse(receiver);
    JsonText data;
    data.text("export", id)
        .text("mode", decision.automatic ? "automatic" : "checked")
        .raw("outputs", json_list(outputs));
    if (decision.cleared) {
      const std::int64_t seconds = registry_.policy(decision.by.policy)->seconds("clearance_days");
      data.text("until", to_string(registry_.now().plus_seconds(seconds)));
    } else {
      std::vector<std::string> rows;
      for (const Reason& reason : held) {
        if (rows.size() == 64) break;
        JsonText row;
        row.text("rule", reason.rule);
        if (!reason.output.empty()) row.text("output", reason.output);
        if (!reason.site.empty()) row.text("site", reason.site);
        if (!reason.causes.empty()) row.raw("causes", causes_json(reason.causes, ledger));
        rows.push_back(row.object());
      }
      data.raw("reasons", json_list(rows));
    }
    data.raw("causes", causes_json(causes, ledger)).text("policy", registry_.policy(decision.by.policy)->id);
    bench.verdicts.out.push_back(conclude(ledger, "export", type, conclusion_id(type, matter, nullptr), registry_.now(),
                                          false, data.object(), std::string(summary).append(" in ").append(receiver)));
  }
}

// A clearance takes effect at its own entry: there, and whenever something has changed since, its ground is looked at
// again.
void ExportCheck::recall(const std::string& id, Bench& bench) {
  const Export& exported = *exports_.find(id);
  if (exported.recalled || exported.clearances.empty() || !bench.verdicts.adopted) return;
  std::string reason;
  std::vector<std::string> ledgers;
  EntryPlace opener = exported.clearances.front().fact.place;
  if (!exported.decision || !exported.decision->cleared) {
    // Ledgered, under the system's key, and not concluded here.
    reason = "not-concluded";
    for (const auto& clearance : exported.clearances) ledgers.push_back(clearance.fact.place.ledger);
  } else {
    const Decision& decision = *exported.decision;
    ledgers = decision.ledgers;
    opener = decision.request.place;
    const Request* request = exported.request();
    if (request == nullptr) {
      reason = "request-annulled";
    } else if (decision.automatic) {
      if (!automatic(*request)) reason = "not-automatic";
    } else {
      const auto held = exports::reasons(question(id, exported, *request, decision.by.policy), registry_, lineage_);
      if (!held.empty()) reason = held.front().rule;
    }
  }
  if (reason.empty()) return;
  std::sort(ledgers.begin(), ledgers.end());
  ledgers.erase(std::unique(ledgers.begin(), ledgers.end()), ledgers.end());
  const std::string matter = finding_id(institution_of(id), "export.revoked", id, opener);
  const std::string summary = "export.revoked " + id + " " + reason + " in ";
  for (const std::string& receiver : ledgers) {
    bench.verdicts.out.push_back(conclude(
        *LedgerId::parse(receiver), "export", "export.revoked", conclusion_id("export.revoked", matter, nullptr),
        registry_.now(), false, JsonText().text("export", id).text("reason", reason).object(), summary + receiver));
  }
  exports_.edit(id).recalled = true;
}

}  // namespace jangbu::consumers
