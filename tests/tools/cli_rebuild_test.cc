// `jangbu export`, `jangbu rebuild`, `jangbu pins` and `jangbu init --join`, without a broker.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/shared_files.h"
#include "tests/tools/cli.h"

namespace jangbu::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class RebuildTest : public CliTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(make_space(node_));
    ASSERT_NO_FATAL_FAILURE(emit(node_, accesses(0, 600)));
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string roots(const std::string& what) {
    std::string text;
    for (const Json& row : json({"verify", what, "--format", "json"})) {
      EXPECT_TRUE(row["holds"].get<bool>()) << row.dump(1);
      text += row["ledger"].get<std::string>() + " " + row["root"].get<std::string>() + "\n";
    }
    return text;
  }
};

TEST_F(RebuildTest, TakesOverADirectoryABackupOrExportedLedgers) {
  const std::string wanted = roots(node_);
  ASSERT_EQ(jangbu({"backup", node_, at("backup")}).status, 0);
  const Ran exported = jangbu({"export", node_, at("exported")});
  ASSERT_EQ(exported.status, 0) << exported.err;
  EXPECT_EQ(roots(at("exported")), wanted);
  for (const std::string& from : std::vector<std::string>{"node", "backup", "exported"}) {
    const Ran rebuilt = jangbu({"rebuild", at("of-" + from), "--from", at(from)});
    ASSERT_EQ(rebuilt.status, 0) << from << rebuilt.err;
    EXPECT_THAT(rebuilt.out, HasSubstr("hanbit.patients"));
    EXPECT_EQ(roots(at("of-" + from)), wanted) << from;
    // Its receipts are the original's, and what it is asked it answers.
    const auto receipt = [&](const std::string& directory) {
      return jangbu({"prove", "--node", directory, "--source", "/hanbit/emr", "--id", id_of(77)}).out;
    };
    EXPECT_EQ(receipt(at("of-" + from)), receipt(node_)) << from;
    const auto found = [&](const std::string& directory) {
      return jangbu({"query", "--node", directory, "--patient", patient(5), "--format", "ndjson"}).out;
    };
    EXPECT_EQ(found(at("of-" + from)), found(node_)) << from;
    EXPECT_NE(found(node_), "");
  }
  // A backup of what it follows is one too.
  const Ran backup = jangbu({"backup", at("of-node"), at("backup-of-follower")});
  ASSERT_EQ(backup.status, 0) << backup.err;
  EXPECT_EQ(roots(at("backup-of-follower")), wanted);
  // What it follows it does not write.
  const Ran written = jangbu({"emit", "--node", at("of-node"), "--quiet", "-"}, access(900) + "\n");
  EXPECT_NE(written.status, 0);
  EXPECT_THAT(written.out + written.err, HasSubstr("misdirected"));
}

