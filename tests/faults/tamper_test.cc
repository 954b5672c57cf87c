// F1: a bit flipped anywhere is detected, or is without effect.
//
// An exported ledger: every bit of every byte of its checkpoint, tiles and bundles. A flip in an entry's bytes changes
// that leaf and no other, so it is looked at by what the flip can touch: the leaf's hash and its path to the signed
// root, by the tree's own verification; every 9,973rd flip is also put before the whole verifier, as `jangbu verify`
// runs it.
//
// A node's directory: bytes of every file, one bit each; every 8th byte, or every JANGBU_TAMPER_STEP-th (1 in nightly
// runs). After each flip the directory is opened and everything read: either something is said, or entries, roots and
// checkpoints are the same. Where a smaller look is as good (the tip, keys, files that no opening reads), every 101st
// flip is put before the whole all the same.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>

#include "ledger/files.h"
#include "ledger/key_file.h"
#include "ledger/node.h"
#include "ledger/recovery.h"
#include "ledger/screen_digest.h"
#include "ledger/space.h"
#include "ledger/tip.h"
#include "ledger/tree.h"
#include "tests/support/shared_files.h"
#include "tests/support/temporary_folder.h"
#include "tools/ledger_check.h"
#include "tools/tile_comparison.h"

namespace jangbu {
namespace {

namespace fs = std::filesystem;
using jangbu::testing::read_file;
using jangbu::testing::TemporaryFolder;

const ManualClock& fixed_clock() {
  static const ManualClock clock(1'772'409'600'000);
  return clock;
}

std::shared_ptr<const TypeTable> types() {
  static const std::shared_ptr<const TypeTable> table = TypeTable::build().value();
  return table;
}

std::string heartbeat(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return R"({"specversion":"1.0","type":"kr.jangbu.source.heartbeat.v1","source":"/hanbit/emr","id":"00000000-0000-4000-8000-)" +
         std::string(12 - digits.size(), '0') + digits +
         R"(","time":"2026-03-02T09:15:00+09:00","institution":"hanbit","ledger":"hanbit","data":{"next":)" + digits +
         R"(,"backlog":0}})";
}

const LedgerId& hanbit() {
  static const LedgerId ledger = LedgerId::of("hanbit", LedgerKind::shared);
  return ledger;
}

NodeOptions options_for(const fs::path& directory, bool read_only) {
  NodeOptions options;
  options.directory = directory;
  options.clock = &fixed_clock();
  options.read_only = read_only;
  static const std::string digest = screen_digest(*types());
  options.screen_digest = digest;
  options.ballast_bytes = 0;  // a file that holds nothing
  return options;
}

// A space in which hanbit's ledger has `size` entries, in commits of 7.
std::unique_ptr<Node> make_node(const fs::path& directory, std::uint64_t size) {
  SpacePlan plan;
  plan.space = "medspace";
  plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "하늘", "Haneul"},
                       {"hanbit", InstitutionKind::hospital, true, {}, "한빛", "Hanbit"}};
  plan.key_seed = "tamper";
  const auto made = create_space(directory, plan, fixed_clock(), *types());
  if (!made) throw std::runtime_error(to_string(made.error()));
  auto node = Node::open(options_for(directory, false), types()).value();
  std::uint64_t number = 0;
  while (node->view(hanbit())->size().value() < size) {
    for (int i = 0; i < 7 && node->view(hanbit())->size().value() + static_cast<std::uint64_t>(i) < size; ++i) {
      const auto queued = node->submit(Submission{hanbit(), heartbeat(++number), std::nullopt, false},
                                       [](const Result<Placement>& placed) {
                                         if (!placed || placed->kind != Placement::Kind::appended) {
                                           throw std::runtime_error("not appended");
                                         }
                                       });
      if (!queued) throw std::runtime_error(to_string(queued.error()));
    }
    static_cast<void>(node->commit_pending().value());
  }
  return node;
}

// A ledger as a mirror has it, in memory.
class Mirror final : public tools::LedgerSource {
 public:
  explicit Mirror(const LedgerView& view) : checkpoint_(view.checkpoint()) {
    for (const TilePath& path : tiles_of(view.size())) files[to_path(path)] = view.tile(path).value();
  }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] const std::string& checkpoint() const override { return checkpoint_; }
  [[nodiscard]] Result<std::string> tile(const TilePath& path) override {
    const auto found = files.find(to_path(path));
    if (found == files.end()) return fail(Code::io, to_path(path), "is missing");
    return found->second;
  }
  std::map<std::string, std::string> files;

 private:
  std::string name_ = "hanbit", checkpoint_;
};

bool verifier_objects(Mirror& mirror, const LedgerInfo& about) {
  VerifierOptions options;
  options.origin = about.origin;
  options.log_key = about.log_key;
  options.genesis_leaf = about.genesis_leaf;
  const auto check = tools::check_ledger(mirror, types(), options, {}, [](std::uint64_t) {});
  return !check || !check->report.holds();
}

