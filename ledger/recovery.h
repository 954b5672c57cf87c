// The start procedure: does the database still hold what this node has released? It is decided before anything is
// written: the directory is locked, the database opened read-only, and each ledger compared with the tip.
//
// One row of the table for each thing that can be found; the first that holds for any ledger decides for the node.
//
//   finding             what the start does   error          the way out (ops/RUNBOOK.md)
//   ------------------  --------------------  -------------  --------------------------------------------------------
//   holds               serves                -
//   ahead               serves                -              a crash between commit and tip: the start records the tip
//   tip_missing         refuses               tip_corrupt    "tip": by who knows what was released
//   tip_damaged         refuses               tip_corrupt    "tip"
//   ledger_missing      tries, else refuses   tip_rollback   "rollback": the database is older than what was released
//   ends_before_tip     tries, else refuses   tip_rollback   "rollback"
//   other_root          refuses               tip_fork       "fork": same size, other history
//   end_damaged         tries, else refuses   store_corrupt  "damage": the last entries do not hash to the last
//                                                            checkpoint
//   checkpoint_bad      tries, else refuses   store_corrupt  "damage"
//   (cannot be read)    tries, else refuses   store_corrupt  "damage": what RocksDB says of its log, manifest, tables
//
// "Tries", with `recover_at_ms` only: the database is copied (quarantine.h), RocksDB takes the copy to the last point
// before the first damage in its write-ahead log, and the copy goes through this same table. If it holds what the tip
// says, for every ledger by size and root, it takes the database's place, and what was refused is kept in quarantine. A
// flip in a record that was written after the tip ends so; one before it does not, since no mode brings back what was
// in it. Where the copy cannot even be opened so, its manifest is tried without its last records,
// one more each time: a crash can leave bytes there too that nobody waited for. A manifest flip can open an empty
// database, and a writing open would then delete its tables: so no writing open comes before the compare, except on a
// copy.
//
// "Refuses" means: Node::open() answers the error, and with `read_only` the node opens for reading and says why it
// writes nothing. Nothing is repaired in place.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/files.h"
#include "ledger/ledger_state.h"
#include "ledger/store.h"
#include "ledger/tip.h"
#include "schemas/error.h"

namespace jangbu {

enum class Finding : std::uint8_t {
  holds,
  ahead,
  tip_missing,
  tip_damaged,
  ledger_missing,
  ends_before_tip,
  other_root,
  end_damaged,
  checkpoint_bad,
};

struct RecoveryRow {
  Finding finding;
  std::string_view name;
  std::optional<Code> refuses;  // absent: serves
  std::string_view runbook;     // section
};
[[nodiscard]] const RecoveryRow& row_of(Finding finding);

struct StartOptions {
  std::filesystem::path directory;
  bool read_only = false;
  bool founding = false;  // create_space() only: ledgers may be empty yet
  // Set: a refused database may be recovered on a copy, whose folder is named after this time. Not with read_only.
  std::optional<std::int64_t> recover_at_ms;
  void* env = nullptr;
  Files* files = nullptr;
  std::string screen_digest;  // this program's
  // Whether a ledger is pinned (pins.h): it may be empty yet, and its checkpoint of a smaller size, or missing.
  std::function<bool(const LedgerId&)> pinned;
};

struct Started {
  std::unique_ptr<DirectoryLock> lock;
  std::shared_ptr<Store> store;
  std::optional<TipFile> tip;        // absent only with `refused`
  std::vector<LedgerState> ledgers;  // [i] is ledger number i
  CommitNumber last_commit;
  std::optional<Error> refused;          // read-only starts only: what the table says
  std::optional<std::string> recovered;  // set if a copy was adopted: a sentence
};

// Errors: no_such_node, dir_locked, io, bad_entry, store_corrupt, disk_full (no space for the copy), and with
// !read_only the table's. Each that the table gives names its section of ops/RUNBOOK.md.
[[nodiscard]] Result<Started> start(const StartOptions& options, RecordScreen& reader);

[[nodiscard]] std::filesystem::path database_path(const std::filesystem::path& directory);
[[nodiscard]] std::filesystem::path tip_path(const std::filesystem::path& directory);
// Stands in a copy that Node::backup() made: such a directory is never written to as it is, because what was released
// after the copy is not in it. RUNBOOK, "restore".
[[nodiscard]] std::filesystem::path backup_mark_path(const std::filesystem::path& directory);

}  // namespace jangbu
