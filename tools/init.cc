// `jangbu init`: makes a space: its ledgers, keys, the default policy and the check versions adopted.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

#include "ledger/node.h"
#include "ledger/space.h"
#include "tools/adoption.h"
#include "tools/command.h"
#include "tools/passphrase.h"
#include "tools/plan.h"

namespace jangbu::tools {
namespace {

struct Options {
  std::string directory, space, plan_file, passphrase_file;
  std::vector<std::string> institutions;
  bool sealed = false;
};

Result<SpacePlan> plan_of(const Options& options) {
  SpacePlan plan;
  if (!options.plan_file.empty()) {
    std::ifstream in(options.plan_file, std::ios::binary);
    if (!in) return fail(Code::bad_usage, options.plan_file, "cannot be opened");
    auto read = parse_plan(std::string(std::istreambuf_iterator<char>(in), {}));
    if (!read) {
      return fail(read.error().code, options.plan_file + "#" + read.error().where, read.error().what);
    }
    plan = std::move(*read);
  }
  if (!options.space.empty()) plan.space = options.space;
  for (const std::string& text : options.institutions) {
    auto one = parse_institution(text);
    if (!one) return tl::unexpected(one.error());
    plan.institutions.push_back(std::move(*one));
  }
  if (plan.space.empty()) return fail(Code::bad_usage, "--space", "a space needs a name");
  if (plan.institutions.empty()) {
    return fail(Code::bad_usage, "--institution",
                "name its institutions: --institution haneul:coordinator --institution hanbit:hospital");
  }
  return plan;
}

Result<void> init(Environment& environment, const Options& options) {
  auto plan = plan_of(options);
  if (!plan) return tl::unexpected(plan.error());
  if (options.sealed || !options.passphrase_file.empty()) {
    auto passphrase = new_passphrase(environment, options.passphrase_file);
    if (!passphrase) return tl::unexpected(passphrase.error());
    plan->passphrase = std::move(*passphrase);
  }
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  if (auto made = create_space(options.directory, *plan, environment.clock, **types); !made) return made;

  NodeOptions node_options;
  node_options.directory = options.directory;
  node_options.clock = &environment.clock;
  node_options.ask_passphrase = [passphrase = plan->passphrase](const std::filesystem::path&) {
    return std::optional<std::string>(passphrase);
  };
  auto node = Node::open(node_options, *types);
  if (!node) return tl::unexpected(node.error());
  const Timestamp now = Timestamp::from_milliseconds(environment.clock.wall_milliseconds());
  if (auto adopted = adopt_defaults(**node, options.directory, node_options.ask_passphrase, now); !adopted)
    return adopted;

  environment.out << "space " << plan->space << " in " << options.directory << '\n';
  for (const LedgerView& view : (*node)->views()) {
    environment.out << "  " << view.info().log_key.text() << '\n';
  }
  environment.out << "Give each institution the line of its ledger: receipts and checkpoints are verified under it.\n"
                     "Its keys are in "
                  << options.directory << "/keys, mode 0600. Put keys/recovery.key away, off this machine.\n"
                  << "Serve it with: jangbu serve " << options.directory << '\n';
  return {};
}

}  // namespace

void add_init(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("init", "make a space: its ledgers, its keys, policy and checks adopted");
  auto options = std::make_shared<Options>();
  command->add_option("directory", options->directory, "where; must not exist, or be empty")->required();
  command->add_option("--space", options->space, "the space's name, such as medspace");
  command->add_option("--institution", options->institutions,
                      "id:kind, then :advanced-general, :combiner, :aggregator; once for each; one coordinator");
  command->add_option("--plan", options->plan_file, "a JSON file with space and institutions, instead or besides");
  command->add_flag("--passphrase", options->sealed, "seal all key files under a passphrase, asked for twice");
  command->add_option("--passphrase-file", options->passphrase_file, "seal them under the first line of this file");
  command->callback([&environment, &exit, options] {
    if (auto done = init(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
