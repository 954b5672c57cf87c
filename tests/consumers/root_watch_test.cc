#include "consumers/root_watch.h"

#include <gtest/gtest.h>

#include "tests/ledger/space_fixture.h"

namespace jangbu::consumers {
namespace {

using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::TestSpace;

class Watching : public ::testing::Test {
 protected:
  // A tick that says this of Hanbit's ledger.
  void tick(std::uint64_t size, const Hash& root) {
    ++ticks;
    const std::string event =
        R"({"specversion":"1.0","type":"kr.jangbu.tick.v1","source":"/ticker","id":"tick-00000000-0000-4000-8000-)" +
        std::to_string(100000000000 + ticks) +
        R"(","time":"2026-03-01T00:00:00Z","institution":"haneul","data":{"at":"2026-03-01T00:0)" +
        std::to_string(ticks) + R"(:00Z","observed":[{"ledger":"hanbit","size":)" + std::to_string(size) +
        R"(,"root":")" + digest_text(root) + R"("}]}})";
    const SigningKey key = testing::read_key(space_key_path(space.directory(), KeyUse::ticker));
    const auto placed = put(*node, ledger("haneul"), event, sign_event(key, "medspace/haneul", event));
    ASSERT_TRUE(placed);
    ASSERT_EQ(placed->kind, Placement::Kind::appended) << to_string(placed->errors.front());
  }
  std::uint64_t size() const { return node->view(hanbit)->size().value(); }

  TestSpace space;
  std::unique_ptr<Node> node = space.open();
  const LedgerId hanbit = ledger("hanbit");
  const Hash other = sha256("another history");
  unsigned ticks = 0;
};

TEST_F(Watching, TheRightRootStopsNothing) {
  RootWatch watch(*node);
  tick(size(), node->view(hanbit)->root());
  const std::uint64_t before = size();
  const Hash root = node->view(hanbit)->root();
  ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, 1)));
  tick(before, root);  // an older size is held against the tree as it was then
  EXPECT_TRUE(watch.step()->empty());
  EXPECT_FALSE(node->ledger_stopped(hanbit));
}

TEST_F(Watching, AnotherRootStopsThatLedgerAlone) {
  RootWatch watch(*node);
  tick(size() - 1, other);
  EXPECT_EQ(*watch.step(), std::vector<LedgerId>{hanbit});
  ASSERT_TRUE(node->ledger_stopped(hanbit));
  EXPECT_EQ(node->ledger_stopped(hanbit)->code, Code::root_contradicted);
  EXPECT_EQ(put(*node, hanbit, heartbeat(hanbit, 1)).error().code, Code::ledger_stopped);
  EXPECT_TRUE(node->view(hanbit)->entry(SequenceNumber(1)));  // reading goes on
  EXPECT_TRUE(put(*node, ledger("nuri"), heartbeat(ledger("nuri"), 1)));
  // It is the tick that says so, not this process: after a restart it is stopped again.
  node.reset();
  node = space.open();
  RootWatch again(*node);
  EXPECT_EQ(again.step()->size(), 1U);
}

TEST_F(Watching, WhatANodeHasNotReachedIsHeldAgainstItOnceItIsThere) {
  RootWatch watch(*node);
  tick(size() + 1, other);
  EXPECT_TRUE(watch.step()->empty());
  ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, 1)));
  EXPECT_EQ(watch.step()->size(), 1U);
}

TEST_F(Watching, TheLastWordCounts) {
  tick(size(), other);
  tick(size(), node->view(hanbit)->root());
  RootWatch watch(*node);
  EXPECT_TRUE(watch.step()->empty());
  EXPECT_FALSE(node->ledger_stopped(hanbit));
}

}  // namespace
}  // namespace jangbu::consumers
