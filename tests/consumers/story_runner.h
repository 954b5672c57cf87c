// Runs a story over the shared fold, in memory: writes its events, ticks, and ledgers what is concluded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "consumers/fold.h"
#include "schemas/event_type.h"
#include "tests/consumers/memory_space.h"
#include "tests/consumers/story.h"

namespace jangbu::testing {

[[nodiscard]] std::shared_ptr<const TypeTable> types();

// A fold and a timeline over a space, with their rows as the runner would keep them.
class Replica {
 public:
  explicit Replica(MemorySpace& space);
  // Up to the last tick. Ends the test's expectations on an error.
  void advance();
  // As after a restart: everything from the rows.
  void restart();

  std::vector<consumers::Conclusion> concluded;  // all so far
  std::vector<consumers::Alarm> alarms;
  bool restart_at_each_tick = false;
  [[nodiscard]] consumers::Fold& fold() { return *fold_; }
  [[nodiscard]] const std::map<std::string, std::string>& rows() const { return rows_; }

 private:
  [[nodiscard]] std::vector<consumers::AnyTable*> tables();
  void save();
  MemorySpace& space_;
  std::unique_ptr<consumers::Fold> fold_;
  std::unique_ptr<consumers::Timeline> timeline_;
  std::map<std::string, std::string> rows_;
};

struct StoryOutcome {
  std::unique_ptr<MemorySpace> space;
  std::vector<std::string> problems;  // empty: as the story tells
  std::vector<consumers::Conclusion> concluded;
};

// What every story's space has adopted and registered: type and data, for the coordinating body's ledger.
struct Preamble {
  std::string type, data;
};
[[nodiscard]] std::vector<Preamble> story_preamble(const Story& story);

// The institutions of every story: coord (the coordinating body), hanbit and saebom (hospitals), acme (demand), plat
// (platform; combiner and aggregator).
[[nodiscard]] std::unique_ptr<MemorySpace> story_space(const Story& story);
// `screen`: every event, the conclusions too, must pass the screen.
[[nodiscard]] StoryOutcome run_story(const Story& story, bool screen);

}  // namespace jangbu::testing
