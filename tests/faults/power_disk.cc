#include "tests/faults/power_disk.h"

#include <rocksdb/system_clock.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/support/forwarding_files.h"

namespace jangbu::testing {
namespace {

rocksdb::IOStatus no_power() { return rocksdb::IOStatus::IOError("the power is off"); }

std::optional<std::string> content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void overwrite(const std::string& path, std::uint64_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

class CutFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  CutFile(PowerDisk& disk, std::string path, std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    switch (disk_.change()) {
      case PowerDisk::May::nothing:
        return no_power();
      case PowerDisk::May::half: {
        const rocksdb::Slice half(data.data(), data.size() / 2);
        target()->Append(half, options, context).PermitUncheckedError();
        disk_.appended(path_, half.size());
        return no_power();
      }
      case PowerDisk::May::all:
        break;
    }
    const rocksdb::IOStatus status = target()->Append(data, options, context);
    if (status.ok()) disk_.appended(path_, data.size());
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }
  rocksdb::IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
    return disk_.off() ? no_power() : target()->Truncate(size, options, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    static_cast<void>(options);
    static_cast<void>(context);
    // The real sync adds nothing here: what survives is what this disk remembers.
    if (!disk_.sync()) return no_power();
    disk_.synced(path_);
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return Sync(options, context);
  }

 private:
  PowerDisk& disk_;
  std::string path_;
};

class CutDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  CutDirectory(PowerDisk& disk, std::string path, std::unique_ptr<rocksdb::FSDirectory>&& directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk), path_(std::move(path)) {}
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    if (!disk_.sync()) return no_power();
    disk_.directory_synced(path_);
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context,
                                        const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, context);
  }

 private:
  PowerDisk& disk_;
  std::string path_;
};

class CutFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit CutFileSystem(PowerDisk& disk) : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}
  const char* Name() const override { return "CutFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (disk_.change() != PowerDisk::May::all) return no_power();
    std::unique_ptr<rocksdb::FSWritableFile> inner;
    rocksdb::IOStatus status = target()->NewWritableFile(path, options, &inner, context);
    if (!status.ok()) return status;
    disk_.created(path);
    file->reset(new CutFile(disk_, path, std::move(inner)));
    return status;
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string&, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>*, rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported("not used by the ledger");
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* context) override {
    std::unique_ptr<rocksdb::FSDirectory> inner;
    rocksdb::IOStatus status = target()->NewDirectory(path, options, &inner, context);
    if (status.ok()) directory->reset(new CutDirectory(disk_, path, std::move(inner)));
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    if (disk_.change() != PowerDisk::May::all) return no_power();
    std::optional<std::string> replaced = content(to);
    rocksdb::IOStatus status = target()->RenameFile(from, to, options, context);
    if (status.ok()) disk_.renamed(from, to, std::move(replaced));
    return status;
  }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    if (disk_.change() != PowerDisk::May::all) return no_power();
    rocksdb::IOStatus status = target()->DeleteFile(path, options, context);
    if (status.ok()) disk_.removed(path);
    return status;
  }

 private:
  PowerDisk& disk_;
};

// The tip: written over in place.
class CutTip final : public ForwardingFile {
 public:
  CutTip(PowerDisk& disk, std::string path, std::unique_ptr<File> file)
      : ForwardingFile(std::move(file)), disk_(disk), path_(std::move(path)) {}
  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    const PowerDisk::May may = disk_.change();
    if (may == PowerDisk::May::nothing) return fail(Code::io, path_, "the power is off");
    const std::string_view part = may == PowerDisk::May::all ? bytes : bytes.substr(0, bytes.size() / 2);
    auto before = read(offset, part.size());
    if (!before) return tl::unexpected(before.error());
    if (auto written = ForwardingFile::write(offset, part); !written) return written;
    disk_.tip_written(path_, offset, std::move(*before), std::string(part));
    if (may == PowerDisk::May::half) return fail(Code::io, path_, "the power is off");
    return {};
  }
  Result<void> sync() override {
    if (!disk_.sync()) return fail(Code::io, path_, "no sync");
    disk_.tip_synced(path_);
    return {};
  }

 private:
  PowerDisk& disk_;
  std::string path_;
};

