// `jangbu topics` against a real broker (JANGBU_KAFKA), and against one with rights (JANGBU_KAFKA_TLS: the folder of
// `ops/kafka/broker start --tls`, with certificates for hanbit and bioai).
#include <gmock/gmock.h>

#include <cstdlib>
#include <random>

#include "ledger/kafka_follower.h"
#include "ledger/node.h"
#include "tests/kafka/broker.h"
#include "tests/tools/cli.h"

namespace jangbu::tools {
namespace {

using jangbu::testing::milliseconds;
using ::testing::HasSubstr;
using testing::Json;
using testing::Ran;

class Topics : public testing::CliTest {
 protected:
  void use(const std::string& kafka) {
    kafka_ = kafka;
    auto settings = parse_kafka_settings(kafka);
    ASSERT_TRUE(settings) << to_string(settings.error());
    settings_ = std::move(*settings);
    auto admin = KafkaAdmin::open(settings_, milliseconds(20'000));
    ASSERT_TRUE(admin);
    admin_ = std::move(*admin);
    auto types = TypeTable::build();
    ASSERT_TRUE(types);
    types_ = *types;
    space_ = "t" + std::to_string(std::random_device()());
    SpacePlan plan;
    plan.space = space_;
    plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "하늘", "Haneul"},
                         {"hanbit", InstitutionKind::hospital, false, {}, "한빛", "Hanbit"}};
    plan.key_seed = "topics";
    const auto made = create_space(node_, plan, clock_, *types_);
    ASSERT_TRUE(made) << to_string(made.error());
  }
  void TearDown() override {
    for (const char* ledger : {"haneul", "hanbit", "hanbit.patients"}) {
      if (admin_) (void)admin_->delete_topic(topic(ledger));
    }
  }
  [[nodiscard]] std::string topic(const std::string& ledger) const { return space_ + ".events.v1." + ledger; }
  Ran create(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"topics", "create", node_, "--kafka", kafka_, "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return jangbu(arguments);
  }
  Ran check(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"topics", "check", node_, "--kafka", kafka_, "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return jangbu(arguments);
  }
  // "ledger rule" of what a check found to be wrong.
  static std::vector<std::string> errors(const Ran& ran) {
    std::vector<std::string> found;
    for (const Json& row : Json::parse(ran.out)) {
      if (row["severity"] == "error") {
        found.push_back(row["ledger"].get<std::string>() + " " + row["rule"].get<std::string>());
      }
    }
    return found;
  }
  Result<std::unique_ptr<Node>> open() {
    NodeOptions options;
    options.directory = node_;
    options.clock = &clock_;
    return Node::open(options, types_);
  }

