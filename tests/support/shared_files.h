// Where the public test vectors, samples and code lists are. They are not part of the project: tests that need them
// skip, with a message, where they are absent.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace jangbu::testing {

// The folder named by JANGBU_SHARED, else the nearest `shared` beside one of the source folder's parents.
inline std::optional<std::filesystem::path> shared_folder() {
  if (const char* named = std::getenv("JANGBU_SHARED")) return std::filesystem::path(named);
  for (std::filesystem::path at = std::filesystem::path(JANGBU_SOURCE_DIR); at != at.parent_path();
       at = at.parent_path()) {
    if (std::filesystem::exists(at / "shared" / "DESIGN.md")) return at / "shared";
  }
  return std::nullopt;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace jangbu::testing

// In a test's body: the shared folder, or skip.
#define JANGBU_SHARED_OR_SKIP(name)                                                    \
  const auto name##_found = ::jangbu::testing::shared_folder();                        \
  if (!name##_found) GTEST_SKIP() << "no shared folder here: set JANGBU_SHARED to it"; \
  const std::filesystem::path& name = *name##_found
