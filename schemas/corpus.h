// The verdict corpus: records with the verdict that this version of the screen must give. Records of strict JSON stand
// in corpus.cc; the others are every good and bad example of the contract. screen_digest() (ledger/screen_digest.h)
// covers the verdicts that the program really gives over it, and a test holds those to the expected ones: so a verdict
// that changes cannot go unseen. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "schemas/screen.h"

namespace jangbu {

struct CorpusRecord {
  std::string name;  // "dataset.purged, bad: a copy without a location"
  std::string record;
  std::string ledger;    // for which it is meant
  std::string expected;  // "" passed; else "<code> <pointer>" of its first error
};

[[nodiscard]] std::vector<CorpusRecord> verdict_corpus(const TypeTable& types);

// "<code> <pointer>\n" for each error, "" for a record that passed.
[[nodiscard]] std::string verdict_text(const Verdict& verdict);

// The target that a ledger's name stands for.
[[nodiscard]] ScreenTarget screen_target(std::string_view ledger);

}  // namespace jangbu
