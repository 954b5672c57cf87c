// One ledger as a function of its records: entry n+1 = f(entries up to n, next record). No I/O of its own, no clock, no
// random number: what it needs of earlier entries it asks for through Earlier. So every node that takes the same
// records computes the same entries and roots, whatever its batches were.
//
// Used by the sequencer, and by whoever rebuilds or checks a ledger. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/authors.h"
#include "ledger/entry.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "ledger/record_screen.h"
#include "ledger/store.h"
#include "ledger/stored_tree.h"
#include "ledger/ticks.h"
#include "schemas/error.h"
#include "schemas/event.h"

namespace jangbu {

// What was ledgered before.
class Earlier {
 public:
  virtual ~Earlier() = default;
  // Places filed under a dedup key, in order; usually none. Errors: io, store_corrupt.
  [[nodiscard]] virtual Result<std::vector<SequenceNumber>> filed(const DedupKey& key) = 0;
  // An entry's bytes; it is there. Errors: io, store_corrupt.
  [[nodiscard]] virtual Result<std::string> entry(SequenceNumber number) = 0;
};

// What a record became.
struct Step {
  enum class Kind : std::uint8_t { appended, duplicate, conflict, rejected };
  Kind kind = Kind::appended;
  SequenceNumber sequence;       // of the new entry; duplicate: of the first one
  Hash leaf;                     // of that entry
  std::int64_t received_ms = 0;  // likewise
  std::optional<SequenceNumber> first;
  std::vector<Error> errors;
  // What has to be stored with it.
  std::vector<SequenceNumber> filed;  // the dedup key's places now; empty: nothing to file
  bool governs = false;
  bool ticks_changed = false;

  [[nodiscard]] bool is_new() const { return kind != Kind::duplicate; }
};

class LedgerState {
 public:
  // An empty ledger that waits for its genesis. `screen_digest`: this program's (screen_digest.h).
  LedgerState(LedgerId id, std::shared_ptr<const TypeTable> types, std::string screen_digest);
  // As it stands in the store, at its full size. Errors: io, store_corrupt, bad_entry (a genesis that is none).
  [[nodiscard]] static Result<LedgerState> load(const Store& store, LedgerNumber number, RecordScreen& reader,
                                                const std::string& screen_digest);

  // Before the first record: the leaf hash that the genesis must have.
  void pin_genesis(const Hash& leaf) { pinned_genesis_ = leaf; }

  // Takes the next record. A new entry's bytes are appended to `out`; tiles that it fills are handed to `full`.
  // Errors: bad_entry (the first record of an empty ledger is no genesis of it, or not the pinned one), screen_unknown
  // (the ledger asks for a screen that this program does not have), kafka_other_record (a new topic generation that
  // does not begin with a ledger.moved of this ledger as it stands, J3), and Earlier's: then nothing has changed.
  using FullTile = std::function<void(TileId, const TileTree&, const Hash& root)>;
  [[nodiscard]] Result<Step> step(const Record& record, Screened&& screened, Earlier& earlier, RecordScreen& reader,
                                  std::string& out, const FullTile& full);

  // Takes over the next entry of a ledger that somebody else has computed, as it is: its verdict is believed, its form,
  // its place and the chain are not. What is to be stored with it is in the Step; tiles as above. Who calls compares
  // the root with a signed checkpoint. Errors: bad_entry, and Earlier's (for the dedup keys).
  [[nodiscard]] Result<Step> take_over(const EncodedEntry& encoded, Earlier& earlier, RecordScreen& reader,
                                       const FullTile& full);

  [[nodiscard]] const LedgerId& id() const { return id_; }
  [[nodiscard]] TreeSize size() const { return tree_.size(); }
  [[nodiscard]] Hash root() const { return tree_.root(); }
  [[nodiscard]] const Edge& edge() const { return tree_.edge(); }
  [[nodiscard]] const Ticks& ticks() const { return ticks_; }
  [[nodiscard]] const Hash& genesis_leaf() const { return genesis_leaf_; }
  // nullptr before the genesis.
  [[nodiscard]] const std::shared_ptr<const AuthorRegistry>& authors() const { return authors_; }
  // Set when the ledger asks for a screen that this program does not have.
  [[nodiscard]] const std::optional<Error>& stopped() const { return stopped_; }

 private:
  [[nodiscard]] Result<Step> begin(const Record& record, const Screened& screened, RecordScreen& reader,
                                   std::string& out, const FullTile& full);
  [[nodiscard]] Result<std::optional<Step>> find_earlier(const Record& record, const std::vector<SequenceNumber>& filed,
                                                         Earlier& earlier, RecordScreen& reader, std::string& out,
                                                         const FullTile& full);
  [[nodiscard]] Step reject(const Record& record, const Rejection& rejection, std::vector<Error> errors,
                            std::string& out, const FullTile& full);
  [[nodiscard]] Step append(const Record& record, EntryKind kind, const std::optional<Author>& author,
                            std::string_view body, std::string& out, const FullTile& full);
  [[nodiscard]] Result<std::optional<Author>> judge_author(const Record& record, const EventType& type) const;
  [[nodiscard]] Result<void> judge_generation(const Record& record, const Screened& screened,
                                              RecordScreen& reader) const;
  [[nodiscard]] static Hash leaf_of_genesis(const Record& record, const Entry& genesis);
  void govern(const Event& event, SequenceNumber number);
  void look_at_screen(simdjson::dom::object named);

  LedgerId id_;
  std::shared_ptr<const TypeTable> types_;
  std::string screen_digest_;
  GrowingTree tree_;
  Hash last_leaf_, genesis_leaf_;
  std::optional<Hash> pinned_genesis_;
  Generation generation_;  // of the last entry
  std::shared_ptr<const AuthorRegistry> authors_;
  Ticks ticks_;
  std::optional<Error> stopped_;
};

}  // namespace jangbu
