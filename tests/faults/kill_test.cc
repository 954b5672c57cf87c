// F2: a process that appends is killed, at random moments and before and after each durable step; what it had
// acknowledged is there at the next start, once, chained and proven.
//
// The oracle is a file that the child appends to when it is told of a placement: it survives the child. Everything that
// opens the database runs in a child, so that no process forks with it open. F2_COUNT: cycles (500). SEED: repeats.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>

#include "ledger/view.h"
#include "tests/ledger/space_fixture.h"
#include "tests/support/forwarding_files.h"

namespace jangbu {
namespace {

using testing::heartbeat;
using testing::ledger;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

enum class Point : std::uint8_t {
  wal_write_before,
  wal_sync_before,
  wal_sync_after,
  tip_write_before,
  tip_write_after,
  tip_sync_before,
  tip_sync_after,
  told,
  none,
};
constexpr std::array kPointNames = {"before the log is written", "before the log's sync",       "after the log's sync",
                                    "before the tip is written", "after the tip is written",    "before the tip's sync",
                                    "after the tip's sync",      "before the submitter's note", "at a random moment"};

// Dies when a point is passed for the k-th time.
struct Trap {
  Point point = Point::none;
  std::uint64_t left = 0;
  void pass(Point passed) {
    if (passed != point) return;
    if (left-- == 0) ::raise(SIGKILL);
  }
};

class TrapFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  TrapFile(Trap& trap, std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)), trap_(trap) {}
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    trap_.pass(Point::wal_write_before);
    return target()->Append(data, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info, rocksdb::IODebugContext* context) override {
    trap_.pass(Point::wal_write_before);
    return target()->Append(data, options, info, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    trap_.pass(Point::wal_sync_before);
    rocksdb::IOStatus status = target()->Sync(options, context);
    trap_.pass(Point::wal_sync_after);
    return status;
  }

 private:
  Trap& trap_;
};

class TrapFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit TrapFileSystem(Trap& trap) : FileSystemWrapper(rocksdb::FileSystem::Default()), trap_(trap) {}
  const char* Name() const override { return "TrapFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->NewWritableFile(path, options, file, context);
    if (status.ok() && path.ends_with(".log")) {
      std::unique_ptr<rocksdb::FSWritableFile> inner = std::move(*file);
      file->reset(new TrapFile(trap_, std::move(inner)));
    }
    return status;
  }

 private:
  Trap& trap_;
};

class TrapFiles final : public testing::ForwardingFiles {
 public:
  explicit TrapFiles(Trap& trap) : trap_(trap) {}
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Mode mode) override {
    auto file = machine().open(path, mode);
    if (!file) return file;
    return std::make_unique<TrapTip>(trap_, std::move(*file));
  }

 private:
  class TrapTip final : public testing::ForwardingFile {
   public:
    TrapTip(Trap& trap, std::unique_ptr<File> file) : ForwardingFile(std::move(file)), trap_(trap) {}
    Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      trap_.pass(Point::tip_write_before);
      auto written = ForwardingFile::write(offset, bytes);
      trap_.pass(Point::tip_write_after);
      return written;
    }
    Result<void> sync() override {
      trap_.pass(Point::tip_sync_before);
      auto synced = ForwardingFile::sync();
      trap_.pass(Point::tip_sync_after);
      return synced;
    }

   private:
    Trap& trap_;
  };
  Trap& trap_;
};

struct Work {
  std::filesystem::path directory, oracle;
  std::uint64_t seed = 0;
  std::uint64_t numbers_from = 0;
  Trap trap;
  bool only_verify = false;
};

// Everything that the oracle holds is in the node, and nothing twice. Empty: all is well.
std::string verify(const Node& node, const std::filesystem::path& oracle) {
  std::ifstream lines(oracle);
  std::string id, leaf;
  std::uint64_t number = 0, sequence = 0;
  std::map<std::string, std::uint64_t> places;
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    if (!(fields >> id >> number >> sequence >> leaf) || leaf.size() != 64) continue;  // the child died over it
    const auto stored = node.view(ledger(id))->leaf(SequenceNumber(sequence));
    if (!stored || to_hex(stored->view()) != leaf) return "lost: " + line;
    const auto [place, fresh] = places.emplace(id + " " + std::to_string(number), sequence);
    if (!fresh && place->second != sequence) return "doubled: " + line;
  }
  for (const LedgerView& view : node.views()) {
    if (const auto whole = audit(view); !whole) return "broken: " + to_string(whole.error());
    std::map<std::string, int> seen;
    const auto entries = view.read(SequenceNumber(0), SIZE_MAX, SIZE_MAX);
    if (!entries) return "broken: " + to_string(entries.error());
    for (const StoredEntry& entry : *entries) {
      if (++seen[std::string(entry.entry.body)] > 1) return "doubled: " + std::string(entry.entry.body);
    }
  }
  return {};
}

