#include "consumers/projections/ticks.h"

#include <algorithm>
#include <utility>

#include "consumers/projections/indexed_entry.h"
#include "consumers/projections/varint.h"

namespace jangbu::consumers {
namespace {

constexpr std::uint64_t kBias = std::uint64_t{1} << 63;

std::string ledger_prefix(std::string_view ledger) {
  std::string key = "t";
  key.append(ledger);
  key.push_back('\0');
  return key;
}

std::string row_key(std::string_view ledger, std::int64_t at_ms, std::uint64_t tick) {
  std::string key = ledger_prefix(ledger);
  put_fixed<8>(key, static_cast<std::uint64_t>(at_ms) ^ kBias);
  put_fixed<8>(key, tick);
  return key;
}

// `key` without the prefix.
std::optional<TickRow> parse_row(std::string_view ledger, std::string_view key, std::string_view value) {
  std::uint64_t at = 0;
  TickRow row{std::string(ledger), 0, 0, 0};
  if (!take_fixed<8>(key, at) || !take_fixed<8>(key, row.tick) || !key.empty()) return std::nullopt;
  if (!take_fixed<8>(value, row.size) || !value.empty()) return std::nullopt;
  row.at_ms = static_cast<std::int64_t>(at ^ kBias);
  return row;
}

}  // namespace

std::vector<TickRow> tick_rows(const Event& tick, const LedgerId& ledger, SequenceNumber number) {
  std::vector<TickRow> rows;
  const auto at = time(tick.data, "at");
  if (!at) return rows;
  const std::int64_t at_ms = at->milliseconds();
  // The coordinating body's own entries up to the tick become visible with it, whether it names them or not.
  rows.push_back(TickRow{ledger.text(), at_ms, number.value(), number.value() + 1});
  if (const auto observed = list(tick.data, "observed")) {
    for (const simdjson::dom::element item : *observed) {
      simdjson::dom::object seen;
      if (item.get(seen) != simdjson::SUCCESS) continue;
      const std::string_view name = text(seen, "ledger");
      const auto size = integer(seen, "size");
      if (name.empty() || name == ledger.text() || !size || *size < 0) continue;
      rows.push_back(TickRow{std::string(name), at_ms, number.value(), static_cast<std::uint64_t>(*size)});
    }
  }
  return rows;
}

std::string tick_key(const TickRow& row) { return row_key(row.ledger, row.at_ms, row.tick); }

std::string tick_value(const TickRow& row) {
  std::string value;
  put_fixed<8>(value, row.size);
  return value;
}

Result<Ticks> Ticks::at(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                        const EntrySource& source, TreeSize size) {
  std::vector<TickRow> recent;
  std::uint64_t indexed = 0;
  Snapshot snapshot = store.look([&](const LedgerStates& states, Snapshot taken) {
    const auto found = states.find(source.ledger());
    if (found == states.end()) return taken;
    indexed = found->second.indexed().value();
    const auto& links = found->second.open->links();
    for (auto link = links.lower_bound("t"); link != links.end() && link->first.front() == 't'; ++link) {
      const auto& [key, value] = *link;
      const std::string_view rest = std::string_view(key).substr(1);
      const std::size_t end = rest.find('\0');
      if (auto row = parse_row(rest.substr(0, end), rest.substr(end + 1), value)) recent.push_back(*std::move(row));
    }
    std::sort(recent.begin(), recent.end(), [](const TickRow& a, const TickRow& b) { return a.tick < b.tick; });
    return taken;
  });
  if (indexed < size.value()) {
    IndexedEntryReader reader(types);
    auto read = source.read(SequenceNumber(indexed), size, [&](const Entry& entry) -> Result<void> {
      const IndexedEntry seen = reader.read(entry);
      if (seen.event && seen.type == kTickType) {
        for (TickRow& row : tick_rows(*seen.event, source.ledger(), entry.sequence)) recent.push_back(std::move(row));
      }
      return {};
    });
    if (!read) return tl::unexpected(read.error());
  }
  return Ticks(std::move(snapshot), source.ledger(), size, std::move(recent));
}

Result<std::optional<TickRow>> Ticks::row_before(const LedgerId& ledger, std::int64_t before_ms) const {
  for (std::size_t i = recent_.size(); i-- > 0;) {
    const TickRow& row = recent_[i];
    if (row.ledger == ledger.text() && row.at_ms < before_ms && row.tick < size_.value()) return row;
  }
  // On disk rows are ordered by time, and tick numbers rise with it; those at or beyond the size are passed over.
  const std::string prefix = ledger_prefix(ledger.text());
  Cursor cursor(snapshot_, kLinks);
  std::string key = prefix;
  put_fixed<8>(key, static_cast<std::uint64_t>(before_ms) ^ kBias);
  cursor.seek_for_previous(key);
  for (; cursor.valid() && cursor.key().starts_with(prefix); cursor.previous()) {
    auto row = parse_row(ledger.text(), cursor.key().substr(prefix.size()), cursor.value());
    if (!row) return damaged("links", cursor.key());
    if (row->at_ms < before_ms && row->tick < size_.value()) return row;
  }
  if (auto status = cursor.status(); !status) return projection_error(status.error());
  return std::nullopt;
}

Result<std::uint64_t> Ticks::size_before(const LedgerId& ledger, std::int64_t before_ms) const {
  const auto row = row_before(ledger, before_ms);
  if (!row) return tl::unexpected(row.error());
  return row->has_value() ? (*row)->size : 0;
}

Result<std::optional<LastTick>> Ticks::last_before(std::int64_t before_ms) const {
  const auto row = row_before(ledger_, before_ms);
  if (!row) return tl::unexpected(row.error());
  if (!row->has_value()) return std::nullopt;
  return LastTick{(*row)->at_ms, (*row)->tick};
}

Result<std::optional<LastTick>> Ticks::first_from(std::int64_t from_ms) const {
  const std::string prefix = ledger_prefix(ledger_.text());
  Cursor cursor(snapshot_, kLinks);
  cursor.seek(row_key(ledger_.text(), from_ms, 0));
  if (cursor.valid() && cursor.key().starts_with(prefix)) {
    const auto row = parse_row(ledger_.text(), cursor.key().substr(prefix.size()), cursor.value());
    if (!row) return damaged("links", cursor.key());
    if (row->tick < size_.value()) return LastTick{row->at_ms, row->tick};
    return std::nullopt;
  }
  if (auto status = cursor.status(); !status) return projection_error(status.error());
  for (const TickRow& row : recent_) {
    if (row.ledger == ledger_.text() && row.at_ms >= from_ms && row.tick < size_.value()) {
      return LastTick{row.at_ms, row.tick};
    }
  }
  return std::nullopt;
}

Result<std::vector<TickRow>> Ticks::rows_of(const LedgerId& ledger) const {
  std::vector<TickRow> rows;
  const std::string prefix = ledger_prefix(ledger.text());
  Cursor cursor(snapshot_, kLinks);
  for (cursor.seek(prefix); cursor.valid() && cursor.key().starts_with(prefix); cursor.next()) {
    auto row = parse_row(ledger.text(), cursor.key().substr(prefix.size()), cursor.value());
    if (!row) return damaged("links", cursor.key());
    if (row->tick < size_.value()) rows.push_back(*std::move(row));
  }
  if (auto status = cursor.status(); !status) return projection_error(status.error());
  for (const TickRow& row : recent_) {
    if (row.ledger != ledger.text() || row.tick >= size_.value()) continue;
    if (rows.empty() || row.tick > rows.back().tick) rows.push_back(row);
  }
  return rows;
}

}  // namespace jangbu::consumers
