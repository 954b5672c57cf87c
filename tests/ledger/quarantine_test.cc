// The start procedure's way out: what it recovers on a copy, what it leaves alone, and what it says about it.
#include "ledger/quarantine.h"

#include <gtest/gtest.h>

#include <map>

#include "ledger/recovered.h"
#include "ledger/recovery.h"
#include "tests/ledger/cut_off_node.h"
#include "tests/ledger/space_fixture.h"
#include "tests/support/forwarding_files.h"
#include "tests/support/shared_files.h"

namespace jangbu {
namespace {

namespace fs = std::filesystem;
using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::read_file;
using testing::TestSpace;

// Name and content of all that a database holds; its lock and its log of its own doings are no part of it.
std::map<std::string, std::string> content_of(const fs::path& database) {
  std::map<std::string, std::string> content;
  for (const auto& entry : fs::directory_iterator(database)) {
    const std::string name = entry.path().filename().string();
    if (name != "LOCK" && !name.starts_with("LOG")) content[name] = read_file(entry.path());
  }
  return content;
}

// A node cut off as by kill -9: all since its start is in the write-ahead log, and the last commit is not in the tip.
class Recovery : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kReleased = 6 + 5;  // hanbit's founding entries, and five of ours

  void SetUp() override {
    const auto log = testing::cut_off(space, hanbit, 5, cut_off);
    ASSERT_TRUE(log);
    log_at_tip = *log;
  }

  [[nodiscard]] fs::path database() const { return database_path(cut_off); }
  [[nodiscard]] NodeOptions options() const {
    NodeOptions options = space.options();
    options.directory = cut_off;
    options.recover = true;
    return options;
  }
  [[nodiscard]] std::vector<std::string> quarantined() const {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(cut_off / "quarantine", none)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  void damage_behind_the_tip() { testing::flip(testing::newest(database(), ".log"), log_at_tip + 20); }
  void damage_before_the_tip() { testing::flip(testing::newest(database(), ".log"), log_at_tip - 20); }

  // How many records it takes to say what is to be said.
  [[nodiscard]] std::size_t said_by(Node& node) const {
    const auto unsaid = say_recovered(node, options());
    EXPECT_TRUE(unsaid && unsaid->empty());
    return node.commit_pending().value();
  }

  // What stands in a ledger of this type, in order.
  static std::vector<std::string> recovered_in(const Node& node, const LedgerId& id) {
    std::vector<std::string> found;
    const auto entries = node.view(id)->read(SequenceNumber(0), SIZE_MAX, SIZE_MAX);
    EXPECT_TRUE(entries);
    for (const StoredEntry& stored : *entries) {
      if (stored.entry.kind == EntryKind::rejected) ADD_FAILURE() << stored.entry.body;
      if (stored.entry.body.find("ledger.recovered") != std::string_view::npos) found.emplace_back(stored.entry.body);
    }
    return found;
  }
  void expect_refused_and_untouched(Code code) {
    const auto before = content_of(database());
    const auto node = Node::open(options(), testing::types());
    ASSERT_FALSE(node);
    EXPECT_EQ(node.error().code, code) << to_string(node.error());
    EXPECT_NE(node.error().what.find("RUNBOOK"), std::string::npos) << node.error().what;
    EXPECT_TRUE(content_of(database()) == before);
    EXPECT_FALSE(fs::exists(cut_off / "quarantine"));
  }

  TestSpace space;
  const fs::path cut_off = space.folder / "cut-off";
  const LedgerId hanbit = ledger("hanbit"), patients = ledger("hanbit.patients");
  std::uint64_t log_at_tip = 0;
};

TEST_F(Recovery, DamageBehindTheTipIsRecoveredOnACopyAndLedgered) {
  damage_behind_the_tip();
  const auto refused = content_of(database());
  NodeOptions without = options();
  without.recover = false;
  ASSERT_EQ(Node::open(without, testing::types()).error().code, Code::store_corrupt);

  auto node = Node::open(options(), testing::types());
  ASSERT_TRUE(node) << to_string(node.error());
  ASSERT_TRUE((*node)->recovered());
  EXPECT_NE((*node)->recovered()->find("quarantine"), std::string::npos) << *(*node)->recovered();
  EXPECT_EQ((*node)->view(hanbit)->size(), TreeSize(kReleased)) << "all that was released, and nothing else";
  ASSERT_EQ(quarantined(), std::vector<std::string>{"2026-03-01T000000Z"});
  EXPECT_TRUE(content_of(cut_off / "quarantine" / "2026-03-01T000000Z" / "db") == refused);

  const Hash root = (*node)->view(hanbit)->root();
  EXPECT_GT(said_by(**node), 0U);
  const auto said = recovered_in(**node, hanbit);
  ASSERT_EQ(said.size(), 2U) << "its own, and its patients' ledger";
  EXPECT_NE(said[0].find(R"("data":{"ledger":"hanbit","from":{"size":11,"root":")" + digest_text(root) +
                         R"("},"how":"point-in-time"})"),
            std::string::npos)
      << said[0];
  EXPECT_NE(said[1].find(R"("ledger":"hanbit.patients")"), std::string::npos) << said[1];
  EXPECT_EQ(recovered_in(**node, ledger("haneul")).size(), 1U);
  EXPECT_EQ(recovered_in(**node, ledger("nuri")).size(), 1U);
  EXPECT_TRUE(recovered_in(**node, patients).empty());
  for (const LedgerView& view : (*node)->views()) EXPECT_TRUE(audit(view));
  // The lost commit was never acknowledged: sent again, it is new.
  EXPECT_EQ(put(**node, hanbit, heartbeat(hanbit, 5))->kind, Placement::Kind::appended);

  // The next start has nothing more to say.
  const TreeSize size = (*node)->view(hanbit)->size();
  node->reset();
  const auto again = Node::open(options(), testing::types());
  ASSERT_TRUE(again);
  EXPECT_FALSE((*again)->recovered());
  EXPECT_EQ(said_by(**again), 0U);
  EXPECT_EQ((*again)->view(hanbit)->size(), size);
}

