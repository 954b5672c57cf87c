#include "ledger/tiles.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/support/format_example.h"
#include "tests/support/json_file.h"

namespace jangbu {
namespace {

using nlohmann::json;

unsigned width_of(const json& partial) {
  const auto width = partial.get<unsigned>();
  return width == 0 ? static_cast<unsigned>(kTileWidth) : width;
}

TEST(Tiles, EveryPublicPathHasItsVerdict) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/tile_paths.json");
  for (const json& row : vectors.at("tile_path")) {
    EXPECT_EQ(to_path({false, {row[0].get<unsigned>(), row[1].get<std::uint64_t>()}, width_of(row[2])}), row[3]);
  }
  for (const json& row : vectors.at("entries_path")) {
    EXPECT_EQ(to_path({true, {0, row[0].get<std::uint64_t>()}, width_of(row[1])}), row[2]);
  }
  for (const json& row : vectors.at("entries_path_for_index")) {
    const TileId tile{0, row[0].get<std::uint64_t>() / kTileWidth};
    EXPECT_EQ(to_path({true, tile, tile_width(tile, TreeSize(row[1].get<std::uint64_t>()))}), row[2]) << row;
  }
  for (const json& row : vectors.at("parse_ok")) {
    const std::string path = "tile/" + row[0].get<std::string>() + "/" + row[1].get<std::string>();
    const auto parsed = parse_tile_path(path);
    ASSERT_TRUE(parsed) << path;
    EXPECT_FALSE(parsed->entries);
    EXPECT_EQ(parsed->tile, (TileId{row[2].get<unsigned>(), row[3].get<std::uint64_t>()}));
    EXPECT_EQ(parsed->width, width_of(row[4]));
    EXPECT_EQ(to_path(*parsed), path);
  }
  for (const json& row : vectors.at("parse_bad")) {
    const std::string path = "tile/" + row[0].get<std::string>() + "/" + row[1].get<std::string>();
    const auto parsed = parse_tile_path(path);
    ASSERT_FALSE(parsed) << path;
    EXPECT_EQ(parsed.error().code, Code::bad_tile_path);
  }
  // The vectors' trees have at most 256 leaves below a node here, so a tile of level 1 is where level 8 begins.
  for (const json& row : vectors.at("node_to_tile")) {
    const TileNode node = tile_of({row.at("level").get<unsigned>(), row.at("index").get<std::uint64_t>()});
    EXPECT_EQ(node, (TileNode{{row.at("tile")[0].get<unsigned>(), row.at("tile")[1].get<std::uint64_t>()},
                              row.at("node")[0].get<unsigned>(),
                              row.at("node")[1].get<std::uint64_t>()}))
        << row;
  }
}

TEST(Tiles, EveryPublicTreeHasItsTiles) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/tile_paths.json");
  for (const json& row : vectors.at("tree_size_geometry")) {
    const TreeSize size(row.at("size").get<std::uint64_t>());
    std::map<std::string, std::uint64_t> counted;
    for (const TilePath& path : tiles_of(size)) {
      EXPECT_EQ(path.width, tile_width(path.tile, size));
      const std::string level = (path.entries ? "entries" : "level" + std::to_string(path.tile.level));
      if (path.width == kTileWidth) {
        ++counted[level + "_full"];
      } else {
        counted[level + "_partial"] = path.width;
      }
    }
    EXPECT_EQ(counted["entries_full"], counted["level0_full"]);
    EXPECT_EQ(counted["entries_partial"], counted["level0_partial"]);
    std::erase_if(counted, [](const auto& item) { return item.first.starts_with("entries") || item.second == 0; });
    json expected = row;
    expected.erase("size");
    EXPECT_EQ(json(counted), expected) << row;
  }
}

TEST(Tiles, PathsHaveOneSpelling) {
  for (const char* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/entries",
                           "tile/entries/",
                           "/tile/0/000",
                           "tile/00/000",
                           "tile/+1/000",
                           "tile/0/0",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/0/x000/000",
                           "tile/0/x001/000/",
                           "tile/0/001/",
                           "tile/0/X001/000",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/+1",
                           "tile/0/000.p/1/2",
                           "tile/0/000.p",
                           "tile/0/000p/1",
                           "tile/0//000",
                           "tile/entries/000.p/256",
                           "tile/64/000",
                           "tile/0/x018/x446/x744/x073/x709/x551/616",
                           "tile/-0/000",
                           "tile/0/000.p/1.p/1",
                           "tile/entries/../000"}) {
    EXPECT_FALSE(parse_tile_path(path)) << path;
  }
  const TilePath largest{false, {63, ~std::uint64_t{0}}, 255};
  EXPECT_EQ(to_path(largest), "tile/63/x018/x446/x744/x073/x709/x551/615.p/255");
  EXPECT_TRUE(parse_tile_path(to_path(largest)));
}

