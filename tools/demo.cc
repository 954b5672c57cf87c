// `jangbu demo`: a pilot's year on a node of its own: sends it, lets the checks run, prints what came of it, goes on
// serving.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "tools/command.h"
#include "tools/demo_page.h"
#include "tools/demo_run.h"
#include "tools/listen_address.h"

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  DemoRunOptions run;
  std::string listen = "127.0.0.1:0";
  std::string directory, kafka;
  bool once = false;
};

Result<Exit> demo(Environment& environment, Options& options) {
  auto address = parse_listen_address(options.listen);
  if (!address) return tl::unexpected(address.error());
  options.run.address = address->host;
  options.run.port = address->port;
  if (!options.kafka.empty()) {
    auto settings = parse_kafka_settings(options.kafka);
    if (!settings) return tl::unexpected(settings.error());
    options.run.kafka = std::move(*settings);
  }
  const bool temporary = options.directory.empty();
  if (temporary) {
    std::string made = (fs::temp_directory_path() / "jangbu-demo-XXXXXX").string();
    if (mkdtemp(made.data()) == nullptr) return fail(Code::io, made, "cannot make a folder");
    options.directory = made;
  }
  options.run.directory = fs::path(options.directory) / "node";

  auto run = DemoRun::start(environment, options.run);
  if (!run) return tl::unexpected(run.error());
  if (auto sent = (*run)->send_year(); !sent) return tl::unexpected(sent.error());
  const auto outcome = (*run)->outcome();
  if (!outcome) return tl::unexpected(outcome.error());
  write_demo_page(environment.out, *outcome, options.once && temporary);
  environment.out << std::flush;

  Result<void> ended;
  if (!options.once) {
    environment.out << "serving until Ctrl-C\n" << std::flush;
    ended = (*run)->serve(environment.stop);
  }
  auto stopped = (*run)->stop();
  if (options.once && temporary) {
    std::error_code ignored;  // a folder in /tmp that could not be removed is no reason to fail
    fs::remove_all(options.directory, ignored);
  }
  if (!ended) return tl::unexpected(ended.error());
  if (!stopped) return tl::unexpected(stopped.error());
  return outcome->as_planted() ? Exit::ok : Exit::found;
}

}  // namespace

void add_demo(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command =
      app.add_subcommand("demo", "a pilot's year on a node of its own: planted faults beside found ones");
  auto options = std::make_shared<Options>();
  command->add_option("--events", options->run.year.events, "about how many events, besides ticks and conclusions")
      ->check(CLI::Range(std::uint64_t{1'000}, std::uint64_t{20'000'000}))
      ->capture_default_str();
  command->add_option("--seed", options->run.year.seed, "another seed is another year")->capture_default_str();
  command->add_option("--dir", options->directory, "a new folder for it, kept; without: one in the temporary folder");
  command->add_option("--listen", options->listen, "address:port on loopback; port 0 takes a free one")
      ->capture_default_str();
  command->add_option("--kafka", options->kafka,
                      "run it on Kafka: brokers as host:port,..., or a file of \"name = value\" client settings; the "
                      "topics medspace.events.v1.* are made there, and must not be there yet");
  command->add_flag("--once", options->once, "end after the page (a temporary folder is removed)");
  command->callback([&environment, &exit, options] {
    auto done = demo(environment, *options);
    exit = done ? *done : complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