TEST_F(Recovery, DamageBeforeTheTipIsRefusedAndNothingIsChanged) {
  damage_before_the_tip();
  expect_refused_and_untouched(Code::store_corrupt);
}

TEST_F(Recovery, AnOlderDatabaseIsRefusedAndNothingIsChanged) {
  fs::remove_all(database());
  {
    const TestSpace fresh;  // the same keys and founding entries, and nothing since
    fs::copy(database_path(fresh.directory()), database(), fs::copy_options::recursive);
  }
  expect_refused_and_untouched(Code::tip_rollback);
}

TEST_F(Recovery, ADatabaseThatIsGoneIsRefusedAndNotCalledNoNode) {
  fs::remove(database() / "CURRENT");
  expect_refused_and_untouched(Code::store_corrupt);
}

TEST_F(Recovery, AReadOnlyStartTriesNothing) {
  damage_behind_the_tip();
  NodeOptions reading = options();
  reading.read_only = true;
  EXPECT_EQ(Node::open(reading, testing::types()).error().code, Code::store_corrupt);
  EXPECT_FALSE(fs::exists(cut_off / "quarantine"));
}

TEST_F(Recovery, WithoutATipNothingIsTried) {
  damage_behind_the_tip();
  fs::remove(tip_path(cut_off));
  EXPECT_EQ(Node::open(options(), testing::types()).error().code, Code::store_corrupt);
  EXPECT_FALSE(fs::exists(cut_off / "quarantine"));
}

// A disk without space for new files; or one that fails once the exchange is done.
class BrokenFiles final : public testing::ForwardingFiles {
 public:
  bool full = false, fails_after_exchange = false;

