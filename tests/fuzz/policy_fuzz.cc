// A policy's document: refused with a place in it, or every number within its bounds and nothing left to a default.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "consumers/policy.h"
#include "schemas/invariant.h"
#include "schemas/strict_json.h"

namespace jangbu::consumers {
namespace {

void read(std::string_view document) {
  static const Policy kDefault = *parse_policy(default_policy_document());
  const auto policy = parse_policy(document);
  if (!policy) {
    const Error& error = policy.error();
    JANGBU_INVARIANT(error.code == Code::bad_policy && !error.what.empty(), to_string(error));
    JANGBU_INVARIANT(error.where.empty() || error.where.front() == '/', error.where);
    return;
  }
  // What two readers could take differently is no policy.
  JANGBU_INVARIANT(strict_errors(document, 1).empty(), "accepted, and not strict JSON");
  JANGBU_INVARIANT(policy->numbers.size() == kDefault.numbers.size(), std::to_string(policy->numbers.size()));
  for (const auto& [name, value] : policy->numbers) {
    JANGBU_INVARIANT(kDefault.numbers.contains(name) && value >= 0, name);
    const bool timed =
        name.ends_with("_seconds") || name.ends_with("_minutes") || name.ends_with("_hours") || name.ends_with("_days");
    if (timed) JANGBU_INVARIANT(policy->seconds(name) >= value, name);
  }
  JANGBU_INVARIANT(policy->p >= 0 && policy->p <= 10'000, std::to_string(policy->p));
  JANGBU_INVARIANT(policy->patients_per_hour.contains("default") && policy->patients_per_day.contains("default"), "");
}

}  // namespace
}  // namespace jangbu::consumers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  jangbu::consumers::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
