// Commands against a node that is being served by another: over its URL, and beside it in its directory.
#include <gmock/gmock.h>

#include <cstdlib>
#include <stop_token>
#include <thread>

#include "tests/tools/cli.h"
#include "tools/http_client.h"
#include "tools/running_node.h"

namespace jangbu::tools::testing {
namespace {

using ::testing::HasSubstr;

class CliServedTest : public CliTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(make_space(node_));
    serve(node_, served_);
    url_ = served_->url();
    ASSERT_NO_FATAL_FAILURE(emit(url_, accesses(0, 300)));
  }
  void serve(const std::string& directory, std::unique_ptr<RunningNode>& into) {
    RunningNodeOptions options;
    options.directory = directory;
    options.clock = &clock_;
    options.ask_passphrase = [](const std::filesystem::path&) { return std::optional<std::string>(); };
    options.on_its_own = false;
    auto opened = RunningNode::open(options);
    ASSERT_TRUE(opened) << to_string(opened.error());
    into = std::move(*opened);
  }

  std::unique_ptr<RunningNode> served_;
  std::string url_;
};

TEST_F(CliServedTest, StatusWatchesUntilItIsStoppedAndOutlivesTheNode) {
  std::stop_source stop;
  Ran ran;
  std::thread watching([&] {
    ran = run_jangbu({"status", "--node", url_, "--watch", "0.1"}, clock_, "", stop.get_token());
  });
  // The node counts what it is asked; then it goes, and the watch goes on. A look asks for readiness first: when that
  // is asked for the fourth time, three looks are over.
  const auto looks = [&] {
    const auto answer = HttpClient::make(url_)->send("GET", "/metrics");
    const std::string wanted = R"(jangbu_http_responses_total{method="GET",route="/readyz",status="2xx"} )";
    const std::size_t at = answer ? answer->body.find(wanted) : std::string::npos;
    return at == std::string::npos ? 0 : std::atoi(answer->body.c_str() + at + wanted.size());
  };
  for (int i = 0; i < 3000 && looks() < 4; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_TRUE(served_->stop());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  stop.request_stop();
  watching.join();
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = ran.out.find("space medspace, ready", at)) != std::string::npos; ++at) ++shown;
  EXPECT_GE(shown, 3U) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("(unreachable)"));
  EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("\x1b"))) << "no screen is written over where there is none";
}

TEST_F(CliServedTest, AServedLedgerVerifiesByUrl) {
  const Json rows = json({"verify", url_, "--format", "json"});
  ASSERT_EQ(rows.size(), 4U);
  for (const Json& row : rows) EXPECT_TRUE(row["holds"].get<bool>()) << row.dump(2);
  const Json one = json({"verify", url_ + "/ledgers/hanbit.patients", "--format", "json"});
  EXPECT_EQ(one[0]["origin"], "medspace/hanbit.patients");
  EXPECT_GT(one[0]["tiles"].get<int>(), 2);
  EXPECT_EQ(jangbu({"verify", url_ + "/ledgers/nowhere"}).status, 4);
  EXPECT_EQ(jangbu({"verify", "http://127.0.0.1:1"}).status, 3);
}

TEST_F(CliServedTest, ADirectoryThatIsServedIsLockedAndTheMessageSaysWhatToDo) {
  const Ran ran = jangbu({"query", "--node", node_});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("dir_locked"));
}

TEST_F(CliServedTest, ReplayCarriesEventsAndTheirSignaturesToAnotherNode) {
  std::unique_ptr<RunningNode> other;
  ASSERT_NO_FATAL_FAILURE(make_space((folder_ / "other").string()));
  ASSERT_NO_FATAL_FAILURE(serve((folder_ / "other").string(), other));
  const std::string key = node_ + "/keys/hanbit.patients/emitter.key";
  const Ran emitted = jangbu({"emit", "--node", url_, "--key", key, "--quiet", "-"}, accesses(300, 320));
  ASSERT_EQ(emitted.status, 0) << emitted.out << emitted.err;

  const Ran first = jangbu({"replay", "--node", url_, "--ledger", "hanbit.patients", "--to", other->url()});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(json({"query", "--node", other->url(), "--type", "record.accessed", "--limit", "1000", "--format", "json"})
                .size(),
            320U);
  const Json moved =
      json({"query", "--node", other->url(), "--patient", patient(310), "--format", "json", "--entries"});
  ASSERT_GE(moved.size(), 1U);
  EXPECT_TRUE(moved[0]["entry"].contains("author"));
  const Ran again = jangbu({"replay", "--node", url_, "--ledger", "hanbit.patients", "--to", other->url()});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("0 ledgered"));
  EXPECT_EQ(jangbu({"verify", other->url()}).status, 0);
}

TEST_F(CliServedTest, ABackupBesideABusyNodeHoldsWhatWasReleasedBeforeIt) {
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 300;
  std::jthread writer([&] {
    while (!stop) {
      const int from = sent;
      const Ran ran = jangbu({"emit", "--node", url_, "--quiet", "-"}, accesses(from, from + 200));
      if (ran.status != 0) ADD_FAILURE() << ran.err;
      sent = from + 200;
    }
  });
  for (int round = 0; round < 3; ++round) {
    const int before = sent;
    const std::string copy = (folder_ / ("copy" + std::to_string(round))).string();
    const Ran made = jangbu({"backup", node_, copy, "--format", "json"});
    ASSERT_EQ(made.status, 0) << made.err;
    for (const Json& row : Json::parse(made.out)) {
      if (row["ledger"] == "hanbit.patients") {
        EXPECT_GE(row["entries"].get<int>(), before);
      }
    }
    EXPECT_EQ(jangbu({"verify", copy}).status, 0);
  }
  stop = true;
  writer.join();
  EXPECT_EQ(jangbu({"verify", url_}).status, 0);
}

}  // namespace
}  // namespace jangbu::tools::testing
