// "hanbit.patients/12": how people write where an entry stands. Used by show, prove and replay.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu::tools {

struct EntryPlace {
  LedgerId ledger;
  SequenceNumber sequence;
};

// Error: bad_usage.
[[nodiscard]] inline Result<EntryPlace> parse_entry_place(std::string_view text) {
  const auto bad = [&](std::string what) { return fail(Code::bad_usage, std::string(text), std::move(what)); };
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return bad("an entry is written LEDGER/SEQUENCE, such as hanbit.patients/12");
  auto ledger = LedgerId::parse(text.substr(0, slash));
  if (!ledger) return bad("not the id of a ledger before the slash");
  const std::string_view digits = text.substr(slash + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return bad("not a sequence number behind the slash");
  }
  return EntryPlace{std::move(*ledger), SequenceNumber(number)};
}

}  // namespace jangbu::tools
