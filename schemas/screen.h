// The screen: the deterministic test that a record must pass to be ledgered as an event. Bytes in; an Event, or the
// list of everything that is wrong, out. A pure function of the bytes and the ledger they are meant for: no clock, no
// locale, no state of other records. Intake calls it for every request, the sequencer for every record that did not
// come through this program's intake. Its version and digest are ledgered (ledger.genesis, ledger.screen), so that
// every node gives the same verdict for ever; change a verdict, and the version changes.
//
// Order: size, strict JSON (RFC 8259 without duplicate names, NUL, BOM, big numbers), envelope (CloudEvents 1.0.2),
// type, ledger, schema with code lists and times, direct identifiers. A record that is no strict JSON is not judged
// further; all other steps are run, whatever the earlier ones found. The author is judged in ledger/authors.h; the
// screen's digest is in ledger/screen_digest.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/error.h"
#include "schemas/event.h"
#include "schemas/event_type.h"

namespace jangbu {

inline constexpr int kScreenVersion = 1;

// The ledger that a record is meant for.
struct ScreenTarget {
  std::string_view institution;  // "hanbit"
  LedgerKind kind = LedgerKind::shared;
};

struct Verdict {
  // Empty: passed. Else at most kErrorsListedMax, in document order within each step; `where` is a JSON pointer into
  // the event ("" the whole, "/data/patient" a member).
  std::vector<Error> errors;
  // Set when passed; valid until the Screen's next call.
  Event event;
  // What a `rejected` entry may say: known once envelope and identifier test have passed these three members, else
  // empty. Views as in `event`.
  std::string_view source;
  std::string_view id;
  std::optional<std::uint64_t> sequence;
  // An identifier was found somewhere: a rejected entry then carries no digest of the record either.
  bool has_direct_identifier = false;

  [[nodiscard]] bool passed() const { return errors.empty(); }
};

// Reusable; one per thread.
class Screen {
 public:
  explicit Screen(std::shared_ptr<const TypeTable> types);
  ~Screen();
  Screen(Screen&&) noexcept;
  Screen& operator=(Screen&&) noexcept;

  // `header_bytes`: what an entry needs beside the event (ledger/entry.h), so that the whole stays within
  // kEntryBytesMax. Never fails; cost: about 2 microseconds for 600 bytes.
  [[nodiscard]] Verdict judge(std::string_view bytes, const ScreenTarget& target, std::size_t header_bytes);

  // For intake, before the ledger is known: the ledger id an event asks for ("hanbit", "hanbit.patients"), from its
  // type, `institution` and `ledger`. Errors as judge() would list first. The rest is not examined.
  [[nodiscard]] Result<std::string> route(std::string_view bytes);

  [[nodiscard]] const TypeTable& types() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu
