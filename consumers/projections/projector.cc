#include "consumers/projections/projector.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "consumers/projections/fact_extract.h"
#include "consumers/projections/lineage.h"
#include "consumers/projections/ticks.h"

namespace jangbu::consumers {
namespace {

// Readers wait at most while so many entries are added: about half a millisecond.
constexpr std::uint64_t kEntriesALock = 256;

}  // namespace

Projector::Projector(ProjectionStore& store, std::shared_ptr<const TypeTable> types)
    : store_(store), reader_(std::move(types)) {}

Result<Projector::Step> Projector::step(const Sources& sources, std::uint64_t entries_max) {
  Step done;
  const std::uint64_t share = std::max<std::uint64_t>(1, entries_max / std::max<std::size_t>(1, sources.size()));
  for (const auto& source : sources) {
    auto state = store_.ledger(source->ledger(), source->has_ticks());
    if (!state) return tl::unexpected(state.error());
    const auto taken = take(*source, **state, share);
    if (!taken) return tl::unexpected(taken.error());
    done.taken += *taken;
  }
  // What the others left of their shares goes to those that have more.
  for (const auto& source : sources) {
    auto state = store_.ledger(source->ledger(), source->has_ticks());
    if (!state) return tl::unexpected(state.error());
    if (done.taken < entries_max) {
      const auto taken = take(*source, **state, entries_max - done.taken);
      if (!taken) return tl::unexpected(taken.error());
      done.taken += *taken;
    }
  }
  done.behind = lag(store_, sources);
  return done;
}

Result<std::uint64_t> Projector::take(const EntrySource& source, LedgerState& state, std::uint64_t entries_max) {
  if (state.indexed() > source.size() && state.sealed() > source.size().value()) {
    // Never from a feed, whose released sizes do not shrink: this folder belongs to another ledger.
    return fail(Code::state_corrupt, state.id.text(), "the projections hold more than the ledger does");
  }
  std::uint64_t taken = 0;
  while (taken < entries_max && state.indexed() < source.size()) {
    const std::uint64_t from = state.indexed().value();
    const std::uint64_t room = kBlockEntries - state.open->count();
    const std::uint64_t chunk = std::min({kEntriesALock, room, source.size().value() - from, entries_max - taken});
    // Read first, then add under the lock: a reader of the index never waits for the ledger's disk.
    std::vector<std::string> bodies;
    std::vector<Entry> entries;
    bodies.reserve(static_cast<std::size_t>(chunk));
    entries.reserve(static_cast<std::size_t>(chunk));
    auto read = source.read(SequenceNumber(from), TreeSize(from + chunk), [&](const Entry& entry) -> Result<void> {
      bodies.emplace_back(entry.body);
      entries.push_back(entry);
      entries.back().body = bodies.back();
      return {};
    });
    if (!read) return tl::unexpected(read.error());
    store_.change([&] {
      for (const Entry& entry : entries) add(entry, state);
    });
    taken += chunk;
    if (state.open->full()) {
      if (auto sealed = store_.seal(state); !sealed) return tl::unexpected(sealed.error());
    }
  }
  return taken;
}

void Projector::add(const Entry& entry, LedgerState& state) {
  OpenBlock& open = *state.open;
  const IndexedEntry seen = reader_.read(entry);
  open.add_entry(seen.time_ms);
  for_each_index_term(seen, [&](TermKind kind, std::string_view value) {
    term_.assign(1, term_key(kind, {}).front());
    term_.append(value);
    open.add_term(term_);
  });
  if (state.id.kind() == LedgerKind::shared) {
    add_facts(seen, entry, state.id, static_cast<std::size_t>(open.count() - 1), open.facts());
  }
  if (!seen.event) return;
  for (std::string& key : lineage_keys(*seen.event, state.id, entry.sequence)) open.add_link(std::move(key), "");
  if (state.has_ticks && seen.type == kTickType) {
    for (const TickRow& row : tick_rows(*seen.event, state.id, entry.sequence)) {
      open.add_link(tick_key(row), tick_value(row));
    }
  }
}

std::uint64_t lag(const ProjectionStore& store, const Sources& sources) {
  return store.look([&](const LedgerStates& states, const Snapshot&) {
    std::uint64_t behind = 0;
    for (const auto& source : sources) {
      const auto found = states.find(source->ledger());
      const std::uint64_t indexed = found == states.end() ? 0 : found->second.indexed().value();
      behind += source->size().value() - std::min(indexed, source->size().value());
    }
    return behind;
  });
}

}  // namespace jangbu::consumers
