// The commands of the jangbu program: what they do, what they say when they cannot, and their exit status.
#include "tests/tools/cli.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "ledger/node.h"
#include "tests/support/shared_files.h"

namespace jangbu::tools::testing {
namespace {

namespace fs = std::filesystem;
using jangbu::testing::read_file;
using ::testing::HasSubstr;

TEST_F(CliTest, HelpNamesEveryCommandAndWhatTheStatusMeans) {
  const Ran ran = jangbu({"--help"});
  EXPECT_EQ(ran.status, 0);
  for (const char* command : {"init", "keygen", "serve", "emit", "query", "show", "prove", "verify", "replay", "report",
                              "backup", "restore", "tip", "demo", "status", "topics", "version", "completion"}) {
    EXPECT_THAT(ran.out, HasSubstr(std::string("  ") + command));
  }
  EXPECT_THAT(ran.out, HasSubstr("Exit status"));
}

TEST_F(CliTest, AnUnknownCommandOrOptionIsAWrongCommandLine) {
  const Ran unknown = jangbu({"frobnicate"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("frobnicate: no such command"));
  EXPECT_EQ(jangbu({}).status, 2);
  EXPECT_EQ(jangbu({"query", "--no-such-option"}).status, 2);
  EXPECT_EQ(jangbu({"query"}).status, 2);  // no --node
}

TEST_F(CliTest, VersionSaysWhichScreenItHas) {
  const Json row = json({"version", "--format", "json"})[0];
  EXPECT_EQ(row["screen"], 1);
  EXPECT_TRUE(row["screen_digest"].get<std::string>().starts_with("sha256:"));
}

TEST_F(CliTest, CompletionKnowsCommandsAndOptionsInThreeShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = jangbu({"completion", shell});
    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.out, HasSubstr("verify"));
    EXPECT_THAT(ran.out, HasSubstr("from-checkpoint"));
  }
  EXPECT_EQ(jangbu({"completion", "csh"}).status, 2);
}

TEST_F(CliTest, KeygenWritesAFileThatOnlyItsOwnerReadsAndNeverOverOne) {
  const std::string file = (folder_ / "emitter.key").string();
  const Ran made = jangbu({"keygen", file, "--name", "medspace/hanbit/emitter"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(made.out.starts_with("medspace/hanbit/emitter+"));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(jangbu({"keygen", file, "--name", "medspace/hanbit/emitter"}).status, 2);
  EXPECT_EQ(jangbu({"keygen", (folder_ / "other.key").string()}).status, 2);  // no name
}

TEST_F(CliTest, InitMakesASpaceWithPolicyAndChecksAdoptedAndRefusesToDoItTwice) {
  const std::vector<std::string> arguments = {
      "init", node_, "--space", "medspace", "--institution", "haneul:coordinator", "--institution", "hanbit:hospital"};
  const Ran made = jangbu(arguments);
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("medspace/hanbit.patients+"));
  EXPECT_EQ(json({"query", "--node", node_, "--type", "policy.adopted", "--format", "json"}).size(), 1U);
  EXPECT_GE(json({"query", "--node", node_, "--type", "check.adopted", "--format", "json"}).size(), 2U);
  const Ran again = jangbu(arguments);
  EXPECT_EQ(again.status, 2);
  EXPECT_THAT(again.err, HasSubstr("already_exists"));
  EXPECT_EQ(jangbu({"verify", node_}).status, 0);
}

class CliNodeTest : public CliTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(make_space(node_));
    ASSERT_NO_FATAL_FAILURE(emit(node_, accesses(0, 40)));
  }
  // Where the n-th access stands.
  std::string place_of(int number) {
    const Json rows = json({"query", "--node", node_, "--patient", patient(number), "--format", "json"});
    EXPECT_EQ(rows.size(), 1U);
    return rows[0]["ledger"].get<std::string>() + "/" + std::to_string(rows[0]["sequence"].get<std::uint64_t>());
  }
  std::map<std::string, std::pair<std::uint64_t, std::string>> heads(const std::string& node) {
    std::map<std::string, std::pair<std::uint64_t, std::string>> found;
    const Json status = json({"status", "--node", node, "--format", "json"});
    for (const Json& ledger : status["ledgers"]) {
      found[ledger["ledger"]] = {ledger["entries"].get<std::uint64_t>(), ledger["root"].get<std::string>()};
    }
    return found;
  }
  // Of hanbit's patients' ledger, with its tiles, as a mirror would have it.
  std::string mirror() {
    const std::string folder = (folder_ / "mirror").string();
    auto types = TypeTable::build().value();
    NodeOptions options;
    options.directory = node_;
    options.read_only = true;
    const auto node = Node::open(options, types).value();
    const auto view = node->view(LedgerId::of("hanbit", LedgerKind::patients)).value();
    const auto write = [&](const std::string& path, const std::string& bytes) {
      fs::create_directories((fs::path(folder) / path).parent_path());
      std::ofstream(fs::path(folder) / path, std::ios::binary) << bytes;
    };
    write("checkpoint", view.checkpoint());
    for (const TilePath& path : tiles_of(view.size())) write(to_path(path), view.tile(path).value());
    return folder;
  }
};

