// The command table of the jangbu program.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "tools/command.h"

namespace jangbu::tools {
namespace {

constexpr AddCommand kCommands[] = {
    add_init,   add_keygen, add_serve,  add_consume, add_emit,    add_query,      add_show,   add_prove,
    add_verify, add_replay, add_report, add_backup,  add_restore, add_rebuild,    add_export, add_pins,
    add_tip,    add_demo,   add_status, add_topics,  add_version, add_completion,
};

constexpr std::string_view kFooter =
    "Exit status: 0 done; 1 what was checked does not hold; 2 the command line is wrong; 3 a node cannot be reached or "
    "is\n"
    "busy, try again; 4 some input was refused; 5 the node's own files are damaged, locked or unreadable.";

// What a person can do about an error, where the sentence alone does not say it.
std::string_view advice(Code code) {
  switch (code) {
    case Code::dir_locked:
      return "another jangbu process serves this directory; stop it, or ask it by its URL";
    case Code::no_such_node:
      return "make one with `jangbu init DIRECTORY --space NAME`";
    case Code::unreachable:
      return "is the node running? start it with `jangbu serve DIRECTORY`";
    case Code::tip_rollback:
    case Code::tip_fork:
    case Code::tip_corrupt:
    case Code::store_corrupt:
    case Code::commit_unknown:
      return "ops/RUNBOOK.md says what this means and what to do";
    case Code::wrong_passphrase:
      return "give the right one with --passphrase-file, or type it when asked";
    case Code::key_file_unsafe:
      return "key files must belong to you and have mode 0600";
    default:
      return {};
  }
}

bool is_command(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(), [&](const CLI::App* one) { return one->check_name(name); });
}

}  // namespace

Exit complain(Environment& environment, const Error& error) {
  environment.err << "jangbu: " << to_string(error) << '\n';
  const std::string_view hint = advice(error.code);
  if (!hint.empty()) environment.err << "  " << hint << '\n';
  return exit_for(error);
}

int run(std::span<const std::string> arguments, Environment& environment) {
  CLI::App app("Jangbu: the audit and consent ledger of a medical data space", "jangbu");
  app.require_subcommand(1);
  app.footer(std::string(kFooter));
  Exit exit = Exit::ok;
  for (const AddCommand add : kCommands) add(app, environment, exit);
  // Named here, since CLI11 only says that a subcommand is required.
  if (!arguments.empty() && !arguments[0].starts_with('-') && !is_command(app, arguments[0])) {
    environment.err << "jangbu: " << arguments[0] << ": no such command; `jangbu --help` lists them\n";
    return static_cast<int>(Exit::usage);
  }
  try {
    // CLI11 takes them last first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error, environment.out, environment.err);
    return status == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  return static_cast<int>(exit);
}

}  // namespace jangbu::tools
