#include "tools/input_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;

class InputFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() /
            ("jangbu-input-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "below");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }
  std::vector<InputDocument> read(const std::vector<std::string>& names, const std::string& input = {}) {
    std::istringstream in(input);
    std::vector<InputDocument> documents;
    const auto done = for_each_document(names, in, [&](InputDocument document) -> Result<void> {
      documents.push_back(std::move(document));
      return {};
    });
    EXPECT_TRUE(done.has_value()) << to_string(done.error());
    return documents;
  }
  fs::path root_;
};

TEST_F(InputFiles, AFolderGivesItsFilesByNameAndPassesOverOthers) {
  write("b.json", R"({"specversion":"1.0"})");
  write("a.json", R"([{"specversion":"1.0"}])");
  write("below/c.json", R"({"resourceType":"Consent"})");
  write("notes.txt", "not this");
  write(".hidden.json", "{}");
  const auto documents = read({root_.string()});
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_EQ(documents[0].kind, DocumentKind::batch);
  EXPECT_EQ(documents[1].kind, DocumentKind::event);
  EXPECT_EQ(documents[2].kind, DocumentKind::fhir);
  EXPECT_EQ(documents[2].resource_type, "Consent");
}

TEST_F(InputFiles, NdjsonLinesAreNumberedAndEmptyOnesPassedOver) {
  write("x.ndjson", "{\"specversion\":\"1.0\"}\r\n\n{\"event\":{}}\nrubbish\n");
  const auto documents = read({(root_ / "x.ndjson").string()});
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_TRUE(documents[0].place.ends_with("x.ndjson:1"));
  EXPECT_EQ(documents[0].bytes, "{\"specversion\":\"1.0\"}");
  EXPECT_TRUE(documents[1].place.ends_with(":3"));
  EXPECT_EQ(documents[1].kind, DocumentKind::event);
  EXPECT_EQ(documents[2].kind, DocumentKind::unknown);
}

TEST_F(InputFiles, StandardInputIsOneDocumentOrADocumentALine) {
  auto documents = read({"-"}, "{\n  \"specversion\": \"1.0\"\n}\n");
  ASSERT_EQ(documents.size(), 1U);
  EXPECT_EQ(documents[0].kind, DocumentKind::event);
  documents = read({"-"}, "{\"specversion\":\"1.0\"}\n{\"specversion\":\"1.0\"}\n");
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[1].place, "standard input:2");
  EXPECT_TRUE(read({"-"}, "").empty());
}

TEST_F(InputFiles, WhatIsNotThereIsNamed) {
  std::istringstream in;
  const auto done =
      for_each_document({(root_ / "absent.json").string()}, in, [](InputDocument) -> Result<void> { return {}; });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Code::bad_usage);
  EXPECT_NE(done.error().where.find("absent.json"), std::string::npos);
}

}  // namespace
}  // namespace jangbu::tools
