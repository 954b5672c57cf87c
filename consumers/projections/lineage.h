// Which entry made an output, as rows of the links family: "o" output id, 0, ledger id, 0, sequence number -> nothing.
// Written by the projector for analysis.completed and computation.combined; read by life lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consumers/projections/store.h"
#include "schemas/event.h"

namespace jangbu::consumers {

struct MadeBy {
  LedgerId ledger;
  SequenceNumber sequence;
};

// The keys that an entry gives; none for other types.
[[nodiscard]] std::vector<std::string> lineage_keys(const Event& event, const LedgerId& ledger, SequenceNumber number);
// The entries that state `output` as theirs, as far as the index has come. Error: state_corrupt, io.
[[nodiscard]] Result<std::vector<MadeBy>> made_by(const ProjectionStore& store, std::string_view output);

}  // namespace jangbu::consumers
