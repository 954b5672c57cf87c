#include "tests/consumers/story_runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "consumers/policy.h"
#include "schemas/screen.h"

namespace jangbu::testing {

using consumers::AnyTable;
using consumers::Conclusion;
using consumers::Fold;
using consumers::JsonText;
using consumers::Timeline;
using consumers::TimelineOptions;
using nlohmann::json;

std::shared_ptr<const TypeTable> types() {
  static const auto built = TypeTable::build();
  if (!built) ADD_FAILURE() << to_string(built.error());
  return *built;
}

Replica::Replica(MemorySpace& space) : space_(space) { restart(); }

std::vector<AnyTable*> Replica::tables() {
  std::vector<AnyTable*> out = fold_->tables();
  for (AnyTable* table : timeline_->tables()) out.push_back(table);
  return out;
}

void Replica::restart() {
  fold_ = Fold::shared(LedgerId::of("coord", LedgerKind::shared));
  timeline_ = std::make_unique<Timeline>(TimelineOptions::shared("coord"), types());
  std::map<std::string, AnyTable*, std::less<>> by_name;
  for (AnyTable* table : tables()) ASSERT_TRUE(by_name.emplace(table->name(), table).second) << table->name();
  for (const auto& [key, value] : rows_) {
    const std::size_t end = key.find('\0');
    ASSERT_TRUE(by_name.at(key.substr(0, end))->load(std::string_view(key).substr(end + 1), value)) << key;
  }
  const auto fold_loaded = fold_->loaded();
  ASSERT_TRUE(fold_loaded) << to_string(fold_loaded.error());
  const auto loaded = timeline_->loaded(space_);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
}

void Replica::save() {
  std::vector<consumers::RowChange> changes;
  for (AnyTable* table : tables()) table->write_changes(changes);
  for (consumers::RowChange& change : changes) {
    if (change.value) {
      rows_[change.key] = *change.value;
    } else {
      rows_.erase(change.key);
    }
  }
}

void Replica::advance() {
  while (true) {
    const auto more = timeline_->advance(space_, *fold_);
    ASSERT_TRUE(more) << to_string(more.error());
    if (!*more) return;
    for (Conclusion& conclusion : fold_->take_conclusions()) concluded.push_back(std::move(conclusion));
    for (consumers::Alarm& alarm : fold_->take_alarms()) alarms.push_back(std::move(alarm));
    save();
    if (restart_at_each_tick) restart();
  }
}

std::vector<Preamble> story_preamble(const Story& story) {
  std::vector<Preamble> out;
  json policy = json::parse(consumers::default_policy_document());
  for (const StoryLine& line : story.policy) policy[line.words.at(0)] = json::parse(line.words.at(1));
  const std::string document = policy.dump();
  out.push_back({"policy.adopted", JsonText()
                                       .text("policy", "coord/policy1")
                                       .raw("document", document)
                                       .text("digest", digest_text(sha256(document)))
                                       .object()});
  for (const std::string_view check : {"purge", "export"}) {
    out.push_back({"check.adopted", JsonText().text("name", check).number("version", 1).object()});
  }
  for (const std::string_view owner : {"hanbit", "saebom", "plat"}) {
    out.push_back({"environment.registered", JsonText()
                                                 .text("environment", std::string(owner) + "/env")
                                                 .text("owner", owner)
                                                 .text("country", "KR")
                                                 .object()});
  }
  StoryEvents events(story);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"coord", "project.registered", "p1"},
                                                std::vector<std::string>{"coord", "permit.issued", "permit1"}}) {
    const auto event = events.event(StoryLine{0, story_day(-1), words});
    if (!event) ADD_FAILURE() << to_string(event.error());
    out.push_back({event->type, event->data});
  }
  return out;
}

std::unique_ptr<MemorySpace> story_space(const Story& story) {
  const std::vector<MemoryInstitution> institutions{{"coord", "coordinator", {}},
                                                    {"hanbit", "hospital", {}},
                                                    {"saebom", "hospital", {}},
                                                    {"acme", "demand", {}},
                                                    {"plat", "platform", {"combiner", "aggregator"}}};
  const Timestamp start = story_day(-1);
  auto space = std::make_unique<MemorySpace>(institutions, start);
  for (const Preamble& event : story_preamble(story)) {
    space->append("coord", event.type, start, event.data, KeyUse::coordinator);
  }
  space->tick(start.plus_seconds(60));
  return space;
}

