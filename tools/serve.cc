// `jangbu serve`: all roles of a node in one process: intake, ledgers, checks, projections and the API; and `jangbu
// consume`: checks and projections as a service of their own, over a replica that it builds and verifies itself.
#include <CLI/CLI.hpp>

#include "tools/command.h"
#include "tools/listen_address.h"
#include "tools/passphrase.h"
#include "tools/running_node.h"

namespace jangbu::tools {
namespace {

struct Options {
  std::string directory, passphrase_file;
  std::string listen = "127.0.0.1:8080";
  bool intake = true;
  bool without_checks = false;
  std::string peer;
  std::vector<std::string> ledgers;
  bool read_only = false;
  std::string kafka;
  std::optional<std::size_t> commit_records;
};

// The node refuses to write, and can still be read: so it answers questions until somebody walks the way out.
bool refuses_to_write(const Error& error) {
  return error.code == Code::tip_rollback || error.code == Code::tip_fork || error.code == Code::tip_corrupt ||
         error.code == Code::store_corrupt;
}

Result<void> serve(Environment& environment, const Options& options) {
  auto address = parse_listen_address(options.listen);
  if (!address) return tl::unexpected(address.error());
  auto ask = passphrase_source(environment, options.passphrase_file);
  if (!ask) return tl::unexpected(ask.error());
  RunningNodeOptions running_options;
  running_options.directory = options.directory;
  running_options.address = address->host;
  running_options.port = address->port;
  running_options.clock = &environment.clock;
  running_options.ask_passphrase = std::move(*ask);
  running_options.read_only = options.read_only;
  running_options.recover = true;
  running_options.intake = options.intake;
  running_options.checks = !options.without_checks;
  running_options.peer = options.peer;
  running_options.commit_records_max = options.commit_records;
  if (!options.kafka.empty()) {
    auto settings = parse_kafka_settings(options.kafka);
    if (!settings) return tl::unexpected(settings.error());
    running_options.kafka = std::move(*settings);
    for (const std::string& name : options.ledgers) {
      auto ledger = LedgerId::parse(name);
      if (!ledger) return fail(Code::bad_usage, "--ledger", name + " is no ledger's id");
      running_options.kafka_ledgers.push_back(std::move(*ledger));
    }
  }
  running_options.say = [&environment](std::string_view line) { environment.err << line << '\n' << std::flush; };
  auto running = RunningNode::open(running_options);
  if (!running && !options.read_only && refuses_to_write(running.error())) {
    const Error refused = running.error();
    running_options.read_only = true;
    running = RunningNode::open(running_options);
    if (!running) return tl::unexpected(refused);  // it cannot be read either
  }
  if (!running) return tl::unexpected(running.error());
  for (const std::string& note : (*running)->start_notes()) environment.err << note << '\n';
  environment.out << (options.intake ? "serving " : "consuming ") << (*running)->node().space() << " at "
                  << (*running)->url() << '\n'
                  << "open, without authentication: whoever can connect may read"
                  << (options.intake ? " and write" : "") << "; so it listens on loopback only\n"
                  << std::flush;
  if (const auto why = (*running)->node().not_writing()) {
    environment.err << "read-only: " << to_string(*why) << '\n';
  }
  auto ended = (*running)->wait(environment.stop);
  auto stopped = (*running)->stop();
  return ended ? stopped : ended;
}

// A node that follows ledgers runs on what their signers and the topics give.
void add_following(CLI::App& command, Options& options) {
  command.add_option("directory", options.directory, "the node's directory")->required();
  command.add_option("--listen", options.listen, "address:port on loopback; port 0 takes a free one")
      ->capture_default_str();
  command.add_option("--passphrase-file", options.passphrase_file, "the first line of this file opens the key files");
  command.add_option("--peer", options.peer,
                     "URL of a node from which the checkpoints of ledgers that this one follows are taken over; "
                     "without it they come with the ticks, once an hour");
  command
      .add_option("--ledger", options.ledgers,
                  "with --kafka: read this ledger's topic, and none but those named; may be given again. Without it: "
                  "all, and topics of ledgers that come later")
      ->expected(1)
      ->take_all();
  command
      .add_option("--commit-records", options.commit_records,
                  "write at most so many records in one commit; fewer: shorter waits, less throughput")
      ->check(CLI::Range(std::size_t{1}, std::size_t{65'536}));
}

constexpr const char* kKafkaHelp =
    "let the ledgers' topics order the records: brokers as host:port,..., or a file of \"name = value\" client "
    "settings";

}  // namespace

void add_serve(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("serve", "serve a node's directory over HTTP, with checks and projections");
  auto options = std::make_shared<Options>();
  add_following(*command, *options);
  command->add_flag("--read-only", options->read_only, "answer reads only; sign and accept nothing");
  command->add_flag("--without-checks", options->without_checks,
                    "neither tick nor conclude: services of their own do (jangbu consume)");
  command->add_option("--kafka", options->kafka, kKafkaHelp);
  command->callback([&environment, &exit, options] {
    if (auto done = serve(environment, *options); !done) exit = complain(environment, done.error());
  });
}

void add_consume(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand(
      "consume", "run checks and projections as a service of its own over a replica; conclusions go to Kafka");
  auto options = std::make_shared<Options>();
  options->intake = false;
  options->listen = "127.0.0.1:8081";
  add_following(*command, *options);
  command->add_option("--kafka", options->kafka, kKafkaHelp)->required();
  command->callback([&environment, &exit, options] {
    if (auto done = serve(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
