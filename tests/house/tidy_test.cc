// Smells that a machine can see, as code: each rule says what to do instead.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/shared_files.h"

namespace jangbu {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = JANGBU_SOURCE_DIR;
constexpr const char* kLayers[] = {"schemas", "ledger", "consumers", "api", "tools"};

struct Source {
  std::string name;  // relative to the root, with slashes
  std::string text;
};

std::vector<Source> sources_below(const std::vector<std::string>& folders) {
  std::vector<Source> found;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const std::string ending = entry.path().extension().string();
      if (entry.path().string().find("node_modules") != std::string::npos) continue;
      if (ending == ".h" || ending == ".cc") {
        found.push_back({fs::relative(entry.path(), kRoot).generic_string(), testing::read_file(entry.path())});
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const Source& a, const Source& b) { return a.name < b.name; });
  return found;
}

std::vector<Source> product_sources() { return sources_below({"schemas", "ledger", "consumers", "api", "tools"}); }

std::vector<std::string> includes_of(const std::string& text) {
  static const std::regex kInclude("(?:^|\\n)#include [<\"]([^>\"]+)[>\"]");
  std::vector<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), kInclude), end; at != end; ++at) names.push_back((*at)[1]);
  return names;
}

int layer_of(const std::string& path) {
  for (int i = 0; i < 5; ++i) {
    if (path.starts_with(std::string(kLayers[i]) + "/")) return i;
  }
  return -1;
}

TEST(Tidy, ALayerIncludesOnlyItselfAndTheLayersBelow) {
  const std::vector<Source> sources = product_sources();
  ASSERT_GT(sources.size(), 50U);
  for (const Source& source : sources) {
    for (const std::string& include : includes_of(source.text)) {
      EXPECT_LE(layer_of(include), layer_of(source.name)) << source.name << " includes " << include << " from above it";
      EXPECT_FALSE(include.starts_with("tests/")) << source.name << " includes test code: " << include;
    }
  }
}

TEST(Tidy, AThirdPartyIsNamedInItsPlaceOnly) {
  // Which headers; where they may stand.
  const std::map<std::string, std::vector<std::string>> kPlaces = {
      {"rocksdb/", {"ledger/database.cc"}},
      {"sodium", {"ledger/keys.cc", "ledger/key_file.cc"}},
      {"openssl/", {"ledger/hash.cc"}},
      {"librdkafka/", {"ledger/kafka_library.h"}},
      {"ledger/kafka_library.h", {"ledger/kafka"}},
      {"boost/", {"api/server", "api/session", "api/wire", "tools/http_client.cc"}},
      {"prometheus/", {"api/http_metrics"}},
      {"CLI/", {"tools/"}},
      {"spdlog/", {"tools/"}},
  };
  for (const Source& source : product_sources()) {
    for (const std::string& include : includes_of(source.text)) {
      for (const auto& [party, places] : kPlaces) {
        if (!include.starts_with(party)) continue;
        const bool allowed = std::any_of(places.begin(), places.end(),
                                         [&](const std::string& place) { return source.name.starts_with(place); });
        EXPECT_TRUE(allowed) << source.name << " includes " << include << "; go through " << places.front();
      }
    }
  }
}

TEST(Tidy, AFileHasOneReasonToExistAndAboutFourHundredLinesAtMost) {
  // One table each, a row a figure: cut in two, neither half would tell the whole.
  const std::vector<std::string> kTables = {"consumers/projections/annual_figures.cc"};
  for (const Source& source : product_sources()) {
    if (std::find(kTables.begin(), kTables.end(), source.name) != kTables.end()) continue;
    const auto lines = std::count(source.text.begin(), source.text.end(), '\n');
    EXPECT_LE(lines, 430) << source.name << " has " << lines << " lines; split it along its second reason";
  }
}

TEST(Tidy, AHeaderBeginsByTellingWhatItIsForAndGuardsItself) {
  for (const Source& source : product_sources()) {
    if (!source.name.ends_with(".h")) continue;
    EXPECT_TRUE(source.text.starts_with("//")) << source.name << ": begin with what it is for and who calls it";
    EXPECT_NE(source.text.find("#pragma once"), std::string::npos) << source.name;
    EXPECT_EQ(source.text.find("using namespace"), std::string::npos)
        << source.name << ": names leak to whoever includes it";
  }
}

TEST(Tidy, NothingIsLeftForLaterAndNoErrorIsSwallowed) {
  static const std::regex kLater("\\b(TODO|FIXME|XXX|HACK)\\b");
  static const std::regex kSwallow("catch \\(\\.\\.\\.\\) \\{\\s*\\}");
  for (const Source& source : sources_below({"schemas", "ledger", "consumers", "api", "tools", "tests"})) {
    if (source.name == "tests/house/tidy_test.cc") continue;
    EXPECT_FALSE(std::regex_search(source.text, kLater)) << source.name << ": open an issue instead";
    EXPECT_FALSE(std::regex_search(source.text, kSwallow)) << source.name << ": turn it into an Error";
  }
}

TEST(Tidy, ChecksReadNoClockNoRandomSourceAndNoLocale) {
  static const std::regex kForbidden("system_clock|steady_clock|random_device|std::rand|std::locale|time\\(nullptr\\)");
  for (const Source& source : sources_below({"consumers", "schemas"})) {
    EXPECT_FALSE(std::regex_search(source.text, kForbidden))
        << source.name << ": everything a verdict rests on is passed in";
  }
}

TEST(Tidy, EveryTestFileMirrorsAPlaceAndAssertsSomething) {
  for (const Source& source : sources_below({"tests"})) {
    if (!source.name.ends_with("_test.cc")) continue;
    EXPECT_TRUE(source.text.find("EXPECT_") != std::string::npos || source.text.find("ASSERT_") != std::string::npos)
        << source.name << " asserts nothing";
  }
}

}  // namespace
}  // namespace jangbu
