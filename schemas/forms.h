// Forms: the hand-written matchers behind the contract's `pattern`s. A string schema with a pattern names its form as
// `x-form`; the pattern is what other implementations run, the form is what the screen runs, and the differential test
// holds the two together. Called while the contract is compiled and for every string of every event. Pure; any thread.
#pragma once

#include <string_view>

#include "schemas/error.h"

namespace jangbu {

struct Form {
  std::string_view name;
  bool (*matches)(std::string_view text);
  // Does a text of this form need no search for direct identifiers: a digest, a time, a pseudonym, a key, or a text too
  // short to hold one?
  bool opaque;
  Code error;                 // bad_value, or bad_time
  std::string_view expected;  // ends the sentence "expected ..."
};

// nullptr: there is no such form.
[[nodiscard]] const Form* find_form(std::string_view name);

// Forms that the envelope needs too.
[[nodiscard]] bool is_institution(std::string_view text);
[[nodiscard]] bool is_ledger(std::string_view text);         // an institution, ".patients" or not, "~2" to "~9" or not
[[nodiscard]] bool is_token(std::string_view text);          // 1 to 64 of A-Z a-z 0-9 . _ : -
[[nodiscard]] bool is_event_id(std::string_view text);       // 1 to 128 printable ASCII characters
[[nodiscard]] bool is_event_type(std::string_view text);     // kr.jangbu.<type>.v1; whether there is one is the table's
[[nodiscard]] bool is_uri_reference(std::string_view text);  // RFC 3986's characters, of any length
[[nodiscard]] bool is_sequence(std::string_view text);       // at most 15 digits without leading zeros
[[nodiscard]] bool is_traceparent(std::string_view text);    // W3C Trace Context
[[nodiscard]] bool is_tracestate(std::string_view text);     // 1 to 512 printable ASCII characters

}  // namespace jangbu
