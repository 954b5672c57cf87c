// F5: three nodes follow the same topics with other batch sizes, and are killed and started again at random while
// events come in, a third of them duplicates, some reordered, some rotten. They come to the same roots; nothing is lost
// and nothing doubled. JANGBU_F5_EVENTS: records (6,000). SEED: repeats.
#include <atomic>
#include <iostream>
#include <set>

#include "tests/kafka/whole_node.h"

namespace jangbu::testing {
namespace {

class Followers : public WholeNode {
 protected:
  static std::string dataset_access(int number) {
    return R"({"specversion":"1.0","type":"kr.jangbu.dataset.accessed.v1","source":"/hanbit/research","id":")" +
           id_of(number) +
           R"(","time":"2026-03-02T09:15:00+09:00","institution":"hanbit","data":{"actor":{"id":)"
           R"("bioai/u:nstnexiplervspoupjjpm7dpr4","role":"researcher"},"action":"read","outcome":0,)"
           R"("dataset":"hanbit/d-1","object":"dataset","system":"workbench"}})";
  }

  struct Plan {
    std::vector<std::pair<std::string, Written>> records;  // ledger, record; in the order of writing
    std::map<std::string, std::set<std::string>> events;   // by ledger: ids that are there in the end, once each
    std::map<std::string, std::uint64_t> rotten;
  };
  static Plan plan(std::size_t count, std::mt19937_64& random) {
    Plan plan;
    std::vector<std::pair<std::string, std::string>> written;
    const auto one_in = [&random](std::uint64_t n) { return random() % n == 0; };
    int number = 0;
    while (plan.records.size() < count) {
      if (!written.empty() && one_in(3)) {
        const auto& [ledger, event] = written[random() % written.size()];
        plan.records.emplace_back(ledger, structured(event));
      } else if (one_in(25)) {
        const std::string ledger = one_in(2) ? "hanbit" : "hanbit.patients";
        const std::string event = access(number);
        plan.records.emplace_back(ledger, structured(event.substr(0, random() % event.size())));
        ++plan.rotten[ledger];
      } else {
        const bool clinical = !one_in(4);
        const std::string ledger = clinical ? "hanbit.patients" : "hanbit";
        written.emplace_back(ledger, clinical ? access(number) : dataset_access(number));
        plan.records.emplace_back(ledger, structured(written.back().second));
        plan.events[ledger].insert(id_of(number));
        ++number;
      }
    }
    // Some come before what was there before them.
    for (std::size_t i = 0; i + 20 < plan.records.size(); i += 20) {
      if (one_in(5))
        std::shuffle(plan.records.begin() + static_cast<std::ptrdiff_t>(i),
                     plan.records.begin() + static_cast<std::ptrdiff_t>(i) + 20, random);
    }
    return plan;
  }

  // What is in a ledger: ids of its hospital's events, and how many were rejected.
  struct Found {
    std::multiset<std::string> events;
    std::uint64_t rejected = 0;
  };
  static Found found(const LedgerView& view) {
    Found found;
    for (SequenceNumber at; covers(view.size(), at);) {
      const auto entries = view.read(at, 1024, std::size_t{4} << 20);
      EXPECT_TRUE(entries && !entries->empty());
      if (!entries || entries->empty()) break;
      for (const StoredEntry& stored : *entries) {
        at = jangbu::next(stored.entry.sequence);
        if (stored.entry.kind == EntryKind::rejected) ++found.rejected;
        if (stored.entry.kind != EntryKind::event) continue;
        const Json event = Json::parse(stored.entry.body);
        if (event["source"].get<std::string>().starts_with("/hanbit/")) found.events.insert(event["id"]);
      }
    }
    return found;
  }
};

TEST_F(Followers, ComeToTheSameRootsHoweverTheyAreKilled) {
  const std::size_t count = from_environment("JANGBU_F5_EVENTS", 6'000);
  const std::uint64_t seed = from_environment("SEED", std::random_device()());
  std::cout << "SEED=" << seed << '\n';
  std::mt19937_64 random(seed);
  const Plan writing = plan(count, random);
  ASSERT_NO_FATAL_FAILURE(make_topics());
  // One node signs, ticks and concludes; the others follow it.
  std::vector<std::unique_ptr<ServedNode>> nodes;
  const std::string commits[] = {"4096", "7", "256"};
  for (int i = 0; i < 3; ++i) {
    const std::string directory = i == 0 ? node_ : (folder_ / ("node" + std::to_string(i))).string();
    if (i > 0) {
      const Ran rebuilt = jangbu({"rebuild", directory, "--from", node_});
      ASSERT_EQ(rebuilt.status, 0) << rebuilt.err;
    }
    nodes.push_back(std::make_unique<ServedNode>(
        directory, std::vector<std::string>{"--kafka", kafka_, "--commit-records", commits[i]}));
  }
  for (const auto& node : nodes) ASSERT_TRUE(node->start()) << node->said();

  std::atomic<bool> written = false;
  std::thread writer([&] {
    auto producer = KafkaProducer::open(settings(), KafkaProducer::Options());
    ASSERT_TRUE(producer);
    std::size_t delivered = 0, sent = 0;
    for (const auto& [ledger, record] : writing.records) {
      while (!(*producer)->publish(topic(ledger), *record.value, record.headers, [&](const auto& delivery) {
        EXPECT_TRUE(delivery);
        ++delivered;
      })) {
        (*producer)->serve(std::chrono::milliseconds(10));
      }
      // In some forty bursts, so that kills fall between and into them.
      if (++sent % (count / 40 + 1) == 0) {
        (*producer)->serve(std::chrono::milliseconds(0));
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
      }
    }
    EXPECT_TRUE(comes([&] {
      (*producer)->serve(std::chrono::milliseconds(20));
      return delivered == writing.records.size();
    }));
    written = true;
  });
  int kills = 0;
  while (!written || kills < 6) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 700));
    const auto& node = nodes[random() % nodes.size()];
    node->kill();
    ++kills;
    EXPECT_TRUE(node->start()) << node->said();
  }
  writer.join();
  ASSERT_FALSE(HasFailure());

