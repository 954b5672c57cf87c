// LaneBatch: the new entries of one ledger in one commit, and what was filed under dedup keys before it and in it. The
// sequencer fills one for each ledger that a commit touches. The writer's thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/hash.h"
#include "ledger/ledger_state.h"
#include "ledger/numbers.h"
#include "ledger/store.h"
#include "schemas/error.h"

namespace jangbu {

class LaneBatch final : public Earlier {
 public:
  LaneBatch(const Store& store, LedgerNumber ledger, TreeSize size) : store_(store), ledger_(ledger), begin_(size) {}

  // Asks the store once for all keys of the commit.
  Result<void> prefetch(std::span<const DedupKey> keys) {
    auto filed = store_.filed(ledger_, keys);
    if (!filed) return tl::unexpected(filed.error());
    std::size_t slots = 64;
    while (slots < 2 * keys.size()) slots *= 2;
    slots_.assign(slots, kFree);
    rows_.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) row(keys[i]).places = std::move((*filed)[i]);
    return {};
  }

  Result<std::vector<SequenceNumber>> filed(const DedupKey& key) override { return row(key).places; }
  void file(const DedupKey& key, std::vector<SequenceNumber> places) { row(key).places = std::move(places); }

  Result<std::string> entry(SequenceNumber number) override {
    if (number.value() >= begin_.value()) return std::string(bytes_of(number.value() - begin_.value()));
    auto stored = store_.entry(ledger_, number);
    if (!stored) return tl::unexpected(stored.error());
    if (!*stored) {
      return fail(Code::store_corrupt, store_.ledgers()[ledger_.value()].text() + "/" + std::to_string(number.value()),
                  "an entry that a dedup key names is missing");
    }
    return std::move(**stored);
  }

  // The new entries' bytes, one after the other, and where each ends.
  std::string bytes;
  std::vector<std::size_t> ends;
  std::vector<Hash> leaves;

  [[nodiscard]] std::string_view bytes_of(std::size_t index) const {
    const std::size_t from = index == 0 ? 0 : ends[index - 1];
    return std::string_view(bytes).substr(from, ends[index] - from);
  }
  [[nodiscard]] LedgerNumber ledger() const { return ledger_; }
  [[nodiscard]] TreeSize begin() const { return begin_; }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  struct Row {
    DedupKey key;
    std::vector<SequenceNumber> places;
  };

  // Open addressing over the key's own bytes, which are a hash already. All keys were prefetched, so it never grows.
  Row& row(const DedupKey& key) {
    std::uint64_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == kFree) {
        slots_[at] = static_cast<std::uint32_t>(rows_.size());
        rows_.push_back(Row{key, {}});
        return rows_.back();
      }
      if (rows_[slots_[at]].key == key) return rows_[slots_[at]];
    }
  }

  const Store& store_;
  LedgerNumber ledger_;
  TreeSize begin_;
  std::vector<std::uint32_t> slots_;
  std::vector<Row> rows_;
};

}  // namespace jangbu
