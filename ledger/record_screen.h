// What can be said of a record, or of an entry, by itself, before anything of its ledger is looked at: the screen's
// verdict, its type, its dedup key. Used by ledger_state.h, whose first half this is, and by whoever takes over
// entries.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/dedup_key.h"
#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/keys.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "ledger/rejected.h"
#include "schemas/error.h"
#include "schemas/event.h"
#include "schemas/event_type.h"
#include "schemas/screen.h"

namespace jangbu {

// What a source gives: the sequencer's queue, or a topic.
struct Record {
  std::string_view event;
  const AuthorSignature* signature = nullptr;
  bool screened = false;            // these bytes have passed this program's screen for this ledger already
  const EventType* type = nullptr;  // with `screened`, if known: what Screened says
  DedupKey key{};                   // with `type`
  std::optional<Code> refused;      // what is wrong beside the event
  std::int64_t received_ms = 0;
  Generation generation;
  std::optional<Offset> offset;  // absent: embedded, it is the sequence number
};

// A record's verdict before anything of the ledger is looked at.
struct Screened {
  const EventType* type = nullptr;  // set when it passed
  DedupKey key{};                   // when it passed
  std::optional<Rejection> rejection;
  std::vector<Error> errors;  // when it did not
};

// The screen over records; buffers are reused. One thread.
class RecordScreen {
 public:
  explicit RecordScreen(std::shared_ptr<const TypeTable> types);
  [[nodiscard]] Screened screen(const Record& record, const LedgerId& ledger);
  // Of an accepted event.
  [[nodiscard]] Result<Event> read(std::string_view bytes) { return reader_.read(bytes); }
  [[nodiscard]] const std::shared_ptr<const TypeTable>& types() const { return types_; }

 private:
  std::shared_ptr<const TypeTable> types_;
  Screen screen_;
  EventReader reader_;
};

// An entry as it lies somewhere, and what can be said of it without its ledger.
struct EncodedEntry {
  std::string_view bytes;
  Entry entry;  // views into `bytes`
  Hash leaf;
  const EventType* type = nullptr;  // of an event or a genesis
  DedupKey key{};                   // likewise
};
// Any thread, with a reader of its own. Error: bad_entry.
[[nodiscard]] Result<EncodedEntry> read_encoded(std::string_view bytes, RecordScreen& reader);

// What a rejected entry says of a record whose envelope has passed.
[[nodiscard]] Rejection rejection_of(Code reason, std::string pointer, const Event& event);

}  // namespace jangbu
