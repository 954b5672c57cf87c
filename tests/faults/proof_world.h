// What the verifier is attacked with: a few ledgers whose every leaf, root and signature is known, and seeded mutations
// of the texts and proofs that they give out. Used by the F6 tests.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/checkpoint.h"
#include "ledger/hash.h"
#include "ledger/keys.h"
#include "ledger/note.h"
#include "ledger/tree.h"

namespace jangbu::testing {

using Random = std::mt19937_64;

// From 0 to `bound` - 1.
inline std::uint64_t below(Random& random, std::uint64_t bound) { return random() % bound; }
template <typename Container>
auto& any_of(Random& random, Container& from) {
  return from[below(random, from.size())];
}

// SEED and F6_COUNT, so that a run is repeated and the nightly one is larger.
inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct ProofLog {
  SigningKey key;
  std::vector<std::string> entries;
  std::vector<std::vector<Hash>> levels;  // levels[l][i] is NodeId{l, i}
  std::vector<Hash> roots;                // by size
  std::vector<std::string> notes;         // by size; cosigned
  std::set<std::string> texts;            // that the log has signed

  [[nodiscard]] HashAt hash_at() const {
    return [this](NodeId node) -> Result<Hash> { return levels.at(node.level).at(node.index); };
  }
  [[nodiscard]] std::uint64_t size() const { return entries.size(); }
};

struct ProofWorld {
  std::vector<ProofLog> logs;
  SigningKey witness;
  std::set<std::pair<std::string, std::uint64_t>> cosigned;  // (text, time) that the witness has signed

  static constexpr std::uint64_t kEntries = 70;

  static ProofLog make_log(const std::string& origin, char fill) {
    ProofLog log{SigningKey::from_seed(origin, std::string(32, fill)).value(), {}, {}, {}, {}, {}};
    Frontier frontier;
    log.levels.resize(8);
    log.roots.push_back(frontier.root());
    for (std::uint64_t at = 0; at < kEntries; ++at) {
      log.entries.push_back(origin + " entry " + std::to_string(at));
      const Hash leaf = leaf_hash(log.entries.back());
      log.levels[0].push_back(leaf);
      frontier.append(leaf, [&](NodeId node, const Hash& hash) { log.levels[node.level].push_back(hash); });
      log.roots.push_back(frontier.root());
    }
    return log;
  }

  static ProofWorld make() {
    ProofWorld world{
        {}, SigningKey::from_seed("witness.example/w", std::string(32, 'w'), NoteKeyType::cosignature_v1).value(), {}};
    // Two ledgers of one space, and one under the same name with another key.
    world.logs.push_back(make_log("medspace/hanbit", 'a'));
    world.logs.push_back(make_log("medspace/saebit", 'b'));
    world.logs.push_back(make_log("medspace/hanbit", 'c'));
    for (ProofLog& log : world.logs) {
      for (std::uint64_t size = 0; size <= kEntries; ++size) {
        const Checkpoint checkpoint{log.key.verifier().name(), TreeSize(size), log.roots[size], {}};
        const std::string text = to_text(checkpoint);
        const std::uint64_t time = 1'700'000'000 + size;
        log.texts.insert(text);
        world.cosigned.emplace(text, time);
        log.notes.push_back(sign_checkpoint(checkpoint, log.key).value() +
                            signature_line(cosign(world.witness, text, time)));
      }
    }
    return world;
  }

