// `jangbu backup`: a hot copy of a node, verified in the copy.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/command.h"
#include "tools/hot_copy.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace jangbu::tools {
namespace {

struct Options {
  std::string directory, target;
  Format format = Format::table;
};

Result<void> backup(Environment& environment, const Options& options) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  {
    Progress progress(environment, "bytes", 0);
    std::uint64_t copied = 0;
    auto done = hot_copy(options.directory, options.target, *types, [&](std::uint64_t bytes) {
      copied += bytes;
      progress.at(copied);
    });
    if (!done) return done;
  }
  const auto copy = verify_copy(options.target, *types);
  if (!copy) {
    return fail(copy.error().code, options.target,
                "this copy does not verify and is no backup (" + to_string(copy.error()) +
                    "); remove it and make another; if that fails too, look at the node with `jangbu verify`");
  }
  std::vector<nlohmann::ordered_json> rows;
  for (const LedgerView& view : copy->views) {
    rows.push_back(
        {{"ledger", view.info().id.text()}, {"entries", view.size().value()}, {"root", digest_text(view.root())}});
  }
  write_rows(environment.out, options.format, {{"LEDGER", "ledger"}, {"ENTRIES", "entries"}, {"ROOT", "root"}}, rows);
  if (options.format == Format::table) {
    environment.out << "\nverified in the copy: chain, tree, checkpoints, tip\n"
                       "the keys are not in it: keep those of "
                    << options.directory << "/keys elsewhere\n";
  }
  return {};
}

}  // namespace

void add_backup(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("backup", "copy a node's ledgers, also while it serves, and verify the copy");
  auto options = std::make_shared<Options>();
  command->add_option("directory", options->directory, "the node's directory")->required();
  command->add_option("target", options->target, "where to; must not exist, or be empty")->required();
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    if (auto done = backup(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
