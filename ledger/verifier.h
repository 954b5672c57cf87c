// LedgerVerifier: is this sequence of entries the ledger that it says it is? Pure and offline: entry bytes in, findings
// out. Used by `jangbu verify` (a node's directory, a served ledger, a folder of tiles), by backup and restore, and by
// the tests that tamper with ledgers. It believes nothing but what it is given as pinned: the log's key, the genesis's
// leaf hash.
//
// Checked, entry by entry in order: the form (entry.h), sequence number, previous leaf hash, source position; the
// genesis and its signature; that each event can be read, is of this institution and of a type for this ledger; its
// author against the keys that the ledger had registered by then; on demand the screen's verdict again. At the sizes of
// the checkpoints and receipts that it was told to expect: their signatures, root and inclusion, which is what shows
// growth from them.
//
// Not checked: that (source, id) stand once (it would need all of them in memory), conclusions of checks.
//
// One thread calls. It has no threads of its own: hashing, parsing and signatures, which are nearly all of the time,
// are handed to the caller's RunTasks in as many slices as it says. Reads no clock, no files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/checkpoint.h"
#include "ledger/hash.h"
#include "ledger/keys.h"
#include "ledger/numbers.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu {

// Runs task(0) to task(count - 1), on whatever threads the caller has, and returns when all are done.
using RunTasks = std::function<void(std::size_t count, const std::function<void(std::size_t)>& task)>;

struct VerifierOptions {
  std::string origin;                  // "<space>/<ledger>" that the genesis must have; empty: any
  std::optional<Hash> genesis_leaf;    // pinned
  std::optional<VerifierKey> log_key;  // pinned; absent: the log keys that the ledger itself registers
  // Verify authors' signatures, 30 microseconds each; else only that their keys are registered.
  bool signatures = true;
  bool screen_again = false;  // judge each event by this program's screen, 2 microseconds each
  RunTasks run_tasks;         // empty: all in the caller's thread
  std::size_t slices = 1;     // how many tasks to cut a batch into
};

struct VerifierFinding {
  std::optional<SequenceNumber> entry;  // absent: about a checkpoint, a receipt or the whole
  Error error;                          // `where` names the place in words
};

struct VerifierReport {
  std::string origin;  // as the genesis says; empty when there was none
  TreeSize size;
  Hash root;
  std::uint64_t bytes = 0;
  std::uint64_t events = 0, rejected = 0, unreadable = 0;  // by kind; a genesis is an event
  std::uint64_t signed_entries = 0;                        // whose author's signature was looked at
  std::uint64_t checkpoints = 0, receipts = 0;             // that hold
  bool anchored = false;                                   // a log key or a genesis leaf was pinned
  std::uint64_t findings_total = 0;
  std::vector<VerifierFinding> findings;  // the first kFindingsMax, in order of discovery

  static constexpr std::size_t kFindingsMax = 100;
  [[nodiscard]] bool holds() const { return findings_total == 0; }
};

class LedgerVerifier {
 public:
  LedgerVerifier(const std::shared_ptr<const TypeTable>& types, VerifierOptions options);
  ~LedgerVerifier();
  LedgerVerifier(const LedgerVerifier&) = delete;
  LedgerVerifier& operator=(const LedgerVerifier&) = delete;

  // An earlier (or the last) checkpoint of this ledger, or a receipt with its inclusion proof. To be told before the
  // ledger's entries have reached its size; `name` is for findings.
  void expect_checkpoint(std::string name, std::string note);
  void expect_receipt(std::string name, TlogProof receipt);

  // The next entries, from the first on, any number at a time; thousands at a time are fast. Views are not kept. Goes
  // on after findings, as far as it makes sense.
  void add(std::span<const std::string_view> entries);

  // What was expected and not reached is a finding. Once.
  [[nodiscard]] VerifierReport finish();

  [[nodiscard]] TreeSize size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu
