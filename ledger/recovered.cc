#include "ledger/recovered.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "ledger/recovery.h"
#include "ledger/space.h"
#include "schemas/timestamp.h"

namespace jangbu {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNoteFormat = "jangbu/recovered/v1";
constexpr std::size_t kNoteBytesMax = std::size_t{1} << 20;  // kTipLedgersMax lines of some 130 bytes

constexpr std::string_view kNotePrefix = "recovered-";

// In the order of their times.
std::vector<fs::path> notes_in(const fs::path& database) {
  std::vector<fs::path> notes;
  std::error_code none;  // then there is no note either; the database was read a moment ago
  for (fs::directory_iterator at(database, none), end; !none && at != end; at.increment(none)) {
    if (at->path().filename().string().starts_with(kNotePrefix)) notes.push_back(at->path());
  }
  std::sort(notes.begin(), notes.end());
  return notes;
}

struct RecoveredNote {
  std::string time;
  std::vector<LedgerHead> heads;
};

std::string encode(const std::string& time, std::span<const LedgerHead> heads) {
  std::string text = std::string(kNoteFormat) + "\n" + time + "\n";
  for (const LedgerHead& head : heads) {
    text += head.id.text() + " " + std::to_string(head.size.value()) + " " + to_hex(head.root.view()) + "\n";
  }
  return text;
}

std::optional<RecoveredNote> decode_note(const std::string& text) {
  if (!text.ends_with("\n")) return std::nullopt;
  std::istringstream lines(text);
  std::string line;
  RecoveredNote note;
  if (!std::getline(lines, line) || line != kNoteFormat) return std::nullopt;
  if (!std::getline(lines, note.time) || !read_timestamp(note.time)) return std::nullopt;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string id, size, root, more;
    if (!(words >> id >> size >> root) || words >> more) return std::nullopt;
    auto ledger = LedgerId::parse(id);
    std::uint64_t entries = 0;
    const auto parsed = std::from_chars(size.data(), size.data() + size.size(), entries);
    const auto bytes = from_hex(root);
    if (!ledger || parsed.ec != std::errc() || parsed.ptr != size.data() + size.size()) return std::nullopt;
    if (!bytes || bytes->size() != sizeof(Hash)) return std::nullopt;
    note.heads.push_back(LedgerHead{std::move(*ledger), TreeSize(entries), Hash::from(*bytes)});
  }
  return note;
}

Result<RecoveredNote> read_note(Files& files, const fs::path& path) {
  auto file = files.open(path, Files::Mode::read);
  if (!file) return tl::unexpected(file.error());
  const auto text = (*file)->read(0, kNoteBytesMax);
  if (!text) return tl::unexpected(text.error());
  auto note = decode_note(*text);
  if (!note) {
    return fail(Code::store_corrupt, path.string(), "not a note of a recovery; RUNBOOK, \"quarantine\"");
  }
  return std::move(*note);
}

std::string event_of(const std::string& time, const LedgerHead& head) {
  const std::string root = digest_text(head.root);
  const Hash hash = sha256("jangbu/ledger-recovered/v1\n" + time + "\n" + head.id.text() + "\n" +
                           std::to_string(head.size.value()) + "\n" + root);
  nlohmann::ordered_json event;
  event["specversion"] = "1.0";
  std::array<std::uint8_t, 16> id{};
  std::copy_n(hash.bytes.begin(), id.size(), id.begin());
  event["id"] = to_uuid(id);
  event["source"] = "/" + std::string(head.id.institution()) + "/node";
  event["type"] = "kr.jangbu.ledger.recovered.v1";
  event["time"] = time;
  event["institution"] = head.id.institution();
  event["data"]["ledger"] = head.id.text();
  event["data"]["from"]["size"] = head.size.value();
  event["data"]["from"]["root"] = root;
  event["data"]["how"] = "point-in-time";
  return event.dump();
}

}  // namespace

Result<void> write_recovered_note(Files& files, const fs::path& database, const std::string& name,
                                  const std::string& time, std::span<const LedgerHead> heads) {
  auto note = files.open(database / (std::string(kNotePrefix) + name), Files::Mode::create);
  if (!note) return tl::unexpected(note.error());
  if (auto written = (*note)->write(0, encode(time, heads)); !written) return written;
  if (auto synced = (*note)->sync(); !synced) return synced;
  return files.sync_directory(database);
}

void remove_recovered_notes(const fs::path& database) {
  std::error_code ignored;  // said again, it is a duplicate
  for (const fs::path& note : notes_in(database)) fs::remove(note, ignored);
}

Result<std::vector<std::string>> say_recovered(Node& node, const NodeOptions& options) {
  Files& files = options.files != nullptr ? *options.files : Files::machine();
  const fs::path database = database_path(options.directory);
  std::vector<Submission> events;
  std::vector<std::string> unsaid;
  for (const fs::path& path : notes_in(database)) {
    const auto note = read_note(files, path);
    if (!note) return tl::unexpected(note.error());
    for (const LedgerHead& head : note->heads) {
      if (node.follows(head.id)) continue;  // its signer's copy is as it was
      const LedgerId into = LedgerId::of(head.id.institution(), LedgerKind::shared);
      const auto authors = node.authors(into);
      const auto key = read_signing_key(key_path(options.directory, into, KeyUse::system), options.ask_passphrase);
      if (!authors || !key) {
        unsaid.push_back("that " + head.id.text() + " was recovered is not ledgered yet: " +
                         (authors ? to_string(key.error()) : into.text() + " is not on this node"));
        continue;
      }
      std::string event = event_of(note->time, head);
      AuthorSignature signature = sign_event(*key, authors->origin(), event);
      events.push_back(Submission{into, std::move(event), std::move(signature), false});
    }
  }
  if (events.empty() && unsaid.empty()) remove_recovered_notes(database);
  // Counted down on the writer's thread only.
  const auto left = std::make_shared<std::size_t>(events.size() + unsaid.size());
  for (Submission& event : events) {
    auto queued = node.submit(std::move(event), [left, database](const Result<Placement>& placement) {
      if (placement && --*left == 0) remove_recovered_notes(database);
    });
    if (!queued) return tl::unexpected(queued.error());
  }
  return unsaid;
}

}  // namespace jangbu