TEST_F(CliNodeTest, EmitSaysOfEachEventWhatBecameOfIt) {
  const Ran ran = jangbu({"emit", "--node", node_, "--format", "ndjson", "-"},
                         access(0) + "\n" + R"({"specversion":"1.0"})" + "\n" + access(100) + "\n");
  EXPECT_EQ(ran.status, 4);
  const auto rows = lines(ran.out);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["outcome"], "duplicate");
  EXPECT_EQ(rows[1]["outcome"], "refused");
  EXPECT_FALSE(rows[1]["reason"].get<std::string>().empty());
  EXPECT_EQ(rows[2]["outcome"], "ledgered");
}

TEST_F(CliNodeTest, EmitPrintsOneJsonDocumentWhereItIsAskedFor) {
  const Ran ran = jangbu({"emit", "--node", node_, "--format", "json", "-"}, access(100) + "\n" + access(101) + "\n");
  EXPECT_EQ(ran.status, 0) << ran.err;
  const Json rows = Json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(rows.is_array()) << ran.out;
  EXPECT_EQ(rows.size(), 2U);
}

TEST_F(CliNodeTest, NothingInAnArrayOfEventsIsForgotten) {
  const Ran ran = jangbu({"emit", "--node", node_, "--format", "ndjson", "-"},
                         "[17, " + access(100) + ",\"an event\",null , [" + access(101) + "],\n" + access(102) + " ]");
  EXPECT_EQ(ran.status, 4);
  const auto rows = lines(ran.out);
  ASSERT_EQ(rows.size(), 6U) << ran.out;
  for (const std::size_t refused : {0U, 2U, 3U, 4U}) EXPECT_EQ(rows[refused]["outcome"], "refused") << refused;
  for (const std::size_t ledgered : {1U, 5U}) EXPECT_EQ(rows[ledgered]["outcome"], "ledgered") << ledgered;
}

// An event was taken for one that carries its signature already, because the text "event" stood somewhere in it.
TEST_F(CliNodeTest, AnEventThatSaysEventSomewhereIsSignedToo) {
  std::string event = access(100);
  event.replace(event.find("\"emr\""), 5, "\"event\"");
  const std::string key = node_ + "/keys/hanbit.patients/emitter.key";
  const Ran ran = jangbu({"emit", "--node", node_, "--key", key, "--format", "ndjson", "-"}, event + "\n");
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  const Json row = lines(ran.out)[0];
  const Json entry =
      json({"show", "--node", node_,
            row["ledger"].get<std::string>() + "/" + std::to_string(row["sequence"].get<int>()), "--format", "json"});
  EXPECT_TRUE(entry.contains("author")) << entry;
}

TEST_F(CliNodeTest, FhirThatIsNotTakenIsRefusedWithAReason) {
  const fs::path folder = folder_ / "resources";
  fs::create_directories(folder);
  std::ofstream(folder / "a.json") << R"({"resourceType":"MeasureReport"})";
  std::ofstream(folder / "b.xml")
      << "<?xml version=\"1.0\"?><!-- <x> -->\n<f:AuditEvent xmlns:f=\"http://hl7.org/fhir\"/>";
  std::ofstream(folder / "c.xml") << "<settings/>";
  const Ran ran = jangbu({"emit", "--node", node_, "--institution", "hanbit", "--format", "ndjson", folder.string()});
  EXPECT_EQ(ran.status, 4);
  const auto rows = lines(ran.out);
  ASSERT_EQ(rows.size(), 2U) << ran.out;
  EXPECT_THAT(rows[0]["reason"].get<std::string>(), HasSubstr("a FHIR MeasureReport: only AuditEvent"));
  EXPECT_THAT(rows[1]["reason"].get<std::string>(), HasSubstr("XML (AuditEvent): FHIR is taken as JSON only"));
}

