#include "ledger/node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
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

// Each event once with its neighbours' proofs, over all ledgers, in one commit and in many.
TEST(Node, ProvesEveryEntryAndEveryGrowthOverSeveralLedgers) {
  const TestSpace space;
  const auto node = space.open();
  const std::vector<LedgerId> ids = node->ledgers();
  std::vector<Submission> submissions;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const LedgerId& id = ids[i % ids.size()];
    if (id.text() == "haneul") continue;  // everything there is signed
    submissions.push_back(Submission{id, heartbeat(id, i), std::nullopt, false});
  }
  for (const auto& placed : put(*node, std::move(submissions))) {
    ASSERT_TRUE(placed) << to_string(placed.error());
    ASSERT_EQ(placed->kind, Placement::Kind::appended);
  }
  std::mt19937_64 random(7);
  for (const LedgerView& view : node->views()) {
    const std::uint64_t size = view.size().value();
    for (std::uint64_t number = 0; number < size; ++number) {
      const TreeSize at(number + 1 + random() % (size - number));
      const auto proof = view.inclusion(SequenceNumber(number), at);
      ASSERT_TRUE(proof) << to_string(proof.error());
      EXPECT_TRUE(
          verify_inclusion(*view.leaf(SequenceNumber(number)), SequenceNumber(number), at, *proof, *view.root_at(at)));
      const TreeSize from(1 + random() % at.value());
      const auto growth = view.consistency(from, at);
      ASSERT_TRUE(growth) << to_string(growth.error());
      EXPECT_TRUE(verify_consistency(from, at, *growth, *view.root_at(from), *view.root_at(at)));
    }
    EXPECT_FALSE(view.inclusion(SequenceNumber(0), TreeSize(size + 1)));
    EXPECT_FALSE(view.consistency(TreeSize(1), TreeSize(size + 1)));
    EXPECT_EQ(view.entry(SequenceNumber(size)).error().code, Code::no_such_entry);
    EXPECT_TRUE(audit(view));
  }
}

// Right after its commit a receipt comes from memory, later from the disk, and a caller may know the entry already.
TEST(Node, GivesTheSameReceiptFromMemoryAndFromTheDisk) {
  const TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
  std::map<std::uint64_t, std::string> given;
  {
    const auto node = space.open();
    std::uint64_t number = 0;
    for (unsigned commit = 0; commit < 60; ++commit) {
      std::vector<Submission> submissions;
      for (unsigned i = 0; i < 1 + commit % 23; ++i) {
        submissions.push_back(Submission{hanbit, heartbeat(hanbit, number++), {}, false});
      }
      for (const auto& placed : put(*node, std::move(submissions))) {
        ASSERT_TRUE(placed) << to_string(placed.error());
        const auto made = receipt(*node->view(hanbit), placed->sequence, placed->leaf, placed->received_ms);
        ASSERT_TRUE(made) << to_string(made.error());
        EXPECT_TRUE(verify_tlog_proof(made->proof, made->leaf, node->view(hanbit)->info().log_key));
        given[placed->sequence.value()] = to_json(*made);
      }
    }
    for (const auto& [sequence, text] : given) {
      EXPECT_EQ(to_json(*receipt(*node->view(hanbit), SequenceNumber(sequence))), text) << sequence;
    }
  }
  ASSERT_GT(given.size(), 512U);
  const auto again = space.open();
  for (const auto& [sequence, text] : given) {
    EXPECT_EQ(to_json(*receipt(*again->view(hanbit), SequenceNumber(sequence))), text) << sequence;
  }
}

TEST(Node, ServesEveryTileAndBundleOfAReleasedSize) {
  const TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
  const auto node = space.open();
  std::vector<Submission> submissions;
  for (std::uint64_t i = 0; i < 700; ++i) submissions.push_back(Submission{hanbit, heartbeat(hanbit, i), {}, false});
  put(*node, std::move(submissions));
  const LedgerView view = *node->view(hanbit);
  ASSERT_EQ(view.size(), TreeSize(706));
  for (const TilePath& path : tiles_of(view.size())) {
    const auto bytes = view.tile(path);
    ASSERT_TRUE(bytes) << to_string(bytes.error());
    if (!path.entries) {
      EXPECT_EQ(bytes->size(), path.width * 32U);
      continue;
    }
    const auto entries = split_bundle(*bytes);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), path.width);
    for (std::size_t i = 0; i < entries->size(); ++i) {
      EXPECT_EQ(leaf_hash((*entries)[i]), *view.leaf(SequenceNumber(path.tile.index * 256 + i)));
    }
  }
  EXPECT_EQ(view.tile(TilePath{false, TileId{0, 2}, 256}).error().code, Code::bad_tile_path);
  EXPECT_EQ(view.tile(TilePath{true, TileId{0, 9}, 1}).error().code, Code::bad_tile_path);
}

