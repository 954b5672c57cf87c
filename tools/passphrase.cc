#include "tools/passphrase.h"

#include <fstream>
#include <memory>

namespace jangbu::tools {
namespace {

Result<std::string> first_line(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) return fail(Code::io, file, "cannot read a passphrase from its first line");
  return line;
}

}  // namespace

Result<std::string> new_passphrase(Environment& environment, const std::string& file) {
  if (!file.empty()) {
    auto line = first_line(file);
    if (line && line->empty()) return fail(Code::bad_usage, file, "the passphrase is empty");
    return line;
  }
  const auto once = environment.ask_secret("new passphrase");
  if (!once) return fail(Code::bad_usage, "--passphrase", "no terminal to ask on; give --passphrase-file");
  const auto again = environment.ask_secret("the same again");
  if (once->empty()) return fail(Code::bad_usage, "--passphrase", "the passphrase is empty");
  if (!again || *again != *once) return fail(Code::bad_usage, "--passphrase", "the two do not agree");
  return *once;
}

Result<AskPassphrase> passphrase_source(Environment& environment, const std::string& file) {
  if (!file.empty()) {
    auto line = first_line(file);
    if (!line) return tl::unexpected(line.error());
    return AskPassphrase([line = *line](const std::filesystem::path&) { return std::optional<std::string>(line); });
  }
  // A node's files are sealed under one passphrase: what was typed for the first is tried for the others.
  auto known = std::make_shared<std::optional<std::string>>();
  return AskPassphrase([&environment, known](const std::filesystem::path& path) {
    if (!*known) *known = environment.ask_secret("passphrase of " + path.filename().string() + " and its like");
    return *known;
  });
}

}  // namespace jangbu::tools
