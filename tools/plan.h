// A space's plan from the command line or a file. Used by `jangbu init`.
#pragma once

#include <string>
#include <string_view>

#include "ledger/space.h"
#include "schemas/error.h"

namespace jangbu::tools {

// "hanbit:hospital", "hanbit:hospital:advanced-general", "dasan:platform:combiner:aggregator". Error: bad_usage.
[[nodiscard]] Result<InstitutionPlan> parse_institution(std::string_view text);
// {"space": "...", "institutions": [{"id", "kind", "name": {"ko", "en"}, "advanced_general", "designations"}]}.
// Error: bad_usage, `where` the JSON pointer.
[[nodiscard]] Result<SpacePlan> parse_plan(std::string_view document);

}  // namespace jangbu::tools
