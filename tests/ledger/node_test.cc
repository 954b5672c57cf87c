#include "ledger/node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "ledger/rejected.h"
#include "tests/ledger/space_fixture.h"

namespace jangbu {
namespace {

using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::TestSpace;

TEST(Space, IsFoundedWithAGenesisInEachLedgerAndKeysThatAreRegisteredThere) {
  const TestSpace space;
  const auto node = space.open();
  ASSERT_TRUE(node);
  EXPECT_EQ(node->space(), "medspace");
  std::vector<std::string> ids;
  for (const LedgerId& id : node->ledgers()) ids.push_back(id.text());
  EXPECT_EQ(ids, (std::vector<std::string>{"hanbit", "hanbit.patients", "haneul", "nuri"}));
  for (const LedgerView& view : node->views()) {
    EXPECT_EQ(view.info().origin, "medspace/" + view.info().id.text());
    const auto genesis = view.entry(SequenceNumber(0));
    ASSERT_TRUE(genesis);
    EXPECT_EQ(genesis->entry.kind, EntryKind::genesis);
    EXPECT_EQ(view.leaf(SequenceNumber(0)).value(), view.info().genesis_leaf);
    // Genesis, institution, system, emitter, agent, prober; the coordinating body's: ticker and the other institutions.
    EXPECT_EQ(view.size().value(), view.info().id.text() == "haneul" ? 9U : 6U);
    EXPECT_TRUE(audit(view));
    const auto authors = node->authors(view.info().id);
    ASSERT_TRUE(authors);
    const SigningKey system = testing::read_key(key_path(space.directory(), view.info().id, KeyUse::system));
    ASSERT_NE(authors->find(system.verifier().author_key_id()), nullptr);
  }
}

TEST(Space, OfOneSeedIsTheSameByteForByte) {
  const TestSpace one, two;
  const auto first = one.open(), second = two.open();
  for (const LedgerId& id : first->ledgers()) {
    EXPECT_EQ(first->view(id)->root(), second->view(id)->root());
    EXPECT_EQ(first->view(id)->checkpoint(), second->view(id)->checkpoint());
  }
}

TEST(Space, IsNotMadeInAFolderThatHoldsSomething) {
  const TestSpace space;
  const auto again = create_space(space.directory(), testing::small_plan(), space.clock, *testing::types());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::already_exists);
}

TEST(Node, GivesAReceiptThatVerifiesAndStaysTheSame) {
  const TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
  std::string first;
  {
    const auto node = space.open();
    const auto placed = put(*node, hanbit, heartbeat(hanbit, 1));
    ASSERT_TRUE(placed) << to_string(placed.error());
    EXPECT_EQ(placed->kind, Placement::Kind::appended);
    const auto given = receipt(*node->view(hanbit), placed->sequence);
    ASSERT_TRUE(given) << to_string(given.error());
    EXPECT_TRUE(verify_tlog_proof(given->proof, placed->leaf, node->view(hanbit)->info().log_key));
    first = to_json(*given);
    for (std::uint64_t i = 2; i < 600; ++i) ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, i)));
    EXPECT_EQ(to_json(*receipt(*node->view(hanbit), placed->sequence)), first);
  }
  const auto node = space.open();
  EXPECT_EQ(to_json(*receipt(*node->view(hanbit), SequenceNumber(6))), first);
  EXPECT_TRUE(audit(*node->view(hanbit)));
}

}  // namespace
}  // namespace jangbu
