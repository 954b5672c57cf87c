// jangbu-bench: what the whole thing costs, one workload a command.
//
//   jangbu-bench append|http|verify|search|report|rebuild [--entries N] [--seed N] [--folder DIR] [--json] [--tiny]
//   jangbu-bench kafka --kafka BROKERS|FILE ...
//
// Everything that is written is synced. --tiny is for seeing that it runs; nothing is asserted about times.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/bench/jangbu_bench/bench.h"

namespace {

struct Command {
  std::string_view name;
  int (*run)(const jangbu::bench::Options&);
};
constexpr Command kCommands[] = {{"append", jangbu::bench::append},  {"http", jangbu::bench::http},
                                 {"verify", jangbu::bench::verify},  {"search", jangbu::bench::search},
                                 {"report", jangbu::bench::report},  {"kafka", jangbu::bench::kafka},
                                 {"rebuild", jangbu::bench::rebuild}};

int usage() {
  std::fprintf(
      stderr,
      "usage: jangbu-bench append|http|verify|search|report|rebuild [--entries N] [--seed N] [--folder DIR] [--json] "
      "[--tiny]\n       jangbu-bench kafka --kafka BROKERS|FILE ...\n");
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return usage();
  jangbu::bench::Options options;
  options.command = arguments[1];
  for (int i = 2; i < count; ++i) {
    const std::string_view option = arguments[i];
    if (option == "--json") {
      options.json = true;
    } else if (option == "--tiny") {
      options.tiny = true;
    } else if (i + 1 < count &&
               (option == "--entries" || option == "--seed" || option == "--folder" || option == "--kafka")) {
      const char* value = arguments[++i];
      if (option == "--kafka") options.kafka = value;
      if (option == "--folder") options.folder = value;
      if (option == "--entries") options.entries = std::strtoull(value, nullptr, 10);
      if (option == "--seed") options.seed = std::strtoull(value, nullptr, 10);
    } else {
      return usage();
    }
  }
  for (const Command& command : kCommands) {
    if (command.name == options.command) return command.run(options);
  }
  return usage();
}
