#include "consumers/node_source.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {

namespace {
constexpr std::uint64_t kReadEntries = 1024;
constexpr std::size_t kReadBytes = std::size_t{4} << 20;
}  // namespace

void NodeSource::refresh() {
  views_.clear();
  for (LedgerView& view : node_.views()) {
    std::string ledger = view.info().id.text();
    views_.emplace(std::move(ledger), std::move(view));
  }
}

Result<TreeSize> NodeSource::size(const LedgerId& ledger) {
  const auto view = views_.find(ledger.text());
  if (view == views_.end()) return fail(Code::no_such_ledger, ledger.text(), "a tick names it, and this node lacks it");
  return view->second.size();
}

Result<std::vector<std::string>> NodeSource::read(const LedgerId& ledger, SequenceNumber from, TreeSize to) {
  const auto view = views_.find(ledger.text());
  if (view == views_.end()) return fail(Code::no_such_ledger, ledger.text(), "not on this node");
  std::vector<std::string> out;
  const std::uint64_t end = std::min(to.value(), view->second.size().value());
  if (from.value() >= end) return out;
  auto entries =
      view->second.read(from, static_cast<std::size_t>(std::min(end - from.value(), kReadEntries)), kReadBytes);
  if (!entries) return tl::unexpected(entries.error());
  out.reserve(entries->size());
  for (StoredEntry& entry : *entries) out.push_back(std::move(entry.bytes));
  return out;
}

}  // namespace jangbu::consumers
