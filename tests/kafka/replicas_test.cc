// Nodes without log keys on a real broker: they follow, take over the signers' checkpoints, and become signers when a
// signer is gone; and nodes that are made from nothing: from Kafka, from a peer, from a backup.
#include <fstream>

#include "ledger/checkpoint.h"
#include "ledger/note.h"
#include "ledger/pins.h"
#include "tests/kafka/whole_node.h"

namespace jangbu::testing {
namespace {

using ::testing::HasSubstr;

class Replicas : public WholeNode {
 protected:
  static constexpr const char* kPatients = "hanbit.patients";

  [[nodiscard]] std::string directory(const std::string& name) const { return (folder_ / name).string(); }
  static std::string text(const std::string& url, const std::string& target) {
    const auto answer = tools::HttpClient::make(url)->send("GET", target);
    return answer && answer->status == 200 ? answer->body : "";
  }
  static std::uint64_t signed_size(const std::string& url, const std::string& ledger) {
    return look(url, "/v1/ledgers/" + ledger).value("signed_size", std::uint64_t{0});
  }
  static std::string receipt_text(const std::string& url, int number) {
    return text(url, "/v1/receipts?format=tlog-proof&source=%2Fhanbit%2Femr&id=" + id_of(number));
  }
  void write_accesses(int from, int end) {
    std::vector<Written> records;
    for (int i = from; i < end; ++i) records.push_back(structured(access(i)));
    ASSERT_NO_FATAL_FAILURE(write(kPatients, records));
  }
  void give_log_keys(const std::string& to, const std::string& from) {
    for (const char* ledger : kLedgers) {
      const auto target = key_path(to, *LedgerId::parse(ledger), KeyUse::log);
      std::filesystem::create_directories(target.parent_path());
      std::filesystem::copy_file(key_path(from, *LedgerId::parse(ledger), KeyUse::log), target);
    }
  }
  void rebuild(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"rebuild"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const Ran ran = jangbu(words);
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  }
};

TEST_F(Replicas, FollowCosignAndTakeOverWhenTheSignerIsGone) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("replica"), "--from", node_, "--cosigner", "hanbit.example/replica"}));
  auto signer = serve();
  auto replica = serve({"--peer", signer->url()}, directory("replica"));
  ASSERT_NO_FATAL_FAILURE(write_accesses(0, 50));
  ASSERT_TRUE(comes([&] { return !receipt_text(signer->url(), 49).empty(); })) << signer->said();

  // The same entries, and the same receipts to the byte.
  const std::uint64_t all = size(signer->url(), kPatients);
  ASSERT_TRUE(comes([&] { return signed_size(replica->url(), kPatients) == all; })) << replica->said();
  for (const int number : {0, 7, 23, 49}) {
    EXPECT_EQ(receipt_text(replica->url(), number), receipt_text(signer->url(), number)) << number;
  }
  // Its checkpoint is the signer's, with its own cosignature below.
  const std::string path = "/ledgers/" + std::string(kPatients) + "/checkpoint";
  const std::string theirs = text(signer->url(), path), ours = text(replica->url(), path);
  EXPECT_TRUE(ours.starts_with(theirs)) << ours;
  const auto cosigner = read_signing_key(space_key_path(directory("replica"), KeyUse::witness),
                                         [](const std::filesystem::path&) { return std::optional<std::string>(); });
  ASSERT_TRUE(cosigner);
  const std::vector<VerifierKey> trusted{cosigner->verifier()};
  const auto opened = open_note(ours, trusted);
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(opened->verified_by.size(), 1U);

  // It takes events in: they go to Kafka, and the signer signs them.
  auto client = tools::HttpClient::make(replica->url());
  const auto accepted = client->send(
      "POST", "/v1/events", {{"content-type", "application/cloudevents+json"}, {"prefer", "wait=20"}}, access(60));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->status, 202) << accepted->body;
  EXPECT_THAT(accepted->body, HasSubstr("/v1/receipts?ledger=hanbit.patients"));
  ASSERT_TRUE(comes([&] { return !receipt_text(replica->url(), 60).empty(); })) << replica->said();

  // The signer dies; what comes meanwhile is ledgered, and nobody signs it.
  signer->kill();
  const std::uint64_t last = signed_size(replica->url(), kPatients);
  ASSERT_NO_FATAL_FAILURE(write_accesses(70, 90));
  ASSERT_TRUE(comes([&] { return holds(replica->url(), "%2Fhanbit%2Femr", 89); })) << replica->said();
  EXPECT_EQ(signed_size(replica->url(), kPatients), last);
  EXPECT_EQ(receipt_text(replica->url(), 89), "");
  const Ran status = jangbu({"status", "--node", replica->url()});
  EXPECT_THAT(status.out, HasSubstr("SIGNED UP TO"));

  // With the log keys it is the signer, from where it stands.
  EXPECT_EQ(replica->stop(), 0) << replica->said();
  ASSERT_NO_FATAL_FAILURE(give_log_keys(directory("replica"), node_));
  auto again = serve({}, directory("replica"));
  ASSERT_TRUE(comes([&] { return followed(again->url()); })) << again->said();
  ASSERT_NO_FATAL_FAILURE(write_accesses(90, 91));
  ASSERT_TRUE(comes([&] { return !receipt_text(again->url(), 90).empty(); })) << again->said();
  EXPECT_NE(receipt_text(again->url(), 89), "") << "covered by the new signer's checkpoint";
  EXPECT_EQ(again->stop(), 0);
  ASSERT_NO_FATAL_FAILURE(expect_same_ledgers(node_, directory("replica")));
  const Ran verified = jangbu({"verify", directory("replica")});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

