#include "consumers/projections/selection.h"

#include <algorithm>
#include <utility>

#include "consumers/projections/indexed_entry.h"
#include "consumers/projections/varint.h"

namespace jangbu::consumers {
namespace {

// A part with more blocks than this is first narrowed by its rare terms: their blocks are listed with one seek each.
constexpr std::size_t kNarrowAbove = 16;
constexpr std::size_t kRareBlocksMax = 64;

// The best places so far: a heap with the worst on top.
class BestPlaces {
 public:
  BestPlaces(Order order, std::optional<Place> after, std::size_t limit)
      : order_(order), after_(after), limit_(limit) {}

  void offer(const Place& place) {
    if (after_ && !comes_before(*after_, place)) return;
    if (heap_.size() == limit_) {
      if (!comes_before(place, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), Before{order_});
      heap_.back() = place;
    } else {
      heap_.push_back(place);
    }
    std::push_heap(heap_.begin(), heap_.end(), Before{order_});
  }
  // Could an entry with this time still get in?
  [[nodiscard]] bool open_to(std::int64_t time_ms) const {
    if (heap_.size() < limit_) return true;
    return order_ == Order::oldest_first ? time_ms <= heap_.front().time_ms : time_ms >= heap_.front().time_ms;
  }
  [[nodiscard]] std::vector<Place> take() {
    std::sort(heap_.begin(), heap_.end(), Before{order_});
    return std::move(heap_);
  }

 private:
  struct Before {
    Order order;
    bool operator()(const Place& a, const Place& b) const { return order == Order::oldest_first ? a < b : b < a; }
  };
  [[nodiscard]] bool comes_before(const Place& a, const Place& b) const { return Before{order_}(a, b); }

  Order order_;
  std::optional<Place> after_;
  std::size_t limit_;
  std::vector<Place> heap_;
};

// A ledger's part of the index at one moment.
struct PartIndex {
  bool known = false;
  std::uint16_t number = 0;
  std::shared_ptr<const std::vector<BlockRange>> blocks;
  std::uint64_t sealed = 0, indexed = 0;
};

// The bits of a part within block `block`.
void keep_part(const Selection::Part& part, std::uint64_t block, BlockBits& bits) {
  const std::uint64_t first = block * kBlockEntries;
  const std::uint64_t from = std::clamp(part.from, first, first + kBlockEntries) - first;
  const std::uint64_t end = std::clamp(part.end, first, first + kBlockEntries) - first;
  bits.keep(static_cast<std::size_t>(from), static_cast<std::size_t>(end));
}

class Evaluation {
 public:
  Evaluation(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types, const Sources& sources,
             const Selection& selection)
      : store_(store), types_(types), sources_(sources), selection_(selection) {}

  // Takes the snapshot and visits what stands in open blocks: visit(part, block, bits, times).
  template <typename Visit>
  void open_blocks(Visit&& visit) {
    snapshot_ = store_.look([&](const LedgerStates& states, Snapshot snapshot) {
      for (const Selection::Part& part : selection_.parts) {
        PartIndex& index = indexes_.emplace_back();
        const auto found = states.find(part.ledger);
        if (found == states.end()) continue;
        const LedgerState& state = found->second;
        index = PartIndex{true, state.number, state.blocks, state.sealed(), state.indexed().value()};
        if (part.from >= index.indexed || part.end <= index.sealed) continue;
        BlockBits bits, of_term;
        bits.set_all();
        bits.keep(0, static_cast<std::size_t>(state.open->count()));
        keep_part(part, state.blocks->size(), bits);
        for (const TermKey& term : selection_.terms) {
          state.open->fill(term, of_term);
          bits.intersect(of_term);
        }
        for (const TermKey& term : selection_.without) {
          state.open->fill(term, of_term);
          bits.subtract(of_term);
        }
        visit(static_cast<std::uint32_t>(indexes_.size() - 1), state.blocks->size(), bits, state.open->times_ms());
      }
      return snapshot;
    });
  }

  // Visits the selected entries that the index has not reached: visit(Place).
  template <typename Visit>
  Result<void> tails(Visit&& visit) {
    for (std::uint32_t i = 0; i < selection_.parts.size(); ++i) {
      const Selection::Part& part = selection_.parts[i];
      const std::uint64_t from = std::max(part.from, indexes_[i].indexed);
      if (from >= part.end) continue;
      const EntrySource* source = find_source(sources_, part.ledger);
      if (source == nullptr || source->size().value() < part.end) {
        return fail(Code::no_such_ledger, part.ledger.text(), "the ledger is not read here up to that size");
      }
      if (!reader_) reader_.emplace(types_);
      auto read = source->read(SequenceNumber(from), TreeSize(part.end), [&](const Entry& entry) -> Result<void> {
        const IndexedEntry seen = reader_->read(entry);
        if (in_time(seen.time_ms) && has_terms(seen)) visit(Place{seen.time_ms, i, entry.sequence.value()});
        return {};
      });
      if (!read) return read;
    }
    return {};
  }

