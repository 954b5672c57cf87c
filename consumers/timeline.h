// The timeline: the entries of several ledgers in the one order that the coordinating body's ticks give. A tick makes
// visible, first, the coordinating body's own entries up to the tick, then the entries of the ledgers that it names, by
// (ledger id, sequence number); then the tick itself is judged at. So the order is the same on every node and every
// replay, however the entries arrived.
//
// The shared timeline holds the shared ledgers; a patients' ledger has a timeline of its own at its hospital (the
// coordinating body's ledger gives its ticks too). Read through TimelineSource: a node's views, or memory in tests.
// One thread. Reads no clock.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consumers/rows.h"
#include "ledger/authors.h"
#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/ledger_id.h"
#include "ledger/numbers.h"
#include "schemas/error.h"
#include "schemas/event.h"

namespace jangbu::consumers {

// Where entries are read from.
class TimelineSource {
 public:
  virtual ~TimelineSource() = default;
  // How far `ledger` can be read now. no_such_ledger: not here.
  [[nodiscard]] virtual Result<TreeSize> size(const LedgerId& ledger) = 0;
  // The encoded entries from `from` on and before `to`: at least one if there is one, at most about a thousand.
  [[nodiscard]] virtual Result<std::vector<std::string>> read(const LedgerId& ledger, SequenceNumber from,
                                                              TreeSize to) = 0;
};

// An entry by its place: what causes and ids name.
struct EntryPlace {
  std::string ledger;
  std::uint64_t sequence = 0;
  Hash leaf;

  auto operator<=>(const EntryPlace&) const = default;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.ledger, self.sequence, self.leaf);
  }
};

// An entry on the timeline. Views: valid during the call that gets it.
struct TimelineEntry {
  const LedgerId* ledger = nullptr;
  SequenceNumber sequence;
  const Entry* entry = nullptr;
  const Event* event = nullptr;  // nullptr: a rejected or withheld entry
  Hash leaf;
  // The use of the key that signed it, if that key was registered in this ledger and not revoked at this place.
  std::optional<KeyUse> author_use;
  Timestamp tick;         // of the tick that makes it visible
  Timestamp tick_before;  // of the tick before that one; the same when there is none

  [[nodiscard]] EntryPlace place() const { return {ledger->text(), sequence.value(), leaf}; }
};

struct Tick {
  Timestamp at;
  SequenceNumber sequence;  // in the coordinating body's ledger
  Hash leaf;
  const std::set<std::string, std::less<>>* unreadable = nullptr;  // ledgers that it says could not be read
  std::size_t entries = 0;                                         // made visible by it
};

class TimelineReader {
 public:
  virtual ~TimelineReader() = default;
  [[nodiscard]] virtual Result<void> take(const TimelineEntry& entry) = 0;
  [[nodiscard]] virtual Result<void> tick(const Tick& tick) = 0;
};

struct TimelineOptions {
  LedgerId coordinator;
  std::function<bool(const LedgerId&)> holds;  // which ledgers, besides the coordinating body's, are in this timeline

  // All shared ledgers; `hospital`'s patients' ledger.
  [[nodiscard]] static TimelineOptions shared(std::string_view coordinator);
  [[nodiscard]] static TimelineOptions patients(std::string_view coordinator, std::string_view hospital);
};

class Timeline {
 public:
  Timeline(TimelineOptions options, std::shared_ptr<const TypeTable> types);
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  // Gives the entries of the next tick to `reader`, and then the tick. false: there is no further tick yet, or a ledger
  // that it names is not here, or not as far as it says (waits()); then nothing was given. After an error the timeline
  // is to be dropped and loaded again: the reader has seen part of a tick.
  [[nodiscard]] Result<bool> advance(TimelineSource& source, TimelineReader& reader);

  // What the tick that the last advance() stopped at asks for and the source does not have: no_such_ledger,
  // no_such_entry. nullopt: it did not stop at one.
  [[nodiscard]] const std::optional<Error>& waits() const;

  // How many entries the last advance() gave.
  [[nodiscard]] std::size_t last_entries() const;

  // Position: rows, as those of the checks.
  [[nodiscard]] std::vector<AnyTable*> tables();
  // After the rows are loaded: reads the entries that say who may sign again. Errors of the source; state_corrupt.
  [[nodiscard]] Result<void> loaded(TimelineSource& source);

  [[nodiscard]] std::optional<Timestamp> last_tick() const;
  // How far each ledger was given out.
  [[nodiscard]] std::map<std::string, TreeSize> sizes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::consumers
