// What the workloads of jangbu-bench share: options, the machine in words, figures printed as lines or as one JSON
// document, quantiles, and a space in a temporary folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/clock.h"
#include "ledger/node.h"
#include "ledger/space.h"
#include "schemas/error.h"
#include "tests/support/temporary_folder.h"

namespace jangbu::bench {

using Json = nlohmann::ordered_json;
using SteadyClock = std::chrono::steady_clock;

inline constexpr std::size_t kEventBytes = 600;

struct Options {
  std::string command;
  bool json = false;
  bool tiny = false;
  std::uint64_t entries = 0;  // 0: the workload's own
  std::uint64_t seed = 1;
  std::filesystem::path folder;  // where databases are made; empty: the temporary folder
  std::string kafka;             // brokers, or a file of settings; `kafka` alone asks for it
};

// Collects figures and prints them: a line each at once, or all as JSON at the end.
class Figures {
 public:
  Figures(const Options& options, std::uint64_t entries);
  // A workload's figures: {"rate": 12345.6, "p99_ms": 1.2, ...}, in the order given.
  void add(const std::string& workload, const Json& values);
  void finish();

 private:
  bool json_;
  Json document_;
};

// Sorted in place; `per_mille` of 990 is the 99th percentile. 0 where there are none.
[[nodiscard]] double quantile(std::vector<double>& values, unsigned per_mille);
[[nodiscard]] double seconds_since(SteadyClock::time_point start);
// Peak resident memory of this process, in MiB.
[[nodiscard]] double peak_memory_mib();
[[nodiscard]] double rounded(double value, int decimals);

// Ends the program with status 1: a bench that cannot do its work has no figures.
[[noreturn]] void die(const Error& error);
template <typename T>
T value_of(Result<T>&& result) {
  if (!result) die(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A coordinating body and one hospital; keys from a fixed seed. Gone with this object.
class BenchSpace {
 public:
  explicit BenchSpace(const Options& options, const std::string& name = "medspace");
  [[nodiscard]] std::unique_ptr<Node> open(std::size_t commit_records_max) const;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] const std::shared_ptr<const TypeTable>& types() const { return types_; }
  [[nodiscard]] const LedgerId& patients() const { return patients_; }
  [[nodiscard]] const LedgerId& shared() const { return shared_; }
  [[nodiscard]] const LedgerId& coordinator() const { return coordinator_; }
  [[nodiscard]] static const Clock& clock();

 private:
  std::filesystem::path root_;
  struct Remove {
    std::filesystem::path path;
    ~Remove();
  };
  std::unique_ptr<Remove> remove_;
  std::filesystem::path directory_;
  std::shared_ptr<const TypeTable> types_;
  LedgerId patients_, shared_, coordinator_;
};

// Real record.accessed events of exactly kEventBytes, each another: a function of seed and number.
class EventMaker {
 public:
  explicit EventMaker(std::uint64_t seed) : seed_(seed) {}
  // `time_ms`: the event's own time. Actors are two, "dense" ones, patients a thousand.
  [[nodiscard]] std::string accessed(std::uint64_t number, std::int64_t time_ms) const;
  // dataset.accessed, for the shared ledger; of about that size.
  [[nodiscard]] std::string dataset_accessed(std::uint64_t number, std::int64_t time_ms) const;
  [[nodiscard]] static std::string actor(unsigned number);
  [[nodiscard]] static std::string patient(unsigned number);

 private:
  std::uint64_t seed_;
};
inline constexpr std::int64_t kYearStartMs = 1'767'193'200'000;  // 2026-01-01 in Seoul
inline constexpr std::int64_t kYearMs = std::int64_t{365} * 86'400'000;

int append(const Options& options);
int http(const Options& options);
int verify(const Options& options);
int search(const Options& options);
int report(const Options& options);
int kafka(const Options& options);
int rebuild(const Options& options);

}  // namespace jangbu::bench
