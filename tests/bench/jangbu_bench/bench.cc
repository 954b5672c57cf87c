#include "tests/bench/jangbu_bench/bench.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <thread>

#include "ledger/hash.h"
#include "ledger/keys.h"
#include "schemas/invariant.h"

namespace jangbu::bench {
namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return value.dump();
  char buffer[48];
  const double number = value.get<double>();
  std::snprintf(buffer, sizeof buffer, number >= 1000 ? "%.0f" : "%.3f", number);
  return buffer;
}

// SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::string letters(std::string_view alphabet, std::size_t count) {
    std::string text(count, ' ');
    for (char& c : text) c = alphabet[next() % alphabet.size()];
    return text;
  }

 private:
  std::uint64_t state_;
};

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";

std::string event_head(Random& random, std::string_view type, std::int64_t time_ms) {
  std::string id = random.letters(kHex, 32);
  id[12] = '4';
  id[16] = '8';
  for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, "-");
  return R"({"specversion":"1.0","type":"kr.jangbu.)" + std::string(type) + R"(.v1","source":"/hanbit/emr","id":")" +
         id + R"(","time":")" + to_string(Timestamp::from_milliseconds(time_ms)) +
         R"(","institution":"hanbit","datacontenttype":"application/json","data":{)";
}

}  // namespace

Figures::Figures(const Options& options, std::uint64_t entries) : json_(options.json) {
  utsname system{};
  ::uname(&system);
  document_["command"] = options.command;
  document_["machine"] = {{"processor", processor()},
                          {"cores", std::thread::hardware_concurrency()},
                          {"system", std::string(system.sysname) + " " + system.release}};
  document_["versions"] = {{"compiler", __VERSION__},
#ifdef NDEBUG
                           {"build", "optimised"},
#else
                           {"build", "DEBUG: figures mean nothing"},
#endif
                           {"rocksdb", JANGBU_ROCKSDB_VERSION},
                           {"hash", hash_library()},
                           {"signature", signature_library()}};
  document_["seed"] = options.seed;
  document_["entries"] = entries;
  document_["event_bytes"] = kEventBytes;
  document_["figures"] = Json::array();
  if (json_) return;
  std::printf("machine   %s, %u cores, %s\n", processor().c_str(), std::thread::hardware_concurrency(),
              document_["machine"]["system"].get<std::string>().c_str());
  std::string versions;
  for (const auto& [name, value] : document_["versions"].items()) {
    versions += (versions.empty() ? "" : "; ") + name + " " + value.get<std::string>();
  }
  std::printf("versions  %s\nsizes     %llu entries, events of %zu bytes, seed %llu; every write synced\n\n",
              versions.c_str(), static_cast<unsigned long long>(entries), kEventBytes,
              static_cast<unsigned long long>(options.seed));
}

void Figures::add(const std::string& workload, const Json& values) {
  Json row{{"workload", workload}};
  row.update(values);
  document_["figures"].push_back(row);
  if (json_) return;
  std::printf("%s\n", workload.c_str());
  std::string line;
  for (const auto& [name, value] : values.items()) {
    line += (line.empty() ? "  " : ", ") + name + " " + text_of(value);
  }
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void Figures::finish() {
  document_["peak_memory_mib"] = rounded(peak_memory_mib(), 1);
  if (json_) {
    std::printf("%s\n", document_.dump(2).c_str());
  } else {
    std::printf("\npeak memory %.1f MiB, with what the bench itself holds\n", peak_memory_mib());
  }
}

double quantile(std::vector<double>& values, unsigned per_mille) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * per_mille / 1000)];
}

double seconds_since(SteadyClock::time_point start) {
  return std::max(std::chrono::duration<double>(SteadyClock::now() - start).count(), 1e-9);
}

double peak_memory_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double rounded(double value, int decimals) {
  const double scale = std::pow(10, decimals);
  return std::round(value * scale) / scale;
}

