#include "consumers/projections/open_block.h"

#include <functional>
#include <utility>

#include "schemas/invariant.h"

namespace jangbu::consumers {

OpenBlock::OpenBlock() : slots_(64, kNone) {}

void OpenBlock::add_entry(std::int64_t time_ms) {
  JANGBU_INVARIANT(!full(), std::to_string(times_ms_.size()));
  times_ms_.push_back(time_ms);
}

void OpenBlock::add_term(std::string_view term_key) {
  const auto offset = static_cast<std::uint16_t>(times_ms_.size() - 1);
  const std::size_t hash = std::hash<std::string_view>()(term_key);
  const std::size_t at = slot(term_key, hash);
  const auto use = static_cast<std::uint32_t>(uses_.size());
  if (slots_[at] == kNone) {
    slots_[at] = static_cast<std::uint32_t>(terms_.size());
    terms_.push_back(Term{hash, text_.size(), static_cast<std::uint32_t>(term_key.size()), use, use});
    text_.append(term_key);
    uses_.push_back(Use{kNone, offset});
    if (terms_.size() * 2 > slots_.size()) grow();
    return;
  }
  Term& term = terms_[slots_[at]];
  if (uses_[term.last].offset == offset) return;
  uses_[term.last].next = use;
  term.last = use;
  uses_.push_back(Use{kNone, offset});
}

void OpenBlock::add_link(std::string key, std::string value) {
  links_.insert_or_assign(std::move(key), std::move(value));
}

void OpenBlock::fill(std::string_view term_key, BlockBits& bits) const {
  bits.clear();
  const std::uint32_t found = slots_[slot(term_key, std::hash<std::string_view>()(term_key))];
  if (found == kNone) return;
  for (std::uint32_t at = terms_[found].first; at != kNone; at = uses_[at].next) bits.set(uses_[at].offset);
}

std::size_t OpenBlock::slot(std::string_view term_key, std::size_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    if (slots_[at] == kNone) return at;
    const Term& term = terms_[slots_[at]];
    if (term.hash == hash && view(term) == term_key) return at;
  }
}

void OpenBlock::grow() {
  slots_.assign(slots_.size() * 4, kNone);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    std::size_t at = terms_[i].hash & mask;
    while (slots_[at] != kNone) at = (at + 1) & mask;
    slots_[at] = static_cast<std::uint32_t>(i);
  }
}

}  // namespace jangbu::consumers
