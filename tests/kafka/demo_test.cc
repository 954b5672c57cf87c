// The same year, embedded and on a real broker: the checks find the same.
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "ledger/view.h"
#include "tests/kafka/whole_node.h"
#include "tools/demo_run.h"

namespace jangbu::tools {
namespace {

using testing::Json;

// Rule, what it is about, and the event that opened it, as (source, id): places differ between the runs.
using Found = std::multiset<std::tuple<std::string, std::string, std::string>>;

class DemoOnABroker : public testing::CliTest {
 protected:
  void run(const std::string& folder, const std::optional<KafkaSettings>& kafka, Found& found) {
    DemoRunOptions options;
    options.year.events = 1'000;
    options.directory = folder_ / folder;
    options.tick_hours = 12;
    options.kafka = kafka;
    std::istringstream in;
    std::ostringstream out, err;
    Environment environment{in, out, err, machine_, false, {}, {}};
    auto demo = DemoRun::start(environment, options);
    ASSERT_TRUE(demo) << to_string(demo.error());
    const auto sent = (*demo)->send_year();
    ASSERT_TRUE(sent) << to_string(sent.error());
    const auto outcome = (*demo)->outcome();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->as_planted()) << folder;
    EXPECT_GT(outcome->found.size(), 20U);
    ASSERT_TRUE((*demo)->stop());
    demo->reset();
    read(options.directory, found);
  }
  void read(const std::filesystem::path& directory, Found& found) {
    NodeOptions options;
    options.directory = directory;
    options.clock = &machine_;
    options.read_only = true;
    const auto node = Node::open(options, *TypeTable::build());
    ASSERT_TRUE(node) << to_string(node.error());
    const auto name_of = [&](const Json& place) -> std::string {
      const auto view = (*node)->view(*LedgerId::parse(place["ledger"].get<std::string>()));
      const auto entry = view ? view->entry(SequenceNumber(place["sequence"].get<std::uint64_t>()))
                              : Result<StoredEntry>(tl::unexpected(view.error()));
      if (!entry) return "nowhere";
      const Json event = Json::parse(entry->entry.body);
      // Ticks and other conclusions are told apart by their type: their ids hold places.
      const std::string source = event["source"];
      return source.starts_with("/checks/") || event["type"] == "kr.jangbu.tick.v1"
                 ? source + " " + event["type"].get<std::string>()
                 : source + " " + event["id"].get<std::string>();
    };
    for (const LedgerView& view : (*node)->views()) {
      for (SequenceNumber at; covers(view.size(), at);) {
        const auto entries = view.read(at, 1024, std::size_t{4} << 20);
        ASSERT_TRUE(entries && !entries->empty());
        for (const StoredEntry& stored : *entries) {
          at = next(stored.entry.sequence);
          if (stored.entry.kind != EntryKind::event ||
              stored.entry.body.find("kr.jangbu.finding.raised.v1") == std::string_view::npos) {
            continue;
          }
          const Json event = Json::parse(stored.entry.body);
          if (event["type"] != "kr.jangbu.finding.raised.v1") continue;
          const Json& data = event["data"];
          found.emplace(data["rule"], data["about"].dump(), name_of(data["causes"].at(0)));
        }
      }
    }
  }
  const SystemClock machine_;
};

TEST_F(DemoOnABroker, EmbeddedAndOnKafkaTheChecksFindTheSame) {
  if (std::getenv("JANGBU_KAFKA") == nullptr) GTEST_SKIP() << "JANGBU_KAFKA names no broker";
  jangbu::testing::OwnBrokers brokers;  // the demo's space has the same name each time
  ASSERT_TRUE(brokers.started());
  const auto settings = parse_kafka_settings(brokers.settings());
  ASSERT_TRUE(settings);
  Found embedded, on_kafka;
  ASSERT_NO_FATAL_FAILURE(run("embedded", std::nullopt, embedded));
  ASSERT_NO_FATAL_FAILURE(run("kafka", *settings, on_kafka));
  EXPECT_EQ(embedded, on_kafka);
}

}  // namespace
}  // namespace jangbu::tools
