// The Merkle tree of RFC 6962 section 2.1: hashes, roots, proofs and their verification (FORMATS.md M1 to M11 number
// the rules). No I/O: what has to be read is asked for through HashAt. Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "ledger/hash.h"
#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu {

[[nodiscard]] Hash empty_root();                                    // M1
[[nodiscard]] Hash leaf_hash(std::string_view entry_bytes);         // M2
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);  // M3

// A complete subtree: leaves [index << level, (index + 1) << level).
struct NodeId {
  unsigned level;  // 0: a leaf
  std::uint64_t index;
  auto operator<=>(const NodeId&) const = default;
};
// Gives the hash of a complete subtree that lies within the tree. Errors pass through.
using HashAt = std::function<Result<Hash>(NodeId)>;

// The right edge of a growing tree: the roots of its complete subtrees, largest first. What an append needs, and no
// more.
class Frontier {
 public:
  [[nodiscard]] TreeSize size() const { return size_; }
  [[nodiscard]] Hash root() const;
  // `completed(NodeId, Hash)` is called for each subtree of level >= 1 that this leaf completes, lowest first.
  template <typename Completed>
  void append(const Hash& leaf, Completed&& completed) {
    Hash hash = leaf;
    std::uint64_t index = size_.value();
    unsigned level = 0;
    while ((index & 1) != 0) {
      hash = node_hash(stack_.back(), hash);
      stack_.pop_back();
      index >>= 1;
      ++level;
      completed(NodeId{level, index}, hash);
    }
    stack_.push_back(hash);
    size_ = TreeSize(size_.value() + 1);
  }
  void append(const Hash& leaf) {
    append(leaf, [](NodeId, const Hash&) {});
  }
  // Rebuilds the frontier of a tree of `size` from its complete subtrees.
  [[nodiscard]] static Result<Frontier> load(TreeSize size, const HashAt& hash_at);

 private:
  TreeSize size_;
  std::vector<Hash> stack_;
};

[[nodiscard]] Result<Hash> root_at(TreeSize size, const HashAt& hash_at);
// M5. `number` < `size`, else bad_range.
[[nodiscard]] Result<std::vector<Hash>> inclusion_proof(SequenceNumber number, TreeSize size, const HashAt& hash_at);
// M6. 1 <= `from` <= `to`, else bad_range; empty when equal.
[[nodiscard]] Result<std::vector<Hash>> consistency_proof(TreeSize from, TreeSize to, const HashAt& hash_at);

// M7. Error: bad_proof.
[[nodiscard]] Result<void> verify_inclusion(const Hash& leaf, SequenceNumber number, TreeSize size,
                                            std::span<const Hash> proof, const Hash& root);
// M8 to M10: `from` of 0 is an error in every case. Error: bad_proof.
[[nodiscard]] Result<void> verify_consistency(TreeSize from, TreeSize to, std::span<const Hash> proof,
                                              const Hash& from_root, const Hash& to_root);

}  // namespace jangbu
