// `jangbu restore`: a node's directory from a backup. What was released after the backup is not in it, and under the
// same keys a shorter history would be signed a second time: so the restored node stays read-only until something shows
// that it holds everything that was released: the lost node's tip file, or a later checkpoint of each ledger.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "ledger/files.h"
#include "ledger/recovery.h"
#include "ledger/tip.h"
#include "tools/command.h"
#include "tools/hot_copy.h"
#include "tools/progress.h"
#include "tools/released.h"

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string backup, directory, tip;
  std::vector<std::string> checkpoints;
};

const LedgerView* view_of(const VerifiedCopy& copy, const LedgerId& ledger) {
  const auto found =
      std::find_if(copy.views.begin(), copy.views.end(), [&](const auto& view) { return view.info().id == ledger; });
  return found == copy.views.end() ? nullptr : &*found;
}

Result<void> compare_tip(const VerifiedCopy& copy, const std::string& path) {
  auto tip = TipFile::open(Files::machine(), path, Files::Mode::read);
  if (!tip) return tl::unexpected(tip.error());
  return tip->compare([&](const LedgerId& ledger, TreeSize size) -> Result<std::optional<Hash>> {
    const LedgerView* view = view_of(copy, ledger);
    if (view == nullptr || view->size() < size) return std::optional<Hash>();
    return view->root_at(size).map([](const Hash& root) { return std::optional<Hash>(root); });
  });
}

// Does something show that the copy holds all that was released? Error: something shows that it does not.
Result<bool> holds_what_was_released(const VerifiedCopy& copy, const Options& options) {
  if (!options.tip.empty()) {
    if (auto holds = compare_tip(copy, options.tip); !holds) return tl::unexpected(holds.error());
  }
  const auto unshown = ledgers_not_shown(copy.views, options.checkpoints);
  if (!unshown) return tl::unexpected(unshown.error());
  return !options.tip.empty() || unshown->empty();
}

Result<Exit> restore(Environment& environment, const Options& options) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  {
    Progress progress(environment, "bytes", 0);
    std::uint64_t copied = 0;
    auto done = copy_backup(options.backup, options.directory, [&](std::uint64_t bytes) {
      copied += bytes;
      progress.at(copied);
    });
    if (!done) return tl::unexpected(done.error());
  }
  Result<bool> holds = false;
  {
    const auto copy = verify_copy(options.directory, *types);
    if (!copy) return tl::unexpected(copy.error());
    environment.out << copy->views.size() << " ledgers restored and verified\n";
    holds = holds_what_was_released(*copy, options);
  }
  if (holds && *holds) {
    // From here on the node may write.
    std::error_code error;
    if (!fs::remove(backup_mark_path(options.directory), error)) {
      return fail(Code::io, backup_mark_path(options.directory).string(), error.message());
    }
    if (auto synced = Files::machine().sync_directory(options.directory); !synced)
      return tl::unexpected(synced.error());
    environment.out << "it holds what " << (options.tip.empty() ? "these checkpoints say" : "this tip says")
                    << " was released, so it may write again, once its keys are in " << options.directory << "/keys\n";
    return Exit::ok;
  }
  environment.out << "it stays read-only: `jangbu serve --read-only " << options.directory << "` answers questions\n";
  if (!holds) {
    complain(environment, holds.error());
    return holds.error().code == Code::bad_usage ? Exit::usage : Exit::found;
  }
  environment.out
      << "nothing shows yet that it holds all that was released. Restore into a new folder with --tip (the\n"
         "lost node's tip file) or with --checkpoint for each ledger (from a witness, a mirror, whoever has the\n"
         "newest one)\n";
  return Exit::ok;
}

}  // namespace

void add_restore(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand(
      "restore", "make a node's directory from a backup; read-only until it holds what was released");
  auto options = std::make_shared<Options>();
  command->add_option("backup", options->backup, "what `jangbu backup` made")->required();
  command->add_option("directory", options->directory, "where to; must not exist, or be empty")->required();
  command->add_option("--tip", options->tip, "the lost node's tip file: what it had released");
  command
      ->add_option("--checkpoint", options->checkpoints,
                   "the newest checkpoint that anybody has of a ledger; one for each ledger")
      ->expected(1)
      ->take_all();
  command->callback([&environment, &exit, options] {
    auto done = restore(environment, *options);
    exit = done ? *done : complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
