#include "consumers/root_watch.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {
namespace {

constexpr std::size_t kReadEntries = 1024;
constexpr std::size_t kReadBytes = std::size_t{4} << 20;

}  // namespace

RootWatch::RootWatch(Node& node, bool adopt_notes) : node_(node), events_(node.types()), adopt_notes_(adopt_notes) {}

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
  if (auto adopted = adopt(); !adopted) return tl::unexpected(adopted.error());
  return stopped;
}

Result<void> RootWatch::adopt() {
  for (auto each = notes_.begin(); each != notes_.end();) {
    const auto adopted = node_.adopt_checkpoint(each->first, each->second);
    // Not here yet: a node may be behind. What contradicts has stopped its ledger; what is no note of its log shows
    // nothing, and the tick's own root is compared anyway.
    if (adopted ? *adopted == Node::Adoption::ahead : adopted.error().code == Code::no_such_ledger) {
      ++each;
    } else if (!adopted && info(adopted.error().code).fault == Fault::node &&
               adopted.error().code != Code::root_contradicted) {
      return tl::unexpected(adopted.error());
    } else {
      each = notes_.erase(each);
    }
  }
  return {};
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
    if (const std::string_view note = text(head, "note"); adopt_notes_ && !note.empty() && node_.follows(*ledger)) {
      notes_.insert_or_assign(*ledger, std::string(note));
    }
    said_.insert_or_assign(std::move(*ledger), Said{TreeSize(static_cast<std::uint64_t>(*size)), *root, number});
  }
}

}  // namespace jangbu::consumers
