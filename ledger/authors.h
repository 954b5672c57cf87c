// Who may write what into one ledger: the keys that its own entries have registered, and the judgement over an event's
// author. A fold over the ledger's governing entries (genesis, key.*, institution.*), so every node and verifier comes
// to the same verdicts. Used by intake (for early answers), the sequencer (whose verdict counts), verifiers and checks.
//
// Rules (the catalogue's "by" column): the institution's kind must be one of the type's; a type that names key uses
// needs a signature under a registered, unrevoked key of such a use; in the coordinating body's own ledger everything
// is signed (types by it alone: use coordinator; others: coordinator or emitter); elsewhere a signature may be absent,
// but one that is there must verify under a registered key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/entry.h"
#include "ledger/keys.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "schemas/error.h"
#include "schemas/event.h"

namespace jangbu {

struct RegisteredKey {
  VerifierKey key;
  KeyUse use;
  SequenceNumber since;                      // the entry that registered it; it holds from the next one on
  std::optional<SequenceNumber> revoked;     // the entry that revoked it; it no longer holds from the next one on
  std::optional<TreeSize> compromised_from;  // as key.revoked states: not believed from this size on
};

class AuthorRegistry {
 public:
  // From the genesis entry of the ledger. Errors: bad_entry (not a genesis of this form).
  [[nodiscard]] static Result<AuthorRegistry> from_genesis(const Event& genesis, const Entry& entry);

  // Does this type change the registry (so that its entries must be kept at hand for the start)?
  [[nodiscard]] static bool governs(const EventType& type);
  // After an entry of a governing type was appended. It was accepted, so it is trusted.
  void apply(const Event& event, SequenceNumber number);

  // The verdict over the author of `event`, and the author as an entry holds it (nullopt: unsigned, and that is fine).
  // Errors: signature_missing, signature_bad, key_unknown, key_use_wrong, key_revoked, author_kind_wrong;
  // `where` is "/jangbu-signature".
  [[nodiscard]] Result<std::optional<Author>> judge(const Event& event,
                                                    const std::optional<AuthorSignature>& signature) const;
  // The same for an entry read back: is its author right for its place?
  [[nodiscard]] Result<void> judge_entry(const Event& event, const Entry& entry) const;

  [[nodiscard]] const RegisteredKey* find(const AuthorKeyId& id) const;
  [[nodiscard]] const std::vector<RegisteredKey>& keys() const { return keys_; }
  [[nodiscard]] InstitutionKind kind() const { return kind_; }
  [[nodiscard]] const std::string& origin() const { return origin_; }
  [[nodiscard]] const LedgerId& ledger() const { return ledger_; }

 private:
  AuthorRegistry(LedgerId ledger, std::string origin, InstitutionKind kind);
  LedgerId ledger_;
  std::string origin_;
  InstitutionKind kind_;
  std::vector<RegisteredKey> keys_;
};

}  // namespace jangbu
