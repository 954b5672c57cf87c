// Files: the few file operations that the ledger does outside its database (tip, ballast, lock), behind one small
// interface, so that a test can fail the k-th of them or cut the power. RocksDB's own files go through its Env.
//
// Any thread. Errors everywhere: io, `where` the path; disk_full where a write finds no space.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "schemas/error.h"

namespace jangbu {

class File {
 public:
  virtual ~File() = default;
  // Fewer bytes than `size` only at the end of the file.
  [[nodiscard]] virtual Result<std::string> read(std::uint64_t offset, std::size_t size) = 0;
  [[nodiscard]] virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  // What was written is on the disk, with all that is needed to read it back. After an error nobody knows what is
  // there: never call it again for the same bytes.
  [[nodiscard]] virtual Result<void> sync() = 0;
};

class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;  // releases it
};

class Files {
 public:
  enum class Mode : std::uint8_t { read, read_write, create };  // create: must not exist yet (already_exists)
  enum class Sharing : std::uint8_t { shared, exclusive };

  virtual ~Files() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Mode mode) = 0;
  [[nodiscard]] virtual bool exists(const std::filesystem::path& path) = 0;
  [[nodiscard]] virtual Result<void> make_directories(const std::filesystem::path& path) = 0;
  // New names in it are on the disk.
  [[nodiscard]] virtual Result<void> sync_directory(const std::filesystem::path& path) = 0;
  // Two folders on one file system take each other's place, in one step: a crash finds both as before or both
  // exchanged, the latter for good once the folders that name them are synced.
  [[nodiscard]] virtual Result<void> exchange(const std::filesystem::path& one, const std::filesystem::path& other) = 0;
  // An advisory lock that ends with the process. dir_locked: another process (or another open node) has it.
  [[nodiscard]] virtual Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::filesystem::path& path,
                                                                              Sharing sharing) = 0;
  // What an unprivileged writer may still use.
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& path) = 0;
  // A file that occupies `bytes` and holds nothing.
  [[nodiscard]] virtual Result<void> reserve(const std::filesystem::path& path, std::uint64_t bytes) = 0;

  // The machine's.
  [[nodiscard]] static Files& machine();
};

}  // namespace jangbu
