#include "ledger/screen_digest.h"

#include <gtest/gtest.h>

#include "ledger/hash.h"
#include "schemas/embedded.h"

namespace jangbu {
namespace {

TEST(ScreenDigest, IsTheSameForTwoTablesOfOneContract) {
  const Result<std::shared_ptr<const TypeTable>> one = TypeTable::build();
  const Result<std::shared_ptr<const TypeTable>> two = TypeTable::build();
  ASSERT_TRUE(one) << to_string(one.error());
  ASSERT_TRUE(two);
  EXPECT_EQ(screen_digest(**one), screen_digest(**two));
  EXPECT_TRUE(parse_digest(screen_digest(**one)));
}

TEST(ScreenDigest, ChangesWithAVerdict) {
  // The same files, but a table in which one code list has lost a code: the verdict over an example that uses it
  // changes.
  std::vector<std::string> changed;
  std::vector<EmbeddedFile> files(embedded_files().begin(), embedded_files().end());
  changed.reserve(files.size());
  for (EmbeddedFile& file : files) {
    if (file.name != "codes.json") continue;
    std::string text(file.bytes);
    const std::string code = "\"physician\"";
    const std::size_t at = text.find(code);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, code.size(), "\"surgeon\"");
    file.bytes = changed.emplace_back(std::move(text));
  }
  const Result<std::shared_ptr<const TypeTable>> one = TypeTable::build();
  const Result<std::shared_ptr<const TypeTable>> other = TypeTable::build(files);
  ASSERT_TRUE(one);
  ASSERT_TRUE(other) << to_string(other.error());
  EXPECT_NE(screen_digest(**one), screen_digest(**other));
}

}  // namespace
}  // namespace jangbu