TEST_F(CliNodeTest, QueryFindsByTermsAndTimesInAnyFormat) {
  EXPECT_EQ(json({"query", "--node", node_, "--type", "record.accessed", "--format", "json"}).size(), 40U);
  EXPECT_EQ(json({"query", "--node", node_, "--type", "kr.jangbu.record.accessed.v1", "--format", "json"}).size(), 40U);
  EXPECT_EQ(json({"query", "--node", node_, "--patient", patient(3), "--actor", "hanbit/u:547iprewoyteeszco4dlhopdl4",
                  "--format", "json"})
                .size(),
            1U);
  const Json morning =
      json({"query", "--node", node_, "--from", "2026-03-02T00:00:00+09:00", "--until", "2026-03-02T02:00:00+09:00",
            "--type", "record.accessed", "--format", "json", "--oldest-first"});
  ASSERT_EQ(morning.size(), 8U);
  EXPECT_LE(morning.front()["time"], morning.back()["time"]);
  const Ran page =
      jangbu({"query", "--node", node_, "--type", "record.accessed", "--limit", "7", "--format", "ndjson"});
  EXPECT_EQ(lines(page.out).size(), 7U);
  EXPECT_THAT(page.err, HasSubstr("--cursor"));
  const std::string cursor = page.err.substr(page.err.find("--cursor ") + 9);
  const Ran next = jangbu({"query", "--node", node_, "--type", "record.accessed", "--limit", "7", "--format", "ndjson",
                           "--cursor", cursor.substr(0, cursor.find('\n'))});
  EXPECT_EQ(lines(next.out).size(), 7U);
  EXPECT_NE(next.out, page.out);
  EXPECT_EQ(lines(jangbu({"query", "--node", node_, "--all", "--format", "ndjson", "--ledger", "hanbit.patients",
                          "--type", "record.accessed"})
                      .out)
                .size(),
            40U);
  EXPECT_THAT(jangbu({"query", "--node", node_, "--patient", patient(3)}).out, HasSubstr("record.accessed"));
}

TEST_F(CliNodeTest, ABadQueryNamesTheFieldAndIsNoFailureOfTheNode) {
  const Ran ran = jangbu({"query", "--node", node_, "--from", "yesterday"});
  EXPECT_EQ(ran.status, 4);
  EXPECT_THAT(ran.err, HasSubstr("/time/from"));
}

TEST_F(CliNodeTest, ANodeThatIsNotThereIsUnreachableAndAFolderWithoutOneIsAWrongCommandLine) {
  const Ran away = jangbu({"status", "--node", "http://127.0.0.1:1"});
  EXPECT_EQ(away.status, 3);
  EXPECT_THAT(away.err, HasSubstr("unreachable"));
  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(jangbu({"status", "--node", (folder_ / "empty").string()}).status, 2);
}

TEST_F(CliNodeTest, ShowGivesEntriesAndLedgers) {
  const std::string place = place_of(5);
  const Json entry = json({"show", "--node", node_, place, "--format", "json"});
  EXPECT_EQ(entry["event"]["id"], id_of(5));
  EXPECT_THAT(jangbu({"show", "--node", node_, place}).out, HasSubstr(id_of(5)));
  const Json ledger = json({"show", "--node", node_, "hanbit.patients", "--format", "json"});
  EXPECT_EQ(ledger["origin"], "medspace/hanbit.patients");
  EXPECT_THAT(jangbu({"show", "--node", node_, "hanbit.patients"}).out, HasSubstr("emitter"));
  EXPECT_EQ(jangbu({"show", "--node", node_, "hanbit.patients/9999"}).status, 4);
  EXPECT_EQ(jangbu({"show", "--node", node_, "hanbit/x"}).status, 2);
  EXPECT_EQ(jangbu({"show", "--node", node_}).status, 2);
  EXPECT_EQ(jangbu({"show", "--node", node_, "--dataset", "hanbit/ds-none"}).status, 4);
}

