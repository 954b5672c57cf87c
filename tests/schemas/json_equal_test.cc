#include "schemas/json_equal.h"

#include <gtest/gtest.h>

namespace jangbu {
namespace {

TEST(JsonEqual, LeavesOrderSpaceAndEscapesAside) {
  EXPECT_TRUE(
      equal_as_events(R"({"a":1,"b":{"c":[1,2],"d":"x"}})", R"( { "b" : {"d":"\u0078","c":[ 1,2 ]} , "\u0061":1})"));
  EXPECT_TRUE(equal_as_events(R"({"a":"\ud83d\ude00"})", "{\"a\":\"\xF0\x9F\x98\x80\"}"));
  EXPECT_TRUE(equal_as_events("{}", " {}\n"));
}

TEST(JsonEqual, SeesEveryDifferenceOfValue) {
  const char* values[] = {R"({})",          R"({"a":1})",       R"({"a":2})",       R"({"a":"1"})", R"({"a":true})",
                          R"({"a":false})", R"({"a":null})",    R"({"a":[]})",      R"({"a":{}})",  R"({"a":[1,2]})",
                          R"({"a":[2,1]})", R"({"a":[[1],2]})", R"({"a":[1,[2]]})", R"({"b":1})",   R"({"a":1,"b":1})",
                          R"({"a":"1:"})",  R"({"a":{"a":1}})", R"({"a":-1})",      R"({"a":""})"};
  for (const char* a : values) {
    for (const char* b : values) EXPECT_EQ(equal_as_events(a, b), a == b) << a << " and " << b;
  }
}

TEST(JsonEqual, LeavesThreeAttributesAsideAndNoMembersOfData) {
  EXPECT_TRUE(equal_as_events(R"({"a":1,"sequence":"4"})", R"({"a":1,"traceparent":"x","tracestate":"y"})"));
  EXPECT_FALSE(equal_as_events(R"({"data":{"sequence":4}})", R"({"data":{"sequence":5}})"));
  EXPECT_FALSE(equal_as_events(R"({"a":1,"sequencetype":"Integer"})", R"({"a":1})"));
}

TEST(JsonEqual, FindsNothingEqualToWhatIsNoObject) {
  EXPECT_FALSE(equal_as_events("[1]", "[1]"));
  EXPECT_FALSE(equal_as_events("{", "{"));
  EXPECT_FALSE(equal_as_events("", ""));
}

}  // namespace
}  // namespace jangbu
