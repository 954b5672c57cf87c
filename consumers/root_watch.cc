#include "consumers/root_watch.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {
namespace {

constexpr std::size_t kReadEntries = 1024;
constexpr std::size_t kReadBytes = std::size_t{4} << 20;

}  // namespace

RootWatch::RootWatch(Node& node) : node_(node), events_(node.types()) {}

Result<std::vector<LedgerId>> RootWatch::step() {
  const std::vector<LedgerView> views = node_.views();  // one cut, taken before the ticks are read
  for (const LedgerView& view : views) {
    if (view.info().kind != InstitutionKind::coordinator || view.info().id.kind() != LedgerKind::shared) continue;
    if (auto heard = read(view); !heard) return tl::unexpected(heard.error());
  }
  std::vector<LedgerId> stopped;
  for (const LedgerView& view : views) {
    const auto said = said_.find(view.info().id);
    if (said == said_.end() || said->second.size > view.size()) continue;  // not here yet: a node may be behind
    const auto root = view.root_at(said->second.size);
    if (!root) return tl::unexpected(root.error());
    if (*root != said->second.root) {
      node_.stop_ledger(
          view.info().id,
          Error{Code::root_contradicted, view.info().id.text(),
                "the tick at entry " + std::to_string(said->second.tick.value()) +
                    " of the coordinating body's ledger names root " + digest_text(said->second.root) + " at size " +
                    std::to_string(said->second.size.value()) + "; here it is " + digest_text(*root)});
      stopped.push_back(view.info().id);
    }
    said_.erase(said);
  }
  return stopped;
}

Result<void> RootWatch::read(const LedgerView& coordinator) {
  while (covers(coordinator.size(), next_)) {
    const auto entries = coordinator.read(next_, kReadEntries, kReadBytes);
    if (!entries) return tl::unexpected(entries.error());
    for (const StoredEntry& stored : *entries) {
      next_ = next(stored.entry.sequence);
      if (stored.entry.kind != EntryKind::event) continue;
      const auto event = events_.read(stored.entry.body);
      if (event && event->type->name == "tick") hear(*event, stored.entry.sequence);
    }
  }
  return {};
}

void RootWatch::hear(const Event& tick, SequenceNumber number) {
  const auto observed = list(tick.data, "observed");
  if (!observed) return;
  for (const simdjson::dom::element item : *observed) {
    simdjson::dom::object head;
    if (item.get_object().get(head)) continue;
    auto ledger = LedgerId::parse(text(head, "ledger"));
    const auto size = integer(head, "size");
    const auto root = parse_digest(text(head, "root"));
    if (!ledger || !size || *size <= 0 || !root) continue;
    said_.insert_or_assign(std::move(*ledger), Said{TreeSize(static_cast<std::uint64_t>(*size)), *root, number});
  }
}

}  // namespace jangbu::consumers