namespace {

// What a conclusion says, with the places of the story's events as their numbers.
std::string told(const Conclusion& conclusion, const std::vector<consumers::EntryPlace>& places) {
  const json event = json::parse(conclusion.bytes);
  const json& data = event["data"];
  const auto numbered = [&](const json& cause) -> std::string {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i].ledger == cause["ledger"] && places[i].sequence == cause["sequence"])
        return " by #" + std::to_string(i + 1);
    }
    return " by " + cause["ledger"].get<std::string>();
  };
  if (conclusion.type == "finding.raised") return conclusion.summary + numbered(data["causes"].front());
  if (conclusion.type == "finding.resolved") return conclusion.summary + numbered(data["causes"].back());
  return conclusion.summary;
}

void screen_all(const MemorySpace& space, const std::string& where, std::vector<std::string>& problems) {
  Screen screen(types());
  for (const auto& [name, entries] : space.ledgers()) {
    const LedgerId ledger = *LedgerId::parse(name);
    for (const std::string& bytes : entries) {
      const auto entry = decode(bytes);
      const Verdict verdict =
          screen.judge(entry->body, {ledger.institution(), ledger.kind()}, kEntryHeaderBytes + kEntryAuthorBytes);
      for (const Error& error : verdict.errors) {
        problems.push_back(where + ": the screen refuses " + std::string(entry->body.substr(0, 400)) + ": " +
                           to_string(error));
      }
    }
  }
}

}  // namespace

StoryOutcome run_story(const Story& story, bool screen) {
  StoryOutcome out;
  out.space = story_space(story);
  Replica replica(*out.space);
  replica.advance();
  StoryEvents events(story);
  std::size_t seen = replica.concluded.size();
  if (seen != 0) out.problems.push_back("the space itself gives rise to conclusions");
  std::map<std::string, std::string> findings;  // "PUR-1:hanbit/d1" to its id
  for (const Story::Step& step : story.steps) {
    const std::string where = story.file + ":" + std::to_string(step.line.number);
    if (!step.is_tick) {
      StoryLine line = step.line;
      if (line.words.size() > 2 && line.words[1].starts_with("finding.")) {
        const std::size_t colon = line.words[2].find(':');
        line.words[2] = findings[line.words[2].substr(0, colon) + ":" + events.full(line.words[2].substr(colon + 1))];
      }
      const auto event = events.event(line);
      if (!event) {
        out.problems.push_back(where + ": " + to_string(event.error()));
        return out;
      }
      std::optional<KeyUse> signer;
      if (!event->signer.empty() && event->signer != "none") {
        const auto use = key_use(event->signer);
        if (!use) out.problems.push_back(where + ": " + to_string(use.error()));
        if (use) signer = *use;
      }
      events.places.push_back(out.space->append(event->ledger, event->type, event->time, event->data, signer));
      continue;
    }
    std::set<std::string> unreadable;
    if (step.line.words.size() > 1) {
      std::istringstream names(step.line.words[1].substr(step.line.words[1].find('=') + 1));
      for (std::string one; std::getline(names, one, ',');) unreadable.insert(one);
    }
    out.space->tick(step.line.time, unreadable);
    replica.advance();
    std::vector<std::string> actual, expected;
    for (; seen < replica.concluded.size(); ++seen) {
      const Conclusion& conclusion = replica.concluded[seen];
      actual.push_back(told(conclusion, events.places));
      if (conclusion.type == "finding.raised") {
        const json data = json::parse(conclusion.bytes)["data"];
        std::string key = conclusion.summary;
        key[key.find(' ')] = ':';
        findings[key] = data["finding"];
      }
      out.space->append(conclusion);
    }
    for (const std::string& text : step.expected) {
      std::istringstream words(text);
      std::string full;
      for (std::string word; words >> word;) full += (full.empty() ? "" : " ") + events.full(word);
      expected.push_back(full);
    }
    std::sort(actual.begin(), actual.end());
    std::sort(expected.begin(), expected.end());
    if (actual != expected) {
      std::string problem = where + ": at this tick is concluded:";
      for (const std::string& text : actual) problem += "\n      " + text;
      if (actual.empty()) problem += " nothing";
      problem += "\n    expected:";
      for (const std::string& text : expected) problem += "\n      " + text;
      out.problems.push_back(problem);
    }
  }
  for (const consumers::Alarm& alarm : replica.alarms) {
    out.problems.push_back(story.file + ": alarm: " + alarm.where + ": " + alarm.what);
  }
  if (screen) screen_all(*out.space, story.file + " " + story.name, out.problems);
  out.concluded = replica.concluded;
  return out;
}

}  // namespace jangbu::testing
