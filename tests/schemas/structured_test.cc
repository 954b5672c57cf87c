// Binary mode's one structured form.
#include "schemas/structured.h"

#include <gtest/gtest.h>

namespace jangbu {
namespace {

TEST(Structured, WritesMembersInTheOneOrder) {
  const std::vector<BinaryAttribute> attributes = {{"institution", "hanbit"},
                                                   {"type", "kr.jangbu.x.v1"},
                                                   {"datacontenttype", "application/json"},
                                                   {"traceparent", "00"},
                                                   {"id", "1"},
                                                   {"source", "/a\"b\\c\x01\xea\xb0\x80"},
                                                   {"specversion", "1.0"},
                                                   {"ledger", "hanbit"},
                                                   {"time", "2026-03-02T09:15:00+09:00"}};
  EXPECT_EQ(
      structured_form(attributes, "{ \"a\" : 1 }").value(),
      "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/"
      "a\\\"b\\\\c\\u0001\xea\xb0\x80\",\"type\":\"kr.jangbu.x.v1\","
      "\"time\":\"2026-03-02T09:15:00+09:00\",\"datacontenttype\":\"application/json\",\"institution\":\"hanbit\","
      "\"ledger\":\"hanbit\",\"traceparent\":\"00\",\"data\":{ \"a\" : 1 }}");
}

TEST(Structured, DataCannotReachOutOfItsMember) {
  const std::vector<BinaryAttribute> attributes = {{"id", "1"}};
  for (const char* data : {"{},\"institution\":\"other\"", "{}}", "{", "{}{}", "1,2", "\"open", "{\"a\":}"}) {
    const auto form = structured_form(attributes, data);
    ASSERT_FALSE(form) << data;
    EXPECT_EQ(form.error().code, Code::not_json);
    EXPECT_EQ(form.error().where, "/data");
  }
  EXPECT_EQ(structured_form(attributes, "").value(), "{\"id\":\"1\"}");
}

TEST(Structured, AnAttributeTwiceOrMisnamedIsRefused) {
  EXPECT_FALSE(structured_form(std::vector<BinaryAttribute>{{"id", "1"}, {"id", "2"}}, ""));
  for (const char* name : {"", "data", "ID", "a-b", "a b", "\"", "id\xc3\xa9"}) {
    EXPECT_FALSE(structured_form(std::vector<BinaryAttribute>{{name, "1"}}, "")) << name;
  }
}

}  // namespace
}  // namespace jangbu
