// What the export check finds wrong: departures against clearances and rules, and requests that nobody decides.
#include <algorithm>
#include <utility>

#include "consumers/checks/export.h"
#include "consumers/checks/judging.h"

namespace jangbu::consumers {

using exports::Clearance;
using exports::Departure;
using exports::Export;
using exports::Output;
using exports::Question;
using exports::Reason;
using exports::Request;
using exports::Revocation;

namespace {

// One export at one tick.
class Judge : public Judging {
 public:
  Judge(const Registry& registry, const Lineage& lineage, const std::string& id, const Export& exported)
      : Judging(registry, id), lineage_(lineage), exported_(exported) {}

  void run() {
    for (const Departure& departure : exported_.departures) departed(departure);
    waiting();
  }

 private:
  [[nodiscard]] std::string requester_ledger() const {
    const Request* request = exported_.request();
    return request == nullptr ? registry_.ledger_about(id_).text() : request->fact.place.ledger;
  }

  // The clearance that covers a departure: in the departing ledger, else in the requester's; not one from after it.
  [[nodiscard]] const Clearance* clearance(const Departure& departure) const {
    const Timestamp until = departure.fact.own.plus_seconds(policy(departure.fact).seconds("skew_seconds"));
    for (const std::string& ledger : {departure.fact.place.ledger, requester_ledger()}) {
      for (const Clearance& clearance : exported_.clearances) {
        if (clearance.fact.place.ledger == ledger && clearance.fact.own <= until) return &clearance;
      }
    }
    return nullptr;
  }
  [[nodiscard]] const TimelineFact* revoked(const Departure& departure) const {
    for (const Revocation& revocation : exported_.revoked) {
      if (revocation.fact.tick <= departure.fact.own && may_revoke(revocation, departure)) return &revocation.fact;
    }
    return nullptr;
  }
  [[nodiscard]] bool may_revoke(const Revocation& revocation, const Departure& departure) const {
    if (revocation.by_system || revocation.institution == registry_.coordinator().institution()) return true;
    const Request* request = exported_.request();
    const std::string_view permit = request == nullptr ? std::string_view() : request->permit;
    return std::any_of(departure.outputs.begin(), departure.outputs.end(), [&](const Output& output) {
      return lineage_.trace(output.id, output.digest, permit).sites.contains(revocation.institution);
    });
  }

  void departed(const Departure& departure);
  void what_left(const Departure& departure, const Clearance* clearance);
  void all_the_same(const Departure& departure);
  void waiting();