TEST_F(Replicas, AreMadeFromKafkaAloneWhereItsTopicsBeginWithTheGenesis) {
  const std::string pins = directory("pins");
  const Ran made = jangbu({"topics", "create", node_, "--kafka", kafka_, "--from-genesis", "--pins", pins});
  ASSERT_EQ(made.status, 0) << made.err;
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("signer"), "--pins", pins}));
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("replica"), "--pins", pins}));
  ASSERT_NO_FATAL_FAILURE(give_log_keys(directory("signer"), node_));
  auto signer = serve({}, directory("signer"));
  auto replica = serve({"--peer", signer->url()}, directory("replica"));
  ASSERT_NO_FATAL_FAILURE(write_accesses(0, 40));
  ASSERT_TRUE(comes([&] { return !receipt_text(replica->url(), 39).empty(); })) << replica->said() << signer->said();
  EXPECT_EQ(receipt_text(replica->url(), 39), receipt_text(signer->url(), 39));
  // What `jangbu pins` says of the running node is what was given out.
  const Ran said = jangbu({"pins", replica->url()});
  std::ifstream in(pins);
  EXPECT_EQ(said.out, std::string(std::istreambuf_iterator<char>(in), {}));
  EXPECT_EQ(replica->stop(), 0);
  EXPECT_EQ(signer->stop(), 0);
  ASSERT_NO_FATAL_FAILURE(expect_same_ledgers(directory("signer"), directory("replica")));
}

