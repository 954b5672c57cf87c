// DirectoryBuilder: makes a node's directory whose ledgers are followed: empty ones, to be filled from their topics, or
// ones that are taken over from elsewhere (a peer's tiles, an exported ledger, a backup), each entry as it is, under
// its signer's checkpoint. What it makes holds pins and no keys: with a ledger's log key in its folder of keys it
// signs.
//
// A crash before finish() leaves a directory that Node::open() refuses (no_such_node); delete it. One thread calls;
// reading and hashing entries is handed to the caller's RunTasks.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/lane_batch.h"
#include "ledger/ledger_state.h"
#include "ledger/pins.h"
#include "ledger/store.h"
#include "ledger/verifier.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu {

struct DirectoryBuilderOptions {
  std::filesystem::path directory;  // must not exist, or be empty
  Pins pins;                        // whose ledgers it makes
  std::shared_ptr<const TypeTable> types;
  RunTasks run_tasks;      // empty: all in the caller's thread
  std::size_t slices = 1;  // how many tasks to cut the entries of one add() into
};

class DirectoryBuilder {
 public:
  // Errors: already_exists, bad_value (no ledger is pinned, or more than a node takes), io.
  [[nodiscard]] static Result<std::unique_ptr<DirectoryBuilder>> begin(DirectoryBuilderOptions options);
  ~DirectoryBuilder();

  // The next entries of a ledger, from the first on; thousands at a time are fast. Errors: no_such_ledger (not pinned),
  // bad_entry (`where` the place: not an entry, not at its place, not chained to the one before, not the pinned
  // genesis), io.
  [[nodiscard]] Result<void> add(const LedgerId& ledger, std::span<const std::string_view> entries);
  // One of its signer's checkpoints, of the size that it has now or of a smaller one. Errors: bad_note,
  // bad_checkpoint, bad_range (of a larger size), root_contradicted.
  [[nodiscard]] Result<void> add_checkpoint(const LedgerId& ledger, std::string_view note);
  [[nodiscard]] TreeSize size(const LedgerId& ledger) const;

  // From now on it is a node's directory. Every ledger that has entries must have a checkpoint of its size: nothing
  // else shows that they are its signer's. Errors: checkpoint_pending, io.
  [[nodiscard]] Result<void> finish();

 private:
  struct Building {
    explicit Building(LedgerState empty) : state(std::move(empty)) {}
    LedgerState state;
    TreeSize signed_size;
  };
  explicit DirectoryBuilder(DirectoryBuilderOptions options);
  [[nodiscard]] Result<std::vector<EncodedEntry>> read(const LedgerId& ledger, TreeSize size,
                                                       std::span<const std::string_view> entries);
  [[nodiscard]] Result<std::size_t> number_of(const LedgerId& ledger) const;

  const DirectoryBuilderOptions options_;
  std::vector<std::unique_ptr<RecordScreen>> readers_;  // one a slice
  std::shared_ptr<Store> store_;
  std::vector<Building> ledgers_;  // [i] is ledger number i, and the i-th pin
  Batch batch_;
};

}  // namespace jangbu
