// `jangbu version`: what this binary is, and which screen it has.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger/screen_digest.h"
#include "schemas/screen.h"
#include "tools/command.h"
#include "tools/output.h"

namespace jangbu::tools {

void add_version(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("version", "print the program's version, its screen's version and digest");
  auto format = std::make_shared<Format>(Format::table);
  add_format(*command, *format);
  command->callback([&environment, &exit, format] {
    auto types = TypeTable::build();
    if (!types) {
      exit = complain(environment, types.error());
      return;
    }
    const nlohmann::ordered_json row{{"version", JANGBU_VERSION},
                                     {"screen", kScreenVersion},
                                     {"screen_digest", screen_digest(**types)},
                                     {"types", (*types)->types().size()}};
    if (*format == Format::table) {
      environment.out << "jangbu " << JANGBU_VERSION << "\nscreen " << kScreenVersion << ' '
                      << row["screen_digest"].get<std::string>() << "\nevent types " << row["types"] << '\n';
    } else {
      write_rows(environment.out, *format, {}, {row});
    }
  });
}

}  // namespace jangbu::tools