  Result<std::unique_ptr<File>> open(const fs::path& path, Mode mode) override {
    if (full && mode == Mode::create) return fail(Code::disk_full, path.string(), "no space");
    return ForwardingFiles::open(path, mode);
  }
  Result<void> exchange(const fs::path& one, const fs::path& other) override {
    exchanged_ = true;
    return ForwardingFiles::exchange(one, other);
  }
  Result<void> sync_directory(const fs::path& path) override {
    if (fails_after_exchange && exchanged_) return fail(Code::io, path.string(), "no sync");
    return ForwardingFiles::sync_directory(path);
  }

 private:
  bool exchanged_ = false;
};

TEST_F(Recovery, ADiskTooFullForTheCopyIsAnErrorThatSaysWhatToDo) {
  damage_behind_the_tip();
  const auto before = content_of(database());
  BrokenFiles files;
  files.full = true;
  NodeOptions full = options();
  full.files = &files;
  const auto node = Node::open(full, testing::types());
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().code, Code::disk_full);
  EXPECT_NE(node.error().what.find("ballast"), std::string::npos) << node.error().what;
  EXPECT_NE(node.error().what.find("RUNBOOK, \"quarantine\""), std::string::npos) << node.error().what;
  EXPECT_TRUE(content_of(database()) == before);
  EXPECT_FALSE(fs::exists(cut_off / "quarantine"));
  EXPECT_TRUE(Node::open(options(), testing::types())) << "with space it goes";
}

TEST_F(Recovery, ACrashRightAfterTheExchangeIsSaidByTheNextStart) {
  damage_behind_the_tip();
  BrokenFiles files;
  files.fails_after_exchange = true;
  NodeOptions failing = options();
  failing.files = &files;
  ASSERT_FALSE(Node::open(failing, testing::types()));
  NodeOptions usual = options();
  usual.recover = false;
  {
    const auto node = Node::open(usual, testing::types());
    ASSERT_TRUE(node) << to_string(node.error());
    ASSERT_TRUE(say_recovered(**node, usual));
    // It ends before anything is committed.
  }
  const auto node = Node::open(usual, testing::types());
  ASSERT_TRUE(node);
  EXPECT_GT(said_by(**node), 0U);
  ASSERT_EQ(recovered_in(**node, hanbit).size(), 2U);
  EXPECT_EQ(put(**node, hanbit, recovered_in(**node, hanbit)[0]).value().kind, Placement::Kind::rejected)
      << "nobody else may say it";
}

TEST_F(Recovery, WithoutTheSystemKeyItIsSaidByAStartThatHasIt) {
  damage_behind_the_tip();
  const fs::path key = key_path(cut_off, hanbit, KeyUse::system);
  fs::rename(key, space.folder / "away");
  {
    const auto node = Node::open(options(), testing::types());
    ASSERT_TRUE(node) << to_string(node.error());
    EXPECT_EQ(say_recovered(**node, options())->size(), 2U) << "events that wait for a key";
    ASSERT_TRUE((*node)->commit_pending());
    EXPECT_TRUE(recovered_in(**node, hanbit).empty());
    EXPECT_EQ(recovered_in(**node, ledger("nuri")).size(), 1U);
  }
  fs::rename(space.folder / "away", key);
  const auto node = Node::open(options(), testing::types());
  ASSERT_TRUE(node);
  EXPECT_GT(said_by(**node), 0U);
  EXPECT_EQ(recovered_in(**node, hanbit).size(), 2U);
  EXPECT_EQ(recovered_in(**node, ledger("nuri")).size(), 1U) << "a duplicate changes nothing";
}

TEST_F(Recovery, EachTryThatIsAdoptedHasAFolderOfItsOwn) {
  damage_behind_the_tip();
  ASSERT_TRUE(Node::open(options(), testing::types()));
  // The same damage at the same time of the clock.
  fs::remove_all(database());
  fs::copy(cut_off / "quarantine" / "2026-03-01T000000Z" / "db", database(), fs::copy_options::recursive);
  ASSERT_TRUE(Node::open(options(), testing::types()));
  auto names = quarantined();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"2026-03-01T000000Z", "2026-03-01T000000Z-2"}));
}

