// What the purge check takes in. What it concludes from it: purge_judge.cc.
#include "consumers/checks/purge.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {

using purge::Copy;
using purge::Dataset;
using purge::Hold;
using purge::Location;
using purge::Probe;
using purge::Purge;
using purge::Use;

namespace {

// Uses are kept as far as they can still turn out to be after a purge that shows late.
constexpr std::size_t kUsesKept = 8;
constexpr std::size_t kProbesKept = 64;
constexpr std::size_t kMentionsKept = 8;

Location location(simdjson::dom::object parent) {
  const auto found = object(parent, "location");
  if (!found) return {};
  return {std::string(text(*found, "environment")), std::string(text(*found, "token"))};
}

std::string author(const TimelineEntry& entry) {
  if (!entry.entry->author) return {};
  const AuthorKeyId& key = entry.entry->author->key;
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

bool is_at(const TimelineFact& fact, const EntryPlace& place) {
  return fact.place.ledger == place.ledger && fact.place.sequence == place.sequence;
}

}  // namespace

Dataset& PurgeCheck::change(std::string_view dataset, const TimelineFact& fact) {
  touched_.emplace(dataset);
  Dataset& out = datasets_.edit(dataset);
  out.last = fact.place;
  return out;
}

void PurgeCheck::take(const TimelineEntry& entry, const TimelineFact& fact) {
  const std::string_view type = entry.event->type->name;
  if (type.starts_with("dataset.")) {
    take_dataset(entry, fact, type.substr(8));
  } else if (type.starts_with("analysis.")) {
    take_analysis(entry, fact, type.substr(9));
  } else if (type == "consent.applied") {
    take_applied(entry, fact);
  }
}

void PurgeCheck::take_dataset(const TimelineEntry& entry, const TimelineFact& fact, std::string_view what) {
  const simdjson::dom::object data = entry.event->data;
  const std::string_view id = text(data, "dataset");
  // Anybody can write about another's dataset into his own ledger; what decides over it must come from those whose it
  // is.
  const bool own = institution_of(id) == entry.ledger->institution();
  const bool may_decide = own || *entry.ledger == registry_.coordinator();
  if (what == "accessed") {
    // A refused access uses nothing; a deletion is the purge itself; the mapping is another thing than the data.
    if (integer(data, "outcome") == 0 && text(data, "object") == "dataset" && text(data, "action") != "delete") {
      take_use(id, fact);
    }
  } else if (what == "pseudonymized") {
    announce(entry, fact, id, text(data, "permit"), data);
  } else if (what == "combined") {
    announce(entry, fact, id, text(data, "permit"), data);
    for (const std::string& from : texts(data, "from")) take_use(from, fact);
  } else if (what == "copied") {
    take_copied(entry, fact);
  } else if (what == "extended") {
    if (!own) return;
    Dataset& dataset = change(id, fact);
    const auto expires = jangbu::time(data, "expires");
    for (auto& [name, copy] : dataset.copies) {
      copy.expiries.push_back({fact, expires, ttl_seconds(id, text(data, "permit"), fact)});
    }
    dataset.permit = text(data, "permit");
  } else if (what == "held") {
    if (may_decide) change(id, fact).holds[std::string(text(data, "hold"))].push_back({fact, std::nullopt});
  } else if (what == "released") {
    if (!may_decide) return;
    for (Hold& hold : change(id, fact).holds[std::string(text(data, "hold"))]) {
      if (!hold.released) hold.released = fact;
    }
  } else if (what == "identified") {
    change(id, fact).identified.push_back(fact);
  } else if (what == "purged") {
    take_purged(entry, fact);
  } else if (what == "probed") {
    take_probed(entry, fact);
  }
}

std::int64_t PurgeCheck::ttl_seconds(std::string_view dataset, std::string_view permit,
                                     const TimelineFact& fact) const {
  if (const PermitVersion* version = registry_.permit_standing(permit)) {
    for (const Grant& grant : version->grants) {
      if (grant.site == institution_of(dataset) && grant.ttl_days_max) return *grant.ttl_days_max * 86'400;
    }
  }
  const Policy* policy = registry_.policy(fact.policy);
  return policy == nullptr ? std::int64_t{36'500} * 86'400 : policy->seconds("ttl_days_max");
}

// pseudonymized, combined, or a `temporary` of an analysis: the dataset, and its first copy under its own id.
void PurgeCheck::announce(const TimelineEntry& entry, const TimelineFact& fact, std::string_view id,
                          std::string_view permit, simdjson::dom::object data) {
  if (institution_of(id) != entry.ledger->institution()) return;
  Dataset& dataset = change(id, fact);
  if (!dataset.announced || fact.own < dataset.announced->own) dataset.announced = fact;
  if (dataset.institution.empty()) dataset.institution = entry.ledger->institution();
  if (dataset.permit.empty()) dataset.permit = permit;
  const std::string manifest(text(data, "manifest"));
  const auto records = integer(data, "records");
  dataset.manifests.push_back({fact, manifest, records});
  Copy copy;
  copy.announced = fact;
  copy.institution = entry.ledger->institution();
  copy.location = location(data);
  copy.manifest = manifest;
  copy.records = records;
  copy.expiries.push_back({fact, jangbu::time(data, "expires"), ttl_seconds(id, permit, fact)});
  dataset.copies.emplace(id, std::move(copy));
}

void PurgeCheck::take_copied(const TimelineEntry& entry, const TimelineFact& fact) {
  const simdjson::dom::object data = entry.event->data;
  const std::string_view id = text(data, "dataset");
  Dataset& dataset = change(id, fact);
  if (!dataset.announced && dataset.mentions.size() < kMentionsKept) dataset.mentions.push_back(fact);
  Copy copy;
  copy.announced = fact;
  copy.institution = entry.ledger->institution();
  copy.location = location(data);
  copy.manifest = text(data, "manifest");
  copy.expiries.push_back({fact, jangbu::time(data, "expires"), ttl_seconds(id, dataset.permit, fact)});
  dataset.copies.emplace(text(data, "copy"), std::move(copy));
  take_use(id, fact);
}

void PurgeCheck::take_purged(const TimelineEntry& entry, const TimelineFact& fact) {
  const simdjson::dom::object data = entry.event->data;
  Dataset& dataset = change(text(data, "dataset"), fact);
  if (!dataset.announced && dataset.mentions.size() < kMentionsKept) dataset.mentions.push_back(fact);
  Purge purge;
  purge.fact = fact;
  purge.institution = entry.ledger->institution();
  purge.author = author(entry);
  purge.manifest = text(data, "manifest");
  purge.records = integer(data, "records");
  if (const auto copies = list(data, "copies")) {
    for (simdjson::dom::element item : *copies) {
      simdjson::dom::object copy;
      if (item.get(copy) != simdjson::SUCCESS) continue;
      purge.copies.push_back(
          {std::string(text(copy, "copy")), std::string(text(copy, "manifest")), integer(copy, "records")});
    }
  }
  dataset.purges.push_back(std::move(purge));
}

void PurgeCheck::take_probed(const TimelineEntry& entry, const TimelineFact& fact) {
  const simdjson::dom::object data = entry.event->data;
  const std::string_view result = text(data, "result");
  Dataset& dataset = change(text(data, "dataset"), fact);
  if (!dataset.announced && dataset.mentions.size() < kMentionsKept) dataset.mentions.push_back(fact);
  if (result != "absent" && result != "present") return;
  Probe probe;
  probe.fact = fact;
  probe.institution = entry.ledger->institution();
  probe.author = author(entry);
  probe.location = location(data);
  probe.present = result == "present";
  probe.by_prober = entry.author_use == KeyUse::prober;
  if (dataset.probes.size() >= kProbesKept) {
    const auto oldest_absent =
        std::find_if(dataset.probes.begin(), dataset.probes.end(), [](const Probe& old) { return !old.present; });
    dataset.probes.erase(oldest_absent == dataset.probes.end() ? dataset.probes.end() - 1 : oldest_absent);
  }
  dataset.probes.push_back(std::move(probe));
}

void PurgeCheck::take_applied(const TimelineEntry& entry, const TimelineFact& fact) {
  const Event& event = *entry.event;
  const std::string_view id = text(event.data, "dataset");
  if (institution_of(id) != entry.ledger->institution()) return;
  const Dataset* known = datasets_.find(id);
  Dataset& dataset = change(id, fact);
  std::optional<std::int64_t> records;
  const auto removed = integer(event.data, "removed");
  if (known != nullptr && !known->manifests.empty() && removed) {
    if (const auto& before = known->manifests.back().records) records = *before - *removed;
  }
  dataset.manifests.push_back({fact, std::string(text(event.data, "manifest")), records});
}

void PurgeCheck::take_use(std::string_view id, const TimelineFact& fact) {
  const Dataset* dataset = datasets_.find(id);
  if (dataset != nullptr && (!dataset->purges.empty() || !dataset->identified.empty())) touched_.emplace(id);
  const auto* kept = uses_.find(id);
  if (kept != nullptr) {
    std::size_t loose = 0;
    const Use* earliest = nullptr;
    for (const Use& use : *kept) {
      if (use.pinned) continue;
      ++loose;
      if (earliest == nullptr || use.fact.own < earliest->fact.own) earliest = &use;
    }
    if (loose >= kUsesKept) {
      if (fact.own < earliest->fact.own) return;
      auto& uses = uses_.edit(id);
      uses.erase(uses.begin() + (earliest - kept->data()));
    }
  }
  uses_.edit(id).push_back({fact, false});
}

void PurgeCheck::take_analysis(const TimelineEntry& entry, const TimelineFact& fact, std::string_view what) {
  const simdjson::dom::object data = entry.event->data;
  if (what == "started") {
    take_use(text(data, "dataset"), fact);
    return;
  }
  const auto temporary = list(data, "temporary");
  if (!temporary) return;
  std::string_view permit;
  if (const Trigger* trigger = registry_.trigger(text(data, "analysis"))) {
    if (const RequestedComputation* computation = registry_.computation(trigger->computation))
      permit = computation->permit;
  }
  for (simdjson::dom::element item : *temporary) {
    simdjson::dom::object made;
    if (item.get(made) == simdjson::SUCCESS) announce(entry, fact, text(made, "dataset"), permit, made);
  }
}

void PurgeCheck::annul(const EntryPlace& of, const TimelineFact& by) {
  const auto is_it = [&](const auto& item) { return is_at(item.fact, of); };
  const auto is_fact = [&](const TimelineFact& fact) { return is_at(fact, of); };
  std::vector<std::string> concerned;
  for (const auto& [id, dataset] : datasets_) {
    const bool here = (dataset.announced && is_fact(*dataset.announced)) ||
                      std::any_of(dataset.mentions.begin(), dataset.mentions.end(), is_fact) ||
                      std::any_of(dataset.manifests.begin(), dataset.manifests.end(), is_it) ||
                      std::any_of(dataset.purges.begin(), dataset.purges.end(), is_it) ||
                      std::any_of(dataset.probes.begin(), dataset.probes.end(), is_it) ||
                      std::any_of(dataset.identified.begin(), dataset.identified.end(), is_fact) ||
                      std::any_of(dataset.copies.begin(), dataset.copies.end(),
                                  [&](const auto& item) {
                                    return is_fact(item.second.announced) ||
                                           std::any_of(item.second.expiries.begin(), item.second.expiries.end(), is_it);
                                  }) ||
                      std::any_of(dataset.holds.begin(), dataset.holds.end(), [&](const auto& item) {
                        return std::any_of(item.second.begin(), item.second.end(), [&](const Hold& hold) {
                          return is_fact(hold.fact) || (hold.released && is_fact(*hold.released));
                        });
                      });
    if (here) concerned.push_back(id);
  }
  for (const std::string& id : concerned) {
    Dataset& dataset = change(id, by);
    for (const Purge& purge : dataset.purges) {
      if (!is_it(purge)) continue;
      for (const auto& purged : purge.copies) {
        const auto copy = dataset.copies.find(purged.copy);
        if (copy != dataset.copies.end()) copy->second.reopened = by;
      }
      if (dataset.verified == purge.fact.place) dataset.verified.reset();
    }
    std::erase_if(dataset.mentions, is_fact);
    std::erase_if(dataset.manifests, is_it);
    std::erase_if(dataset.purges, is_it);
    std::erase_if(dataset.probes, is_it);
    std::erase_if(dataset.identified, is_fact);
    std::erase_if(dataset.copies, [&](const auto& item) { return is_fact(item.second.announced); });
    for (auto& [name, holds] : dataset.holds) {
      std::erase_if(holds, is_it);
      for (Hold& hold : holds) {
        if (hold.released && is_fact(*hold.released)) hold.released.reset();
      }
    }
    for (auto& [name, copy] : dataset.copies) std::erase_if(copy.expiries, is_it);
    if (dataset.announced && is_fact(*dataset.announced)) {
      dataset.announced.reset();
      for (const auto& [name, copy] : dataset.copies) {
        if (name == id) dataset.announced = copy.announced;
      }
    }
  }
  std::vector<std::string> used;
  for (const auto& [id, uses] : uses_) {
    if (std::any_of(uses.begin(), uses.end(), is_it)) used.push_back(id);
  }
  for (const std::string& id : used) {
    std::erase_if(uses_.edit(id), is_it);
    touched_.insert(id);
  }
}

}  // namespace jangbu::consumers
