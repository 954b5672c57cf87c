// JSON files of the shared folder, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/shared_files.h"

namespace jangbu::testing {

inline nlohmann::json read_json(const std::filesystem::path& path) {
  nlohmann::json json = nlohmann::json::parse(read_file(path), nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << path << " is not there, or no JSON";
  return json;
}

}  // namespace jangbu::testing
