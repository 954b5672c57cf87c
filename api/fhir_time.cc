#include "api/fhir_time.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "schemas/timestamp.h"

namespace jangbu::api::fhir {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string two_digits(int number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

std::string offset_text(std::int32_t zone_seconds) {
  const int minutes = std::abs(zone_seconds) / 60;
  return (zone_seconds < 0 ? "-" : "+") + two_digits(minutes / 60) + ":" + two_digits(minutes % 60);
}

std::optional<std::string> if_valid(std::string text) {
  if (!parse_timestamp(text)) return std::nullopt;
  return text;
}

enum class Precision { none, year, month, day };

Precision precision_of(std::string_view text) {
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return Precision::none;
  if (!is_digits(text.substr(0, 4))) return Precision::none;
  if (text.size() == 4) return Precision::year;
  if (text[4] != '-' || !is_digits(text.substr(5, 2))) return Precision::none;
  if (text.size() == 7) return Precision::month;
  return text[7] == '-' && is_digits(text.substr(8, 2)) ? Precision::day : Precision::none;
}

}  // namespace

std::optional<std::string> exact_time(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  std::string time(text);
  if (const std::size_t dot = time.find('.'); dot != std::string::npos) {
    std::size_t end = dot + 1;
    while (end < time.size() && std::isdigit(static_cast<unsigned char>(time[end])) != 0) ++end;
    if (end - dot - 1 > 9) time.erase(dot + 10, end - dot - 10);
  }
  return if_valid(std::move(time));
}

std::optional<std::string> first_moment(std::string_view text, std::int32_t zone_seconds) {
  std::string date(text);
  switch (precision_of(text)) {
    case Precision::none:
      return exact_time(text);
    case Precision::year:
      date += "-01-01";
      break;
    case Precision::month:
      date += "-01";
      break;
    case Precision::day:
      break;
  }
  return if_valid(date + "T00:00:00" + offset_text(zone_seconds));
}

std::optional<std::string> moment_after(std::string_view text, std::int32_t zone_seconds) {
  std::string last_day(text);
  switch (precision_of(text)) {
    case Precision::none:
      return exact_time(text);
    case Precision::year:
      last_day += "-12-31";
      break;
    case Precision::month:
      for (int day = 31; day >= 28 && last_day.size() == text.size(); --day) {
        const std::string candidate = last_day + "-" + two_digits(day);
        if (first_moment(candidate, zone_seconds)) last_day = candidate;
      }
      break;
    case Precision::day:
      break;
  }
  const auto morning = first_moment(last_day, zone_seconds);
  if (!morning) return std::nullopt;
  const auto begins = parse_timestamp(*morning);
  return begins ? if_valid(to_string(begins->plus_seconds(86'400))) : std::nullopt;
}

bool is_whole_day(std::string_view text) { return precision_of(text) == Precision::day; }

}  // namespace jangbu::api::fhir
