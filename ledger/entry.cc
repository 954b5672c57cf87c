// FORMAT.md, "Entry".
#include "ledger/entry.h"

#include <cstring>

#include "ledger/big_endian.h"
#include "schemas/bounds.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint16_t kFlagAuthor = 0x0001;

// Offsets in the header.
constexpr std::size_t kKindAt = 1;
constexpr std::size_t kFlagsAt = 2;
constexpr std::size_t kGenerationAt = 4;
constexpr std::size_t kSequenceAt = 8;
constexpr std::size_t kReceivedAt = 16;
constexpr std::size_t kOffsetAt = 24;
constexpr std::size_t kPreviousAt = 32;
static_assert(kPreviousAt + sizeof(Hash) == kEntryHeaderBytes);
static_assert(sizeof(AuthorKeyId) + sizeof(Signature) == kEntryAuthorBytes);

tl::unexpected<Error> refuse(std::size_t at, std::string what) {
  return fail(Code::bad_entry, "byte " + std::to_string(at), std::move(what));
}

}  // namespace

void encode(const Entry& entry, std::string& out) {
  const std::size_t size = kEntryHeaderBytes + (entry.author ? kEntryAuthorBytes : std::size_t{0}) + entry.body.size();
  JANGBU_INVARIANT(size <= kEntryBytesMax, std::to_string(size));
  JANGBU_INVARIANT(!entry.body.empty(), "an entry without a body");
  out.push_back(static_cast<char>(kVersion));
  out.push_back(static_cast<char>(entry.kind));
  put_big_endian<std::uint16_t>(out, entry.author ? kFlagAuthor : std::uint16_t{0});
  JANGBU_INVARIANT(entry.generation.value() <= UINT32_MAX, std::to_string(entry.generation.value()));
  put_big_endian(out, static_cast<std::uint32_t>(entry.generation.value()));
  put_big_endian(out, entry.sequence.value());
  put_big_endian(out, static_cast<std::uint64_t>(entry.received_ms));
  put_big_endian(out, entry.offset.value());
  out.append(entry.previous.view());
  if (entry.author) {
    out.append(reinterpret_cast<const char*>(entry.author->key.data()), entry.author->key.size());
    out.append(reinterpret_cast<const char*>(entry.author->signature.data()), entry.author->signature.size());
  }
  out.append(entry.body);
}

Result<Entry> decode(std::string_view bytes) {
  if (bytes.size() < kEntryHeaderBytes) return refuse(bytes.size(), "ends within the header");
  if (bytes.size() > kEntryBytesMax) return refuse(kEntryBytesMax, "longer than an entry may be");
  if (static_cast<std::uint8_t>(bytes[0]) != kVersion) return refuse(0, "not version 1");
  Entry entry;
  const auto kind = static_cast<std::uint8_t>(bytes[kKindAt]);
  if (kind < static_cast<std::uint8_t>(EntryKind::genesis) || kind > static_cast<std::uint8_t>(EntryKind::rejected)) {
    return refuse(kKindAt, kind == static_cast<std::uint8_t>(EntryKind::withheld)
                               ? "the reserved kind 4, withheld, which version 1 does not hold"
                               : "not a kind of entry");
  }
  entry.kind = static_cast<EntryKind>(kind);
  const auto flags = get_big_endian<std::uint16_t>(bytes.substr(kFlagsAt));
  if ((flags & ~kFlagAuthor) != 0) return refuse(kFlagsAt, "a flag that version 1 does not have");
  entry.generation = Generation(get_big_endian<std::uint32_t>(bytes.substr(kGenerationAt)));
  entry.sequence = SequenceNumber(get_big_endian<std::uint64_t>(bytes.substr(kSequenceAt)));
  entry.received_ms = static_cast<std::int64_t>(get_big_endian<std::uint64_t>(bytes.substr(kReceivedAt)));
  entry.offset = Offset(get_big_endian<std::uint64_t>(bytes.substr(kOffsetAt)));
  entry.previous = Hash::from(bytes.substr(kPreviousAt, sizeof(Hash)));
  const bool first = entry.sequence.value() == 0;
  if (first != (entry.kind == EntryKind::genesis)) {
    return refuse(kKindAt, first ? "the first entry is no genesis" : "a genesis that is not the first entry");
  }
  if (first && entry.previous != Hash{}) return refuse(kPreviousAt, "a first entry that names a previous one");
  std::size_t at = kEntryHeaderBytes;
  if ((flags & kFlagAuthor) != 0) {
    if (entry.kind == EntryKind::rejected) return refuse(kFlagsAt, "a rejected entry has no author");
    if (bytes.size() < at + kEntryAuthorBytes) return refuse(bytes.size(), "ends within the author");
    Author author;
    std::memcpy(author.key.data(), bytes.data() + at, author.key.size());
    std::memcpy(author.signature.data(), bytes.data() + at + author.key.size(), author.signature.size());
    entry.author = author;
    at += kEntryAuthorBytes;
  }
  entry.body = bytes.substr(at);
  if (entry.body.empty()) return refuse(at, "no body");
  return entry;
}

}  // namespace jangbu
