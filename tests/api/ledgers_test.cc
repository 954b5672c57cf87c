// What comes out: ledgers, pages, streams, proofs, tiles; each held against the tree.
#include <gtest/gtest.h>

#include <sstream>

#include "ledger/checkpoint.h"
#include "ledger/tiles.h"
#include "ledger/tree.h"
#include "tests/api/node_fixture.h"

namespace jangbu::api {
namespace {

using nlohmann::json;
using testing::NodeTest;

class LedgersTest : public NodeTest {
 protected:
  void fill(int events) {
    for (int i = 0; i < events; ++i) {
      const auto queued = node_->submit({*LedgerId::parse("hanbit"), dataset_access(i).dump(), std::nullopt, false},
                                        [](const Result<Placement>& placed) { ASSERT_TRUE(placed); });
      ASSERT_TRUE(queued);
      if (i % 50 == 49) {
        ASSERT_TRUE(node_->commit_pending());
      }
    }
    while (*node_->commit_pending() > 0) {
    }
  }
  static std::vector<Hash> hashes(const json& list) {
    std::vector<Hash> result;
    for (const json& one : list) result.push_back(Hash::from(*from_base64(one.get<std::string>())));
    return result;
  }
};

TEST_F(LedgersTest, ListsWhatTheNodeHas) {
  const Response response = get("/v1/ledgers");
  ASSERT_EQ(response.status, 200) << response.body;
  const json body = json::parse(response.body);
  EXPECT_EQ(body["space"], "medspace");
  std::vector<std::string> names;
  for (const json& ledger : body["ledgers"]) names.push_back(ledger["ledger"]);
  EXPECT_EQ(names, (std::vector<std::string>{"bioai", "hanbit", "hanbit.patients", "haneul", "saebyeok",
                                             "saebyeok.patients"}));
  const Response again = get("/v1/ledgers", {{"If-None-Match", std::string(response.header("etag"))}});
  EXPECT_EQ(again.status, 304);
  const json one = json::parse(get("/v1/ledgers/hanbit").body);
  EXPECT_EQ(one["size"], size_of("hanbit"));
  EXPECT_FALSE(one["keys"].empty());
  EXPECT_EQ(get("/v1/ledgers/nobody").status, 404);
  EXPECT_EQ(get("/v1/ledgers/No%20body").status, 404);
}

TEST_F(LedgersTest, PagesKeepToTheSizeOfTheFirstAndComeToAnEnd) {
  fill(120);
  const std::uint64_t size = size_of("hanbit");
  std::vector<std::uint64_t> numbers;
  std::string target = "/v1/ledgers/hanbit/entries?limit=50";
  for (int pages = 0; !target.empty() && pages < 10; ++pages) {
    const Response response = get(target);
    ASSERT_EQ(response.status, 200) << response.body;
    const json page = json::parse(response.body);
    EXPECT_EQ(page["size"], size);
    for (const json& entry : page["entries"]) numbers.push_back(entry["sequence"]);
    const std::string link(response.header("link"));
    target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    EXPECT_EQ(page.contains("next"), !link.empty());
    if (pages == 0) post_event(dataset_access(5000).dump());
  }
  ASSERT_EQ(numbers.size(), size);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], i);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries?from=" + std::to_string(size + 1)).status, 200);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries?from=" + std::to_string(size + 2)).status, 400);
}

TEST_F(LedgersTest, CursorsOfOthersAreRefused) {
  fill(10);
  const json page = json::parse(get("/v1/ledgers/hanbit/entries?limit=2").body);
  const std::string cursor = page["next"];
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries?cursor=" + cursor).status, 200);
  EXPECT_EQ(get("/v1/ledgers/haneul/entries?cursor=" + cursor).status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries?from=1&cursor=" + cursor).status, 400);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string changed = cursor;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_EQ(get("/v1/ledgers/hanbit/entries?cursor=" + changed).status, 400);
    EXPECT_EQ(get("/v1/ledgers/hanbit/entries?cursor=" + cursor.substr(0, i)).status, 400);
  }
}

TEST_F(LedgersTest, EntriesCarryTheBytesThatTheirLeavesAreHashesOf) {
  fill(3);
  const std::string place = "/v1/ledgers/hanbit/entries/" + std::to_string(size_of("hanbit") - 1);
  const json entry = json::parse(get(place).body);
  const Response raw = get(place, {{"Accept", "application/octet-stream"}});
  EXPECT_EQ(from_base64(entry["bytes"].get<std::string>()).value(), raw.body);
  EXPECT_EQ(entry["leaf"], digest_text(leaf_hash(raw.body)));
  EXPECT_NE(raw.header("cache-control").find("immutable"), std::string::npos);
  EXPECT_EQ(get(place, {{"Accept", "text/html"}}).status, 406);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries/" + std::to_string(size_of("hanbit"))).status, 404);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries/x").status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries/007").status, 400);
}