// The child. Tells by `pipe`: "V" once the start has been verified, else what is wrong. Never returns.
[[noreturn]] void child(Work work, int pipe) {
  const auto say = [pipe](const std::string& text) {
    if (::write(pipe, text.data(), text.size()) < 0) ::_exit(4);
  };
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(std::make_shared<TrapFileSystem>(work.trap));
  TrapFiles files(work.trap);
  const ManualClock clock(testing::kStartMs);
  NodeOptions options;
  options.directory = work.directory;
  options.clock = &clock;
  options.screen_digest = testing::types_digest();
  options.ballast_bytes = 0;
  options.env = env.get();
  options.files = &files;
  auto opened = Node::open(options, testing::types());
  if (!opened) {
    say("refused: " + to_string(opened.error()));
    ::_exit(3);
  }
  Node& node = **opened;
  const std::string wrong = verify(node, work.oracle);
  if (!wrong.empty()) {
    say(wrong);
    ::_exit(3);
  }
  say("V");
  if (work.only_verify) ::_exit(0);
  const int oracle = ::open(work.oracle.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  std::mt19937_64 random(work.seed);
  const std::array ids = {ledger("hanbit"), ledger("hanbit.patients"), ledger("nuri")};
  std::uint64_t next = work.numbers_from;
  while (true) {
    for (std::uint64_t i = 0; i < 1 + random() % 4; ++i) {
      const LedgerId& id = ids[random() % ids.size()];
      const std::uint64_t number = random() % 4 == 0 && next > 0 ? random() % next : next++;
      static_cast<void>(node.submit(Submission{id, heartbeat(id, number), {}, false},
                                    [&, number, id](const Result<Placement>& placed) {
                                      if (!placed) return;
                                      work.trap.pass(Point::told);
                                      const std::string line = id.text() + " " + std::to_string(number) + " " +
                                                               std::to_string(placed->sequence.value()) + " " +
                                                               to_hex(placed->leaf.view()) + "\n";
                                      if (::write(oracle, line.data(), line.size()) < 0) ::_exit(4);
                                    }));
    }
    if (!node.commit_pending()) ::_exit(5);
  }
}

// What the child said before it went.
struct Ended {
  std::string said;
  bool killed = false;
};

Ended run_child(const Work& work, std::mt19937_64& random) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    child(work, ends[1]);
  }
  ::close(ends[1]);
  Ended ended;
  const auto listen = [&](int milliseconds) {
    pollfd waiting{ends[0], POLLIN, 0};
    if (::poll(&waiting, 1, milliseconds) <= 0) return false;
    char bytes[512];
    const ssize_t n = ::read(ends[0], bytes, sizeof bytes);
    if (n > 0) ended.said.append(bytes, static_cast<std::size_t>(n));
    return n <= 0;
  };
  if (work.only_verify) {
    while (!listen(120'000)) {
    }
  } else if (work.trap.point == Point::none) {
    // A quarter of them within the start, the others after it.
    if (random() % 4 == 0) {
      ::usleep(static_cast<useconds_t>(random() % 30'000));
    } else if (!listen(120'000)) {
      ::usleep(static_cast<useconds_t>(random() % 20'000));
    }
    ::kill(pid, SIGKILL);
  } else {
    while (!listen(120'000)) {
    }
  }
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  while (!listen(0) && ended.said.size() < 4096) {
    pollfd waiting{ends[0], POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0) break;
  }
  ::close(ends[0]);
  ended.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  return ended;
}

TEST(Kill, LosesNothingThatWasAcknowledgedAndDoublesNothing) {
  const std::uint64_t seed = from_environment("SEED", 20'260'302);
  const std::uint64_t count = from_environment("F2_COUNT", 500);
  ASSERT_FALSE(testing::types_digest().empty());  // made before the first fork: each child would make it again
  const testing::TemporaryFolder folder;
  Work work;
  work.directory = folder / "node";
  work.oracle = folder / "oracle";
  const pid_t founder = ::fork();
  if (founder == 0) {
    const ManualClock clock(testing::kStartMs);
    const auto made = create_space(work.directory, testing::small_plan(), clock, *testing::types());
    ::_exit(made ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(founder, &status, 0), founder);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);

  std::mt19937_64 random(seed);
  std::array<std::uint64_t, kPointNames.size()> cycles{};
  std::uint64_t verified = 0, wrong = 0;
  for (std::uint64_t cycle = 0; cycle < count; ++cycle) {
    // Every other one at a random moment, the rest at each point in turn.
    work.trap.point = cycle % 2 == 0 ? Point::none : static_cast<Point>(cycle / 2 % (kPointNames.size() - 1));
    work.trap.left = random() % 12;
    work.seed = random();
    work.numbers_from = cycle * 1000;
    const Ended ended = run_child(work, random);
    ++cycles[static_cast<std::size_t>(work.trap.point)];
    if (ended.said.starts_with("V")) ++verified;
    if (!ended.said.empty() && !ended.said.starts_with("V")) {
      ++wrong;
      ADD_FAILURE() << "cycle " << cycle << " after a kill " << kPointNames[static_cast<std::size_t>(work.trap.point)]
                    << ": " << ended.said;
      break;
    }
    ASSERT_TRUE(ended.killed) << "cycle " << cycle;
  }
  work.only_verify = true;
  work.trap.point = Point::none;
  const Ended last = run_child(work, random);
  EXPECT_EQ(last.said, "V");
  std::ifstream oracle(work.oracle);
  const auto acknowledged = std::count(std::istreambuf_iterator<char>(oracle), {}, '\n');
  std::printf("F2 seed %llu: %llu cycles, %llu starts verified, %lld acknowledged, %llu lost, doubled or broken\n",
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(verified + 1), static_cast<long long>(acknowledged),
              static_cast<unsigned long long>(wrong));
  for (std::size_t i = 0; i < cycles.size(); ++i) {
    std::printf("  killed %-28s %6llu\n", kPointNames[i], static_cast<unsigned long long>(cycles[i]));
  }
  EXPECT_GT(acknowledged, 0);
}

}  // namespace
}  // namespace jangbu
