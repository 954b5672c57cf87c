#include "ledger/entry.h"

#include <gtest/gtest.h>

#include <numeric>

#include "schemas/bounds.h"
#include "tests/support/format_example.h"

namespace jangbu {
namespace {

Entry example() {
  Entry entry;
  entry.kind = EntryKind::event;
  entry.sequence = SequenceNumber(258);
  entry.received_ms = 1'767'225'558'144;
  entry.offset = Offset(258);
  std::iota(entry.previous.bytes.begin(), entry.previous.bytes.end(), std::uint8_t{0xa0});
  Author author;
  std::iota(author.key.begin(), author.key.end(), std::uint8_t{0});
  std::iota(author.signature.begin(), author.signature.end(), std::uint8_t{0xc0});
  entry.author = author;
  entry.body = "{}";
  return entry;
}

std::string encoded(const Entry& entry) {
  std::string bytes;
  encode(entry, bytes);
  return bytes;
}

TEST(Entry, IsEncodedAsFormatMdShows) {
  const std::string bytes = encoded(example());
  EXPECT_EQ(to_hex(bytes), to_hex(testing::format_example("entry")));
  const auto entry = decode(bytes);
  ASSERT_TRUE(entry) << to_string(entry.error());
  EXPECT_EQ(entry->sequence, SequenceNumber(258));
  EXPECT_EQ(entry->received_ms, 1'767'225'558'144);
  EXPECT_EQ(entry->previous, example().previous);
  ASSERT_TRUE(entry->author);
  EXPECT_EQ(entry->author->signature, example().author->signature);
  EXPECT_EQ(entry->body, "{}");
}

TEST(Entry, HasOneEncodingSoEveryFlippedBitIsRefusedOrIsAnotherEntry) {
  Entry unsigned_event = example();
  unsigned_event.author.reset();
  Entry genesis = example();
  genesis.kind = EntryKind::genesis;
  genesis.sequence = SequenceNumber(0);
  genesis.previous = Hash{};
  Entry rejected = unsigned_event;
  rejected.kind = EntryKind::rejected;
  int refused = 0, another = 0;
  for (const Entry& original : {example(), unsigned_event, genesis, rejected}) {
    const std::string bytes = encoded(original);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const auto entry = decode(flipped);
      if (!entry) {
        EXPECT_EQ(entry.error().code, Code::bad_entry);
        ++refused;
        continue;
      }
      EXPECT_EQ(to_hex(encoded(*entry)), to_hex(flipped)) << "bit " << bit;
      ++another;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(another, 1000);
}

TEST(Entry, IsRefusedWhenItEndsTooEarlyAndTheErrorSaysWhere) {
  const std::string bytes = encoded(example());
  for (std::size_t size = 0; size < kEntryHeaderBytes + kEntryAuthorBytes + 1; ++size) {
    const auto entry = decode(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(entry) << size;
    EXPECT_EQ(entry.error().code, Code::bad_entry);
    EXPECT_EQ(entry.error().where, "byte " + std::to_string(size));
  }
}

TEST(Entry, TakesTheLongestBodyThatABundleHoldsAndNoLonger) {
  Entry entry = example();
  const std::string body(kEntryBytesMax - kEntryHeaderBytes - kEntryAuthorBytes, 'x');
  entry.body = body;
  const std::string bytes = encoded(entry);
  EXPECT_EQ(bytes.size(), kEntryBytesMax);
  EXPECT_TRUE(decode(bytes));
  EXPECT_FALSE(decode(bytes + "x"));
}

TEST(Entry, KeepsATimeBefore1970) {
  Entry entry = example();
  entry.received_ms = -1;
  const std::string bytes = encoded(entry);
  const auto back = decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->received_ms, -1);
}

}  // namespace
}  // namespace jangbu
