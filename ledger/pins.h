// Pins: what a node that follows a space must know of it before it reads anything: the coordinating body's key and, of
// each ledger, the genesis's leaf hash and the log's key. They stand in the file `pins` of a replica's directory, and
// are what a space's node gives to those who are to follow it. FORMAT.md, "Pins".
//
// A ledger that is pinned and whose log key is not in the node's folder of keys is followed: the node computes it from
// its records, signs nothing of it, and takes over its signer's checkpoints (Node::adopt_checkpoint).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/files.h"
#include "ledger/hash.h"
#include "ledger/keys.h"
#include "ledger/ledger_id.h"
#include "schemas/error.h"

namespace jangbu {

struct LedgerPin {
  LedgerId ledger;
  Hash genesis_leaf;
  VerifierKey log_key;
};

struct Pins {
  std::string space;
  VerifierKey coordinator_key;
  std::vector<LedgerPin> ledgers;  // in byte order

  [[nodiscard]] const LedgerPin* find(const LedgerId& ledger) const;
};

// "jangbu pins v1", then lines "space <name>", "coordinator <vkey>" and "ledger <id> <genesis digest> <vkey>".
[[nodiscard]] std::string to_text(const Pins& pins);
// Errors: bad_value, `where` the line.
[[nodiscard]] Result<Pins> parse_pins(std::string_view text);

[[nodiscard]] std::filesystem::path pins_path(const std::filesystem::path& directory);
// nullopt: the directory has none, so it signs all its ledgers. Errors: io, bad_value.
[[nodiscard]] Result<std::optional<Pins>> read_pins(Files& files, const std::filesystem::path& directory);
// Replaces what is there, in one step. Error: io.
[[nodiscard]] Result<void> write_pins(const std::filesystem::path& directory, const Pins& pins);

}  // namespace jangbu
