// A serving node whose checks, ticks or projections cannot go on: the ledgers do, and the node says what stands still.
#include "tools/running_node.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <thread>

#include "ledger/key_file.h"
#include "tests/tools/cli.h"
#include "tools/adoption.h"
#include "tools/http_client.h"

namespace jangbu::tools::testing {
namespace {

using ::testing::HasSubstr;

class RunningNodeTest : public CliTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(make_space(node_));
    {
      NodeOptions adopting;
      adopting.directory = node_;
      adopting.clock = &clock_;
      const auto node = Node::open(adopting, TypeTable::build().value());
      ASSERT_TRUE(node) << to_string(node.error());
      ASSERT_TRUE(adopt_defaults(**node, node_, {}, Timestamp::from_milliseconds(clock_.wall_milliseconds())));
    }
    auto key = read_signing_key(space_key_path(node_, KeyUse::ticker), {});
    ASSERT_TRUE(key);
    ticker_key_.emplace(std::move(*key));
    ASSERT_NO_FATAL_FAILURE(start());
  }
  void start() {
    RunningNodeOptions options;
    options.directory = node_;
    options.clock = &clock_;
    options.ask_passphrase = [](const std::filesystem::path&) { return std::optional<std::string>(); };
    options.say = [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      said_ += std::string(line) + "\n";
    };
    auto opened = RunningNode::open(options);
    ASSERT_TRUE(opened) << to_string(opened.error());
    running_ = std::move(*opened);
  }
  void pass(std::int64_t seconds) { clock_.set_wall_milliseconds(clock_.wall_milliseconds() + seconds * 1000); }
  std::string said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  Json ready() {
    auto client = HttpClient::make(running_->url());
    const auto answer = client->send("GET", "/readyz");
    return answer && answer->status == 200 ? Json::parse(answer->body, nullptr, false) : Json();
  }
  // Looks for twenty seconds; the node looks five times a second.
  template <typename Holds>
  bool comes(Holds holds) {
    for (int look = 0; look < 400; ++look) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  bool in_trouble(std::string_view part) {
    const Json now = ready();
    for (const Json& trouble : now.value("troubles", Json::array())) {
      if (trouble["part"] == part) return true;
    }
    return false;
  }
  // Somebody else who holds the ticker's key.
  void foreign_tick(std::int64_t after_seconds, const std::string& observed) {
    const std::string at = to_string(Timestamp::from_milliseconds(clock_.wall_milliseconds() + after_seconds * 1000));
    const std::string event = R"({"specversion":"1.0","type":"kr.jangbu.tick.v1","source":"/elsewhere","id":")" +
                              id_of(++ticks_) + R"(","time":")" + at + R"(","institution":"haneul","data":{"at":")" +
                              at + R"(","observed":)" + observed + "}}";
    auto client = HttpClient::make(running_->url());
    const auto answer =
        client->send("POST", "/v1/events",
                     {{"content-type", "application/cloudevents+json"},
                      {"jangbu-signature", to_string(sign_event(*ticker_key_, "medspace/haneul", event))}},
                     event);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 201) << answer->body;
  }

  std::mutex mutex_;
  std::string said_;
  int ticks_ = 9000;
  std::optional<SigningKey> ticker_key_;
  std::unique_ptr<RunningNode> running_;
};

// The serving process ended: a tick that it did not write itself made its own be refused.
TEST_F(RunningNodeTest, ARefusedTickStopsTimeAndNothingElse) {
  ASSERT_TRUE(
      comes([&] { return running_->node().view(LedgerId::of("haneul", LedgerKind::shared))->size().value() > 0; }));
  pass(60);
  ASSERT_NO_FATAL_FAILURE(foreign_tick(400, "[]"));
  pass(60);
  ASSERT_TRUE(comes([&] { return in_trouble("ticks"); })) << ready();
  EXPECT_THAT(said(), HasSubstr("ticks stand still"));
  ASSERT_NO_FATAL_FAILURE(emit(running_->url(), accesses(0, 10)));
  pass(600);
  EXPECT_TRUE(comes([&] { return !in_trouble("ticks"); })) << ready();
  EXPECT_THAT(said(), HasSubstr("ticks go on"));
  EXPECT_TRUE(running_->stop());
  running_.reset();
  const Ran tried = jangbu({"replay", "--node", node_, "--checks"});
  EXPECT_EQ(tried.status, 0) << tried.out << tried.err;
  EXPECT_THAT(tried.out, HasSubstr("no difference"));
}

