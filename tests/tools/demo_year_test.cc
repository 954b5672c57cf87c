#include "tools/demo_year.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ledger/entry.h"
#include "schemas/screen.h"

namespace jangbu::tools {
namespace {

// Their form is all that the screen looks at.
void tell_probers(DemoYear& year) {
  for (const InstitutionPlan& institution : year.plan().institutions) {
    const auto key = SigningKey::from_seed("medspace/" + institution.id + "/prober", std::string(32, 'p'));
    ASSERT_TRUE(key.has_value());
    year.tell_prober(institution.id, key->verifier().text());
  }
}

// A node that takes everything: places by ledger.
struct Places {
  std::map<std::string, std::uint64_t> sizes;
  void take(DemoYear& year, const DemoEvent& event) {
    const std::uint64_t at = sizes[event.ledger.text()]++;
    if (!event.label.empty()) year.placed(event.label, event.ledger, SequenceNumber(at), sha256(event.event));
  }
};

std::string all_of(const DemoOptions& options, int hours) {
  DemoYear year(options);
  tell_probers(year);
  Places places;
  std::string text;
  for (int hour = 0; hour < hours; ++hour) {
    for (const DemoEvent& event : year.hour(hour)) {
      text.append(event.ledger.text()).append(" ").append(event.event).append("\n");
      places.take(year, event);
    }
  }
  return text;
}

TEST(DemoYear, TheSameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  const std::string once = all_of({.seed = 7, .events = 5'000}, 60 * 24);
  EXPECT_EQ(once, all_of({.seed = 7, .events = 5'000}, 60 * 24));
  EXPECT_NE(once, all_of({.seed = 8, .events = 5'000}, 60 * 24));
}

TEST(DemoYear, EveryEventPassesTheScreenOfItsLedger) {
  auto types = TypeTable::build();
  ASSERT_TRUE(types.has_value()) << to_string(types.error());
  Screen screen(*types);
  DemoYear year({.seed = 1, .events = 5'000});
  tell_probers(year);
  Places places;
  std::size_t events = 0;
  std::set<std::string> seen;
  for (int hour = 0; hour < DemoYear::kHours; ++hour) {
    for (const DemoEvent& event : year.hour(hour)) {
      const std::string institution(event.ledger.institution());
      const Verdict verdict = screen.judge(event.event, ScreenTarget{institution, event.ledger.kind()},
                                           kEntryHeaderBytes + kEntryAuthorBytes);
      ASSERT_TRUE(verdict.passed()) << event.event << "\n" << to_string(verdict.errors.front());
      seen.insert(verdict.event.type->name);
      places.take(year, event);
      ++events;
    }
  }
  EXPECT_GT(events, 5'000U);
  EXPECT_LT(events, 8'000U);
  EXPECT_GE(seen.size(), 25U);
}

TEST(DemoYear, EventsArriveInOrderWithinTheirHour) {
  DemoYear year({.seed = 3, .events = 20'000});
  tell_probers(year);
  Places places;
  for (int hour = 0; hour < 40 * 24; ++hour) {
    Timestamp last = DemoYear::from().plus_seconds(hour * 3600);
    for (const DemoEvent& event : year.hour(hour)) {
      EXPECT_GE(event.arrives, last);
      last = event.arrives;
      places.take(year, event);
    }
    EXPECT_LT(last, DemoYear::from().plus_seconds((hour + 1) * 3600));
  }
}

TEST(DemoYear, APlantedFaultStandsForEveryRuleOfPurgeAndExport) {
  const DemoYear year({.seed = 1, .events = 1'000});
  std::set<std::string> rules;
  for (const PlantedFault& fault : year.planted()) rules.insert(fault.rule);
  for (int i = 1; i <= 10; ++i) EXPECT_TRUE(rules.contains("PUR-" + std::to_string(i))) << i;
  for (int i = 1; i <= 13; ++i) EXPECT_TRUE(rules.contains("EXP-" + std::to_string(i))) << i;
  EXPECT_TRUE(std::is_sorted(year.planted().begin(), year.planted().end()));
}

}  // namespace
}  // namespace jangbu::tools
