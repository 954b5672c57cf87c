// Every bound that more than one file must agree on, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace jangbu {

// tlog-tiles bundles prefix an entry with a 16-bit length (FORMATS.md T8), so an entry is at most this long.
inline constexpr std::size_t kEntryBytesMax = 65'535;
// JSON nesting: far above any type's own depth, far below what any parser's stack minds.
inline constexpr std::size_t kJsonDepthMax = 32;
// Integers that every JSON reader holds exactly: within +-(2^53-1).
inline constexpr std::int64_t kJsonIntegerMax = 9'007'199'254'740'991;
// CloudEvents attributes (the event catalogue's envelope table).
inline constexpr std::size_t kSourceCharsMax = 256;
inline constexpr std::size_t kIdCharsMax = 128;
// A verdict lists this many errors at most, then too_many_errors.
inline constexpr std::size_t kErrorsListedMax = 64;
// A tick further than this ahead of the last one needs a clock.jump first (tick_jump_max_seconds). Part of the screen's
// version: another bound gives other verdicts.
inline constexpr std::int64_t kTickJumpMaxSeconds = 600;
// How many entries a search may look through in memory behind the index; beyond it embedded intake slows down.
inline constexpr std::uint64_t kIndexLagMax = 50'000;

}  // namespace jangbu
