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

}  // namespace jangbu
