// The ways out that ops/RUNBOOK.md names, walked by the commands that it names.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "ledger/recovery.h"
#include "tests/ledger/cut_off_node.h"
#include "tests/tools/cli.h"

namespace jangbu::tools::testing {
namespace {

namespace fs = std::filesystem;
using jangbu::testing::heartbeat;
using jangbu::testing::ledger;
using jangbu::testing::put;
using jangbu::testing::TestSpace;
using ::testing::HasSubstr;

class WayOut : public ::testing::Test {
 protected:
  Ran jangbu(const std::vector<std::string>& arguments) { return run_jangbu(arguments, space.clock); }
  // Starts and stops again at once: what it says on the way.
  Ran serve(const std::string& directory) {
    std::stop_source stop;
    stop.request_stop();
    return run_jangbu({"serve", directory, "--listen", "127.0.0.1:0"}, space.clock, {}, stop.get_token());
  }

  TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
  const std::string node = space.directory().string();
};

TEST_F(WayOut, ServeRecoversByItselfWhatLiesBehindTheTipAndSaysSo) {
  const fs::path cut_off = space.folder / "cut-off";
  const auto log = jangbu::testing::cut_off(space, hanbit, 5, cut_off);
  ASSERT_TRUE(log);
  jangbu::testing::flip(jangbu::testing::newest(database_path(cut_off), ".log"), *log + 20);
  EXPECT_NE(jangbu({"verify", cut_off.string()}).status, 0);
  const Ran reading = run_jangbu({"serve", cut_off.string(), "--listen", "127.0.0.1:0", "--read-only"}, space.clock);
  EXPECT_NE(reading.status, 0) << "reading only, it tries nothing";
  EXPECT_FALSE(fs::exists(cut_off / "quarantine"));

  const Ran served = serve(cut_off.string());
  EXPECT_EQ(served.status, 0) << served.err;
  EXPECT_THAT(served.err, HasSubstr("kept in " + (cut_off / "quarantine").string()));
  EXPECT_THAT(served.out, HasSubstr("serving medspace"));
  EXPECT_EQ(jangbu({"verify", cut_off.string()}).status, 0);
  const Ran found = jangbu({"query", "--node", cut_off.string(), "--type", "ledger.recovered", "--format", "ndjson"});
  EXPECT_EQ(std::count(found.out.begin(), found.out.end(), '\n'), 4) << "one of each ledger";
  EXPECT_EQ(serve(cut_off.string()).err, "") << "said once";
}

TEST_F(WayOut, ServeAnswersReadsWhereTheDatabaseIsOlderThanWhatWasReleased) {
  fs::copy(database_path(node), space.folder / "old", fs::copy_options::recursive);
  ASSERT_TRUE(put(*space.open(), hanbit, heartbeat(hanbit, 1)));
  fs::remove_all(database_path(node));
  fs::rename(space.folder / "old", database_path(node));
  const Ran served = serve(node);
  EXPECT_EQ(served.status, 0) << served.err;
  EXPECT_THAT(served.err, HasSubstr("read-only: hanbit at size 7"));
  EXPECT_THAT(served.err, HasSubstr("RUNBOOK, \"rollback\""));
  EXPECT_FALSE(fs::exists(space.directory() / "quarantine"));
}

TEST_F(WayOut, ALostTipIsWrittenAnewOnceACheckpointOfEachLedgerShowsThatNothingIsMissing) {
  std::vector<std::string> command{"tip", node};
  {
    const auto open = space.open();
    ASSERT_TRUE(put(*open, hanbit, heartbeat(hanbit, 1)));
    for (const LedgerView& view : open->views()) {
      const std::string file = (space.folder / (view.info().id.text() + ".checkpoint")).string();
      std::ofstream(file, std::ios::binary) << view.checkpoint();
      command.insert(command.end(), {"--checkpoint", file});
    }
  }
  EXPECT_EQ(jangbu(command).status, 2) << "a tip that can be read stays";
  fs::copy(database_path(node), space.folder / "old", fs::copy_options::recursive);
  fs::remove(tip_path(node));
  const Ran refused = serve(node);
  EXPECT_THAT(refused.err, HasSubstr("(tip_corrupt)"));
  const Ran unshown = jangbu({command.begin(), command.end() - 2});
  EXPECT_EQ(unshown.status, 2);
  EXPECT_THAT(unshown.err, HasSubstr("nuri"));
  EXPECT_FALSE(fs::exists(tip_path(node)));

  const Ran written = jangbu(command);
  ASSERT_EQ(written.status, 0) << written.err;
  EXPECT_EQ(serve(node).err, "");
  EXPECT_EQ(jangbu({"verify", node}).status, 0);

  // A damaged one is kept aside.
  std::ofstream(tip_path(node), std::ios::binary | std::ios::trunc) << "damaged";
  const Ran again = jangbu(command);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("is kept as"));
}

TEST_F(WayOut, ADatabaseThatLacksWhatACheckpointShowsGetsNoTip) {
  fs::copy(database_path(node), space.folder / "old", fs::copy_options::recursive);
  std::vector<std::string> command{"tip", node};
  {
    const auto open = space.open();
    ASSERT_TRUE(put(*open, hanbit, heartbeat(hanbit, 1)));
    const std::string file = (space.folder / "checkpoint").string();
    std::ofstream(file, std::ios::binary) << open->view(hanbit)->checkpoint();
    command.insert(command.end(), {"--checkpoint", file});
  }
  fs::remove_all(database_path(node));
  fs::rename(space.folder / "old", database_path(node));
  fs::remove(tip_path(node));
  const Ran refused = jangbu(command);
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.err, HasSubstr("tip_rollback"));
  EXPECT_FALSE(fs::exists(tip_path(node)));
}

}  // namespace
}  // namespace jangbu::tools::testing