struct Counts {
  std::uint64_t flips = 0, detected = 0, without_effect = 0, silent = 0, by_whole_verifier = 0;
  void add(const Counts& other) {
    flips += other.flips;
    detected += other.detected;
    without_effect += other.without_effect;
    silent += other.silent;
    by_whole_verifier += other.by_whole_verifier;
  }
  void print(const std::string& what) const {
    std::printf("%-28s %9llu flips: %9llu detected, %llu without effect, %llu silent; %llu by the whole verifier\n",
                what.c_str(), static_cast<unsigned long long>(flips), static_cast<unsigned long long>(detected),
                static_cast<unsigned long long>(without_effect), static_cast<unsigned long long>(silent),
                static_cast<unsigned long long>(by_whole_verifier));
  }
};

void flip(std::string& bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
}

constexpr std::uint64_t kWholeEvery = 9973;

class ExportedLedger : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kEntries = 1000;
  void SetUp() override {
    node_ = make_node(folder_ / "node", kEntries);
    view_.emplace(node_->view(hanbit()).value());
    ASSERT_EQ(view_->size(), TreeSize(kEntries));
    mirror_.emplace(*view_);
    ASSERT_FALSE(verifier_objects(*mirror_, view_->info())) << "the untouched export";
  }

  // The whole verifier over the mirror with one file changed.
  bool whole_detects(const std::string& path, const std::string& changed) {
    std::string& file = mirror_->files[path];
    const std::string before = std::exchange(file, changed);
    const bool objects = verifier_objects(*mirror_, view_->info());
    file = before;
    return objects;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Node> node_;
  std::optional<LedgerView> view_;
  std::optional<Mirror> mirror_;
};

TEST_F(ExportedLedger, EveryFlippedBitOfEveryEntryAndLengthIsDetected) {
  Counts counts;
  const Hash root = view_->root();
  for (const TilePath& path : tiles_of(view_->size())) {
    if (!path.entries) continue;
    const std::string name = to_path(path);
    std::string bundle = mirror_->files[name];
    const auto honest_views = split_bundle(bundle).value();
    const std::vector<std::string> honest(honest_views.begin(), honest_views.end());
    std::size_t begin = 0;
    for (std::size_t i = 0; i < honest.size(); ++i) {
      const SequenceNumber number(path.tile.index * kTileWidth + i);
      const auto proof = view_->inclusion(number, view_->size()).value();
      ASSERT_TRUE(verify_inclusion(leaf_hash(honest[i]), number, view_->size(), proof, root));
      // The two bytes of the length: the bundle falls apart in another way, or not at all.
      for (std::size_t bit = begin * 8; bit < (begin + 2) * 8; ++bit) {
        flip(bundle, bit);
        const auto split = split_bundle(bundle);
        bool detected = !split || split->size() != path.width;
        for (std::size_t at = 0; !detected && at < split->size(); ++at) {
          if ((*split)[at] == honest[at]) continue;
          const SequenceNumber other(path.tile.index * kTileWidth + at);
          detected = !verify_inclusion(leaf_hash((*split)[at]), other, view_->size(),
                                       view_->inclusion(other, view_->size()).value(), root);
          break;
        }
        ++counts.flips;
        ++(detected ? counts.detected : counts.silent);
        if (counts.flips % kWholeEvery == 0) {
          ++counts.by_whole_verifier;
          EXPECT_TRUE(whole_detects(name, bundle)) << name << " bit " << bit;
        }
        flip(bundle, bit);
      }
      std::string entry = honest[i];
      for (std::size_t bit = 0; bit < entry.size() * 8; ++bit) {
        flip(entry, bit);
        const bool detected = !verify_inclusion(leaf_hash(entry), number, view_->size(), proof, root);
        ++counts.flips;
        ++(detected ? counts.detected : counts.silent);
        if (counts.flips % kWholeEvery == 0) {
          ++counts.by_whole_verifier;
          std::string changed = bundle;
          changed.replace(begin + 2, entry.size(), entry);
          EXPECT_TRUE(whole_detects(name, changed)) << name << " entry " << i << " bit " << bit;
        }
        flip(entry, bit);
      }
      begin += 2 + honest[i].size();
    }
  }
  counts.print("entries of an export");
  EXPECT_EQ(counts.silent, 0U);
  EXPECT_GT(counts.flips, 8U * kEntries * 200U);
}

