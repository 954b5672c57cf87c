// How the projections see an entry: its event time and its terms. One definition for the index, for the entries that
// the index has not reached yet, and for the look at an entry before it is put on a page. One thread each.
//
// A rejected entry has the one term type "rejected"; its time is when it was received. An event that this program's
// catalogue cannot read (an entry of a later one) has the one term type "unreadable".
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "ledger/entry.h"
#include "schemas/event.h"

namespace jangbu::consumers {

inline constexpr std::string_view kRejectedType = "rejected";
inline constexpr std::string_view kUnreadableType = "unreadable";

struct IndexedEntry {
  std::int64_t time_ms = 0;    // rounded down
  std::optional<Event> event;  // until the reader's next call
  std::string_view type;       // the event's type's name, or one of the two above
};

class IndexedEntryReader {
 public:
  explicit IndexedEntryReader(std::shared_ptr<const TypeTable> types) : reader_(std::move(types)) {}

  [[nodiscard]] IndexedEntry read(const Entry& entry) {
    IndexedEntry read;
    if (entry.kind == EntryKind::event || entry.kind == EntryKind::genesis) {
      if (auto event = reader_.read(entry.body)) {
        read.time_ms = event->time.milliseconds();
        read.type = event->type->name;
        read.event = *event;
        return read;
      }
    }
    // A received time is whatever some clock said; no honest one is outside the years of timestamps.
    constexpr std::int64_t kLimit = 253'402'300'800'000;
    read.time_ms = std::clamp(entry.received_ms, std::int64_t{0}, kLimit);
    read.type = entry.kind == EntryKind::rejected ? kRejectedType : kUnreadableType;
    return read;
  }

  [[nodiscard]] const TypeTable& types() const { return reader_.types(); }

 private:
  EventReader reader_;
};

// visit(TermKind, std::string_view value); a term may come twice.
template <typename Visit>
void for_each_index_term(const IndexedEntry& entry, Visit&& visit) {
  if (entry.event) {
    for_each_term(*entry.event, visit);
  } else {
    visit(TermKind::type, entry.type);
  }
}

}  // namespace jangbu::consumers
