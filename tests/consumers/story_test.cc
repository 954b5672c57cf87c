// The rules of the checks, by their stories, and what must hold for every story.
#include "tests/consumers/story.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "consumers/checks/export.h"
#include "consumers/checks/purge.h"
#include "tests/consumers/story_runner.h"

namespace jangbu::testing {
namespace {

std::vector<Story> all_stories() {
  std::vector<std::filesystem::path> files;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(JANGBU_SOURCE_DIR) / "tests/stories")) {
    if (file.path().extension() == ".story") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Story> out;
  for (const auto& path : files) {
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto stories = parse_stories(path.filename().string(), text);
    if (!stories) {
      ADD_FAILURE() << to_string(stories.error());
      continue;
    }
    out.insert(out.end(), stories->begin(), stories->end());
  }
  return out;
}

std::vector<std::string> bytes_of(const std::vector<consumers::Conclusion>& conclusions) {
  std::vector<std::string> out;
  for (const auto& conclusion : conclusions) out.push_back(conclusion.ledger.text() + " " + conclusion.bytes);
  return out;
}

TEST(Stories, EachIsConcludedExactlyAsItIsTold) {
  for (const Story& story : all_stories()) {
    const StoryOutcome outcome = run_story(story, true);
    for (const std::string& problem : outcome.problems) {
      ADD_FAILURE() << story.file << ":" << story.line << ": " << story.name << "\n  " << problem;
    }
  }
}

TEST(Stories, EveryRuleHasOneThatFiresOneThatNearlyFiresAndOneAtTheEdge) {
  std::map<std::string, std::set<std::string>> told;
  for (const Story& story : all_stories()) {
    if (!story.rule.empty()) told[story.rule].insert(story.kind);
  }
  for (const auto rules : {consumers::purge_rules(), consumers::export_rules()}) {
    for (const consumers::Rule& rule : rules) {
      for (const std::string kind : {"fires", "near", "edge"}) {
        EXPECT_TRUE(told[std::string(rule.id)].contains(kind)) << rule.id << " has no story of kind " << kind;
      }
    }
  }
}

TEST(Stories, ReplayFromAnyStateGivesTheSameBytes) {
  for (const Story& story : all_stories()) {
    const StoryOutcome outcome = run_story(story, false);
    const std::vector<std::string> expected = bytes_of(outcome.concluded);
    Replica whole(*outcome.space);
    whole.advance();
    EXPECT_EQ(bytes_of(whole.concluded), expected) << story.name;
    Replica restarted(*outcome.space);
    restarted.restart_at_each_tick = true;
    restarted.advance();
    EXPECT_EQ(bytes_of(restarted.concluded), expected) << story.name;
    EXPECT_EQ(restarted.rows(), whole.rows()) << story.name;
    EXPECT_TRUE(restarted.alarms.empty()) << story.name;
  }
}

TEST(Stories, HowManyEntriesAReadGivesDoesNotMatter) {
  for (const Story& story : all_stories()) {
    const StoryOutcome outcome = run_story(story, false);
    for (const std::size_t read_max : {1U, 3U, 7U}) {
      outcome.space->read_max = read_max;
      Replica replica(*outcome.space);
      replica.advance();
      EXPECT_EQ(bytes_of(replica.concluded), bytes_of(outcome.concluded)) << story.name << " read by " << read_max;
    }
  }
}

// Within a tick the order between ledgers is that of their ids: the order in which the entries were written is nowhere.
TEST(Stories, OrderOfArrivalAcrossLedgersWithinATickDoesNotMatter) {
  std::mt19937 random(20260301);
  for (const Story& story : all_stories()) {
    Story shuffled = story;
    const bool names_events = std::any_of(story.steps.begin(), story.steps.end(), [](const Story::Step& step) {
      return std::any_of(step.line.words.begin(), step.line.words.end(),
                         [](const std::string& word) { return word.find('#') != std::string::npos; });
    });
    if (names_events) continue;  // events are counted in the order of the story
    // Whole runs of one ledger's events change places; their order within the ledger stays.
    for (std::size_t from = 0; from < shuffled.steps.size();) {
      std::size_t to = from;
      while (to < shuffled.steps.size() && !shuffled.steps[to].is_tick) ++to;
      std::vector<std::string> ledgers;
      for (std::size_t i = from; i < to; ++i) ledgers.push_back(shuffled.steps[i].line.words.front());
      std::sort(ledgers.begin(), ledgers.end());
      ledgers.erase(std::unique(ledgers.begin(), ledgers.end()), ledgers.end());
      std::shuffle(ledgers.begin(), ledgers.end(), random);
      std::stable_sort(shuffled.steps.begin() + static_cast<std::ptrdiff_t>(from),
                       shuffled.steps.begin() + static_cast<std::ptrdiff_t>(to), [&](const auto& a, const auto& b) {
                         const auto rank = [&](const auto& step) {
                           return std::find(ledgers.begin(), ledgers.end(), step.line.words.front()) - ledgers.begin();
                         };
                         return rank(a) < rank(b);
                       });
      from = to + 1;
    }
    const auto types_of = [](const StoryOutcome& outcome) {
      std::vector<std::string> out;
      for (const auto& conclusion : outcome.concluded)
        out.push_back(conclusion.ledger.text() + " " + conclusion.summary);
      return out;
    };
    EXPECT_EQ(types_of(run_story(shuffled, false)), types_of(run_story(story, false)))
        << story.name << ", seed 20260301";
  }
}

}  // namespace
}  // namespace jangbu::testing
