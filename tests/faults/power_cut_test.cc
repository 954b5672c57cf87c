// F3: the power goes at a random operation; what was acknowledged is there after the next start, once, chained and
// proven.
//
// F3_COUNT: how many cuts over all variants (1,000). SEED: repeats a run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "ledger/view.h"
#include "tests/faults/power_disk.h"
#include "tests/ledger/space_fixture.h"

namespace jangbu {
namespace {

using testing::Cut;
using testing::PowerDisk;
using testing::TestSpace;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

struct Counts {
  std::uint64_t cuts = 0, in_start = 0, refused = 0, recovered = 0, acknowledged = 0, lost = 0, doubled = 0, broken = 0;
};

class PowerCut {
 public:
  PowerCut(Cut cut, std::uint64_t seed) : cut_(cut), random_(seed), disk_(seed + 1) {}

  Counts run(std::uint64_t cuts) {
    while (counts_.cuts < cuts && !::testing::Test::HasFatalFailure()) {
      cycle();
      ++counts_.cuts;
    }
    disk_.arm(Cut::clean, UINT64_MAX);
    const auto node = open();
    EXPECT_TRUE(node) << to_string(node.error());
    if (node) look_at_all(**node);
    return counts_;
  }

 private:
  Result<std::unique_ptr<Node>> open() {
    NodeOptions options = space_.options();
    options.env = disk_.env();
    options.files = &disk_.files();
    return Node::open(options, testing::types());
  }

  void cycle() {
    disk_.arm(cut_, random_() % 120);
    {
      auto opened = open();
      if (!opened && !disk_.off()) {
        // Not the cut, but what the last one left: the start refuses.
        ++counts_.refused;
        std::printf("  %s, cut %llu: %s\n", name(cut_), static_cast<unsigned long long>(counts_.cuts),
                    to_string(opened.error()).c_str());
        ASSERT_TRUE(opened) << "no way out is known for this";
      }
      if (opened) {
        look(**opened);
        append(**opened);
      } else {
        ++counts_.in_start;
      }
    }
    disk_.forget();
  }

  void append(Node& node) {
    for (int commits = 0; commits < 40 && !disk_.off(); ++commits) {
      for (std::uint64_t i = 0; i < 1 + random_() % 4; ++i) {
        const LedgerId& id = ids_[random_() % ids_.size()];
        // Sometimes one that was sent before, as a sender does who got no answer.
        const std::uint64_t number = random_() % 4 == 0 && next_ > 0 ? random_() % next_ : next_++;
        const std::string key = id.text() + " " + std::to_string(number);
        static_cast<void>(node.submit(Submission{id, testing::heartbeat(id, number), {}, false},
                                      [this, key](const Result<Placement>& placed) {
                                        if (!placed) return;
                                        const auto known = oracle_.find(key);
                                        if (known != oracle_.end() && known->second.first != placed->sequence) {
                                          ++counts_.doubled;
                                        }
                                        oracle_[key] = {placed->sequence, placed->leaf};
                                        recent_.push_back(key);
                                      }));
      }
      if (!node.commit_pending()) return;
    }
  }

  void expect_there(const Node& node, const std::string& key) {
    const auto& [sequence, leaf] = oracle_.at(key);
    const LedgerView view = *node.view(testing::ledger(key.substr(0, key.find(' '))));
    const auto found = view.leaf(sequence);
    if (!found || *found != leaf) ++counts_.lost;
  }

  void look(const Node& node) {
    for (const std::string& key : recent_) expect_there(node, key);
    recent_.clear();
    for (const LedgerView& view : node.views()) {
      if (view.size() < sizes_[view.info().id.text()]) ++counts_.lost;
      sizes_[view.info().id.text()] = view.size();
    }
    if (counts_.cuts % 25 == 0) look_at_all(node);
  }

  void look_at_all(const Node& node) {
    for (const auto& [key, place] : oracle_) expect_there(node, key);
    for (const LedgerView& view : node.views()) {
      const auto whole = audit(view);
      if (!whole) {
        ++counts_.broken;
        ADD_FAILURE() << to_string(whole.error());
      }
      std::map<std::string, int> seen;
      const auto entries = view.read(SequenceNumber(0), SIZE_MAX, SIZE_MAX);
      ASSERT_TRUE(entries);
      for (const StoredEntry& stored : *entries) {
        if (++seen[std::string(stored.entry.body)] > 1) ++counts_.doubled;
      }
    }
    counts_.acknowledged = oracle_.size();
  }

  Cut cut_;
  std::mt19937_64 random_;
  PowerDisk disk_;
  TestSpace space_;
  const std::vector<LedgerId> ids_{testing::ledger("hanbit"), testing::ledger("hanbit.patients"),
                                   testing::ledger("nuri")};
  std::uint64_t next_ = 0;
  std::map<std::string, std::pair<SequenceNumber, Hash>> oracle_;
  std::vector<std::string> recent_;
  std::map<std::string, TreeSize> sizes_;
  Counts counts_;
};

TEST(PowerCut, LosesNothingThatWasAcknowledgedAndDoublesNothing) {
  const std::uint64_t seed = from_environment("SEED", 20'260'301);
  const std::uint64_t count = from_environment("F3_COUNT", 1000);
  std::printf("F3 seed %llu\n  %-12s %8s %8s %8s %9s %12s %6s %8s %7s\n", static_cast<unsigned long long>(seed),
              "variant", "cuts", "in start", "refused", "recovered", "acknowledged", "lost", "doubled", "broken");
  const Cut cuts[] = {Cut::clean, Cut::torn, Cut::garbage, Cut::lost_names, Cut::failed_sync};
  for (const Cut cut : cuts) {
    const Counts counts = PowerCut(cut, seed + static_cast<std::uint64_t>(cut)).run(count / std::size(cuts));
    const auto print = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("  %-12s %8llu %8llu %8llu %9llu %12llu %6llu %8llu %7llu\n", name(cut), print(counts.cuts),
                print(counts.in_start), print(counts.refused), print(counts.recovered), print(counts.acknowledged),
                print(counts.lost), print(counts.doubled), print(counts.broken));
    EXPECT_EQ(counts.lost, 0U);
    EXPECT_EQ(counts.doubled, 0U);
    EXPECT_EQ(counts.broken, 0U);
    EXPECT_EQ(counts.recovered, counts.refused);
    EXPECT_GT(counts.acknowledged, 0U);
  }
}

}  // namespace
}  // namespace jangbu
