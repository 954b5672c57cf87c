// LedgerView: one ledger at one released size, for readers. What it shows never changes; what was appended later is not
// in it. Cheap to copy and to keep; any thread. It keeps the database open, so let go of it before a node is opened
// again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "ledger/tiles.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu {

struct LedgerViewState;
struct Receipt;

// What does not change about a ledger.
struct LedgerInfo {
  LedgerId id;
  std::string origin;  // "<space>/<ledger>"
  InstitutionKind kind;
  VerifierKey log_key;
  Hash genesis_leaf;
};

// An entry with the bytes it lives in.
struct StoredEntry {
  std::string bytes;  // what the leaf hash covers
  Entry entry;        // views into `bytes`

  explicit StoredEntry(std::string encoded, const Entry& decoded);
  StoredEntry(StoredEntry&& other) noexcept;
  StoredEntry& operator=(StoredEntry&& other) noexcept;
  StoredEntry(const StoredEntry&) = delete;
  StoredEntry& operator=(const StoredEntry&) = delete;
};

// A signed note, and the size that its checkpoint states.
struct SignedNote {
  TreeSize size;
  std::string note;
};

class LedgerView {
 public:
  [[nodiscard]] const LedgerInfo& info() const;
  [[nodiscard]] TreeSize size() const;
  [[nodiscard]] Hash root() const;
  // The newest signed note: of this size; on a node that follows the ledger (pins.h) the newest that it has taken over
  // from the signer, and empty, with size 0, before the first.
  [[nodiscard]] const std::string& checkpoint() const;
  [[nodiscard]] TreeSize checkpoint_size() const;

  // Errors of all below: io, store_corrupt, besides those named.
  [[nodiscard]] Result<StoredEntry> entry(SequenceNumber number) const;  // no_such_entry
  [[nodiscard]] Result<Hash> leaf(SequenceNumber number) const;          // no_such_entry
  // Entries from `from` on, in order: at most `count_max`, and no more once `bytes_max` is passed; at least one if
  // there is one.
  [[nodiscard]] Result<std::vector<StoredEntry>> read(SequenceNumber from, std::size_t count_max,
                                                      std::size_t bytes_max) const;
  // By the dedup key. nullopt: no accepted event has it.
  [[nodiscard]] Result<std::optional<SequenceNumber>> find(std::string_view source, std::string_view id) const;

  [[nodiscard]] Result<std::vector<Hash>> inclusion(SequenceNumber number, TreeSize size) const;  // bad_range
  [[nodiscard]] Result<std::vector<Hash>> consistency(TreeSize from, TreeSize to) const;          // bad_range
  // The signed note of the smallest signed checkpoint that covers `number`. no_such_entry, checkpoint_pending.
  [[nodiscard]] Result<std::string> covering_checkpoint(SequenceNumber number) const;
  // The signed notes of sizes from `from` on, in order, at most `count_max`, none larger than checkpoint_size().
  [[nodiscard]] Result<std::vector<SignedNote>> checkpoints(TreeSize from, std::size_t count_max) const;
  [[nodiscard]] Result<Hash> root_at(TreeSize size) const;  // bad_range
  // Bytes of a tile or an entry bundle (T4, T8). bad_tile_path: not in a tree of this size.
  [[nodiscard]] Result<std::string> tile(const TilePath& path) const;

 private:
  friend class Node;
  friend Result<void> audit(const LedgerView& view);
  friend Result<Receipt> receipt(const LedgerView& view, SequenceNumber number, const Hash& leaf,
                                 std::int64_t received_ms);
  explicit LedgerView(std::shared_ptr<const LedgerViewState> state);
  std::shared_ptr<const LedgerViewState> state_;
};

// Walks all of it: every entry's form, place and previous hash, every full tile against the entries, the root and the
// checkpoint. About a second for a million entries. Errors: io, store_corrupt, `where` the ledger and place.
[[nodiscard]] Result<void> audit(const LedgerView& view);

// A receipt: where an event stands, with its inclusion proof under the smallest signed checkpoint that covers it; the
// same for ever.
struct Receipt {
  std::string origin;
  SequenceNumber sequence;
  Hash leaf;
  std::int64_t received_ms;
  TlogProof proof;
};
[[nodiscard]] Result<Receipt> receipt(const LedgerView& view, SequenceNumber number);
// For who knows the entry already, as from a Placement.
[[nodiscard]] Result<Receipt> receipt(const LedgerView& view, SequenceNumber number, const Hash& leaf,
                                      std::int64_t received_ms);
// {"origin","sequence","leaf","received","proof":{...}}: one JSON object, members in fixed order.
[[nodiscard]] std::string to_json(const Receipt& receipt);

}  // namespace jangbu
