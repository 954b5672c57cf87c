// `jangbu rebuild`: a node's directory from nothing: ledgers taken over from a peer, a backup or a folder of exported
// ledgers, verified under their signers' checkpoints; what no source has is filled from its topic later. What it makes
// follows its ledgers; with their log keys beside it, it signs them.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "ledger/key_file.h"
#include "ledger/space.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/rebuilding.h"

namespace jangbu::tools {
namespace {

struct Options {
  std::string directory, pins, cosigner;
  std::vector<std::string> sources, ledgers;
  Format format = Format::table;
};

Result<Pins> read_pins_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Code::bad_usage, path, "cannot be opened");
  auto pins = parse_pins(std::string(std::istreambuf_iterator<char>(in), {}));
  if (!pins) return fail(pins.error().code, path + ", " + pins.error().where, pins.error().what);
  return pins;
}

Result<void> rebuild_node(Environment& environment, const Options& options) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  std::vector<std::unique_ptr<LedgerSource>> sources;
  for (const std::string& what : options.sources) {
    auto opened = open_ledger_sources(what, *types);
    if (!opened) return tl::unexpected(opened.error());
    if (opened->node_finding) return tl::unexpected(*opened->node_finding);
    std::move(opened->ledgers.begin(), opened->ledgers.end(), std::back_inserter(sources));
  }
  if (sources.empty() && options.pins.empty()) {
    return fail(Code::bad_usage, "--from", "say what to rebuild: --from, or --pins of ledgers that Kafka has whole");
  }
  auto pins = options.pins.empty() ? pins_of(sources, *types) : read_pins_file(options.pins);
  if (!pins) return tl::unexpected(pins.error());
  for (const std::string& name : options.ledgers) {
    const auto ledger = LedgerId::parse(name);
    if (!ledger || pins->find(*ledger) == nullptr) return fail(Code::bad_usage, "--ledger", name + " is not pinned");
  }
  if (!options.ledgers.empty()) {
    std::erase_if(pins->ledgers, [&](const LedgerPin& pin) {
      return std::find(options.ledgers.begin(), options.ledgers.end(), pin.ledger.text()) == options.ledgers.end();
    });
  }
  std::optional<SigningKey> cosigner;
  if (!options.cosigner.empty()) {
    auto made = SigningKey::generate(options.cosigner, NoteKeyType::cosignature_v1);
    if (!made) return fail(made.error().code, "--cosigner", made.error().what);
    cosigner.emplace(std::move(*made));
  }

  RebuildOptions rebuilding{options.directory, *pins, *types, nullptr};
  Progress progress(environment, "entries", 0);
  std::optional<LedgerId> last;
  std::uint64_t before = 0, of_last = 0;
  rebuilding.progress = [&](const LedgerId& ledger, std::uint64_t entries) {
    if (last != ledger) before += of_last;
    last = ledger;
    of_last = entries;
    progress.at(before + of_last);
  };
  const auto rebuilt = rebuild(rebuilding, sources);
  progress.clear();
  if (!rebuilt) return tl::unexpected(rebuilt.error());
  std::vector<nlohmann::ordered_json> rows;
  for (const LedgerPin& pin : pins->ledgers) {
    const auto found = std::find_if(rebuilt->begin(), rebuilt->end(),
                                    [&](const RebuiltLedger& each) { return each.ledger == pin.ledger; });
    const bool taken = found != rebuilt->end();
    rows.push_back(
        {{"ledger", pin.ledger.text()},
         {"entries", taken ? found->entries : 0},
         {"checkpoints", taken ? found->checkpoints : 0},
         {"root", taken ? digest_text(found->root) : "empty: its topic has to have it from the genesis on"}});
  }
  write_rows(environment.out, options.format,
             {{"LEDGER", "ledger"}, {"ENTRIES", "entries"}, {"CHECKPOINTS", "checkpoints"}, {"ROOT", "root"}}, rows);
  if (cosigner) {
    const auto path = space_key_path(options.directory, KeyUse::witness);
    if (auto made = Files::machine().make_directories(path.parent_path()); !made) return made;
    if (auto written = write_key_file(path, *cosigner, ""); !written) return written;
  }
  if (options.format != Format::table) return {};
  environment.out << "\nverified: chain, tree, and each ledger's checkpoint under its log key\n";
  if (options.pins.empty()) {
    environment.out << "the log keys are those that the sources state themselves: hold " << options.directory
                    << "/pins against what the coordinating body has given out (`jangbu pins`)\n";
  }
  if (cosigner) environment.out << "it cosigns checkpoints under " << cosigner->verifier().text() << '\n';
  environment.out << "go on with: jangbu serve " << options.directory << " --kafka BROKERS [--peer URL]\n"
                  << "it follows these ledgers. Once the node that signed one is gone for good, its log key in "
                  << options.directory << "/keys/<ledger>/log.key makes this one its signer\n";
  return {};
}

}  // namespace

void add_rebuild(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand(
      "rebuild", "make a node's directory from a peer, a backup, exported ledgers, or pins alone; then on with Kafka");
  auto options = std::make_shared<Options>();
  command->add_option("directory", options->directory, "where; must not exist, or be empty")->required();
  command
      ->add_option("--from", options->sources,
                   "a peer's URL, a node's directory, a backup, a folder of exported ledgers; may be given again")
      ->expected(1)
      ->take_all();
  command->add_option("--pins", options->pins, "what the ledgers must be (`jangbu pins`); else what the sources state");
  command->add_option("--ledger", options->ledgers, "only this ledger; may be given again")->expected(1)->take_all();
  command->add_option("--cosigner", options->cosigner,
                      "make a key of this name, such as hanbit.example/replica, under which it cosigns checkpoints");
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    if (auto done = rebuild_node(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
