#include "ledger/tip.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/format_example.h"
#include "tests/support/temporary_folder.h"

namespace jangbu {
namespace {

std::vector<LedgerHead> heads(std::uint64_t size, std::uint8_t fill = 0xaa) {
  Hash root;
  root.bytes.fill(fill);
  return {LedgerHead{LedgerId::parse("hanbit").value(), TreeSize(size), root},
          LedgerHead{LedgerId::parse("hanbit.patients").value(), TreeSize(3), root}};
}

void flip(const std::filesystem::path& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 1));
}

class Tip : public ::testing::Test {
 protected:
  [[nodiscard]] Result<TipFile> open() const { return TipFile::open(Files::machine(), path, Files::Mode::read_write); }
  testing::TemporaryFolder folder;
  const std::filesystem::path path = folder / "tip";
};

TEST_F(Tip, SlotIsEncodedAsFormatMdShows) {
  const std::vector<LedgerHead> rows = heads(5);
  EXPECT_EQ(to_hex(encode_tip(CommitNumber(258), std::span(rows).first(1))), to_hex(testing::format_example("tip")));
}

TEST_F(Tip, HoldsWhatWasRecordedLast) {
  {
    auto tip = TipFile::create(Files::machine(), path, CommitNumber(1), heads(1));
    ASSERT_TRUE(tip);
    for (std::uint64_t i = 2; i < 6; ++i) ASSERT_TRUE(tip->record(CommitNumber(i), heads(i)));
  }
  EXPECT_EQ(TipFile::create(Files::machine(), path, CommitNumber(1), heads(1)).error().code, Code::already_exists);
  auto tip = open();
  ASSERT_TRUE(tip);
  EXPECT_EQ(tip->commit(), CommitNumber(5));
  EXPECT_EQ(tip->heads().at(0).size, TreeSize(5));
}

TEST_F(Tip, OneDamagedSlotLeavesTheOtherAndTwoAreRefused) {
  {
    auto tip = TipFile::create(Files::machine(), path, CommitNumber(1), heads(1));
    ASSERT_TRUE(tip->record(CommitNumber(2), heads(2)));
  }
  flip(path, 65'536 + 30);
  EXPECT_EQ(open()->commit(), CommitNumber(1));
  flip(path, 30);
  EXPECT_EQ(open().error().code, Code::tip_corrupt);
}

TEST_F(Tip, AnyFlippedBitOfASlotIsSeen) {
  const std::string slot = encode_tip(CommitNumber(7), heads(7));
  for (std::size_t bit = 0; bit < slot.size() * 8; ++bit) {
    std::string bytes = slot;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    bytes.resize(2 << 16);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    const auto tip = open();
    ASSERT_FALSE(tip) << bit;
    EXPECT_EQ(tip.error().code, Code::tip_corrupt);
  }
}

TEST_F(Tip, ComparesEachLedgerWithTheDatabase) {
  auto tip = TipFile::create(Files::machine(), path, CommitNumber(1), heads(5));
  const Hash same = heads(5)[0].root;
  struct Row {
    std::optional<Hash> root;
    std::optional<Code> refused;
  };
  for (const Row& row : {Row{same, std::nullopt}, Row{std::nullopt, Code::tip_rollback}, Row{Hash{}, Code::tip_fork}}) {
    const auto compared = tip->compare([&](const LedgerId& id, TreeSize size) -> Result<std::optional<Hash>> {
      if (id.text() == "hanbit.patients") return std::optional(same);
      EXPECT_EQ(size, TreeSize(5));
      return row.root;
    });
    EXPECT_EQ(compared.has_value(), !row.refused.has_value());
    if (row.refused) {
      EXPECT_EQ(compared.error().code, *row.refused);
    }
  }
}

}  // namespace
}  // namespace jangbu
