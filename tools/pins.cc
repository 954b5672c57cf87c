// `jangbu pins`: what a node that follows a space has to know of it beforehand (ledger/pins.h), as text to give away.
#include <CLI/CLI.hpp>

#include "tools/command.h"
#include "tools/rebuilding.h"

namespace jangbu::tools {
namespace {

Result<void> print_pins(Environment& environment, const std::string& what) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  const auto sources = open_ledger_sources(what, *types);
  if (!sources) return tl::unexpected(sources.error());
  const auto pins = pins_of(sources->ledgers, *types);
  if (!pins) return tl::unexpected(pins.error());
  environment.out << to_text(*pins);
  return {};
}

}  // namespace

void add_pins(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand(
      "pins", "print what others must know to follow these ledgers: genesis digests and log keys, for rebuild --pins");
  auto what = std::make_shared<std::string>();
  command->add_option("ledgers", *what, "a node's URL or directory, or a folder of exported ledgers")->required();
  command->callback([&environment, &exit, what] {
    if (auto done = print_pins(environment, *what); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
