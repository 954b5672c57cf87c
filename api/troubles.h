// Troubles: the parts of a serving node that stand still, or wait for something, while the rest goes on: checks, ticks,
// projections. Their threads report them here; /readyz lists them, and the program says each once. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/error.h"

namespace jangbu::api {

class Troubles {
 public:
  // Whether that is news: the part had none, or another one.
  bool report(std::string_view part, const Error& why);
  // Whether the part had one.
  bool clear(std::string_view part);
  [[nodiscard]] std::vector<std::pair<std::string, Error>> all() const;

  // Ledgered conclusions that are not what the checks compute (ops/RUNBOOK.md, "A conclusion differs").
  void count_alarm();
  [[nodiscard]] std::uint64_t alarms() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Error, std::less<>> parts_;
  std::uint64_t alarms_ = 0;
};

}  // namespace jangbu::api
