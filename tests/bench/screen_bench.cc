// What the screen costs an event, on one core, beside simdjson's bare parse of the same bytes in the same run: a record
// of patient access of 600 bytes, and every good example of the contract in turn. --tiny: a thousandth, to see that it
// runs.
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "schemas/bounds.h"
#include "schemas/corpus.h"
#include "schemas/invariant.h"
#include "schemas/strict_json.h"

namespace jangbu {
namespace {

// About 600 bytes: what hospitals send most.
constexpr std::string_view kAccess =
    R"({"specversion":"1.0","type":"kr.jangbu.record.accessed.v1","source":"/hanbit/emr",)"
    R"("id":"5e752925-5f7b-4771-b6a1-6241303ade72","time":"2026-03-02T09:15:00.250+09:00","institution":"hanbit",)"
    R"("sequence":"4711","datacontenttype":"application/json",)"
    R"("data":{"actor":{"id":"hanbit/u:547iprewoyteeszco4dlhopdl4","role":"physician"},"action":"read","outcome":0,)"
    R"("system":"emr","patients":["p:6zcvd7gw6b4chs4hs4opxekemq"],"purpose":"TREAT","origin":"10.20.3.44",)"
    R"("categories":["ehds-51-a"],"original":{"format":"fhir-r4-auditevent",)"
    R"("digest":"sha256:f9a00f43e97e3966bb846e76b6795e11512c3bbfa787e6b70e0313bb6dfd86ab"}}})";

struct Record {
  std::string bytes;
  std::string ledger;
};

template <typename Work>
double measure(const char* what, const std::vector<Record>& records, std::uint64_t rounds, double baseline,
               Work&& work) {
  std::size_t bytes = 0;
  // The thread's own time: other work on the machine does not count.
  const std::clock_t start = std::clock();
  std::uint64_t passed = 0;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    for (const Record& record : records) passed += work(record) ? 1U : 0U;
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  for (const Record& record : records) bytes += record.bytes.size();
  const std::uint64_t count = rounds * records.size();
  JANGBU_INVARIANT(passed == count, std::to_string(passed));
  const double rate = static_cast<double>(count) / std::max(seconds, 1e-9);
  std::printf("  %-38s %10.0f events/s %8.0f ns/event %7.1f MB/s", what, rate, 1e9 / rate,
              rate * static_cast<double>(bytes) / static_cast<double>(records.size()) / 1e6);
  if (baseline > 0) std::printf("  %5.2f x bare parse", baseline / rate);
  std::printf("\n");
  return rate;
}

void run(const char* name, const std::vector<Record>& records, std::uint64_t rounds,
         const std::shared_ptr<const TypeTable>& types) {
  std::size_t bytes = 0;
  for (const Record& record : records) bytes += record.bytes.size();
  std::printf("%s: %zu records, %zu bytes on average\n", name, records.size(), bytes / records.size());

  simdjson::dom::parser parser;
  std::vector<char> padded(kEntryBytesMax + simdjson::SIMDJSON_PADDING, ' ');
  const double bare = measure("simdjson's bare parse", records, rounds, 0, [&](const Record& record) {
    std::memcpy(padded.data(), record.bytes.data(), record.bytes.size());
    return parser.parse(padded.data(), record.bytes.size(), false).error() == simdjson::SUCCESS;
  });
  StrictJson strict;
  measure("strict JSON", records, rounds, bare,
          [&](const Record& record) { return strict.parse(record.bytes).has_value(); });
  Screen screen(types);
  measure("the whole screen", records, rounds, bare,
          [&](const Record& record) { return screen.judge(record.bytes, screen_target(record.ledger), 144).passed(); });
  measure("route, as intake asks first", records, rounds, bare,
          [&](const Record& record) { return screen.route(record.bytes).has_value(); });
  EventReader reader(types);
  measure("reading an accepted event again", records, rounds, bare,
          [&](const Record& record) { return reader.read(record.bytes).has_value(); });
}

int main_of(bool tiny) {
  const Result<std::shared_ptr<const TypeTable>> types = TypeTable::build();
  if (!types) {
    std::fprintf(stderr, "%s\n", to_string(types.error()).c_str());
    return 1;
  }
  std::printf("%u cores, one thread, processor time, simdjson %s (%s), screen version %d, compiler %s%s\n",
              std::thread::hardware_concurrency(), SIMDJSON_STRINGIFY(SIMDJSON_VERSION),
              simdjson::get_active_implementation()->name().c_str(), kScreenVersion, __VERSION__,
#ifdef NDEBUG
              ""
#else
              ", DEBUG (figures mean nothing)"
#endif
  );
  run("record.accessed", {{std::string(kAccess), "hanbit.patients"}}, tiny ? 1'000 : 1'000'000, *types);
  std::vector<Record> examples;
  for (const CorpusRecord& record : verdict_corpus(**types)) {
    if (record.expected.empty()) examples.push_back({record.record, record.ledger});
  }
  if (!examples.empty()) run("the contract's good examples", examples, tiny ? 5 : 5'000, *types);
  return 0;
}

}  // namespace
}  // namespace jangbu

int main(int argc, char** argv) { return jangbu::main_of(argc > 1 && std::string_view(argv[1]) == "--tiny"); }
