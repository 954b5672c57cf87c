#include "ledger/record_screen.h"

#include <utility>

#include "ledger/tree.h"
#include "schemas/bounds.h"

namespace jangbu {
namespace {

std::size_t header_bytes(const Record& record) {
  return kEntryHeaderBytes + (record.signature != nullptr ? kEntryAuthorBytes : std::size_t{0});
}

}  // namespace

Rejection rejection_of(Code reason, std::string pointer, const Event& event) {
  Rejection rejection;
  rejection.reason = reason;
  rejection.pointer = std::move(pointer);
  rejection.length = event.bytes.size();
  rejection.source = std::string(event.source);
  rejection.sequence = event.sequence;
  rejection.id_digest = sha256(event.id);
  rejection.digest = sha256(event.bytes);
  return rejection;
}

RecordScreen::RecordScreen(std::shared_ptr<const TypeTable> types)
    : types_(std::move(types)), screen_(types_), reader_(types_) {}

Screened RecordScreen::screen(const Record& record, const LedgerId& ledger) {
  Screened screened;
  if (record.screened && !record.refused && record.event.size() + header_bytes(record) <= kEntryBytesMax) {
    if (record.type != nullptr) {
      screened.type = record.type;
      screened.key = record.key;
      return screened;
    }
    // Intake's verdict stands; a record that cannot be read in spite of it is screened like a stranger's.
    if (const auto event = reader_.read(record.event)) {
      screened.type = event->type;
      screened.key = dedup_key(event->source, event->id);
      return screened;
    }
  }
  Verdict verdict =
      screen_.judge(record.event, ScreenTarget{ledger.institution(), ledger.kind()}, header_bytes(record));
  if (verdict.passed() && record.refused) {
    screened.rejection = rejection_of(*record.refused, "", verdict.event);
    screened.errors = {Error{*record.refused, "", "beside the event"}};
    return screened;
  }
  if (verdict.passed()) {
    screened.type = verdict.event.type;
    screened.key = dedup_key(verdict.event.source, verdict.event.id);
    return screened;
  }
  const Error& error = verdict.errors.front();
  Rejection rejection;
  rejection.reason = error.code;
  rejection.pointer = safe_pointer(error);
  rejection.length = record.event.size();
  if (!verdict.source.empty()) rejection.source = std::string(verdict.source);
  rejection.sequence = verdict.sequence;
  if (!verdict.id.empty()) rejection.id_digest = sha256(verdict.id);
  if (!verdict.has_direct_identifier) rejection.digest = sha256(record.event);
  screened.rejection = std::move(rejection);
  screened.errors = std::move(verdict.errors);
  return screened;
}

Result<EncodedEntry> read_encoded(std::string_view bytes, RecordScreen& reader) {
  auto entry = decode(bytes);
  if (!entry) return tl::unexpected(entry.error());
  EncodedEntry encoded{bytes, *entry, leaf_hash(bytes)};
  if (encoded.entry.kind == EntryKind::rejected) return encoded;
  const auto event = reader.read(encoded.entry.body);
  if (!event) return fail(Code::bad_entry, "", "an event that cannot be read: " + to_string(event.error()));
  encoded.type = event->type;
  encoded.key = dedup_key(event->source, event->id);
  return encoded;
}

}  // namespace jangbu
