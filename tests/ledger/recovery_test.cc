// The start procedure, row by row: what is found, and what the node does about it.
#include "ledger/recovery.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ledger/tip.h"
#include "tests/ledger/space_fixture.h"
#include "tests/support/forwarding_files.h"

namespace jangbu {
namespace {

using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::TestSpace;

class Start : public ::testing::Test {
 protected:
  void append(std::uint64_t from, std::uint64_t to) {
    const auto node = space.open();
    ASSERT_TRUE(node);
    for (std::uint64_t i = from; i < to; ++i) ASSERT_TRUE(put(*node, hanbit, heartbeat(hanbit, i)));
  }
  void copy(const std::string& from, const std::string& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::string in(const char* name) const { return (space.directory() / name).string(); }
  // What opening for writing answers, and that reading goes on and says the same.
  void expect_refused(Code code) {
    const auto node = Node::open(space.options(), testing::types());
    ASSERT_FALSE(node);
    EXPECT_EQ(node.error().code, code) << to_string(node.error());
    EXPECT_NE(node.error().what.find("RUNBOOK"), std::string::npos) << node.error().what;
    NodeOptions options = space.options();
    options.read_only = true;
    const auto reader = Node::open(options, testing::types());
    ASSERT_TRUE(reader) << to_string(reader.error());
    EXPECT_EQ((*reader)->not_writing()->code, code);
    EXPECT_TRUE((*reader)->view(hanbit)->entry(SequenceNumber(0)));
  }
  [[nodiscard]] TipFile tip() const {
    return TipFile::open(Files::machine(), tip_path(space.directory()), Files::Mode::read_write).value();
  }

  TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
};

TEST_F(Start, GoesOnWhereItWas) {
  append(0, 5);
  append(5, 10);
  const auto node = space.open();
  EXPECT_EQ(node->view(hanbit)->size(), TreeSize(16));
  EXPECT_TRUE(audit(*node->view(hanbit)));
}

TEST_F(Start, ADatabaseOneCommitAheadOfTheTipIsACrashBetweenThem) {
  append(0, 3);
  copy(in("tip"), in("tip.old"));
  append(3, 4);
  copy(in("tip.old"), in("tip"));
  {
    const auto node = space.open();
    ASSERT_TRUE(node);
    EXPECT_EQ(node->view(hanbit)->size(), TreeSize(10));
  }
  // The start has recorded it: an older database is refused from now on.
  const TipFile after = tip();
  for (const LedgerHead& head : after.heads()) {
    if (head.id == hanbit) {
      EXPECT_EQ(head.size, TreeSize(10));
    }
  }
}

TEST_F(Start, AnOlderCopyOfTheDatabaseIsARollback) {
  append(0, 3);
  copy(in("db"), in("db.old"));
  append(3, 6);
  copy(in("db.old"), in("db"));
  expect_refused(Code::tip_rollback);
}

TEST_F(Start, AnotherHistoryOfTheSameSizeIsAFork) {
  append(0, 3);
  copy(in("db"), in("db.old"));
  copy(in("tip"), in("tip.old"));
  append(3, 4);
  copy(in("tip"), in("tip.first"));
  copy(in("db.old"), in("db"));
  copy(in("tip.old"), in("tip"));
  append(4, 5);
  copy(in("tip.first"), in("tip"));
  expect_refused(Code::tip_fork);
}

TEST_F(Start, AMissingTipIsRefused) {
  append(0, 1);
  std::filesystem::remove(in("tip"));
  expect_refused(Code::tip_corrupt);
}

TEST_F(Start, ADamagedTipIsRefused) {
  append(0, 1);
  std::ofstream(in("tip"), std::ios::binary | std::ios::trunc) << std::string(2 << 16, 'x');
  expect_refused(Code::tip_corrupt);
}

TEST_F(Start, AReleasedLedgerThatTheDatabaseDoesNotHaveIsARollback) {
  append(0, 1);
  {
    TipFile changed = tip();
    std::vector<LedgerHead> heads = changed.heads();
    heads.push_back(LedgerHead{ledger("other"), TreeSize(1), Hash{}});
    ASSERT_TRUE(changed.record(CommitNumber(changed.commit().value() + 1), heads));
  }
  expect_refused(Code::tip_rollback);
}

// Writes into the database behind the node's back.
class Damage : public Start {
 protected:
  void write(const std::function<void(Batch&, Store&, LedgerNumber)>& change) {
    auto store = Store::open(StoreOptions{database_path(space.directory()), false, false, nullptr});
    ASSERT_TRUE(store);
    LedgerNumber number;
    for (std::size_t i = 0; i < (*store)->ledgers().size(); ++i) {
      if ((*store)->ledgers()[i] == hanbit) number = LedgerNumber(i);
    }
    Batch batch;
    change(batch, **store, number);
    ASSERT_TRUE((*store)->commit(batch));
  }
};

TEST_F(Damage, AnEndWhoseEntriesDoNotChainIsRefused) {
  append(0, 5);
  write([](Batch& batch, Store& store, LedgerNumber number) {
    std::string bytes = *store.entry(number, SequenceNumber(8)).value();
    bytes[40] = static_cast<char>(bytes[40] ^ 1);  // in the previous hash
    Store::put_entry(batch, number, SequenceNumber(8), bytes);
  });
  const auto node = Node::open(space.options(), testing::types());
  ASSERT_FALSE(node);
  // Below the tip's size the root differs too: that is the stronger statement.
  EXPECT_EQ(node.error().code, Code::tip_fork) << to_string(node.error());
}

TEST_F(Damage, ACheckpointOfAnotherTreeIsRefused) {
  append(0, 5);
  write([](Batch& batch, Store& store, LedgerNumber number) {
    const auto last = store.last_checkpoint(number).value();
    const auto earlier = store.checkpoint_from(number, TreeSize(8)).value();
    Store::put_checkpoint(batch, number, StoredCheckpoint{last->size, earlier->note});
  });
  expect_refused(Code::store_corrupt);
}

TEST_F(Damage, AnEntryBehindTheLastCheckpointIsRefused) {
  append(0, 5);
  write([](Batch& batch, Store& store, LedgerNumber number) {
    Store::put_entry(batch, number, SequenceNumber(11), *store.entry(number, SequenceNumber(10)).value());
  });
  expect_refused(Code::store_corrupt);
}

TEST_F(Start, OneProcessAtATimeHasItForWriting) {
  const auto node = space.open();
  EXPECT_EQ(Node::open(space.options(), testing::types()).error().code, Code::dir_locked);
  NodeOptions options = space.options();
  options.read_only = true;
  EXPECT_EQ(Node::open(options, testing::types()).error().code, Code::dir_locked);
}

TEST_F(Start, ASpaceThatWasNeverFoundedToItsEndIsNoNode) {
  const testing::TemporaryFolder folder;
  NodeOptions options = space.options();
  options.directory = folder.path() / "none";
  EXPECT_EQ(Node::open(options, testing::types()).error().code, Code::no_such_node);
  const auto store = Store::open(StoreOptions{folder / "db", true, false, nullptr});
  ASSERT_TRUE((*store)->found("medspace", std::vector<LedgerId>{hanbit}));
  options.directory = folder.path();
  EXPECT_EQ(Node::open(options, testing::types()).error().code, Code::no_such_node);
}

// The k-th sync of the tip fails.
class FailingFiles final : public testing::ForwardingFiles {
 public:
  int syncs_left = INT_MAX;

  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Mode mode) override {
    auto file = machine().open(path, mode);
    if (!file) return file;
    return std::make_unique<FailingFile>(*this, std::move(*file));
  }

