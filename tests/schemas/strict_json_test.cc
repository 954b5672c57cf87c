#include "schemas/strict_json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "schemas/bounds.h"

namespace jangbu {
namespace {

using namespace std::string_view_literals;

std::string first_error(std::string_view bytes) {
  StrictJson json;
  const std::vector<Error> errors = strict_errors(bytes, 64);
  EXPECT_EQ(json.parse(bytes).has_value(), errors.empty()) << bytes;
  return errors.empty() ? "" : std::string(info(errors.front().code).name) + " " + errors.front().where;
}

TEST(StrictJson, TakesWhatRfc8259Takes) {
  for (const char* text : {"{}", "[]", " \t\r\n{ } ", "null", "true", "0", "-1", "\"\"", R"("\"\\\/\b\f\n\r\t\u00e9")",
                           R"({"":{"":[]}})", "9007199254740991", "-9007199254740991", R"("\ud83d\ude00")", "[-10,0]",
                           "\"\x7f\"", "\"\xF4\x8F\xBF\xBF\"", R"(["-0", ", -0,", "a\\u0000"])"}) {
    EXPECT_EQ(first_error(text), "") << text;
  }
}

TEST(StrictJson, NamesThePlaceOfEachFault) {
  EXPECT_EQ(first_error(R"({"a":{"b":[0,{"c":1.5}]}})"), "bad_number /a/b/1/c");
  EXPECT_EQ(first_error(R"({"a/b":{"c~d":-0}})"), "bad_number /a~1b/c~0d");
  EXPECT_EQ(first_error("[ -0 ]"), "bad_number /0");
  EXPECT_EQ(first_error("[-0.0]"), "bad_number /0");
  EXPECT_EQ(first_error("-0"), "bad_number ");
  EXPECT_EQ(first_error("1E400"), "bad_number ");
  EXPECT_EQ(first_error("123456789012345678901234567890"), "bad_number ");
  EXPECT_EQ(first_error(R"({"a":1,"b":2,"a":3})"), "duplicate_key /a");
  EXPECT_EQ(first_error(R"({"a":1)"), "not_json ");
  EXPECT_EQ(first_error(R"({"a" 1})"), "not_json ");
  EXPECT_EQ(first_error(R"({a:1})"), "not_json ");
  EXPECT_EQ(first_error(R"(["\x"])"), "not_json /0");
  EXPECT_EQ(first_error(R"(["\u12g4"])"), "not_json /0");
  EXPECT_EQ(first_error("[1.]"), "not_json /0");
  EXPECT_EQ(first_error("[1e]"), "not_json /0");
  EXPECT_EQ(first_error("[tru]"), "not_json /0");
  EXPECT_EQ(first_error("[\"\xF4\x90\x80\x80\"]"), "bad_character /0");
  EXPECT_EQ(first_error(R"(["\ud800\u0041"])"), "bad_character /0");
}

TEST(StrictJson, ListsAllFaultsOfADocumentUpToTheLimit) {
  const std::string text = R"({"a":1.5,"b":[-0,"\u0000"],"a":2})";
  const std::vector<Error> errors = strict_errors(text, 64);
  ASSERT_EQ(errors.size(), 4U);
  EXPECT_EQ(errors[1].where, "/b/0");
  EXPECT_EQ(errors[2].where, "/b/1");
  EXPECT_EQ(errors[3].code, Code::duplicate_key);
  EXPECT_EQ(strict_errors(text, 2).size(), 2U);
}

TEST(StrictJson, BoundsTheDepth) {
  for (const std::size_t depth : {kJsonDepthMax - 1, kJsonDepthMax}) {
    EXPECT_EQ(first_error(std::string(depth, '[') + std::string(depth, ']')), "");
  }
  for (const std::size_t depth : {kJsonDepthMax + 1, std::size_t{64}, std::size_t{65}, std::size_t{30'000}}) {
    const std::string lists = std::string(depth, '[') + std::string(depth, ']');
    EXPECT_TRUE(first_error(lists).starts_with("too_deep ")) << depth;
    EXPECT_TRUE(first_error(std::string(depth, '[')).starts_with("too_deep ")) << depth;
  }
  std::string objects;
  for (std::size_t i = 0; i <= kJsonDepthMax; ++i) objects += R"({"a":)";
  EXPECT_TRUE(first_error(objects + "1" + std::string(kJsonDepthMax + 1, '}')).starts_with("too_deep "));
}

TEST(StrictJson, FindsANameThatStandsTwiceAmongThousands) {
  std::string text = "{";
  for (int i = 0; i < 3'000; ++i) text += "\"n" + std::to_string(i) + "\":0,";
  EXPECT_EQ(first_error(text + "\"m\":0}"), "");
  EXPECT_EQ(first_error(text + "\"n1234\":0}"), "duplicate_key /n1234");
}

TEST(StrictJson, TheFastAndTheSlowReadingAgreeOnMutations) {
  const std::uint64_t seed = 7;
  std::mt19937_64 random(seed);
  const std::string base =
      R"({"specversion":"1.0","id":"a-01","t":"2026-03-01T09:00:00+09:00","n":[0,-1,12,true,null],"o":{"a":"\u00e9\n","b":{}}})";
  constexpr std::string_view kChars = "{}[]:,\"\\u0019-+.eE tn\xC3\xA9\xED\xA0\x80\x1f\x00"sv;
  StrictJson json;
  int strict = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = base;
    for (std::size_t steps = 1 + random() % 3; steps > 0; --steps) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = kChars[random() % kChars.size()];
          break;
        case 1:
          text.insert(at, 1, kChars[random() % kChars.size()]);
          break;
        default:
          text.erase(at, 1);
      }
    }
    const bool fast = json.parse(text).has_value();
    ASSERT_EQ(fast, strict_errors(text, 1).empty()) << "seed " << seed << ": " << text;
    strict += fast ? 1 : 0;
  }
  EXPECT_GT(strict, 1'000);
}

}  // namespace
}  // namespace jangbu
