#include "schemas/identifiers.h"

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <sstream>

#include "tests/support/shared_files.h"

namespace jangbu {
namespace {

std::string word(std::string_view text, std::optional<Timestamp> time = std::nullopt) {
  const std::optional<IdentifierKind> found = find_direct_identifier(text, time);
  return found ? std::string(name(*found)) : "";
}

// Rows of "kind, event time, text"; kind "-" for what is no identifier.
TEST(Identifiers, MeetTheirBoundsOnTheLabelledCorpus) {
  const std::map<std::string, IdentifierKind> kinds = {{"resident", IdentifierKind::resident_number},
                                                       {"foreigner", IdentifierKind::foreigner_number},
                                                       {"phone", IdentifierKind::phone},
                                                       {"email", IdentifierKind::email},
                                                       {"passport", IdentifierKind::passport},
                                                       {"card", IdentifierKind::card}};
  struct Count {
    int rows = 0;
    int found = 0;
  };
  std::map<std::string, Count> counts;
  std::istringstream rows(
      testing::read_file(std::filesystem::path(JANGBU_SOURCE_DIR) / "tests/schemas/identifiers_corpus.tsv"));
  for (std::string row; std::getline(rows, row);) {
    if (row.empty() || row[0] == '#') continue;
    const std::size_t first = row.find('\t');
    const std::size_t second = row.find('\t', first + 1);
    ASSERT_NE(second, std::string::npos) << row;
    const std::string kind = row.substr(0, first);
    const std::optional<Timestamp> time = read_timestamp(row.substr(first + 1, second - first - 1));
    ASSERT_TRUE(time) << row;
    const std::string text = row.substr(second + 1);
    const std::optional<IdentifierKind> found = find_direct_identifier(text, time);
    Count& count = counts[kind];
    ++count.rows;
    if (kind == "-") {
      if (found) std::cout << "  false alarm, " << name(*found) << ": " << text << "\n";
      count.found += found ? 1 : 0;
    } else {
      ASSERT_TRUE(kinds.contains(kind)) << row;
      if (!found) std::cout << "  missed, " << kind << ": " << text << "\n";
      if (found) {
        EXPECT_EQ(name(*found), name(kinds.at(kind))) << text;
      }
      count.found += found ? 1 : 0;
    }
  }
  Count identifiers;
  for (const auto& [kind, count] : counts) {
    const double rate = 100.0 * count.found / count.rows;
    std::cout << (kind == "-" ? "false alarms" : kind) << ": " << count.found << " of " << count.rows << " (" << rate
              << " %)\n";
    if (kind == "-") continue;
    identifiers.rows += count.rows;
    identifiers.found += count.found;
    EXPECT_GE(rate, 95.0) << kind;
  }
  std::cout << "detected: " << identifiers.found << " of " << identifiers.rows << "\n";
  ASSERT_GE(identifiers.rows, 250);
  ASSERT_GE(counts["-"].rows, 300);
  EXPECT_GE(identifiers.found * 100, identifiers.rows * 98);
  EXPECT_LE(counts["-"].found * 100, counts["-"].rows);
}

TEST(Identifiers, AsksForTheCheckDigitOfOlderNumbersOnly) {
  EXPECT_EQ(word("900101-1234568"), "resident registration number");
  for (const char last : std::string("012345679")) EXPECT_EQ(word(std::string("900101-123456") + last), "");
  for (const char last : std::string("0123456789")) {
    EXPECT_EQ(word(std::string("210301-312345") + last), "resident registration number");
  }
  EXPECT_EQ(word("200904-3123456"), "");  // born before the reform's month, and the check digit is wrong
}

TEST(Identifiers, TakesNoBirthAfterTheEvent) {
  const std::optional<Timestamp> time = read_timestamp("2026-03-01T00:00:00Z");
  EXPECT_EQ(word("260301-3123456", time), "resident registration number");
  EXPECT_EQ(word("260303-3123456", time), "");
}

TEST(Identifiers, TakesAClockNearTheEventsOwnForAClock) {
  // Every ten minutes of the months in which milliseconds read like the births of 2018.
  int like_births = 0;
  for (std::int64_t seconds = 1'801'000'000; seconds < 1'813'000'000; seconds += 600) {
    const std::string clock = std::to_string(seconds * 1000 + seconds % 1000);
    ASSERT_EQ(word(clock, Timestamp{seconds, 0}), "") << clock;
    ASSERT_EQ(word("ev-" + clock, Timestamp{seconds + 30 * 86'400, 0}), "") << clock;
    if (!word(clock).empty()) ++like_births;
  }
  EXPECT_GT(like_births, 0);  // so the rule is needed
  // With a separator it is no clock, nor without one in another year.
  EXPECT_EQ(word("180315-3123457", Timestamp{1'803'153'123, 0}), "resident registration number");
  EXPECT_EQ(word("1803153123457", Timestamp{1'803'153'123, 0}), "");
  EXPECT_EQ(word("1803153123457", Timestamp{1'763'000'000, 0}), "resident registration number");
}

TEST(Identifiers, LeavesDigitsOfRandomNumbersAlone) {
  const std::uint64_t seed = 1;
  std::mt19937_64 random(seed);
  constexpr int kRounds = 200'000;
  int alarms = 0;
  for (int i = 0; i < kRounds; ++i) {
    char uuid[40];
    const std::uint64_t a = random();
    const std::uint64_t b = random();
    std::snprintf(uuid, sizeof uuid, "%08x-%04x-4%03x-%04x-%012llx", static_cast<unsigned>(a >> 32),
                  static_cast<unsigned>(a >> 16 & 0xffff), static_cast<unsigned>(a & 0xfff),
                  static_cast<unsigned>(b >> 48), static_cast<unsigned long long>(b & 0xffffffffffff));
    if (!word(uuid).empty()) ++alarms;
  }
  EXPECT_EQ(alarms, 0) << "seed " << seed;
}

TEST(Identifiers, EndsOnAnyBytes) {
  const std::uint64_t seed = 2;
  std::mt19937_64 random(seed);
  constexpr std::string_view kChars = "0123456789-+. )(@MSaz/\xEF\xBC\x91\xE2\x80\x93";
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::size_t length = random() % 40; length > 0; --length) text.push_back(kChars[random() % kChars.size()]);
    (void)find_direct_identifier(text, std::nullopt);
  }
}

}  // namespace
}  // namespace jangbu
