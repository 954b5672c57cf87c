#include "tools/demo_life.h"

#include <array>

namespace jangbu::tools {
// What a person, or a program on its behalf, is called in events.
Json demo_actor(const std::string& id, std::string_view role) { return Json{{"id", id}, {"role", role}}; }

Json demo_program(std::string_view name) {
  DemoRandom random(part_seed(0, name, 0));
  return Json{{"name", name}, {"digest", random.digest()}};
}

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
                            {"digest", demo_program("pseudonymize")["digest"]}}},
            {"records", made.records},
            {"patients_count", made.records / 7 + 100},
            {"k", 5},
            {"manifest", made.manifest},
            {"location", made.copies[0].location},
            {"expires", year_time(made.expires)}});
  emit(at + kDay, shared_ledger(site), "dataset.reviewed", "board",
       Json{{"dataset", made.id}, {"round", 1}, {"adequate", true}, {"by", demo_actor(operator_id, "reviewer")}});
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
       Json{{"actor", demo_actor(project.people[random_.below(project.people.size())], "researcher")},
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
  emit(at, shared_ledger(dataset.site), "dataset.purged", "agent",
       Json{{"dataset", dataset.id},
            {"copies", purged},
            {"manifest", manifest},
            {"records", dataset.records},
            {"by",
             demo_actor(local_id(dataset.site, "u:" + DemoRandom(part_seed(1, dataset.site, 0)).base32(26)), "system")},
            {"at", year_time(at)},
            {"evidence", random_.digest()}},
       KeyUse::agent);
}

void DemoLife::probe(const DemoDataset& dataset, const Json& location, YearSecond at, std::string_view result) {
  emit(at, shared_ledger(dataset.site), "dataset.probed", "probe",
       Json{{"dataset", dataset.id},
            {"location", location},
            {"kind", "file"},
            {"result", result},
            {"by", prober_of(dataset.site)},
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

}  // namespace jangbu::tools