TEST(Tiles, PathsAreAsFormatMdShows) {
  EXPECT_EQ(to_path({false, {0, 1'234'067}, 256}) + "\n" + to_path({false, {1, 0}, 17}) + "\n" +
                to_path({true, {0, 1'234'067}, 112}),
            testing::format_text("tile-paths"));
}

TEST(Tiles, WidthsAtTheEdges) {
  EXPECT_EQ(tile_width({0, 0}, TreeSize(0)), 0U);
  EXPECT_EQ(tile_width({0, 0}, TreeSize(1)), 1U);
  EXPECT_EQ(tile_width({0, 0}, TreeSize(256)), 256U);
  EXPECT_EQ(tile_width({0, 1}, TreeSize(256)), 0U);
  EXPECT_EQ(tile_width({1, 0}, TreeSize(255)), 0U);
  EXPECT_EQ(tile_width({1, 0}, TreeSize(65'537)), 256U);
  EXPECT_EQ(tile_width({0, ~std::uint64_t{0}}, TreeSize(~std::uint64_t{0})), 0U);
  EXPECT_EQ(tile_width({0, (~std::uint64_t{0}) / 256}, TreeSize(~std::uint64_t{0})), 255U);
  EXPECT_EQ(tile_width({8, 0}, TreeSize(~std::uint64_t{0})), 0U);
  EXPECT_TRUE(tiles_of(TreeSize(0)).empty());
}

TEST(Tiles, EveryHashOfATreeIsFoundInItsTiles) {
  constexpr std::uint64_t kSize = 70'001;
  std::map<NodeId, Hash> nodes;
  Frontier frontier;
  for (std::uint64_t at = 0; at < kSize; ++at) {
    const Hash leaf = leaf_hash(std::to_string(at));
    nodes.emplace(NodeId{0, at}, leaf);
    frontier.append(leaf, [&](NodeId node, const Hash& hash) { nodes.emplace(node, hash); });
  }
  std::map<TileId, std::string> tiles;
  for (const TilePath& path : tiles_of(TreeSize(kSize))) {
    if (path.entries) continue;
    std::string& bytes = tiles[path.tile];
    for (std::uint64_t at = 0; at < path.width; ++at) {
      bytes.append(nodes.at({path.tile.level * kTileHeight, path.tile.index * kTileWidth + at}).view());
    }
  }
  for (const auto& [node, hash] : nodes) {
    const auto found = tiles.find(tile_of(node).tile);
    ASSERT_NE(found, tiles.end());
    if (node.level % kTileHeight != 0 && node.index % 61 != 0) continue;  // inner ones are hashed: a sample
    ASSERT_EQ(hash_in_tile(node, found->second).value(), hash) << node.level << "/" << node.index;
  }
  const HashAt from_tiles = [&](NodeId node) { return hash_in_tile(node, tiles.at(tile_of(node).tile)); };
  EXPECT_EQ(root_at(TreeSize(kSize), from_tiles).value(), frontier.root());
}

TEST(Tiles, ATileOfAWrongLengthIsRefused) {
  EXPECT_EQ(hash_in_tile({0, 0}, std::string(31, 'x')).error().code, Code::bad_proof);
  EXPECT_EQ(hash_in_tile({0, 0}, std::string(257 * 32, 'x')).error().code, Code::bad_proof);
  EXPECT_EQ(hash_in_tile({0, 1}, std::string(32, 'x')).error().code, Code::bad_range);
  EXPECT_EQ(hash_in_tile({7, 1}, std::string(255 * 32, 'x')).error().code, Code::bad_range);
}

TEST(Tiles, EveryPublicBundleHasItsVerdict) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/tile_paths.json");
  for (const json& row : vectors.at("entry_bundle")) {
    const std::string bundle = from_hex(row.at("hex").get<std::string>()).value();
    const auto entries = split_bundle(bundle);
    ASSERT_EQ(entries.has_value(), row.at("ok").get<bool>()) << row;
    if (!entries) {
      EXPECT_EQ(entries.error().code, Code::bad_entry);
      continue;
    }
    std::string again;
    for (const std::string_view entry : *entries) append_to_bundle(again, entry);
    EXPECT_EQ(again, bundle);
    if (!row.contains("entries_hex")) continue;
    json hex = json::array();
    for (const std::string_view entry : *entries) hex.push_back(to_hex(entry));
    EXPECT_EQ(hex, row.at("entries_hex"));
  }
}

}  // namespace
}  // namespace jangbu
