// The demo's page of text. Used by `jangbu demo`.
#pragma once

#include <ostream>

#include "tools/demo_run.h"

namespace jangbu::tools {

// `gone`: the node ends and its folder goes after this page, so nothing is offered to try on it.
void write_demo_page(std::ostream& out, const DemoOutcome& outcome, bool gone);

}  // namespace jangbu::tools
