// to_json() of life lines: members in the order of their structs.
#include <nlohmann/json.hpp>

#include "consumers/projections/life_line.h"

namespace jangbu::consumers {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const LifeStep& step) {
  Json json;
  json["type"] = step.type;
  json["time"] = to_string(step.time);
  json["entry"] = {{"ledger", step.ledger.text()}, {"sequence", step.sequence.value()}};
  Json& members = json["members"] = Json::object();
  for (const auto& [name, value] : step.members) members[name] = value;
  return json;
}

Json json_of(const std::vector<LifeStep>& steps) {
  Json json = Json::array();
  for (const LifeStep& step : steps) json.push_back(json_of(step));
  return json;
}

}  // namespace

std::string to_json(const DatasetLine& line) {
  Json json;
  json["dataset"] = line.dataset;
  json["state"] = name(line.state);
  json["held"] = line.held;
  json["open_findings"] = line.open_findings;
  json["copies"] = Json::array();
  for (const DatasetLine::Copy& copy : line.copies) {
    Json& row = json["copies"].emplace_back();
    row["copy"] = copy.copy;
    row["expires"] = copy.expires.empty() ? Json() : Json(copy.expires);
    row["purged"] = copy.purged;
  }
  json["announced"] = json_of(line.announced);
  json["derived"] = json_of(line.derived);
  json["copied"] = json_of(line.copied);
  json["reviews"] = json_of(line.reviews);
  json["extensions"] = json_of(line.extensions);
  json["holds"] = json_of(line.holds);
  json["consents"] = json_of(line.consents);
  json["incidents"] = json_of(line.incidents);
  json["analyses"] = json_of(line.analyses);
  json["purges"] = json_of(line.purges);
  json["probes"] = json_of(line.probes);
  json["verified"] = json_of(line.verified);
  json["findings"] = json_of(line.findings);
  json["permits"] = json_of(line.permits);
  json["accesses"] = {{"count", line.accesses}, {"last", json_of(line.last_accesses)}};
  json["truncated"] = line.truncated;
  return json.dump();
}

std::string to_json(const ExportLine& line) {
  Json json;
  json["export"] = line.export_id;
  json["state"] = name(line.state);
  json["open_findings"] = line.open_findings;
  json["requested"] = json_of(line.requested);
  json["scans"] = json_of(line.scans);
  json["checks"] = json_of(line.checks);
  json["decisions"] = json_of(line.decisions);
  json["departures"] = json_of(line.departures);
  json["findings"] = json_of(line.findings);
  json["lineage"] = Json::array();
  for (const Origin& origin : line.lineage) {
    Json& row = json["lineage"].emplace_back();
    row["output"] = origin.output;
    row["made"] = json_of(origin.made);
    row["triggered"] = json_of(origin.triggered);
    row["datasets"] = origin.datasets;
    row["inputs"] = origin.inputs;
  }
  json["truncated"] = line.truncated;
  return json.dump();
}

}  // namespace jangbu::consumers
