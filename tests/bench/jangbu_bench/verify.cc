// Verification of a whole ledger as `jangbu verify` does it, without reading from disk: unsigned entries and, apart,
// signed ones, whose cost is nearly all Ed25519. Beside it: hashing the same leaves into a tree, on one core.
#include <thread>

#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/key_file.h"
#include "ledger/tree.h"
#include "ledger/verifier.h"
#include "tests/bench/jangbu_bench/bench.h"

namespace jangbu::bench {
namespace {

constexpr std::size_t kBatch = 8192;

struct Measured {
  double verified = 0, hashed = 0;  // entries a second
};

// The ledger goes on behind what create_space() has written, a batch at a time, so that no size needs much memory; only
// the verifier's own time is counted.
Measured measure(const Options& options, const BenchSpace& space, std::uint64_t count, bool signed_entries,
                 bool screen_again) {
  const auto node = space.open(1);
  const LedgerView view = value_of(node->view(space.patients()));
  const AskPassphrase nobody = [](const std::filesystem::path&) { return std::optional<std::string>(); };
  const SigningKey log = value_of(read_signing_key(key_path(space.directory(), space.patients(), KeyUse::log), nobody));
  const SigningKey emitter =
      value_of(read_signing_key(key_path(space.directory(), space.patients(), KeyUse::emitter), nobody));

  VerifierOptions verifier_options;
  verifier_options.origin = view.info().origin;
  verifier_options.log_key = view.info().log_key;
  verifier_options.genesis_leaf = view.info().genesis_leaf;
  verifier_options.screen_again = screen_again;
  verifier_options.slices = std::max(1U, std::thread::hardware_concurrency());
  verifier_options.run_tasks = [](std::size_t tasks, const std::function<void(std::size_t)>& task) {
    std::vector<std::thread> others;
    for (std::size_t at = 1; at < tasks; ++at) others.emplace_back(task, at);
    task(0);
    for (std::thread& other : others) other.join();
  };
  LedgerVerifier verifier(space.types(), verifier_options);
  const EventMaker maker(options.seed);
  Frontier frontier, again;
  Hash previous;
  std::vector<std::string> batch;
  std::vector<std::string_view> views;
  double seconds = 0, hash_seconds = 0;
  const auto flush = [&] {
    views.assign(batch.begin(), batch.end());
    auto start = SteadyClock::now();
    verifier.add(views);
    seconds += seconds_since(start);
    start = SteadyClock::now();
    for (const std::string_view entry : views) again.append(leaf_hash(entry));
    hash_seconds += seconds_since(start);
    batch.clear();
  };
  const auto put = [&](std::string bytes) {
    previous = leaf_hash(bytes);
    frontier.append(previous);
    batch.push_back(std::move(bytes));
  };
  for (StoredEntry& stored : value_of(view.read(SequenceNumber(0), 1000, std::size_t{64} << 20))) {
    put(std::move(stored.bytes));
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string event = maker.accessed(i, kYearStartMs + static_cast<std::int64_t>(i) * 1000);
    Entry entry;
    entry.kind = EntryKind::event;
    entry.sequence = next_of(frontier.size());
    entry.received_ms = kYearStartMs;
    entry.offset = Offset(entry.sequence.value());
    entry.previous = previous;
    entry.body = event;
    if (signed_entries) {
      entry.author = Author{emitter.verifier().author_key_id(), emitter.sign(event_message(view.info().origin, event))};
    }
    std::string bytes;
    encode(entry, bytes);
    put(std::move(bytes));
    if (batch.size() == kBatch) flush();
  }
  verifier.expect_checkpoint(
      "last", value_of(sign_checkpoint({view.info().origin, frontier.size(), frontier.root(), {}}, log)));
  flush();
  const VerifierReport report = verifier.finish();
  if (!report.holds()) die(report.findings.front().error);
  if (again.root() != report.root) die(Error{Code::verification_failed, "verify", "two roots"});
  const double entries = static_cast<double>(report.size.value());
  return Measured{entries / seconds, entries / hash_seconds};
}

}  // namespace

int verify(const Options& options) {
  const std::uint64_t total = options.entries != 0 ? options.entries : options.tiny ? 2'000 : 1'000'000;
  Figures figures(options, total);
  const BenchSpace space(options);
  const auto add = [&](const char* name, std::uint64_t count, bool signed_entries, bool screen_again) {
    const Measured measured = measure(options, space, count, signed_entries, screen_again);
    figures.add(name, Json{{"entries_per_second", rounded(measured.verified, 1)},
                           {"entries", count},
                           {"hashing_alone_one_core", rounded(measured.hashed, 1)},
                           {"ratio", rounded(measured.verified / measured.hashed, 3)}});
  };
  add("unsigned entries", total, false, false);
  add("unsigned entries, each judged by the screen again", total / 2, false, true);
  add("signed entries", std::max<std::uint64_t>(total / 20, 1), true, false);
  figures.finish();
  return 0;
}

}  // namespace jangbu::bench