TEST_F(ExportedLedger, EveryFlippedBitOfEveryHashTileIsDetected) {
  Counts counts;
  for (const TilePath& path : tiles_of(view_->size())) {
    if (path.entries) continue;
    std::string bytes = mirror_->files[to_path(path)];
    std::vector<Hash> expected;
    for (std::size_t at = 0; at < bytes.size(); at += 32) expected.push_back(Hash::from(bytes.substr(at, 32)));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      flip(bytes, bit);
      ++counts.flips;
      ++(tools::TileComparison::compare(path, bytes, expected) ? counts.silent : counts.detected);
      if (counts.flips % kWholeEvery == 0) {
        ++counts.by_whole_verifier;
        EXPECT_TRUE(whole_detects(to_path(path), bytes)) << to_path(path) << " bit " << bit;
      }
      flip(bytes, bit);
    }
  }
  counts.print("hash tiles of an export");
  EXPECT_EQ(counts.silent, 0U);
  EXPECT_EQ(counts.flips, (kEntries + 3) * 32 * 8);
}

TEST_F(ExportedLedger, EveryFlippedBitOfTheCheckpointIsDetected) {
  Counts counts;
  std::string note = view_->checkpoint();
  for (std::size_t bit = 0; bit < note.size() * 8; ++bit) {
    flip(note, bit);
    ++counts.flips;
    ++(open_checkpoint(note, view_->info().log_key) ? counts.silent : counts.detected);
    flip(note, bit);
  }
  counts.print("checkpoint of an export");
  EXPECT_EQ(counts.silent, 0U);
}

// Everything that a reader of the node may see.
struct Shown {
  std::map<std::string, std::string> parts;
  bool operator==(const Shown&) const = default;
};

Result<Shown> shown_by(const Node& node) {
  Shown shown;
  for (const LedgerView& view : node.views()) {
    const std::string name = view.info().id.text();
    shown.parts[name] = std::string(view.root().view()) + view.checkpoint();
    for (const TilePath& path : tiles_of(view.size())) {
      auto bytes = view.tile(path);
      if (!bytes) return tl::unexpected(bytes.error());
      shown.parts[name + "/" + to_path(path)] = std::move(*bytes);
    }
    for (std::uint64_t number = 0; number < view.size().value(); ++number) {
      auto covering = view.covering_checkpoint(SequenceNumber(number));
      if (!covering) return tl::unexpected(covering.error());
      shown.parts[name + "#" + std::to_string(number)] = std::move(*covering);
    }
  }
  // Dedup keys too: a first receipt must be found again.
  for (std::uint64_t number = 1; number <= 64; number += 9) {
    auto found = node.view(hanbit())->find(
        "/hanbit/emr", "00000000-0000-4000-8000-" + std::string(number < 10 ? 11 : 10, '0') + std::to_string(number));
    if (!found) return tl::unexpected(found.error());
    shown.parts["id" + std::to_string(number)] = *found ? std::to_string((*found)->value()) : "none";
  }
  return shown;
}

enum class Outcome { detected, without_effect, silent };

Outcome open_and_look(const fs::path& directory, const Shown& honest) {
  const auto node = Node::open(options_for(directory, true), types());
  if (!node) return Outcome::detected;
  const auto why = (*node)->not_writing();
  if (why && why->code != Code::read_only) return Outcome::detected;
  const auto shown = shown_by(**node);
  if (!shown) return Outcome::detected;
  if (*shown == honest) return Outcome::without_effect;
  for (const LedgerView& view : (*node)->views()) {
    if (!audit(view)) return Outcome::detected;
  }
  return Outcome::silent;
}

// The tip alone: the database is as it was, so what is shown stays the same if the tip is taken.
Outcome look_at_tip(const fs::path& path, const Node& honest) {
  const auto tip = TipFile::open(Files::machine(), path, Files::Mode::read);
  if (!tip) return Outcome::detected;
  const auto holds = tip->compare([&](const LedgerId& ledger, TreeSize size) -> Result<std::optional<Hash>> {
    const auto view = honest.view(ledger);
    if (!view || view->size() < size) return std::optional<Hash>();
    return view->root_at(size).map([](const Hash& root) { return std::optional<Hash>(root); });
  });
  return holds ? Outcome::without_effect : Outcome::detected;
}

Outcome look_at_key(const fs::path& path, const std::string& honest) {
  const auto nobody = [](const fs::path&) { return std::optional<std::string>(); };
  if (path.filename() == "pseudonym.key") {
    const auto key = read_pseudonym_key(path, nobody);
    if (!key) return Outcome::detected;
    return key->raw() == honest ? Outcome::without_effect : Outcome::silent;
  }
  const auto key = read_signing_key(path, nobody);
  if (!key) return Outcome::detected;
  return key->private_text() == honest ? Outcome::without_effect : Outcome::silent;
}

std::string key_in(const fs::path& path) {
  const auto nobody = [](const fs::path&) { return std::optional<std::string>(); };
  return path.filename() == "pseudonym.key" ? read_pseudonym_key(path, nobody)->raw()
                                            : read_signing_key(path, nobody)->private_text();
}

