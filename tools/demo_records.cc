#include "tools/demo_records.h"

#include <algorithm>
#include <array>

#include "tools/demo_life.h"

namespace jangbu::tools {
namespace {

// Of a day's accesses, how many (in 1/1,000) fall into each hour.
constexpr std::array<int, 24> kOfTheDay = {8,  6,  5,  5,  6,  12, 28, 62, 95, 104, 98, 84,
                                           58, 78, 92, 84, 68, 42, 22, 14, 10, 8,   6,  5};
constexpr int kPatients = 20'000;
constexpr int kStaff = 60;
constexpr int kBatchHour = 2;

constexpr std::array<std::string_view, 6> kActions = {"read", "read", "read", "update", "create", "query"};

bool weekend(int hour) {
  // 2026-01-01 is a Thursday.
  const int weekday = (3 + hour / 24) % 7;
  return weekday >= 5;
}

}  // namespace

Everyday::Everyday(std::string_view hospital, std::uint64_t seed, double accesses_a_day)
    : hospital_(hospital), seed_(seed), accesses_a_day_(accesses_a_day) {
  DemoRandom random(part_seed(seed_, hospital_, 0));
  for (int i = 0; i < kStaff; ++i) staff_.push_back(local_id(hospital_, "u:" + random.base32(26)));
}

std::string Everyday::patient(std::uint64_t number) const {
  return "p:" + DemoRandom(part_seed(seed_, hospital_ + "/patient", number)).base32(26);
}

void Everyday::accesses_of(int hour, bool batch, std::vector<EverydayEvent>& out) const {
  DemoRandom random(part_seed(seed_, hospital_ + (batch ? "/batch" : "/live"), static_cast<std::uint64_t>(hour)));
  const double share = (batch ? 1.0 : 2.0) / 3.0;
  const double expected =
      accesses_a_day_ * (weekend(hour) ? 0.3 : 1.0) * share * kOfTheDay[static_cast<std::size_t>(hour % 24)] / 1000.0;
  const double noisy = expected * static_cast<double>(random.between(80, 120)) / 100.0;
  // The fraction is kept by chance, so that small years have their accesses too.
  auto count = static_cast<std::uint64_t>(noisy);
  if (static_cast<double>(random.below(1'000'000)) / 1e6 < noisy - static_cast<double>(count)) ++count;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t who = random.below(kStaff);
    EverydayEvent event;
    event.at = hour * kHour + static_cast<YearSecond>(random.below(3600));
    event.arrives = event.at;
    event.type = "record.accessed";
    event.system = batch ? "archive" : "emr";
    event.data = Json{{"actor", Json{{"id", staff_[who]}, {"role", who % 3 == 0 ? "physician" : "nurse"}}},
                      {"action", kActions[random.below(kActions.size())]},
                      {"outcome", 0},
                      {"system", batch ? "archive" : "emr"},
                      {"patients", Json::array({patient(random.below(kPatients))})},
                      {"purpose", "TREAT"},
                      {"origin", "10." + std::to_string(random.below(250)) + "." + std::to_string(random.below(250)) +
                                     "." + std::to_string(1 + random.below(250))}};
    out.push_back(std::move(event));
  }
}

void Everyday::consents_of(int hour, std::vector<EverydayEvent>& out) const {
  if (hour % 24 < 9 || hour % 24 > 17 || weekend(hour)) return;
  DemoRandom random(part_seed(seed_, hospital_ + "/consent", static_cast<std::uint64_t>(hour)));
  if (!random.chance(6)) return;
  EverydayEvent event;
  event.at = event.arrives = hour * kHour + static_cast<YearSecond>(random.below(3600));
  event.system = "consents";
  const std::string who = patient(random.below(kPatients));
  const std::uint64_t kind = random.below(10);
  if (kind < 6) {
    event.type = "consent.granted";
    event.data = Json{{"consent", local_id(hospital_, "consent-" + random.hex(12))},
                      {"patient", who},
                      {"purposes", Json::array({"HRESCH"})},
                      {"categories", Json::array({"ehds-51-a"})},
                      {"from", year_time(event.at)},
                      {"document", random.digest()},
                      {"channel", "paper"}};
  } else if (kind < 9) {
    event.type = "consent.withdrawn";
    event.data = Json{{"patient", who}, {"effective", year_time(event.at)}, {"by", "self"}};
  } else {
    event.type = "consent.opted_out";
    event.data = Json{{"patient", who}, {"effective", year_time(event.at)}, {"ground", "pilot-policy"}};
  }
  out.push_back(std::move(event));
}

void Everyday::monthly_review(int hour, std::vector<EverydayEvent>& out) const {
  if (hour % 24 != 10) return;
  const CivilTime day = civil(from_civil(2026, 1, 1, 9 * 3600).plus_seconds(hour * kHour), 9 * 3600);
  if (day.day != 1 || day.month == 1) return;
  DemoRandom random(part_seed(seed_, hospital_ + "/review", static_cast<std::uint64_t>(hour)));
  EverydayEvent event;
  event.at = event.arrives = hour * kHour + 15 * kMinute;
  event.type = "access.reviewed";
  event.system = "audit-office";
  event.patients = false;
  event.data = Json{{"period", Json{{"from", year_time((hour / 24 - 28) * kDay)}, {"to", year_time(hour / 24 * kDay)}}},
                    {"systems", Json::array({"emr", "archive"})},
                    {"records", static_cast<std::int64_t>(accesses_a_day_ * 28)},
                    {"downloads", 0},
                    {"downloads_confirmed", 0},
                    {"by", Json{{"id", local_id(hospital_, "u:" + random.base32(26))}, {"role", "auditor"}}}};
  out.push_back(std::move(event));
}

std::vector<EverydayEvent> Everyday::hour(int hour) const {
  std::vector<EverydayEvent> out;
  accesses_of(hour, false, out);
  consents_of(hour, out);
  monthly_review(hour, out);
  if (hour % 24 == kBatchHour && hour >= 24) {
    // The night's batch: yesterday's accesses of the archive, as they happened, all arriving now.
    const std::size_t first = out.size();
    for (int past = hour - kBatchHour - 24; past < hour - kBatchHour; ++past) accesses_of(past, true, out);
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
              [](const EverydayEvent& a, const EverydayEvent& b) { return a.at < b.at; });
    for (std::size_t i = first; i < out.size(); ++i) {
      out[i].arrives = hour * kHour + std::min<YearSecond>(3599, static_cast<YearSecond>(i - first) / 50);
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const EverydayEvent& a, const EverydayEvent& b) { return a.arrives < b.arrives; });
  return out;
}

}  // namespace jangbu::tools
