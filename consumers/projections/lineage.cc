#include "consumers/projections/lineage.h"

#include <optional>
#include <utility>

#include "consumers/projections/varint.h"

namespace jangbu::consumers {
namespace {

std::string output_prefix(std::string_view output) {
  std::string key = "o";
  key.append(output);
  key.push_back('\0');
  return key;
}

// `key` without the prefix.
std::optional<MadeBy> parse_rest(std::string_view key) {
  const std::size_t end = key.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  auto ledger = LedgerId::parse(key.substr(0, end));
  std::uint64_t sequence = 0;
  key.remove_prefix(end + 1);
  if (!ledger || !take_fixed<8>(key, sequence) || !key.empty()) return std::nullopt;
  return MadeBy{*std::move(ledger), SequenceNumber(sequence)};
}

}  // namespace

std::vector<std::string> lineage_keys(const Event& event, const LedgerId& ledger, SequenceNumber number) {
  std::vector<std::string> keys;
  if (event.type->name != "analysis.completed" && event.type->name != "computation.combined") return keys;
  const auto outputs = list(event.data, "outputs");
  if (!outputs) return keys;
  for (const simdjson::dom::element item : *outputs) {
    simdjson::dom::object output;
    if (item.get(output) != simdjson::SUCCESS) continue;
    std::string key = output_prefix(text(output, "output"));
    key += ledger.text();
    key.push_back('\0');
    put_fixed<8>(key, number.value());
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<std::vector<MadeBy>> made_by(const ProjectionStore& store, std::string_view output) {
  const std::string prefix = output_prefix(output);
  std::vector<MadeBy> found;
  const Snapshot snapshot = store.look([&](const LedgerStates& states, Snapshot taken) {
    for (const auto& [id, state] : states) {
      const auto& links = state.open->links();
      for (auto link = links.lower_bound(prefix); link != links.end() && link->first.starts_with(prefix); ++link) {
        auto made = parse_rest(std::string_view(link->first).substr(prefix.size()));
        if (made) found.push_back(*std::move(made));
      }
    }
    return taken;
  });
  const std::size_t open = found.size();
  Cursor cursor(snapshot, kLinks);
  for (cursor.seek(prefix); cursor.valid() && cursor.key().starts_with(prefix); cursor.next()) {
    auto made = parse_rest(cursor.key().substr(prefix.size()));
    if (!made) return damaged("links", cursor.key());
    // A block written between the look and now is in both.
    bool twice = false;
    for (std::size_t i = 0; i < open; ++i) {
      twice = twice || (found[i].ledger == made->ledger && found[i].sequence == made->sequence);
    }
    if (!twice) found.push_back(*std::move(made));
  }
  if (auto status = cursor.status(); !status) return projection_error(status.error());
  return found;
}

}  // namespace jangbu::consumers
