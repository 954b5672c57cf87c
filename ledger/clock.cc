// The clocks of clock.h.
#include "ledger/clock.h"

namespace jangbu {

std::int64_t SystemClock::wall_milliseconds() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::chrono::steady_clock::time_point SystemClock::steady() const { return std::chrono::steady_clock::now(); }

}  // namespace jangbu
