#include "consumers/registry.h"

#include <algorithm>
#include <utility>

#include "ledger/hash.h"

namespace jangbu::consumers {

namespace {

constexpr std::string_view kClock = "clock";

std::string policy_key(std::size_t index) {
  std::string digits = std::to_string(index);
  return std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

// The slice of `document` in a policy.adopted event, as its emitter sent it: what `digest` covers. The event passed the
// screen, so it is well-formed and has one member of that name on the third level.
std::string_view document_slice(std::string_view bytes) {
  int depth = 0;
  bool in_text = false;
  std::size_t text_from = 0, document_from = 0;
  std::string_view last_text;
  bool awaits = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
        last_text = bytes.substr(text_from, i - text_from);
      }
      continue;
    }
    if (c == '"') {
      in_text = true;
      text_from = i + 1;
    } else if (c == ':') {
      awaits = depth == 2 && last_text == "document" && document_from == 0;
    } else if (c == '{' || c == '[') {
      if (awaits && document_from == 0) document_from = i;
      awaits = false;
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
      if (document_from != 0 && depth == 2) return bytes.substr(document_from, i + 1 - document_from);
    }
  }
  return {};
}

}  // namespace

std::string place_key(std::string_view ledger, std::uint64_t sequence) {
  return std::string(ledger) + '#' + std::to_string(sequence);
}

std::string_view institution_of(std::string_view id) { return id.substr(0, id.find('/')); }

std::set<std::string, std::less<>> texts(simdjson::dom::object object, std::string_view member) {
  std::set<std::string, std::less<>> out;
  if (const auto items = list(object, member)) {
    for (simdjson::dom::element item : *items) {
      std::string_view value;
      if (item.get(value) == simdjson::SUCCESS) out.emplace(value);
    }
  }
  return out;
}

std::optional<EntryPlace> place(simdjson::dom::object parent, std::string_view member) {
  const auto cause = object(parent, member);
  if (!cause) return std::nullopt;
  const auto sequence = integer(*cause, "sequence");
  if (!sequence) return std::nullopt;
  EntryPlace out{std::string(text(*cause, "ledger")), static_cast<std::uint64_t>(*sequence), {}};
  if (const auto leaf = parse_digest(text(*cause, "leaf"))) out.leaf = *leaf;
  return out;
}

Registry::Registry(LedgerId coordinator) : coordinator_(std::move(coordinator)) {}

TimelineFact Registry::fact(const TimelineEntry& entry) {
  TimelineFact out;
  out.place = entry.place();
  out.tick = entry.tick;
  out.policy = policy_in_force();
  out.order = order_++;
  if (entry.event == nullptr) {
    out.own = entry.tick;
    return out;
  }
  const Event& event = *entry.event;
  const auto at = jangbu::time(event.data, "at");
  const Timestamp claimed = at ? *at : event.time;
  // Believed within [the tick before it became visible - late_hours, the tick that made it visible].
  const Policy* in_force = policy(out.policy);
  Timestamp earliest = in_force == nullptr ? claimed : entry.tick_before.plus_seconds(-in_force->seconds("late_hours"));
  if (claimed < earliest) {
    if (const auto* declared = backfills_.find(place_key(entry.ledger->text(), 0) + std::string(event.source))) {
      for (const Backfill& backfill : *declared) {
        if (backfill.from <= claimed && claimed <= backfill.to) earliest = std::min(earliest, backfill.from);
      }
    }
  }
  out.own = std::clamp(claimed, std::min(earliest, entry.tick), entry.tick);
  return out;
}

