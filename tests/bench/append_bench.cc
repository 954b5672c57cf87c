// How many events a second the ledger takes, everything synced, beside RocksDB's own synced batch write of the same
// bytes in the same run; and what an event occupies on disk. In a fresh folder under TMPDIR. --tiny: to see that it
// runs.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "ledger/database.h"
#include "ledger/node.h"
#include "ledger/space.h"
#include "schemas/invariant.h"
#include "tests/support/temporary_folder.h"

namespace jangbu {
namespace {

// The i-th event: a patient's record read, 600 bytes, with an id, a patient, an actor and a digest that do not
// compress.
std::string event(std::uint64_t number) {
  const Hash noise = sha256("append_bench" + std::to_string(number));
  const std::string hex = to_hex(noise.view());
  const std::string actor = to_base32(sha256("actor" + std::to_string(number % 500)).view().substr(0, 16));
  const std::string patient = to_base32(sha256("patient" + std::to_string(number % 20'000)).view().substr(0, 16));
  char time[64];
  std::snprintf(time, sizeof time, "2026-03-%02dT%02d:%02d:%02d.%03dZ", static_cast<int>(2 + number / 86'400'000 % 28),
                static_cast<int>(number / 3'600'000 % 24), static_cast<int>(number / 60'000 % 60),
                static_cast<int>(number / 1000 % 60), static_cast<int>(number % 1000));
  const std::string id = hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(12, 3) + "-8" +
                         hex.substr(15, 3) + "-" + hex.substr(18, 12);
  return R"({"specversion":"1.0","type":"kr.jangbu.record.accessed.v1","source":"/hanbit/emr","id":")" + id +
         R"(","time":")" + time + R"(","institution":"hanbit","sequence":")" + std::to_string(number) +
         R"(","datacontenttype":"application/json","data":{"actor":{"id":"hanbit/u:)" + actor +
         R"(","role":"physician"},"action":"read","outcome":0,"system":"emr","patients":["p:)" + patient +
         R"("],"purpose":"TREAT","origin":"10.20.3.44","categories":["ehds-51-a"],)" +
         R"("original":{"format":"fhir-r4-auditevent","digest":"sha256:)" + hex + R"("}}})";
}

double seconds_since(std::chrono::steady_clock::time_point from) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

// The writing thread's own time: what a machine that is busy with other things does not blur.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Figures {
  double per_second, p50_us, p99_us, cpu_us;
};

Figures figures(std::vector<double>& micros, std::uint64_t events, double seconds, double cpu_seconds) {
  std::sort(micros.begin(), micros.end());
  const auto count = static_cast<double>(events);
  return {count / seconds, micros[micros.size() / 2], micros[micros.size() * 99 / 100], cpu_seconds * 1e6 / count};
}

void print(const char* what, std::size_t batch, const Figures& figures, double baseline) {
  std::printf(
      "  %-22s commits of %5zu %10.0f events/s   commit p50 %8.0f us p99 %8.0f us   %6.2f us of the writer's core",
      what, batch, figures.per_second, figures.p50_us, figures.p99_us, figures.cpu_us);
  if (baseline > 0) std::printf("   %4.2f of RocksDB's", figures.per_second / baseline);
  std::printf("\n");
}

Figures bare(const std::filesystem::path& folder, const std::vector<std::string>& events, std::size_t batch_records) {
  DatabaseOptions options;
  options.directory = folder;
  options.create = true;
  options.families = {{.name = "events"}};
  const auto database = Database::open(options).value();
  std::vector<double> micros;
  const auto start = std::chrono::steady_clock::now();
  const double cpu = thread_seconds();
  for (std::size_t at = 0; at < events.size(); at += batch_records) {
    const auto before = std::chrono::steady_clock::now();
    Batch batch;
    for (std::size_t i = at; i < std::min(events.size(), at + batch_records); ++i) {
      char key[24];
      std::snprintf(key, sizeof key, "%011zu", i);
      batch.put(0, key, events[i]);
    }
    JANGBU_INVARIANT(database->write(batch, true), "bare write");
    micros.push_back(seconds_since(before) * 1e6);
  }
  return figures(micros, events.size(), seconds_since(start), thread_seconds() - cpu);
}

Figures ledgered(Node& node, const std::vector<std::string>& events, std::size_t batch_records) {
  const LedgerId ledger = LedgerId::parse("hanbit.patients").value();
  std::vector<double> micros;
  std::size_t placed = 0;
  const auto start = std::chrono::steady_clock::now();
  const double cpu = thread_seconds();
  for (std::size_t at = 0; at < events.size(); at += batch_records) {
    const std::size_t end = std::min(events.size(), at + batch_records);
    for (std::size_t i = at; i < end; ++i) {
      const auto queued =
          node.submit(Submission{ledger, events[i], std::nullopt, true}, [&placed](const Result<Placement>& placement) {
            placed += placement && placement->kind == Placement::Kind::appended ? 1U : 0U;
          });
      JANGBU_INVARIANT(queued, "submit");
    }
    const auto before = std::chrono::steady_clock::now();
    JANGBU_INVARIANT(node.commit_pending(), "commit");
    micros.push_back(seconds_since(before) * 1e6);
  }
  const double seconds = seconds_since(start);
  JANGBU_INVARIANT(placed == events.size(), std::to_string(placed));
  return figures(micros, events.size(), seconds, thread_seconds() - cpu);
}

int run(bool tiny) {
  const testing::TemporaryFolder folder;
  const SystemClock clock;
  const std::shared_ptr<const TypeTable> types = TypeTable::build().value();
  SpacePlan plan;
  plan.space = "bench";
  plan.key_seed = "bench";
  plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "", ""},
                       {"hanbit", InstitutionKind::hospital, false, {}, "", ""}};
  JANGBU_INVARIANT(create_space(folder / "node", plan, clock, *types), "create_space");
  NodeOptions options;
  options.directory = folder / "node";
  options.clock = &clock;
  options.ballast_bytes = 0;

  std::uint64_t number = 0;
  const auto make = [&](std::size_t count) {
    std::vector<std::string> events;
    for (std::size_t i = 0; i < count; ++i) events.push_back(event(number++));
    return events;
  };
  std::printf("append: %zu-byte events, every commit synced (database, tip), %u cores, in %s\n", event(0).size(),
              std::thread::hardware_concurrency(), folder.path().c_str());
  {
    const auto node = Node::open(options, types).value();
    const struct {
      std::size_t batch, events;
    } rows[] = {{1, tiny ? 50U : 5'000U},
                {64, tiny ? 640U : 50'000U},
                {1024, tiny ? 2'048U : 200'000U},
                {4096, tiny ? 4'096U : 200'000U}};
    for (const auto& row : rows) {
      const std::vector<std::string> events = make(row.events);
      const Figures baseline = bare(folder / ("bare" + std::to_string(row.batch)), events, row.batch);
      print("RocksDB, events alone", row.batch, baseline, 0);
      print("ledger", row.batch, ledgered(*node, events, row.batch), baseline.per_second);
      std::filesystem::remove_all(folder / ("bare" + std::to_string(row.batch)));
    }
    std::printf("  on disk: %.0f bytes an event after the run",
                static_cast<double>(node->disk_bytes()) / static_cast<double>(number));
    JANGBU_INVARIANT(node->compact(), "compact");
    std::printf(", %.0f compacted\n", static_cast<double>(node->disk_bytes()) / static_cast<double>(number));
    const LedgerId ledger = LedgerId::parse("hanbit.patients").value();
    std::printf("  %llu entries, root %s\n", static_cast<unsigned long long>(node->view(ledger)->size().value()),
                to_hex(node->view(ledger)->root().view()).substr(0, 16).c_str());
    const auto before = std::chrono::steady_clock::now();
    JANGBU_INVARIANT(audit(*node->view(ledger)), "audit");
    std::printf("  audit of all of it: %.2f s\n", seconds_since(before));
  }
  const auto before = std::chrono::steady_clock::now();
  JANGBU_INVARIANT(Node::open(options, types), "reopen");
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("  start: %.2f s; peak memory %ld MiB\n", seconds_since(before), usage.ru_maxrss / 1024);
  return 0;
}

}  // namespace
}  // namespace jangbu

int main(int argc, char** argv) { return jangbu::run(argc > 1 && std::strcmp(argv[1], "--tiny") == 0); }
