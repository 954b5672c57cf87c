// What /readyz and /metrics say of a node's checks, topics and stopped ledgers; and that the board and the alert rules
// ask for nothing that no node prints.
#include "api/standing.h"

#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "api/troubles.h"
#include "tests/api/node_fixture.h"
#include "tests/support/shared_files.h"

namespace jangbu::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class StandingTest : public testing::NodeTest {
 protected:
  void SetUp() override {
    NodeTest::SetUp();
    service_->troubles = &troubles_;
    service_->standings = &standings_;
    service_->metrics = &counts_;
    routes_ = std::make_unique<Routes>(make_routes(*service_, 1));
    counts_.attach(*routes_);
  }
  void follow(KafkaStanding standing) {
    standings_.attach_kafka([standing = std::move(standing)] { return standing; });
  }
  [[nodiscard]] KafkaFollower::State topic(const std::string& ledger, std::uint64_t next, std::uint64_t high) const {
    KafkaFollower::State state{*LedgerId::parse(ledger), true, Generation(1), Offset(next), Offset(high), {}, 0};
    state.complete_ms = clock_.wall_milliseconds() - 4'500;
    return state;
  }
  Json ready(int status = 200) {
    const Response response = get("/readyz");
    EXPECT_EQ(response.status, status) << response.body;
    return Json::parse(response.body);
  }
  std::string metrics() { return get("/metrics").body; }

  HttpMetrics counts_;
  Troubles troubles_;
  Standings standings_;
};

TEST_F(StandingTest, AnEmbeddedNodeSpeaksOfNoTopics) {
  const Json now = ready();
  EXPECT_FALSE(now.contains("kafka"));
  EXPECT_TRUE(now["checks"].empty());
  EXPECT_TRUE(now["troubles"].empty());
  EXPECT_THAT(metrics(), Not(HasSubstr("jangbu_kafka")));
}

