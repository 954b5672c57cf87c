// The projections over a real node: what sources_of() makes of its views.
#include <gtest/gtest.h>

#include <string>

#include "consumers/projections/search.h"
#include "tests/ledger/space_fixture.h"
#include "tests/support/projections.h"

namespace jangbu::consumers {
namespace {

using testing::catch_up;
using testing::contract_types;
using testing::heartbeat;
using testing::open_store;
using testing::TestSpace;

TEST(NodeSource, EventsOfANodeAreFoundWithTheirPlacesBeforeAndAfterTheyAreIndexed) {
  const TestSpace space;
  const auto node = space.open();
  const LedgerId hanbit = testing::ledger("hanbit");
  std::vector<Submission> submissions;
  for (std::uint64_t i = 1; i <= 1500; ++i) submissions.push_back(Submission{hanbit, heartbeat(hanbit, i), {}, false});
  for (const auto& placed : testing::put(*node, std::move(submissions))) ASSERT_TRUE(placed);
  ASSERT_TRUE(testing::put(*node, hanbit, "not an event"));

  const Sources sources = sources_of(node->views());
  std::size_t with_ticks = 0;
  for (const auto& source : sources) {
    if (source->has_ticks()) ++with_ticks;
  }
  EXPECT_EQ(with_ticks, 1U);
  const auto store = open_store(space.folder / "projections");
  const auto find = [&](std::string_view type) {
    SearchQuery query;
    query.terms = {Term{TermKind::type, std::string(type)}};
    query.order = Order::oldest_first;
    std::vector<std::uint64_t> sequences;
    std::string cursor;
    do {
      const auto page = search(*store, contract_types(), sources, query, 700, cursor);
      EXPECT_TRUE(page) << to_string(page.error());
      if (!page) break;
      for (const SearchRow& row : page->rows) {
        EXPECT_EQ(row.ledger, hanbit);
        sequences.push_back(row.sequence.value());
      }
      cursor = page->next;
    } while (!cursor.empty());
    return sequences;
  };
  const auto before = find("source.heartbeat");
  ASSERT_EQ(before.size(), 1500U);
  const auto first = node->view(hanbit)->entry(SequenceNumber(before.front()));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->entry.body, heartbeat(hanbit, 1));
  catch_up(*store, sources);
  EXPECT_EQ(lag(*store, sources), 0U);
  EXPECT_EQ(find("source.heartbeat"), before);
  EXPECT_EQ(find("rejected"), std::vector<std::uint64_t>{before.back() + 1});
}

}  // namespace
}  // namespace jangbu::consumers
