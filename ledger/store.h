// Store: what a node's database holds, and under which keys (FORMAT.md, "Database"): for each ledger its entries, full
// tiles, dedup keys, signed checkpoints and the places of its governing entries; beside them the list of ledgers.
//
// Everything but the counters in `meta` is written once and never changed or removed, so a reader who keeps within a
// released size needs no snapshot: what he may see never changes. Readers: any thread. commit(): the writer's thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/database.h"
#include "ledger/dedup_key.h"
#include "ledger/hash.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "ledger/tile_tree.h"
#include "ledger/tiles.h"
#include "schemas/error.h"

namespace jangbu {

// A ledger's number within one database, below 2^32: the first four bytes of its keys.
using LedgerNumber = Number<struct LedgerNumberTag>;

struct StoreOptions {
  std::filesystem::path directory;
  bool create = false;
  bool read_only = false;
  void* env = nullptr;  // see DatabaseOptions
  LogRecovery log_recovery = LogRecovery::torn_tail;
};

struct StoredCheckpoint {
  TreeSize size;
  std::string note;
};

class Store {
 public:
  // Errors: no_such_node, dir_locked, io, store_corrupt (another format).
  [[nodiscard]] static Result<std::shared_ptr<Store>> open(const StoreOptions& options);

  // Once, in a new database: the space and its ledgers, numbered in this order. Synced.
  [[nodiscard]] Result<void> found(std::string_view space, std::span<const LedgerId> ledgers);
  // Once, when every ledger has its founding entries: from then on is_founded(). Synced.
  [[nodiscard]] Result<void> finish_founding();

  [[nodiscard]] const std::string& space() const { return space_; }
  // [i] has LedgerNumber i. Before anybody else uses the store, or in the writer's thread.
  [[nodiscard]] const std::vector<LedgerId>& ledgers() const { return ledgers_; }
  [[nodiscard]] std::string name_of(LedgerNumber ledger) const;  // for messages; any thread
  // One more ledger, empty, with the next number. Synced. The writer's thread.
  [[nodiscard]] Result<void> add_ledger(const LedgerId& ledger);
  [[nodiscard]] Result<bool> is_founded() const;
  [[nodiscard]] Result<CommitNumber> last_commit() const;

  // Errors of all below: io, store_corrupt. nullopt: not there.
  [[nodiscard]] Result<TreeSize> size(LedgerNumber ledger) const;  // by the last entry
  [[nodiscard]] Result<std::optional<std::string>> entry(LedgerNumber ledger, SequenceNumber number) const;
  // Encoded entries [from, end), without a gap: at most `count_max`, and no more once `bytes_max` is passed, but one.
  [[nodiscard]] Result<std::vector<std::string>> entries(LedgerNumber ledger, SequenceNumber from, TreeSize end,
                                                         std::size_t count_max, std::size_t bytes_max) const;
  [[nodiscard]] Result<std::optional<std::string>> tile(LedgerNumber ledger, TileId tile) const;  // 8,192 bytes
  // The same tile with the nodes within it, kept for a while; nullptr: not there.
  [[nodiscard]] Result<std::shared_ptr<const TileTree>> tile_tree(LedgerNumber ledger, TileId tile) const;
  // For who has just made it: spares the first reader the work.
  void keep_tile_tree(LedgerNumber ledger, TileId tile, const TileTree& tree) const {
    tile_trees_.keep(ledger.value(), tile, std::make_shared<const TileTree>(tree));
  }
  // All places that were ever filed under the key, in order. More than one only if two different (source, id) share 16
  // bytes of SHA-256, so a hit is compared with the entry itself.
  [[nodiscard]] Result<std::vector<SequenceNumber>> filed(LedgerNumber ledger, const DedupKey& key) const;
  [[nodiscard]] Result<std::vector<std::vector<SequenceNumber>>> filed(LedgerNumber ledger,
                                                                       std::span<const DedupKey> keys) const;
  // The signed checkpoint with the smallest size >= `size`; the last one.
  [[nodiscard]] Result<std::optional<StoredCheckpoint>> checkpoint_from(LedgerNumber ledger, TreeSize size) const;
  [[nodiscard]] Result<std::optional<StoredCheckpoint>> last_checkpoint(LedgerNumber ledger) const;
  [[nodiscard]] Result<std::vector<SequenceNumber>> governing(LedgerNumber ledger) const;
  [[nodiscard]] Result<std::optional<std::string>> ticks(LedgerNumber ledger) const;

  // What a commit puts into its batch.
  static void put_entry(Batch& batch, LedgerNumber ledger, SequenceNumber number, std::string_view bytes);
  static void put_tile(Batch& batch, LedgerNumber ledger, TileId tile, std::span<const Hash> hashes);
  static void put_filed(Batch& batch, LedgerNumber ledger, const DedupKey& key, std::span<const SequenceNumber> places);
  static void put_checkpoint(Batch& batch, LedgerNumber ledger, const StoredCheckpoint& checkpoint);
  static void put_governing(Batch& batch, LedgerNumber ledger, SequenceNumber number);
  static void put_ticks(Batch& batch, LedgerNumber ledger, std::string_view state);
  static void put_commit_number(Batch& batch, CommitNumber commit);
  // What a batch will write, for a last look: entries and tiles only.
  struct Visitor {
    virtual ~Visitor() = default;
    virtual void entry(LedgerNumber ledger, SequenceNumber number, std::string_view bytes) = 0;
    virtual void tile(LedgerNumber ledger, TileId tile, std::string_view bytes) = 0;
  };
  [[nodiscard]] static Result<void> visit(const Batch& batch, Visitor& visitor);

  // Atomic and synced. Error: commit_unknown; then close and start again.
  [[nodiscard]] Result<void> commit(const Batch& batch);
  // While a store is filled that is not founded yet (directory_builder.h): nothing of it is durable before flush().
  [[nodiscard]] Result<void> fill(const Batch& batch);

  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<void> compact();
  [[nodiscard]] Result<void> copy_to(const std::filesystem::path& target) const;
  [[nodiscard]] std::uint64_t disk_bytes() const;

 private:
  explicit Store(std::unique_ptr<Database> database);
  [[nodiscard]] Result<void> read_meta();
  std::unique_ptr<Database> database_;
  std::string space_;
  std::vector<LedgerId> ledgers_;
  mutable TileTrees tile_trees_;  // has a lock of its own
};

}  // namespace jangbu
