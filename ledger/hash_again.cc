#include "ledger/hash_again.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace jangbu {
namespace {

class Comparison final : public Store::Visitor {
 public:
  Comparison(std::span<const HashedEntries> entries, std::span<const HashedTile> tiles)
      : entries_(entries), tiles_(tiles) {
    for (const HashedEntries& one : entries) entries_left_ += one.leaves.size();
  }

  void entry(LedgerNumber ledger, SequenceNumber number, std::string_view bytes) override {
    const auto hashed =
        std::find_if(entries_.begin(), entries_.end(), [&](const HashedEntries& one) { return one.ledger == ledger; });
    if (hashed == entries_.end() || number.value() < hashed->begin.value()) {
      same_ = false;
      return;
    }
    const std::uint64_t index = number.value() - hashed->begin.value();
    same_ = same_ && entries_left_ > 0 && index < hashed->leaves.size() && leaf_hash(bytes) == hashed->leaves[index];
    --entries_left_;
  }

  void tile(LedgerNumber ledger, TileId tile, std::string_view bytes) override {
    if (tiles_.empty() || tiles_.front().ledger != ledger || tiles_.front().tile != tile ||
        bytes.size() != kTileWidth * sizeof(Hash)) {
      same_ = false;
      return;
    }
    std::array<Hash, kTileWidth> hashes;
    std::memcpy(hashes.data(), bytes.data(), bytes.size());
    same_ = same_ && TileTree::of(hashes).root() == tiles_.front().root;
    tiles_ = tiles_.subspan(1);
  }

  [[nodiscard]] bool same() const { return same_ && entries_left_ == 0 && tiles_.empty(); }

 private:
  std::span<const HashedEntries> entries_;
  std::span<const HashedTile> tiles_;  // not visited yet
  std::size_t entries_left_ = 0;
  bool same_ = true;
};

}  // namespace

Result<void> hash_again(const Batch& batch, std::span<const HashedEntries> entries, std::span<const HashedTile> tiles) {
  Comparison comparison(entries, tiles);
  if (auto visited = Store::visit(batch, comparison); !visited) return visited;
  if (!comparison.same()) {
    return fail(Code::store_corrupt, "batch", "bytes changed in memory between hashing and storing");
  }
  return {};
}

}  // namespace jangbu
