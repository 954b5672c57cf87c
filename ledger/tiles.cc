// Tile coordinates, paths and bundles (tiles.h). T numbers the rules of the formats page, section 4.
#include "ledger/tiles.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "schemas/bounds.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr unsigned kLevelMax = 63;
constexpr std::size_t kHashBytes = sizeof(Hash);

// How many hashes level `level` of tiles has in a tree of `size`: complete subtrees of 256^level leaves (T4).
std::uint64_t hashes_at(unsigned level, TreeSize size) {
  return level * kTileHeight >= 64 ? 0 : size.value() >> (level * kTileHeight);
}

// T3: groups of three digits, all but the last marked with an x.
std::string index_path(std::uint64_t index) {
  std::string digits = std::to_string(index);
  digits.insert(0, (3 - digits.size() % 3) % 3, '0');
  std::string path;
  for (std::size_t at = 0; at < digits.size(); at += 3) {
    if (at + 3 < digits.size()) path.push_back('x');
    path.append(digits, at, 3);
    if (at + 3 < digits.size()) path.push_back('/');
  }
  return path;
}

// Digits only; other spellings of a number are found when the path is written again.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<TilePath> read_path(std::string_view path) {
  constexpr std::string_view kPrefix = "tile/";
  constexpr std::string_view kEntries = "entries";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  TilePath result{path.substr(0, slash) == kEntries, TileId{0, 0}, static_cast<unsigned>(kTileWidth)};
  if (!result.entries) {
    const auto level = parse_digits(path.substr(0, slash));
    if (!level || *level > kLevelMax) return std::nullopt;
    result.tile.level = static_cast<unsigned>(*level);
  }
  path.remove_prefix(slash + 1);
  if (const std::size_t dot = path.find(".p/"); dot != std::string_view::npos) {
    const auto width = parse_digits(path.substr(dot + 3));
    if (!width || *width == 0 || *width >= kTileWidth) return std::nullopt;
    result.width = static_cast<unsigned>(*width);
    path = path.substr(0, dot);
  }
  std::string digits;
  for (const char c : path) {
    if (c != 'x' && c != '/') digits.push_back(c);
  }
  const auto index = parse_digits(digits);
  if (!index) return std::nullopt;
  result.tile.index = *index;
  return result;
}

}  // namespace

unsigned tile_width(TileId tile, TreeSize size) {
  const std::uint64_t hashes = hashes_at(tile.level, size);
  if (tile.index > hashes / kTileWidth) return 0;  // before multiplying: no overflow
  return static_cast<unsigned>(std::min(kTileWidth, hashes - tile.index * kTileWidth));  // T5
}

std::string to_path(const TilePath& path) {
  JANGBU_INVARIANT(path.width >= 1 && path.width <= kTileWidth && path.tile.level <= kLevelMax,
                   std::to_string(path.width));
  std::string text = path.entries ? "tile/entries/" : "tile/" + std::to_string(path.tile.level) + "/";
  text.append(index_path(path.tile.index));
  if (path.width < kTileWidth) text.append(".p/").append(std::to_string(path.width));
  return text;
}

Result<TilePath> parse_tile_path(std::string_view path) {
  // Read with some leave, then held to the one spelling.
  const auto read = read_path(path);
  if (!read || to_path(*read) != path) return fail(Code::bad_tile_path, "", "not the path of a tile or entry bundle");
  return *read;
}

std::vector<TilePath> tiles_of(TreeSize size) {
  std::vector<TilePath> paths;
  const auto add = [&](bool entries, unsigned level) {
    for (TileId tile{level, 0};; ++tile.index) {
      const unsigned width = tile_width(tile, size);
      if (width == 0) break;  // T5: empty ones are not there
      paths.push_back(TilePath{entries, tile, width});
      if (width < kTileWidth) break;
    }
  };
  for (unsigned level = 0; hashes_at(level, size) > 0; ++level) add(false, level);
  add(true, 0);
  return paths;
}

TileNode tile_of(NodeId node) {
  const unsigned height = node.level % kTileHeight;
  // A tile has 2^(8 - height) subtrees of that height.
  const unsigned bits = kTileHeight - height;
  return TileNode{TileId{node.level / kTileHeight, node.index >> bits}, height,
                  node.index & ((std::uint64_t{1} << bits) - 1)};
}

Result<Hash> hash_in_tile(NodeId node, std::string_view tile) {
  const TileNode at = tile_of(node);
  const std::uint64_t count = std::uint64_t{1} << at.height;
  const std::uint64_t first = at.index * count;
  if (tile.size() % kHashBytes != 0 || tile.size() > kTileWidth * kHashBytes) {
    return fail(Code::bad_proof, "", "a tile of a wrong length");
  }
  if (first + count > tile.size() / kHashBytes) {
    return fail(Code::bad_range, "", "a partial tile that ends before this hash");
  }
  Frontier frontier;
  for (std::uint64_t leaf = first; leaf < first + count; ++leaf) {
    frontier.append(Hash::from(tile.substr(leaf * kHashBytes, kHashBytes)));
  }
  return frontier.root();
}

void append_to_bundle(std::string& bundle, std::string_view entry) {
  JANGBU_INVARIANT(entry.size() <= kEntryBytesMax, std::to_string(entry.size()));
  bundle.push_back(static_cast<char>(entry.size() >> 8));
  bundle.push_back(static_cast<char>(entry.size() & 255));
  bundle.append(entry);
}

Result<std::vector<std::string_view>> split_bundle(std::string_view bundle) {
  std::vector<std::string_view> entries;
  for (std::size_t at = 0; at < bundle.size();) {
    if (bundle.size() - at < 2) return fail(Code::bad_entry, "byte " + std::to_string(at), "a bundle that ends early");
    const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(bundle[at])) << 8 |
                             static_cast<unsigned char>(bundle[at + 1]);
    if (bundle.size() - at - 2 < size) {
      return fail(Code::bad_entry, "byte " + std::to_string(at), "a bundle that ends within an entry");
    }
    entries.push_back(bundle.substr(at + 2, size));
    at += 2 + size;
  }
  return entries;
}

}  // namespace jangbu