  struct Candidate {
    std::uint32_t part;
    std::uint64_t block;
    BlockRange range;
  };

  // The full blocks that may hold something.
  Result<std::vector<Candidate>> candidates() {
    std::vector<Candidate> found;
    for (std::uint32_t i = 0; i < selection_.parts.size(); ++i) {
      const PartIndex& index = indexes_[i];
      const Selection::Part& part = selection_.parts[i];
      const std::uint64_t end = std::min(part.end, index.sealed);
      if (!index.known || part.from >= end) continue;
      const std::size_t before = found.size();
      for (std::uint64_t block = part.from / kBlockEntries; block * kBlockEntries < end; ++block) {
        const BlockRange& range = (*index.blocks)[static_cast<std::size_t>(block)];
        if (range.max_ms < selection_.from_ms || range.min_ms >= selection_.end_ms) continue;
        found.push_back(Candidate{i, block, range});
      }
      if (found.size() - before > kNarrowAbove) {
        if (auto narrowed = narrow(index, found, before); !narrowed) return tl::unexpected(narrowed.error());
      }
    }
    return found;
  }

  // The selected entries of a full block, but for their times; false: none.
  Result<bool> evaluate(const Candidate& candidate, BlockBits& bits) {
    bits.set_all();
    keep_part(selection_.parts[candidate.part], candidate.block, bits);
    BlockBits of_term;
    for (const TermKey& term : selection_.terms) {
      auto found = postings(candidate, term, of_term);
      if (!found) return found;
      if (!*found) return false;
      bits.intersect(of_term);
      if (!bits.any()) return false;
    }
    for (const TermKey& term : selection_.without) {
      auto found = postings(candidate, term, of_term);
      if (!found) return found;
      if (*found) bits.subtract(of_term);
    }
    return bits.any();
  }

  Result<const std::vector<std::int64_t>*> times(const Candidate& candidate) {
    const std::string key = block_key(indexes_[candidate.part].number, candidate.block);
    const auto row = snapshot_->get(kTimes, key);
    if (!row) return projection_error(row.error());
    if (!row->has_value() || !decode_times(**row, times_)) return damaged("times", key);
    return &times_;
  }

  [[nodiscard]] bool in_time(std::int64_t time_ms) const {
    return time_ms >= selection_.from_ms && time_ms < selection_.end_ms;
  }

 private:
  Result<bool> postings(const Candidate& candidate, const TermKey& term, BlockBits& bits) {
    const std::string key = postings_key(indexes_[candidate.part].number, term, candidate.block);
    const auto row = snapshot_->get(kPostings, key);
    if (!row) return projection_error(row.error());
    if (!row->has_value()) return false;
    if (!decode_postings(**row, bits)) return damaged("postings", key);
    return true;
  }

  // Drops from found[before..] the blocks that lack a term which few blocks have.
  Result<void> narrow(const PartIndex& index, std::vector<Candidate>& found, std::size_t before) {
    for (const TermKey& term : selection_.terms) {
      const std::string prefix = postings_prefix(index.number, term);
      Cursor cursor(*snapshot_, kPostings);
      std::vector<std::uint64_t> blocks;
      for (cursor.seek(prefix); cursor.valid() && cursor.key().starts_with(prefix); cursor.next()) {
        std::string_view rest = cursor.key().substr(prefix.size());
        std::uint64_t block = 0;
        if (!take_fixed<4>(rest, block) || !rest.empty()) return damaged("postings", cursor.key());
        blocks.push_back(block);
        if (blocks.size() > kRareBlocksMax) break;
      }
      if (auto status = cursor.status(); !status) return projection_error(status.error());
      if (blocks.size() > kRareBlocksMax) continue;
      const auto kept = std::remove_if(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(),
                                       [&](const Candidate& candidate) {
                                         return !std::binary_search(blocks.begin(), blocks.end(), candidate.block);
                                       });
      found.erase(kept, found.end());
      if (found.size() == before) return {};
    }
    return {};
  }