  std::string kafka_, space_;
  KafkaSettings settings_;
  std::unique_ptr<KafkaAdmin> admin_;
  std::shared_ptr<const TypeTable> types_;
};

class TopicsOnABroker : public Topics {
 protected:
  void SetUp() override {
    const char* where = std::getenv("JANGBU_KAFKA");
    if (where == nullptr || *where == '\0') GTEST_SKIP() << "JANGBU_KAFKA names no broker";
    use(where);
  }
};

TEST_F(TopicsOnABroker, ALedgerThatMovesGoesOnInItsTopic) {
  const Ran made = create();
  ASSERT_EQ(made.status, 0) << made.err;
  for (const Json& row : Json::parse(made.out)) {
    EXPECT_EQ(row["done"], "created");
    EXPECT_EQ(row["begins_with"], "ledger.moved");
    EXPECT_EQ(row["records"], 1);
  }
  const Ran again = create();
  ASSERT_EQ(again.status, 0) << again.err;
  for (const Json& row : Json::parse(again.out)) EXPECT_EQ(row["done"], "was there");
  const Ran checked = check();
  EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
  EXPECT_EQ(check({"--strict"}).status, 1) << "a trial's broker is none to rely on";

  auto node = open();
  ASSERT_TRUE(node) << to_string(node.error());
  auto reader = KafkaReader::open(settings_);
  ASSERT_TRUE(reader);
  std::map<std::string, std::uint64_t> before;
  for (const LedgerView& view : (*node)->views()) before[view.info().id.text()] = view.size().value();
  KafkaFollowerOptions options;
  options.looker.cluster_file = folder_ / "cluster";
  KafkaFollower follower(**node, **reader, **reader, nullptr, clock_, options);
  follower.look();
  std::size_t taken = 0;
  for (int i = 0; i < 50 && taken < 3; ++i) {
    const auto step = follower.step(milliseconds(200));
    ASSERT_TRUE(step) << to_string(step.error());
    taken += *step;
    ASSERT_TRUE((*node)->commit_pending());
  }
  EXPECT_EQ(taken, 3U);
  for (const LedgerView& view : (*node)->views()) {
    EXPECT_EQ(view.size().value(), before[view.info().id.text()] + 1);
    const auto moved = view.entry(last_of(view.size()));
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->entry.kind, EntryKind::event);
    EXPECT_EQ(moved->entry.generation, Generation(1));
    EXPECT_EQ(moved->entry.offset, Offset(0));
    EXPECT_THAT(std::string(moved->entry.body), HasSubstr("ledger.moved"));
  }
}

TEST_F(TopicsOnABroker, FromItsGenesisTheTopicHasAllThatTheLedgerHas) {
  ASSERT_EQ(create({"--from-genesis"}).status, 0);
  const Ran again = create({"--from-genesis"});
  ASSERT_EQ(again.status, 0) << again.err;
  auto node = open();
  ASSERT_TRUE(node);
  const LedgerId hanbit = *LedgerId::parse("hanbit");
  const auto view = (*node)->view(hanbit);
  ASSERT_TRUE(view);
  auto reader = KafkaReader::open(settings_);
  ASSERT_TRUE(reader);
  const auto marks = (*reader)->watermarks(topic("hanbit"), milliseconds(10'000));
  ASSERT_TRUE(marks);
  EXPECT_EQ(marks->high.value(), view->size().value());
  for (std::uint64_t i = 0; i < marks->high.value(); ++i) {
    const auto record = (*reader)->read_at(topic("hanbit"), Offset(i), milliseconds(10'000));
    ASSERT_TRUE(record && *record);
    const auto entry = view->entry(SequenceNumber(i));
    ASSERT_TRUE(entry);
    EXPECT_EQ((*record)->value, std::string(entry->entry.body));
    const auto signature = (*record)->header("jangbu-signature");
    ASSERT_EQ(signature.has_value(), entry->entry.author.has_value()) << i;
    if (signature) {
      const auto parsed = parse_author_signature(*signature);
      ASSERT_TRUE(parsed);
      EXPECT_EQ(parsed->signature, entry->entry.author->signature);
    }
    EXPECT_EQ((*record)->header("content-type"), "application/cloudevents+json");
  }
  node->reset();
  const Ran other = create();
  EXPECT_NE(other.status, 0) << "it begins with its genesis and not with a move";
  EXPECT_THAT(other.err, HasSubstr("kafka_other_record"));
}

TEST_F(TopicsOnABroker, WhatALedgerCannotLiveWithIsNamed) {
  ASSERT_TRUE(admin_->create_topic(topic("hanbit"), 1,
                                   {{"cleanup.policy", "compact"},
                                    {"max.message.bytes", "1000"},
                                    {"retention.ms", "1000"},
                                    {"unclean.leader.election.enable", "true"},
                                    {"message.timestamp.type", "CreateTime"}}));
  ASSERT_TRUE(admin_->create_topic(topic("haneul"), 1, jangbu::testing::ledger_settings()));
  const Ran checked = check();
  EXPECT_EQ(checked.status, 1) << checked.err;
  EXPECT_EQ(errors(checked),
            (std::vector<std::string>{"hanbit cleanup.policy", "hanbit retention.ms", "hanbit message.timestamp.type",
                                      "hanbit unclean.leader.election.enable", "hanbit max.message.bytes",
                                      "hanbit beginning", "hanbit.patients topic", "haneul beginning"}));
  const Ran table = jangbu({"topics", "check", "--space", space_, "--kafka", kafka_});
  EXPECT_EQ(table.status, 1);
  EXPECT_THAT(table.out, HasSubstr("compaction takes records away"));
}

TEST_F(TopicsOnABroker, AWrongCommandLineIsNamed) {
  EXPECT_EQ(create({"--ledger", "nobody"}).status, 2);
  EXPECT_EQ(create({"--principal", "hanbit"}).status, 2);
  EXPECT_EQ(create({"--principal", "hanbit=hanbit"}).status, 2);
  EXPECT_EQ(jangbu({"topics", "check", "--kafka", kafka_}).status, 2);
  EXPECT_NE(jangbu({"topics", "check", node_, "--kafka", "nowhere"}).status, 0);
}

class TopicsWithRights : public Topics {
 protected:
  void SetUp() override {
    const char* where = std::getenv("JANGBU_KAFKA_TLS");
    if (where == nullptr || *where == '\0') GTEST_SKIP() << "JANGBU_KAFKA_TLS names no broker with rights";
    run_folder_ = where;
    use(run_folder_ + "/client.properties");
  }
  KafkaSettings as(const std::string& name) {
    auto settings = parse_kafka_settings(run_folder_ + "/client-" + name + ".properties");
    EXPECT_TRUE(settings) << to_string(settings.error());
    return *settings;
  }
  // What becomes of a record that somebody writes.
  Result<KafkaDelivery> write(const KafkaSettings& settings, const std::string& where) {
    Result<KafkaDelivery> outcome = fail(Code::shutting_down, "", "not told");
    auto producer = KafkaProducer::open(settings, KafkaProducer::Options());
    EXPECT_TRUE(producer);
    EXPECT_TRUE((*producer)->publish(where, "x", {}, [&](Result<KafkaDelivery> told) { outcome = std::move(told); }));
    for (int i = 0; i < 200 && (*producer)->queued() > 0; ++i) (*producer)->serve(milliseconds(100));
    return outcome;
  }
  std::string run_folder_;
};

TEST_F(TopicsWithRights, AnInstitutionWritesItsOwnTopicAndNobodyElseDoes) {
  const std::vector<std::string> who = {"--principal", "hanbit=User:hanbit",
                                        "--principal", "hanbit.patients=User:hanbit",
                                        "--principal", "*=User:haneul"};
  std::vector<std::string> making = who;
  making.insert(making.end(), {"--reader", "User:bioai"});
  const Ran made = create(making);
  ASSERT_EQ(made.status, 0) << made.err;
  const Ran checked = check(who);
  EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
  EXPECT_EQ(errors(check({"--principal", "*=User:haneul"})),
            (std::vector<std::string>{"hanbit writers", "hanbit.patients writers"}));

  EXPECT_TRUE(write(as("hanbit"), topic("hanbit")));
  const auto elsewhere = write(as("hanbit"), topic("haneul"));
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, Code::kafka_unauthorized) << to_string(elsewhere.error());

  auto hospital = KafkaReader::open(as("hanbit"));
  ASSERT_TRUE(hospital);
  const auto read = (*hospital)->read_at(topic("hanbit"), Offset(0), milliseconds(10'000));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kafka_unauthorized) << to_string(read.error());
  auto node = KafkaReader::open(as("bioai"));
  ASSERT_TRUE(node);
  ASSERT_TRUE((*node)->assign(topic("hanbit"), Offset(0)));
  for (std::uint64_t i = 0; i < 2; ++i) {
    const auto polled = (*node)->poll(milliseconds(10'000));
    ASSERT_TRUE(polled);
    ASSERT_TRUE(polled->message) << to_string(polled->message.error());
    EXPECT_EQ(polled->message->offset, Offset(i));
  }
  auto their_admin = KafkaAdmin::open(as("hanbit"), milliseconds(10'000));
  ASSERT_TRUE(their_admin);
  for (const auto& refused :
       {(*their_admin)->delete_topic(topic("hanbit")), (*their_admin)->delete_records(topic("hanbit"), Offset(1)),
        (*their_admin)->create_topic(topic("more"), 1, {})}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kafka_unauthorized) << to_string(refused.error());
  }
  // A wildcard allows somebody else: named.
  ASSERT_TRUE(admin_->grant(std::vector<KafkaRight>{{"User:intruder", topic("hanbit"), "write", true}}));
  EXPECT_EQ(errors(check(who)), std::vector<std::string>{"hanbit writers"});
}

}  // namespace
}  // namespace jangbu::tools
