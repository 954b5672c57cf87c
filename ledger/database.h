// Database: an ordered key-value store with atomic synced writes and snapshots, by RocksDB, which is named in
// database.cc alone. The ledger's store is one instance; the projections' another, which may be deleted at any time.
//
// Threads: write() by one thread at a time; the rest by any. Keys order by bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/error.h"

namespace jangbu {

// A column family by its place in DatabaseOptions::families. The place is on disk: a new family goes to the end.
using FamilyIndex = std::size_t;

struct FamilyOptions {
  std::string name;
  bool random_lookups = false;  // point look-ups of keys that are mostly absent: a Bloom filter in memory and on disk
  bool unordered = false;       // never walked by a cursor, and keys differ within their first eight bytes
  bool in_order = false;        // keys mostly rise within their first four bytes
  bool compress = true;         // zstd below the first levels
  std::size_t block_bytes = 16 << 10;
  std::size_t write_buffer_bytes = std::size_t{32} << 20;
};

// What an open makes of a write-ahead log that does not read to its end.
enum class LogRecovery : std::uint8_t {
  torn_tail,      // takes what a crash can have left, an incomplete last record; refuses all else
  point_in_time,  // takes all up to the first damage and forgets the rest: only on a copy, or where all can be rebuilt
};

struct DatabaseOptions {
  std::filesystem::path directory;
  std::vector<FamilyOptions> families;  // "default" is added by itself and not used
  bool create = false;                  // only the command that creates may set it
  bool read_only = false;
  // Ledger: any background error stops writing. Projections, which can be rebuilt, go on, and recover to the last good
  // point whatever `log_recovery` says.
  bool strict = true;
  LogRecovery log_recovery = LogRecovery::torn_tail;
  std::size_t block_cache_bytes = std::size_t{64} << 20;
  // A rocksdb::Env* for tests that cut power or break files; nullptr: the machine's.
  void* env = nullptr;
};

class Batch {
 public:
  Batch();
  ~Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  void put(FamilyIndex family, std::string_view key, std::string_view value);
  void remove(FamilyIndex family, std::string_view key);
  void clear();
  // What will be written, in the order of the calls, read from the very bytes that are: for a last look before a
  // signature. Removals are not visited. Error: store_corrupt (the bytes are damaged).
  [[nodiscard]] Result<void> for_each(
      const std::function<void(FamilyIndex, std::string_view key, std::string_view value)>& visit) const;
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] bool empty() const;

 private:
  friend class Database;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The database at one moment. Holds the database open. Copying is cheap.
class Snapshot {
 public:
  [[nodiscard]] Result<std::optional<std::string>> get(FamilyIndex family, std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> multi_get(FamilyIndex family,
                                                                          std::span<const std::string> keys) const;

 private:
  friend class Database;
  friend class Cursor;
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// Walks keys in order within a snapshot. One thread.
class Cursor {
 public:
  Cursor(const Snapshot& snapshot, FamilyIndex family);
  ~Cursor();
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  void seek(std::string_view key);               // to the first key >= `key`
  void seek_for_previous(std::string_view key);  // to the last key <= `key`
  void next();
  void previous();
  [[nodiscard]] bool valid() const;  // false at the end, and after an error: look at status()
  [[nodiscard]] Result<void> status() const;
  [[nodiscard]] std::string_view key() const;    // until the next move
  [[nodiscard]] std::string_view value() const;  // until the next move

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Database {
 public:
  // Errors: no_such_node (nothing there and not `create`), dir_locked, io, store_corrupt.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Atomic. `sync`: durable when this returns. After an error nothing may be written any more: close and open again.
  // Errors: io, disk_full, commit_unknown (a synced write that failed).
  [[nodiscard]] Result<void> write(const Batch& batch, bool sync);
  // Without the log: durable only after flush(), and lost by a crash before it. Errors: io, disk_full.
  [[nodiscard]] Result<void> write_unlogged(const Batch& batch);
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] Result<std::optional<std::string>> get(FamilyIndex family, std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> multi_get(FamilyIndex family,
                                                                          std::span<const std::string> keys) const;
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> multi_get(FamilyIndex family,
                                                                          std::span<const std::string_view> keys) const;
  // Flushes and hard-links a consistent copy into `target`, which must not exist.
  [[nodiscard]] Result<void> checkpoint(const std::filesystem::path& target) const;
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<void> compact();
  [[nodiscard]] std::uint64_t disk_bytes() const;

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu
