// Copies of a node's directory: database and tip, without keys, marked so that nobody writes to them as they are
// (RUNBOOK, "restore"). Used by `jangbu backup` and `jangbu restore`. One thread.
//
// hot_copy() works beside a node that is serving, without its help and without its keys: the tip is copied before the
// database, files that never change are linked and files that only grow are copied, and what came out must pass the
// start procedure and hold what that tip says. A copy that the node's own housekeeping ran through fails that, and is
// made again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "ledger/view.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu::tools {

using CopyProgress = std::function<void(std::uint64_t bytes)>;

// `target` must not be there, or be empty. Synced when this returns; not verified as a whole: verify_copy(). A crash
// leaves a marked, incomplete target, and in the source a folder ".backup-<hex>" that may be deleted.
// Errors: no_such_node, already_exists, io, disk_full, and what the start procedure says of the last attempt.
[[nodiscard]] Result<void> hot_copy(const std::filesystem::path& directory, const std::filesystem::path& target,
                                    const std::shared_ptr<const TypeTable>& types, const CopyProgress& progress);
// The files of a copy that nobody writes, mark included. Errors: bad_usage (not a backup), already_exists, io,
// disk_full.
[[nodiscard]] Result<void> copy_backup(const std::filesystem::path& backup, const std::filesystem::path& target,
                                       const CopyProgress& progress);

// Opens it for reading and audits every ledger: chain, tree, checkpoint, tip. The views keep it open.
// Errors: store_corrupt, tip_corrupt, tip_rollback, tip_fork, io.
struct VerifiedCopy {
  std::shared_ptr<void> node;
  std::vector<LedgerView> views;
};
[[nodiscard]] Result<VerifiedCopy> verify_copy(const std::filesystem::path& directory,
                                               const std::shared_ptr<const TypeTable>& types);

}  // namespace jangbu::tools
