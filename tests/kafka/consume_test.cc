// Consumer services as processes of their own (jangbu consume), over replicas of their own: two with the same checks,
// killed and started again at random while a year's events come in. What they have concluded is, byte for byte, what an
// undisturbed run over the same ledgers concludes, and no conclusion stands twice.
#include <iostream>
#include <set>

#include "ledger/kafka_record.h"
#include "tests/kafka/whole_node.h"
#include "tools/demo_run.h"
#include "tools/replay_checks.h"

namespace jangbu::testing {
namespace {

class Consumers : public WholeNode {
 protected:
  void SetUp() override {
    const char* where = std::getenv("JANGBU_KAFKA");
    if (where == nullptr || *where == '\0') GTEST_SKIP() << "JANGBU_KAFKA names no broker";
    // The demo's space is always of this name, and others have topics of it on the broker that is there.
    brokers_ = std::make_unique<OwnBrokers>();
    ASSERT_TRUE(brokers_->started());
    kafka_ = brokers_->settings();
    space_ = "medspace";
  }
  void TearDown() override {}  // its topics go with its broker

  // A demo's year: its space's twin, not served yet, in node_, and what its institutions have said, in order.
  struct Said {
    std::int64_t received_ms;
    std::string ledger;
    Written record;
  };
  void make_year(std::vector<Said>& said) {
    const auto types = *TypeTable::build();
    tools::DemoRunOptions demo;
    demo.year.events = 1'000;
    demo.directory = folder_ / "demo";
    demo.tick_hours = 24;
    {
      std::istringstream in;
      std::ostringstream out, err;
      tools::Environment environment{in, out, err, machine_, false, {}, {}};
      auto run = tools::DemoRun::start(environment, demo);
      ASSERT_TRUE(run) << to_string(run.error());
      ASSERT_TRUE((*run)->send_year());
      ASSERT_TRUE((*run)->stop());
    }
    const auto made = create_space(node_, tools::DemoYear(demo.year).plan(), clock_, *types);
    ASSERT_TRUE(made) << to_string(made.error());
    {
      NodeOptions adopting;
      adopting.directory = node_;
      adopting.clock = &clock_;
      const auto node = Node::open(adopting, types);
      ASSERT_TRUE(node) << to_string(node.error());
      ASSERT_TRUE(tools::adopt_defaults(**node, node_, {}, Timestamp::from_milliseconds(clock_.wall_milliseconds())));
      ledgers_ = (*node)->ledgers();
    }
    NodeOptions reading;
    reading.directory = demo.directory;
    reading.clock = &clock_;
    reading.read_only = true;
    const auto node = Node::open(reading, types);
    ASSERT_TRUE(node) << to_string(node.error());
    EventReader reader(types);
    for (const LedgerView& view : (*node)->views()) {
      const auto authors = (*node)->authors(view.info().id);
      for (SequenceNumber at; covers(view.size(), at);) {
        const auto entries = view.read(at, 1024, std::size_t{4} << 20);
        ASSERT_TRUE(entries && !entries->empty());
        for (const StoredEntry& stored : *entries) {
          at = jangbu::next(stored.entry.sequence);
          const auto event = reader.read(stored.entry.body);
          if (stored.entry.kind != EntryKind::event || !event || event->source.starts_with("/checks/") ||
              event->source.starts_with("/spaces/") || event->type->name == "tick" ||
              event->type->name == "clock.jump") {
            continue;
          }
          std::optional<AuthorSignature> signature;
          if (stored.entry.author) {
            const RegisteredKey* key = authors->find(stored.entry.author->key);
            ASSERT_NE(key, nullptr);
            signature = AuthorSignature{key->key.name(), key->key.key_hash(), stored.entry.author->signature};
          }
          said.push_back({stored.entry.received_ms,
                          view.info().id.text(),
                          {std::string(stored.entry.body), topic_headers(signature)}});
        }
      }
    }
    std::stable_sort(said.begin(), said.end(),
                     [](const Said& one, const Said& other) { return one.received_ms < other.received_ms; });
  }
  // A replica with the keys under which checks conclude; one of them ticks.
  std::unique_ptr<ServedNode> consumer(const std::string& name, bool ticks) {
    const std::string directory = (folder_ / name).string();
    const Ran rebuilt = jangbu({"rebuild", directory, "--from", node_});
    EXPECT_EQ(rebuilt.status, 0) << rebuilt.err;
    const auto give = [](const std::filesystem::path& from, const std::filesystem::path& to) {
      std::filesystem::create_directories(to.parent_path());
      std::filesystem::copy_file(from, to);
    };
    for (const LedgerId& ledger : ledgers_) {
      give(key_path(node_, ledger, KeyUse::system), key_path(directory, ledger, KeyUse::system));
    }
    if (ticks) give(space_key_path(node_, KeyUse::ticker), space_key_path(directory, KeyUse::ticker));
    return std::make_unique<ServedNode>(directory, std::vector<std::string>{"--kafka", kafka_}, "consume");
  }
  // Everything that ticks have made visible is concluded upon, and all of it has come back from Kafka.
  static bool is_through(const std::string& url) {
    const Json checks = look(url, "/readyz").value("checks", Json::array());
    return !checks.empty() && std::all_of(checks.begin(), checks.end(), [](const Json& check) {
      return check.value("lag_entries", 1) == 0 && check.value("outbox", 1) == 0;
    });
  }

