#include "tools/demo_year.h"

#include <algorithm>
#include <map>

#include "schemas/invariant.h"
#include "tools/demo_life.h"
#include "tools/demo_records.h"

namespace jangbu::tools {
namespace {

struct KnownPlace {
  std::string ledger;
  std::uint64_t sequence;
  std::string leaf;
};

// Hospitals' shares of the year's accesses: the advanced general ones have most.
double share_of(std::string_view hospital) {
  if (hospital == "hanbit") return 0.30;
  if (hospital == "saebyeok") return 0.25;
  return 0.15;
}

}  // namespace

struct DemoYear::Impl {
  explicit Impl(const DemoOptions& given) : options(given), life(script, part_seed(given.seed, "life", 0)) {
    life.set_up();
    const std::vector<ExpectedFinding> expected = plant_faults(life);
    for (const ExpectedFinding& one : expected) planted.push_back({one.rule, one.about});
    std::sort(planted.begin(), planted.end());
    clean_projects();
    // A weekend day has 30 % of a working day's accesses: 5 + 2 * 0.3 working days a week.
    const double working_days = 365.0 * 5.6 / 7.0;
    for (const std::string_view hospital : kHospitals) {
      everyday.emplace_back(hospital, part_seed(given.seed, "everyday", 0),
                            static_cast<double>(given.events) * share_of(hospital) / working_days);
    }
  }

  void clean_projects();
  void clean_project(std::string_view demand, const std::string& local, std::vector<std::string> sites,
                     YearSecond start);
  // Puts places for the labels that `data` names.
  void resolve(Json& data) const;
  DemoEvent finish(YearSecond arrives, YearSecond at, const LedgerId& ledger, const std::string& type,
                   const std::string& source, Json data, std::optional<KeyUse> signer, std::string label);

  DemoOptions options;
  Script script;
  DemoLife life;
  std::vector<Everyday> everyday;
  std::vector<PlantedFault> planted;
  std::map<std::string, KnownPlace> places;
  std::map<std::string, std::string> probers;
  std::map<std::string, std::uint64_t> next_sequence;  // by ledger and source
  int next_hour = 0;
};

void DemoYear::Impl::clean_project(std::string_view demand, const std::string& local, std::vector<std::string> sites,
                                   YearSecond start) {
  const DemoProject project = life.project(demand, local, std::move(sites), start);
  std::vector<DemoDataset> datasets;
  YearSecond at = start + 8 * kDay + 10 * kHour;
  for (const std::string& site : project.sites) {
    datasets.push_back(life.dataset(project, site, local, at));
    if (life.random().chance(40)) life.copy(datasets.back(), at + 3 * kDay);
    for (std::int64_t week = 1; week < 8; ++week) {
      life.access(project, datasets.back(), at + week * 7 * kDay + life.random().between(0, 6) * kHour);
    }
    at += 2 * kHour;
  }
  // A histogram at the first site leaves as statistics; a round over all sites leaves as a model.
  at = start + 20 * kDay + 9 * kHour;
  const DemoOutput table = life.analysis(project, datasets.front(), local + "-histogram", at, DemoLife::statistics());
  const DemoExport statistics = life.request(project, local + "-statistics", table, at + 2 * kDay);
  life.accept(statistics, statistics.requested + 2 * kDay);
  life.depart(statistics, statistics.requested + 3 * kDay);

  at = start + 40 * kDay + 9 * kHour;
  std::vector<DemoOutput> updates;
  updates.reserve(datasets.size());
  for (const DemoDataset& dataset : datasets) {
    updates.push_back(life.analysis(project, dataset, local + "-round-" + dataset.site, at, DemoLife::update(local)));
  }
  const DemoOutput model = life.aggregate(project, local, updates, at + kDay);
  const DemoExport trained = life.request(project, local + "-model", model, at + 3 * kDay);
  life.accept(trained, trained.requested + 2 * kDay);
  life.depart(trained, trained.requested + 3 * kDay);

  at = start + 100 * kDay + 11 * kHour;
  for (const DemoDataset& dataset : datasets) life.end(dataset, at += kHour);
}

void DemoYear::Impl::clean_projects() {
  const std::vector<std::vector<std::string>> sites = {
      {"hanbit", "saebyeok", "dowon", "mirae", "areum"}, {"hanbit", "mirae"}, {"saebyeok", "areum", "dowon"}};
  int number = 0;
  for (const std::string_view demand : kDemand) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t which = (static_cast<std::size_t>(number) + i) % sites.size();
      clean_project(demand, std::string(demand) + "-" + std::to_string(i + 1), sites[which],
                    (10 + number * 9 + static_cast<int>(i) * 70) * kDay + 9 * kHour);
    }
    ++number;
  }
}

void DemoYear::Impl::resolve(Json& data) const {
  if (data.is_object() && data.size() == 1 && data.contains("@")) {
    const auto found = places.find(data["@"].get<std::string>());
    JANGBU_INVARIANT(found != places.end(), "no place was told for " + data["@"].get<std::string>());
    data = Json{{"ledger", found->second.ledger}, {"sequence", found->second.sequence}, {"leaf", found->second.leaf}};
    return;
  }
  if (data.is_object() && data.size() == 1 && data.contains("@prober")) {
    const auto found = probers.find(data["@prober"].get<std::string>());
    JANGBU_INVARIANT(found != probers.end(), "no prober's key was told for " + data["@prober"].get<std::string>());
    data = found->second;
    return;
  }
  if (data.is_structured()) {
    for (Json& part : data) resolve(part);
  }
}

