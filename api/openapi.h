// The API's description, openapi.json, as it was when this program was built. Any thread.
#pragma once

#include <span>

#include "schemas/embedded.h"

namespace jangbu {

// One file. Generated: ops/cmake/Embed.cmake.
[[nodiscard]] std::span<const EmbeddedFile> openapi_files();

}  // namespace jangbu