// A new file: written from its beginning to its end.
class CutNewFile final : public ForwardingFile {
 public:
  CutNewFile(PowerDisk& disk, std::string path, std::unique_ptr<File> file)
      : ForwardingFile(std::move(file)), disk_(disk), path_(std::move(path)) {}
  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    const PowerDisk::May may = disk_.change();
    if (may == PowerDisk::May::nothing) return fail(Code::io, path_, "the power is off");
    const std::string_view part = may == PowerDisk::May::all ? bytes : bytes.substr(0, bytes.size() / 2);
    if (auto written = ForwardingFile::write(offset, part); !written) return written;
    disk_.appended(path_, part.size());
    if (may == PowerDisk::May::half) return fail(Code::io, path_, "the power is off");
    return {};
  }
  Result<void> sync() override {
    if (!disk_.sync()) return fail(Code::io, path_, "no sync");
    disk_.synced(path_);
    return {};
  }

 private:
  PowerDisk& disk_;
  std::string path_;
};

class CutFiles final : public ForwardingFiles {
 public:
  explicit CutFiles(PowerDisk& disk) : disk_(disk) {}
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Mode mode) override {
    if (mode == Mode::create && disk_.change() != PowerDisk::May::all) {
      return fail(Code::io, path.string(), "the power is off");
    }
    auto file = machine().open(path, mode);
    if (!file) return file;
    if (mode != Mode::create) return std::make_unique<CutTip>(disk_, path.string(), std::move(*file));
    disk_.created(path.string());
    return std::make_unique<CutNewFile>(disk_, path.string(), std::move(*file));
  }
  Result<void> sync_directory(const std::filesystem::path& path) override {
    if (!disk_.sync()) return fail(Code::io, path.string(), "no sync");
    disk_.directory_synced(path.string());
    return {};
  }
  Result<void> exchange(const std::filesystem::path& one, const std::filesystem::path& other) override {
    if (disk_.change() != PowerDisk::May::all) return fail(Code::io, one.string(), "the power is off");
    if (auto exchanged = machine().exchange(one, other); !exchanged) return exchanged;
    disk_.exchanged(one.string(), other.string());
    return {};
  }

 private:
  PowerDisk& disk_;
};

// RocksDB waits a second after a failed flush before it tries again: here nobody will give the power back.
class ImpatientClock final : public rocksdb::SystemClockWrapper {
 public:
  ImpatientClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "ImpatientClock"; }
  void SleepForMicroseconds(int micros) override { target_->SleepForMicroseconds(std::min(micros, 1000)); }
};

class CutEnv final : public rocksdb::EnvWrapper {
 public:
  explicit CutEnv(std::unique_ptr<rocksdb::Env>&& env) : EnvWrapper(std::move(env)) {
    file_system_ = target()->GetFileSystem();
    system_clock_ = std::make_shared<ImpatientClock>();
  }
};

}  // namespace

const char* name(Cut cut) {
  switch (cut) {
    case Cut::clean:
      return "clean";
    case Cut::torn:
      return "torn";
    case Cut::garbage:
      return "garbage";
    case Cut::lost_names:
      return "lost names";
    case Cut::failed_sync:
      return "failed sync";
  }
  return "?";
}

PowerDisk::PowerDisk(std::uint64_t seed)
    : random_(seed),
      env_(std::make_unique<CutEnv>(rocksdb::NewCompositeEnv(std::make_shared<CutFileSystem>(*this)))),
      files_(std::make_unique<CutFiles>(*this)) {}

void PowerDisk::arm(Cut cut, std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  cut_ = cut;
  left_ = operations;
  off_ = false;
}

bool PowerDisk::off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}

std::uint64_t PowerDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

PowerDisk::May PowerDisk::change() {
  const std::lock_guard lock(mutex_);
  if (off_) return May::nothing;
  ++operations_;
  if (left_ > 0) {
    --left_;
    return May::all;
  }
  if (cut_ == Cut::failed_sync) return May::all;  // waits for the next sync
  off_ = true;
  return cut_ == Cut::clean ? May::nothing : May::half;
}

bool PowerDisk::sync() {
  const std::lock_guard lock(mutex_);
  if (off_) return false;
  ++operations_;
  if (left_ > 0) {
    --left_;
    return true;
  }
  off_ = true;
  return false;
}

void PowerDisk::created(const std::string& path) {
  const std::lock_guard lock(mutex_);
  Written file;
  file.named = ++names_;
  written_[path] = std::move(file);
}

void PowerDisk::appended(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  written_[path].size += bytes;
}