TEST_F(RebuildTest, OneLedgerAloneGoesFromOneNodeToAnother) {
  ASSERT_EQ(jangbu({"export", node_, at("one"), "--ledger", "hanbit.patients"}).status, 0);
  EXPECT_TRUE(fs::exists(folder_ / "one/hanbit.patients/checkpoint"));
  EXPECT_FALSE(fs::exists(folder_ / "one/hanbit"));
  const Ran again = jangbu({"export", node_, at("one"), "--ledger", "hanbit.patients"});
  EXPECT_EQ(again.status, 2) << again.err;
  EXPECT_THAT(again.err, HasSubstr("already_exists"));
  // Beside another node's ledger: from two places into one directory.
  const Ran merged =
      jangbu({"rebuild", at("both"), "--from", at("one"), "--from", node_, "--ledger", "hanbit.patients"});
  EXPECT_EQ(merged.status, 2) << "the same ledger twice";
  ASSERT_EQ(jangbu({"export", node_, at("other"), "--ledger", "haneul"}).status, 0);
  const Ran both = jangbu({"rebuild", at("two"), "--from", at("one"), "--from", at("other")});
  ASSERT_EQ(both.status, 0) << both.err;
  const Json rows = json({"verify", at("two"), "--format", "json"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["ledger"], "hanbit.patients");
  EXPECT_EQ(rows[1]["ledger"], "haneul");
}

TEST_F(RebuildTest, TakesNothingThatIsNotWhatIsPinned) {
  const Ran pins = jangbu({"pins", node_});
  ASSERT_EQ(pins.status, 0) << pins.err;
  std::ofstream(folder_ / "pins") << pins.out;
  ASSERT_EQ(jangbu({"rebuild", at("right"), "--from", node_, "--pins", at("pins")}).status, 0);

  // Of another space with the same names and other keys.
  {
    auto types = TypeTable::build();
    SpacePlan plan;
    plan.space = "medspace";
    plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "", ""},
                         {"hanbit", InstitutionKind::hospital, false, {}, "", ""}};
    plan.key_seed = "another";
    ASSERT_TRUE(create_space(at("stranger"), plan, clock_, **types));
  }
  const Ran wrong = jangbu({"rebuild", at("wrong"), "--from", at("stranger"), "--pins", at("pins")});
  EXPECT_EQ(wrong.status, 5) << wrong.err;
  EXPECT_THAT(wrong.err, HasSubstr("not the genesis that is pinned"));
  EXPECT_THAT(jangbu({"query", "--node", at("wrong")}).err, HasSubstr("no_such_node")) << "what was not finished";

  // A bit in an exported entry.
  ASSERT_EQ(jangbu({"export", node_, at("exported"), "--ledger", "hanbit.patients"}).status, 0);
  const std::string bundle = at("exported/hanbit.patients/tile/entries/001");
  std::string bytes = jangbu::testing::read_file(bundle);
  bytes[bytes.find("physician") + 1] = 'H';
  std::ofstream(bundle, std::ios::binary) << bytes;
  const Ran bad = jangbu({"rebuild", at("bad"), "--from", at("exported"), "--pins", at("pins")});
  EXPECT_NE(bad.status, 0);
  EXPECT_THAT(bad.err, HasSubstr("hanbit.patients/"));
  EXPECT_THAT(bad.err, HasSubstr("does not name the entry before it"));

  std::ofstream(folder_ / "torn") << pins.out.substr(0, pins.out.size() - 5);
  const Ran torn = jangbu({"rebuild", at("torn-node"), "--from", node_, "--pins", at("torn")});
  EXPECT_EQ(torn.status, 4) << torn.err;
  EXPECT_THAT(torn.err, HasSubstr("the file is not whole"));
  EXPECT_EQ(jangbu({"rebuild", at("nothing")}).status, 2);
  EXPECT_EQ(jangbu({"rebuild", node_, "--from", at("right")}).status, 2) << "never over what is there";
}

TEST_F(RebuildTest, PinsAloneMakeEmptyLedgersThatSayWhatTheyWaitFor) {
  std::ofstream(folder_ / "pins") << jangbu({"pins", node_}).out;
  const Ran made = jangbu({"rebuild", at("empty"), "--pins", at("pins")});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("its topic has to have it from the genesis on"));
  const Ran status = jangbu({"status", "--node", at("empty")});
  EXPECT_EQ(status.status, 0) << status.err;
}

TEST_F(RebuildTest, NewInstitutionsJoinASpace) {
  const Ran made = jangbu({"init", at("mirae"), "--join", node_, "--institution", "mirae:hospital"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("medspace/mirae.patients+"));
  const auto coordinator = [&](const std::string& what) {
    const std::string text = jangbu({"pins", what}).out;
    return text.substr(0, text.find("\nledger"));
  };
  EXPECT_EQ(coordinator(at("mirae")), coordinator(node_)) << "of the same space, under the same coordinating body";
  const Ran said = jangbu(
      {"emit", "--node", node_, "--key", at("node/keys/coordinator.key"), "--quiet", at("mirae/registered.ndjson")});
  EXPECT_EQ(said.status, 0) << said.out << said.err;
  EXPECT_EQ(
      json({"query", "--node", node_, "--type", "institution.registered", "--limit", "100", "--format", "json"}).size(),
      7U);
  // Both in one directory.
  ASSERT_EQ(jangbu({"rebuild", at("all"), "--from", node_, "--from", at("mirae")}).status, 0);
  EXPECT_EQ(json({"verify", at("all"), "--format", "json"}).size(), 6U);

  EXPECT_THAT(jangbu({"init", at("x"), "--join", node_, "--institution", "hanbit:hospital"}).err,
              HasSubstr("is an institution of this space already"));
  EXPECT_THAT(jangbu({"init", at("y"), "--join", node_, "--institution", "zwei:coordinator"}).err,
              HasSubstr("has its coordinating body"));
  EXPECT_THAT(jangbu({"init", at("z"), "--join", node_, "--space", "other", "--institution", "z-h:hospital"}).err,
              HasSubstr("is a node of space medspace"));
}

}  // namespace
}  // namespace jangbu::tools::testing
