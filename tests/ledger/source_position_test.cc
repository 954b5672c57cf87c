// Records that have their place already: what becomes of them, of a ledger that moves, and of one that is stopped.
#include <gtest/gtest.h>

#include "ledger/node.h"
#include "ledger/rejected.h"
#include "tests/ledger/space_fixture.h"

namespace jangbu {
namespace {

using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::read_key;
using testing::TestSpace;

class FromATopic : public ::testing::Test {
 protected:
  Submission at(std::string event, std::uint64_t generation, std::uint64_t offset,
                std::optional<AuthorSignature> signature = std::nullopt) const {
    Submission submission{hanbit, std::move(event), std::move(signature), false};
    submission.source = SourcePosition{Generation(generation), Offset(offset), 1'772'000'000'000};
    return submission;
  }
  // Signed by the coordinating body; `size` and `root` as the ledger has them, unless told.
  Submission moved(std::uint64_t generation, std::uint64_t named, std::optional<std::uint64_t> size = std::nullopt,
                   bool is_signed = true) {
    const LedgerView view = *node->view(hanbit);
    const std::string event =
        R"({"specversion":"1.0","type":"kr.jangbu.ledger.moved.v1","source":"/haneul/office","id":"moved-)" +
        std::to_string(++moves) +
        R"(-b70a5263-3bbc-47a2-b53a-49d705727c78","time":"2026-03-02T09:15:00+09:00","institution":"hanbit",)"
        R"("ledger":"hanbit","data":{"generation":)" +
        std::to_string(named) + R"(,"cluster":"kf-1","after":{"size":)" +
        std::to_string(size.value_or(view.size().value())) + R"(,"root":")" + digest_text(view.root()) + "\"}}}";
    std::optional<AuthorSignature> signature;
    if (is_signed) {
      signature =
          sign_event(read_key(space_key_path(space.directory(), KeyUse::coordinator)), "medspace/hanbit", event);
    }
    return at(event, generation, 0, std::move(signature));
  }
  Result<Placement> one(Submission submission) {
    std::vector<Submission> all;
    all.push_back(std::move(submission));
    return put(*node, std::move(all)).front();
  }

  TestSpace space;
  std::unique_ptr<Node> node = space.open();
  const LedgerId hanbit = ledger("hanbit");
  unsigned moves = 0;
};

TEST_F(FromATopic, AMovedLedgerGoesOnAtTheTopicsPlaces) {
  const std::uint64_t size = node->view(hanbit)->size().value();
  ASSERT_TRUE(one(moved(1, 1)));
  const auto placed = one(at(heartbeat(hanbit, 1), 1, 7));
  ASSERT_TRUE(placed) << to_string(placed.error());
  EXPECT_EQ(placed->sequence.value(), size + 1);
  for (const bool after_reopening : {false, true}) {
    if (after_reopening) {
      node.reset();
      node = space.open();
    }
    const auto stored = node->view(hanbit)->entry(placed->sequence);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->entry.generation, Generation(1));
    EXPECT_EQ(stored->entry.offset, Offset(7));
    EXPECT_EQ(stored->entry.received_ms, 1'772'000'000'000);
  }
  // After a start the generation is known, so that the next one is told from it.
  EXPECT_TRUE(one(at(heartbeat(hanbit, 2), 1, 8)));
  EXPECT_EQ(one(at(heartbeat(hanbit, 3), 2, 0)).error().code, Code::kafka_other_record);
}

TEST_F(FromATopic, ANewGenerationBeginsWithTheMoveOfThisVeryLedger) {
  const Hash root = node->view(hanbit)->root();
  const auto refused = [&](Submission submission) {
    EXPECT_EQ(one(std::move(submission)).error().code, Code::kafka_other_record);
    EXPECT_EQ(node->view(hanbit)->root(), root);
    // Stopped until it is opened again, and no other ledger with it.
    ASSERT_TRUE(node->ledger_stopped(hanbit));
    EXPECT_EQ(one(moved(1, 1)).error().code, Code::ledger_stopped);
    EXPECT_TRUE(put(*node, ledger("nuri"), heartbeat(ledger("nuri"), moves)));
    node.reset();
    node = space.open();
    EXPECT_FALSE(node->ledger_stopped(hanbit));
  };
  refused(at(heartbeat(hanbit, 1), 1, 0));
  refused(at("no event at all", 1, 0));
  refused(moved(1, 2));
  refused(moved(2, 2));
  refused(moved(1, 1, 3));
  refused(moved(1, 1, std::nullopt, false));
  EXPECT_TRUE(one(moved(1, 1)));
}

TEST_F(FromATopic, NothingBehindARecordThatBecameNothingIsLedgered) {
  const TreeSize size = node->view(hanbit)->size();
  std::vector<Submission> records;
  records.push_back(at(heartbeat(hanbit, 1), 1, 0));
  records.push_back(moved(1, 1));
  records.push_back(at(heartbeat(hanbit, 2), 1, 2));
  const auto placed = put(*node, std::move(records));
  EXPECT_EQ(placed[0].error().code, Code::kafka_other_record);
  EXPECT_EQ(placed[1].error().code, Code::ledger_stopped);
  EXPECT_EQ(placed[2].error().code, Code::ledger_stopped);
  EXPECT_EQ(node->view(hanbit)->size(), size);
}

TEST_F(FromATopic, AMoveThatIsNoTopicsFirstRecordIsRejected) {
  Submission embedded = moved(0, 1);
  embedded.source.reset();
  auto placed = one(std::move(embedded));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->kind, Placement::Kind::rejected);
  ASSERT_TRUE(one(moved(1, 1)));
  placed = one(moved(1, 2));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->kind, Placement::Kind::rejected);
}

TEST_F(FromATopic, WhatIsWrongBesideTheEventIsTheReasonOfItsRejection) {
  ASSERT_TRUE(one(moved(1, 1)));
  Submission submission = at(heartbeat(hanbit, 1), 1, 1);
  submission.refused = Code::signature_malformed;
  const auto placed = one(std::move(submission));
  ASSERT_TRUE(placed);
  ASSERT_EQ(placed->kind, Placement::Kind::rejected);
  const auto stored = node->view(hanbit)->entry(placed->sequence);
  const auto rejection = parse_rejection(stored->entry.body);
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->reason, Code::signature_malformed);
  EXPECT_EQ(rejection->digest, sha256(heartbeat(hanbit, 1)));
  // A number that was refused is free again.
  EXPECT_EQ(one(at(heartbeat(hanbit, 1), 1, 2))->kind, Placement::Kind::appended);
}

TEST_F(FromATopic, AStoppedLedgerTellsWhoWaitsAndTheOthersGoOn) {
  std::optional<Result<Placement>> told;
  ASSERT_TRUE(node->submit(Submission{hanbit, heartbeat(hanbit, 1), {}, false},
                           [&](Result<Placement> placement) { told = std::move(placement); }));
  node->stop_ledger(hanbit, Error{Code::root_contradicted, "haneul/12", ""});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->error().code, Code::ledger_stopped);
  EXPECT_EQ(put(*node, hanbit, heartbeat(hanbit, 2)).error().code, Code::ledger_stopped);
  EXPECT_EQ(node->ledger_stopped(hanbit)->code, Code::root_contradicted);
  EXPECT_TRUE(node->view(hanbit)->entry(SequenceNumber(0)));
  EXPECT_FALSE(node->not_writing());
  EXPECT_FALSE(node->ledger_stopped(ledger("nuri")));
  EXPECT_TRUE(put(*node, ledger("nuri"), heartbeat(ledger("nuri"), 1)));
}

}  // namespace
}  // namespace jangbu
