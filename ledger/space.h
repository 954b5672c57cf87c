// Making a space: its ledgers with their genesis, and all keys, in a new directory (`jangbu init`, the demo, tests).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/clock.h"
#include "ledger/keys.h"
#include "ledger/ledger_id.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu {

struct InstitutionPlan {
  std::string id;  // "hanbit"
  InstitutionKind kind = InstitutionKind::hospital;
  bool advanced_general = false;
  std::vector<std::string> designations;  // "combiner", "aggregator"
  std::string name_ko, name_en;
};

// What new institutions of a space that is there already need of it.
struct JoinedSpace {
  std::shared_ptr<const SigningKey> coordinator;  // signs their first entries
  std::string recovery_key;                       // the space's, as a verifier key
};

struct SpacePlan {
  std::string space;                          // "medspace"
  std::vector<InstitutionPlan> institutions;  // exactly one coordinator; none with `joined`
  std::optional<JoinedSpace> joined;
  // Empty: keys from the machine's random source. Else every key is derived from it: for demonstrations and tests only.
  std::string key_seed;
  std::string passphrase;  // for all key files; empty: in clear
};

// The event that a space's coordinating body writes into its own ledger when an institution has joined; unsigned.
// `public_key`: the institution's emitter key.
[[nodiscard]] std::string joined_event(const SpacePlan& plan, const InstitutionPlan& institution,
                                       const LedgerId& coordinator, std::string_view public_key, const Clock& clock);

// Makes `directory` (which must not exist, or be empty): database, tip, `keys/` and, in each ledger, its first entries:
// ledger.genesis; then, signed by the coordinating body, institution.registered and key.registered for a system key, an
// emitter key, an agent and a prober key (and the ticker's, in the coordinating body's ledger). In the coordinating
// body's ledger also every institution.registered. A crash before the end leaves a directory that open() refuses and
// that this function refuses too; delete it. Errors: bad_usage (the plan), already_exists, io.
[[nodiscard]] Result<void> create_space(const std::filesystem::path& directory, const SpacePlan& plan,
                                        const Clock& clock, const TypeTable& types);

// Where a node's key files are: keys/<ledger>/<use>.key (log, system, emitter, agent, prober), keys/coordinator.key,
// keys/recovery.key, keys/ticker.key, keys/<hospital>/pseudonym.key.
[[nodiscard]] std::filesystem::path key_path(const std::filesystem::path& directory, const LedgerId& ledger,
                                             KeyUse use);
[[nodiscard]] std::filesystem::path space_key_path(const std::filesystem::path& directory, KeyUse use);
[[nodiscard]] std::filesystem::path pseudonym_key_path(const std::filesystem::path& directory,
                                                       std::string_view institution);

}  // namespace jangbu