void write_byte(const fs::path& path, std::size_t at, char byte) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

// The database's log of its own doings: made anew by each opening, read by none.
bool is_log(const fs::path& path) { return path.filename().string().starts_with("LOG"); }

void remove_logs(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(database_path(directory))) {
    if (is_log(entry.path())) fs::remove(entry.path());
  }
}

// RocksDB writes these two beside the database, and an opening that says what it wants reads neither: a directory
// without them shows the same, which is looked at before any flip.
bool is_never_read(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with("OPTIONS-") || name == "IDENTITY";
}

bool shows_the_same_without_them(const fs::path& directory, const Shown& honest) {
  const fs::path copy = directory.string() + "-without";
  fs::copy(directory, copy, fs::copy_options::recursive);
  std::size_t removed = 0;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(database_path(copy))) {
    if (is_never_read(entry.path())) files.push_back(entry.path());
  }
  for (const fs::path& file : files) removed += fs::remove(file) ? 1U : 0U;
  return removed >= 2 && open_and_look(copy, honest) == Outcome::without_effect;
}

std::size_t step() {
  const char* given = std::getenv("JANGBU_TAMPER_STEP");
  const std::size_t step = given == nullptr ? 8 : std::strtoul(given, nullptr, 10);
  return std::max<std::size_t>(step, 1);
}

constexpr std::size_t kSmallLooks = 101;  // all but one of so many

// Flips in one copy of the directory: those whose running number is `mine` modulo `workers`.
Counts tamper(const fs::path& directory, const Shown& honest, const Node& honest_node, std::size_t mine,
              std::size_t workers, std::vector<std::string>& silent) {
  Counts counts;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && !is_log(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::size_t running = 0;
  for (const fs::path& path : files) {
    const std::string bytes = read_file(path);
    const bool tip = path == tip_path(directory);
    const bool key = path.extension() == ".key";
    const std::string honest_key = key ? key_in(path) : "";
    for (std::size_t at = 0; at < bytes.size(); at += step(), ++running) {
      if (running % workers != mine) continue;
      const std::size_t bit = (at / step()) % 8;
      write_byte(path, at, static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << bit)));
      Outcome outcome{};
      if (is_never_read(path) && running % kSmallLooks != 0) {
        outcome = Outcome::without_effect;
      } else if (tip && running % kSmallLooks != 0) {
        outcome = look_at_tip(path, honest_node);
      } else if (key) {
        outcome = look_at_key(path, honest_key);
      } else {
        outcome = open_and_look(directory, honest);
        ++counts.by_whole_verifier;
        remove_logs(directory);
      }
      write_byte(path, at, bytes[at]);
      ++counts.flips;
      if (outcome == Outcome::detected) ++counts.detected;
      if (outcome == Outcome::without_effect) ++counts.without_effect;
      if (outcome == Outcome::silent) {
        ++counts.silent;
        silent.push_back(fs::relative(path, directory).string() + " byte " + std::to_string(at) + " bit " +
                         std::to_string(bit));
      }
    }
  }
  return counts;
}

void tamper_in_threads(const fs::path& directory, const std::string& what) {
  const auto honest_node = Node::open(options_for(directory, true), types()).value();
  const auto honest = shown_by(*honest_node).value();
  ASSERT_TRUE(shows_the_same_without_them(directory, honest));
  const std::size_t workers = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::vector<std::string>> silent(workers);
  std::vector<Counts> counts(workers);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < workers; ++i) {
      const fs::path copy = directory.string() + "-" + std::to_string(i);
      fs::copy(directory, copy, fs::copy_options::recursive);
      remove_logs(copy);
      threads.emplace_back([&, i, copy] { counts[i] = tamper(copy, honest, *honest_node, i, workers, silent[i]); });
    }
  }
  Counts all;
  for (const Counts& one : counts) all.add(one);
  all.print(what);
  for (const auto& list : silent) {
    for (const std::string& place : list) ADD_FAILURE() << "silent: " << place;
  }
  EXPECT_EQ(all.flips, all.detected + all.without_effect);
  EXPECT_GT(all.detected, 0U);
}

TEST(NodeDirectory, AFlippedByteOfAClosedNodeIsDetectedOrWithoutEffect) {
  const TemporaryFolder folder;
  make_node(folder / "node", 64).reset();
  tamper_in_threads(folder / "node", "files of a closed node");
}

TEST(NodeDirectory, AFlippedByteOfANodeCutOffIsDetectedOrWithoutEffect) {
  // As after kill -9: everything since the start is in the write-ahead log only.
  const TemporaryFolder folder;
  const auto node = make_node(folder / "served", 64);
  fs::copy(folder / "served", folder / "node", fs::copy_options::recursive);
  tamper_in_threads(folder / "node", "files of a node cut off");
}

}  // namespace
}  // namespace jangbu
