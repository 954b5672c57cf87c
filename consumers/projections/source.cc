#include "consumers/projections/source.h"

#include <algorithm>
#include <utility>

namespace jangbu::consumers {
namespace {

// A read holds at most this much of a ledger in memory.
constexpr std::size_t kChunkEntries = 512;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

class ViewSource final : public EntrySource {
 public:
  explicit ViewSource(LedgerView view) : view_(std::move(view)) {}

  [[nodiscard]] const LedgerId& ledger() const override { return view_.info().id; }
  [[nodiscard]] bool has_ticks() const override {
    return view_.info().kind == InstitutionKind::coordinator && view_.info().id.kind() == LedgerKind::shared;
  }
  [[nodiscard]] TreeSize size() const override { return view_.size(); }

  [[nodiscard]] Result<void> read(SequenceNumber from, TreeSize end, const VisitEntry& visit) const override {
    std::uint64_t at = from.value();
    while (at < end.value()) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kChunkEntries, end.value() - at));
      const auto entries = view_.read(SequenceNumber(at), count, kChunkBytes);
      if (!entries) return tl::unexpected(entries.error());
      if (entries->empty()) {
        return fail(Code::store_corrupt, ledger().text() + "/" + std::to_string(at), "the view ends before its size");
      }
      for (const StoredEntry& stored : *entries) {
        if (auto visited = visit(stored.entry); !visited) return visited;
      }
      at += entries->size();
    }
    return {};
  }

 private:
  LedgerView view_;
};

}  // namespace

Sources sources_of(std::vector<LedgerView> views) {
  Sources sources;
  sources.reserve(views.size());
  for (LedgerView& view : views) sources.push_back(std::make_shared<const ViewSource>(std::move(view)));
  return sources;
}

}  // namespace jangbu::consumers
