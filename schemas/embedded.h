// The files of the published contract (types/*.json, common.json, codes.json, envelope.json), compiled in byte for
// byte, so that a binary needs no folder beside it and its screen's digest covers exactly what it runs. Read once, when
// a TypeTable is built.
#pragma once

#include <span>
#include <string_view>

namespace jangbu {

struct EmbeddedFile {
  std::string_view name;  // relative to schemas/, such as "types/dataset.purged.json"
  std::string_view bytes;
};

// All files, by name in byte order.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

}  // namespace jangbu