  std::unique_ptr<OwnBrokers> brokers_;
  std::vector<LedgerId> ledgers_;
  const SystemClock machine_;
};

TEST_F(Consumers, ConcludeTheSameHoweverTheyAreKilled) {
  const std::uint64_t seed = from_environment("SEED", std::random_device()());
  std::cout << "SEED=" << seed << '\n';
  std::mt19937_64 random(seed);
  std::vector<Said> said;
  ASSERT_NO_FATAL_FAILURE(make_year(said));
  ASSERT_GT(said.size(), 1'000U);
  ASSERT_NO_FATAL_FAILURE(make_topics());
  std::vector<std::unique_ptr<ServedNode>> services;
  services.push_back(consumer("ticking", true));
  services.push_back(consumer("second", false));
  auto node = serve({"--without-checks"});
  for (const auto& service : services) ASSERT_TRUE(service->start()) << service->said();

  // Neither takes events.
  const auto refused = tools::HttpClient::make(services[0]->url())
                           ->send("POST", "/v1/events", {{"content-type", "application/cloudevents+json"}}, access(1));
  EXPECT_TRUE(refused && refused->status == 421) << (refused ? refused->body : "");

  std::atomic<bool> written = false;
  std::thread writer([&] {
    auto producer = KafkaProducer::open(settings(), KafkaProducer::Options());
    ASSERT_TRUE(producer);
    std::size_t delivered = 0, sent = 0;
    for (const Said& each : said) {
      EXPECT_TRUE(
          (*producer)->publish(topic(each.ledger), *each.record.value, each.record.headers, [&](const auto& delivery) {
            EXPECT_TRUE(delivery);
            ++delivered;
          }));
      if (++sent % (said.size() / 30 + 1) == 0) {
        (*producer)->serve(std::chrono::milliseconds(0));
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
      }
    }
    EXPECT_TRUE(comes([&] {
      (*producer)->serve(std::chrono::milliseconds(20));
      return delivered == said.size();
    }));
    written = true;
  });
  int kills = 0;
  while (!written || kills < 10) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500 + random() % 3000));
    const auto& service = services[random() % services.size()];
    service->kill();
    ++kills;
    EXPECT_TRUE(service->start()) << service->said();
  }
  writer.join();
  ASSERT_FALSE(HasFailure());

  // A last tick over all of it; then time stands still, and the one that does not tick finishes what is left.
  std::map<std::string, std::uint64_t> sizes;
  for (const LedgerId& ledger : ledgers_) sizes[ledger.text()] = size(node->url(), ledger.text());
  const auto ticked = [&] {
    const Json checks = look(services[0]->url(), "/readyz").value("checks", Json::array());
    return !checks.empty() && checks[0].contains("last_tick") && is_through(services[0]->url());
  };
  ASSERT_TRUE(comes(ticked, std::chrono::minutes(3))) << services[0]->said();
  std::this_thread::sleep_for(std::chrono::seconds(6));  // longer than between two ticks
  ASSERT_TRUE(comes(ticked, std::chrono::minutes(3))) << services[0]->said();
  services[0]->kill();
  int through = 0;
  ASSERT_TRUE(comes(
      [&] {
        through = is_through(services[1]->url()) ? through + 1 : 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return through >= 20;
      },
      std::chrono::minutes(3)))
      << services[1]->said();
  EXPECT_EQ(services[1]->stop(), 0) << services[1]->said();
  EXPECT_TRUE(comes([&] {
    for (const Json& state : get(node->url(), "/readyz")["kafka"]["topics"]) {
      if (state.value("lag_records", 1) != 0) return false;
    }
    return true;
  }));
  EXPECT_EQ(node->stop(), 0) << node->said();

  const auto replayed = tools::replay_checks(node_, machine_, {}, [](std::uint64_t) {});
  ASSERT_TRUE(replayed) << to_string(replayed.error());
  for (const tools::CheckDifference& difference : replayed->differences) {
    ADD_FAILURE() << (difference.computed ? "computed and not ledgered: " : "ledgered and not computed: ")
                  << difference.checks << " " << difference.where << " " << difference.what;
  }
  EXPECT_GT(replayed->confirmed, 100U);
  std::cout << kills << " kills, " << replayed->ticks << " ticks, " << replayed->confirmed << " conclusions\n";

  // Once each, however often they were published.
  const auto types = *TypeTable::build();
  NodeOptions reading;
  reading.directory = node_;
  reading.clock = &clock_;
  reading.read_only = true;
  const auto read = Node::open(reading, types);
  ASSERT_TRUE(read) << to_string(read.error());
  std::multiset<std::string> ids;
  for (const LedgerView& view : (*read)->views()) {
    for (SequenceNumber at; covers(view.size(), at);) {
      const auto entries = view.read(at, 1024, std::size_t{4} << 20);
      ASSERT_TRUE(entries && !entries->empty());
      for (const StoredEntry& stored : *entries) {
        at = jangbu::next(stored.entry.sequence);
        if (stored.entry.kind == EntryKind::rejected) {
          const Json body = Json::parse(stored.entry.body);
          EXPECT_FALSE(body.value("source", "").starts_with("/checks/")) << body.dump();
        }
        if (stored.entry.kind != EntryKind::event) continue;
        const Json event = Json::parse(stored.entry.body);
        if (!event["source"].get<std::string>().starts_with("/checks/")) continue;
        ids.insert(view.info().id.text() + " " + event["source"].get<std::string>() + " " +
                   event["id"].get<std::string>());
      }
    }
  }
  EXPECT_GE(ids.size(), replayed->confirmed);
  EXPECT_EQ(ids.size(), std::set<std::string>(ids.begin(), ids.end()).size());
  for (const auto& service : services) {
    ASSERT_NO_FATAL_FAILURE(expect_same_ledgers(node_, service->directory().string()));
  }
}

}  // namespace
}  // namespace jangbu::testing
