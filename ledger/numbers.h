// The numbers of the ledger, each a type of its own, so that a size is never taken for a position. Where types end
// (JSON, disk, flags) the name says what it is. Used by every layer above schemas.
#pragma once

#include <compare>
#include <cstdint>

#include "schemas/invariant.h"

namespace jangbu {

template <typename Tag>
class Number {
 public:
  constexpr Number() = default;
  explicit constexpr Number(std::uint64_t value) : value_(value) {}
  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  constexpr auto operator<=>(const Number&) const = default;

 private:
  std::uint64_t value_ = 0;
};

using SequenceNumber = Number<struct SequenceTag>;  // an entry's place in its ledger; the genesis is 0
using TreeSize = Number<struct SizeTag>;            // how many entries a tree has; 0 is the empty tree
using CommitNumber = Number<struct CommitTag>;      // a node's synced writes; rises, may leave gaps
using Offset = Number<struct OffsetTag>;  // a record's place in its source (Kafka; embedded: the sequence number)
using Generation = Number<struct GenerationTag>;  // of a ledger's source; 0 is the embedded sequencer

// The conversions that mean something.
[[nodiscard]] constexpr TreeSize size_after(SequenceNumber last) { return TreeSize(last.value() + 1); }
[[nodiscard]] constexpr SequenceNumber next_of(TreeSize size) { return SequenceNumber(size.value()); }
[[nodiscard]] constexpr SequenceNumber next(SequenceNumber number) { return SequenceNumber(number.value() + 1); }
[[nodiscard]] constexpr bool covers(TreeSize size, SequenceNumber number) { return number.value() < size.value(); }
[[nodiscard]] inline SequenceNumber last_of(TreeSize size) {
  JANGBU_INVARIANT(size.value() > 0, "an empty ledger has no last entry");
  return SequenceNumber(size.value() - 1);
}

}  // namespace jangbu
