#include "consumers/summaries.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "schemas/screen.h"
#include "tests/consumers/node_story.h"
#include "tests/consumers/story_runner.h"

namespace jangbu::testing {
namespace {

using consumers::Fold;
using consumers::patients_fold;
using consumers::Timeline;
using consumers::TimelineOptions;
using nlohmann::json;

constexpr std::string_view kPatient = "p:aaaaaaaaaaaaaaaaaaaaaaaaaa";

LedgerId coordinator() { return LedgerId::of("coord", LedgerKind::shared); }

std::string access(std::string_view action, int outcome, std::string_view more) {
  return R"({"actor":{"id":"hanbit/u:aaaaaaaaaaaaaaaaaaaaaaaaaa","role":"physician"},"action":")" +
         std::string(action) + R"(","outcome":)" + std::to_string(outcome) + R"(,"system":"emr","patients":[")" +
         std::string(kPatient) + "\"]" + std::string(more) + "}";
}

// The patients' ledger of hanbit, in memory.
class SummariesTest : public ::testing::Test {
 protected:
  SummariesTest() : space_(story_space(Story())) { restart(); }

  void restart() {
    fold_ = patients_fold(coordinator(), "hanbit", types());
    timeline_ = std::make_unique<Timeline>(TimelineOptions::patients("coord", "hanbit"), types());
    std::map<std::string, consumers::AnyTable*> by_name;
    for (auto* table : fold_->tables()) by_name.emplace(table->name(), table);
    for (auto* table : timeline_->tables()) by_name.emplace(table->name(), table);
    for (const auto& [key, value] : rows_) {
      const std::size_t end = key.find('\0');
      ASSERT_TRUE(by_name.at(key.substr(0, end))->load(key.substr(end + 1), value));
    }
    ASSERT_TRUE(fold_->loaded());
    ASSERT_TRUE(timeline_->loaded(*space_));
  }
  void put(std::string_view type, Timestamp time, std::string_view data) {
    space_->append("hanbit.patients", type, time, data, std::nullopt);
  }
  // What is concluded at this tick: the events.
  std::vector<json> tick(Timestamp at) {
    space_->tick(at);
    restart();
    std::vector<json> out;
    while (true) {
      const auto more = timeline_->advance(*space_, *fold_);
      EXPECT_TRUE(more) << to_string(more.error());
      if (!more || !*more) break;
      std::vector<consumers::RowChange> changes;
      for (auto* table : fold_->tables()) table->write_changes(changes);
      for (auto* table : timeline_->tables()) table->write_changes(changes);
      for (auto& change : changes) {
        if (change.value) rows_[change.key] = *change.value;
        if (!change.value) rows_.erase(change.key);
      }
      for (const auto& conclusion : fold_->take_conclusions()) {
        EXPECT_EQ(conclusion.ledger.text(), "hanbit");
        Screen screen(types());
        for (const Error& error : screen.judge(conclusion.bytes, {"hanbit", LedgerKind::shared}, 144).errors) {
          ADD_FAILURE() << conclusion.bytes << ": " << to_string(error);
        }
        out.push_back(json::parse(conclusion.bytes));
      }
    }
    return out;
  }

  std::unique_ptr<MemorySpace> space_;
  std::unique_ptr<Fold> fold_;
  std::unique_ptr<Timeline> timeline_;
  std::map<std::string, std::string> rows_;
};

// Day 0 begins at 09:00 in Seoul: its days are counted from 15:00 UTC.
TEST_F(SummariesTest, ADayInSeoulIsSummarisedOnceNothingCanFallIntoItAnyMore) {
  put("record.accessed", story_day(0, 0), access("read", 0, R"(,"purpose":"TREAT")"));
  put("record.accessed", story_day(0, 60), access("read", 0, R"(,"purpose":"TREAT")"));
  put("record.accessed", story_day(0, 120), access("download", 0, R"(,"purpose":"CLINTRCH","reason":"study")"));
  put("record.accessed", story_day(0, 180), access("read", 8, ""));
  put("record.accessed", story_day(0, 240), access("read", 0, R"(,"purpose":"BTG")"));
  put("record.accessed", story_day(0, 15 * 3600 - 1), access("print", 0, R"(,"purpose":"TREAT")"));
  put("record.accessed", story_day(0, 15 * 3600), access("print", 0, R"(,"purpose":"TREAT")"));
  put("consent.granted", story_day(0, 300),
      R"({"consent":"hanbit/k1","patient":"p:aaaaaaaaaaaaaaaaaaaaaaaaaa","from":"2026-03-01T00:00:00Z"})");
  put("consent.withdrawn", story_day(0, 360),
      R"({"patient":"p:aaaaaaaaaaaaaaaaaaaaaaaaaa","effective":"2026-03-01T05:59:59Z"})");
  put("consent.opted_out", story_day(0, 420),
      R"({"patient":"p:aaaaaaaaaaaaaaaaaaaaaaaaaa","effective":"2026-03-01T00:07:00Z","ground":"pilot-policy"})");
  EXPECT_TRUE(tick(story_day(0, 15 * 3600 + 60)).empty());
  // The policy's late_hours, 36, after the end of the day.
  EXPECT_TRUE(tick(story_day(2, 3 * 3600)).empty());
  const auto summaries = tick(story_day(2, 3 * 3600 + 1));
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[0]["type"], "kr.jangbu.access.summarised.v1");
  EXPECT_EQ(summaries[0]["data"]["period"], (json{{"from", "2026-02-28T15:00:00Z"}, {"to", "2026-03-01T15:00:00Z"}}));
  EXPECT_EQ(summaries[0]["data"]["counts"], json::parse(R"([
    {"action":"download","outcome":0,"purpose":"CLINTRCH","care":false,"count":1},
    {"action":"print","outcome":0,"purpose":"TREAT","care":true,"count":1},
    {"action":"read","outcome":8,"care":true,"count":1},
    {"action":"read","outcome":0,"purpose":"BTG","care":true,"count":1},
    {"action":"read","outcome":0,"purpose":"TREAT","care":true,"count":2}])"));
  EXPECT_EQ(summaries[0]["data"]["emergencies"], 1);
  EXPECT_EQ(summaries[0]["data"]["downloads"], 1);
  EXPECT_EQ(summaries[0]["data"]["through"]["ledger"], "hanbit.patients");
  EXPECT_FALSE(summaries[0]["data"]["through"].contains("leaf"));
  EXPECT_EQ(summaries[1]["type"], "kr.jangbu.consent.summarised.v1");
  EXPECT_EQ(summaries[1]["data"]["granted"], 1);
  EXPECT_EQ(summaries[1]["data"]["withdrawn"], 1);
  EXPECT_EQ(summaries[1]["data"]["opted_out"], 1);
  EXPECT_EQ(summaries[1]["data"]["waits"], json::parse(R"([{"hours":5,"count":1}])"));
  EXPECT_EQ(fold_->awaited(), 0U);
}

TEST_F(SummariesTest, EveryDayHasOneAndABackfillASupplement) {
  put("record.accessed", story_day(0, 0), access("read", 0, R"(,"purpose":"TREAT")"));
  EXPECT_TRUE(tick(story_day(0, 60)).empty());
  // Three days are over; the two without accesses are told too.
  const auto first = tick(story_day(4, 3 * 3600 + 1));
  ASSERT_EQ(first.size(), 6U);
  EXPECT_EQ(first[2]["data"]["counts"], json::array());
  put("source.backfill", story_day(4, 4 * 3600),
      R"({"from":"2026-03-01T00:00:00Z","to":"2026-03-02T00:00:00Z","reason":"outage"})");
  put("record.accessed", story_day(0, 3600), access("read", 0, R"(,"purpose":"TREAT")"));
  EXPECT_TRUE(tick(story_day(4, 5 * 3600)).empty());
  const auto second = tick(story_day(5, 3 * 3600 + 1));
  ASSERT_EQ(second.size(), 4U);
  EXPECT_EQ(second[0]["data"]["period"]["from"], "2026-02-28T15:00:00Z");
  EXPECT_EQ(second[0]["data"]["counts"][0]["count"], 1);
  EXPECT_NE(second[0]["id"], first[0]["id"]);
  EXPECT_EQ(second[2]["data"]["period"]["from"], "2026-03-03T15:00:00Z");
}

TEST(Summaries, OnANodeTheyGoFromThePatientsLedgerIntoTheSharedOne) {
  NodeSpace space("summaries");
  for (const Preamble& event : story_preamble(Story())) {
    space.append(coordinator(), event.type, story_day(-1), event.data, KeyUse::coordinator);
  }
  space.tick(story_day(-1, 60));
  space.append(LedgerId::of("hanbit", LedgerKind::patients), "record.accessed", story_day(0),
               access("read", 0, R"(,"purpose":"TREAT")"), std::nullopt);
  space.tick(story_day(0, 60));
  space.tick(story_day(2, 3 * 3600 + 1));
  consumers::RunnerOptions options = space.runner_options("hanbit.patients");
  options.timeline = TimelineOptions::patients("coord", "hanbit");
  options.fold = [] { return patients_fold(coordinator(), "hanbit", types()); };
  auto runner = consumers::Runner::open(std::move(options));
  ASSERT_TRUE(runner) << to_string(runner.error());
  for (int round = 0; round < 2; ++round) {
    const auto step = (*runner)->step();
    ASSERT_TRUE(step) << to_string(step.error());
    EXPECT_TRUE(step->alarms.empty());
    space.commit();
  }
  const auto concluded = space.concluded(LedgerId::of("hanbit", LedgerKind::shared));
  ASSERT_EQ(concluded.size(), 2U);
  EXPECT_EQ(json::parse(concluded[0])["data"]["counts"][0]["count"], 1);
  EXPECT_EQ((*runner)->outbox(), 0U);
}

}  // namespace
}  // namespace jangbu::testing