  const Lineage& lineage_;
  const Export& exported_;
};

void Judge::departed(const Departure& departure) {
  const TimelineFact& fact = departure.fact;
  const Clearance* clearance = this->clearance(departure);
  const TimelineFact* revocation = revoked(departure);
  what_left(departure, revocation == nullptr ? clearance : nullptr);
  if (clearance == nullptr) {
    // It concludes from there being none: also not on its way in the requester's ledger.
    if (!missed(fact.own, policy(fact).seconds("settle_seconds"), requester_ledger())) return;
    ground("EXP-1", "export", id_, fact);
    all_the_same(departure);
    return;
  }
  if (revocation != nullptr) {
    ground("EXP-1", "export", id_, fact).causes = {clearance->fact.place, revocation->place};
    if (missed(fact.own, policy(fact).seconds("settle_seconds"), requester_ledger())) all_the_same(departure);
    return;
  }
  bool named = true;
  for (const Output& output : departure.outputs) {
    const auto cleared = clearance->outputs.find(output.id);
    if (cleared == clearance->outputs.end()) {
      named = false;
    } else if (cleared->second != output.digest) {
      ground("EXP-2", "output", output.id, fact).causes = {clearance->fact.place};
    }
  }
  if (!named) ground("EXP-1", "export", id_, fact).causes = {clearance->fact.place};
  if (clearance->until.plus_seconds(policy(fact).seconds("skew_seconds")) < fact.own) {
    ground("EXP-9", "export", id_, fact).causes = {clearance->fact.place};
  }
}

// EXP-3, 7 and 8, of what left as it left, cleared or not.
void Judge::what_left(const Departure& departure, const Clearance* clearance) {
  const TimelineFact& fact = departure.fact;
  const Policy& in_force = policy(fact);
  const Request* request = exported_.request();
  const Permit* permit = request == nullptr ? nullptr : registry_.permit(request->permit);
  const PermitVersion* version = permit == nullptr ? nullptr : permit->current();
  const bool automatic = clearance != nullptr && clearance->automatic;
  for (Output output : departure.outputs) {
    const bool permitted = request == nullptr || (version != nullptr && version->outputs.contains(output.kind));
    const bool allowed = automatic ? in_force.auto_kinds.contains(output.kind)
                                   : permitted && in_force.output_kinds.contains(output.kind);
    if (!allowed) ground("EXP-3", "output", output.id, fact);
    bool fits = exports::size_allowed(in_force, output);
    if (clearance == nullptr && request != nullptr) {
      for (const Output& asked : request->outputs) {
        if (asked.id != output.id) continue;
        output.rows = asked.rows;
        const auto formats = in_force.formats.find(output.kind);
        fits = exports::size_allowed(in_force, output) &&
               (formats == in_force.formats.end() || formats->second.contains(asked.format));
      }
    }
    if (!fits) ground("EXP-8", "output", output.id, fact);
  }
  bool destination = request == nullptr || exports::destination_allowed(version, departure.destination);
  if (automatic && request != nullptr) destination = departure.destination == request->destination;
  if (!destination || !exports::country_allowed(departure.country, departure.ground)) {
    ground("EXP-7", "export", id_, fact);
  }
}

// The other reasons of a refusal, of what departs without a clearance all the same.
void Judge::all_the_same(const Departure& departure) {
  const Request* request = exported_.request();
  if (request == nullptr) return;
  Question asked;
  asked.id = &id_;
  asked.exported = &exported_;
  asked.request = request;
  asked.policy = &policy(departure.fact);
  const Permit* permit = registry_.permit(request->permit);
  asked.permit = permit == nullptr ? nullptr : permit->current();
  asked.as_of = departure.fact.own;
  for (const Output& left : departure.outputs) {
    const auto same = std::find_if(request->outputs.begin(), request->outputs.end(),
                                   [&](const Output& output) { return output.id == left.id; });
    Output output = same == request->outputs.end() ? left : *same;
    output.kind = left.kind;
    output.digest = left.digest;
    output.bytes = left.bytes;
    asked.outputs.push_back(std::move(output));
  }
  std::set<std::string> sites_told;
  for (const Reason& reason : exports::reasons(asked, registry_, lineage_)) {
    if (reason.rule == "EXP-3" || reason.rule == "EXP-7" || reason.rule == "EXP-8") continue;
    // One finding an output, however many sites have not accepted it.
    if (reason.rule == "EXP-13" && !sites_told.insert(reason.output).second) continue;
    Ground& out = reason.output.empty() ? ground(reason.rule, "export", id_, departure.fact)
                                        : ground(reason.rule, "output", reason.output, departure.fact);
    out.causes = reason.causes;
  }
}

void Judge::waiting() {
  if (exported_.requests.empty()) return;
  const TimelineFact& request = exported_.requests.front().fact;
  const Timestamp due = request.own.plus_seconds(policy(request).seconds("check_days"));
  if (exported_.decision && exported_.decision->by.own <= due) return;
  if (!missed(due, policy(request).seconds("settle_seconds"), request.place.ledger)) return;
  Ground& out = ground("EXP-10", "export", id_, request);
  out.due = due;
  out.past = exported_.decision.has_value();
}

}  // namespace

void ExportCheck::tick(Bench& bench) {
  if (registry_.policy_in_force() == 0) {  // nothing can be judged yet; what was touched waits
    for (const std::string& id : touched_) agenda_.add(registry_.now(), id);
    touched_.clear();
    return;
  }
  for (const std::string& id : agenda_.pop_before(registry_.now())) touched_.insert(id);
  touched_.insert(registry_.changed_exports().begin(), registry_.changed_exports().end());
  for (const std::string& analysis : registry_.changed_analyses()) {
    for (const std::string& output : lineage_.outputs_of(analysis)) touch_output(output);
  }
  if (!registry_.changed_permits().empty()) {
    for (const auto& [id, exported] : exports_) {
      const Request* request = exported.request();
      if (request != nullptr && registry_.changed_permits().contains(request->permit)) touched_.insert(id);
    }
  }
  for (const std::string& id : touched_) {
    if (exports_.find(id) == nullptr) continue;
    decide(id, bench);
    recall(id, bench);
    judge(id, bench);
  }
  touched_.clear();
}

void ExportCheck::judge(const std::string& id, Bench& bench) {
  const Export& exported = *exports_.find(id);
  Judge judge(registry_, lineage_, id, exported);
  judge.run();
  const auto gone = [&](const Finding& finding) {
    Resolution out{How::late_evidence, {exported.last}};
    if (finding.rule == "EXP-10") {
      const bool in_time = exported.decision && finding.due && exported.decision->by.own <= *finding.due;
      out.how = in_time ? How::late_evidence : How::done;
      if (exported.decision) out.causes = {exported.decision->by.place};
    }
    return out;
  };
  bench.findings.judge(this->id(), "export " + id, std::move(judge.grounds), gone, bench.verdicts);
  for (const Timestamp wake : judge.wakes) agenda_.add(wake, id);
}

}  // namespace jangbu::consumers
