#include "tools/demo_life.h"

#include <array>

namespace jangbu::tools {
namespace {

// What a person, or a program on its behalf, is called in events.
Json actor(const std::string& id, std::string_view role) { return Json{{"id", id}, {"role", role}}; }

Json code(std::string_view name) {
  // A program's digest is a function of its name here, so that every site states the same one.
  DemoRandom random(part_seed(0, name, 0));
  return Json{{"name", name}, {"digest", random.digest()}};
}

}  // namespace

std::string year_time(YearSecond second) {
  // The year is told in Seoul's time, as its systems would: +09:00, no daylight saving.
  const Timestamp start = from_civil(2026, 1, 1, 9 * 3600);
  const CivilTime c = civil(start.plus_seconds(second), 9 * 3600);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d+09:00", c.year, c.month, c.day, c.hour,
                c.minute, c.second);
  return text.data();
}

LedgerId shared_ledger(std::string_view institution) { return LedgerId::of(institution, LedgerKind::shared); }
LedgerId patients_ledger(std::string_view hospital) { return LedgerId::of(hospital, LedgerKind::patients); }
std::string local_id(std::string_view institution, std::string_view local) {
  return std::string(institution).append("/").append(local);
}

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

DemoOutput DemoLife::update() {
  DemoOutput output;
  output.kind = "update";
  output.format = "json";
  output.bytes = 6'400;
  return output;
}

void DemoLife::emit(YearSecond at, LedgerId ledger, std::string_view type, std::string_view system, Json data,
                    std::optional<KeyUse> signer, std::string label) {
  std::string source = "/" + std::string(ledger.institution()) + "/" + std::string(system);
  script_.add(PlannedEvent{at, std::move(ledger), std::string(type), std::move(source), std::move(data), signer,
                           std::move(label)});
}

std::string DemoLife::person(std::string_view institution) { return local_id(institution, "u:" + random_.base32(26)); }

Json DemoLife::location(std::string_view institution) {
  return Json{{"environment", local_id(institution, "cloud")}, {"token", "t-" + random_.hex(12)}};
}

void DemoLife::set_up() {
  for (int i = 0; i < 3; ++i) checkers_.push_back(person(kPlatform));
  const auto environment = [&](std::string_view institution) {
    emit(2 * kMinute, shared_ledger(institution), "environment.registered", "registry",
         Json{{"environment", local_id(institution, "cloud")},
              {"owner", institution},
              {"csap", Json{{"number", "CSAP-2025-" + std::string(institution)},
                            {"grade", "saas-standard"},
                            {"until", year_time(700 * kDay)}}},
              {"country", "KR"}},
         KeyUse::coordinator);
  };
  for (const std::string_view hospital : kHospitals) {
    site_checkers_.emplace(hospital, person(hospital));
    environment(hospital);
  }
  environment(kPlatform);
}

DemoProject DemoLife::project(std::string_view demand, std::string_view local, std::vector<std::string> sites,
                              YearSecond start) {
  DemoProject made;
  made.demand = demand;
  made.project = local_id(kCoordinator, "project-" + std::string(local));
  made.permit = local_id(kCoordinator, "permit-" + std::string(local));
  made.people = {person(demand), person(demand)};
  made.sites = std::move(sites);
  made.start = start;

  const LedgerId ledger = shared_ledger(kCoordinator);
  const auto office = [&](YearSecond at, std::string_view type, Json data) {
    emit(at, ledger, type, "office", std::move(data), KeyUse::coordinator);
  };
  const std::string applicant_type = demand == "medistat" ? "public-body" : "company";
  const std::string until = year_time(start + 330 * kDay);
  office(start, "project.registered",
         Json{{"project", made.project},
              {"title", "Study " + std::string(local)},
              {"applicant", demand},
              {"applicant_type", applicant_type},
              {"people", made.people},
              {"purposes", {"HRESCH"}},
              {"basis", "KR-28-2-RESEARCH"},
              {"sites", made.sites},
              {"from", year_time(start)},
              {"until", until}});
  office(start + 1 * kHour, "permit.applied",
         Json{{"permit", made.permit},
              {"project", made.project},
              {"kind", "permit"},
              {"applicant_type", applicant_type},
              {"at", year_time(start + 1 * kHour)}});
  office(start + 1 * kDay, "permit.completed",
         Json{{"permit", made.permit},
              {"project", made.project},
              {"kind", "permit"},
              {"applicant_type", applicant_type},
              {"at", year_time(start + 1 * kDay)}});
  const std::string review = local_id(kCoordinator, "review-" + std::string(local));
  office(start + 3 * kDay, "review.decided",
         Json{{"review", review},
              {"project", made.project},
              {"body", "joint-drb"},
              {"sites", made.sites},
              {"submitted", year_time(start + 1 * kDay)},
              {"decision", "approved"},
              {"from", year_time(start + 3 * kDay)}});
  Json grants = Json::array();
  for (const std::string& site : made.sites) {
    grants.push_back(
        Json{{"site", site}, {"categories", {"ehds-51-a"}}, {"records_max", 1'000'000}, {"ttl_days_max", 180}});
  }
  office(start + 5 * kDay, "permit.issued",
         Json{{"permit", made.permit},
              {"project", made.project},
              {"purposes", {"HRESCH"}},
              {"basis", "KR-28-2-RESEARCH"},
              {"grants", grants},
              {"people", made.people},
              {"outputs", {"model", "statistics", "table"}},
              {"destinations", {demand}},
              {"reviews", {review}},
              {"consent_required", false},
              {"from", year_time(start + 5 * kDay)},
              {"until", until}});
  return made;
}

