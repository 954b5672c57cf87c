// Event: one CloudEvents 1.0 document with its envelope parsed once. Views into the received bytes and into the
// reader's buffers. The screen makes one for each record it accepts; consumers make one for each entry they fold.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "schemas/error.h"
#include "schemas/event_type.h"
#include "schemas/timestamp.h"

namespace jangbu {

struct Event {
  std::string_view bytes;  // as received: what is hashed
  const EventType* type = nullptr;
  std::string_view institution;
  std::string_view ledger;  // the `ledger` attribute; empty where the type has none
  std::string_view source;
  std::string_view id;
  Timestamp time;
  std::optional<std::uint64_t> sequence;
  simdjson::dom::object data;
};

// Parses the bytes of an ACCEPTED event (an entry of kind event) again. It trusts that the screen has passed them, so
// it is fast: no schema, no identifiers. Reusable; one per thread; the Event of one call is valid until the next call,
// while `bytes` live.
class EventReader {
 public:
  explicit EventReader(std::shared_ptr<const TypeTable> types);
  ~EventReader();
  EventReader(EventReader&&) noexcept;
  EventReader& operator=(EventReader&&) noexcept;

  // Errors: not_json, bad_envelope, unknown_type: the entry is damaged or of a later catalogue.
  [[nodiscard]] Result<Event> read(std::string_view bytes);
  [[nodiscard]] const TypeTable& types() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Members of an accepted event's data, by name; absent members give the empty value. The schema was checked by the
// screen, so a wrong type counts as absent.
[[nodiscard]] std::string_view text(simdjson::dom::object object, std::string_view member);
[[nodiscard]] std::optional<std::int64_t> integer(simdjson::dom::object object, std::string_view member);
[[nodiscard]] std::optional<bool> boolean(simdjson::dom::object object, std::string_view member);
[[nodiscard]] std::optional<Timestamp> time(simdjson::dom::object object, std::string_view member);
[[nodiscard]] std::optional<simdjson::dom::object> object(simdjson::dom::object object, std::string_view member);
[[nodiscard]] std::optional<simdjson::dom::array> list(simdjson::dom::object object, std::string_view member);

// Calls `visit(TermKind, std::string_view value)` for every term of the event, its type's name ("dataset.purged")
// first. A value may come twice.
template <typename Visit>
void for_each_term(const Event& event, Visit&& visit);

}  // namespace jangbu

#include "schemas/event_terms.inl.h"