TEST_F(CliNodeTest, ADatasetsLifeLineTellsItsSteps) {
  ASSERT_NO_FATAL_FAILURE(emit(
      node_,
      R"({"specversion":"1.0","type":"kr.jangbu.dataset.accessed.v1","source":"/hanbit/research-platform","id":")" +
          id_of(700) +
          R"(","time":"2026-03-02T09:15:00+09:00","institution":"hanbit","data":{"actor":{"id":"hanbit/u:547iprewoyteeszco4dlhopdl4","role":"researcher"},)"
          R"("action":"read","outcome":0,"dataset":"hanbit/d-1","object":"dataset","system":"workbench"}})"
          "\n"));
  const Json line = json({"show", "--node", node_, "--dataset", "hanbit/d-1", "--format", "json"});
  EXPECT_EQ(line["accesses"]["count"], 1);
  EXPECT_THAT(jangbu({"show", "--node", node_, "--dataset", "hanbit/d-1"}).out, HasSubstr("dataset.accessed"));
}

TEST_F(CliNodeTest, ProveWritesReceiptsAndProofsThatHold) {
  const std::string place = place_of(5);
  const Ran receipt = jangbu({"prove", "--node", node_, place});
  ASSERT_EQ(receipt.status, 0) << receipt.err;
  EXPECT_TRUE(receipt.out.starts_with("c2sp.org/tlog-proof@v1"));
  const Ran by_id = jangbu({"prove", "--node", node_, "--source", "/hanbit/emr", "--id", id_of(5)});
  EXPECT_EQ(by_id.out, receipt.out);
  const Json as_json = json({"prove", "--node", node_, place, "--json"});
  EXPECT_EQ(as_json["origin"], "medspace/hanbit.patients");
  EXPECT_EQ(json({"prove", "--node", node_, place, "--size", "30"})["size"], 30);
  const Json grown = json({"prove", "--node", node_, "--consistency", "hanbit.patients", "--from", "10", "--to", "31"});
  EXPECT_EQ(grown["from"], 10);
  EXPECT_EQ(grown["to"], 31);

  const std::string file = (folder_ / "receipt").string();
  EXPECT_EQ(jangbu({"prove", "--node", node_, place, "--out", file}).status, 0);
  EXPECT_EQ(read_file(file), receipt.out);
  EXPECT_EQ(jangbu({"prove", "--node", node_, "--source", "/hanbit/emr", "--id", id_of(999)}).status, 4);
  EXPECT_EQ(jangbu({"prove", "--node", node_, place, "--size", "99999"}).status, 4);
  EXPECT_EQ(jangbu({"prove", "--node", node_}).status, 2);
}

TEST_F(CliNodeTest, VerifySaysWhatItChecked) {
  const Json rows = json({"verify", node_, "--format", "json"});
  ASSERT_EQ(rows.size(), 4U);
  for (const Json& row : rows) {
    EXPECT_TRUE(row["holds"].get<bool>()) << row.dump(2);
    EXPECT_EQ(row["checkpoints"], 1);
    EXPECT_EQ(row["entries"], row["checkpoint_size"]);
    EXPECT_FALSE(row["anchored"].get<bool>());
  }
  const auto head = heads(node_)["hanbit.patients"];
  const Json one = json({"verify", node_, "--ledger", "hanbit.patients", "--screen", "--format", "json"})[0];
  EXPECT_EQ(one["entries"], head.first);
  EXPECT_EQ(one["root"], head.second);
  const Ran table = jangbu({"verify", node_});
  EXPECT_THAT(table.out, HasSubstr("holds"));
  EXPECT_THAT(table.out, HasSubstr("not pinned"));
  EXPECT_EQ(jangbu({"verify", node_, "--ledger", "nowhere"}).status, 2);
  EXPECT_EQ(jangbu({"verify", (folder_ / "nothing").string()}).status, 2);
}

