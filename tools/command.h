// What each command of the jangbu program gets and gives. tools/jangbu.cc holds the table; one file a command.
#pragma once

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "ledger/clock.h"
#include "schemas/error.h"
#include "tools/exit_codes.h"

namespace CLI {
class App;
}

namespace jangbu::tools {

// The world as a command sees it; tests give their own.
struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  bool err_is_terminal = false;  // progress is shown only then
  // Asks a person without echo; nullopt: there is nobody to ask.
  std::function<std::optional<std::string>(std::string_view prompt)> ask_secret;
  std::stop_token stop;          // asked to stop: SIGINT, SIGTERM
  bool out_is_terminal = false;  // a screen may be written over only then
};

// Table and machine-readable forms; every command that lists things has --format.
enum class Format { table, json, ndjson };

// Each adds its subcommand to `app`; when it was chosen and has run, `exit` holds its status.
using AddCommand = void (*)(CLI::App& app, Environment& environment, Exit& exit);

void add_init(CLI::App& app, Environment& environment, Exit& exit);
void add_keygen(CLI::App& app, Environment& environment, Exit& exit);
void add_serve(CLI::App& app, Environment& environment, Exit& exit);
void add_consume(CLI::App& app, Environment& environment, Exit& exit);
void add_emit(CLI::App& app, Environment& environment, Exit& exit);
void add_query(CLI::App& app, Environment& environment, Exit& exit);
void add_show(CLI::App& app, Environment& environment, Exit& exit);
void add_prove(CLI::App& app, Environment& environment, Exit& exit);
void add_verify(CLI::App& app, Environment& environment, Exit& exit);
void add_replay(CLI::App& app, Environment& environment, Exit& exit);
void add_report(CLI::App& app, Environment& environment, Exit& exit);
void add_backup(CLI::App& app, Environment& environment, Exit& exit);
void add_restore(CLI::App& app, Environment& environment, Exit& exit);
void add_pins(CLI::App& app, Environment& environment, Exit& exit);
void add_rebuild(CLI::App& app, Environment& environment, Exit& exit);
void add_export(CLI::App& app, Environment& environment, Exit& exit);
void add_tip(CLI::App& app, Environment& environment, Exit& exit);
void add_demo(CLI::App& app, Environment& environment, Exit& exit);
void add_status(CLI::App& app, Environment& environment, Exit& exit);
void add_topics(CLI::App& app, Environment& environment, Exit& exit);
void add_version(CLI::App& app, Environment& environment, Exit& exit);
void add_completion(CLI::App& app, Environment& environment, Exit& exit);

// Prints "jangbu: <error>" and what can be done about it to `err`; the status that goes with it.
Exit complain(Environment& environment, const Error& error);

// The whole program: parses `arguments` (without the program's name), runs one command, returns the exit status.
int run(std::span<const std::string> arguments, Environment& environment);

}  // namespace jangbu::tools
