#include "consumers/timeline.h"

#include <algorithm>
#include <utility>

#include "ledger/tree.h"

namespace jangbu::consumers {

TimelineOptions TimelineOptions::shared(std::string_view coordinator) {
  return {LedgerId::of(coordinator, LedgerKind::shared),
          [](const LedgerId& ledger) { return ledger.kind() == LedgerKind::shared; }};
}

TimelineOptions TimelineOptions::patients(std::string_view coordinator, std::string_view hospital) {
  return {LedgerId::of(coordinator, LedgerKind::shared),
          [own = LedgerId::of(hospital, LedgerKind::patients)](const LedgerId& ledger) { return ledger == own; }};
}

namespace {

// How far one ledger was given out, and which of its entries say who may sign.
struct LedgerProgress {
  std::uint64_t size = 0;
  std::vector<std::uint64_t> governing;

  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.size, self.governing);
  }
};

struct TickState {
  Timestamp at;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.at);
  }
};

struct FoundTick {
  SequenceNumber sequence;
  Timestamp at;
  std::map<LedgerId, std::uint64_t> observed;
  std::set<std::string, std::less<>> unreadable;
};

constexpr std::string_view kTickState = "last";

}  // namespace

struct Timeline::Impl {
  Impl(TimelineOptions given, std::shared_ptr<const TypeTable> types)
      : options(std::move(given)), reader(std::move(types)) {
    tick_type = reader.types().find("kr.jangbu.tick.v1");
    genesis_type = reader.types().find("kr.jangbu.ledger.genesis.v1");
  }

  // The first tick of the coordinating body's ledger at or after `scanned`; nullopt: none yet.
  Result<std::optional<FoundTick>> find_tick(TimelineSource& source) {
    const auto size = source.size(options.coordinator);
    if (!size) return tl::unexpected(size.error());
    while (scanned < size->value()) {
      const auto entries = source.read(options.coordinator, SequenceNumber(scanned), *size);
      if (!entries) return tl::unexpected(entries.error());
      if (entries->empty()) break;
      for (const std::string& bytes : *entries) {
        const auto entry = decode(bytes);
        if (!entry) return tl::unexpected(entry.error());
        if (entry->kind == EntryKind::event) {
          const auto event = reader.read(entry->body);
          if (!event) return tl::unexpected(event.error());
          if (event->type == tick_type) return as_tick(*event, entry->sequence);
        }
        ++scanned;
      }
    }
    return std::nullopt;
  }

  Result<std::optional<FoundTick>> as_tick(const Event& event, SequenceNumber sequence) const {
    FoundTick out;
    out.sequence = sequence;
    const auto at = jangbu::time(event.data, "at");
    if (!at) return fail(Code::bad_entry, options.coordinator.text(), "a tick without its time");
    out.at = *at;
    if (const auto observed = list(event.data, "observed")) {
      for (simdjson::dom::element item : *observed) {
        simdjson::dom::object head;
        if (item.get(head) != simdjson::SUCCESS) continue;
        const auto id = LedgerId::parse(text(head, "ledger"));
        const auto size = integer(head, "size");
        if (!id || !size || *id == options.coordinator || !options.holds(*id)) continue;
        out.observed.emplace(*id, static_cast<std::uint64_t>(*size));
      }
    }
    if (const auto unreadable = list(event.data, "unreadable")) {
      for (simdjson::dom::element item : *unreadable) {
        std::string_view id;
        if (item.get(id) == simdjson::SUCCESS) out.unreadable.emplace(id);
      }
    }
    return out;
  }

  [[nodiscard]] std::uint64_t given(const LedgerId& ledger) const {
    const LedgerProgress* progress = ledgers.find(ledger.text());
    return progress == nullptr ? 0 : progress->size;
  }

  // Gives [given, to) of one ledger; the coordinating body's tick at `to - 1` is not given as an entry.
  Result<Hash> give(TimelineSource& source, TimelineReader& out, const LedgerId& ledger, std::uint64_t to,
                    std::optional<std::uint64_t> without, const FoundTick& tick, Timestamp before) {
    LedgerProgress& progress = ledgers.edit(ledger.text());
    Hash last;
    while (progress.size < to) {
      const auto entries = source.read(ledger, SequenceNumber(progress.size), TreeSize(to));
      if (!entries) return tl::unexpected(entries.error());
      if (entries->empty()) return fail(Code::no_such_entry, ledger.text(), "entries that a tick names are not there");
      for (const std::string& bytes : *entries) {
        const auto entry = decode(bytes);
        if (!entry) return tl::unexpected(entry.error());
        if (entry->sequence.value() != progress.size) {
          return fail(Code::bad_entry, ledger.text(), "an entry whose sequence number is not its place");
        }
        TimelineEntry item;
        item.ledger = &ledger;
        item.sequence = entry->sequence;
        item.entry = &*entry;
        item.leaf = last = leaf_hash(bytes);
        item.tick = tick.at;
        item.tick_before = before;
        Event event;
        if (entry->kind == EntryKind::event || entry->kind == EntryKind::genesis) {
          auto read = reader.read(entry->body);
          if (!read) return tl::unexpected(read.error());
          event = *read;
          item.event = &event;
          if (auto governed = govern(ledger, event, *entry, progress); !governed) {
            return tl::unexpected(governed.error());
          }
        }
        item.author_use = author_use(ledger, *entry);
        if (without != progress.size) {
          if (auto taken = out.take(item); !taken) return tl::unexpected(taken.error());
          ++entries_given;
        }
        ++progress.size;
      }
    }
    return last;
  }

