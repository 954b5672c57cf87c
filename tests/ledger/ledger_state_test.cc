// What makes two records one: where the sequencer's test cannot reach, because no two events can be made to share a
// key.
#include "ledger/ledger_state.h"

#include <gtest/gtest.h>

#include "ledger/lane_batch.h"
#include "ledger/recovery.h"
#include "ledger/screen_digest.h"
#include "tests/ledger/space_fixture.h"

namespace jangbu {
namespace {

using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::TestSpace;

// A converted audit record: `system` is what a converter may come to see otherwise.
std::string converted(std::string_view system, char digest) {
  return R"({"specversion":"1.0","type":"kr.jangbu.audit.recorded.v1","source":"/hanbit/fhir",)"
         R"("id":"0b9686f2-10a3-49a7-96f4-f82df927e4fc","time":"2026-03-02T00:15:00Z","institution":"hanbit","data":)"
         R"({"code":"110114","action":"execute","outcome":0,"system":")" +
         std::string(system) + R"(","original":{"format":"fhir-r4-auditevent","digest":"sha256:)" +
         std::string(64, digest) + R"("}}})";
}

TEST(Duplicates, TwoConversionsOfOneDocumentAreOneEventAndOfAnotherDocumentAConflict) {
  const TestSpace space;
  const auto node = space.open();
  const LedgerId hanbit = ledger("hanbit");
  const auto first = put(*node, hanbit, converted("emr", 'a'));
  ASSERT_TRUE(first);
  ASSERT_EQ(first->kind, Placement::Kind::appended) << to_string(first->errors.at(0));
  const auto again = put(*node, hanbit, converted("emr-2", 'a'));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kind, Placement::Kind::duplicate);
  EXPECT_EQ(again->sequence, first->sequence);
  EXPECT_EQ(again->leaf, first->leaf);
  const auto other = put(*node, hanbit, converted("emr", 'b'));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->kind, Placement::Kind::conflict);
  EXPECT_EQ(other->first, first->sequence);
}

// One ledger of a closed node as the sequencer steps it, under a dedup key that all records share.
class SharedKey : public ::testing::Test {
 protected:
  void open() {
    store = Store::open(StoreOptions{database_path(space.directory()), false, false, nullptr, {}}).value();
    while (store->ledgers()[number.value()] != hanbit) number = LedgerNumber(number.value() + 1);
    state.emplace(LedgerState::load(*store, number, reader, testing::types_digest()).value());
    batch.emplace(*store, number, state->size());
    const DedupKey keys[] = {key};
    ASSERT_TRUE(batch->prefetch(keys));
  }
  Step step(const std::string& event) {
    Record record;
    record.event = event;
    Screened screened = reader.screen(record, hanbit);
    EXPECT_FALSE(screened.rejection);
    screened.key = key;
    auto step = state->step(record, std::move(screened), *batch, reader, batch->bytes,
                            [](TileId, const TileTree&, const Hash&) { FAIL() << "too few entries for a tile"; });
    EXPECT_TRUE(step) << to_string(step.error());
    if (step->is_new()) {
      batch->ends.push_back(batch->bytes.size());
      batch->leaves.push_back(step->leaf);
    }
    if (!step->filed.empty()) batch->file(key, step->filed);
    return std::move(*step);
  }
  void commit() {
    Batch written;
    for (std::size_t i = 0; i < batch->leaves.size(); ++i) {
      Store::put_entry(written, number, SequenceNumber(batch->begin().value() + i), batch->bytes_of(i));
    }
    Store::put_filed(written, number, key, batch->filed(key).value());
    ASSERT_TRUE(store->commit(written));
    batch.reset();
    state.reset();
    store.reset();
    open();
  }

  const TestSpace space;
  const LedgerId hanbit = ledger("hanbit");
  const DedupKey key = dedup_key("/gateway", "any");
  RecordScreen reader{testing::types()};
  std::shared_ptr<Store> store;
  LedgerNumber number;
  std::optional<LedgerState> state;
  std::optional<LaneBatch> batch;
};

TEST_F(SharedKey, TwoEventsUnderOneDedupKeyAreBothLedgeredAndBothFoundAgain) {
  open();
  const std::string one = heartbeat(hanbit, 1), other = heartbeat(hanbit, 2);
  const Step first = step(one), second = step(other);
  ASSERT_EQ(first.kind, Step::Kind::appended);
  ASSERT_EQ(second.kind, Step::Kind::appended);
  EXPECT_EQ(second.filed, (std::vector<SequenceNumber>{first.sequence, second.sequence}));
  for (const bool stored : {false, true}) {
    if (stored) {
      ASSERT_NO_FATAL_FAILURE(commit());
    }
    const Step one_again = step(one), other_again = step(other);
    EXPECT_EQ(one_again.kind, Step::Kind::duplicate);
    EXPECT_EQ(one_again.sequence, first.sequence);
    EXPECT_EQ(one_again.leaf, first.leaf);
    EXPECT_EQ(other_again.kind, Step::Kind::duplicate);
    EXPECT_EQ(other_again.sequence, second.sequence);
    EXPECT_EQ(other_again.leaf, second.leaf);
  }
  const Step conflict = step(heartbeat(hanbit, 2, "/gateway", 7));
  EXPECT_EQ(conflict.kind, Step::Kind::conflict);
  EXPECT_EQ(conflict.first, second.sequence) << "the one with the same source and id, not the first under the key";
}

}  // namespace
}  // namespace jangbu