  // Until all have read all that was written.
  ASSERT_NO_FATAL_FAILURE(write("hanbit.patients", {structured(access(9'000'000))}));
  ASSERT_NO_FATAL_FAILURE(write("hanbit", {structured(dataset_access(9'000'001))}));
  for (const auto& node : nodes) {
    ASSERT_TRUE(comes(
        [&] {
          return holds(node->url(), "%2Fhanbit%2Femr", 9'000'000) &&
                 holds(node->url(), "%2Fhanbit%2Fresearch", 9'000'001);
        },
        std::chrono::minutes(5)))
        << node->said();
    EXPECT_EQ(node->stop(), 0) << node->said();
  }

  auto types = TypeTable::build();
  ASSERT_TRUE(types);
  std::vector<std::unique_ptr<Node>> read;
  for (const auto& node : nodes) {
    NodeOptions options;
    options.directory = node->directory();
    options.clock = &clock_;
    options.read_only = true;
    auto opened = Node::open(options, *types);
    ASSERT_TRUE(opened) << to_string(opened.error());
    read.push_back(std::move(*opened));
  }
  std::uint64_t compared = 0;
  const std::uint64_t step = count >= 100'000 ? 10'000 : 500;
  for (const char* name : kLedgers) {
    const LedgerId ledger = *LedgerId::parse(name);
    std::uint64_t common = UINT64_MAX;
    for (const auto& node : read) common = std::min(common, node->view(ledger)->size().value());
    for (std::uint64_t size = step;; size += step) {
      const TreeSize at(std::min(size, common));
      const auto root = read[0]->view(ledger)->root_at(at);
      ASSERT_TRUE(root);
      for (std::size_t i = 1; i < read.size(); ++i) {
        ASSERT_EQ(*read[i]->view(ledger)->root_at(at), *root) << name << " at " << at.value() << " of node " << i;
      }
      ++compared;
      if (size >= common) break;
    }
  }
  for (const char* name : {"hanbit", "hanbit.patients"}) {
    const auto view = read[0]->view(*LedgerId::parse(name));
    const Found there = found(*view);
    std::set<std::string> wanted = writing.events.at(name);
    wanted.insert(id_of(std::string(name) == "hanbit" ? 9'000'001 : 9'000'000));
    EXPECT_EQ(there.events.size(), wanted.size()) << name;
    EXPECT_EQ(std::set<std::string>(there.events.begin(), there.events.end()), wanted) << name;
    EXPECT_EQ(there.rejected, writing.rotten.at(name)) << name;
  }
  std::cout << writing.records.size() << " records, " << kills << " kills, " << compared << " roots compared\n";
  for (const auto& node : nodes) {
    const Ran verified = jangbu({"verify", node->directory().string()});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  }
}

}  // namespace
}  // namespace jangbu::testing
