#include "ledger/rejected.h"

#include <gtest/gtest.h>

namespace jangbu {
namespace {

Rejection full() {
  Rejection rejection;
  rejection.reason = Code::conflict;
  rejection.length = 600;
  rejection.source = "/hanbit/emr \"x\"";
  rejection.sequence = 7;
  rejection.id_digest = sha256("id");
  rejection.digest = sha256("record");
  rejection.first = SequenceNumber(12);
  return rejection;
}

TEST(Rejected, HasItsMembersInOneOrderAndOneSpelling) {
  const std::string body = to_json(full());
  EXPECT_EQ(body, R"({"reason":"conflict","pointer":"","length":600,"source":"/hanbit/emr \"x\"","sequence":7,)"
                  R"("id_digest":")" +
                      digest_text(sha256("id")) + R"(","digest":")" + digest_text(sha256("record")) +
                      R"(","first":12})");
  const auto back = parse_rejection(body);
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(to_json(*back), body);
}

TEST(Rejected, RefusesAnyOtherSpelling) {
  const std::string body = to_json(full());
  EXPECT_FALSE(parse_rejection(""));
  EXPECT_FALSE(parse_rejection("{}"));
  EXPECT_FALSE(parse_rejection(" " + body));
  EXPECT_FALSE(parse_rejection(R"({"pointer":"","reason":"conflict","length":1})"));
  EXPECT_FALSE(parse_rejection(R"({"reason":"no_such_reason","pointer":"","length":1})"));
  EXPECT_FALSE(parse_rejection(R"({"reason":"conflict","pointer":"","length":1,"content":"x"})"));
  EXPECT_TRUE(parse_rejection(R"({"reason":"conflict","pointer":"","length":1})"));
}

TEST(Rejected, KeepsNoNameThatTheSenderChose) {
  const auto kept = [](Code code, const char* where) { return safe_pointer(Error{code, where, ""}); };
  EXPECT_EQ(kept(Code::unknown_member, "/data/kim chulsoo"), "/data");
  EXPECT_EQ(kept(Code::unknown_member, "/kim chulsoo"), "");
  EXPECT_EQ(kept(Code::bad_envelope, "/source"), "/source");
  EXPECT_EQ(kept(Code::bad_envelope, "/kim chulsoo"), "");
  EXPECT_EQ(kept(Code::duplicate_key, "/data/kim chulsoo/x"), "/data");
  EXPECT_EQ(kept(Code::bad_number, "/kim chulsoo/x"), "");
  EXPECT_EQ(kept(Code::not_json, ""), "");
  EXPECT_EQ(kept(Code::bad_value, "/data/outcome"), "/data/outcome");
}

}  // namespace
}  // namespace jangbu
