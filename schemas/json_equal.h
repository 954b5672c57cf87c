// Equality of events for the search for duplicates (FORMATS.md J8): a retry may come with other white space, member
// order, escapes, trace context or sequence number, and is the same event all the same. Called by the sequencer when
// (source, id) was seen before with other bytes. Pure; any thread; allocates.
#pragma once

#include <string_view>

namespace jangbu {

// Equal as JSON, member order aside, strings compared unescaped, numbers as integers, leaving the attributes
// traceparent, tracestate and sequence aside. Both have passed the strict JSON of the screen; what is no JSON object
// equals nothing.
[[nodiscard]] bool equal_as_events(std::string_view a, std::string_view b);

}  // namespace jangbu
