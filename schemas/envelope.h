// The envelope: CloudEvents 1.0 attributes as this ledger takes them (the catalogue's envelope table; FORMATS.md E1 to
// E4). Read once for each record, by the screen with every rule, by EventReader without them. Pure; any thread.
#pragma once

#include <simdjson.h>

#include <array>
#include <optional>
#include <string_view>

#include "schemas/event.h"
#include "schemas/report.h"

namespace jangbu {

enum class Attribute : std::uint8_t {
  specversion,
  id,
  source,
  type,
  time,
  institution,
  ledger,
  sequence,
  sequencetype,
  traceparent,
  tracestate,
  datacontenttype,
  data,
};
inline constexpr std::size_t kAttributes = 13;

[[nodiscard]] std::optional<Attribute> attribute(std::string_view name);
[[nodiscard]] std::string_view name(Attribute attribute);

// What judge_envelope() could read; what is wrong stands in the report.
struct Envelope {
  const EventType* type = nullptr;
  std::optional<Timestamp> time;
  // Those that are right: of their form, and no identifier in them.
  std::optional<std::string_view> institution, ledger, source, id;
  std::optional<std::uint64_t> sequence;
  std::optional<simdjson::dom::element> data;  // an object
};

// Every rule of the envelope, the type's place in the table, and direct identifiers in attributes. Errors:
// bad_envelope, bad_time, unknown_type, in the attributes' order, missing ones last. Of attributes that are refused the
// content is examined too.
[[nodiscard]] Envelope judge_envelope(simdjson::dom::element root, const TypeTable& types, Report& report,
                                      JsonPath& path);

// The members of an accepted event. Errors: bad_envelope, unknown_type.
[[nodiscard]] Result<Event> read_envelope(simdjson::dom::element root, const TypeTable& types, std::string_view bytes);

}  // namespace jangbu
