// `jangbu init`: makes a space: its ledgers, keys, the default policy and the check versions adopted.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

#include "ledger/key_file.h"
#include "ledger/node.h"
#include "ledger/space.h"
#include "tools/adoption.h"
#include "tools/command.h"
#include "tools/passphrase.h"
#include "tools/plan.h"

namespace jangbu::tools {
namespace {

struct Options {
  std::string directory, space, plan_file, passphrase_file, join;
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
  if (plan.space.empty() && options.join.empty()) return fail(Code::bad_usage, "--space", "a space needs a name");
  if (plan.institutions.empty()) {
    return fail(Code::bad_usage, "--institution",
                "name its institutions: --institution haneul:coordinator --institution hanbit:hospital");
  }
  return plan;
}

// Of a space that is there: its name, and what new institutions need of it.
Result<LedgerId> join(Environment& environment, const Options& options, const std::shared_ptr<const TypeTable>& types,
                      SpacePlan& plan) {
  NodeOptions node_options;
  node_options.directory = options.join;
  node_options.clock = &environment.clock;
  node_options.read_only = true;
  const auto node = Node::open(node_options, types);
  if (!node) return tl::unexpected(node.error());
  auto ledger = coordinator_ledger(**node);
  if (!ledger) return ledger;
  if (!plan.space.empty() && plan.space != (*node)->space()) {
    return fail(Code::bad_usage, "--space", options.join + " is a node of space " + (*node)->space());
  }
  plan.space = (*node)->space();
  const auto ask = passphrase_source(environment, options.passphrase_file);
  if (!ask) return tl::unexpected(ask.error());
  auto key = read_signing_key(space_key_path(options.join, KeyUse::coordinator), *ask);
  if (!key) return tl::unexpected(key.error());
  JoinedSpace joined{std::make_shared<const SigningKey>(std::move(*key)), ""};
  const auto authors = (*node)->authors(*ledger);
  for (const RegisteredKey& registered : authors->keys()) {
    if (registered.use == KeyUse::recovery) joined.recovery_key = registered.key.text();
  }
  for (const InstitutionPlan& institution : plan.institutions) {
    if ((*node)->has(LedgerId::of(institution.id, LedgerKind::shared))) {
      return fail(Code::bad_usage, institution.id, "is an institution of this space already");
    }
  }
  plan.joined = std::move(joined);
  return ledger;
}

// What the coordinating body still has to say of those that have joined.
Result<void> write_joined(Environment& environment, const Options& options, const SpacePlan& plan,
                          const LedgerId& coordinator, const Node& node) {
  const std::string path = options.directory + "/registered.ndjson";
  std::ofstream out(path, std::ios::trunc);
  for (const InstitutionPlan& institution : plan.institutions) {
    const auto authors = node.authors(LedgerId::of(institution.id, LedgerKind::shared));
    for (const RegisteredKey& registered : authors->keys()) {
      if (registered.use != KeyUse::emitter) continue;
      out << joined_event(plan, institution, coordinator, registered.key.text(), environment.clock) << '\n';
    }
  }
  out.close();
  if (!out) return fail(Code::io, path, "cannot be written");
  environment.out << "The coordinating body says so in its own ledger: jangbu emit --node URL --key " << options.join
                  << "/keys/coordinator.key " << path << '\n'
                  << "Their topics: jangbu topics create " << options.directory
                  << " --kafka BROKERS --from-genesis --pins PINS; every node that follows the space takes them up\n"
                  << "Their signer: jangbu rebuild NODE --pins PINS, with the keys of " << options.directory
                  << "/keys in NODE/keys\n";
  return {};
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
  std::optional<LedgerId> joined;
  if (!options.join.empty()) {
    auto coordinator = join(environment, options, *types, *plan);
    if (!coordinator) return tl::unexpected(coordinator.error());
    joined = std::move(*coordinator);
  }
  if (auto made = create_space(options.directory, *plan, environment.clock, **types); !made) return made;

  NodeOptions node_options;
  node_options.directory = options.directory;
  node_options.clock = &environment.clock;
  node_options.ask_passphrase = [passphrase = plan->passphrase](const std::filesystem::path&) {
    return std::optional<std::string>(passphrase);
  };
  auto node = Node::open(node_options, *types);
  if (!node) return tl::unexpected(node.error());
  if (joined) {
    environment.out << "ledgers of space " << plan->space << " in " << options.directory << '\n';
    for (const LedgerView& view : (*node)->views()) environment.out << "  " << view.info().log_key.text() << '\n';
    return write_joined(environment, options, *plan, *joined, **node);
  }
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
  command->add_option(
      "--join", options->join,
      "instead of a new space: ledgers of new institutions in that of this node's directory, which holds "
      "the coordinating body's ledger and key and is not served meanwhile");
  command->add_option("--plan", options->plan_file, "a JSON file with space and institutions, instead or besides");
  command->add_flag("--passphrase", options->sealed, "seal all key files under a passphrase, asked for twice");
  command->add_option("--passphrase-file", options->passphrase_file, "seal them under the first line of this file");
  command->callback([&environment, &exit, options] {
    if (auto done = init(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
