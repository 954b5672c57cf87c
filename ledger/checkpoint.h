// C2SP tlog-checkpoint (FORMATS.md C1 to C4) and tlog-proof (P1, P2): a ledger's size and root as text. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/hash.h"
#include "ledger/note.h"
#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu {

struct Checkpoint {
  std::string origin;
  TreeSize size;
  Hash root;
  std::vector<std::string> extensions;  // lines, none in ours
};

// The note's text. Error: bad_checkpoint.
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view note_text);
[[nodiscard]] std::string to_text(const Checkpoint& checkpoint);
[[nodiscard]] Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& log_key);
// Opens the note under `log_key`, whose name must equal the origin. Errors: bad_note, bad_checkpoint.
[[nodiscard]] Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& log_key);

// A tlog-proof file: that the entry at `number` is in the tree of the checkpoint below it.
struct TlogProof {
  std::optional<std::string> extra;  // unauthenticated
  SequenceNumber number;
  std::vector<Hash> proof;
  std::string checkpoint;  // the signed note, verbatim
};
[[nodiscard]] std::string to_text(const TlogProof& proof);
[[nodiscard]] Result<TlogProof> parse_tlog_proof(std::string_view text);  // bad_proof
// The whole check of P2 for an entry's leaf hash. Errors: bad_note, bad_checkpoint, bad_proof.
[[nodiscard]] Result<Checkpoint> verify_tlog_proof(const TlogProof& proof, const Hash& leaf,
                                                   const VerifierKey& log_key);

}  // namespace jangbu
