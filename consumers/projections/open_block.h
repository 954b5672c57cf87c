// OpenBlock: the last, not yet full block of one ledger's index, in memory. The projector's thread adds to it; it is
// written once, when it is full, and is then never changed again. So what is on disk is a function of the entries
// alone, however they came in; after a restart the entries of the open blocks are read again.
//
// Threads: one adds; readers look in under the store's lock (store.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/projections/facts.h"
#include "consumers/projections/postings.h"

namespace jangbu::consumers {

// A term as the index knows it: its kind's number, then its value.
using TermKey = std::string;

class OpenBlock {
 public:
  OpenBlock();

  // Begins the next entry. The block must not be full.
  void add_entry(std::int64_t time_ms);
  // A term of the entry that was begun last. Twice is once.
  void add_term(std::string_view term_key);
  // A row of another family that this entry gives (links.h), to be written with the block.
  void add_link(std::string key, std::string value);
  // What the annual figures keep of its entries.
  [[nodiscard]] FactLog& facts() { return facts_; }
  [[nodiscard]] const FactLog& facts() const { return facts_; }

  [[nodiscard]] std::uint64_t count() const { return times_ms_.size(); }
  [[nodiscard]] bool full() const { return times_ms_.size() == kBlockEntries; }
  [[nodiscard]] const std::vector<std::int64_t>& times_ms() const { return times_ms_; }
  [[nodiscard]] const std::map<std::string, std::string>& links() const { return links_; }

  // The entries that have the term.
  void fill(std::string_view term_key, BlockBits& bits) const;
  // Visits each distinct term once with its offsets, rising: visit(std::string_view term_key,
  // std::span<const std::uint16_t>).
  template <typename Visit>
  void for_each_term(Visit&& visit) const {
    std::vector<std::uint16_t> offsets;
    for (const Term& term : terms_) {
      offsets.clear();
      for (std::uint32_t at = term.first; at != kNone; at = uses_[at].next) offsets.push_back(uses_[at].offset);
      visit(view(term), offsets);
    }
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  // A term's entries are a list through `uses_`: no allocation a term, which matters where most terms are rare.
  struct Term {
    std::size_t hash;
    std::size_t text_begin;
    std::uint32_t text_size;
    std::uint32_t first, last;
  };
  struct Use {
    std::uint32_t next;
    std::uint16_t offset;
  };

  [[nodiscard]] std::string_view view(const Term& term) const {
    return std::string_view(text_).substr(term.text_begin, term.text_size);
  }
  // The slot of the term, or the empty slot where it belongs.
  [[nodiscard]] std::size_t slot(std::string_view term_key, std::size_t hash) const;
  void grow();

  std::vector<std::int64_t> times_ms_;
  std::string text_;
  std::vector<Term> terms_;
  std::vector<Use> uses_;
  std::vector<std::uint32_t> slots_;  // open addressing; an index into terms_, or kNone
  std::map<std::string, std::string> links_;
  FactLog facts_;
};

}  // namespace jangbu::consumers