TEST_F(Recovery, ARecoveryThatWasNotSaidBeforeTheNextOneIsSaidWithIt) {
  damage_behind_the_tip();
  {
    const auto node = Node::open(options(), testing::types());
    ASSERT_TRUE(node);
    // It ends before anything is committed; and the same damage is there again.
  }
  const fs::path note = testing::newest(database(), "recovered-");
  ASSERT_FALSE(note.empty());
  fs::rename(note, space.folder / note.filename());
  fs::remove_all(database());
  fs::copy(cut_off / "quarantine" / "2026-03-01T000000Z" / "db", database(), fs::copy_options::recursive);
  fs::rename(space.folder / note.filename(), note);
  space.clock.set_wall_milliseconds(testing::kStartMs + 1000);
  const auto node = Node::open(options(), testing::types());
  ASSERT_TRUE(node) << to_string(node.error());
  ASSERT_TRUE((*node)->recovered());
  EXPECT_GT(said_by(**node), 0U);
  EXPECT_EQ(recovered_in(**node, ledger("nuri")).size(), 2U);
  EXPECT_EQ(quarantined().size(), 2U);
}

// What RocksDB makes of a flipped bit, byte by byte: it may be recovered or refused, never served with less than was
// released, and never made worse.
class EveryFlip : public Recovery {
 protected:
  struct Counts {
    int flips = 0, served = 0, recovered = 0, refused = 0, worse = 0;
  };
  Counts flips_in(std::string_view like, std::uint64_t step) {
    const fs::path honest = space.folder / "honest";
    fs::rename(cut_off, honest);
    Counts counts;
    const fs::path name = testing::newest(database_path(honest), like).filename();
    const std::uint64_t bytes = fs::file_size(database_path(honest) / name);
    for (std::uint64_t at = 0; at < bytes; at += step) {
      fs::remove_all(cut_off);
      fs::copy(honest, cut_off, fs::copy_options::recursive);
      testing::flip(database() / name, at, static_cast<unsigned>(at / step % 8));
      const auto before = content_of(database());
      const auto node = Node::open(options(), testing::types());
      ++counts.flips;
      if (!node) {
        ++counts.refused;
        if (content_of(database()) != before || fs::exists(cut_off / "quarantine")) ++counts.worse;
        continue;
      }
      ++((*node)->recovered() ? counts.recovered : counts.served);
      for (const LedgerView& view : (*node)->views()) {
        if (!audit(view)) ++counts.worse;
      }
      if ((*node)->view(hanbit)->size() < TreeSize(kReleased)) ++counts.worse;
      if ((*node)->recovered() && content_of(cut_off / "quarantine" / "2026-03-01T000000Z" / "db") != before) {
        ++counts.worse;
      }
    }
    std::printf("%s: %d flips, %d served, %d recovered, %d refused; %d worse than before\n", name.c_str(), counts.flips,
                counts.served, counts.recovered, counts.refused, counts.worse);
    return counts;
  }
};

TEST_F(EveryFlip, InTheWriteAheadLogIsServedRecoveredOrRefusedAndNeverMadeWorse) {
  const Counts counts = flips_in(".log", 61);
  EXPECT_EQ(counts.worse, 0);
  EXPECT_GT(counts.recovered, 0);
  EXPECT_GT(counts.refused, 0);
}

TEST_F(EveryFlip, InTheManifestIsServedRecoveredOrRefusedAndNeverMadeWorse) {
  const Counts counts = flips_in("MANIFEST-", 61);
  EXPECT_EQ(counts.worse, 0);
  EXPECT_GT(counts.refused, 0);
}

}  // namespace
}  // namespace jangbu