 private:
  class FailingFile final : public testing::ForwardingFile {
   public:
    FailingFile(FailingFiles& files, std::unique_ptr<File> file) : ForwardingFile(std::move(file)), files_(files) {}
    Result<void> sync() override {
      if (files_.syncs_left-- <= 0) return fail(Code::io, "tip", "no sync any more");
      return ForwardingFile::sync();
    }

   private:
    FailingFiles& files_;
  };
};

TEST_F(Start, AFailedSyncStopsTheWriterForGoodAndReadingGoesOn) {
  FailingFiles files;
  {
    NodeOptions options = space.options();
    options.files = &files;
    const auto opened = Node::open(options, testing::types());
    ASSERT_TRUE(opened);
    Node& node = **opened;
    files.syncs_left = 1;
    ASSERT_TRUE(put(node, hanbit, heartbeat(hanbit, 1)));
    const auto unknown = put(node, {Submission{hanbit, heartbeat(hanbit, 2), {}, false},
                                    Submission{hanbit, heartbeat(hanbit, 3), {}, false}});
    for (const auto& placed : unknown) {
      ASSERT_FALSE(placed);
      EXPECT_EQ(placed.error().code, Code::commit_unknown);
    }
    files.syncs_left = INT_MAX;
    EXPECT_EQ(put(node, hanbit, heartbeat(hanbit, 4)).error().code, Code::stopped) << "there is no second try";
    ASSERT_TRUE(node.not_writing());
    EXPECT_EQ(node.view(hanbit)->size(), TreeSize(7)) << "what is not in the tip was not released";
    EXPECT_TRUE(audit(*node.view(hanbit)));
  }
  // The commit was durable after all: the start finds it ahead of the tip, and sending it again changes nothing.
  const auto node = space.open();
  ASSERT_TRUE(node);
  EXPECT_EQ(node->view(hanbit)->size(), TreeSize(9));
  EXPECT_EQ(put(*node, hanbit, heartbeat(hanbit, 2))->kind, Placement::Kind::duplicate);
}

}  // namespace
}  // namespace jangbu
