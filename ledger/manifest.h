// Where the records of a RocksDB MANIFEST end, so that a copy can leave out the last of them: RocksDB forgives a last
// record that is cut short, and refuses one whose bytes are others, though a crash can leave either.
//
// Its form is that of RocksDB's write-ahead log: blocks of 32 KiB; in each, fragments of checksum (4), length (2,
// little endian), type (1) and that many bytes; fewer than 7 bytes at a block's end are unused. A record is one
// fragment of type 1, or one of type 2, some of type 3 and one of type 4. Checksums are RocksDB's to judge.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace jangbu {

// How long the manifest is without its last `records` (1 or more), counted from where it cannot be read on: what
// follows the last whole record counts as one. nullopt: it has no more than that.
[[nodiscard]] std::optional<std::size_t> manifest_bytes_without(std::string_view manifest, std::size_t records);

}  // namespace jangbu
