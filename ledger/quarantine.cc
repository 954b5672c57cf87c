#include "ledger/quarantine.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ledger/manifest.h"
#include "ledger/recovered.h"
#include "ledger/recovery.h"
#include "schemas/timestamp.h"

namespace jangbu {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

Result<void> copy_file(Files& files, const fs::path& from, const fs::path& to) {
  auto source = files.open(from, Files::Mode::read);
  if (!source) return tl::unexpected(source.error());
  auto copy = files.open(to, Files::Mode::create);
  if (!copy) return tl::unexpected(copy.error());
  for (std::uint64_t at = 0;;) {
    const auto piece = (*source)->read(at, kPieceBytes);
    if (!piece) return tl::unexpected(piece.error());
    if (!piece->empty()) {
      if (auto written = (*copy)->write(at, *piece); !written) return written;
    }
    at += piece->size();
    if (piece->size() < kPieceBytes) break;
  }
  return (*copy)->sync();
}

// The database's log of its own doings, and its lock: no part of what it holds.
bool is_housekeeping(const std::string& name) { return name.starts_with("LOG") || name == "LOCK"; }

Result<std::string> read_whole(Files& files, const fs::path& path) {
  auto file = files.open(path, Files::Mode::read);
  if (!file) return tl::unexpected(file.error());
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return fail(Code::io, path.string(), error.message());
  return (*file)->read(0, size);
}

// The manifest that CURRENT names, without its last records.
Result<void> copy_manifest(Files& files, const fs::path& from, const fs::path& to, std::size_t records) {
  const auto bytes = read_whole(files, from);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto kept = manifest_bytes_without(*bytes, records);
  if (!kept) return fail(Code::bad_range, from.string(), "has no more records that could be left out");
  auto copy = files.open(to, Files::Mode::create);
  if (!copy) return tl::unexpected(copy.error());
  if (auto written = (*copy)->write(0, std::string_view(*bytes).substr(0, *kept)); !written) return written;
  return (*copy)->sync();
}

Result<void> copy_folder(Files& files, const fs::path& from, const fs::path& to, std::size_t manifest_records) {
  std::string manifest;
  if (manifest_records > 0) {
    auto current = read_whole(files, from / "CURRENT");
    if (!current) return tl::unexpected(current.error());
    manifest = current->substr(0, current->find('\n'));
  }
  if (auto made = files.make_directories(to); !made) return made;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) names.push_back(at->path().filename().string());
  }
  if (error) return fail(Code::io, from.string(), error.message());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (is_housekeeping(name)) continue;
    if (name.ends_with(".sst")) {
      std::error_code not_linked;  // a file system without links: then it is copied
      fs::create_hard_link(from / name, to / name, not_linked);
      if (!not_linked) continue;
    }
    auto copied = name == manifest ? copy_manifest(files, from / name, to / name, manifest_records)
                                   : copy_file(files, from / name, to / name);
    if (!copied) return copied;
  }
  return files.sync_directory(to);
}

}  // namespace

Quarantine::Quarantine(Files& files, fs::path directory, fs::path folder, std::string time)
    : files_(&files), directory_(std::move(directory)), folder_(std::move(folder)), time_(std::move(time)) {}

Quarantine::Quarantine(Quarantine&& other) noexcept
    : files_(other.files_),
      directory_(std::move(other.directory_)),
      folder_(std::move(other.folder_)),
      time_(std::move(other.time_)),
      keep_(std::exchange(other.keep_, true)) {}

Quarantine::~Quarantine() {
  if (keep_) return;
  std::error_code ignored;  // what is left may be deleted by hand: RUNBOOK, "quarantine"
  fs::remove_all(folder_, ignored);
  fs::remove(folder_.parent_path(), ignored);  // only if nothing else is kept there
}

Result<Quarantine> Quarantine::copy_database(Files& files, const fs::path& directory, std::int64_t now_ms,
                                             std::size_t manifest_records_left_out) {
  const std::string time = to_string(Timestamp::from_milliseconds(now_ms));
  std::string name = time;
  std::erase(name, ':');
  fs::path folder = directory / "quarantine" / name;
  for (int again = 2; files.exists(folder); ++again) {
    folder = directory / "quarantine" / (name + "-" + std::to_string(again));
  }
  Quarantine quarantine(files, directory, std::move(folder), time);
  auto copied = copy_folder(files, database_path(directory), quarantine.copy(), manifest_records_left_out);
  // Their names too, before anything is exchanged with what is in them.
  for (const fs::path& named : {quarantine.folder_, quarantine.folder_.parent_path(), directory}) {
    if (copied) copied = files.sync_directory(named);
  }
  if (!copied) return tl::unexpected(copied.error());
  return quarantine;
}

Result<void> Quarantine::adopt(std::span<const LedgerHead> heads) {
  if (auto noted = write_recovered_note(*files_, copy(), folder_.filename().string(), time_, heads); !noted)
    return noted;
  if (auto exchanged = files_->exchange(database_path(directory_), copy()); !exchanged) return exchanged;
  keep_ = true;  // from here on the folder holds what was refused
  if (auto synced = files_->sync_directory(directory_); !synced) return synced;
  return files_->sync_directory(folder_);
}

}  // namespace jangbu