  [[nodiscard]] bool has_terms(const IndexedEntry& entry) const {
    std::vector<bool> present(selection_.terms.size());
    bool excluded = false;
    for_each_index_term(entry, [&](TermKind kind, std::string_view value) {
      const auto equals = [&](const TermKey& term) {
        return std::string_view(term).substr(1) == value && term.front() == term_key(kind, {}).front();
      };
      for (std::size_t i = 0; i < selection_.terms.size(); ++i) {
        if (equals(selection_.terms[i])) present[i] = true;
      }
      excluded = excluded || std::any_of(selection_.without.begin(), selection_.without.end(), equals);
    });
    return !excluded && std::all_of(present.begin(), present.end(), [](bool yes) { return yes; });
  }

  const ProjectionStore& store_;
  const std::shared_ptr<const TypeTable>& types_;
  const Sources& sources_;
  const Selection& selection_;
  std::optional<Snapshot> snapshot_;
  std::vector<PartIndex> indexes_;
  std::optional<IndexedEntryReader> reader_;
  std::vector<std::int64_t> times_;
};

}  // namespace

Result<std::vector<Place>> select(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                                  const Sources& sources, const Selection& selection, const std::optional<Place>& after,
                                  std::size_t places_max) {
  if (places_max == 0) return std::vector<Place>();
  Evaluation evaluation(store, types, sources, selection);
  BestPlaces best(selection.order, after, places_max);
  const auto offer = [&](std::uint32_t part, std::uint64_t block, const BlockBits& bits,
                         const std::vector<std::int64_t>& times) {
    bits.for_each([&](std::size_t offset) {
      if (!evaluation.in_time(times[offset])) return;
      best.offer(Place{times[offset], part, block * kBlockEntries + offset});
    });
  };
  evaluation.open_blocks(offer);
  if (auto read = evaluation.tails([&](const Place& place) { best.offer(place); }); !read) {
    return tl::unexpected(read.error());
  }

  auto candidates = evaluation.candidates();
  if (!candidates) return tl::unexpected(candidates.error());
  const bool oldest = selection.order == Order::oldest_first;
  if (after) {
    std::erase_if(*candidates, [&](const Evaluation::Candidate& candidate) {
      return oldest ? candidate.range.max_ms < after->time_ms : candidate.range.min_ms > after->time_ms;
    });
  }
  std::sort(candidates->begin(), candidates->end(), [&](const auto& a, const auto& b) {
    return oldest ? a.range.min_ms < b.range.min_ms : a.range.max_ms > b.range.max_ms;
  });
  BlockBits bits;
  for (const Evaluation::Candidate& candidate : *candidates) {
    if (!best.open_to(oldest ? candidate.range.min_ms : candidate.range.max_ms)) break;
    const auto found = evaluation.evaluate(candidate, bits);
    if (!found) return tl::unexpected(found.error());
    if (!*found) continue;
    const auto times = evaluation.times(candidate);
    if (!times) return tl::unexpected(times.error());
    offer(candidate.part, candidate.block, bits, **times);
  }
  return best.take();
}

Result<std::uint64_t> count(const ProjectionStore& store, const std::shared_ptr<const TypeTable>& types,
                            const Sources& sources, const Selection& selection) {
  Evaluation evaluation(store, types, sources, selection);
  std::uint64_t total = 0;
  const auto add = [&](const BlockBits& bits, const std::vector<std::int64_t>& times) {
    bits.for_each([&](std::size_t offset) {
      if (evaluation.in_time(times[offset])) ++total;
    });
  };
  evaluation.open_blocks([&](std::uint32_t, std::uint64_t, const BlockBits& bits,
                             const std::vector<std::int64_t>& times) { add(bits, times); });
  if (auto read = evaluation.tails([&](const Place&) { ++total; }); !read) return tl::unexpected(read.error());
  const auto candidates = evaluation.candidates();
  if (!candidates) return tl::unexpected(candidates.error());
  BlockBits bits;
  for (const Evaluation::Candidate& candidate : *candidates) {
    const auto found = evaluation.evaluate(candidate, bits);
    if (!found) return tl::unexpected(found.error());
    if (!*found) continue;
    if (evaluation.in_time(candidate.range.min_ms) && evaluation.in_time(candidate.range.max_ms)) {
      total += bits.count();
      continue;
    }
    const auto times = evaluation.times(candidate);
    if (!times) return tl::unexpected(times.error());
    add(bits, **times);
  }
  return total;
}

}  // namespace jangbu::consumers