TEST_F(CliNodeTest, VerifyHoldsLedgersAgainstKeysCheckpointsAndReceiptsFromElsewhere) {
  const Json before = json({"show", "--node", node_, "hanbit.patients", "--format", "json"});
  const std::string receipt = (folder_ / "receipt").string();
  ASSERT_EQ(jangbu({"prove", "--node", node_, place_of(5), "--out", receipt}).status, 0);
  const std::string json_receipt = (folder_ / "receipt.json").string();
  ASSERT_EQ(jangbu({"prove", "--node", node_, place_of(6), "--json", "--out", json_receipt}).status, 0);
  const std::string checkpoint = mirror() + "/checkpoint";
  ASSERT_NO_FATAL_FAILURE(emit(node_, accesses(40, 60)));

  const std::vector<std::string> arguments = {"verify",
                                              node_,
                                              "--ledger",
                                              "hanbit.patients",
                                              "--log-key",
                                              before["log_key"],
                                              "--genesis",
                                              before["genesis_leaf"],
                                              "--from-checkpoint",
                                              checkpoint,
                                              "--receipt",
                                              receipt,
                                              "--receipt",
                                              json_receipt,
                                              "--format",
                                              "json"};
  const Json row = json(arguments)[0];
  EXPECT_TRUE(row["anchored"].get<bool>());
  EXPECT_EQ(row["checkpoints"], 2);
  EXPECT_EQ(row["receipts"], 2);

  // Another space of the same names under other keys.
  const std::string other = (folder_ / "other").string();
  ASSERT_EQ(jangbu({"init", other, "--space", "medspace", "--institution", "haneul:coordinator", "--institution",
                    "hanbit:hospital"})
                .status,
            0);
  const Ran wrong = jangbu({"verify", other, "--ledger", "hanbit.patients", "--log-key", before["log_key"]});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.out, HasSubstr("DOES NOT HOLD"));
  EXPECT_EQ(jangbu({"verify", other, "--ledger", "hanbit.patients", "--from-checkpoint", checkpoint}).status, 1);
  EXPECT_EQ(jangbu({"verify", other, "--ledger", "hanbit.patients", "--receipt", receipt}).status, 1);
  EXPECT_EQ(jangbu({"verify", node_, "--log-key", "nonsense"}).status, 2);
}

TEST_F(CliNodeTest, AMirrorHoldsUntilOneByteOfItIsChanged) {
  const std::string folder = mirror();
  ASSERT_EQ(jangbu({"verify", folder}).status, 0) << jangbu({"verify", folder}).out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read_file(entry.path());
    std::string changed = bytes;
    changed[bytes.size() / 2] = static_cast<char>(changed[bytes.size() / 2] ^ 4);
    std::ofstream(entry.path(), std::ios::binary) << changed;
    const Ran ran = jangbu({"verify", folder, "--format", "json"});
    EXPECT_EQ(ran.status, 1) << entry.path();
    const Json row = Json::parse(ran.out)[0];
    ASSERT_GT(row["findings"].size(), 0U) << entry.path();
    EXPECT_FALSE(row["findings"][0]["what"].get<std::string>().empty());
    std::ofstream(entry.path(), std::ios::binary) << bytes;
  }
  fs::remove(fs::path(folder) / "tile" / "0" / "000.p" / std::to_string(heads(node_)["hanbit.patients"].first));
  EXPECT_EQ(jangbu({"verify", folder}).status, 1);
}

TEST_F(CliNodeTest, ADatabaseThatWasTamperedWithDoesNotVerify) {
  // In each of the database's tables that holds entries: an event's own text, changed where it lies.
  int changed = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(node_) / "db")) {
    if (entry.path().extension() != ".sst" && entry.path().extension() != ".log") continue;
    std::string bytes = read_file(entry.path());
    if (bytes.size() < 2000) continue;
    const std::string whole = bytes;
    bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 1);
    std::ofstream(entry.path(), std::ios::binary) << bytes;
    const Ran ran = jangbu({"verify", node_});
    if (ran.status != 0) {
      ++changed;
      EXPECT_EQ(ran.status, 1) << entry.path() << ran.err;
      EXPECT_FALSE((ran.out + ran.err).empty());
    }
    std::ofstream(entry.path(), std::ios::binary) << whole;
  }
  EXPECT_GT(changed, 0);
  EXPECT_EQ(jangbu({"verify", node_}).status, 0);
}

TEST_F(CliNodeTest, ANodeRolledBackToAnOldCopyDoesNotVerify) {
  fs::copy(fs::path(node_) / "db", folder_ / "old", fs::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(emit(node_, accesses(40, 60)));
  fs::remove_all(fs::path(node_) / "db");
  fs::copy(folder_ / "old", fs::path(node_) / "db", fs::copy_options::recursive);
  const Ran ran = jangbu({"verify", node_});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("tip_rollback"));
}

