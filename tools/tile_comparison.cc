#include "tools/tile_comparison.h"

namespace jangbu::tools {

Result<void> TileComparison::compare(const TilePath& path, std::string_view bytes, const std::vector<Hash>& expected) {
  if (bytes.size() != expected.size() * 32) {
    return fail(Code::bad_proof, to_path(path),
                "holds " + std::to_string(bytes.size()) + " bytes, not " + std::to_string(expected.size() * 32));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (bytes.substr(i * 32, 32) != expected[i].view()) {
      return fail(Code::bad_proof, to_path(path),
                  "its hash " + std::to_string(i) + " is not that of the entries below it");
    }
  }
  return {};
}

void TileComparison::look_at(std::size_t level) {
  const Level& at = levels_[level];
  const TilePath path{false, TileId{static_cast<unsigned>(level), at.index}, static_cast<unsigned>(at.hashes.size())};
  ++compared_;
  const auto bytes = fetch_(path);
  if (!bytes) {
    findings_.push_back(Error{bytes.error().code, to_path(path), bytes.error().what});
  } else if (auto same = compare(path, *bytes, at.hashes); !same) {
    findings_.push_back(same.error());
  }
}

void TileComparison::put(std::size_t level, const Hash& hash) {
  if (levels_.size() <= level) levels_.resize(level + 1);
  levels_[level].hashes.push_back(hash);
  if (levels_[level].hashes.size() < kTileWidth) return;
  look_at(level);
  levels_[level].hashes.clear();
  ++levels_[level].index;
}

void TileComparison::add(const Hash& leaf) {
  put(0, leaf);
  frontier_.append(leaf, [this](NodeId node, const Hash& hash) {
    if (node.level % kTileHeight == 0) put(node.level / kTileHeight, hash);
  });
}

void TileComparison::finish() {
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    if (!levels_[level].hashes.empty()) look_at(level);
  }
}

}  // namespace jangbu::tools