DemoEvent DemoYear::Impl::finish(YearSecond arrives, YearSecond at, const LedgerId& ledger, const std::string& type,
                                 const std::string& source, Json data, std::optional<KeyUse> signer,
                                 std::string label) {
  resolve(data);
  const std::uint64_t sequence = next_sequence[ledger.text() + source]++;
  // The id is a function of the seed and the event's place among its source's.
  DemoRandom random(part_seed(options.seed, ledger.text() + source, sequence + 1));
  const Json event{{"specversion", "1.0"},
                   {"id", random.uuid()},
                   {"source", source},
                   {"type", "kr.jangbu." + type + ".v1"},
                   {"institution", ledger.institution()},
                   {"time", year_time(at)},
                   {"sequence", std::to_string(sequence)},
                   {"datacontenttype", "application/json"},
                   {"data", std::move(data)}};
  return DemoEvent{from().plus_seconds(arrives), ledger, event.dump(), signer, std::move(label)};
}

DemoYear::DemoYear(const DemoOptions& options) : impl_(std::make_unique<Impl>(options)) {}
DemoYear::~DemoYear() = default;

Timestamp DemoYear::from() { return from_civil(2026, 1, 1, 9 * 3600); }
Timestamp DemoYear::until() { return from().plus_seconds(kHours * kHour); }

SpacePlan DemoYear::plan() const {
  SpacePlan plan;
  plan.space = "medspace";
  plan.key_seed = "jangbu demo " + std::to_string(impl_->options.seed);
  const auto institution = [&](std::string_view id, InstitutionKind kind, std::string ko, std::string en) {
    InstitutionPlan one;
    one.id = id;
    one.kind = kind;
    one.name_ko = std::move(ko);
    one.name_en = std::move(en);
    one.advanced_general = id == "hanbit" || id == "saebyeok";
    if (id == kPlatform) one.designations = {"combiner", "aggregator"};
    plan.institutions.push_back(std::move(one));
  };
  institution(kCoordinator, InstitutionKind::coordinator, "하늘 의료데이터 협의체", "Haneul Coordinating Body");
  institution(kPlatform, InstitutionKind::platform, "다산 플랫폼", "Dasan Platform");
  institution("hanbit", InstitutionKind::hospital, "한빛상급종합병원", "Hanbit Hospital");
  institution("saebyeok", InstitutionKind::hospital, "새벽상급종합병원", "Saebyeok Hospital");
  institution("dowon", InstitutionKind::hospital, "도원병원", "Dowon Hospital");
  institution("mirae", InstitutionKind::hospital, "미래병원", "Mirae Hospital");
  institution("areum", InstitutionKind::hospital, "아름병원", "Areum Hospital");
  institution("bioai", InstitutionKind::demand, "바이오에이아이", "BioAI");
  institution("carelab", InstitutionKind::demand, "케어랩", "CareLab");
  institution("medistat", InstitutionKind::demand, "메디스탯", "MediStat");
  return plan;
}

std::vector<DemoEvent> DemoYear::hour(int hour) {
  JANGBU_INVARIANT(hour == impl_->next_hour, "hours are asked for once each, in order");
  ++impl_->next_hour;
  struct Due {
    YearSecond arrives;
    std::optional<PlannedEvent> planned;
    std::optional<EverydayEvent> everyday;
    std::string_view hospital;
  };
  std::vector<Due> due;
  for (PlannedEvent& one : impl_->script.take_before((hour + 1) * kHour)) {
    const YearSecond at = one.at;
    due.push_back(Due{at, std::move(one), std::nullopt, {}});
  }
  for (std::size_t i = 0; i < impl_->everyday.size(); ++i) {
    for (EverydayEvent& one : impl_->everyday[i].hour(hour)) {
      const YearSecond at = one.arrives;
      due.push_back(Due{at, std::nullopt, std::move(one), kHospitals[i]});
    }
  }
  std::stable_sort(due.begin(), due.end(), [](const Due& a, const Due& b) { return a.arrives < b.arrives; });

  std::vector<DemoEvent> events;
  events.reserve(due.size());
  for (Due& one : due) {
    if (one.planned) {
      PlannedEvent& planned = *one.planned;
      events.push_back(impl_->finish(planned.at, planned.at, planned.ledger, planned.type, planned.source,
                                     std::move(planned.data), planned.signer, std::move(planned.label)));
    } else {
      EverydayEvent& everyday = *one.everyday;
      const LedgerId ledger = everyday.patients ? patients_ledger(one.hospital) : shared_ledger(one.hospital);
      events.push_back(impl_->finish(everyday.arrives, everyday.at, ledger, std::string(everyday.type),
                                     "/" + std::string(one.hospital) + "/" + std::string(everyday.system),
                                     std::move(everyday.data), std::nullopt, {}));
    }
  }
  return events;
}

void DemoYear::placed(const std::string& label, const LedgerId& ledger, SequenceNumber sequence, const Hash& leaf) {
  impl_->places[label] = KnownPlace{ledger.text(), sequence.value(), digest_text(leaf)};
}

void DemoYear::tell_prober(const std::string& institution, const std::string& vkey) {
  impl_->probers[institution] = vkey;
}

const std::vector<PlantedFault>& DemoYear::planted() const { return impl_->planted; }

}  // namespace jangbu::tools
