// The tip file: how far each ledger of this node was released, kept outside the database.
//
// The sequencer calls record() after each synced commit and before anything leaves; the start procedure (recovery.h)
// calls compare(). It catches one thing: a database that lost its end, or was restored from an old copy, under which
// the same keys would sign a second, shorter history. One thread, the sequencer's. Reads no clock. On disk: FORMAT.md,
// "Tip file".
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ledger/files.h"
#include "ledger/hash.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu {

// A ledger at one size.
struct LedgerHead {
  LedgerId id;
  TreeSize size;
  Hash root;
};

// A slot of 64 KiB holds this many ledgers at least.
inline constexpr std::size_t kTipLedgersMax = 800;

class TipFile {
 public:
  // The root of a ledger at a size; nullopt: the database does not have that ledger, or not so many entries of it.
  using RootsAt = std::function<Result<std::optional<Hash>>(const LedgerId&, TreeSize)>;

  // A new file for a new node, synced, its name too. Errors: already_exists, io.
  [[nodiscard]] static Result<TipFile> create(Files& files, const std::filesystem::path& path, CommitNumber commit,
                                              std::span<const LedgerHead> heads);
  // Errors: io, tip_corrupt (both slots). Never repairs: ops/RUNBOOK.md, "tip".
  [[nodiscard]] static Result<TipFile> open(Files& files, const std::filesystem::path& path, Files::Mode mode);

  // Does the database still hold everything that was released?
  // Errors: tip_rollback (a ledger ends before its tip), tip_fork (same size and another root), and those of `roots`.
  [[nodiscard]] Result<void> compare(const RootsAt& roots) const;

  // Returns once `heads`, of all ledgers, are synced; only then release. A crash in between leaves the database one
  // commit ahead of the tip, which compare() accepts; the other order would leave promises that nothing holds.
  // Asserts that commit numbers rise and that no ledger's size shrinks. Error: io; then the file must be opened again.
  [[nodiscard]] Result<void> record(CommitNumber commit, std::span<const LedgerHead> heads);

  [[nodiscard]] CommitNumber commit() const { return commit_; }
  [[nodiscard]] const std::vector<LedgerHead>& heads() const { return heads_; }

 private:
  TipFile() = default;
  std::unique_ptr<File> file_;
  unsigned slot_ = 0;  // the one that holds commit_; record() writes the other
  CommitNumber commit_;
  std::vector<LedgerHead> heads_;
};

// One slot's bytes, without what lies unused behind them. For FORMAT.md's example and for tests.
[[nodiscard]] std::string encode_tip(CommitNumber commit, std::span<const LedgerHead> heads);

}  // namespace jangbu