void PowerDisk::synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto file = written_.find(path);
  if (file != written_.end()) file->second.synced = file->second.size;
}

void PowerDisk::directory_synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  for (auto& [file, written] : written_) {
    if (std::filesystem::path(file).parent_path() != std::filesystem::path(path)) continue;
    written.name_synced = true;
    written.replaced.reset();
  }
  if (exchange_ && std::filesystem::path(exchange_->first).parent_path() == std::filesystem::path(path)) {
    exchange_.reset();
  }
}

void PowerDisk::renamed(const std::string& from, const std::string& to, std::optional<std::string> replaced) {
  const std::lock_guard lock(mutex_);
  const auto found = written_.find(from);
  if (found == written_.end()) return;
  Written file = found->second;
  written_.erase(found);
  file.name_synced = false;
  file.named = ++names_;
  file.replaced = std::move(replaced);
  written_[to] = std::move(file);
}

void PowerDisk::swap_names(const std::string& one, const std::string& other) {
  std::map<std::string, Written> moved;
  for (auto& [path, file] : written_) {
    const auto below = [&path](const std::string& folder) { return path.starts_with(folder + "/"); };
    const std::string to = below(one)     ? other + path.substr(one.size())
                           : below(other) ? one + path.substr(other.size())
                                          : path;
    moved.emplace(to, std::move(file));
  }
  written_ = std::move(moved);
}

void PowerDisk::exchanged(const std::string& one, const std::string& other) {
  const std::lock_guard lock(mutex_);
  swap_names(one, other);
  exchange_ = {one, other};
}

void PowerDisk::removed(const std::string& path) {
  const std::lock_guard lock(mutex_);
  written_.erase(path);
}

void PowerDisk::tip_written(const std::string& path, std::uint64_t offset, std::string before, std::string after) {
  const std::lock_guard lock(mutex_);
  overwrites_.push_back(Overwrite{path, offset, std::move(before), std::move(after)});
}

void PowerDisk::tip_synced(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::erase_if(overwrites_, [&](const Overwrite& write) { return write.path == path; });
}

void PowerDisk::forget() {
  const std::lock_guard lock(mutex_);
  off_ = true;
  if (exchange_ && (cut_ == Cut::clean || cut_ == Cut::lost_names || random_() % 2 == 0)) {
    if (Files::machine().exchange(exchange_->first, exchange_->second)) swap_names(exchange_->first, exchange_->second);
  }
  exchange_.reset();
  // Directories are journaled in order: of the names that were not synced, those up to some moment are there.
  std::uint64_t first = names_ + 1;
  for (const auto& [path, file] : written_) {
    if (!file.name_synced) first = std::min(first, file.named);
  }
  const std::uint64_t names_kept = cut_ == Cut::lost_names ? 0 : first - 1 + random_() % (names_ - first + 2);
  for (const auto& [path, file] : written_) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    if (!file.name_synced && file.named > names_kept) {
      if (file.replaced) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << *file.replaced;
      } else {
        std::filesystem::remove(path, error);
      }
      continue;
    }
    const std::uint64_t tail = file.size - file.synced;
    std::uint64_t kept = cut_ == Cut::clean || tail == 0 ? 0 : random_() % (tail + 1);
    // The length of a file can reach the disk before its bytes do.
    if (cut_ == Cut::garbage && random_() % 2 == 0) kept = tail;
    std::filesystem::resize_file(path, file.synced + kept, error);
    if (cut_ == Cut::garbage && kept > 0) {
      const std::uint64_t length = 1 + random_() % std::min<std::uint64_t>(kept, 512);
      std::string bytes(length, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random_());
      const std::uint64_t before_end = random_() % 2 == 0 ? 0 : random_() % (kept - length + 1);
      overwrite(path, file.synced + kept - length - before_end, bytes);
    }
  }
  // The tip is overwritten in place: sectors of 512 bytes, each the old one or the new one.
  for (auto write = overwrites_.rbegin(); write != overwrites_.rend(); ++write) {
    std::string bytes = write->before;
    for (std::size_t at = 0; cut_ != Cut::clean && at < bytes.size(); at += 512) {
      if (random_() % 2 != 0) bytes.replace(at, 512, write->after, at, 512);
    }
    overwrite(write->path, write->offset, bytes);
  }
  written_.clear();
  overwrites_.clear();
}

}  // namespace jangbu::testing
