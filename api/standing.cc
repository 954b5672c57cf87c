#include "api/standing.h"

#include <utility>

namespace jangbu::api {

void Standings::report(CheckStanding standing) {
  const std::lock_guard lock(mutex_);
  std::string name = standing.check;
  checks_.insert_or_assign(std::move(name), std::move(standing));
}

void Standings::forget_checks() {
  const std::lock_guard lock(mutex_);
  checks_.clear();
}

std::vector<CheckStanding> Standings::checks() const {
  const std::lock_guard lock(mutex_);
  std::vector<CheckStanding> out;
  out.reserve(checks_.size());
  for (const auto& [name, standing] : checks_) out.push_back(standing);
  return out;
}

void Standings::attach_kafka(std::function<KafkaStanding()> ask) {
  const std::lock_guard lock(mutex_);
  kafka_ = std::move(ask);
}

std::optional<KafkaStanding> Standings::kafka() const {
  const std::lock_guard lock(mutex_);
  if (!kafka_) return std::nullopt;
  return kafka_();
}

}  // namespace jangbu::api
