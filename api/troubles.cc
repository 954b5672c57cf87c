#include "api/troubles.h"

namespace jangbu::api {

bool Troubles::report(std::string_view part, const Error& why) {
  const std::lock_guard lock(mutex_);
  const auto known = parts_.find(part);
  if (known != parts_.end() && known->second.code == why.code && known->second.where == why.where &&
      known->second.what == why.what) {
    return false;
  }
  parts_.insert_or_assign(std::string(part), why);
  return true;
}

bool Troubles::clear(std::string_view part) {
  const std::lock_guard lock(mutex_);
  const auto known = parts_.find(part);
  if (known == parts_.end()) return false;
  parts_.erase(known);
  return true;
}

std::vector<std::pair<std::string, Error>> Troubles::all() const {
  const std::lock_guard lock(mutex_);
  return {parts_.begin(), parts_.end()};
}

void Troubles::count_alarm() {
  const std::lock_guard lock(mutex_);
  ++alarms_;
}

std::uint64_t Troubles::alarms() const {
  const std::lock_guard lock(mutex_);
  return alarms_;
}

}  // namespace jangbu::api