void Registry::take(const TimelineEntry& entry, const TimelineFact& fact, std::vector<Alarm>& alarms) {
  if (entry.event == nullptr) return;
  const Event& event = *entry.event;
  const std::string_view type = event.type->name;
  const bool by_coordinator = *entry.ledger == coordinator_;
  if (type == "ledger.genesis") {
    ledgers_.edit(entry.ledger->text()) = true;
  } else if (type == "policy.adopted") {
    if (by_coordinator) adopt_policy(entry, alarms);
  } else if (type == "check.adopted") {
    if (by_coordinator) adopted_.edit(text(event.data, "name")) = integer(event.data, "version").value_or(0);
  } else if (type == "entry.annulled") {
    annul(event, fact);
  } else if (type == "source.backfill") {
    const auto from = jangbu::time(event.data, "from"), to = jangbu::time(event.data, "to");
    if (from && to) {
      backfills_.edit(place_key(entry.ledger->text(), 0) + std::string(event.source)).push_back({*from, *to});
    }
  } else if (type.starts_with("permit.") || type.starts_with("project.") || type.starts_with("review.")) {
    take_permit(event, fact);
  } else if (type.starts_with("computation.") || type.starts_with("analysis.")) {
    take_work(event, fact, *entry.ledger);
  } else if (type.starts_with("institution.") || type.starts_with("environment.")) {
    take_institution(event, *entry.ledger);
  }
}

void Registry::adopt_policy(const TimelineEntry& entry, std::vector<Alarm>& alarms) {
  const std::string where = place_key(entry.ledger->text(), entry.sequence.value());
  const std::string_view document = document_slice(entry.event->bytes);
  if (digest_text(sha256(document)) != text(entry.event->data, "digest")) {
    alarms.push_back(
        {Code::bad_policy, where, "the digest is not the document's: the policy before it stays in force"});
    return;
  }
  auto parsed = parse_policy(document);
  if (!parsed) {
    alarms.push_back({Code::bad_policy, where, to_string(parsed.error()) + ": the policy before it stays in force"});
    return;
  }
  parsed->id = text(entry.event->data, "policy");
  PolicyRow& row = policies_.edit(policy_key(parsed_.size()));
  row.id = parsed->id;
  row.document = document;
  parsed_.push_back(std::move(*parsed));
}

void Registry::take_permit(const Event& event, const TimelineFact& fact) {
  const std::string_view type = event.type->name;
  const simdjson::dom::object data = event.data;
  if (type == "permit.issued" || type == "permit.amended") {
    PermitVersion version;
    version.fact = fact;
    version.project = text(data, "project");
    version.people = texts(data, "people");
    version.outputs = texts(data, "outputs");
    version.destinations = texts(data, "destinations");
    version.until = jangbu::time(data, "until").value_or(Timestamp{});
    if (const auto grants = list(data, "grants")) {
      for (simdjson::dom::element item : *grants) {
        simdjson::dom::object grant;
        if (item.get(grant) != simdjson::SUCCESS) continue;
        const auto datasets = texts(grant, "datasets");
        version.grants.push_back({std::string(text(grant, "site")),
                                  std::vector<std::string>(datasets.begin(), datasets.end()),
                                  integer(grant, "ttl_days_max")});
      }
    }
    permits_.edit(text(data, "permit")).versions.push_back(std::move(version));
    changed_permits_.emplace(text(data, "permit"));
  } else if (type == "permit.revoked" || type == "permit.lapsed") {
    permits_.edit(text(data, "permit")).ended.push_back(fact);
    changed_permits_.emplace(text(data, "permit"));
  } else if (type == "project.registered") {
    Project& project = projects_.edit(text(data, "project"));
    project.fact = fact;
    project.people = texts(data, "people");
  } else if (type == "review.decided" && text(data, "body") == "export-committee") {
    const std::string_view decision = text(data, "decision");
    CommitteeDecision out;
    out.fact = fact;
    out.project = text(data, "project");
    out.approved = decision == "approved" || decision == "conditional";
    if (const auto criteria = object(data, "criteria")) {
      out.criteria = boolean(*criteria, "related").value_or(false) &&
                     boolean(*criteria, "not_identifying").value_or(false) &&
                     boolean(*criteria, "safety_plan").value_or(false);
    }
    out.from = jangbu::time(data, "from").value_or(fact.own);
    out.until = jangbu::time(data, "until");
    committee_.edit(text(data, "export")).push_back(std::move(out));
    changed_exports_.emplace(text(data, "export"));
  }
}

