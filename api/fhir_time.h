// FHIR's instants, dateTimes, dates and partial dates as RFC 3339 times with an offset. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jangbu::api::fhir {

// A time of day with an offset, as the ledger takes it; fraction digits beyond the ninth are cut off. nullopt for
// dates, for times without an offset (nobody can tell when they were) and for what is no time at all.
[[nodiscard]] std::optional<std::string> exact_time(std::string_view text);

// A time, or a date, month or year: the first moment of it in the zone with that offset.
[[nodiscard]] std::optional<std::string> first_moment(std::string_view text, std::int32_t zone_seconds);
// The first moment after it, as `until` wants it. FHIR's periods include all that their end matches, so one that ends
// "2016-01" lasts until February begins; an exact time is its own end.
[[nodiscard]] std::optional<std::string> moment_after(std::string_view text, std::int32_t zone_seconds);

// "YYYY-MM-DD" and nothing more.
[[nodiscard]] bool is_whole_day(std::string_view text);

}  // namespace jangbu::api::fhir
