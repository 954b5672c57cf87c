// Clocks and random bytes, passed in wherever they are needed, so that tests hold them in their hands.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

namespace jangbu {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01T00:00:00Z: a claim, for received times and ticks.
  [[nodiscard]] virtual std::int64_t wall_milliseconds() const = 0;
  // For time-outs only; never goes back.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;
};

// The machine's.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_milliseconds() const override;
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override;
};

// Stands still until told, by any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_ms) : wall_ms_(wall_ms) {}
  [[nodiscard]] std::int64_t wall_milliseconds() const override { return wall_ms_; }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(wall_ms_));
  }
  void set_wall_milliseconds(std::int64_t wall_ms) { wall_ms_ = wall_ms; }

 private:
  std::atomic<std::int64_t> wall_ms_;
};

}  // namespace jangbu
