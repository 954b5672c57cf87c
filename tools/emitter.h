// Emitter: sends documents to a node and says of each event what became of it. Events go in NDJSON requests of some
// thousands; FHIR resources one by one. Used by `jangbu emit`. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/keys.h"
#include "schemas/error.h"
#include "tools/http_client.h"
#include "tools/input_files.h"

namespace jangbu::tools {

struct EmitOptions {
  std::string institution;  // for FHIR resources
  std::string receipts;     // a folder; empty: none are stored
  std::string state_file;   // how many documents were sent, and a digest of them; empty: none
};

struct Emitted {
  std::string place;    // "folder/file.json", with "#2" for the third of a batch
  std::string outcome;  // "ledgered", "duplicate", "refused"
  std::string ledger;
  std::optional<std::uint64_t> sequence;
  std::string reason;  // of a refusal
};

struct EmitCounts {
  std::uint64_t ledgered = 0, duplicates = 0, refused = 0, skipped = 0;
};

class Emitter {
 public:
  // `client` and `key` outlive it; `key` nullptr: unsigned. Error: io (the state file).
  [[nodiscard]] static Result<std::unique_ptr<Emitter>> make(HttpClient& client, const EmitOptions& options,
                                                             const SigningKey* key,
                                                             std::function<void(const Emitted&)> report);
  ~Emitter();
  // Errors: unreachable, io, bad_usage (a FHIR resource and no institution). A refused event is no error.
  [[nodiscard]] Result<void> take(InputDocument document);
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] const EmitCounts& counts() const;

 private:
  struct Impl;
  explicit Emitter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::tools
