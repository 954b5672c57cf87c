// The runner and the ticker on a node: stories end to end, with the runner dropped where a kill would hurt.
#include "consumers/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger/checkpoint.h"
#include "tests/consumers/node_story.h"
#include "tests/consumers/story_runner.h"

namespace jangbu::testing {
namespace {

using consumers::Runner;
using nlohmann::json;

enum class Kill { none, between_write_and_publish, after_publish, projections_deleted };

std::vector<Story> stories(const std::string& file) {
  std::ifstream in(std::filesystem::path(JANGBU_SOURCE_DIR) / "tests/stories" / file);
  const auto parsed =
      parse_stories(file, std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
  if (!parsed) ADD_FAILURE() << to_string(parsed.error());
  return parsed ? *parsed : std::vector<Story>();
}

// "hanbit finding.raised PUR-1 {"dataset":...}": what a conclusion says, without places and ids.
std::string gist(const std::string& ledger, const std::string& bytes) {
  const json event = json::parse(bytes);
  const json& data = event["data"];
  std::string out = ledger + " " + event["type"].get<std::string>() + " " + event["time"].get<std::string>();
  for (const char* member :
       {"rule", "about", "how", "count", "dataset", "export", "level", "mode", "outputs", "until", "reason"}) {
    if (data.contains(member)) out += " " + data[member].dump();
  }
  return out;
}

std::unique_ptr<Runner> open_runner(NodeSpace& space) {
  auto runner = Runner::open(space.runner_options("shared"));
  if (!runner) ADD_FAILURE() << to_string(runner.error());
  return runner ? std::move(*runner) : nullptr;
}

// Steps until nothing is left to do. What `kill` says happens in the first two rounds: a runner that is always dropped
// before it hears of a placement would never come to rest.
void settle(NodeSpace& space, std::unique_ptr<Runner>& runner, Kill planned) {
  if (runner == nullptr) runner = open_runner(space);
  for (int round = 0; round < 50; ++round) {
    const Kill kill = round < 2 ? planned : Kill::none;
    if (kill == Kill::projections_deleted) {
      runner.reset();
      space.delete_database();
      space.open_database();
      runner = open_runner(space);
    }
    auto advanced = runner->advance();
    ASSERT_TRUE(advanced) << to_string(advanced.error());
    ASSERT_TRUE(advanced->alarms.empty()) << advanced->alarms.front().what;
    if (kill == Kill::between_write_and_publish) {
      runner = open_runner(space);
      advanced = runner->advance();
      ASSERT_TRUE(advanced) << to_string(advanced.error());
    }
    runner->publish(*advanced);
    const bool busy = advanced->ticks + advanced->submitted + advanced->published > 0;
    if (kill == Kill::after_publish) runner.reset();  // before what it submitted was placed
    space.commit();
    if (runner == nullptr) runner = open_runner(space);
    if (runner->outbox() == 0 && !busy && round >= 2) return;
  }
  FAIL() << "the runner does not come to rest";
}

// All conclusions that stand in the ledgers, in each ledger's order.
std::map<std::string, std::vector<std::string>> run_on_node(const Story& story, Kill kill) {
  NodeSpace space("runner");
  for (const Preamble& event : story_preamble(story)) {
    space.append(LedgerId::of("coord", LedgerKind::shared), event.type, story_day(-1), event.data, KeyUse::coordinator);
  }
  space.tick(story_day(-1, 60));
  std::unique_ptr<Runner> runner;
  settle(space, runner, kill);
  StoryEvents events(story);
  for (const Story::Step& step : story.steps) {
    if (step.is_tick) {
      space.tick(step.line.time);
      settle(space, runner, kill);
      continue;
    }
    const auto event = events.event(step.line);
    if (!event) {
      ADD_FAILURE() << to_string(event.error());
      continue;
    }
    std::optional<KeyUse> signer;
    if (!event->signer.empty()) signer = *key_use(event->signer);
    events.places.push_back(
        space.append(*LedgerId::parse(event->ledger), event->type, event->time, event->data, signer));
  }
  EXPECT_EQ(runner->alarms(), 0U);
  std::map<std::string, std::vector<std::string>> out;
  for (const LedgerId& ledger : space.node->ledgers()) {
    auto concluded = space.concluded(ledger);
    if (!concluded.empty()) out.emplace(ledger.text(), std::move(concluded));
  }
  return out;
}

// Of each check the stories that differ most: without unreadable ledgers, which an embedded node does not have.
std::vector<Story> chosen() {
  std::vector<Story> out;
  for (const char* file : {"purge.story", "export.story"}) {
    for (Story& story : stories(file)) {
      for (const std::string_view start :
           {"PUR-1 a copy that nobody purges", "PUR-4 read after", "PUR-9 a purge", "an export is checked by two",
            "EXP-6 combined from", "a clearance whose ground goes", "an update of a triggered round"}) {
        if (story.name.starts_with(start)) out.push_back(story);
      }
    }
  }
  return out;
}

TEST(Runner, AStoryOnANodeIsConcludedAsInMemory) {
  ASSERT_EQ(chosen().size(), 7U);
  for (const Story& story : chosen()) {
    std::vector<std::string> expected, actual;
    for (const auto& conclusion : run_story(story, false).concluded) {
      expected.push_back(gist(conclusion.ledger.text(), conclusion.bytes));
    }
    for (const auto& [ledger, conclusions] : run_on_node(story, Kill::none)) {
      for (const std::string& bytes : conclusions) actual.push_back(gist(ledger, bytes));
    }
    std::sort(expected.begin(), expected.end());
    std::sort(actual.begin(), actual.end());
    EXPECT_EQ(actual, expected) << story.name;
  }
}

TEST(Runner, KillsBetweenWriteAndPublishAndAfterItNeitherLoseNorDoubleAConclusion) {
  const auto all = chosen();
  for (const Story& story : {all.at(1), all.at(3), all.at(6)}) {
    const auto undisturbed = run_on_node(story, Kill::none);
    EXPECT_FALSE(undisturbed.empty()) << story.name;
    for (const Kill kill : {Kill::between_write_and_publish, Kill::after_publish}) {
      EXPECT_EQ(run_on_node(story, kill), undisturbed) << story.name << ", kill " << static_cast<int>(kill);
    }
  }
}

TEST(Runner, DeletedStateIsRebuiltToTheSameBytes) {
  const auto all = chosen();
  for (const Story& story : {all.at(0), all.at(5)}) {
    EXPECT_EQ(run_on_node(story, Kill::projections_deleted), run_on_node(story, Kill::none)) << story.name;
  }
}

TEST(Runner, AConclusionThatWasNotComputedIsAnAlarm) {
  const Story story;
  NodeSpace space("forged");
  const LedgerId hanbit = LedgerId::of("hanbit", LedgerKind::shared);
  for (const Preamble& event : story_preamble(story)) {
    space.append(LedgerId::of("coord", LedgerKind::shared), event.type, story_day(-1), event.data, KeyUse::coordinator);
  }
  const std::string forged =
      consumers::conclude(
          hanbit, "export", "export.cleared", "forgedforgedforgedforged", story_day(0), false,
          R"({"export":"acme/e1","mode":"checked","outputs":[{"output":"hanbit/o1","digest":"sha256:)" +
              std::string(64, 'a') +
              R"("}],"until":"2026-04-01T00:00:00Z","causes":[{"ledger":"hanbit","sequence":0,"leaf":"sha256:)" +
              std::string(64, 'b') + R"("}],"policy":"coord/policy1"})",
          "")
          .bytes;
  bool placed = false;
  ASSERT_TRUE(space.node->submit(
      {hanbit, forged, sign_event(space.key(hanbit, KeyUse::system), "medspace/hanbit", forged), false},
      [&](Result<Placement> placement) { placed = placement && placement->kind == Placement::Kind::appended; }));
  space.commit();
  ASSERT_TRUE(placed);
  space.tick(story_day(0));
  auto runner = open_runner(space);
  const auto step = runner->step();
  ASSERT_TRUE(step) << to_string(step.error());
  ASSERT_EQ(step->alarms.size(), 1U);
  EXPECT_EQ(step->alarms.front().code, Code::conclusion_differs);
  // And it is recalled: a gateway would have obeyed it.
  space.commit();
  const auto concluded = space.concluded(hanbit);
  ASSERT_EQ(concluded.size(), 2U);
  EXPECT_EQ(json::parse(concluded.back())["type"], "kr.jangbu.export.revoked.v1");
  EXPECT_EQ(json::parse(concluded.back())["data"]["reason"], "not-concluded");
}

