// LedgerSource: a ledger to be verified, wherever it lies: in a node's directory, behind a URL, or in a folder of tiles
// as C2SP tlog-tiles lays them out. All three give the same: a checkpoint and tiles. Used by `jangbu verify`. One
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/tiles.h"
#include "ledger/view.h"
#include "schemas/error.h"
#include "schemas/event_type.h"
#include "tools/command.h"

namespace jangbu::tools {

class LedgerSource {
 public:
  virtual ~LedgerSource() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;  // for people
  // The signed note under which it is read; the same at every call.
  [[nodiscard]] virtual const std::string& checkpoint() const = 0;
  // Earlier notes of it, from size `from` on, in order of size; some of them, or none where they are not kept. Errors:
  // unreachable, io, store_corrupt.
  [[nodiscard]] virtual Result<std::vector<SignedNote>> checkpoints(TreeSize /*from*/) {
    return std::vector<SignedNote>();
  }
  // A tile's bytes, or a bundle's. Errors: unreachable, io, store_corrupt, bad_tile_path.
  [[nodiscard]] virtual Result<std::string> tile(const TilePath& path) = 0;
};

struct LedgerSources {
  std::vector<std::unique_ptr<LedgerSource>> ledgers;
  std::optional<Error> node_finding;  // what a node's start procedure would refuse
};

// Where ledgers are exported to, the signed notes lie beside their tiles: a line of JSON each.
inline constexpr std::string_view kCheckpointsFile = "checkpoints.ndjson";

// The notes in an answer of /v1/ledgers/<ledger>/checkpoints. Error: unreachable.
[[nodiscard]] Result<std::vector<SignedNote>> parse_checkpoints(const std::string& body);

// "http://host:port" (all its ledgers), "http://host:port/ledgers/<ledger>" (or any tlog-tiles prefix whose path is not
// empty), a folder of tiles, a folder of such folders, or a node's directory.
// Errors: bad_usage, no_such_node, dir_locked, unreachable, io, store_corrupt.
[[nodiscard]] Result<LedgerSources> open_ledger_sources(const std::string& what,
                                                        const std::shared_ptr<const TypeTable>& types);

}  // namespace jangbu::tools
