// The part of DemoLife from an analysis to an output's departure.
#include "tools/demo_life.h"

namespace jangbu::tools {

Json DemoOutput::described() const {
  Json json{{"output", id}, {"kind", kind}, {"format", format}, {"digest", digest}, {"bytes", bytes}};
  if (smallest_cell > 0) json["smallest_cell"] = smallest_cell;
  if (rows > 0) json["rows"] = rows;
  return json;
}

DemoOutput DemoLife::statistics() {
  DemoOutput output;
  output.kind = "statistics";
  output.format = "csv";
  output.bytes = 18'000;
  output.smallest_cell = 24;
  output.rows = 120;
  return output;
}

DemoOutput DemoLife::update(std::string_view parent) {
  DemoOutput output;
  output.parent = parent;
  output.kind = "update";
  output.format = "json";
  output.bytes = 6'400;
  return output;
}

DemoOutput DemoLife::analysis(const DemoProject& project, const DemoDataset& dataset, std::string_view local,
                              YearSecond at, DemoOutput wanted) {
  // An analysis over combined data runs at the first of the project's sites.
  const std::string site = dataset.site == kPlatform ? project.sites.front() : dataset.site;
  const std::string name(local);
  const std::string computation = local_id(project.demand, "comp-" + name);
  const Json program = demo_program(wanted.kind == "update" ? "federated-logistic-regression" : "histogram");
  wanted.id = local_id(site, "out-" + name);
  wanted.analysis = local_id(site, "an-" + name);
  wanted.digest = random_.digest();
  wanted.sites = {site};
  wanted.dataset = dataset.id;
  const std::string until = year_time(at + 2 * kDay);
  Json requested{{"computation", computation},
                 {"project", project.project},
                 {"permit", project.permit},
                 {"actor", demo_actor(project.people[0], "researcher")},
                 {"purpose", "HRESCH"},
                 {"code", program},
                 {"inputs", Json::array({Json{{"site", site}, {"dataset", dataset.id}}})},
                 {"outputs", Json::array({wanted.kind})}};
  if (!wanted.parent.empty()) {
    requested["round"] = 1;
    requested["of_computation"] = local_id(project.demand, "comp-" + wanted.parent);
  }
  requested["until"] = until;
  emit(at, shared_ledger(project.demand), "computation.requested", "portal", std::move(requested), std::nullopt,
       "requested " + name);
  emit(at + 2 * kHour, shared_ledger(site), "analysis.triggered", "trigger",
       Json{{"analysis", wanted.analysis},
            {"computation", computation},
            {"site", site},
            {"dataset", dataset.id},
            {"code", program},
            {"outputs", {wanted.kind}},
            {"until", until},
            {"causes", {place_of("requested " + name)}}},
       KeyUse::system, "triggered " + name);
  const Json trigger = place_of("triggered " + name);
  emit(at + 4 * kHour, shared_ledger(site), "analysis.started", "agent",
       Json{{"analysis", wanted.analysis},
            {"trigger", trigger},
            {"dataset", dataset.id},
            {"manifest", dataset.manifest},
            {"code", program},
            {"environment", local_id(site, "cloud")},
            {"at", year_time(at + 4 * kHour)}},
       KeyUse::agent);
  // Half of the analyses make a table on the way, gone within hours.
  DemoDataset temporary;
  Json made_on_the_way = Json::array();
  if (random_.chance(50)) {
    temporary.site = site;
    temporary.id = local_id(site, "tmp-" + name);
    temporary.manifest = random_.digest();
    temporary.records = dataset.records / 2;
    temporary.copies = {DemoCopy{temporary.id, location(site)}};
    made_on_the_way.push_back(Json{{"dataset", temporary.id},
                                   {"location", temporary.copies[0].location},
                                   {"manifest", temporary.manifest},
                                   {"records", temporary.records},
                                   {"expires", year_time(at + 20 * kHour)}});
  }
  emit(at + 8 * kHour, shared_ledger(site), "analysis.completed", "agent",
       Json{{"analysis", wanted.analysis},
            {"trigger", trigger},
            {"outputs", {wanted.described()}},
            {"temporary", made_on_the_way},
            {"exit", 0},
            {"at", year_time(at + 8 * kHour)}},
       KeyUse::agent);
  if (!temporary.id.empty()) end(temporary, at + 11 * kHour);
  return wanted;
}

DemoOutput DemoLife::aggregate(const DemoProject& project, std::string_view local,
                               const std::vector<DemoOutput>& updates, YearSecond at) {
  DemoOutput model;
  model.kind = "model";
  model.format = "json";
  model.id = local_id(kPlatform, "model-" + std::string(local));
  model.digest = random_.digest();
  model.bytes = 9'200;
  Json inputs = Json::array();
  Json asked = Json::array();
  for (const DemoOutput& one : updates) {
    inputs.push_back(Json{{"analysis", one.analysis}, {"output", one.id}, {"digest", one.digest}});
    asked.push_back(Json{{"site", one.sites.front()}, {"dataset", one.dataset}});
    model.sites.insert(model.sites.end(), one.sites.begin(), one.sites.end());
  }
  const std::string computation = local_id(project.demand, "comp-" + std::string(local));
  // The computation as a whole is asked for an hour before its first round.
  emit(at - kDay - kHour, shared_ledger(project.demand), "computation.requested", "portal",
       Json{{"computation", computation},
            {"project", project.project},
            {"permit", project.permit},
            {"actor", demo_actor(project.people[0], "researcher")},
            {"purpose", "HRESCH"},
            {"code", demo_program("federated-averaging")},
            {"inputs", asked},
            {"outputs", Json::array({"model"})},
            {"until", year_time(at + 7 * kDay)}});
  emit(at, shared_ledger(kPlatform), "computation.combined", "aggregator",
       Json{{"computation", computation},
            {"round", 1},
            {"code", demo_program("federated-averaging")},
            {"inputs", inputs},
            {"outputs", {model.described()}},
            {"at", year_time(at)}});
  return model;
}

DemoExport DemoLife::request(const DemoProject& project, std::string_view local, const DemoOutput& output,
                             YearSecond at, std::string_view destination, bool model_tests) {
  DemoExport made;
  made.id = local_id(project.demand, "ex-" + std::string(local));
  made.destination = destination.empty() ? project.demand : std::string(destination);
  made.output = output;
  made.requested = at;
  emit(at, shared_ledger(project.demand), "export.requested", "portal",
       Json{{"export", made.id},
            {"project", project.project},
            {"permit", project.permit},
            {"actor", demo_actor(project.people[0], "researcher")},
            {"outputs", {output.described()}},
            {"destination", made.destination},
            {"country", "KR"}});
  Json results = Json::array();
  const auto result = [&](std::string_view test, int value) {
    results.push_back(Json{{"output", output.id}, {"test", test}, {"value", value}, {"passed", true}});
  };
  result("malware", 0);
  if (output.kind == "model" && model_tests) {
    result("membership", 5'120);
    result("memorised", 0);
  }
  if (output.kind == "statistics") {
    result("dominance", 3'100);
    result("p-ratio", 4'200);
  }
  emit(at + 3 * kHour, shared_ledger(kPlatform), "export.scanned", "scanner",
       Json{{"export", made.id}, {"results", results}});
  return made;
}

void DemoLife::check(const DemoExport& exported, std::string_view institution, const std::string& person,
                     std::string_view decision, YearSecond at) {
  emit(at, shared_ledger(institution), "export.checked", "checkers",
       Json{{"export", exported.id},
            {"by", demo_actor(person, "checker")},
            {"decision", decision},
            {"outputs", {Json{{"output", exported.output.id}, {"digest", exported.output.digest}}}}});
}

void DemoLife::accept(const DemoExport& exported, YearSecond at, bool sites) {
  const YearSecond hour = at - at % kHour;
  check(exported, kPlatform, checkers_[0], "accept", hour + 10 * kMinute);
  check(exported, kPlatform, checkers_[1], "accept", hour + 25 * kMinute);
  if (!sites) return;
  YearSecond minute = hour + 30 * kMinute;
  for (const std::string& site : exported.output.sites) {
    check(exported, site, site_checkers_.find(site)->second, "accept", minute += kMinute);
  }
}

void DemoLife::depart(const DemoExport& exported, YearSecond at, std::string digest) {
  if (digest.empty()) digest = exported.output.digest;
  emit(at, shared_ledger(kPlatform), "data.exported", "gateway",
       Json{{"export", exported.id},
            {"outputs",
             {Json{{"output", exported.output.id},
                   {"kind", exported.output.kind},
                   {"digest", digest},
                   {"bytes", exported.output.bytes}}}},
            {"destination", exported.destination},
            {"country", "KR"},
            {"by", demo_actor(checkers_[2], "operator")},
            {"at", year_time(at)}});
}

}  // namespace jangbu::tools
