// Entry: an event at its place, and the bytes that are hashed into the tree. FORMAT.md, "Entry", has them byte by byte.
// Encoded by the sequencer; decoded by every reader and by verifiers. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/hash.h"
#include "ledger/keys.h"
#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu {

// Numbers on disk: never reused.
enum class EntryKind : std::uint8_t {
  genesis = 1,   // the first record; body: a ledger.genesis event
  event = 2,     // body: the event's bytes as received
  rejected = 3,  // body: JSON that says what failed, never the content (rejected.h)
  withheld = 4,  // reserved: the bytes were ordered gone; see FORMAT.md
};

struct Author {
  AuthorKeyId key{};
  Signature signature{};
};

// `body` is a view: into the record when encoding, into the decoded bytes when decoding.
struct Entry {
  EntryKind kind = EntryKind::event;
  SequenceNumber sequence;
  std::int64_t received_ms = 0;  // since 1970, the sequencer's or the broker's clock: a claim (J4)
  Generation generation;         // source position (J3)
  Offset offset;
  Hash previous;  // leaf hash of the entry before; zeros for the first
  std::optional<Author> author;
  std::string_view body;
};

// Bytes beside the body, without and with an author.
inline constexpr std::size_t kEntryHeaderBytes = 64;
inline constexpr std::size_t kEntryAuthorBytes = 80;

// Appends to `out`. Asserts that the whole is at most kEntryBytesMax.
void encode(const Entry& entry, std::string& out);
// Error: bad_entry, `where` the byte offset. One encoding for each entry: decode(x) encodes to x again.
[[nodiscard]] Result<Entry> decode(std::string_view bytes);

}  // namespace jangbu