DemoDataset DemoLife::dataset(const DemoProject& project, std::string_view site, std::string_view local, YearSecond at,
                              int ttl_days) {
  DemoDataset made;
  made.site = site;
  made.id = local_id(site, "ds-" + std::string(local));
  made.manifest = random_.digest();
  made.records = random_.between(2'000, 90'000);
  made.expires = at + ttl_days * kDay;
  made.copies = {DemoCopy{made.id, location(site)}};
  const std::string operator_id = person(site);
  emit(at, shared_ledger(site), "dataset.pseudonymized", "agent",
       Json{{"dataset", made.id},
            {"from", local_id(site, "warehouse")},
            {"project", project.project},
            {"permit", project.permit},
            {"basis", "KR-28-2-RESEARCH"},
            {"purpose", "HRESCH"},
            {"method", Json{{"techniques", {"keyed-hash", "generalization"}},
                            {"tool", "jangbu-agent"},
                            {"digest", code("pseudonymize")["digest"]}}},
            {"records", made.records},
            {"patients_count", made.records / 7 + 100},
            {"k", 5},
            {"manifest", made.manifest},
            {"location", made.copies[0].location},
            {"expires", year_time(made.expires)}});
  emit(at + kDay, shared_ledger(site), "dataset.reviewed", "board",
       Json{{"dataset", made.id}, {"round", 1}, {"adequate", true}, {"by", actor(operator_id, "reviewer")}});
  return made;
}

void DemoLife::copy(DemoDataset& dataset, YearSecond at) {
  const std::string id = dataset.id + "-copy" + std::to_string(dataset.copies.size());
  dataset.copies.push_back(DemoCopy{id, location(dataset.site)});
  emit(at, shared_ledger(dataset.site), "dataset.copied", "agent",
       Json{{"dataset", dataset.id},
            {"copy", id},
            {"location", dataset.copies.back().location},
            {"manifest", dataset.manifest},
            {"reason", "analysis"},
            {"expires", year_time(dataset.expires)}});
}

void DemoLife::access(const DemoProject& project, const DemoDataset& dataset, YearSecond at) {
  emit(at, shared_ledger(dataset.site), "dataset.accessed", "workbench",
       Json{{"actor", actor(project.people[random_.below(project.people.size())], "researcher")},
            {"action", "read"},
            {"outcome", 0},
            {"dataset", dataset.id},
            {"manifest", dataset.manifest},
            {"object", "dataset"},
            {"project", project.project},
            {"permit", project.permit},
            {"purpose", "HRESCH"},
            {"system", "workbench"}});
}

void DemoLife::purge(const DemoDataset& dataset, YearSecond at, const std::vector<DemoCopy>& copies,
                     std::string manifest) {
  if (manifest.empty()) manifest = dataset.manifest;
  Json purged = Json::array();
  for (const DemoCopy& copy : copies) {
    purged.push_back(Json{{"copy", copy.id},
                          {"location", copy.location},
                          {"method", "crypto-erase"},
                          {"manifest", manifest},
                          {"records", dataset.records}});
  }
  emit(
      at, shared_ledger(dataset.site), "dataset.purged", "agent",
      Json{{"dataset", dataset.id},
           {"copies", purged},
           {"manifest", manifest},
           {"records", dataset.records},
           {"by", actor(local_id(dataset.site, "u:" + DemoRandom(part_seed(1, dataset.site, 0)).base32(26)), "system")},
           {"at", year_time(at)},
           {"evidence", random_.digest()}},
      KeyUse::agent);
}

void DemoLife::probe(const DemoDataset& dataset, const Json& location, YearSecond at, std::string_view result) {
  emit(
      at, shared_ledger(dataset.site), "dataset.probed", "probe",
      Json{{"dataset", dataset.id},
           {"location", location},
           {"kind", "file"},
           {"result", result},
           {"by", actor(local_id(dataset.site, "u:" + DemoRandom(part_seed(2, dataset.site, 0)).base32(26)), "system")},
           {"at", year_time(at)},
           {"evidence", random_.digest()}},
      KeyUse::prober);
}

