// JANGBU_INVARIANT: an assertion about our own code, always on. It ends the process; the start procedure decides what
// is next. No input, peer or disk may be able to trip one: what they send gets an Error.
#pragma once

#include <string>
#include <string_view>

namespace jangbu {

// Prints condition, place and values to standard error, then aborts.
[[noreturn]] void invariant_failed(std::string_view condition, const char* file, int line, std::string_view values);

}  // namespace jangbu

// JANGBU_INVARIANT(size <= limit, std::to_string(size)): the second argument is evaluated on failure only.
#define JANGBU_INVARIANT(condition, values)                                                   \
  do {                                                                                        \
    if (!(condition)) [[unlikely]]                                                            \
      ::jangbu::invariant_failed(#condition, __FILE__, __LINE__, std::string_view((values))); \
  } while (false)
