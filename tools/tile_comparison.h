// TileComparison: do the tiles that somebody serves or keeps hold the hashes of the entries beside them? Leaf hashes go
// in; every tile of the tree is asked for once, when it is complete, and the partial ones at the end. Used by
// `jangbu verify` and tests. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ledger/hash.h"
#include "ledger/tiles.h"
#include "ledger/tree.h"
#include "schemas/error.h"

namespace jangbu::tools {

class TileComparison {
 public:
  // The bytes that are kept under a path.
  using Fetch = std::function<Result<std::string>(const TilePath&)>;
  explicit TileComparison(Fetch fetch) : fetch_(std::move(fetch)) {}

  void add(const Hash& leaf);
  // The partial tiles of the tree as it is now. Once.
  void finish();

  [[nodiscard]] std::uint64_t compared() const { return compared_; }
  // What differs or cannot be had: `where` the tile's path.
  [[nodiscard]] const std::vector<Error>& findings() const { return findings_; }

  // Bytes against the hashes that belong there. Error: bad_proof, `where` the path.
  [[nodiscard]] static Result<void> compare(const TilePath& path, std::string_view bytes,
                                            const std::vector<Hash>& expected);

 private:
  struct Level {
    std::uint64_t index = 0;   // of the tile that is being filled
    std::vector<Hash> hashes;  // of it
  };
  void put(std::size_t level, const Hash& hash);
  void look_at(std::size_t level);

  Fetch fetch_;
  Frontier frontier_;
  std::vector<Level> levels_;
  std::uint64_t compared_ = 0;
  std::vector<Error> findings_;
};

}  // namespace jangbu::tools