TEST(Node, TheSameRecordsInOtherBatchesAndThreadTimingsGiveTheSameRoots) {
  const auto run = [](std::size_t records_max, bool threads) {
    const TestSpace space;
    NodeOptions options = space.options();
    options.commit_records_max = records_max;
    const auto opened = Node::open(options, testing::types());
    Node& node = **opened;
    std::vector<Submission> submissions;
    for (std::uint64_t i = 0; i < 1200; ++i) {
      const LedgerId id = ledger(i % 3 == 0 ? "nuri" : "hanbit");
      // Every seventh again, every eleventh with other content.
      const std::uint64_t number = i % 7 == 6 ? i - 6 : i;
      submissions.push_back(Submission{id, heartbeat(id, number, "/gateway", i % 11 == 10 ? 1U : 0U), {}, false});
    }
    if (threads) {
      std::jthread writer([&](std::stop_token stop) { EXPECT_TRUE(node.run_writer(stop)); });
      std::atomic<std::size_t> placed = 0;
      for (Submission& submission : submissions) {
        EXPECT_TRUE(node.submit(std::move(submission), [&](const Result<Placement>& result) {
          EXPECT_TRUE(result);
          ++placed;
        }));
      }
      writer.request_stop();
      writer.join();
      EXPECT_EQ(placed, submissions.size());
    } else {
      put(node, std::move(submissions));
    }
    std::vector<std::string> roots;
    for (const LedgerView& view : node.views()) roots.push_back(to_hex(view.root().view()));
    return roots;
  };
  const auto expected = run(4096, false);
  EXPECT_EQ(run(1, false), expected);
  EXPECT_EQ(run(37, false), expected);
  EXPECT_EQ(run(100, true), expected);
}

TEST(Node, TellsWaitersAndListenersOfEachCommit) {
  const TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
  const auto node = space.open();
  CommitNumber seen;
  EXPECT_TRUE(node->wait_for_commit(seen, std::chrono::milliseconds(0)));
  EXPECT_FALSE(node->wait_for_commit(seen, std::chrono::milliseconds(0)));
  int called = 0;
  auto handle = node->on_commit([&](CommitNumber commit) {
    ++called;
    EXPECT_GT(commit, seen);
    EXPECT_EQ(node->view(hanbit)->size(), TreeSize(7));
  });
  ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, 1)));
  EXPECT_EQ(called, 1);
  EXPECT_TRUE(node->wait_for_commit(seen, std::chrono::milliseconds(0)));
  handle.reset();
  ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, 2)));
  EXPECT_EQ(called, 1);
}

TEST(Node, TakesNoMoreThanItsQueueHoldsAndNoLedgerThatItDoesNotHave) {
  const TestSpace space;
  NodeOptions options = space.options();
  options.queue_records_max = 2;
  const auto node = Node::open(options, testing::types());
  const LedgerId hanbit = ledger("hanbit");
  int told = 0;
  const auto submit = [&](const LedgerId& id, std::uint64_t number) {
    return (*node)->submit(Submission{id, heartbeat(id, number), {}, false}, [&](const Result<Placement>&) { ++told; });
  };
  EXPECT_TRUE(submit(hanbit, 1));
  EXPECT_TRUE(submit(hanbit, 2));
  EXPECT_EQ(submit(hanbit, 3).error().code, Code::queue_full);
  EXPECT_TRUE(submit(ledger("nuri"), 3)) << "another ledger's queue is its own";
  EXPECT_EQ(submit(ledger("unknown"), 3).error().code, Code::no_such_ledger);
  EXPECT_EQ(told, 0);
  EXPECT_EQ((*node)->commit_pending().value(), 3U);
  EXPECT_EQ(told, 3);
}

TEST(Node, RefusesWritesBelowTheLowWaterMarkAndReadsOn) {
  const TestSpace space;
  NodeOptions options = space.options();
  options.disk_low_water_bytes = UINT64_MAX;
  const auto node = Node::open(options, testing::types());
  const LedgerId hanbit = ledger("hanbit");
  ASSERT_TRUE(put(**node, hanbit, heartbeat(hanbit, 1))) << "what was queued before the mark was seen is written";
  const auto second = put(**node, hanbit, heartbeat(hanbit, 2));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::disk_full);
  EXPECT_TRUE((*node)->view(hanbit)->entry(SequenceNumber(6)));
}

TEST(Node, MakesABackupThatIsVerifiedReadableAndNeverWrittenTo) {
  const TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
  const auto node = space.open();
  for (std::uint64_t i = 0; i < 300; ++i) ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, i)));
  const auto target = space.folder / "copy";
  const auto made = node->backup(target);
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(node->backup(target).error().code, Code::already_exists);
  const std::string given = to_json(*receipt(*node->view(hanbit), SequenceNumber(100)));
  ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, 1000)));

  NodeOptions options = space.options();
  options.directory = target;
  EXPECT_EQ(Node::open(options, testing::types()).error().code, Code::read_only);
  options.read_only = true;
  const auto copy = Node::open(options, testing::types());
  ASSERT_TRUE(copy) << to_string(copy.error());
  EXPECT_EQ((*copy)->view(hanbit)->size(), TreeSize(306));
  EXPECT_EQ(to_json(*receipt(*(*copy)->view(hanbit), SequenceNumber(100))), given);
  EXPECT_FALSE(std::filesystem::exists(target / "keys"));
  EXPECT_EQ((*copy)->submit(Submission{hanbit, heartbeat(hanbit, 1), {}, false}, {}).error().code, Code::read_only);
}

}  // namespace
}  // namespace jangbu
