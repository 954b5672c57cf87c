#include "schemas/timestamp.h"

#include <gtest/gtest.h>

namespace jangbu {
namespace {

TEST(Timestamp, ReadsTheExamplesOfRfc3339) {
  EXPECT_EQ(read_timestamp("1985-04-12T23:20:50.52Z"), (Timestamp{482'196'050, 520'000'000}));
  EXPECT_EQ(read_timestamp("1996-12-19T16:39:57-08:00"), (Timestamp{851'042'397, 0}));
  EXPECT_EQ(read_timestamp("1937-01-01T12:00:27.87+00:20"), (Timestamp{-1'041'337'173, 870'000'000}));
}

TEST(Timestamp, TakesOnlyDatesThatExist) {
  EXPECT_TRUE(read_timestamp("2024-02-29T00:00:00Z"));
  EXPECT_TRUE(read_timestamp("2000-02-29T00:00:00Z"));
  for (const char* text : {"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-02-30T00:00:00Z",
                           "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
                           "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "0000-01-01T00:00:00Z"}) {
    EXPECT_FALSE(read_timestamp(text)) << text;
  }
}

TEST(Timestamp, RefusesWhatTwoReadersCouldTakeDifferently) {
  for (const char* text : {"",
                           "2026-03-01",
                           "2026-03-01T09:00:00",
                           "2026-03-01T09:00Z",
                           "2026-03-01t09:00:00Z",
                           "2026-03-01T09:00:00z",
                           "2026-03-01 09:00:00Z",
                           "2026-03-01T24:00:00Z",
                           "2026-03-01T23:59:60Z",
                           "2026-12-31T23:59:60Z",
                           "2026-03-01T09:60:00Z",
                           "2026-03-01T09:00:00-00:00",
                           "2026-03-01T09:00:00+24:00",
                           "2026-03-01T09:00:00+09:60",
                           "2026-03-01T09:00:00+0900",
                           "2026-03-01T09:00:00+09",
                           "2026-03-01T09:00:00.Z",
                           "2026-03-01T09:00:00.1234567890Z",
                           "2026-03-01T09:00:00,5Z",
                           "2026-03-01T09:00:00Z ",
                           " 2026-03-01T09:00:00Z",
                           "+2026-03-01T09:00:00Z",
                           "12026-03-01T09:00:00Z",
                           "2026-3-01T09:00:00Z",
                           "20260301T090000Z",
                           "2026-03-01T09:00:00+09:00:00",
                           "2026-03-01T-9:00:00Z",
                           "2026-03-01T09:00:00.5"}) {
    EXPECT_FALSE(read_timestamp(text)) << text;
    const Result<Timestamp> parsed = parse_timestamp(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Code::bad_time);
  }
}

TEST(Timestamp, RefusesInstantsOutsideTheYearsThatCanBeWritten) {
  EXPECT_TRUE(read_timestamp("0001-01-01T00:00:00Z"));
  EXPECT_FALSE(read_timestamp("0001-01-01T00:00:00+00:01"));
  EXPECT_TRUE(read_timestamp("9999-12-31T23:59:59.999999999Z"));
  EXPECT_FALSE(read_timestamp("9999-12-31T23:59:59-00:01"));
}

TEST(Timestamp, ComparesExactlyAcrossOffsetsAndFractions) {
  EXPECT_EQ(read_timestamp("2026-03-01T09:00:00+09:00"), read_timestamp("2026-03-01T00:00:00Z"));
  EXPECT_EQ(read_timestamp("2026-03-01T00:00:00.5Z"), read_timestamp("2026-03-01T00:00:00.500000000Z"));
  EXPECT_LT(*read_timestamp("2026-03-01T00:00:00.999999998Z"), *read_timestamp("2026-03-01T00:00:00.999999999Z"));
  EXPECT_LT(*read_timestamp("2026-03-01T00:00:00+00:01"), *read_timestamp("2026-03-01T00:00:00Z"));
}

TEST(Timestamp, HasOneSpellingForEachInstant) {
  for (const char* text : {"2026-03-01T09:00:00Z", "2026-03-01T09:00:00.100Z", "2026-03-01T09:00:00.000100Z",
                           "2026-03-01T09:00:00.000000001Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z"}) {
    EXPECT_EQ(to_string(*read_timestamp(text)), text);
  }
  EXPECT_EQ(to_string(*read_timestamp("2026-03-01T09:00:00.1+09:00")), "2026-03-01T00:00:00.100Z");
}

TEST(Timestamp, ConvertsMillisecondsTowardsMinusInfinity) {
  EXPECT_EQ(Timestamp::from_milliseconds(1'500), (Timestamp{1, 500'000'000}));
  EXPECT_EQ(Timestamp::from_milliseconds(-1), (Timestamp{-1, 999'000'000}));
  EXPECT_EQ((Timestamp{-1, 999'999'999}).milliseconds(), -1);
  for (const std::int64_t ms : {-62'135'596'800'000L, -1'001L, 0L, 1'772'323'200'123L}) {
    EXPECT_EQ(Timestamp::from_milliseconds(ms).milliseconds(), ms);
  }
}

TEST(Timestamp, AgreesWithTheCalendarOnEveryDayOfFourCenturies) {
  int weekday = 5;  // 1600-01-01 was a Saturday
  Timestamp day = from_civil(1600, 1, 1, 0);
  for (int year = 1600; year < 2000; ++year) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; ++month) {
      for (int date = 1; date <= lengths[month - 1]; ++date) {
        const CivilTime seen = civil(day, 0);
        ASSERT_EQ(std::tuple(seen.year, seen.month, seen.day, seen.weekday), std::tuple(year, month, date, weekday));
        ASSERT_EQ(from_civil(year, month, date, 0), day);
        day = day.plus_seconds(86'400);
        weekday = (weekday + 1) % 7;
      }
    }
  }
}

TEST(Timestamp, GivesTheDayOfAZone) {
  const CivilTime seoul = civil(*read_timestamp("2026-02-28T15:30:10Z"), 32'400);
  EXPECT_EQ(std::tuple(seoul.year, seoul.month, seoul.day), std::tuple(2026, 3, 1));
  EXPECT_EQ(std::tuple(seoul.hour, seoul.minute, seoul.second, seoul.weekday), std::tuple(0, 30, 10, 6));
  EXPECT_EQ(to_string(from_civil(2026, 3, 1, 32'400)), "2026-02-28T15:00:00Z");
}

}  // namespace
}  // namespace jangbu
