// RFC 6962 hashes, roots and proofs (tree.h). M1 to M11 are the rules of the formats page, section 1.
#include "ledger/tree.h"

#include <bit>
#include <string>

namespace jangbu {
namespace {

constexpr std::string_view kLeafPrefix("\x00", 1);
constexpr std::string_view kNodePrefix("\x01", 1);

Error bad_proof(std::string what) { return Error{Code::bad_proof, "", std::move(what)}; }

// The complete subtrees that leaves [begin, end) fall into, largest first. `begin` is a multiple of the largest's
// width, as it is for every range that M4 splits off.
std::vector<NodeId> complete_subtrees(std::uint64_t begin, std::uint64_t end) {
  std::vector<NodeId> nodes;
  while (begin < end) {
    const auto level = static_cast<unsigned>(std::bit_width(end - begin) - 1);
    nodes.push_back(NodeId{level, begin >> level});
    begin += std::uint64_t{1} << level;
  }
  return nodes;
}

// M4, seen from its end: the smaller right part is hashed first and then hung under each larger left one.
Hash fold(const std::vector<Hash>& subtrees) {
  if (subtrees.empty()) return empty_root();
  Hash root = subtrees.back();
  for (std::size_t at = subtrees.size() - 1; at-- > 0;) root = node_hash(subtrees[at], root);
  return root;
}

Result<std::vector<Hash>> read_subtrees(std::uint64_t begin, std::uint64_t end, const HashAt& hash_at) {
  std::vector<Hash> hashes;
  for (const NodeId node : complete_subtrees(begin, end)) {
    auto hash = hash_at(node);
    if (!hash) return tl::unexpected(std::move(hash.error()));
    hashes.push_back(*hash);
  }
  return hashes;
}

// MTH(D[begin:end]).
Result<Hash> range_root(std::uint64_t begin, std::uint64_t end, const HashAt& hash_at) {
  // Most siblings in a proof are one complete subtree.
  if (std::has_single_bit(end - begin)) {
    const auto level = static_cast<unsigned>(std::countr_zero(end - begin));
    return hash_at(NodeId{level, begin >> level});
  }
  auto hashes = read_subtrees(begin, end, hash_at);
  if (!hashes) return tl::unexpected(std::move(hashes.error()));
  return fold(*hashes);
}

// Leaves [begin, end) of a proof's sibling.
struct Range {
  std::uint64_t begin, end;
};

// The roots of `ranges`, last first: the recursions of M5 and M6 append on their way up.
Result<std::vector<Hash>> roots_upwards(const std::vector<Range>& ranges, const HashAt& hash_at) {
  std::vector<Hash> proof;
  proof.reserve(ranges.size());
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    auto root = range_root(range->begin, range->end, hash_at);
    if (!root) return tl::unexpected(std::move(root.error()));
    proof.push_back(*root);
  }
  return proof;
}

}  // namespace

Hash empty_root() { return sha256({}); }

Hash leaf_hash(std::string_view entry_bytes) {
  Sha256 hash;
  hash.update(kLeafPrefix);
  hash.update(entry_bytes);
  return hash.finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
  Sha256 hash;
  hash.update(kNodePrefix);
  hash.update(left.view());
  hash.update(right.view());
  return hash.finish();
}

Hash Frontier::root() const { return fold(stack_); }

Result<Frontier> Frontier::load(TreeSize size, const HashAt& hash_at) {
  auto hashes = read_subtrees(0, size.value(), hash_at);
  if (!hashes) return tl::unexpected(std::move(hashes.error()));
  Frontier frontier;
  frontier.size_ = size;
  frontier.stack_ = std::move(*hashes);
  return frontier;
}

Result<Hash> root_at(TreeSize size, const HashAt& hash_at) { return range_root(0, size.value(), hash_at); }

Result<std::vector<Hash>> inclusion_proof(SequenceNumber number, TreeSize size, const HashAt& hash_at) {
  if (!covers(size, number)) {
    return fail(Code::bad_range, std::to_string(number.value()),
                "no such entry in a tree of " + std::to_string(size.value()));
  }
  // M5, from the root down: at each split the half without the leaf is a sibling.
  std::vector<Range> siblings;
  Range at{0, size.value()};
  while (at.end - at.begin > 1) {
    const std::uint64_t split = at.begin + std::bit_floor(at.end - at.begin - 1);
    if (number.value() < split) {
      siblings.push_back(Range{split, at.end});
      at.end = split;
    } else {
      siblings.push_back(Range{at.begin, split});
      at.begin = split;
    }
  }
  return roots_upwards(siblings, hash_at);
}

