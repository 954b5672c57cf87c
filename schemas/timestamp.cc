#include "schemas/timestamp.h"

#include <cstdio>

namespace jangbu {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, and back: Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms". Eras of 400 years that begin on 1 March put the leap day last.
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

struct Date {
  int year, month, day;
};

constexpr Date civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0)), month, day};
}

static_assert(days_from_civil(1970, 1, 1) == 0 && days_from_civil(2000, 3, 1) == 11'017);
static_assert(days_from_civil(1, 1, 1) * kDaySeconds == kFirstSecond);
static_assert((days_from_civil(9999, 12, 31) + 1) * kDaySeconds - 1 == kLastSecond);

constexpr int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Division that rounds toward minus infinity.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Two or four digits at `at`; -1 where they are not digits.
int number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

Timestamp Timestamp::from_milliseconds(std::int64_t ms) {
  const std::int64_t seconds = floor_div(ms, 1000);
  return {seconds, static_cast<std::int32_t>(ms - seconds * 1000) * 1'000'000};
}

std::optional<Timestamp> read_timestamp(std::string_view text) {
  constexpr std::size_t kFixed = 19;  // YYYY-MM-DDTHH:MM:SS
  if (text.size() <= kFixed) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const int year = number(text, 0, 4);
  const int month = number(text, 5, 2);
  const int day = number(text, 8, 2);
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = number(text, 17, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;

  std::size_t at = kFixed;
  std::int32_t nanos = 0;
  if (text[at] == '.') {
    ++at;
    std::int32_t scale = 100'000'000;
    const std::size_t first = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (at - first == 9) return std::nullopt;
      nanos += (text[at] - '0') * scale;
      scale /= 10;
    }
    if (at == first) return std::nullopt;
  }

  std::int64_t offset = 0;
  const std::string_view zone = text.substr(at);
  if (zone != "Z") {
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
    const int hours = number(zone, 1, 2);
    const int minutes = number(zone, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    offset = std::int64_t{hours} * 3600 + std::int64_t{minutes} * 60;
    // RFC 3339 4.3: "-00:00" says that the local offset is unknown, which is not an offset.
    if (zone[0] == '-' && offset == 0) return std::nullopt;
    if (zone[0] == '-') offset = -offset;
  }

  const std::int64_t seconds = days_from_civil(year, month, day) * kDaySeconds + std::int64_t{hour} * 3600 +
                               std::int64_t{minute} * 60 + second - offset;
  if (seconds < kFirstSecond || seconds > kLastSecond) return std::nullopt;
  return Timestamp{seconds, nanos};
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  if (const std::optional<Timestamp> time = read_timestamp(text)) return *time;
  return fail(Code::bad_time, "", "expected an RFC 3339 time with an offset, such as 2026-03-01T09:00:00+09:00");
}

std::string to_string(Timestamp time) {
  const std::int64_t days = floor_div(time.seconds, kDaySeconds);
  const Date date = civil_from_days(days);
  const int of_day = static_cast<int>(time.seconds - days * kDaySeconds);
  char buffer[80];
  int length = std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month, date.day,
                             of_day / 3600, of_day / 60 % 60, of_day % 60);
  std::string text(buffer, static_cast<std::size_t>(length));
  if (time.nanos != 0) {
    int digits = 9;
    std::int32_t fraction = time.nanos;
    while (fraction % 1000 == 0) {
      fraction /= 1000;
      digits -= 3;
    }
    length = std::snprintf(buffer, sizeof buffer, ".%0*d", digits, fraction);
    text.append(buffer, static_cast<std::size_t>(length));
  }
  return text.append("Z");
}

CivilTime civil(Timestamp time, std::int32_t offset_seconds) {
  const std::int64_t local = time.seconds + offset_seconds;
  const std::int64_t days = floor_div(local, kDaySeconds);
  const Date date = civil_from_days(days);
  const int of_day = static_cast<int>(local - days * kDaySeconds);
  // 1970-01-01 was a Thursday.
  const int weekday = static_cast<int>(days + 3 - floor_div(days + 3, 7) * 7);
  return {date.year, date.month, date.day, of_day / 3600, of_day / 60 % 60, of_day % 60, weekday};
}

Timestamp from_civil(int year, int month, int day, std::int32_t offset_seconds) {
  return {days_from_civil(year, month, day) * kDaySeconds - offset_seconds, 0};
}

}  // namespace jangbu