json last_tick(NodeSpace& space) {
  const auto view = space.node->view(LedgerId::of("coord", LedgerKind::shared));
  return json::parse(view->entry(last_of(view->size()))->entry.body)["data"];
}

TEST(Ticker, NamesWhatHasGrownAndOnlyThat) {
  NodeSpace space("ticker");
  space.tick(story_day(0));
  EXPECT_EQ(last_tick(space)["observed"].size(), space.node->ledgers().size() - 1);
  EXPECT_TRUE(last_tick(space)["observed"][0].contains("note"));
  space.tick(story_day(0, 60));
  EXPECT_EQ(last_tick(space)["observed"].size(), 0U);
  const LedgerId hanbit = LedgerId::of("hanbit", LedgerKind::shared);
  space.append(hanbit, "dataset.held", story_day(0, 61),
               R"({"dataset":"hanbit/d1","hold":"court","authority":"court"})", std::nullopt);
  space.tick(story_day(0, 120));
  const json tick = last_tick(space);
  ASSERT_EQ(tick["observed"].size(), 1U);
  EXPECT_EQ(tick["observed"][0]["ledger"], "hanbit");
  EXPECT_EQ(tick["observed"][0]["size"], space.node->view(hanbit)->size().value());
  EXPECT_EQ(tick["observed"][0]["root"], digest_text(space.node->view(hanbit)->root()));
  EXPECT_FALSE(tick["observed"][0].contains("note"));
  EXPECT_FALSE(tick.contains("unreadable"));
}

