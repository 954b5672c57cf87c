// C2SP tlog-tiles coordinates and paths (FORMATS.md T3 to T8). No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/numbers.h"
#include "ledger/tree.h"
#include "schemas/error.h"

namespace jangbu {

inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 256;  // hashes in a full tile; 8,192 bytes

struct TileId {
  unsigned level;       // 0 to 63; hashes of NodeId level 8 * level
  std::uint64_t index;  // N
  auto operator<=>(const TileId&) const = default;
};

// A tile or an entry bundle as a path names it; width 256 is the full one.
struct TilePath {
  bool entries;  // tile/entries/...
  TileId tile;
  unsigned width;  // 1 to 256
};

// How wide tile `tile` is in a tree of `size`: 0 (not there) to 256 (T5).
[[nodiscard]] unsigned tile_width(TileId tile, TreeSize size);
// "tile/0/x001/x234/067.p/89", "tile/entries/000": without a leading slash.
[[nodiscard]] std::string to_path(const TilePath& path);
// One spelling for each. Error: bad_tile_path.
[[nodiscard]] Result<TilePath> parse_tile_path(std::string_view path);
// Every tile and bundle, partial ones too, that a tree of `size` has.
[[nodiscard]] std::vector<TilePath> tiles_of(TreeSize size);

// Where a complete subtree's hash is found: the root over `1 << height` hashes of a tile, the `index`-th such.
struct TileNode {
  TileId tile;
  unsigned height;  // 0 to 7
  std::uint64_t index;
  auto operator<=>(const TileNode&) const = default;
};
[[nodiscard]] TileNode tile_of(NodeId node);
// That hash, from the bytes of the tile tile_of(node).tile. Errors: bad_proof (not whole hashes, or more than 256),
// bad_range (a partial tile that ends before it).
[[nodiscard]] Result<Hash> hash_in_tile(NodeId node, std::string_view tile);

// An entry bundle: each entry after its length, 16 bits, big-endian (T8). Asserts that the entry is at most
// kEntryBytesMax long.
void append_to_bundle(std::string& bundle, std::string_view entry);
// Views into `bundle`. Error: bad_entry, `where` the byte.
[[nodiscard]] Result<std::vector<std::string_view>> split_bundle(std::string_view bundle);

}  // namespace jangbu
