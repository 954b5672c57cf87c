// What becomes of a record: appended, duplicate, conflict, rejected.
#include <gtest/gtest.h>

#include "ledger/node.h"
#include "ledger/rejected.h"
#include "tests/ledger/space_fixture.h"

namespace jangbu {
namespace {

using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::TestSpace;

Rejection rejection_at(const Node& node, const LedgerId& id, SequenceNumber number) {
  const auto stored = node.view(id)->entry(number);
  EXPECT_TRUE(stored);
  EXPECT_EQ(stored->entry.kind, EntryKind::rejected);
  const auto rejection = parse_rejection(stored->entry.body);
  EXPECT_TRUE(rejection) << to_string(rejection.error());
  return *rejection;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class Sequencing : public ::testing::Test {
 protected:
  void reopen() {
    node.reset();
    node = space.open();
    ASSERT_TRUE(node);
  }
  TestSpace space;
  std::unique_ptr<Node> node = space.open();
  const LedgerId hanbit = ledger("hanbit");
  const std::string event = heartbeat(hanbit, 1);
};

TEST_F(Sequencing, TheSameEventAgainChangesNothingAndGetsTheFirstPlace) {
  const auto first = put(*node, hanbit, event);
  ASSERT_TRUE(first);
  const auto root = node->view(hanbit)->root();
  for (const bool after_reopening : {false, true}) {
    if (after_reopening) reopen();
    const auto again = put(*node, hanbit, event);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->kind, Placement::Kind::duplicate);
    EXPECT_EQ(again->sequence, first->sequence);
    EXPECT_EQ(again->leaf, first->leaf);
    EXPECT_EQ(node->view(hanbit)->root(), root);
  }
}

TEST_F(Sequencing, EqualJsonWithOtherTracingIsADuplicateToo) {
  ASSERT_TRUE(put(*node, hanbit, event));
  for (const std::string& other :
       {replaced(event, R"({"specversion":"1.0",)", R"({ "specversion":"1.0", "sequence":"9",)"),
        replaced(event, R"(,"data")",
                 R"(,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","data")"),
        replaced(event, R"({"next":1,"backlog":0})", R"({"backlog":0,"next":1})")}) {
    const auto placed = put(*node, hanbit, other);
    ASSERT_TRUE(placed);
    EXPECT_EQ(placed->kind, Placement::Kind::duplicate) << other;
  }
}

TEST_F(Sequencing, OtherContentUnderTheSameSourceAndIdIsAConflictThatNamesTheFirst) {
  const auto first = put(*node, hanbit, event);
  const std::string other = heartbeat(hanbit, 1, "/gateway", 5);
  for (const bool after_reopening : {false, true}) {
    if (after_reopening) reopen();
    const auto placed = put(*node, hanbit, other);
    ASSERT_TRUE(placed);
    EXPECT_EQ(placed->kind, Placement::Kind::conflict);
    EXPECT_EQ(placed->first, first->sequence);
    const Rejection rejection = rejection_at(*node, hanbit, placed->sequence);
    EXPECT_EQ(rejection.reason, Code::conflict);
    EXPECT_EQ(rejection.first, first->sequence);
    EXPECT_EQ(rejection.digest, sha256(other));
    EXPECT_EQ(rejection.source, "/gateway");
  }
}

TEST_F(Sequencing, DuplicatesAndConflictsWithinOneCommitAreSeen) {
  const auto placed = put(*node, {Submission{hanbit, event, {}, false}, Submission{hanbit, event, {}, false},
                                  Submission{hanbit, heartbeat(hanbit, 1, "/gateway", 5), {}, false},
                                  Submission{hanbit, heartbeat(hanbit, 1, "/other"), {}, false}});
  EXPECT_EQ(placed[0]->kind, Placement::Kind::appended);
  EXPECT_EQ(placed[1]->kind, Placement::Kind::duplicate);
  EXPECT_EQ(placed[1]->sequence, placed[0]->sequence);
  EXPECT_EQ(placed[2]->kind, Placement::Kind::conflict);
  EXPECT_EQ(placed[3]->kind, Placement::Kind::appended);
  EXPECT_TRUE(audit(*node->view(hanbit)));
}

TEST_F(Sequencing, OnlyAcceptedEventsHoldADedupKey) {
  const std::string bad = replaced(event, R"("backlog":0)", R"("backlog":-1)");
  ASSERT_EQ(put(*node, hanbit, bad)->kind, Placement::Kind::rejected);
  EXPECT_EQ(node->view(hanbit)->find("/gateway", "00000000-0000-4000-8000-000000000001").value(), std::nullopt);
  const auto placed = put(*node, hanbit, event);
  EXPECT_EQ(placed->kind, Placement::Kind::appended);
  EXPECT_EQ(node->view(hanbit)->find("/gateway", "00000000-0000-4000-8000-000000000001").value(), placed->sequence);
}

TEST_F(Sequencing, ARejectedEntrySaysWhyAndNeverWhat) {
  struct Row {
    std::string record;
    Code reason;
    std::string pointer;
    bool source, digest;
  };
  const Row rows[] = {
      {"not json", Code::not_json, "", false, true},
      {replaced(event, R"("backlog":0)", R"("backlog":0.5)"), Code::bad_number, "/data", false, true},
      {replaced(event, R"("backlog":0)", R"("backlog":0,"kim chulsoo":1)"), Code::unknown_member, "/data", true, true},
      {replaced(event, R"("hanbit")", R"("nuri")"), Code::wrong_ledger, "/institution", true, true},
  };
  for (const Row& row : rows) {
    const auto placed = put(*node, hanbit, row.record);
    ASSERT_TRUE(placed);
    EXPECT_EQ(placed->kind, Placement::Kind::rejected) << row.record;
    EXPECT_FALSE(placed->errors.empty());
    const Rejection rejection = rejection_at(*node, hanbit, placed->sequence);
    EXPECT_EQ(rejection.reason, row.reason) << info(rejection.reason).name;
    if (row.reason != Code::wrong_ledger) {
      EXPECT_EQ(rejection.pointer, row.pointer);
    }
    EXPECT_EQ(rejection.length, row.record.size());
    EXPECT_EQ(rejection.digest.has_value(), row.digest);
    const auto stored = node->view(hanbit)->entry(placed->sequence);
    EXPECT_EQ(stored->entry.body.find("chulsoo"), std::string_view::npos);
  }
  EXPECT_TRUE(audit(*node->view(hanbit)));
}

TEST_F(Sequencing, ARecordWithADirectIdentifierLeavesNoDigest) {
  const std::string record = replaced(event, R"("/gateway")", R"("/gateway/010-1234-5678")");
  const auto placed = put(*node, hanbit, record);
  ASSERT_TRUE(placed);
  ASSERT_EQ(placed->kind, Placement::Kind::rejected);
  const Rejection rejection = rejection_at(*node, hanbit, placed->sequence);
  EXPECT_EQ(rejection.reason, Code::direct_identifier);
  EXPECT_FALSE(rejection.digest);
  EXPECT_FALSE(rejection.source);
}

TEST_F(Sequencing, ARecordThatClaimsToBeScreenedAndIsNoEventIsRejectedAllTheSame) {
  const auto placed = put(*node, {Submission{hanbit, "{}", {}, true}});
  ASSERT_TRUE(placed[0]);
  EXPECT_EQ(placed[0]->kind, Placement::Kind::rejected);
}

TEST_F(Sequencing, ASecondGenesisIsRejected) {
  const auto genesis = node->view(hanbit)->entry(SequenceNumber(0));
  const SigningKey coordinator = testing::read_key(space_key_path(space.directory(), KeyUse::coordinator));
  std::string again(genesis->entry.body);
  again = replaced(again, R"("format":1)", R"("format":2)");
  again = replaced(again, R"("id":")", R"("id":"0)");
  const auto placed = put(*node, hanbit, again, sign_event(coordinator, "medspace/hanbit", again));
  ASSERT_TRUE(placed) << to_string(placed.error());
  EXPECT_EQ(placed->kind, Placement::Kind::rejected);
  EXPECT_EQ(rejection_at(*node, hanbit, placed->sequence).reason, Code::already_exists);
}

class Ticking : public Sequencing {
 protected:
  Result<Placement> tick(std::string_view at, std::uint64_t hanbit_size, std::uint64_t number) {
    return clock_event("tick",
                       R"({"at":")" + std::string(at) + R"(","observed":[{"ledger":"hanbit","size":)" +
                           std::to_string(hanbit_size) + R"(,"root":"sha256:)" + std::string(64, 'a') + R"("}]})",
                       number, KeyUse::ticker);
  }
  Result<Placement> jump(std::string_view to, std::uint64_t number) {
    return clock_event("clock.jump", R"({"to":")" + std::string(to) + R"(","reason":"test"})", number,
                       KeyUse::coordinator);
  }