TEST(Ticker, AnHourLaterItCarriesTheNotesOfWhatHasGrownSince) {
  NodeSpace space("notes");
  space.tick(story_day(0));
  const LedgerId hanbit = LedgerId::of("hanbit", LedgerKind::shared);
  space.append(hanbit, "dataset.held", story_day(0, 61),
               R"({"dataset":"hanbit/d1","hold":"court","authority":"court"})", std::nullopt);
  space.tick(story_day(0, 120));
  space.tick(story_day(0, 3599));
  EXPECT_EQ(last_tick(space)["observed"].size(), 0U);
  space.tick(story_day(0, 3600));
  const json tick = last_tick(space);
  ASSERT_EQ(tick["observed"].size(), 1U);
  EXPECT_TRUE(
      open_checkpoint(tick["observed"][0]["note"].get<std::string>(), space.node->view(hanbit)->info().log_key));
}

TEST(Ticker, ByTheClockItTicksWhenSomethingHasChangedAndOtherwiseOnceAMinute) {
  NodeSpace space("clock");
  space.tick(story_day(0));
  const auto step_at = [&](std::int64_t seconds) {
    space.clock.set_wall_milliseconds(story_day(0, seconds).milliseconds());
    const auto ticks = space.ticker->step();
    EXPECT_TRUE(ticks) << to_string(ticks.error());
    return ticks.value_or(99);
  };
  EXPECT_EQ(step_at(30), 0U);
  space.append(LedgerId::of("hanbit", LedgerKind::shared), "dataset.held", story_day(0, 31),
               R"({"dataset":"hanbit/d1","hold":"court","authority":"court"})", std::nullopt);
  EXPECT_EQ(step_at(32), 1U);
  EXPECT_EQ(step_at(33), 0U);
  EXPECT_EQ(step_at(91), 0U);
  EXPECT_EQ(step_at(92), 1U);
  EXPECT_EQ(step_at(20), 0U);  // the clock was set back
}

TEST(Ticker, AfterAnAbsenceItStepsAndSaysThatItReadNothingMeanwhile) {
  NodeSpace space("absence");
  space.tick(story_day(0));
  space.ticker.reset();
  consumers::TickerOptions options;
  options.node = space.node.get();
  options.coordinator = LedgerId::of("coord", LedgerKind::shared);
  options.key = &space.key(*options.coordinator, KeyUse::ticker);
  options.clock = &space.clock;
  options.pump = [&] { space.commit(); };
  auto ticker = consumers::Ticker::open(std::move(options));
  ASSERT_TRUE(ticker) << to_string(ticker.error());
  EXPECT_EQ((*ticker)->last(), story_day(0));
  space.append(LedgerId::of("hanbit", LedgerKind::shared), "dataset.held", story_day(0, 31),
               R"({"dataset":"hanbit/d1","hold":"court","authority":"court"})", std::nullopt);
  space.clock.set_wall_milliseconds(story_day(0, 1500).milliseconds());
  const auto ticks = (*ticker)->step();
  ASSERT_TRUE(ticks) << to_string(ticks.error());
  EXPECT_EQ(*ticks, 3U);
  const auto view = space.node->view(LedgerId::of("coord", LedgerKind::shared));
  std::vector<json> written;
  for (std::uint64_t i = view->size().value() - 3; i < view->size().value(); ++i) {
    written.push_back(json::parse(view->entry(SequenceNumber(i))->entry.body)["data"]);
  }
  EXPECT_EQ(written[0]["at"], to_string(story_day(0, 600)));
  EXPECT_EQ(written[0]["observed"].size(), 0U);
  EXPECT_EQ(written[0]["unreadable"].size(), space.node->ledgers().size() - 1);
  EXPECT_EQ(written[1]["at"], to_string(story_day(0, 1200)));
  EXPECT_EQ(written[2]["at"], to_string(story_day(0, 1500)));
  EXPECT_EQ(written[2]["observed"].size(), 1U);
  EXPECT_FALSE(written[2].contains("unreadable"));
}

}  // namespace
}  // namespace jangbu::testing
