#include "schemas/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace jangbu {

void invariant_failed(std::string_view condition, const char* file, int line, std::string_view values) {
  std::fprintf(stderr, "invariant does not hold: %.*s (%.*s) at %s:%d\n", static_cast<int>(condition.size()),
               condition.data(), static_cast<int>(values.size()), values.data(), file, line);
  std::abort();
}

}  // namespace jangbu