 private:
  Result<Placement> clock_event(std::string_view type, const std::string& data, std::uint64_t number, KeyUse use) {
    const LedgerId haneul = ledger("haneul");
    std::string bytes = R"({"specversion":"1.0","type":"kr.jangbu.)" + std::string(type) +
                        R"(.v1","source":"/ticker","id":"00000000-0000-4000-8000-0000000000)" +
                        std::to_string(10 + number) +
                        R"(","time":"2026-03-01T09:00:00Z","institution":"haneul","data":)" + data + "}";
    const SigningKey key = testing::read_key(space_key_path(space.directory(), use));
    const AuthorSignature signature = sign_event(key, "medspace/haneul", bytes);
    return put(*node, haneul, std::move(bytes), signature);
  }
};

TEST_F(Ticking, ATickComesAfterTheLastOneAndNotTooFarAhead) {
  struct Row {
    const char* at;
    std::uint64_t size;
    bool taken;
  };
  const Row rows[] = {
      {"2026-03-01T00:00:00Z", 6, true},      {"2026-03-01T00:00:00Z", 6, false},
      {"2026-02-28T23:59:59Z", 6, false},     {"2026-03-01T00:10:00.000000001Z", 6, false},
      {"2026-03-01T00:10:00Z", 7, true},      {"2026-03-01T00:10:01Z", 6, false},
      {"2026-03-01T09:10:02+09:00", 7, true},
  };
  std::uint64_t number = 0;
  for (const Row& row : rows) {
    if (number % 3 == 2) reopen();  // what ticks leave behind outlives the process
    const auto placed = tick(row.at, row.size, number++);
    ASSERT_TRUE(placed) << to_string(placed.error());
    EXPECT_EQ(placed->kind, row.taken ? Placement::Kind::appended : Placement::Kind::rejected)
        << row.at << (placed->errors.empty() ? "" : to_string(placed->errors[0]));
    if (!row.taken) {
      EXPECT_EQ(placed->errors.at(0).code, Code::tick_refused);
    }
  }
}

TEST_F(Ticking, AClockJumpAllowsAFarTick) {
  ASSERT_EQ(tick("2026-03-01T00:00:00Z", 6, 0)->kind, Placement::Kind::appended);
  ASSERT_EQ(tick("2026-03-02T00:00:00Z", 6, 1)->kind, Placement::Kind::rejected);
  const auto jumped = jump("2026-03-02T00:00:00Z", 2);
  ASSERT_EQ(jumped->kind, Placement::Kind::appended) << to_string(jumped->errors[0]);
  reopen();
  EXPECT_EQ(tick("2026-03-02T00:10:01Z", 6, 3)->kind, Placement::Kind::rejected);
  EXPECT_EQ(tick("2026-03-02T00:10:00Z", 6, 4)->kind, Placement::Kind::appended);
  EXPECT_EQ(tick("2026-03-02T00:20:01Z", 6, 5)->kind, Placement::Kind::rejected) << "a jump holds once";
}

}  // namespace
}  // namespace jangbu