  // A receipt of `log`, at `number` under the checkpoint of `size`.
  static TlogProof receipt(const ProofLog& log, std::uint64_t number, std::uint64_t size) {
    TlogProof proof;
    proof.number = SequenceNumber(number);
    proof.proof = inclusion_proof(SequenceNumber(number), TreeSize(size), log.hash_at()).value();
    proof.checkpoint = log.notes[size];
    return proof;
  }
};

inline std::uint64_t mutated_number(Random& random, std::uint64_t value) {
  switch (below(random, 7)) {
    case 0:
      return value + 1;
    case 1:
      return value - 1;
    case 2:
      return value * 2;
    case 3:
      return value / 2;
    case 4:
      return value ^ (std::uint64_t{1} << below(random, 64));
    case 5:
      return below(random, ProofWorld::kEntries + 2);
    default:
      return random();
  }
}

inline void flip_bit(Random& random, Hash& hash) {
  const std::uint64_t bit = below(random, 256);
  hash.bytes[bit / 8] = static_cast<std::uint8_t>(hash.bytes[bit / 8] ^ (1U << bit % 8));
}

// One change to a list of hashes. `others` are hashes of the same ledger.
inline void mutate_hashes(Random& random, std::vector<Hash>& hashes, const std::vector<Hash>& others) {
  const std::uint64_t kind = hashes.empty() ? 4 : below(random, 7);
  const auto at = [&] { return static_cast<std::ptrdiff_t>(below(random, hashes.size())); };
  switch (kind) {
    case 0:
      flip_bit(random, any_of(random, hashes));
      return;
    case 1:
      std::swap(any_of(random, hashes), any_of(random, hashes));
      return;
    case 2:
      hashes.erase(hashes.begin() + at());
      return;
    case 3: {
      const Hash again = any_of(random, hashes);
      hashes.insert(hashes.begin() + at(), again);
      return;
    }
    case 4:
      hashes.push_back(any_of(random, others));
      return;
    case 5:
      any_of(random, hashes) = any_of(random, others);
      return;
    default:
      hashes.insert(hashes.begin(), any_of(random, others));
      return;
  }
}

// Lines with their newlines.
inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    lines.back().push_back(c);
    if (c == '\n') lines.emplace_back();
  }
  return lines;
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

// Another spelling of base64 that some decoders take: unused bits, padding, alphabet, white space.
inline void respell_base64(Random& random, std::string& text) {
  static const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto find = [&](const char* any) { return text.find_first_of(any, below(random, text.size())); };
  switch (below(random, 5)) {
    case 0:
      if (const auto pad = find("="); pad != std::string::npos && pad > 0) {
        const auto digit = kDigits.find(text[pad - 1]);
        if (digit != std::string::npos) text[pad - 1] = kDigits[digit ^ (1 + below(random, 3))];
      }
      return;
    case 1:
      if (const auto pad = find("="); pad != std::string::npos) text.erase(pad, 1 + below(random, 2));
      return;
    case 2:
      if (const auto pad = find("="); pad != std::string::npos) text.insert(pad, 1, '=');
      return;
    case 3:
      if (const auto digit = find("+/"); digit != std::string::npos) text[digit] = text[digit] == '+' ? '-' : '_';
      return;
    default:
      text.insert(below(random, text.size() + 1), 1, " \r\n\t"[below(random, 4)]);
      return;
  }
}

// One change to a text; `other` is a valid text of the same sort.
inline void mutate_text(Random& random, std::string& text, const std::string& other) {
  if (text.empty()) return;
  const std::size_t at = below(random, text.size());
  const std::size_t length = 1 + below(random, text.size() - at);
  switch (below(random, 13)) {
    case 0:
    case 1:
      text[at] = static_cast<char>(text[at] ^ (1 << below(random, 8)));
      return;
    case 2:
      text[at] = "\n \t+/=0123456789Aa\xE2-"[below(random, 20)];
      return;
    case 3:
      std::swap(text[at], any_of(random, text));
      return;
    case 4:
      text.resize(at);
      return;
    case 5:
      text.erase(at, below(random, 2) == 0 ? 1 : length);
      return;
    case 6:
      text.insert(below(random, text.size() + 1), text.substr(at, length));
      return;
    case 7: {
      auto lines = lines_of(text);
      std::swap(any_of(random, lines), any_of(random, lines));
      text = joined(lines);
      return;
    }
    case 8: {
      auto lines = lines_of(text);
      const auto line = static_cast<std::ptrdiff_t>(below(random, lines.size()));
      if (below(random, 2) == 0) {
        lines.erase(lines.begin() + line);
      } else {
        const std::string again = lines[static_cast<std::size_t>(line)];
        lines.insert(lines.begin() + line, again);
      }
      text = joined(lines);
      return;
    }
    case 9: {
      // A line of the other text in the place of ours: another size, another root, another's signature.
      auto lines = lines_of(text);
      auto from = lines_of(other);
      const std::size_t line = below(random, std::min(lines.size(), from.size()));
      if (below(random, 2) == 0) {
        lines[line] = from[line];
      } else {
        any_of(random, lines) = any_of(random, from);
      }
      text = joined(lines);
      return;
    }
    case 10: {
      const std::size_t digit = text.find_first_of("0123456789", at);
      if (digit == std::string::npos) return;
      const char digits[] = {"0123456789"[below(random, 10)], '\0'};
      if (below(random, 2) == 0) {
        text[digit] = digits[0];
      } else {
        text.insert(digit, digits);
      }
      return;
    }
    default:
      respell_base64(random, text);
      return;
  }
}

}  // namespace jangbu::testing
