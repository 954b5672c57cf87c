// Stories: the rules' tests, as tables that a person who knows the domain can read (tests/stories/*.story).
//
//   story    PUR-1 fires after the deadline, never on it    starts a story
//   rule     PUR-1 edge                                     the rule, and: fires, near (nearly fires) or edge
//   policy   purge_grace_hours 24                           on top of the default policy
//   output   o1 table cell=12                               an output that events name: `outputs=o1`, or, with another
//                                                           content, `outputs=o1@2`
//   day 31 +60 s   hanbit dataset.purged d1 at=day30        an event: whose ledger, its type, what it is about, and
//                                                           members that differ from what story_events.cc sets
//   day 31 +61 s   tick                                     makes visible what was written; `tick unreadable=hanbit`
//   expect   PUR-1 d2 by #2                                 after a tick: what is concluded at it, each on a line of
//   its
//                                                           own; without any: nothing
//
// Day 0 is 2026-03-01T00:00:00Z. Events are counted from #1. What is concluded is ledgered at once, as the runner
// would.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/timeline.h"
#include "schemas/error.h"
#include "schemas/timestamp.h"

namespace jangbu::testing {

struct StoryLine {
  int number = 0;  // in the file
  Timestamp time;
  std::vector<std::string> words;  // without the day
};

struct Story {
  std::string file, name, rule, kind;
  int line = 0;
  std::vector<StoryLine> policy, outputs;
  // In order: an event, or a tick.
  struct Step {
    StoryLine line;
    bool is_tick = false;
    std::vector<std::string> expected;
  };
  std::vector<Step> steps;
};

[[nodiscard]] Timestamp story_day(std::int64_t day, std::int64_t seconds = 0);
// "day30", "day30+5h", "day3-60s".
[[nodiscard]] Result<Timestamp> story_time(std::string_view text);
// Error: bad_request, `where` file:line.
[[nodiscard]] Result<std::vector<Story>> parse_stories(const std::string& file, std::string_view text);

// Defaults for the data of each type, with the story's words on top (story_events.cc).
class StoryEvents {
 public:
  explicit StoryEvents(const Story& story);
  struct Written {
    std::string ledger, type, data, signer;
    Timestamp time;
  };
  [[nodiscard]] Result<Written> event(const StoryLine& line);
  // "d1" to "hanbit/d1", for the ids that the story has used.
  [[nodiscard]] std::string full(std::string_view local) const;
  std::vector<consumers::EntryPlace> places;  // of the events so far: what #1, #2, ... name

 private:
  std::map<std::string, StoryLine> outputs_;
  std::map<std::string, std::string> ids_;
};

}  // namespace jangbu::testing
