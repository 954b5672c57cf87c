#include "tools/hot_copy.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include "ledger/files.h"
#include "ledger/keys.h"
#include "ledger/node.h"
#include "ledger/pins.h"
#include "ledger/recovery.h"

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 8;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

// In pieces, synced. `from` may still grow: what comes later belongs to later commits.
Result<void> copy_file(const fs::path& from, const fs::path& to, const CopyProgress& progress) {
  Files& files = Files::machine();
  auto source = files.open(from, Files::Mode::read);
  if (!source) return tl::unexpected(source.error());
  auto copy = files.open(to, Files::Mode::create);
  if (!copy) return tl::unexpected(copy.error());
  std::uint64_t at = 0;
  for (;;) {
    const auto piece = (*source)->read(at, kPieceBytes);
    if (!piece) return tl::unexpected(piece.error());
    if (piece->empty()) break;
    if (auto written = (*copy)->write(at, *piece); !written) return written;
    at += piece->size();
    progress(piece->size());
    if (piece->size() < kPieceBytes) break;
  }
  return (*copy)->sync();
}

// Names in a folder, sorted: a database's logs are numbered, so older ones come first.
Result<std::vector<std::string>> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  if (error) return fail(Code::io, folder.string(), error.message());
  std::sort(names.begin(), names.end());
  return names;
}

// The database's own log of what it did, and its lock: no part of what it holds.
bool is_housekeeping(const std::string& name) { return name.starts_with("LOG") || name == "LOCK"; }

Result<void> empty_target(const fs::path& target) {
  std::error_code error;
  if (fs::exists(target, error) && (!fs::is_directory(target, error) || !fs::is_empty(target, error))) {
    return fail(Code::already_exists, target.string(), "is there and not empty");
  }
  return Files::machine().make_directories(database_path(target));
}

Result<void> write_mark(const fs::path& target, const std::string& text) {
  auto mark = Files::machine().open(backup_mark_path(target), Files::Mode::create);
  if (!mark) return tl::unexpected(mark.error());
  if (auto written = (*mark)->write(0, text); !written) return written;
  if (auto synced = (*mark)->sync(); !synced) return synced;
  return Files::machine().sync_directory(target);
}

// Of a directory that follows ledgers. They only grow, so they are copied after the database: what it holds is pinned.
Result<void> copy_pins(const fs::path& from, const fs::path& target, const CopyProgress& progress) {
  std::error_code error;
  if (!fs::exists(pins_path(from), error)) return {};
  return copy_file(pins_path(from), pins_path(target), progress);
}

// Database, tip and pins as they stand, file by file.
Result<void> copy_all(const fs::path& from, const fs::path& target, const CopyProgress& progress) {
  if (auto copied = copy_file(tip_path(from), tip_path(target), progress); !copied) return copied;
  const auto names = names_in(database_path(from));
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (is_housekeeping(name)) continue;
    if (auto copied = copy_file(database_path(from) / name, database_path(target) / name, progress); !copied) {
      return copied;
    }
  }
  if (auto copied = copy_pins(from, target, progress); !copied) return copied;
  Files& files = Files::machine();
  if (auto synced = files.sync_directory(database_path(target)); !synced) return synced;
  return files.sync_directory(target);
}

// What must go fast, because the node may delete files meanwhile: milliseconds.
Result<void> stage(const fs::path& directory, const fs::path& staged) {
  const CopyProgress silent = [](std::uint64_t) {};
  if (auto made = Files::machine().make_directories(database_path(staged)); !made) return made;
  // The tip first: the database is copied later, so it holds at least what this says.
  if (auto copied = copy_file(tip_path(directory), tip_path(staged), silent); !copied) return copied;
  const fs::path database = database_path(directory);
  std::string manifest;
  {
    std::ifstream current(database / "CURRENT");
    if (!std::getline(current, manifest)) return fail(Code::io, (database / "CURRENT").string(), "cannot be read");
  }
  for (const std::string& name : {std::string("CURRENT"), manifest}) {
    if (auto copied = copy_file(database / name, database_path(staged) / name, silent); !copied) return copied;
  }
  const auto names = names_in(database);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (!name.ends_with(".sst")) continue;
    std::error_code error;
    fs::create_hard_link(database / name, database_path(staged) / name, error);
    if (error) return fail(Code::io, (database / name).string(), error.message());
  }
  for (const std::string& name : *names) {
    if (!name.ends_with(".log") && !name.starts_with("OPTIONS-") && name != "IDENTITY") continue;
    if (auto copied = copy_file(database / name, database_path(staged) / name, silent); !copied) return copied;
  }
  return copy_pins(directory, staged, silent);
}

Result<std::unique_ptr<Node>> open_copy(const fs::path& directory, const std::shared_ptr<const TypeTable>& types) {
  NodeOptions options;
  options.directory = directory;
  options.read_only = true;
  auto node = Node::open(options, types);
  if (!node) return node;
  const auto why = (*node)->not_writing();
  if (why && why->code != Code::read_only) return tl::unexpected(*why);
  return node;
}

// A folder that goes when its owner does.
struct Staging {
  explicit Staging(fs::path at) : path(std::move(at)) {}
  ~Staging() { remove(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  void remove() const {
    std::error_code ignored;  // it is named in the documentation as a thing that may be left
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

}  // namespace

Result<void> hot_copy(const fs::path& directory, const fs::path& target, const std::shared_ptr<const TypeTable>& types,
                      const CopyProgress& progress) {
  std::error_code error;
  if (!fs::exists(database_path(directory) / "CURRENT", error)) {
    return fail(Code::no_such_node, directory.string(), "the directory holds no node");
  }
  if (auto empty = empty_target(target); !empty) return empty;
  std::array<std::uint8_t, 8> random{};
  random_bytes(random);
  const Staging staging(directory /
                        (".backup-" + to_hex({reinterpret_cast<const char*>(random.data()), random.size()})));
  Result<void> staged;
  std::string space;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    staging.remove();
    staged = stage(directory, staging.path);
    if (!staged) continue;
    const auto node = open_copy(staging.path, types);
    if (node) {
      space = (*node)->space();
      break;
    }
    staged = tl::unexpected(node.error());
  }
  if (!staged) return staged;
  // The mark before all else: a copy that breaks off can never be taken for a node.
  if (auto marked = write_mark(target, "a copy of space " + space + "\n"); !marked) return marked;
  return copy_all(staging.path, target, progress);
}

Result<void> copy_backup(const fs::path& backup, const fs::path& target, const CopyProgress& progress) {
  std::error_code error;
  if (!fs::exists(backup_mark_path(backup), error)) {
    return fail(Code::bad_usage, backup.string(), "not a backup: `jangbu backup` has not marked it as one");
  }
  if (auto empty = empty_target(target); !empty) return empty;
  if (auto copied = copy_file(backup_mark_path(backup), backup_mark_path(target), progress); !copied) return copied;
  if (auto synced = Files::machine().sync_directory(target); !synced) return synced;
  return copy_all(backup, target, progress);
}

Result<VerifiedCopy> verify_copy(const fs::path& directory, const std::shared_ptr<const TypeTable>& types) {
  auto node = open_copy(directory, types);
  if (!node) return tl::unexpected(node.error());
  VerifiedCopy copy;
  copy.views = (*node)->views();
  copy.node = std::shared_ptr<Node>(std::move(*node));
  for (const LedgerView& view : copy.views) {
    if (auto whole = audit(view); !whole) return tl::unexpected(whole.error());
  }
  return copy;
}

}  // namespace jangbu::tools
