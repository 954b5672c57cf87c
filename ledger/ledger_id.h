// LedgerId: "<institution>" or "<institution>.patients", institution as [a-z][a-z0-9-]{1,30}. Ordered by byte value
// (the timeline's order within a tick).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "schemas/error.h"
#include "schemas/event_type.h"

namespace jangbu {

class LedgerId {
 public:
  // Errors: no_such_ledger (not a ledger id's form).
  [[nodiscard]] static Result<LedgerId> parse(std::string_view text);
  // `institution` has its form already.
  [[nodiscard]] static LedgerId of(std::string_view institution, LedgerKind kind);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string_view institution() const;
  [[nodiscard]] LedgerKind kind() const;

  auto operator<=>(const LedgerId&) const = default;

 private:
  explicit LedgerId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace jangbu
