// `jangbu tip`: writes a tip file that was lost anew, for a database that is shown to hold everything that was
// released. Only what others hold can show that: the newest checkpoint of each ledger.
#include "ledger/tip.h"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "ledger/files.h"
#include "ledger/node.h"
#include "ledger/recovery.h"
#include "ledger/store.h"
#include "tools/command.h"
#include "tools/released.h"

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string directory;
  std::vector<std::string> checkpoints;
};

// The database's heads, each ledger whole and shown by a checkpoint.
Result<std::vector<LedgerHead>> shown_heads(const Options& options) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  NodeOptions node_options;
  node_options.directory = options.directory;
  node_options.read_only = true;
  const auto node = Node::open(node_options, *types);
  if (!node) return tl::unexpected(node.error());
  const auto why = (*node)->not_writing();
  if (!why || why->code != Code::tip_corrupt) {
    return fail(Code::bad_usage, options.directory, "its tip can be read: only a lost or damaged one is written anew");
  }
  const std::vector<LedgerView> views = (*node)->views();
  for (const LedgerView& view : views) {
    if (auto whole = audit(view); !whole) return tl::unexpected(whole.error());
  }
  const auto unshown = ledgers_not_shown(views, options.checkpoints);
  if (!unshown) return tl::unexpected(unshown.error());
  if (!unshown->empty()) {
    std::string names;
    for (const LedgerId& ledger : *unshown) names += " " + ledger.text();
    return fail(Code::bad_usage, "--checkpoint",
                "nothing shows yet that these hold what was released:" + names +
                    "; give the newest checkpoint that anybody has of each");
  }
  // A tip names them in the database's order.
  StoreOptions store_options;
  store_options.directory = database_path(options.directory);
  store_options.read_only = true;
  const auto store = Store::open(store_options);
  if (!store) return tl::unexpected(store.error());
  std::vector<LedgerHead> heads;
  for (const LedgerId& ledger : (*store)->ledgers()) {
    const auto view = (*node)->view(ledger);
    if (!view) return tl::unexpected(view.error());
    heads.push_back(LedgerHead{ledger, view->size(), view->root()});
  }
  return heads;
}

Result<void> write_tip(Environment& environment, const Options& options) {
  const auto heads = shown_heads(options);
  if (!heads) return tl::unexpected(heads.error());
  Files& files = Files::machine();
  const auto lock = files.lock_directory(options.directory, Files::Sharing::exclusive);
  if (!lock) return tl::unexpected(lock.error());
  const fs::path path = tip_path(options.directory);
  if (files.exists(path)) {
    const fs::path aside = path.string() + ".damaged-" + std::to_string(environment.clock.wall_milliseconds());
    std::error_code error;
    fs::rename(path, aside, error);
    if (error) return fail(Code::io, aside.string(), error.message());
    environment.out << "the damaged tip is kept as " << aside.string() << '\n';
  }
  // Its number is the lowest: the start takes the higher one of tip and database.
  if (const auto tip = TipFile::create(files, path, CommitNumber(0), *heads); !tip) return tl::unexpected(tip.error());
  environment.out << heads->size() << " ledgers hold what these checkpoints say was released; " << options.directory
                  << " may be served again\n";
  return {};
}

}  // namespace

void add_tip(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command =
      app.add_subcommand("tip", "write a lost tip file anew, once checkpoints show that nothing released is missing");
  auto options = std::make_shared<Options>();
  command->add_option("directory", options->directory, "the node's directory; nobody serves it now")->required();
  command
      ->add_option("--checkpoint", options->checkpoints,
                   "the newest checkpoint that anybody has of a ledger; one for each ledger")
      ->expected(1)
      ->take_all();
  command->callback([&environment, &exit, options] {
    if (auto done = write_tip(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