TEST_F(StandingTest, ChecksTellTheirLastTickAndWhatTheyHaveLeft) {
  standings_.report({"shared", Timestamp::from_milliseconds(clock_.wall_milliseconds() - 90'000), 17, 2});
  standings_.report({"hanbit.patients", std::nullopt, 5, 0});
  const Json now = ready();
  ASSERT_EQ(now["checks"].size(), 2U);
  EXPECT_EQ(now["checks"][0], Json({{"check", "hanbit.patients"}, {"lag_entries", 5}, {"outbox", 0}}));
  EXPECT_EQ(now["checks"][1]["lag_entries"], 17);
  EXPECT_EQ(now["checks"][1]["outbox"], 2);
  EXPECT_EQ(now["checks"][1]["tick_age_seconds"], 90.0);
  const std::string text = metrics();
  EXPECT_THAT(text, HasSubstr("jangbu_check_lag_entries{check=\"shared\"} 17"));
  EXPECT_THAT(text, HasSubstr("jangbu_check_tick_age_seconds{check=\"shared\"} 90"));
  EXPECT_THAT(text, HasSubstr("jangbu_check_outbox{check=\"shared\"} 2"));
  EXPECT_THAT(text, Not(HasSubstr("jangbu_check_tick_age_seconds{check=\"hanbit.patients\"}")));
  standings_.forget_checks();
  EXPECT_TRUE(ready()["checks"].empty());
}

TEST_F(StandingTest, TopicsTellHowFarTheyAreReadAndHowOldIsWhatIsLeft) {
  KafkaFollower::State untold{*LedgerId::parse("saebyeok"), false, Generation(0), Offset(0), {}, {}, 0};
  untold.trouble = Error{Code::kafka_topic_missing, "medspace.events.v1.saebyeok", ""};
  follow({true, 3, {topic("hanbit", 10, 12), topic("bioai", 7, 7), untold}});
  const Json kafka = ready()["kafka"];
  EXPECT_EQ(kafka["connected"], true);
  EXPECT_EQ(kafka["queued"], 3);
  EXPECT_EQ(kafka["topics"][0]["lag_records"], 2);
  EXPECT_EQ(kafka["topics"][0]["lag_seconds"], 4.5);
  EXPECT_EQ(kafka["topics"][1]["lag_records"], 0);
  EXPECT_EQ(kafka["topics"][1]["lag_seconds"], 0.0) << "nothing is left, whatever the time of the last record";
  EXPECT_EQ(kafka["topics"][2]["followed"], false);
  EXPECT_FALSE(kafka["topics"][2].contains("lag_records")) << "not known is not none";
  const Json troubles = ready()["troubles"];
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_EQ(troubles[0]["part"], "topic of saebyeok");
  EXPECT_EQ(troubles[0]["code"], "kafka_topic_missing");
  const std::string text = metrics();
  EXPECT_THAT(text, HasSubstr("jangbu_kafka_connected 1"));
  EXPECT_THAT(text, HasSubstr("jangbu_kafka_lag_records{ledger=\"hanbit\"} 2"));
  EXPECT_THAT(text, HasSubstr("jangbu_kafka_lag_seconds{ledger=\"hanbit\"} 4.5"));
  EXPECT_THAT(text, HasSubstr("jangbu_kafka_followed{ledger=\"saebyeok\"} 0"));
  EXPECT_THAT(text, Not(HasSubstr("jangbu_kafka_lag_records{ledger=\"saebyeok\"}")));
}

TEST_F(StandingTest, ANodeWhoseBrokerIsAwayIsNotReadyAndStillTellsAll) {
  follow({false, 40, {topic("hanbit", 10, 12)}});
  const Json now = ready(503);
  EXPECT_EQ(now["ready"], false);
  EXPECT_EQ(now["code"], "kafka_unreachable");
  EXPECT_EQ(now["kafka"]["queued"], 40);
  EXPECT_EQ(now["kafka"]["topics"].size(), 1U);
  EXPECT_THAT(metrics(), HasSubstr("jangbu_kafka_connected 0"));
}

TEST_F(StandingTest, AStoppedLedgerIsNamedAndTheNodeGoesOn) {
  const LedgerId hanbit = *LedgerId::parse("hanbit");
  KafkaFollower::State stopped = topic("hanbit", 10, 12);
  stopped.trouble = Error{Code::kafka_position, "medspace.events.v1.hanbit", ""};
  follow({true, 0, {stopped}});
  node_->stop_ledger(hanbit, *stopped.trouble);
  const Json now = ready();
  ASSERT_EQ(now["troubles"].size(), 1U) << "once, not also as its topic's: " << now;
  EXPECT_EQ(now["troubles"][0]["part"], "ledger hanbit");
  EXPECT_EQ(now["troubles"][0]["code"], "kafka_position");
  EXPECT_THAT(metrics(), HasSubstr("jangbu_ledger_stopped{ledger=\"hanbit\"} 1"));
  EXPECT_THAT(metrics(), HasSubstr("jangbu_ledger_stopped{ledger=\"bioai\"} 0"));
}

TEST_F(StandingTest, TheBoardAndTheAlertRulesAskOnlyForWhatIsPrinted) {
  standings_.report({"shared", Timestamp::from_milliseconds(clock_.wall_milliseconds()), 0, 0});
  follow({true, 0, {topic("hanbit", 1, 2)}});
  const std::filesystem::path root = JANGBU_SOURCE_DIR;
  counts_.observe(nullptr, 200, std::chrono::microseconds(10));
  counts_.attach([] { return Server::Counters(); });
  // The index's own lag is printed only where projections run.
  const std::string text = metrics() + "jangbu_index_lag_entries 0\n";
  const std::regex name(R"(\b(?:jangbu|process)_[a-z_]+\b)");
  std::set<std::string> asked;
  for (const char* file : {"ops/prometheus/alerts.yaml", "ops/grafana/jangbu.json"}) {
    const std::string content = jangbu::testing::read_file(root / file);
    for (std::sregex_iterator at(content.begin(), content.end(), name), end; at != end; ++at) asked.insert(at->str());
  }
  EXPECT_GT(asked.size(), 20U);
  for (const std::string& metric : asked) {
    EXPECT_TRUE(std::regex_search(text, std::regex("(^|\n)" + metric + "[ {]"))) << metric;
  }
  // Every section that an alert sends to is there.
  const std::string runbook = jangbu::testing::read_file(root / "ops/RUNBOOK.md");
  const std::string rules = jangbu::testing::read_file(root / "ops/prometheus/alerts.yaml");
  const std::regex section("runbook: \"([^\"]+)\"");
  int sections = 0;
  for (std::sregex_iterator at(rules.begin(), rules.end(), section), end; at != end; ++at, ++sections) {
    EXPECT_THAT(runbook, HasSubstr("\n## " + (*at)[1].str()));
  }
  EXPECT_GT(sections, 10);
}

}  // namespace
}  // namespace jangbu::api
