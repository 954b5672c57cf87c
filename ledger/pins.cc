#include "ledger/pins.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace jangbu {
namespace {

constexpr std::string_view kFirstLine = "jangbu pins v1";
constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

Result<LedgerPin> parse_ledger(const std::vector<std::string_view>& words, const std::string& space) {
  auto ledger = LedgerId::parse(words[1]);
  if (!ledger) return tl::unexpected(ledger.error());
  const auto genesis = parse_digest(words[2]);
  if (!genesis) return tl::unexpected(genesis.error());
  auto key = VerifierKey::parse(words[3]);
  if (!key) return tl::unexpected(key.error());
  if (key->name() != space + "/" + ledger->text()) {
    return fail(Code::bad_value, "", "the log's key has another name than the ledger's origin");
  }
  return LedgerPin{std::move(*ledger), *genesis, std::move(*key)};
}

}  // namespace

const LedgerPin* Pins::find(const LedgerId& ledger) const {
  const auto found =
      std::find_if(ledgers.begin(), ledgers.end(), [&](const LedgerPin& pin) { return pin.ledger == ledger; });
  return found == ledgers.end() ? nullptr : &*found;
}

std::string to_text(const Pins& pins) {
  std::string text =
      std::string(kFirstLine) + "\nspace " + pins.space + "\ncoordinator " + pins.coordinator_key.text() + "\n";
  for (const LedgerPin& pin : pins.ledgers) {
    text += "ledger " + pin.ledger.text() + " " + digest_text(pin.genesis_leaf) + " " + pin.log_key.text() + "\n";
  }
  return text;
}

Result<Pins> parse_pins(std::string_view text) {
  std::size_t number = 0;
  const auto refuse = [&number](std::string what) {
    return fail(Code::bad_value, "line " + std::to_string(number), std::move(what));
  };
  std::string space;
  std::optional<VerifierKey> coordinator;
  std::vector<LedgerPin> ledgers;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return refuse("does not end with a newline: the file is not whole");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::vector<std::string_view> words = words_of(line);
    if (number == 1) {
      if (line != kFirstLine) return refuse("not \"" + std::string(kFirstLine) + "\"");
    } else if (number == 2) {
      const auto name = words.size() == 2 && words[0] == "space" ? LedgerId::parse(words[1]) : LedgerId::parse("");
      if (!name || name->kind() != LedgerKind::shared) return refuse("not \"space <name>\"");
      space = words[1];
    } else if (number == 3) {
      if (words.size() != 2 || words[0] != "coordinator") return refuse("not \"coordinator <key>\"");
      auto key = VerifierKey::parse(words[1]);
      if (!key) return refuse(key.error().what);
      coordinator = std::move(*key);
    } else {
      if (words.size() != 4 || words[0] != "ledger") return refuse("not \"ledger <id> <genesis digest> <key>\"");
      auto pin = parse_ledger(words, space);
      if (!pin) return refuse(pin.error().what);
      if (!ledgers.empty() && !(ledgers.back().ledger < pin->ledger)) return refuse("ledgers not in byte order");
      ledgers.push_back(std::move(*pin));
    }
  }
  if (!coordinator) {
    ++number;
    return refuse("the file ends before it has named space and coordinating body");
  }
  return Pins{std::move(space), std::move(*coordinator), std::move(ledgers)};
}

std::filesystem::path pins_path(const std::filesystem::path& directory) { return directory / "pins"; }

Result<std::optional<Pins>> read_pins(Files& files, const std::filesystem::path& directory) {
  const std::filesystem::path path = pins_path(directory);
  if (!files.exists(path)) return std::optional<Pins>();
  const auto file = files.open(path, Files::Mode::read);
  if (!file) return tl::unexpected(file.error());
  const auto bytes = (*file)->read(0, kFileBytesMax);
  if (!bytes) return tl::unexpected(bytes.error());
  auto pins = parse_pins(*bytes);
  if (!pins) return fail(pins.error().code, path.string() + ", " + pins.error().where, pins.error().what);
  return std::optional(std::move(*pins));
}

Result<void> write_pins(const std::filesystem::path& directory, const Pins& pins) {
  Files& files = Files::machine();
  const std::filesystem::path path = pins_path(directory);
  std::filesystem::path made = path;
  made += ".new";
  std::error_code error;
  std::filesystem::remove(made, error);  // what a crash has left
  {
    const auto file = files.open(made, Files::Mode::create);
    if (!file) return tl::unexpected(file.error());
    if (auto written = (*file)->write(0, to_text(pins)); !written) return written;
    if (auto synced = (*file)->sync(); !synced) return synced;
  }
  std::filesystem::rename(made, path, error);
  if (error) return fail(Code::io, path.string(), error.message());
  return files.sync_directory(directory);
}

}  // namespace jangbu
