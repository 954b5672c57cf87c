// A dry run of the checks over a node's ledgers, in memory, from the first tick on: what they conclude beside what the
// ledgers hold. For `jangbu replay --checks`. One thread; nothing is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "ledger/clock.h"
#include "schemas/error.h"

namespace jangbu::tools {

struct CheckDifference {
  bool computed = false;  // computed and not ledgered; else the other way round, or with other bytes
  std::string checks;     // "shared", "hanbit.patients"
  std::string where;      // ledger and id, or place
  std::string what;
};

struct CheckReplay {
  std::uint64_t ticks = 0, entries = 0, confirmed = 0;
  std::vector<CheckDifference> differences;
  std::vector<std::string> notes;  // where a timeline could not go on, and why
};

// `said` is told the ticks so far. Errors: those of Node::open and of a ledger that cannot be read; shutting_down.
[[nodiscard]] Result<CheckReplay> replay_checks(const std::filesystem::path& directory, const Clock& clock,
                                                const std::stop_token& stop,
                                                const std::function<void(std::uint64_t)>& said);

}  // namespace jangbu::tools
