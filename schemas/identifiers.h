// Direct identifiers of natural persons, looked for in the text of events: an audit ledger is for ever, so what names a
// person must not get in. Called by the screen for every string that its schema does not make opaque (a digest, a time,
// a pseudonym, a key). Pure; any thread; no allocation for ASCII text.
//
// What is looked for, and where its shape is from:
//   resident number    Resident Registration Act, Enforcement Rules 2: six digits of the date of birth, the digit of
//   sex and
//                      century (1 to 4), six more, of which the last checks the others; numbers given since 5 October
//                      2020 have six free digits instead, so a birth of the month before that day or later needs no
//                      check digit.
//   foreigner number   Immigration Act 31: the same with 5 to 8, and another check digit.
//   phone              the national numbering plan: 01x, 0x0, 02 and 03x to 06x with separators; 010 and 8 digits also
//                      without; +82, 0082; other countries as +, 10 to 15 digits (ITU-T E.164).
//   e-mail             RFC 5321's address, without quoted local parts and address literals.
//   passport           Ministry of Foreign Affairs: M and 8 digits; since December 2021 M, 3 digits, a letter, 4
//   digits.
//                      Other letters (S, R, O, D, G) only where the text itself says passport: they begin too many
//                      labels.
//   card               ISO/IEC 7812: the networks' number ranges and lengths, with Luhn's check digit.
//
// Digits that belong to a UUID or to a run of 32 hex digits and more are none of these. Thirteen digits without a
// separator are also what a clock in milliseconds shows (in early 2027 it reads like a birth in 2018), so such a number
// within a year of the event's own time counts as a clock. Rates: tests/schemas/identifiers_test.cc prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/timestamp.h"

namespace jangbu {

enum class IdentifierKind : std::uint8_t { resident_number, foreigner_number, phone, email, passport, card };

[[nodiscard]] std::string_view name(IdentifierKind kind);

// The first that is found. `event_time`: the event's own claim, where it is known.
[[nodiscard]] std::optional<IdentifierKind> find_direct_identifier(std::string_view text,
                                                                   std::optional<Timestamp> event_time);

}  // namespace jangbu