void die(const Error& error) {
  std::fprintf(stderr, "jangbu-bench: %s\n", to_string(error).c_str());
  std::exit(1);
}

BenchSpace::Remove::~Remove() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

const Clock& BenchSpace::clock() {
  static const SystemClock clock;
  return clock;
}

BenchSpace::BenchSpace(const Options& options, const std::string& name)
    : patients_(LedgerId::of("hanbit", LedgerKind::patients)),
      shared_(LedgerId::of("hanbit", LedgerKind::shared)),
      coordinator_(LedgerId::of("haneul", LedgerKind::shared)) {
  const std::filesystem::path base = options.folder.empty() ? std::filesystem::temp_directory_path() : options.folder;
  std::string folder = (base / "jangbu-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) die(Error{Code::io, folder, "cannot make a folder"});
  root_ = folder;
  remove_ = std::make_unique<Remove>(Remove{root_});
  directory_ = root_ / "node";
  types_ = value_of(TypeTable::build());
  SpacePlan plan;
  plan.space = name;
  plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "하늘", "Haneul"},
                       {"hanbit", InstitutionKind::hospital, true, {}, "한빛", "Hanbit"}};
  plan.key_seed = "jangbu-bench";
  value_of(create_space(directory_, plan, clock(), *types_));
}

std::unique_ptr<Node> BenchSpace::open(std::size_t commit_records_max) const {
  NodeOptions options;
  options.directory = directory_;
  options.clock = &clock();
  options.commit_records_max = commit_records_max;
  return value_of(Node::open(options, types_));
}

std::string EventMaker::actor(unsigned number) { return "hanbit/u:" + Random(1000 + number).letters(kBase32, 26); }
std::string EventMaker::patient(unsigned number) {
  return "p:" + Random(2000 + std::uint64_t{number}).letters(kBase32, 26);
}

std::string EventMaker::accessed(std::uint64_t number, std::int64_t time_ms) const {
  Random random(seed_ * 0x100000001b3ULL + number);
  std::string event = event_head(random, "record.accessed", time_ms);
  event += R"("actor":{"id":")" + actor(static_cast<unsigned>(random.next() % 2)) +
           R"(","role":"physician"},"action":"read","outcome":0,"system":"emr","patients":[")" +
           patient(static_cast<unsigned>(random.next() % 1000)) + R"("],"purpose":"TREAT","origin":"10.20.)" +
           std::to_string(random.next() % 250) + "." + std::to_string(random.next() % 250) +
           R"(","emergency":false,"country":"KR","original":{"format":"fhir-r4-auditevent",)"
           R"("digest":"sha256:)" +
           random.letters(kHex, 64) + "\"}";
  JANGBU_INVARIANT(event.size() + 2 <= kEventBytes, std::to_string(event.size()));
  // What is missing to the round size is white space, as a pretty printer would leave.
  event.append(kEventBytes - event.size() - 2, ' ');
  return event + "}}";
}

std::string EventMaker::dataset_accessed(std::uint64_t number, std::int64_t time_ms) const {
  Random random(seed_ * 0x100000001b3ULL + number);
  std::string event = event_head(random, "dataset.accessed", time_ms);
  return event + R"("actor":{"id":")" + actor(static_cast<unsigned>(random.next() % 200)) +
         R"(","role":"researcher"},"action":"read","outcome":0,"dataset":"hanbit/d-2026-)" +
         std::to_string(random.next() % 300) + R"(","manifest":"sha256:)" + random.letters(kHex, 64) +
         R"(","object":"dataset","project":"haneul/pj-)" + std::to_string(random.next() % 40) +
         R"(","permit":"haneul/pm-)" + std::to_string(random.next() % 40) +
         R"(","purpose":"HRESCH","system":"workbench","origin":"ws-14.bioai","reason":"training","country":"KR"}})";
}

}  // namespace jangbu::bench
