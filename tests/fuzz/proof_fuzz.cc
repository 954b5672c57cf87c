// Receipts and proofs under attack: whatever is accepted must be what the log really said. The first two bytes choose
// the log and the entry (or size) that the rest is held against: the text of a receipt, or the hashes of a proof.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schemas/invariant.h"
#include "tests/faults/proof_world.h"

namespace jangbu::testing {
namespace {

void receipt(const ProofWorld& world, const ProofLog& log, std::uint64_t number, std::string_view text) {
  const auto proof = parse_tlog_proof(text);
  if (!proof) return;
  JANGBU_INVARIANT(to_text(*proof) == text, "accepted, and written otherwise");
  const auto checkpoint = verify_tlog_proof(*proof, log.levels[0][number], log.key.verifier());
  if (!checkpoint) return;
  JANGBU_INVARIANT(proof->number.value() == number, "an entry proven at another's place");
  JANGBU_INVARIANT(log.texts.contains(to_text(*checkpoint)), "a checkpoint that the log has not signed");
  const std::vector<VerifierKey> both = {log.key.verifier(), world.witness.verifier()};
  if (const auto note = open_note(proof->checkpoint, both)) {
    for (const NoteSignature& signature : note->signatures) {
      if (signature.name != world.witness.verifier().name() ||
          signature.key_hash != world.witness.verifier().key_hash()) {
        continue;
      }
      const auto time = cosignature_time(signature.blob);
      JANGBU_INVARIANT(time && world.cosigned.contains({note->text, *time}), "a time that the witness has not signed");
    }
  }
}

std::vector<Hash> hashes_of(std::string_view bytes) {
  std::vector<Hash> hashes;
  for (; bytes.size() >= sizeof(Hash); bytes.remove_prefix(sizeof(Hash))) {
    hashes.push_back(Hash::from(bytes.substr(0, sizeof(Hash))));
  }
  return hashes;
}

// A proof has one form only: what is accepted is what the log itself would have given.
void inclusion(const ProofLog& log, std::uint64_t number, std::uint64_t size, const std::vector<Hash>& proof) {
  if (!verify_inclusion(log.levels[0][number], SequenceNumber(number), TreeSize(size), proof, log.roots[size])) return;
  const auto genuine = inclusion_proof(SequenceNumber(number), TreeSize(size), log.hash_at());
  JANGBU_INVARIANT(genuine && *genuine == proof, "an inclusion proof that the log did not give");
}

void consistency(const ProofLog& log, std::uint64_t from, std::uint64_t to, const std::vector<Hash>& proof) {
  if (!verify_consistency(TreeSize(from), TreeSize(to), proof, log.roots[from], log.roots[to])) return;
  const auto genuine = consistency_proof(TreeSize(from), TreeSize(to), log.hash_at());
  JANGBU_INVARIANT(genuine && *genuine == proof, "a consistency proof that the log did not give");
}

void attack(std::string_view bytes) {
  static const ProofWorld world = ProofWorld::make();
  const auto choice = static_cast<unsigned char>(bytes[0]);
  const std::uint64_t at = static_cast<unsigned char>(bytes[1]) % ProofWorld::kEntries;
  const std::string_view rest = bytes.substr(2);
  const ProofLog& log = world.logs[choice / 3 % world.logs.size()];
  if (choice % 3 == 0) return receipt(world, log, at, rest);
  if (rest.empty()) return;
  const std::uint64_t size = static_cast<unsigned char>(rest[0]) % (ProofWorld::kEntries + 1);
  const std::vector<Hash> proof = hashes_of(rest.substr(1));
  if (choice % 3 == 1) return inclusion(log, at, size, proof);
  consistency(log, at, size, proof);
}

}  // namespace
}  // namespace jangbu::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  jangbu::testing::attack({reinterpret_cast<const char*>(data), size});
  return 0;
}
