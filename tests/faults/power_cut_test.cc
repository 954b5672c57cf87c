// F3: the power goes at a random operation; what was acknowledged is there after the next start, once, chained and
// proven. A start that refuses is counted, and the runbook's ways out are walked: the recovery on a copy, as `jangbu
// serve` does it; else the last backup, by `jangbu restore` under the node's own tip. Both may be cut off too.
//
// F3_COUNT: how many cuts for each variant (1,000). SEED: repeats a run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

#include "ledger/recovered.h"
#include "ledger/view.h"
#include "tests/faults/power_disk.h"
#include "tests/ledger/space_fixture.h"
#include "tests/tools/cli.h"

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
  std::uint64_t cuts = 0, in_start = 0, refused = 0, adopted = 0, restored = 0, cut_again = 0, stuck = 0;
  std::uint64_t said = 0;  // ledger.recovered events in one institution's ledger
  std::uint64_t acknowledged = 0, lost = 0, doubled = 0, broken = 0;
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
    auto node = open();
    if (!node) {
      ++counts_.refused;
      node = open(true);
      counts_.adopted += node ? 1U : 0U;
    }
    EXPECT_TRUE(node) << to_string(node.error());
    if (node) {
      EXPECT_TRUE((*node)->commit_pending());  // what is still to be said of an adoption
      look_at_all(**node);
    }
    return counts_;
  }

 private:
  Result<std::unique_ptr<Node>> open(bool recover = false) {
    NodeOptions options = space_.options();
    options.env = disk_.env();
    options.files = &disk_.files();
    options.recover = recover;
    auto node = Node::open(options, testing::types());
    if (node) {
      // Cut off here, it is said by a later start.
      if (const auto said = say_recovered(**node, options); !said) return tl::unexpected(said.error());
    }
    return node;
  }

  void cycle() {
    disk_.arm(cut_, random_() % 120);
    {
      auto opened = open();
      // Not the cut, but what the last one left: the start refuses.
      if (!opened && !disk_.off()) opened = way_out(opened.error());
      if (opened) {
        look(**opened);
        append(**opened);
      } else {
        ++counts_.in_start;
      }
    }
    disk_.forget();
    if (counts_.cuts % 50 == 0) back_up();
  }

  // The same start again, with what `serve` allows it; then the backup.
  Result<std::unique_ptr<Node>> way_out(const Error& refused) {
    ++counts_.refused;
    disk_.arm(cut_, random_() % 1000);  // more than it takes, so that about every other try is cut off too
    auto opened = open(true);
    if (opened) {
      ++counts_.adopted;
      return opened;
    }
    if (disk_.off()) {
      ++counts_.cut_again;  // the next start finds the same, and walks on
      return opened;
    }
    disk_.arm(Cut::clean, UINT64_MAX);
    if (restore()) opened = open();
    if (opened) {
      ++counts_.restored;
      return opened;
    }
    ++counts_.stuck;
    ADD_FAILURE() << name(cut_) << ", cut " << counts_.cuts << ": " << to_string(refused)
                  << "; no way out: " << to_string(opened.error());
    disk_.forget();
    return opened;
  }

  // `jangbu restore BACKUP NEW --tip OLD/tip`, the keys beside it, and the new folder in the old one's place.
  bool restore() {
    const std::filesystem::path restored = space_.folder / "restored";
    const std::filesystem::path old = space_.directory();
    std::filesystem::remove_all(restored);
    const auto ran = tools::testing::run_jangbu(
        {"restore", backup().string(), restored.string(), "--tip", (old / "tip").string()}, space_.clock);
    if (ran.status != 0) {
      std::printf("%s", ran.err.c_str());
      return false;
    }
    std::filesystem::copy(old / "keys", restored / "keys", std::filesystem::copy_options::recursive);
    std::filesystem::remove_all(old);
    std::filesystem::rename(restored, old);
    return true;
  }

  void back_up() {
    disk_.arm(Cut::clean, UINT64_MAX);
    std::filesystem::remove_all(backup());
    const auto node = open();
    if (!node) return;  // refused: the next cycle's start says so
    const auto copied = (*node)->backup(backup());
    EXPECT_TRUE(copied) << to_string(copied.error());
  }
  [[nodiscard]] std::filesystem::path backup() const { return space_.folder / "backup"; }

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
    counts_.said = 0;
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
        if (view.info().id == ids_[2] && stored.entry.body.find("ledger.recovered") != std::string_view::npos) {
          ++counts_.said;
        }
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

class PowerCuts : public ::testing::TestWithParam<Cut> {};

TEST_P(PowerCuts, LoseNothingThatWasAcknowledgedAndDoubleNothing) {
  const std::uint64_t seed = from_environment("SEED", 20'260'301);
  const std::uint64_t count = from_environment("F3_COUNT", 1000);
  const Counts counts = PowerCut(GetParam(), seed + static_cast<std::uint64_t>(GetParam())).run(count);
  std::printf("F3 seed %llu\n  %-12s %7s %9s %8s %8s %9s %10s %6s %13s %5s %8s %7s\n",
              static_cast<unsigned long long>(seed), "variant", "cuts", "in start", "refused", "adopted", "restored",
              "cut again", "stuck", "acknowledged", "lost", "doubled", "broken");
  const auto print = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("  %-12s %7llu %9llu %8llu %8llu %9llu %10llu %6llu %13llu %5llu %8llu %7llu\n", name(GetParam()),
              print(counts.cuts), print(counts.in_start), print(counts.refused), print(counts.adopted),
              print(counts.restored), print(counts.cut_again), print(counts.stuck), print(counts.acknowledged),
              print(counts.lost), print(counts.doubled), print(counts.broken));
  EXPECT_EQ(counts.lost, 0U);
  EXPECT_EQ(counts.doubled, 0U);
  EXPECT_EQ(counts.broken, 0U);
  EXPECT_EQ(counts.adopted + counts.restored + counts.cut_again, counts.refused);
  EXPECT_GE(counts.said, counts.adopted) << "each adoption stands in the ledgers";
  EXPECT_LE(counts.said, counts.adopted + counts.cut_again);
  EXPECT_GT(counts.acknowledged, 0U);
}

INSTANTIATE_TEST_SUITE_P(Variants, PowerCuts,
                         ::testing::Values(Cut::clean, Cut::torn, Cut::garbage, Cut::lost_names, Cut::failed_sync),
                         [](const auto& cut) {
                           std::string text = name(cut.param);
                           std::replace(text.begin(), text.end(), ' ', '_');
                           return text;
                         });

}  // namespace
}  // namespace jangbu
