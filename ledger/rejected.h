// The body of a rejected entry: why a record was not ledgered as an event, and by what its sender finds it again; never
// its content. FORMAT.md, "Rejected entry". Written by ledger_state.cc, read by the feed's readers. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/hash.h"
#include "ledger/numbers.h"
#include "schemas/error.h"

namespace jangbu {

struct Rejection {
  Code reason = Code::bad_entry;
  std::string pointer;       // JSON pointer into the record, without names that the sender chose; "" the whole
  std::uint64_t length = 0;  // of the record
  // Known once envelope and identifier test have passed them.
  std::optional<std::string> source;
  std::optional<std::uint64_t> sequence;  // the emitter's own
  std::optional<Hash> id_digest;          // SHA-256 of the id's text
  // SHA-256 of the record; absent where a direct identifier was found in it: it could be guessed from this.
  std::optional<Hash> digest;
  std::optional<SequenceNumber> first;  // only with reason conflict: the entry with the same source and id
};

// From a screen's or an author's error. Its `where` is kept as far as it is our own words: a name that the sender chose
// (an unknown member, anything in a document that is not even well formed) is content.
[[nodiscard]] std::string safe_pointer(const Error& error);

[[nodiscard]] std::string to_json(const Rejection& rejection);
// One spelling for each. Error: bad_entry.
[[nodiscard]] Result<Rejection> parse_rejection(std::string_view body);

}  // namespace jangbu