Result<std::vector<Hash>> consistency_proof(TreeSize from, TreeSize to, const HashAt& hash_at) {
  if (from.value() == 0 || from > to) {
    return fail(Code::bad_range, std::to_string(from.value()),
                "growth can be proven from 1 to " + std::to_string(to.value()));
  }
  // M6, from the root down. The old tree's right edge lies in [at.begin, from); once that is a whole subtree, it is
  // SUBPROOF's end: its hash is in the proof unless it is the whole old tree, whose root the verifier has.
  std::vector<Range> siblings;
  Range at{0, to.value()};
  while (at.end != from.value()) {
    const std::uint64_t split = at.begin + std::bit_floor(at.end - at.begin - 1);
    if (from.value() <= split) {
      siblings.push_back(Range{split, at.end});
      at.end = split;
    } else {
      siblings.push_back(Range{at.begin, split});
      at.begin = split;
    }
  }
  if (at.begin != 0) siblings.push_back(at);
  return roots_upwards(siblings, hash_at);
}

Result<void> verify_inclusion(const Hash& leaf, SequenceNumber number, TreeSize size, std::span<const Hash> proof,
                              const Hash& root) {
  // M7, as RFC 9162 section 2.1.3.2 writes it.
  if (!covers(size, number)) {
    return tl::unexpected(
        bad_proof("entry " + std::to_string(number.value()) + " is not in a tree of " + std::to_string(size.value())));
  }
  std::uint64_t fn = number.value();
  std::uint64_t sn = size.value() - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (sn == 0) return tl::unexpected(bad_proof("more hashes than the tree has levels"));
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return tl::unexpected(bad_proof("fewer hashes than the tree has levels"));
  if (hash != root) return tl::unexpected(bad_proof("the proof leads to another root"));
  return {};
}

Result<void> verify_consistency(TreeSize from, TreeSize to, std::span<const Hash> proof, const Hash& from_root,
                                const Hash& to_root) {
  // M10: nothing can be proven about the empty tree; who starts from nothing says so outside the proof.
  if (from.value() == 0) return tl::unexpected(bad_proof("growth from the empty tree has no proof"));
  if (from > to) {
    return tl::unexpected(
        bad_proof("a tree of " + std::to_string(to.value()) + " cannot extend one of " + std::to_string(from.value())));
  }
  if (from == to) {  // M9
    if (!proof.empty()) return tl::unexpected(bad_proof("a proof between equal sizes must be empty"));
    if (from_root != to_root) return tl::unexpected(bad_proof("two roots for one size"));
    return {};
  }
  // M8, as RFC 9162 section 2.1.4.2 writes it.
  if (proof.empty()) return tl::unexpected(bad_proof("an empty proof between different sizes"));
  std::uint64_t fn = from.value() - 1;
  std::uint64_t sn = to.value() - 1;
  const int shift = std::countr_one(fn);
  fn = shift == 64 ? 0 : fn >> shift;
  sn = shift == 64 ? 0 : sn >> shift;
  // An old tree of 2^n leaves is a node of the new one: the path starts at its root, which the verifier has.
  const bool starts_at_root = std::has_single_bit(from.value());
  Hash old_hash = starts_at_root ? from_root : proof.front();
  Hash new_hash = old_hash;
  for (const Hash& sibling : starts_at_root ? proof : proof.subspan(1)) {
    if (sn == 0) return tl::unexpected(bad_proof("more hashes than the tree has levels"));
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = node_hash(sibling, old_hash);
      new_hash = node_hash(sibling, new_hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return tl::unexpected(bad_proof("fewer hashes than the tree has levels"));
  if (old_hash != from_root) return tl::unexpected(bad_proof("the proof leads to another old root"));
  if (new_hash != to_root) return tl::unexpected(bad_proof("the proof leads to another new root"));
  return {};
}

}  // namespace jangbu
