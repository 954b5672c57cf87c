// F6: the verifier under attack. Seeded mutations of everything that proves something; none may be accepted unless what
// it says is what was really signed or is really in the tree. SEED=... F6_COUNT=... bin/faults_test
// --gtest_filter='Verifier*'
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "tests/faults/proof_world.h"

namespace jangbu::testing {
namespace {

// F6_COUNT in all, over the classes below by these parts in 20.
constexpr std::uint64_t kCountDefault = 500'000;

struct Tally {
  const char* what;
  std::uint64_t seed = from_environment("SEED", 20'260'101);
  std::uint64_t tried = 0, unchanged = 0, refused = 0, equivalent = 0, accepted = 0;

  ~Tally() {
    std::printf(
        "F6 %s: %llu mutated (and %llu that came out unchanged), %llu refused, %llu equivalent, %llu ACCEPTED; seed "
        "%llu\n",
        what, as(tried), as(unchanged), as(refused), as(equivalent), as(accepted), as(seed));
  }
  static unsigned long long as(std::uint64_t value) { return value; }

  // The verdict over one mutated object. `true_anyway`: what the verifier would say by accepting it is so.
  void judge(bool verdict, bool true_anyway, const std::string& about) {
    ++tried;
    if (!verdict) {
      ++refused;
    } else if (true_anyway) {
      ++equivalent;
    } else {
      ++accepted;
      ADD_FAILURE() << what << " accepted: " << about << "; seed " << seed;
    }
  }
};

std::uint64_t part(std::uint64_t twentieths) { return from_environment("F6_COUNT", kCountDefault) * twentieths / 20; }

// What counts as true. A raw proof says: these hashes, combined in this way, give this root. Neither number nor size is
// hashed; they only say in which way to combine. So the verdict is right if the tree itself has a proof with that root,
// those hashes and that way, be it for another number or size: signed checkpoints are what binds a size. (Seen with
// SEED=99: growth from 2 to 63 with the last hash and the root of 64 put in, which is the proof of growth from 2
// to 64.)

// The path of M5, from the definition: L or R for the side of each sibling, leaf first. Two (number, size) with one
// path hash alike, so no verifier can tell them apart: that is what a signed size is for.
std::string inclusion_path(std::uint64_t number, std::uint64_t size) {
  if (size == 1) return "";
  std::uint64_t split = 1;
  while (split < size - split) split *= 2;
  if (number < split) return inclusion_path(number, split) + "R";
  return inclusion_path(number - split, size - split) + "L";
}

// The same for M6: r or h for where the path starts (the old root, a hash of its own).
std::string consistency_path(std::uint64_t from, std::uint64_t to, bool whole = true) {
  if (from == to) return whole ? "r" : "h";
  std::uint64_t split = 1;
  while (split < to - split) split *= 2;
  if (from <= split) return consistency_path(from, split, whole) + "R";
  return consistency_path(from - split, to - split, false) + "L";
}

std::optional<std::uint64_t> place_of(const Hash& hash, const std::vector<Hash>& hashes) {
  const auto found = std::find(hashes.begin(), hashes.end(), hash);
  if (found == hashes.end()) return std::nullopt;
  return static_cast<std::uint64_t>(found - hashes.begin());
}

TEST(VerifierUnderAttack, NoMutatedInclusionProofIsAccepted) {
  const ProofWorld world = ProofWorld::make();
  Tally tally{"inclusion"};
  Random random(tally.seed);
  struct Claim {
    Hash leaf;
    std::uint64_t number, size;
    std::vector<Hash> proof;
    Hash root;
    bool operator==(const Claim&) const = default;
  };
  while (tally.tried < part(6)) {
    const ProofLog& log = any_of(random, world.logs);
    const std::uint64_t size = 1 + below(random, log.size());
    const std::uint64_t number = below(random, size);
    const Claim good{log.levels[0][number], number, size,
                     inclusion_proof(SequenceNumber(number), TreeSize(size), log.hash_at()).value(), log.roots[size]};
    Claim bad = good;
    for (std::uint64_t changes = 1 + below(random, 2); changes > 0; --changes) {
      switch (below(random, 8)) {
        case 0:
          flip_bit(random, bad.leaf);
          break;
        case 1:
          bad.leaf = any_of(random, log.levels[0]);
          break;
        case 2:
          bad.number = mutated_number(random, bad.number);
          break;
        case 3:
          bad.size = mutated_number(random, bad.size);
          break;
        case 4:
          flip_bit(random, bad.root);
          break;
        case 5:
          bad.root = any_of(random, log.roots);
          break;
        default:
          mutate_hashes(random, bad.proof, log.levels[below(random, 5)]);
          break;
      }
    }
    if (bad == good) {
      ++tally.unchanged;
      continue;
    }
    const bool verdict =
        verify_inclusion(bad.leaf, SequenceNumber(bad.number), TreeSize(bad.size), bad.proof, bad.root).has_value();
    // True: there is a leaf and a size of this tree that hash by the same path over the same hashes to the same root.
    const auto is_true = [&] {
      const auto leaf = place_of(bad.leaf, log.levels[0]);
      const auto tree = place_of(bad.root, log.roots);
      return leaf && tree && *leaf < *tree && bad.number < bad.size &&
             inclusion_path(bad.number, bad.size) == inclusion_path(*leaf, *tree) &&
             bad.proof == inclusion_proof(SequenceNumber(*leaf), TreeSize(*tree), log.hash_at()).value();
    };
    tally.judge(verdict, verdict && is_true(),
                std::to_string(good.number) + " in " + std::to_string(good.size) + " as " + std::to_string(bad.number) +
                    " in " + std::to_string(bad.size));
  }
  EXPECT_EQ(tally.accepted, 0U);
}

TEST(VerifierUnderAttack, NoMutatedConsistencyProofIsAccepted) {
  const ProofWorld world = ProofWorld::make();
  Tally tally{"consistency"};
  Random random(tally.seed);
  struct Claim {
    std::uint64_t from, to;
    std::vector<Hash> proof;
    Hash from_root, to_root;
    bool operator==(const Claim&) const = default;
  };
  while (tally.tried < part(6)) {
    const ProofLog& log = any_of(random, world.logs);
    const std::uint64_t to = 1 + below(random, log.size());
    const std::uint64_t from = 1 + below(random, to);
    const Claim good{from, to, consistency_proof(TreeSize(from), TreeSize(to), log.hash_at()).value(), log.roots[from],
                     log.roots[to]};
    Claim bad = good;
    for (std::uint64_t changes = 1 + below(random, 2); changes > 0; --changes) {
      Hash& root = below(random, 2) == 0 ? bad.from_root : bad.to_root;
      switch (below(random, 8)) {
        case 0:
          bad.from = mutated_number(random, bad.from);
          break;
        case 1:
          bad.to = mutated_number(random, bad.to);
          break;
        case 2:
          flip_bit(random, root);
          break;
        case 3:
          root = any_of(random, log.roots);
          break;
        case 4:
          std::swap(bad.from_root, bad.to_root);
          break;
        default:
          mutate_hashes(random, bad.proof, log.levels[below(random, 5)]);
          break;
      }
    }
    if (bad == good) {
      ++tally.unchanged;
      continue;
    }
    const bool verdict =
        verify_consistency(TreeSize(bad.from), TreeSize(bad.to), bad.proof, bad.from_root, bad.to_root).has_value();
    // As above: two sizes of this tree with the same path, hashes and roots.
    const auto is_true = [&] {
      const auto old_tree = place_of(bad.from_root, log.roots);
      const auto new_tree = place_of(bad.to_root, log.roots);
      return old_tree && new_tree && *old_tree > 0 && *old_tree <= *new_tree && bad.from > 0 && bad.from <= bad.to &&
             consistency_path(bad.from, bad.to) == consistency_path(*old_tree, *new_tree) &&
             bad.proof == consistency_proof(TreeSize(*old_tree), TreeSize(*new_tree), log.hash_at()).value();
    };
    // Equal sizes and equal roots say nothing about a tree, whatever the root.
    const bool says_nothing = bad.from > 0 && bad.from == bad.to && bad.from_root == bad.to_root && bad.proof.empty();
    tally.judge(verdict, verdict && (says_nothing || is_true()),
                std::to_string(good.from) + " to " + std::to_string(good.to) + " as " + std::to_string(bad.from) +
                    " to " + std::to_string(bad.to));
  }
  EXPECT_EQ(tally.accepted, 0U);
}

// A note's mutated text, judged under the keys of a log and of the witness.
void attack_note(const ProofWorld& world, Random& random, Tally& tally) {
  const ProofLog& log = any_of(random, world.logs);
  const ProofLog& key_of = below(random, 10) == 0 ? any_of(random, world.logs) : log;  // key swaps
  const std::string& good = any_of(random, log.notes);
  const std::string& other = any_of(random, any_of(random, world.logs).notes);
  std::string bad = good;
  for (std::uint64_t changes = 1 + below(random, 2); changes > 0; --changes) mutate_text(random, bad, other);
  if (bad == good && &key_of == &log) {
    ++tally.unchanged;
    return;
  }
  // Alone: the checkpoint must be one that this very log has signed.
  const auto checkpoint = open_checkpoint(bad, key_of.key.verifier());
  tally.judge(checkpoint.has_value(), checkpoint && key_of.texts.contains(to_text(*checkpoint)), bad);
  // With the witness: whoever is said to have signed has signed this text, the witness at this time.
  const std::vector<VerifierKey> trusted{key_of.key.verifier(), world.witness.verifier()};
  const auto note = open_note(bad, trusted);
  bool all_true = note.has_value();
  if (note) {
    for (const VerifierKey* key : note->verified_by) {
      if (key == &trusted[0]) {
        all_true = all_true && key_of.texts.contains(note->text);
        continue;
      }
      for (const NoteSignature& signature : note->signatures) {
        if (signature.name != key->name() || signature.key_hash != key->key_hash()) continue;
        const auto time = cosignature_time(signature.blob);
        all_true = all_true && time && world.cosigned.contains({note->text, *time});
      }
    }
  }
  tally.judge(note.has_value(), all_true, bad);
}

TEST(VerifierUnderAttack, NoMutatedNoteIsAccepted) {
  const ProofWorld world = ProofWorld::make();
  Tally tally{"notes"};
  Random random(tally.seed);
  while (tally.tried < part(4)) attack_note(world, random, tally);
  EXPECT_EQ(tally.accepted, 0U);
  EXPECT_GT(tally.equivalent, 0U) << "changes in signatures of unknown keys are no forgeries; none was tried";
}

TEST(VerifierUnderAttack, NoMutatedReceiptIsAccepted) {
  const ProofWorld world = ProofWorld::make();
  Tally tally{"receipts"};
  Random random(tally.seed);
  const auto receipt = [&](const ProofLog& log, std::uint64_t& number) {
    const std::uint64_t size = 1 + below(random, log.size());
    number = below(random, size);
    TlogProof proof = ProofWorld::receipt(log, number, size);
    if (below(random, 4) == 0) proof.extra = "extra";
    return to_text(proof);
  };
  while (tally.tried < part(3)) {
    const ProofLog& log = any_of(random, world.logs);
    const ProofLog& key_of = below(random, 10) == 0 ? any_of(random, world.logs) : log;
    std::uint64_t number = 0, other_number = 0;
    const std::string good = receipt(log, number);
    const std::string other = receipt(any_of(random, world.logs), other_number);
    std::string bad = good;
    std::string entry = log.entries[number];
    if (below(random, 5) == 0) {
      if (below(random, 2) == 0) {
        mutate_text(random, entry, entry);
      } else {
        entry = any_of(random, log.entries);
      }
    } else {
      for (std::uint64_t changes = 1 + below(random, 2); changes > 0; --changes) mutate_text(random, bad, other);
    }
    if (bad == good && entry == log.entries[number] && &key_of == &log) {
      ++tally.unchanged;
      continue;
    }
    const auto parsed = parse_tlog_proof(bad);
    bool verdict = false, is_true = false;
    if (parsed) {
      const auto checkpoint = verify_tlog_proof(*parsed, leaf_hash(entry), key_of.key.verifier());
      verdict = checkpoint.has_value();
      is_true = checkpoint && key_of.texts.contains(to_text(*checkpoint)) && covers(checkpoint->size, parsed->number) &&
                key_of.entries[parsed->number.value()] == entry &&
                parsed->proof == inclusion_proof(parsed->number, checkpoint->size, key_of.hash_at()).value();
      if (to_text(*parsed) != bad) {
        tally.judge(true, false, "a second spelling of a receipt: " + bad);
        continue;
      }
    }
    tally.judge(verdict, is_true, bad);
  }
  EXPECT_EQ(tally.accepted, 0U);
}

TEST(VerifierUnderAttack, NoMutatedKeyIsAccepted) {
  const ProofWorld world = ProofWorld::make();
  Tally tally{"keys"};
  Random random(tally.seed);
  while (tally.tried < part(1)) {
    const std::string& good = any_of(random, world.logs).key.verifier().text();
    std::string bad = good;
    for (std::uint64_t changes = 1 + below(random, 2); changes > 0; --changes) {
      mutate_text(random, bad, any_of(random, world.logs).key.verifier().text());
    }
    if (bad == good) {
      ++tally.unchanged;
      continue;
    }
    const auto key = VerifierKey::parse(bad);
    const bool known = std::any_of(world.logs.begin(), world.logs.end(),
                                   [&](const ProofLog& log) { return log.key.verifier().text() == bad; });
    tally.judge(key.has_value(), known, bad);
  }
  EXPECT_EQ(tally.accepted, 0U);
}

}  // namespace
}  // namespace jangbu::testing