void DemoLife::end(const DemoDataset& dataset, YearSecond at) {
  purge(dataset, at, dataset.copies);
  YearSecond later = at + 3 * kHour;
  for (const DemoCopy& copy : dataset.copies) probe(dataset, copy.location, later += 5 * kMinute);
}

void DemoLife::hold(const DemoDataset& dataset, YearSecond from, YearSecond until) {
  const Json label{{"dataset", dataset.id}, {"hold", "audit-2026"}, {"authority", "data-review-board"}};
  emit(from, shared_ledger(dataset.site), "dataset.held", "board", label);
  emit(until, shared_ledger(dataset.site), "dataset.released", "board", label);
}

void DemoLife::identified(const DemoDataset& dataset, YearSecond at) {
  emit(at, shared_ledger(dataset.site), "dataset.identified", "board",
       Json{{"dataset", dataset.id},
            {"incident", local_id(dataset.site, "incident-" + random_.hex(8))},
            {"at", year_time(at)}});
}

DemoDataset DemoLife::combine(const DemoProject& project, std::string_view local, const std::vector<DemoDataset>& from,
                              YearSecond at) {
  DemoDataset made;
  made.site = std::string(kPlatform);
  made.id = local_id(kPlatform, "ds-" + std::string(local));
  made.manifest = random_.digest();
  made.expires = at + 60 * kDay;
  made.copies = {DemoCopy{made.id, location(kPlatform)}};
  Json sources = Json::array();
  for (const DemoDataset& one : from) {
    sources.push_back(one.id);
    made.records += one.records;
  }
  emit(at, shared_ledger(kPlatform), "dataset.combined", "combiner",
       Json{{"dataset", made.id},
            {"from", sources},
            {"project", project.project},
            {"permit", project.permit},
            {"records", made.records},
            {"manifest", made.manifest},
            {"location", made.copies[0].location},
            {"expires", year_time(made.expires)}});
  return made;
}

DemoOutput DemoLife::analysis(const DemoProject& project, const DemoDataset& dataset, std::string_view local,
                              YearSecond at, DemoOutput wanted) {
  // An analysis over combined data runs at the first of the project's sites.
  const std::string site = dataset.site == kPlatform ? project.sites.front() : dataset.site;
  const std::string name(local);
  const std::string computation = local_id(project.demand, "comp-" + name);
  const Json program = code(wanted.kind == "update" ? "federated-logistic-regression" : "histogram");
  wanted.id = local_id(site, "out-" + name);
  wanted.analysis = local_id(site, "an-" + name);
  wanted.digest = random_.digest();
  wanted.sites = {site};
  const std::string until = year_time(at + 2 * kDay);
  emit(at, shared_ledger(project.demand), "computation.requested", "portal",
       Json{{"computation", computation},
            {"project", project.project},
            {"permit", project.permit},
            {"actor", actor(project.people[0], "researcher")},
            {"purpose", "HRESCH"},
            {"code", program},
            {"inputs", {Json{{"site", site}, {"dataset", dataset.id}}}},
            {"outputs", {wanted.kind}},
            {"until", until}},
       std::nullopt, "requested " + name);
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
  for (const DemoOutput& one : updates) {
    inputs.push_back(Json{{"analysis", one.analysis}, {"output", one.id}, {"digest", one.digest}});
    model.sites.insert(model.sites.end(), one.sites.begin(), one.sites.end());
  }
  emit(at, shared_ledger(kPlatform), "computation.combined", "aggregator",
       Json{{"computation", local_id(project.demand, "comp-" + std::string(local))},
            {"round", 1},
            {"code", code("federated-averaging")},
            {"inputs", inputs},
            {"outputs", {model.described()}},
            {"at", year_time(at)}});
  return model;
}

DemoExport DemoLife::request(const DemoProject& project, std::string_view local, const DemoOutput& output,
                             YearSecond at, std::string destination, bool model_tests) {
  DemoExport made;
  made.id = local_id(project.demand, "ex-" + std::string(local));
  made.destination = destination.empty() ? project.demand : std::move(destination);
  made.output = output;
  made.requested = at;
  emit(at, shared_ledger(project.demand), "export.requested", "portal",
       Json{{"export", made.id},
            {"project", project.project},
            {"permit", project.permit},
            {"actor", actor(project.people[0], "researcher")},
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
            {"by", actor(person, "checker")},
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
            {"by", actor(checkers_[2], "operator")},
            {"at", year_time(at)}});
}

}  // namespace jangbu::tools