TEST_F(CliNodeTest, ReplayWritesARangeAndGoesOnWhereItStopped) {
  const std::string all = jangbu({"replay", "--node", node_, "--ledger", "hanbit.patients"}).out;
  const auto rows = lines(all);
  ASSERT_EQ(rows.size(), heads(node_)["hanbit.patients"].first);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i]["sequence"], i);
  const std::string file = (folder_ / "entries.ndjson").string();
  ASSERT_EQ(jangbu({"replay", "--node", node_, "--ledger", "hanbit.patients", "--until", "17", "--out", file}).status,
            0);
  EXPECT_EQ(jangbu({"replay", "--node", node_, "--ledger", "hanbit.patients", "--out", file}).status, 2);
  ASSERT_EQ(
      jangbu({"replay", "--node", node_, "--ledger", "hanbit.patients", "--from", "17", "--out", file, "--append"})
          .status,
      0);
  EXPECT_EQ(read_file(file), all);
  const Ran found = jangbu({"replay", "--node", node_, "--patient", patient(9), "--events"});
  EXPECT_EQ(found.out, access(9) + "\n");
  EXPECT_EQ(jangbu({"replay", "--node", node_, "--from", "3"}).status, 2);      // of which ledger?
  EXPECT_EQ(jangbu({"replay", "--node", node_, "--to-topic", "x"}).status, 2);  // on which brokers?
  EXPECT_EQ(jangbu({"replay", "--node", node_, "--checks", "--out", file + "2"}).status, 2);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(jangbu({"replay", "--node", node_, "--ledger", "hanbit.patients", "--until", "11", "--rate", "100"}).status,
            0);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(100)) << "ten waits of a hundredth";
  EXPECT_EQ(jangbu({"replay", "--node", node_, "--ledger", "hanbit", "--from", "99999"}).status, 4);
}

TEST_F(CliNodeTest, ABackupIsVerifiedAndARestoredNodeWritesOnlyOnceItHoldsWhatWasReleased) {
  const std::string copy = (folder_ / "copy").string();
  const Ran made = jangbu({"backup", node_, copy});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(jangbu({"verify", copy}).status, 0);
  EXPECT_EQ(heads(copy), heads(node_));
  EXPECT_EQ(jangbu({"backup", node_, copy}).status, 2);
  EXPECT_EQ(jangbu({"backup", (folder_ / "nothing").string(), (folder_ / "x").string()}).status, 2);
  // A backup is never written to.
  EXPECT_NE(jangbu({"emit", "--node", copy, "-"}, access(200)).status, 0);

  const std::string read_only = (folder_ / "read-only").string();
  const Ran unshown = jangbu({"restore", copy, read_only});
  EXPECT_EQ(unshown.status, 0) << unshown.err;
  EXPECT_THAT(unshown.out, HasSubstr("read-only"));
  EXPECT_EQ(heads(read_only), heads(node_));

  const std::string held = (folder_ / "held").string();
  ASSERT_EQ(jangbu({"restore", copy, held, "--tip", node_ + "/tip"}).status, 0);
  fs::copy(node_ + "/keys", held + "/keys", fs::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(emit(held, accesses(200, 203)));
  EXPECT_EQ(jangbu({"verify", held}).status, 0);

  // What is released after the backup is not in it.
  ASSERT_NO_FATAL_FAILURE(emit(node_, accesses(40, 41)));
  const std::string late = (folder_ / "late").string();
  const Ran refused = jangbu({"restore", copy, late, "--tip", node_ + "/tip"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("tip_rollback"));
  EXPECT_NE(jangbu({"emit", "--node", late, "-"}, access(200)).status, 0);
  const Ran by_checkpoint =
      jangbu({"restore", copy, (folder_ / "late2").string(), "--checkpoint", mirror() + "/checkpoint"});
  EXPECT_EQ(by_checkpoint.status, 1);
  EXPECT_THAT(by_checkpoint.err, HasSubstr("hanbit.patients"));
  EXPECT_EQ(jangbu({"restore", node_, (folder_ / "y").string()}).status, 2);  // no backup
}

TEST_F(CliNodeTest, StatusTellsSizesRootsAndAges) {
  clock_.set_wall_milliseconds(clock_.wall_milliseconds() + 90'000);
  const Json status = json({"status", "--node", node_, "--format", "json"});
  EXPECT_EQ(status["space"], "medspace");
  EXPECT_EQ(status["ledgers"].size(), 4U);
  for (const Json& ledger : status["ledgers"]) EXPECT_EQ(ledger["checkpoint_age_seconds"], 90);
  EXPECT_THAT(jangbu({"status", "--node", node_}).out, HasSubstr("hanbit.patients"));
}

}  // namespace
}  // namespace jangbu::tools::testing