TEST_F(Replicas, AreMadeFromAPeerWhereKafkaNoLongerHoldsTheBeginning) {
  const std::string pins = directory("pins");
  const Ran made = jangbu({"topics", "create", node_, "--kafka", kafka_, "--from-genesis", "--pins", pins});
  ASSERT_EQ(made.status, 0) << made.err;
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("signer"), "--pins", pins}));
  ASSERT_NO_FATAL_FAILURE(give_log_keys(directory("signer"), node_));
  auto signer = serve({}, directory("signer"));
  ASSERT_NO_FATAL_FAILURE(write_accesses(0, 40));
  ASSERT_TRUE(comes([&] { return !receipt_text(signer->url(), 39).empty(); })) << signer->said();
  ASSERT_TRUE(admin()->delete_records(topic(kPatients), Offset(20)));

  // From Kafka alone that ledger cannot be had any more, and it says what to do; the others can.
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("late"), "--pins", pins}));
  {
    auto late = serve({}, directory("late"));
    ASSERT_TRUE(comes([&] { return stopped(late->url(), kPatients) == "kafka_position"; })) << late->said();
    ASSERT_TRUE(comes([&] { return size(late->url(), "haneul") > 3; })) << late->said();
    EXPECT_EQ(stopped(late->url(), "haneul"), "");
  }
  // From the running signer, over HTTP, against its pins; then on with Kafka.
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("replica"), "--from", signer->url(), "--pins", pins}));
  auto replica = serve({"--peer", signer->url()}, directory("replica"));
  ASSERT_NO_FATAL_FAILURE(write_accesses(40, 60));
  ASSERT_TRUE(comes([&] { return !receipt_text(replica->url(), 59).empty(); })) << replica->said();
  for (const int number : {0, 25, 39, 59}) {
    EXPECT_EQ(receipt_text(replica->url(), number), receipt_text(signer->url(), number)) << number;
  }
  EXPECT_EQ(replica->stop(), 0);
  EXPECT_EQ(signer->stop(), 0);
  ASSERT_NO_FATAL_FAILURE(expect_same_ledgers(directory("signer"), directory("replica")));
}

TEST_F(Replicas, ABackupIsBroughtUpToWhatKafkaHasBeforeItSigns) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  auto lost = serve();
  ASSERT_NO_FATAL_FAILURE(write_accesses(0, 30));
  ASSERT_TRUE(comes([&] { return !receipt_text(lost->url(), 29).empty(); })) << lost->said();
  const Ran backup = jangbu({"backup", node_, directory("backup")});
  ASSERT_EQ(backup.status, 0) << backup.err;
  ASSERT_NO_FATAL_FAILURE(write_accesses(30, 60));
  ASSERT_TRUE(comes([&] { return !receipt_text(lost->url(), 59).empty(); })) << lost->said();
  const std::string given_out = receipt_text(lost->url(), 59);
  lost->kill();  // for good: its disk is gone, and its keys are kept elsewhere

  ASSERT_NO_FATAL_FAILURE(rebuild({directory("restored"), "--from", directory("backup")}));
  {
    auto follower = serve({}, directory("restored"));
    ASSERT_TRUE(comes([&] { return holds(follower->url(), "%2Fhanbit%2Femr", 59); })) << follower->said();
    EXPECT_EQ(follower->stop(), 0);
  }
  ASSERT_NO_FATAL_FAILURE(give_log_keys(directory("restored"), node_));
  auto signer = serve({}, directory("restored"));
  ASSERT_TRUE(comes([&] { return followed(signer->url()); })) << signer->said();
  ASSERT_NO_FATAL_FAILURE(write_accesses(60, 61));
  ASSERT_TRUE(comes([&] { return !receipt_text(signer->url(), 60).empty(); })) << signer->said();
  EXPECT_EQ(signer->stop(), 0);

  // What the lost node had signed holds in what the new one has.
  std::ofstream(folder_ / "receipt") << given_out;
  const Ran verified =
      jangbu({"verify", directory("restored"), "--ledger", kPatients, "--receipt", directory("receipt")});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  ASSERT_NO_FATAL_FAILURE(expect_same_ledgers(node_, directory("restored")));
}

