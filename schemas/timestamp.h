// Timestamp: an RFC 3339 instant, exact to the nanosecond, as events state it. The screen, the checks and the
// projections compare these; nothing here reads a clock.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/error.h"

namespace jangbu {

struct Timestamp {
  std::int64_t seconds = 0;  // since 1970-01-01T00:00:00Z, without leap seconds
  std::int32_t nanos = 0;    // 0 to 999,999,999

  auto operator<=>(const Timestamp&) const = default;

  [[nodiscard]] Timestamp plus_seconds(std::int64_t delta) const { return {seconds + delta, nanos}; }
  // Rounds toward minus infinity.
  [[nodiscard]] std::int64_t milliseconds() const { return seconds * 1000 + nanos / 1'000'000; }
  [[nodiscard]] static Timestamp from_milliseconds(std::int64_t ms);
};

// RFC 3339 date-time with an offset, years 0001 to 9999; upper case T and Z; at most 9 fraction digits; no ":60", no
// "24:00", no "-00:00". Error: bad_time, `where` empty.
// An instant that falls outside these years in UTC is refused too, so that every accepted one has a spelling.
[[nodiscard]] Result<Timestamp> parse_timestamp(std::string_view text);
// The same without words, for the screen's walk.
[[nodiscard]] std::optional<Timestamp> read_timestamp(std::string_view text);

// "2026-03-01T09:00:00Z", with as many fraction digits as needed (none, 3, 6 or 9). One spelling for each instant.
[[nodiscard]] std::string to_string(Timestamp time);

// Civil date and time of day in a zone given by its fixed offset, for calendars (Asia/Seoul: 32,400).
struct CivilTime {
  int year, month, day;      // month and day from 1
  int hour, minute, second;  // of day
  int weekday;               // 0 Monday to 6 Sunday
};
[[nodiscard]] CivilTime civil(Timestamp time, std::int32_t offset_seconds);
[[nodiscard]] Timestamp from_civil(int year, int month, int day, std::int32_t offset_seconds);

}  // namespace jangbu
