// How fast leaves and nodes are hashed, roots grown, proofs made and checked, events signed and verified, on one core.
// One line a workload; the digest tells whether two runs did the same work. --tiny: a thousandth, to see that it runs.
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ledger/hash.h"
#include "ledger/keys.h"
#include "ledger/tree.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr std::size_t kEntryBytes = 664;  // an event of 600 bytes in its entry

void print_machine(std::uint64_t leaves) {
  utsname system{};
  ::uname(&system);
  std::string model = "unknown processor";
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);) {
    if (line.starts_with("model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  std::printf("machine: %s, %u cores, %s %s\n", model.c_str(), std::thread::hardware_concurrency(), system.sysname,
              system.release);
  std::printf("built:   %s, %s; %s; %s\n", __VERSION__,
#ifdef NDEBUG
              "optimised",
#else
              "DEBUG (figures mean nothing)",
#endif
              hash_library().c_str(), signature_library().c_str());
  std::printf("sizes:   %llu leaves, entries of %zu bytes, one thread, seed 1\n\n",
              static_cast<unsigned long long>(leaves), kEntryBytes);
}

// Runs `work(count)` once and prints its rate. Returns the rate.
template <typename Work>
double measure(const char* what, std::uint64_t count, double baseline, Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  const Hash digest = work(count);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double rate = static_cast<double>(count) / std::max(seconds, 1e-9);
  std::printf("%-34s %12.0f/s %9.3f us", what, rate, 1e6 / rate);
  if (baseline > 0) std::printf("  %6.2f x node hash", rate / baseline);
  std::printf("  (%llu, digest %s)\n", static_cast<unsigned long long>(count),
              to_hex(digest.view()).substr(0, 8).c_str());
  return rate;
}

int run(std::uint64_t leaves) {
  print_machine(leaves);
  std::string entry(kEntryBytes, '\0');
  std::vector<std::vector<Hash>> levels(64);
  const HashAt hash_at = [&](NodeId node) -> Result<Hash> { return levels[node.level][node.index]; };

  const double baseline = measure("node hash (baseline)", leaves * 4, 0, [&](std::uint64_t count) {
    Hash hash;
    for (std::uint64_t at = 0; at < count; ++at) hash = node_hash(hash, hash);
    return hash;
  });
  measure("leaf hash", leaves, baseline, [&](std::uint64_t count) {
    Hash hash;
    for (std::uint64_t at = 0; at < count; ++at) {
      std::copy(hash.bytes.begin(), hash.bytes.end(), entry.begin());
      hash = leaf_hash(entry);
    }
    return hash;
  });
  Frontier frontier;
  measure("append to the tree, leaf hashed", leaves, baseline, [&](std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
      std::copy_n(reinterpret_cast<const char*>(&at), sizeof at, entry.begin());
      const Hash leaf = leaf_hash(entry);
      levels[0].push_back(leaf);
      frontier.append(leaf, [&](NodeId node, const Hash& hash) { levels[node.level].push_back(hash); });
    }
    return frontier.root();
  });
  measure("root over stored leaf hashes, leaves", leaves, baseline, [&](std::uint64_t count) {
    Frontier again;
    for (std::uint64_t at = 0; at < count; ++at) again.append(levels[0][at]);
    return again.root();
  });
  const TreeSize size(leaves);
  const Hash root = frontier.root();
  // A fixed step that is odd and large visits the leaves in no order of theirs.
  const auto leaf_at = [&](std::uint64_t at) { return at * 2'654'435'761U % leaves; };
  const std::uint64_t proofs = std::max<std::uint64_t>(leaves / 10, 1);
  std::vector<std::vector<Hash>> made(proofs);
  measure("inclusion proof made", proofs, baseline, [&](std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
      made[at] = inclusion_proof(SequenceNumber(leaf_at(at)), size, hash_at).value();
    }
    return made.back().front();
  });
  measure("inclusion proof verified", proofs, baseline, [&](std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
      const auto verified = verify_inclusion(levels[0][leaf_at(at)], SequenceNumber(leaf_at(at)), size, made[at], root);
      JANGBU_INVARIANT(verified.has_value(), "a good proof refused");
    }
    return root;
  });
  std::vector<Hash> roots(proofs);
  for (std::uint64_t at = 0; at < proofs; ++at) roots[at] = root_at(TreeSize(1 + leaf_at(at)), hash_at).value();
  measure("consistency proof made", proofs, baseline, [&](std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
      made[at] = consistency_proof(TreeSize(1 + leaf_at(at)), size, hash_at).value();
    }
    return roots.back();
  });
  measure("consistency proof verified", proofs, baseline, [&](std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
      const auto verified = verify_consistency(TreeSize(1 + leaf_at(at)), size, made[at], roots[at], root);
      JANGBU_INVARIANT(verified.has_value(), "a good proof refused");
    }
    return root;
  });
  const SigningKey key = SigningKey::from_seed("bench", std::string(32, '\1')).value();
  const std::uint64_t signatures = std::max<std::uint64_t>(leaves / 50, 1);
  const std::string event(600, 'x');
  AuthorSignature signature = sign_event(key, "space/bench", event);
  measure("event of 600 bytes signed", signatures, baseline, [&](std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) signature = sign_event(key, "space/bench", event);
    return sha256({reinterpret_cast<const char*>(signature.signature.data()), signature.signature.size()});
  });
  measure("event of 600 bytes verified", signatures, baseline, [&](std::uint64_t count) {
    for (std::uint64_t at = 0; at < count; ++at) {
      JANGBU_INVARIANT(key.verifier().verify(event_message("space/bench", event), signature.signature),
                       "a good signature refused");
    }
    return root;
  });
  return 0;
}

}  // namespace
}  // namespace jangbu

int main(int count, char** arguments) {
  const bool tiny = count == 2 && std::string_view(arguments[1]) == "--tiny";
  if (count > 1 && !tiny) {
    std::fprintf(stderr, "usage: merkle_bench [--tiny]\n");
    return 2;
  }
  return jangbu::run(tiny ? 1'000 : 1'000'000);
}