TEST_F(Replicas, ANewInstitutionsTopicsAreTakenUpByNodesThatRun) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  const Ran made = jangbu({"init", directory("joining"), "--join", node_, "--institution", "mirae:hospital"});
  ASSERT_EQ(made.status, 0) << made.err;
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("replica"), "--from", node_}));
  auto center = serve();
  auto replica = serve({}, directory("replica"));
  ASSERT_TRUE(comes([&] { return followed(center->url()); })) << center->said();

  // A topic that says it is of this space, begun by somebody else: named, and nothing is taken up.
  ASSERT_TRUE(admin()->create_topic(topic("intruder"), 1, {{"message.timestamp.type", "LogAppendTime"}}));
  ASSERT_NO_FATAL_FAILURE(write("intruder", {structured(access(1))}));

  const Ran topics = jangbu(
      {"topics", "create", directory("joining"), "--kafka", kafka_, "--from-genesis", "--pins", directory("pins")});
  ASSERT_EQ(topics.status, 0) << topics.err;
  // Its signer; the two that run find the topics by themselves.
  ASSERT_NO_FATAL_FAILURE(rebuild({directory("mirae"), "--pins", directory("pins")}));
  std::filesystem::copy(directory("joining") + "/keys", directory("mirae") + "/keys",
                        std::filesystem::copy_options::recursive);
  auto signer = serve({}, directory("mirae"));
  const Ran said = jangbu({"emit", "--node", center->url(), "--key", node_ + "/keys/coordinator.key", "--quiet",
                           directory("joining") + "/registered.ndjson"});
  EXPECT_EQ(said.status, 0) << said.out << said.err;
  const std::string event =
      R"({"specversion":"1.0","type":"kr.jangbu.source.heartbeat.v1","source":"/mirae/gateway","id":")" + id_of(1) +
      R"(","time":"2026-03-01T09:00:00Z","institution":"mirae","ledger":"mirae","data":{"next":1,"backlog":0}})";
  ASSERT_NO_FATAL_FAILURE(write("mirae", {structured(event)}));
  for (const auto* node : {&center, &replica, &signer}) {
    EXPECT_TRUE(comes([&] { return holds((*node)->url(), "%2Fmirae%2Fgateway", 1); })) << (*node)->said();
  }
  ASSERT_FALSE(HasFailure());
  // A tick names it, so the checks see it.
  EXPECT_TRUE(comes([&] {
    const auto ticks =
        jangbu({"query", "--node", center->url(), "--type", "tick", "--limit", "50", "--format", "json", "--entries"});
    return ticks.out.find("\"mirae\"") != std::string::npos;
  }));
  const Json readiness = get(center->url(), "/readyz");
  bool named = false;
  for (const Json& trouble : readiness["troubles"]) {
    if (trouble["part"] != "topic " + topic("intruder")) continue;
    named = true;
    EXPECT_EQ(trouble["code"], "bad_entry") << trouble.dump();
  }
  EXPECT_TRUE(named) << readiness.dump(1);
  EXPECT_TRUE(get(center->url(), "/v1/ledgers/intruder", 404).contains("title"));

  // After a restart it is there, and followed.
  EXPECT_EQ(center->stop(), 0) << center->said();
  ASSERT_TRUE(center->start()) << center->said();
  EXPECT_TRUE(comes([&] { return holds(center->url(), "%2Fmirae%2Fgateway", 1) && followed(center->url()); }));
  for (auto* node : {&center, &replica, &signer}) EXPECT_EQ((*node)->stop(), 0) << (*node)->said();
  const auto removing = admin();
  for (const char* ledger : {"mirae", "mirae.patients", "intruder"}) (void)removing->delete_topic(topic(ledger));
  ASSERT_NO_FATAL_FAILURE(expect_same_ledgers(node_, directory("replica")));
}

TEST_F(Replicas, FollowSomeLedgersOnly) {
  ASSERT_NO_FATAL_FAILURE(make_topics());
  ASSERT_NO_FATAL_FAILURE(
      rebuild({directory("replica"), "--from", node_, "--ledger", kPatients, "--ledger", "haneul"}));
  auto signer = serve();
  auto replica = serve({"--ledger", kPatients}, directory("replica"));
  ASSERT_NO_FATAL_FAILURE(write_accesses(0, 5));
  ASSERT_TRUE(comes([&] { return holds(replica->url(), "%2Fhanbit%2Femr", 4); })) << replica->said();
  const Json topics = get(replica->url(), "/readyz")["kafka"]["topics"];
  ASSERT_EQ(topics.size(), 1U) << topics.dump();
  EXPECT_EQ(topics[0]["ledger"], kPatients);
  EXPECT_TRUE(get(replica->url(), "/v1/ledgers/hanbit", 404).contains("title")) << "it was not rebuilt";
}

}  // namespace
}  // namespace jangbu::testing
