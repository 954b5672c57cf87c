// A disk that forgets: RocksDB's files (as a FileSystemWrapper) and the tip (as Files) behind one switch. Until the
// power goes, everything reaches the real files; when it goes, every later operation fails, and forget() cuts each file
// back to what was synced plus a part of the rest, as a disk may.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ledger/files.h"

namespace jangbu::testing {

enum class Cut : std::uint8_t {
  clean,        // exactly what was synced
  torn,         // and a random part of what was not
  garbage,      // and a random part, or all, in which some bytes are others
  lost_names,   // as torn; files whose name was not synced vanish, renames are undone (in the others: half of them)
  failed_sync,  // a sync reports an error, then the power goes
};
[[nodiscard]] const char* name(Cut cut);

class PowerDisk {
 public:
  explicit PowerDisk(std::uint64_t seed);

  // The power goes at the `operations`-th operation from now on that changes something (failed_sync: at the sync after
  // it).
  void arm(Cut cut, std::uint64_t operations);
  [[nodiscard]] bool off() const;
  // After everybody has let go of their files: the power goes now, if it has not, and the disk forgets.
  void forget();
  [[nodiscard]] std::uint64_t operations() const;

  [[nodiscard]] rocksdb::Env* env() { return env_.get(); }
  [[nodiscard]] Files& files() { return *files_; }

  // For the shims. What an operation may do.
  enum class May : std::uint8_t { all, half, nothing };
  [[nodiscard]] May change();
  [[nodiscard]] bool sync();  // false: report an error
  void created(const std::string& path);
  void appended(const std::string& path, std::uint64_t bytes);
  void synced(const std::string& path);
  void directory_synced(const std::string& path);
  void renamed(const std::string& from, const std::string& to, std::optional<std::string> replaced);
  void exchanged(const std::string& one, const std::string& other);
  void removed(const std::string& path);
  void tip_written(const std::string& path, std::uint64_t offset, std::string before, std::string after);
  void tip_synced(const std::string& path);

 private:
  struct Written {
    std::uint64_t size = 0, synced = 0;
    bool name_synced = false;
    std::uint64_t named = 0;              // the how-many-th name that the directory got
    std::optional<std::string> replaced;  // what a rename replaced
  };
  struct Overwrite {
    std::string path;
    std::uint64_t offset;
    std::string before, after;
  };
  void swap_names(const std::string& one, const std::string& other);

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  Cut cut_ = Cut::clean;
  std::uint64_t left_ = UINT64_MAX, operations_ = 0, names_ = 0;
  bool off_ = false;
  std::map<std::string, Written> written_;
  std::vector<Overwrite> overwrites_;
  std::optional<std::pair<std::string, std::string>> exchange_;  // two folders whose new names are not synced
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<Files> files_;
};

}  // namespace jangbu::testing
