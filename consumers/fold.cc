#include "consumers/fold.h"

#include <algorithm>
#include <utility>

#include "consumers/checks/export.h"
#include "consumers/checks/purge.h"
#include "ledger/hash.h"

namespace jangbu::consumers {

namespace {

constexpr std::string_view kSourcePrefix = "/checks/";

std::string awaited_key(std::string_view ledger, std::string_view event_id) {
  return std::string(ledger) + " " + std::string(event_id);
}

}  // namespace

Fold::Fold(LedgerId coordinator) : registry_(std::move(coordinator)), findings_(registry_) {}
Fold::~Fold() = default;

std::unique_ptr<Fold> Fold::shared(LedgerId coordinator) {
  auto fold = std::make_unique<Fold>(std::move(coordinator));
  fold->add(std::make_unique<PurgeCheck>(fold->registry_));
  fold->add(std::make_unique<ExportCheck>(fold->registry_));
  return fold;
}

void Fold::add(std::unique_ptr<Check> check) { checks_.push_back(std::move(check)); }

Check* Fold::find(std::string_view name) {
  const auto at =
      std::find_if(checks_.begin(), checks_.end(), [&](const auto& check) { return check->id().name == name; });
  return at == checks_.end() ? nullptr : at->get();
}

std::vector<const Check*> Fold::checks() const {
  std::vector<const Check*> out;
  for (const auto& check : checks_) out.push_back(check.get());
  return out;
}

Verdicts Fold::verdicts(std::string_view name) {
  const Check* check = find(name);
  return {conclusions_,
          check != nullptr && (!check->needs_adoption() || registry_.adopted(name) == check->id().version)};
}

Result<void> Fold::take(const TimelineEntry& entry) {
  const TimelineFact fact = registry_.fact(entry);
  if (entry.event == nullptr) return {};
  registry_.take(entry, fact, alarms_);
  const Event& event = *entry.event;
  if (event.source.starts_with(kSourcePrefix)) compare(entry);
  const std::string_view type = event.type->name;
  if (type.starts_with("finding.")) {
    if (type != "finding.raised" && type != "finding.updated" && type != "finding.resolved") findings_.take(event);
  }
  if (type == "entry.annulled") {
    const auto of = place(event.data, "of");
    if (of && of->ledger == fact.place.ledger) {
      for (const auto& check : checks_) check->annul(*of, fact);
    }
    return {};
  }
  if (type == "check.adopted" && *entry.ledger == registry_.coordinator()) {
    const std::string_view name = text(event.data, "name");
    const Check* check = find(name);
    // A check that this timeline does not have is another one's matter.
    if (check != nullptr && registry_.adopted(name) != check->id().version) {
      alarms_.push_back({Code::conclusion_differs, place_key(entry.ledger->text(), entry.sequence.value()),
                         "check " + std::string(name) +
                             " is adopted in a version that this program does not have: it "
                             "concludes nothing here"});
    }
    return {};
  }
  for (const auto& check : checks_) check->take(entry, fact);
  return {};
}

// A ledgered conclusion: is it the one that was computed here?
void Fold::compare(const TimelineEntry& entry) {
  const Event& event = *entry.event;
  const std::string_view name = event.source.substr(kSourcePrefix.size());
  const std::string key = awaited_key(entry.ledger->text(), event.id);
  if (const Awaited* awaited = awaited_.find(key)) {
    if (awaited->digest != sha256(event.bytes)) {
      alarms_.push_back({Code::conclusion_differs, place_key(entry.ledger->text(), entry.sequence.value()),
                         "a " + event.type->name + " with other content than computed here"});
    }
    confirmed_.emplace(entry.ledger->text(), event.id);
    awaited_.erase(key);
    return;
  }
  if (!verdicts(name).adopted) {
    // Another version's, which concludes until ours is adopted: what it has raised need not be raised again.
    if (event.type->name == "finding.raised") findings_.note_told(text(event.data, "finding"));
    return;
  }
  if (find(name) == nullptr) return;
  alarms_.push_back({Code::conclusion_differs, place_key(entry.ledger->text(), entry.sequence.value()),
                     "a " + event.type->name + " that was not computed here"});
}

Result<void> Fold::tick(const Tick& tick) {
  registry_.begin_tick(tick);
  const std::size_t before = conclusions_.size();
  if (registry_.policy_in_force() != 0)
    findings_.end_windows([this](std::string_view check) { return verdicts(check); });
  for (const auto& check : checks_) {
    Bench bench{registry_, findings_, tick, verdicts(check->id().name)};
    check->tick(bench);
  }
  registry_.end_tick();
  for (std::size_t i = before; i < conclusions_.size(); ++i) {
    const Conclusion& conclusion = conclusions_[i];
    if (!registry_.has_ledger(conclusion.ledger.text())) continue;  // of another timeline: not met again in this one
    awaited_.edit(awaited_key(conclusion.ledger.text(), conclusion.id)).digest = sha256(conclusion.bytes);
  }
  return {};
}

std::vector<Conclusion> Fold::take_conclusions() { return std::exchange(conclusions_, {}); }
std::set<std::pair<std::string, std::string>> Fold::take_confirmed() { return std::exchange(confirmed_, {}); }
std::vector<Alarm> Fold::take_alarms() { return std::exchange(alarms_, {}); }

std::vector<AnyTable*> Fold::tables() {
  std::vector<AnyTable*> out = registry_.tables();
  for (AnyTable* table : findings_.tables()) out.push_back(table);
  for (const auto& check : checks_) {
    for (AnyTable* table : check->tables()) out.push_back(table);
  }
  out.push_back(&awaited_);
  return out;
}

Result<void> Fold::loaded() {
  findings_.loaded();
  for (const auto& check : checks_) check->loaded();
  return registry_.loaded();
}

}  // namespace jangbu::consumers