TEST_F(LedgersTest, AnNdjsonStreamEndsAtTheSizeAndAFollowerWaitsForMore) {
  fill(600);
  const Response whole = get("/v1/ledgers/hanbit/entries?from=1", {{"Accept", "application/x-ndjson"}});
  EXPECT_EQ(whole.content_type, "application/x-ndjson");
  std::istringstream in(whole.body);
  std::uint64_t expected = 1;
  for (std::string line; std::getline(in, line); ++expected) EXPECT_EQ(json::parse(line)["sequence"], expected);
  EXPECT_EQ(expected, size_of("hanbit"));
  EXPECT_EQ(whole.header("jangbu-size"), std::to_string(expected));

  const auto follower = begin({Method::get,
                               "/v1/ledgers/hanbit/entries?follow=true&from=" + std::to_string(expected),
                               {{"Accept", "application/x-ndjson"}}});
  go_on(follower);
  EXPECT_EQ(follower->response().body, "");
  post_event(dataset_access(9000).dump());
  go_on(follower);
  EXPECT_EQ(json::parse(follower->response().body)["sequence"], expected);
  follower->response().stream->close();
  go_on(follower);
  EXPECT_EQ(follower->response().stream, nullptr);
}

TEST_F(LedgersTest, ServerSentEventsGoOnAfterTheLastId) {
  fill(20);
  const std::uint64_t size = size_of("hanbit");
  const auto events = begin({Method::get,
                             "/v1/ledgers/hanbit/entries",
                             {{"Accept", "text/event-stream"}, {"Last-Event-ID", std::to_string(size - 3)}}});
  go_on(events);
  const std::string& body = events->response().body;
  EXPECT_EQ(events->response().content_type, "text/event-stream");
  EXPECT_NE(body.find("id: " + std::to_string(size - 2) + "\nevent: entry\ndata: {"), std::string::npos) << body;
  EXPECT_NE(body.find("id: " + std::to_string(size - 1) + "\n"), std::string::npos);
  EXPECT_EQ(body.find("id: " + std::to_string(size - 3) + "\n"), std::string::npos);
  events->response().stream.reset();
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries", {{"Last-Event-ID", "x"}}).status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries", {{"Last-Event-ID", "3"}}).status, 200);
}

TEST_F(LedgersTest, ProofsVerify) {
  fill(37);
  const auto view = node_->view(*LedgerId::parse("hanbit"));
  const std::uint64_t size = view->size().value();
  for (std::uint64_t number = 0; number < size; number += 3) {
    for (std::uint64_t at = number + 1; at <= size; at += 5) {
      const Response response =
          get("/v1/ledgers/hanbit/entries/" + std::to_string(number) + "/proof?size=" + std::to_string(at));
      ASSERT_EQ(response.status, 200) << response.body;
      const json proof = json::parse(response.body);
      EXPECT_TRUE(verify_inclusion(*parse_digest(proof["leaf"].get<std::string>()), SequenceNumber(number),
                                   TreeSize(at), hashes(proof["proof"]), *view->root_at(TreeSize(at))));
      EXPECT_EQ(proof["root"], digest_text(*view->root_at(TreeSize(at))));
    }
  }
  for (std::uint64_t from = 1; from <= size; from += 4) {
    const json proof = json::parse(get("/v1/ledgers/hanbit/consistency?from=" + std::to_string(from)).body);
    EXPECT_TRUE(verify_consistency(TreeSize(from), TreeSize(size), hashes(proof["proof"]),
                                   *view->root_at(TreeSize(from)), view->root()));
  }
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries/5/proof?size=5").status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/entries/5/proof?size=" + std::to_string(size + 1)).status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/consistency").status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/consistency?from=0").status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/consistency?from=9&to=8").status, 400);
}

