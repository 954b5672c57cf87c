// How fast a whole ledger is verified: `jangbu verify` without reading from disk. Unsigned events of 600 bytes, by one
// thread and by all cores; signed ones apart, since Ed25519 is nearly all of their cost; beside leaf hashing alone in
// the same run.
// --tiny: a hundredth, to see that it runs.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ledger/verifier.h"
#include "schemas/invariant.h"
#include "tests/support/built_ledger.h"

namespace jangbu {
namespace {

using testing::BuiltLedger;

constexpr std::size_t kBatch = 8192;
constexpr std::size_t kEventBytes = 600;

// A hospital's most frequent event of its shared ledger, filled up to 600 bytes.
std::string event_of(BuiltLedger& ledger) {
  std::string data = R"({"actor":{"id":"hanbit/u:p6gkh24landvneykio5ykavat4","role":"researcher"},"action":"read",)"
                     R"("outcome":0,"dataset":"hanbit/cohort-2026","object":"dataset","project":"haneul/project-17",)"
                     R"("permit":"haneul/permit-17","purpose":"HRESCH","system":"warehouse","count":128,"manifest":)";
  data += "\"sha256:" + std::string(64, 'a') + "\"}";
  std::string event = ledger.event("dataset.accessed", data, false);
  JANGBU_INVARIANT(event.size() <= kEventBytes, std::to_string(event.size()));
  event.insert(event.find(R"("action")"), kEventBytes - event.size(), ' ');
  return event;
}

double rate(std::uint64_t count, std::chrono::steady_clock::time_point start) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return static_cast<double>(count) / std::max(seconds, 1e-9);
}

double measure(const char* what, const BuiltLedger& ledger, const std::shared_ptr<const TypeTable>& types,
               std::size_t threads, bool screen_again) {
  VerifierOptions options;
  options.log_key = ledger.log.verifier();
  options.screen_again = screen_again;
  options.slices = threads;
  options.run_tasks = [](std::size_t count, const std::function<void(std::size_t)>& task) {
    std::vector<std::thread> others;
    for (std::size_t at = 1; at < count; ++at) others.emplace_back(task, at);
    task(0);
    for (std::thread& other : others) other.join();
  };
  const auto entries = ledger.views();
  const auto start = std::chrono::steady_clock::now();
  LedgerVerifier verifier(types, std::move(options));
  verifier.expect_checkpoint(
      "last",
      sign_checkpoint({ledger.origin(), ledger.frontier.size(), ledger.frontier.root(), {}}, ledger.log).value());
  for (std::size_t at = 0; at < entries.size(); at += kBatch) {
    verifier.add(std::span(entries).subspan(at, std::min(kBatch, entries.size() - at)));
  }
  const auto report = verifier.finish();
  const double result = rate(entries.size(), start);
  if (!report.holds()) std::fprintf(stderr, "%s\n", to_string(report.findings.front().error).c_str());
  JANGBU_INVARIANT(report.holds() && report.checkpoints == 1, "a good ledger refused");
  std::printf("%-32s %zu threads %12.0f entries/s  (%zu entries, root %s)\n", what, threads, result, entries.size(),
              to_hex(report.root.view()).substr(0, 8).c_str());
  return result;
}

int run(std::uint64_t count) {
  const auto types = TypeTable::build().value();
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::printf("%u cores; %s; %s; %s; events of %zu bytes, batches of %zu\n", cores,
#ifdef NDEBUG
              "optimised",
#else
              "DEBUG (figures mean nothing)",
#endif
              hash_library().c_str(), signature_library().c_str(), kEventBytes, kBatch);
  BuiltLedger ledger;
  ledger.checkpoint_each = false;
  ledger.append_genesis();
  const SigningKey emitter = testing::fixed_key("hanbit/his", 'e');
  ledger.append_key(emitter, "emitter");
  for (std::uint64_t at = 0; at < count; ++at) ledger.append(EntryKind::event, event_of(ledger));
  const auto start = std::chrono::steady_clock::now();
  Frontier frontier;
  for (const std::string& entry : ledger.entries) frontier.append(leaf_hash(entry));
  const double baseline = rate(ledger.entries.size(), start);
  JANGBU_INVARIANT(frontier.root() == ledger.frontier.root(), "another root");
  std::printf("%-32s 1 threads %12.0f entries/s\n", "hashing alone (baseline)", baseline);
  measure("unsigned", ledger, types, 1, false);
  const double all = measure("unsigned", ledger, types, cores, false);
  std::printf("%-32s           %12.2f x hashing alone on one\n", "", all / baseline);
  measure("unsigned, screened again", ledger, types, cores, true);

  BuiltLedger signed_ledger;
  signed_ledger.checkpoint_each = false;
  signed_ledger.append_genesis();
  signed_ledger.append_key(emitter, "emitter");
  for (std::uint64_t at = 0; at < count / 10; ++at) {
    signed_ledger.append(EntryKind::event, event_of(signed_ledger), &emitter);
  }
  measure("signed", signed_ledger, types, cores, false);
  return 0;
}

}  // namespace
}  // namespace jangbu

int main(int count, char** arguments) {
  const bool tiny = count == 2 && std::string_view(arguments[1]) == "--tiny";
  if (count > 1 && !tiny) {
    std::fprintf(stderr, "usage: verifier_bench [--tiny]\n");
    return 2;
  }
  return jangbu::run(tiny ? 3'000 : 300'000);
}
