// A node's directory as kill -9 leaves it: all since its start is in the write-ahead log, and the last commit, synced,
// is not in the tip yet. What damage in it can be recovered depends on which side of the tip it lies.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "ledger/recovery.h"
#include "tests/ledger/space_fixture.h"

namespace jangbu::testing {

inline void flip(const std::filesystem::path& path, std::uint64_t at, unsigned bit = 0) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ (1 << bit)));
}

inline std::filesystem::path newest(const std::filesystem::path& database, std::string_view like) {
  std::filesystem::path found;
  for (const auto& entry : std::filesystem::directory_iterator(database)) {
    const std::string name = entry.path().filename().string();
    if (name.find(like) != std::string::npos && (found.empty() || entry.path() > found)) found = entry.path();
  }
  return found;
}

// A folder in use: a file that goes meanwhile is no longer part of it.
inline bool copy_live(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  for (int attempt = 0; attempt < 20; ++attempt) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive, error);
    if (!error) return true;
  }
  ADD_FAILURE() << from << ": " << error.message();
  return false;
}

// `released` heartbeats in `id`, then one more behind the tip. Returns how long the log was at the tip.
inline std::optional<std::uint64_t> cut_off(const TestSpace& space, const LedgerId& id, std::uint64_t released,
                                            const std::filesystem::path& to) {
  const auto node = space.open();
  if (!node) return std::nullopt;
  for (std::uint64_t i = 0; i < released; ++i) EXPECT_TRUE(put(*node, id, heartbeat(id, i)));
  const std::filesystem::path tip = space.folder / "tip";
  std::filesystem::copy(tip_path(space.directory()), tip);
  const std::uint64_t log = std::filesystem::file_size(newest(database_path(space.directory()), ".log"));
  EXPECT_TRUE(put(*node, id, heartbeat(id, released)));
  if (!copy_live(space.directory(), to)) return std::nullopt;
  std::filesystem::copy(tip, tip_path(to), std::filesystem::copy_options::overwrite_existing);
  return log;
}

}  // namespace jangbu::testing
