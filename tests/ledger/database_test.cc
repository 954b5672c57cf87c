#include "ledger/database.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace jangbu {
namespace {

constexpr FamilyIndex kPlain = 0;
constexpr FamilyIndex kLookups = 1;

DatabaseOptions options_in(const std::filesystem::path& directory) {
  DatabaseOptions options;
  options.directory = directory;
  options.families = {{.name = "plain"}, {.name = "lookups", .random_lookups = true}};
  return options;
}

std::unique_ptr<Database> create(const std::filesystem::path& directory) {
  DatabaseOptions options = options_in(directory);
  options.create = true;
  auto database = Database::open(options);
  EXPECT_TRUE(database) << to_string(database.error());
  return database ? std::move(*database) : nullptr;
}

void put(Database& database, FamilyIndex family, std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(family, key, value);
  const auto written = database.write(batch, true);
  ASSERT_TRUE(written) << to_string(written.error());
}

TEST(Database, IsNotMadeByOpeningIt) {
  const testing::TemporaryFolder folder;
  const auto database = Database::open(options_in(folder / "db"));
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, Code::no_such_node);
}

TEST(Database, HoldsAfterReopeningWhatASyncedBatchPutInto) {
  const testing::TemporaryFolder folder;
  {
    const auto database = create(folder / "db");
    Batch batch;
    batch.put(kPlain, "a", "1");
    batch.put(kLookups, "b", "2");
    ASSERT_TRUE(database->write(batch, true));
  }
  for (const bool read_only : {true, false}) {
    DatabaseOptions options = options_in(folder / "db");
    options.read_only = read_only;
    const auto database = Database::open(options);
    ASSERT_TRUE(database) << to_string(database.error());
    EXPECT_EQ((*database)->get(kPlain, "a").value(), "1");
    EXPECT_EQ((*database)->get(kLookups, "b").value(), "2");
    EXPECT_EQ((*database)->get(kPlain, "b").value(), std::nullopt);
    const std::vector<std::string> keys{"x", "b", "y"};
    const auto found = (*database)->multi_get(kLookups, keys);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, (std::vector<std::optional<std::string>>{std::nullopt, "2", std::nullopt}));
  }
}

TEST(Database, IsOpenedByOneWriterAtATime) {
  const testing::TemporaryFolder folder;
  const auto first = create(folder / "db");
  const auto second = Database::open(options_in(folder / "db"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::dir_locked);
}

TEST(Database, AnswersAWriteToAReadOnlyOneWithAnError) {
  const testing::TemporaryFolder folder;
  create(folder / "db");
  DatabaseOptions options = options_in(folder / "db");
  options.read_only = true;
  const auto database = Database::open(options);
  ASSERT_TRUE(database);
  Batch batch;
  batch.put(kPlain, "a", "1");
  EXPECT_FALSE((*database)->write(batch, false));
}

TEST(Database, ShowsInASnapshotWhatWasThereWhenItWasTaken) {
  const testing::TemporaryFolder folder;
  const auto database = create(folder / "db");
  put(*database, kPlain, "a", "1");
  const Snapshot snapshot = database->snapshot();
  put(*database, kPlain, "a", "2");
  put(*database, kPlain, "b", "2");
  EXPECT_EQ(snapshot.get(kPlain, "a").value(), "1");
  EXPECT_EQ(snapshot.get(kPlain, "b").value(), std::nullopt);
  EXPECT_EQ(database->get(kPlain, "a").value(), "2");
}

TEST(Database, WalksKeysInOrderInBothDirections) {
  const testing::TemporaryFolder folder;
  const auto database = create(folder / "db");
  for (const char* key : {"b", "d", "f"}) put(*database, kPlain, key, key);
  Cursor cursor(database->snapshot(), kPlain);
  cursor.seek("c");
  ASSERT_TRUE(cursor.valid());
  EXPECT_EQ(cursor.key(), "d");
  cursor.next();
  EXPECT_EQ(cursor.value(), "f");
  cursor.next();
  EXPECT_FALSE(cursor.valid());
  EXPECT_TRUE(cursor.status());
  cursor.seek_for_previous("e");
  ASSERT_TRUE(cursor.valid());
  EXPECT_EQ(cursor.key(), "d");
  cursor.previous();
  EXPECT_EQ(cursor.key(), "b");
  cursor.seek_for_previous("a");
  EXPECT_FALSE(cursor.valid());
}

TEST(Database, ABatchShowsItsOwnBytesInTheOrderOfTheCalls) {
  Batch batch;
  EXPECT_TRUE(batch.empty());
  batch.put(kLookups, "b", "2");
  batch.remove(kPlain, "gone");
  batch.put(kPlain, "a", "1");
  EXPECT_FALSE(batch.empty());
  std::string seen;
  ASSERT_TRUE(batch.for_each([&](FamilyIndex family, std::string_view key, std::string_view value) {
    seen.append(std::to_string(family)).append(key).append(value).append(" ");
  }));
  EXPECT_EQ(seen, "1b2 0a1 ");
  batch.clear();
  EXPECT_TRUE(batch.empty());
}

TEST(Database, ACheckpointIsADatabaseOfItsOwn) {
  const testing::TemporaryFolder folder;
  const auto database = create(folder / "db");
  put(*database, kPlain, "a", "1");
  ASSERT_TRUE(database->checkpoint(folder / "copy"));
  put(*database, kPlain, "a", "2");
  const auto copy = Database::open(options_in(folder / "copy"));
  ASSERT_TRUE(copy) << to_string(copy.error());
  EXPECT_EQ((*copy)->get(kPlain, "a").value(), "1");
  EXPECT_FALSE(database->checkpoint(folder / "copy"));
}

TEST(Database, SaysWhenABlockOnDiskIsDamaged) {
  const testing::TemporaryFolder folder;
  {
    const auto database = create(folder / "db");
    Batch batch;
    for (int i = 0; i < 1000; ++i) batch.put(kPlain, "key" + std::to_string(i), std::string(100, 'v'));
    ASSERT_TRUE(database->write(batch, true));
    ASSERT_TRUE(database->flush());
  }
  for (const auto& file : std::filesystem::directory_iterator(folder / "db")) {
    if (file.path().extension() != ".sst") continue;
    std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(100);
    stream.put('\x55');
  }
  const auto database = Database::open(options_in(folder / "db"));
  ASSERT_TRUE(database);
  const auto value = (*database)->get(kPlain, "key0");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::store_corrupt);
}

}  // namespace
}  // namespace jangbu