void Registry::take_work(const Event& event, const TimelineFact& fact, const LedgerId& ledger) {
  const std::string_view type = event.type->name;
  const simdjson::dom::object data = event.data;
  if (type == "computation.requested") {
    if (computations_.find(text(data, "computation")) != nullptr) return;  // the first one counts
    RequestedComputation& computation = computations_.edit(text(data, "computation"));
    computation.fact = fact;
    computation.project = text(data, "project");
    computation.permit = text(data, "permit");
    computation.is_round = integer(data, "round").has_value();
  } else if (type == "analysis.triggered") {
    Trigger& trigger = triggers_.edit(text(data, "analysis"));
    trigger.fact = fact;
    trigger.computation = text(data, "computation");
    trigger.site = ledger.institution();
    trigger.dataset = text(data, "dataset");
    trigger.recalled.reset();
    changed_analyses_.emplace(text(data, "analysis"));
  } else if (type == "analysis.recalled") {
    if (triggers_.find(text(data, "analysis")) == nullptr) return;
    triggers_.edit(text(data, "analysis")).recalled = fact;
    changed_analyses_.emplace(text(data, "analysis"));
  }
}

void Registry::take_institution(const Event& event, const LedgerId& ledger) {
  const std::string_view type = event.type->name;
  const simdjson::dom::object data = event.data;
  if (type == "environment.registered" || type == "environment.changed") {
    environments_.edit(text(data, "environment")) = text(data, "owner");
    return;
  }
  // In the coordinating body's ledger they say which institution they are about; in its own, it is that one.
  if (ledger.kind() != LedgerKind::shared) return;
  const std::string_view named = text(data, "institution");
  Institution& institution = institutions_.edit(named.empty() ? ledger.institution() : named);
  if (type == "institution.suspended" || type == "institution.reinstated") {
    institution.suspended = type == "institution.suspended";
    return;
  }
  institution.designations.clear();
  if (const auto designations = list(data, "designations")) {
    for (simdjson::dom::element item : *designations) {
      simdjson::dom::object designation;
      if (item.get(designation) != simdjson::SUCCESS) continue;
      institution.designations.emplace(text(designation, "kind"), jangbu::time(designation, "until"));
    }
  }
}

void Registry::annul(const Event& event, const TimelineFact& fact) {
  const auto of = place(event.data, "of");
  if (!of || of->ledger != fact.place.ledger) return;  // only in the same ledger
  annulled_.edit(place_key(of->ledger, of->sequence)) = fact;
  const auto is_it = [&](const TimelineFact& other) {
    return other.place.ledger == of->ledger && other.place.sequence == of->sequence;
  };
  // Annulments are rare, and these tables small: looked for, not indexed.
  std::vector<std::string> keys;
  for (const auto& [id, permit] : permits_) {
    if (std::any_of(permit.versions.begin(), permit.versions.end(), [&](const auto& v) { return is_it(v.fact); }) ||
        std::any_of(permit.ended.begin(), permit.ended.end(), is_it)) {
      keys.push_back(id);
    }
  }
  for (const std::string& id : keys) {
    Permit& permit = permits_.edit(id);
    std::erase_if(permit.versions, [&](const auto& version) { return is_it(version.fact); });
    std::erase_if(permit.ended, is_it);
    changed_permits_.insert(id);
  }
  keys.clear();
  for (const auto& [id, decisions] : committee_) {
    if (std::any_of(decisions.begin(), decisions.end(), [&](const auto& d) { return is_it(d.fact); }))
      keys.push_back(id);
  }
  for (const std::string& id : keys) {
    std::erase_if(committee_.edit(id), [&](const auto& decision) { return is_it(decision.fact); });
    changed_exports_.insert(id);
  }
  for (const auto& [id, computation] : computations_) {
    if (is_it(computation.fact)) {
      computations_.erase(std::string(id));
      break;
    }
  }
  for (const auto& [id, project] : projects_) {
    if (is_it(project.fact)) {
      projects_.erase(std::string(id));
      break;
    }
  }
}

