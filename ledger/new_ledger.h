// The ledger that a topic begins: what its first record, a genesis, makes of it. For who follows a topic from its
// genesis on: `jangbu topics create --from-genesis`, and a node that finds a topic of a ledger that it has not.
#pragma once

#include <memory>

#include "ledger/kafka.h"
#include "ledger/ledger_id.h"
#include "ledger/pins.h"
#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu {

struct NewLedger {
  LedgerPin pin;
  std::string space;
  VerifierKey coordinator_key;  // under which the genesis is signed
};

// Computes the first entry, as a node that follows the topic does. Errors: bad_entry (no genesis of this ledger, or not
// signed by the coordinating body that it names), kafka_timestamps.
[[nodiscard]] Result<NewLedger> read_new_ledger(const KafkaMessage& first, const LedgerId& ledger,
                                                const std::shared_ptr<const TypeTable>& types,
                                                const std::string& screen_digest);

}  // namespace jangbu
