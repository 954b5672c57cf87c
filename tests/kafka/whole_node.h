// A space of its own for each test, its topics on the real broker, and nodes that serve it as processes. For the tests
// of whole nodes; skipped where JANGBU_KAFKA names no broker.
#pragma once

#include <gmock/gmock.h>

#include <cstdlib>
#include <memory>
#include <random>

#include "ledger/kafka.h"
#include "ledger/node.h"
#include "tests/kafka/processes.h"
#include "tests/tools/cli.h"
#include "tools/adoption.h"
#include "tools/http_client.h"

namespace jangbu::testing {

using tools::testing::Json;
using tools::testing::Ran;

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

// A topic's record, as somebody who is not a node writes it.
struct Written {
  std::optional<std::string> value;
  std::vector<KafkaHeader> headers;
};

class WholeNode : public tools::testing::CliTest {
 protected:
  static constexpr const char* kLedgers[] = {"haneul", "hanbit", "hanbit.patients", "bioai"};

  void SetUp() override {
    const char* where = std::getenv("JANGBU_KAFKA");
    if (where == nullptr || *where == '\0') GTEST_SKIP() << "JANGBU_KAFKA names no broker";
    kafka_ = where;
    ASSERT_NO_FATAL_FAILURE(found());
  }
  void TearDown() override {
    if (kafka_.empty()) return;
    const auto settings = parse_kafka_settings(kafka_);
    if (!settings) return;
    const auto admin = KafkaAdmin::open(*settings, std::chrono::milliseconds(15'000));
    for (const char* ledger : kLedgers) {
      if (admin) (void)(*admin)->delete_topic(topic(ledger));
    }
  }

  // The space's directory, with policy and checks adopted; no topics yet.
  void found() {
    auto types = TypeTable::build();
    ASSERT_TRUE(types);
    space_ = "t" + std::to_string(std::random_device()());
    SpacePlan plan;
    plan.space = space_;
    plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "하늘", "Haneul"},
                         {"hanbit", InstitutionKind::hospital, true, {}, "한빛", "Hanbit"},
                         {"bioai", InstitutionKind::demand, false, {}, "바이오", "BioAI"}};
    plan.key_seed = "whole";
    const auto made = create_space(node_, plan, clock_, **types);
    ASSERT_TRUE(made) << to_string(made.error());
    NodeOptions adopting;
    adopting.directory = node_;
    adopting.clock = &clock_;
    const auto node = Node::open(adopting, *types);
    ASSERT_TRUE(node) << to_string(node.error());
    ASSERT_TRUE(tools::adopt_defaults(**node, node_, {}, Timestamp::from_milliseconds(clock_.wall_milliseconds())));
  }
  void make_topics() {
    const Ran made = jangbu({"topics", "create", node_, "--kafka", kafka_, "--format", "json"});
    ASSERT_EQ(made.status, 0) << made.err;
  }
  [[nodiscard]] std::string topic(const std::string& ledger) const { return space_ + ".events.v1." + ledger; }
  [[nodiscard]] KafkaSettings settings() const {
    auto parsed = parse_kafka_settings(kafka_);
    EXPECT_TRUE(parsed) << to_string(parsed.error());
    return *parsed;
  }
  std::unique_ptr<KafkaAdmin> admin() {
    auto opened = KafkaAdmin::open(settings(), std::chrono::milliseconds(20'000));
    EXPECT_TRUE(opened) << to_string(opened.error());
    return std::move(*opened);
  }
  // One after the other, in this order; all acknowledged.
  void write(const std::string& ledger, const std::vector<Written>& records) {
    auto opened = KafkaProducer::open(settings(), KafkaProducer::Options());
    ASSERT_TRUE(opened) << to_string(opened.error());
    std::size_t delivered = 0;
    for (const Written& record : records) {
      const auto queued = (*opened)->publish(topic(ledger), record.value.value_or(""), record.headers,
                                             [&](const Result<KafkaDelivery>& delivery) {
                                               EXPECT_TRUE(delivery) << to_string(delivery.error());
                                               ++delivered;
                                             });
      ASSERT_TRUE(queued) << to_string(queued.error());
      (*opened)->serve(std::chrono::milliseconds(0));
    }
    ASSERT_TRUE(comes([&] {
      (*opened)->serve(std::chrono::milliseconds(50));
      return delivered == records.size();
    }));
  }
  static Written structured(std::string event) {
    return {std::move(event), {{"content-type", "application/cloudevents+json"}}};
  }
  // The same event in binary mode: its attributes as headers.
  static Written binary(const std::string& event) {
    Written record;
    const Json parsed = Json::parse(event);
    for (const auto& [name, value] : parsed.items()) {
      if (name != "data") record.headers.push_back({"ce_" + name, value.get<std::string>()});
    }
    record.headers.push_back({"content-type", "application/json"});
    record.value = parsed["data"].dump();
    return record;
  }
  std::unique_ptr<ServedNode> serve(std::vector<std::string> more = {}, std::string directory = {}) {
    more.insert(more.begin(), {"--kafka", kafka_});
    auto node = std::make_unique<ServedNode>(directory.empty() ? node_ : directory, std::move(more));
    EXPECT_TRUE(node->start()) << node->said();
    return node;
  }

  static Json get(const std::string& url, const std::string& target, int status = 200) {
    auto client = tools::HttpClient::make(url);
    const auto answer = client->send("GET", target, {{"accept", "application/json"}});
    if (!answer || answer->status != status) return {};
    return Json::parse(answer->body, nullptr, false);
  }
  // The same; where there is no such answer (yet), an object without members.
  static Json look(const std::string& url, const std::string& target, int status = 200) {
    Json json = get(url, target, status);
    return json.is_object() ? json : Json::object();
  }
  static std::uint64_t size(const std::string& url, const std::string& ledger) {
    return look(url, "/v1/ledgers/" + ledger).value("size", std::uint64_t{0});
  }
  static Json receipt(const std::string& url, int number) {
    return get(url, "/v1/receipts?source=%2Fhanbit%2Femr&id=" + id_of(number));
  }
  // Whether the event is ledgered there; on a node that follows its ledger the receipt may come later.
  static bool holds(const std::string& url, const std::string& source, int number) {
    auto client = tools::HttpClient::make(url);
    const auto answer = client->send("GET", "/v1/receipts?source=" + source + "&id=" + id_of(number));
    return answer && (answer->status == 200 || answer->body.find("checkpoint_pending") != std::string::npos);
  }
  static bool followed(const std::string& url) {
    const Json topics = look(url, "/readyz").value("kafka", Json::object()).value("topics", Json::array());
    return !topics.empty() &&
           std::all_of(topics.begin(), topics.end(), [](const Json& each) { return each.value("followed", false); });
  }
  // As far as both have come, in all ledgers.
  void expect_same_ledgers(const std::string& one, const std::string& other) {
    const auto types = TypeTable::build();
    ASSERT_TRUE(types);
    std::vector<std::unique_ptr<Node>> nodes;
    for (const std::string& directory : {one, other}) {
      NodeOptions options;
      options.directory = directory;
      options.clock = &clock_;
      options.read_only = true;
      auto opened = Node::open(options, *types);
      ASSERT_TRUE(opened) << to_string(opened.error());
      nodes.push_back(std::move(*opened));
    }
    ASSERT_EQ(nodes[0]->ledgers(), nodes[1]->ledgers());
    for (const LedgerId& ledger : nodes[0]->ledgers()) {
      const auto a = nodes[0]->view(ledger), b = nodes[1]->view(ledger);
      ASSERT_TRUE(a && b);
      const TreeSize common = std::min(a->size(), b->size());
      EXPECT_GT(common.value(), 1U);
      EXPECT_EQ(*a->root_at(common), *b->root_at(common)) << ledger.text() << " at " << common.value();
    }
  }
  // Why `ledger` is stopped: the error's name; empty: it is not.
  static std::string stopped(const std::string& url, const std::string& ledger) {
    for (const Json& trouble : look(url, "/readyz").value("troubles", Json::array())) {
      if (trouble["part"] == "ledger " + ledger) return trouble["code"];
    }
    return "";
  }

  std::string kafka_, space_;
};

}  // namespace jangbu::testing