TEST_F(LedgersTest, ReceiptsAreFoundBySourceAndId) {
  const Response made = post_event(dataset_access(1).dump());
  const std::string query = "/v1/receipts?source=%2Fhanbit%2Fresearch-platform&id=" + id_of(1);
  EXPECT_EQ(get(query).body, made.body);
  EXPECT_EQ(get(query + "&ledger=hanbit").body, made.body);
  EXPECT_EQ(get(query + "&ledger=haneul").status, 404);
  const Response text = get(query, {{"Accept", "text/plain"}});
  EXPECT_TRUE(text.body.starts_with("c2sp.org/tlog-proof@v1\n")) << text.body;
  EXPECT_EQ(get(query + "&format=tlog-proof").body, text.body);
  EXPECT_EQ(get("/v1/receipts?source=x&id=y").status, 404);
  EXPECT_EQ(get("/v1/receipts?source=x").status, 400);
  EXPECT_EQ(get(query + "&colour=red").status, 400);
}

TEST_F(LedgersTest, TilesAreThoseOfTheTree) {
  fill(600);
  const auto view = node_->view(*LedgerId::parse("hanbit"));
  const Response note = get("/ledgers/hanbit/checkpoint");
  EXPECT_EQ(note.content_type, "text/plain; charset=utf-8");
  const auto checkpoint = open_checkpoint(note.body, view->info().log_key);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->root, view->root());
  Frontier frontier;
  for (const TilePath& path : tiles_of(view->size())) {
    const Response response = get("/ledgers/hanbit/" + to_path(path));
    ASSERT_EQ(response.status, 200) << to_path(path);
    EXPECT_EQ(response.content_type, "application/octet-stream");
    EXPECT_NE(response.header("cache-control").find("immutable"), std::string::npos);
    if (path.entries || path.tile.level > 0) continue;
    ASSERT_EQ(response.body.size(), path.width * 32);
    if (path.tile.index * kTileWidth == frontier.size().value()) {
      for (unsigned i = 0; i < path.width; ++i) frontier.append(Hash::from(response.body.substr(i * 32, 32)));
    }
  }
  EXPECT_EQ(frontier.root(), view->root());
  for (const char* absent : {"tile/0/000.p/0", "tile/0/0", "tile/0/009", "tile/00/000", "tile/0/000.p/256",
                             "tile/64/000", "tile/entries/0", "tile/x/000", "tile/0/000/1", "tile/"}) {
    EXPECT_EQ(get(std::string("/ledgers/hanbit/") + absent).status, 404) << absent;
  }
}

TEST_F(LedgersTest, TheNodeSaysHowItIs) {
  EXPECT_EQ(get("/livez").status, 200);
  const Response ready = get("/readyz");
  EXPECT_EQ(ready.status, 200) << ready.body;
  EXPECT_EQ(json::parse(ready.body)["authentication"], "none");
  const Response metrics = get("/metrics");
  EXPECT_NE(metrics.body.find("jangbu_ledger_size{ledger=\"hanbit\"} " + std::to_string(size_of("hanbit"))),
            std::string::npos)
      << metrics.body;
  EXPECT_NE(metrics.body.find("jangbu_ledger_signed_size{ledger=\"hanbit\"} " + std::to_string(size_of("hanbit"))),
            std::string::npos);
}

TEST_F(LedgersTest, GivesAllCheckpointsInPages) {
  const std::uint64_t size = size_of("hanbit");
  ASSERT_GE(size, 3U);
  const json all = json::parse(get("/v1/ledgers/hanbit/checkpoints").body);
  ASSERT_GE(all["checkpoints"].size(), 2U);
  EXPECT_EQ(all["checkpoints"].back()["size"], size);
  EXPECT_EQ(all["checkpoints"].back()["note"], get("/ledgers/hanbit/checkpoint").body);
  EXPECT_FALSE(all.contains("next"));
  json paged = json::array();
  std::string from = "0";
  for (std::size_t page = 0; page <= all["checkpoints"].size() && !from.empty(); ++page) {
    const json one = json::parse(get("/v1/ledgers/hanbit/checkpoints?limit=1&from=" + from).body);
    ASSERT_LE(one["checkpoints"].size(), 1U);
    for (const json& note : one["checkpoints"]) paged.push_back(note);
    from = one.contains("next") ? one["next"].dump() : "";
  }
  EXPECT_EQ(paged, all["checkpoints"]);
  EXPECT_EQ(
      json::parse(get("/v1/ledgers/hanbit/checkpoints?from=" + std::to_string(size + 1)).body)["checkpoints"].size(),
      0U);
  EXPECT_EQ(get("/v1/ledgers/hanbit/checkpoints?limit=0").status, 400);
  EXPECT_EQ(get("/v1/ledgers/hanbit/checkpoints?from=x").status, 400);
  EXPECT_EQ(get("/v1/ledgers/nowhere/checkpoints").status, 404);
}

}  // namespace
}  // namespace jangbu::api
