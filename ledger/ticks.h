// What the coordinating body's ledger knows of time: the rules for its next tick. A fold over ticks and clock jumps;
// part of the ledger's function, so pure. Kept in the database beside the entries, since a start must not read all
// ticks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/error.h"
#include "schemas/event.h"

namespace jangbu {

class Ticks {
 public:
  [[nodiscard]] static bool concerns(const EventType& type);  // tick, clock.jump

  // May this tick be the next? It is after the last one, at most kTickJumpMaxSeconds after it or after the last
  // clock.jump's `to`, and no observed size shrinks. A clock.jump always may. Error: tick_refused.
  [[nodiscard]] Result<void> judge(const Event& event) const;
  // After it was appended.
  void apply(const Event& event);

  [[nodiscard]] std::string encode() const;                           // FORMAT.md, "Database"
  [[nodiscard]] static Result<Ticks> decode(std::string_view bytes);  // store_corrupt

 private:
  std::optional<Timestamp> last_, jump_to_;
  std::map<std::string, std::uint64_t, std::less<>> observed_;  // ledger id to size
};

}  // namespace jangbu
