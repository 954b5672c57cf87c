// What the export check takes in. How it decides: export_decide.cc; what it finds wrong: export_judge.cc.
#include "consumers/checks/export.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {

using exports::Answer;
using exports::Checked;
using exports::Clearance;
using exports::Departure;
using exports::Export;
using exports::Output;
using exports::Request;

namespace {

bool is_at(const TimelineFact& fact, const EntryPlace& place) {
  return fact.place.ledger == place.ledger && fact.place.sequence == place.sequence;
}

std::vector<Output> outputs(simdjson::dom::object data) {
  std::vector<Output> out;
  const auto items = list(data, "outputs");
  if (!items) return out;
  for (simdjson::dom::element item : *items) {
    simdjson::dom::object output;
    if (item.get(output) != simdjson::SUCCESS) continue;
    out.push_back({std::string(text(output, "output")), std::string(text(output, "kind")),
                   std::string(text(output, "format")), std::string(text(output, "digest")),
                   integer(output, "bytes").value_or(0), integer(output, "smallest_cell"), integer(output, "rows")});
  }
  return out;
}

std::map<std::string, std::string> digests(simdjson::dom::object data) {
  std::map<std::string, std::string> out;
  for (Output& output : outputs(data)) out.emplace(std::move(output.id), std::move(output.digest));
  return out;
}

std::string actor(simdjson::dom::object data, std::string_view member) {
  const auto found = object(data, member);
  return found ? std::string(text(*found, "id")) : std::string();
}

}  // namespace

std::vector<AnyTable*> ExportCheck::tables() {
  std::vector<AnyTable*> out = lineage_.tables();
  out.push_back(&exports_);
  out.push_back(&agenda_);
  return out;
}

void ExportCheck::loaded() {
  by_output_.clear();
  for (const auto& [id, exported] : exports_) {
    for (const Request& request : exported.requests) {
      for (const Output& output : request.outputs) by_output_[output.id].insert(id);
    }
  }
}

Export& ExportCheck::change(std::string_view id, const TimelineFact& fact) {
  touched_.emplace(id);
  Export& out = exports_.edit(id);
  out.last = fact.place;
  return out;
}

void ExportCheck::touch_output(std::string_view output) {
  const auto named = by_output_.find(output);
  if (named != by_output_.end()) touched_.insert(named->second.begin(), named->second.end());
}

void ExportCheck::take(const TimelineEntry& entry, const TimelineFact& fact) {
  const std::string_view type = entry.event->type->name;
  if (type.starts_with("export.")) {
    take_export(entry, fact, type.substr(7));
  } else if (type == "data.exported") {
    take_departure(entry, fact);
  } else {
    for (const std::string& output : lineage_.take(entry, fact)) touch_output(output);
  }
}

void ExportCheck::take_export(const TimelineEntry& entry, const TimelineFact& fact, std::string_view what) {
  const simdjson::dom::object data = entry.event->data;
  const std::string id(text(data, "export"));
  if (what == "refused") return;  // an output of this check; only clearances and recalls act on others
  // An id belongs to the institution that introduces it: nobody else's request takes its place.
  if (what == "requested" && institution_of(id) != entry.ledger->institution()) return;
  Export& exported = change(id, fact);
  if (what == "requested") {
    if (exported.decision) return;  // final for that id
    Request request;
    request.fact = fact;
    request.project = text(data, "project");
    request.permit = text(data, "permit");
    request.actor = actor(data, "actor");
    request.destination = text(data, "destination");
    request.country = text(data, "country");
    request.justification = text(data, "justification");
    request.outputs = outputs(data);
    for (const Output& output : request.outputs) by_output_[output.id].insert(id);
    exported.requests.push_back(std::move(request));
  } else if (what == "scanned") {
    const auto results = list(data, "results");
    if (!results) return;
    for (simdjson::dom::element item : *results) {
      simdjson::dom::object result;
      if (item.get(result) != simdjson::SUCCESS) continue;
      exported.scans.push_back({fact, std::string(text(result, "output")), std::string(text(result, "test")),
                                integer(result, "value"), boolean(result, "passed").value_or(false)});
    }
  } else if (what == "checked") {
    Checked checked;
    checked.fact = fact;
    checked.by = actor(data, "by");
    checked.institution = entry.ledger->institution();
    const std::string_view decision = text(data, "decision");
    checked.answer = decision == "accept" ? Answer::accept : (decision == "reject" ? Answer::reject : Answer::changes);
    checked.outputs = digests(data);
    if (const auto waivers = list(data, "waivers")) {
      for (simdjson::dom::element item : *waivers) {
        simdjson::dom::object waiver;
        if (item.get(waiver) != simdjson::SUCCESS) continue;
        checked.waivers[std::string(text(waiver, "output"))].emplace(text(waiver, "test"));
      }
    }
    exported.checks.push_back(std::move(checked));
  } else if (what == "cleared") {
    Clearance clearance;
    clearance.fact = fact;
    clearance.institution = entry.ledger->institution();
    clearance.automatic = text(data, "mode") == "automatic";
    clearance.outputs = digests(data);
    clearance.until = jangbu::time(data, "until").value_or(fact.own);
    exported.clearances.push_back(std::move(clearance));
  } else if (what == "revoked") {
    exported.revoked.push_back({fact, std::string(entry.ledger->institution()), entry.author_use == KeyUse::system});
  }
}

void ExportCheck::take_departure(const TimelineEntry& entry, const TimelineFact& fact) {
  const simdjson::dom::object data = entry.event->data;
  Departure departure;
  departure.fact = fact;
  departure.institution = entry.ledger->institution();
  departure.destination = text(data, "destination");
  departure.country = text(data, "country");
  departure.ground = text(data, "ground");
  departure.outputs = outputs(data);
  change(text(data, "export"), fact).departures.push_back(std::move(departure));
}

void ExportCheck::annul(const EntryPlace& of, const TimelineFact& by) {
  for (const std::string& output : lineage_.annul(of)) touch_output(output);
  const auto is_it = [&](const auto& item) { return is_at(item.fact, of); };
  const auto any = [&](const auto& items) { return std::any_of(items.begin(), items.end(), is_it); };
  std::vector<std::string> concerned;
  for (const auto& [id, exported] : exports_) {
    if (any(exported.requests) || any(exported.scans) || any(exported.checks) || any(exported.departures) ||
        any(exported.revoked)) {
      concerned.push_back(id);
    }
  }
  for (const std::string& id : concerned) {
    Export& exported = change(id, by);
    std::erase_if(exported.requests, is_it);
    std::erase_if(exported.scans, is_it);
    std::erase_if(exported.checks, is_it);
    std::erase_if(exported.departures, is_it);
    std::erase_if(exported.revoked, is_it);
  }
}

}  // namespace jangbu::consumers