  Result<void> govern(const LedgerId& ledger, const Event& event, const Entry& entry, LedgerProgress& progress) {
    if (event.type != genesis_type && !AuthorRegistry::governs(*event.type)) return {};
    progress.governing.push_back(entry.sequence.value());
    return apply(ledger, event, entry);
  }

  Result<void> apply(const LedgerId& ledger, const Event& event, const Entry& entry) {
    const auto at = authors.find(ledger.text());
    if (at != authors.end()) {
      at->second.apply(event, entry.sequence);
      return {};
    }
    auto registry = AuthorRegistry::from_genesis(event, entry);
    if (!registry) return tl::unexpected(registry.error());
    authors.emplace(ledger.text(), std::move(*registry));
    return {};
  }

  [[nodiscard]] std::optional<KeyUse> author_use(const LedgerId& ledger, const Entry& entry) const {
    if (!entry.author) return std::nullopt;
    const auto at = authors.find(ledger.text());
    if (at == authors.end()) return std::nullopt;
    const RegisteredKey* key = at->second.find(entry.author->key);
    if (key == nullptr || !(key->since < entry.sequence)) return std::nullopt;
    if (key->revoked && *key->revoked < entry.sequence) return std::nullopt;
    if (key->compromised_from && entry.sequence.value() >= key->compromised_from->value()) return std::nullopt;
    return key->use;
  }

  TimelineOptions options;
  EventReader reader;
  const EventType* tick_type = nullptr;
  const EventType* genesis_type = nullptr;
  Table<LedgerProgress> ledgers{"timeline.ledger"};
  Table<TickState> last_tick{"timeline.tick"};
  std::map<std::string, AuthorRegistry, std::less<>> authors;  // as of `ledgers`
  std::uint64_t scanned = 0;  // of the coordinating body's ledger: no tick between what was given and here
  std::size_t entries_given = 0;
  std::optional<Error> waits;
};

Timeline::Timeline(TimelineOptions options, std::shared_ptr<const TypeTable> types)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(types))) {}
Timeline::~Timeline() = default;

Result<bool> Timeline::advance(TimelineSource& source, TimelineReader& reader) {
  Impl& self = *impl_;
  self.waits.reset();
  auto found = self.find_tick(source);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return false;
  const FoundTick& tick = **found;
  for (const auto& [ledger, size] : tick.observed) {
    const auto there = source.size(ledger);
    // Another node's affair, or a wrong tick: whoever lacks a ledger cannot order what comes after, and the rest of the
    // node need not suffer from it.
    if (!there && there.error().code == Code::no_such_ledger) {
      self.waits = there.error();
      return false;
    }
    if (!there) return tl::unexpected(there.error());
    if (there->value() < size) {  // this node has not got that far yet
      self.waits =
          Error{Code::no_such_entry, ledger.text(),
                "a tick names " + std::to_string(size) + " entries, and here are " + std::to_string(there->value())};
      return false;
    }
  }
  const TickState* previous = self.last_tick.find(kTickState);
  const Timestamp before = previous == nullptr ? tick.at : previous->at;
  self.entries_given = 0;
  const auto tick_leaf = self.give(source, reader, self.options.coordinator, tick.sequence.value() + 1,
                                   tick.sequence.value(), tick, before);
  if (!tick_leaf) return tl::unexpected(tick_leaf.error());
  for (const auto& [ledger, size] : tick.observed) {
    // A size that shrinks is the completeness check's matter; here it makes nothing visible.
    if (self.given(ledger) >= size) continue;
    if (auto given = self.give(source, reader, ledger, size, std::nullopt, tick, before); !given) {
      return tl::unexpected(given.error());
    }
  }
  self.last_tick.edit(kTickState).at = tick.at;
  self.scanned = tick.sequence.value() + 1;
  if (auto judged = reader.tick({tick.at, tick.sequence, *tick_leaf, &tick.unreadable, self.entries_given}); !judged) {
    return tl::unexpected(judged.error());
  }
  return true;
}

const std::optional<Error>& Timeline::waits() const { return impl_->waits; }

std::size_t Timeline::last_entries() const { return impl_->entries_given; }

std::vector<AnyTable*> Timeline::tables() { return {&impl_->ledgers, &impl_->last_tick}; }

Result<void> Timeline::loaded(TimelineSource& source) {
  Impl& self = *impl_;
  for (const auto& [name, progress] : self.ledgers) {
    const auto ledger = LedgerId::parse(name);
    if (!ledger) return fail(Code::state_corrupt, name, "a timeline row under a name that is no ledger's");
    for (const std::uint64_t sequence : progress.governing) {
      const auto bytes = source.read(*ledger, SequenceNumber(sequence), TreeSize(sequence + 1));
      if (!bytes) return tl::unexpected(bytes.error());
      if (bytes->empty()) return fail(Code::state_corrupt, name, "the state is ahead of the ledger");
      const auto entry = decode(bytes->front());
      if (!entry) return tl::unexpected(entry.error());
      const auto event = self.reader.read(entry->body);
      if (!event) return tl::unexpected(event.error());
      if (auto applied = self.apply(*ledger, *event, *entry); !applied) return applied;
    }
  }
  self.scanned = self.given(self.options.coordinator);
  return {};
}

std::optional<Timestamp> Timeline::last_tick() const {
  const TickState* state = impl_->last_tick.find(kTickState);
  return state == nullptr ? std::nullopt : std::optional(state->at);
}

std::map<std::string, TreeSize> Timeline::sizes() const {
  std::map<std::string, TreeSize> out;
  for (const auto& [name, progress] : impl_->ledgers) out.emplace(name, TreeSize(progress.size));
  return out;
}

}  // namespace jangbu::consumers