// Nothing said so: a node that has no ticker of its own waited for ever.
TEST_F(RunningNodeTest, WhereNobodyTicksTimeIsSaidToStandStillAndIntakeGoesOn) {
  ASSERT_TRUE(running_->stop());
  running_.reset();
  std::filesystem::remove(space_key_path(node_, KeyUse::ticker));
  ASSERT_NO_FATAL_FAILURE(start());
  pass(60);
  ASSERT_NO_FATAL_FAILURE(foreign_tick(0, "[]"));
  ASSERT_TRUE(comes([&] {
    const Json checks = ready().value("checks", Json::array());
    return std::any_of(checks.begin(), checks.end(), [](const Json& check) {
      return check["check"] == "shared" && check.value("tick_age_seconds", -1.0) == 0.0;
    });
  })) << ready();
  EXPECT_FALSE(in_trouble("time")) << ready();
  pass(400);
  ASSERT_TRUE(comes([&] { return in_trouble("time"); })) << ready();
  EXPECT_THAT(said(), HasSubstr("time stands still: haneul: the last tick is of 2"));
  ASSERT_NO_FATAL_FAILURE(emit(running_->url(), accesses(0, 10)));
  const Ran status = jangbu({"status", "--node", running_->url()});
  EXPECT_THAT(status.out, HasSubstr("\ntime: haneul: the last tick is of 2"));
  EXPECT_THAT(status.out, HasSubstr("\nCHECKS"));
  ASSERT_NO_FATAL_FAILURE(foreign_tick(0, "[]"));
  EXPECT_TRUE(comes([&] { return !in_trouble("time"); })) << ready();
  EXPECT_THAT(said(), HasSubstr("time goes on"));
  EXPECT_TRUE(running_->stop());
}

// The serving process ended: its checks met a ledger that this node does not follow.
TEST_F(RunningNodeTest, ATickThatNamesALedgerOfOthersStopsTheSharedChecksAndNothingElse) {
  pass(60);
  // A second ahead of the clock, so that the node's own tick cannot come before it.
  ASSERT_NO_FATAL_FAILURE(
      foreign_tick(1, R"([{"ledger":"elsewhere","size":3,"root":"sha256:)" + std::string(64, 'a') + R"("}])"));
  ASSERT_TRUE(comes([&] { return in_trouble("checks of shared"); })) << ready();
  EXPECT_THAT(said(), HasSubstr("elsewhere: a tick names it, and this node lacks it"));
  ASSERT_NO_FATAL_FAILURE(emit(running_->url(), accesses(0, 10)));
  const Json status = json({"status", "--node", running_->url(), "--format", "json"});
  EXPECT_TRUE(status["ready"].get<bool>());
  EXPECT_TRUE(std::any_of(status["troubles"].begin(), status["troubles"].end(), [](const Json& trouble) {
    return trouble["part"] == "checks of shared";
  })) << status;
  EXPECT_TRUE(running_->stop());
}

// Alarms were counted where nobody looked.
TEST_F(RunningNodeTest, AConclusionThatTheChecksDidNotComputeIsAnAlarm) {
  const auto key = read_signing_key(key_path(node_, LedgerId::of("hanbit", LedgerKind::shared), KeyUse::system), {});
  ASSERT_TRUE(key);
  const std::string cause = R"({"ledger":"hanbit","sequence":0,"leaf":"sha256:)" + std::string(64, 'a') + R"("})";
  const std::string event =
      R"({"specversion":"1.0","type":"kr.jangbu.purge.verified.v1","source":"/checks/purge","id":")" + id_of(77) +
      R"(","time":"2026-03-03T00:00:00Z","institution":"hanbit","data":{"dataset":"hanbit/d-1","level":)"
      R"("other-institution","causes":[)" +
      cause + R"(],"policy":"haneul/policy-1"}})";
  auto client = HttpClient::make(running_->url());
  const auto answer = client->send("POST", "/v1/events",
                                   {{"content-type", "application/cloudevents+json"},
                                    {"jangbu-signature", to_string(sign_event(*key, "medspace/hanbit", event))}},
                                   event);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->status, 201) << answer->body;
  pass(60);
  EXPECT_TRUE(comes([&] { return ready().value("alarms", 0) == 1; })) << ready();
  EXPECT_THAT(said(), HasSubstr("alarm: hanbit#"));
  ASSERT_TRUE(running_->stop());
  running_.reset();
  // A dry run says the same, and writes nothing.
  const Ran tried = jangbu({"replay", "--node", node_, "--checks", "--format", "json"});
  EXPECT_EQ(tried.status, 1) << tried.err;
  const Json rows = Json::parse(tried.out);
  ASSERT_EQ(rows.size(), 1U) << tried.out;
  EXPECT_EQ(rows[0]["difference"], "ledgered, not computed");
  EXPECT_EQ(rows[0]["checks"], "shared");
  EXPECT_THAT(rows[0]["where"].get<std::string>(), ::testing::StartsWith("hanbit#"));
}

}  // namespace
}  // namespace jangbu::tools::testing
