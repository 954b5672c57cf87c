// CheckService: the checks of a node in one process: a runner over the shared ledgers, one over each patients' ledger
// for its daily summaries, and the ticker, as far as the node holds the ledgers and keys for them. Used by RunningNode.
//
// One thread at a time: either the caller's own (tick(), settle()), or the one that calls run(). What it keeps is in
// the folder `checks`, which may be deleted at any time: it is built again from the ledgers, byte for byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "api/standing.h"
#include "api/troubles.h"
#include "ledger/clock.h"
#include "ledger/key_file.h"
#include "ledger/node.h"
#include "schemas/error.h"

namespace jangbu::tools {

struct CheckServiceOptions {
  Node* node = nullptr;             // outlives it; its writer runs in another thread
  const Clock* clock = nullptr;     // outlives it
  std::filesystem::path directory;  // of the node
  AskPassphrase ask_passphrase;
  // Where hours lie between two ticks on purpose: declare each jump (clock.jump) instead of stepping.
  bool declare_jumps = false;
  api::Troubles* troubles = nullptr;          // outlives it; nullptr: nobody asks
  api::Standings* standings = nullptr;        // outlives it; nullptr: nobody asks
  std::function<void(std::string_view)> say;  // a line for the operator; empty: nobody listens
};

class CheckService {
 public:
  // Errors: those of key files, of the folder and of the runners; a damaged folder is removed and built again.
  [[nodiscard]] static Result<std::unique_ptr<CheckService>> open(const CheckServiceOptions& options);
  ~CheckService();
  CheckService(const CheckService&) = delete;
  CheckService& operator=(const CheckService&) = delete;

  // A tick at the clock's time. Nothing where this node is not the coordinating body's.
  [[nodiscard]] Result<void> tick();
  // Until every runner has seen the last tick and all that it concluded is ledgered.
  [[nodiscard]] Result<void> settle();
  // Both by themselves, until `stop`. What goes wrong stops no ledger: it is said, stands in `troubles` as "ticks" or
  // "checks", and is tried again every few seconds from what is ledgered. Where somebody else ticks and no tick comes
  // for minutes, that is said as "time".
  void run(const std::stop_token& stop);

 private:
  struct Impl;
  explicit CheckService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::tools