void Registry::begin_tick(const Tick& tick) {
  // A row for each ledger that cannot be read, with the last time at which it could; none for the others.
  for (const std::string& ledger : *tick.unreadable) {
    if (unreadable_.find(ledger) == nullptr) unreadable_.edit(ledger) = now_;
  }
  std::vector<std::string> back;
  for (const auto& [ledger, since] : unreadable_) {
    if (!tick.unreadable->contains(ledger)) back.push_back(ledger);
  }
  for (const std::string& ledger : back) unreadable_.erase(ledger);
  now_ = tick.at;
  Clock& clock = clock_.edit(kClock);
  clock.order = order_;
  clock.now = now_;
}

void Registry::end_tick() {
  changed_permits_.clear();
  changed_analyses_.clear();
  changed_exports_.clear();
}

std::vector<AnyTable*> Registry::tables() {
  return {&clock_,     &policies_,     &adopted_,  &ledgers_,      &unreadable_,   &permits_,   &projects_,
          &committee_, &computations_, &triggers_, &environments_, &institutions_, &backfills_, &annulled_};
}

Result<void> Registry::loaded() {
  if (const Clock* clock = clock_.find(kClock)) {
    order_ = clock->order;
    now_ = clock->now;
  }
  parsed_.clear();
  for (const auto& [key, row] : policies_) {
    auto parsed = parse_policy(row.document);
    if (!parsed) return fail(Code::state_corrupt, "policy " + row.id, parsed.error().what);
    parsed->id = row.id;
    parsed_.push_back(std::move(*parsed));
  }
  return {};
}

const Policy* Registry::policy(PolicyIndex index) const {
  if (parsed_.empty()) return nullptr;
  return &parsed_[index == 0 ? 0 : index - 1];
}

std::int64_t Registry::adopted(std::string_view check) const {
  const std::int64_t* version = adopted_.find(check);
  return version == nullptr ? 0 : *version;
}

Timestamp Registry::last_readable(std::string_view ledger) const {
  const Timestamp* since = unreadable_.find(ledger);
  return since == nullptr ? now_ : *since;
}

bool Registry::has_ledger(std::string_view ledger) const { return ledgers_.find(ledger) != nullptr; }

LedgerId Registry::ledger_about(std::string_view id) const {
  const std::string_view institution = institution_of(id);
  return has_ledger(institution) ? LedgerId::of(institution, LedgerKind::shared) : coordinator_;
}

const Permit* Registry::permit(std::string_view id) const { return permits_.find(id); }

const PermitVersion* Registry::permit_standing(std::string_view id) const {
  const Permit* permit = permits_.find(id);
  return permit == nullptr || !permit->ended.empty() ? nullptr : permit->current();
}

std::optional<PermitEnd> Registry::permit_end(std::string_view id) const {
  const Permit* permit = permits_.find(id);
  if (permit == nullptr) return std::nullopt;
  std::optional<PermitEnd> end;
  if (const PermitVersion* version = permit->current()) end = PermitEnd{version->until, version->fact};
  for (const TimelineFact& ended : permit->ended) {
    if (!end || ended.tick < end->at) end = PermitEnd{ended.tick, ended};
  }
  return end;
}

const Project* Registry::project(std::string_view id) const { return projects_.find(id); }
const std::vector<CommitteeDecision>* Registry::committee(std::string_view id) const { return committee_.find(id); }
const RequestedComputation* Registry::computation(std::string_view id) const { return computations_.find(id); }
const Trigger* Registry::trigger(std::string_view analysis) const { return triggers_.find(analysis); }

std::string Registry::environment_owner(std::string_view environment) const {
  const std::string* owner = environments_.find(environment);
  return owner == nullptr ? std::string(institution_of(environment)) : *owner;
}

bool Registry::designated(std::string_view institution, std::string_view kind, Timestamp at) const {
  const Institution* known = institutions_.find(institution);
  if (known == nullptr || known->suspended) return false;
  const auto designation = known->designations.find(kind);
  return designation != known->designations.end() && (!designation->second || at <= *designation->second);
}

const TimelineFact* Registry::annulled(const EntryPlace& place) const {
  return annulled_.find(place_key(place.ledger, place.sequence));
}

}  // namespace jangbu::consumers
