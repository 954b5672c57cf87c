// `jangbu completion SHELL`: a script that completes commands and options, made from the command table itself.
#include <CLI/CLI.hpp>

#include "tools/command.h"

namespace jangbu::tools {
namespace {

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

// Inside single quotes of fish and zsh.
std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) text.replace(at, 1, "'\\''");
  return text;
}

void bash(const std::vector<CLI::App*>& commands, std::ostream& out) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  out << "_jangbu() {\n  local word=${COMP_WORDS[COMP_CWORD]}\n"
      << "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W '" << joined(names)
      << " --help' -- \"$word\")); return; fi\n"
      << "  case ${COMP_WORDS[1]} in\n";
  for (const CLI::App* command : commands) {
    out << "    " << command->get_name() << ") [[ $word == -* ]] && COMPREPLY=($(compgen -W '"
        << joined(options_of(*command)) << "' -- \"$word\")) || COMPREPLY=($(compgen -f -- \"$word\")) ;;\n";
  }
  out << "  esac\n}\ncomplete -o filenames -F _jangbu jangbu\n";
}

void zsh(const std::vector<CLI::App*>& commands, std::ostream& out) {
  out << "#compdef jangbu\n_jangbu() {\n  if (( CURRENT == 2 )); then\n    local -a commands=(\n";
  for (const CLI::App* command : commands) {
    out << "      '" << command->get_name() << ':' << quoted(command->get_description()) << "'\n";
  }
  out << "    )\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n";
  for (const CLI::App* command : commands) {
    out << "    " << command->get_name() << ") [[ $PREFIX == -* ]] && compadd -- " << joined(options_of(*command))
        << " || _files ;;\n";
  }
  out << "  esac\n}\ncompdef _jangbu jangbu\n";
}

void fish(const std::vector<CLI::App*>& commands, std::ostream& out) {
  for (const CLI::App* command : commands) {
    out << "complete -c jangbu -n __fish_use_subcommand -f -a " << command->get_name() << " -d '"
        << quoted(command->get_description()) << "'\n";
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        out << "complete -c jangbu -n '__fish_seen_subcommand_from " << command->get_name() << "' -l " << name
            << " -d '" << quoted(option->get_description()) << "'\n";
      }
    }
  }
}

}  // namespace

void add_completion(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("completion", "print a completion script: source <(jangbu completion bash)");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &environment, &exit, shell] {
    std::vector<CLI::App*> commands = app.get_subcommands([](CLI::App*) { return true; });
    if (*shell == "bash") bash(commands, environment.out);
    if (*shell == "zsh") zsh(commands, environment.out);
    if (*shell == "fish") fish(commands, environment.out);
    exit = Exit::ok;
  });
}

}  // namespace jangbu::tools
