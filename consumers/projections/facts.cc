#include "consumers/projections/facts.h"

#include "schemas/invariant.h"

namespace jangbu::consumers {

void FactLog::add(FactKind kind, std::size_t offset, std::span<const std::string_view> texts,
                  std::span<const std::int64_t> numbers) {
  const FactShape shape = kFactShapes[static_cast<std::size_t>(kind)];
  JANGBU_INVARIANT(texts.size() == shape.texts && numbers.size() == shape.numbers,
                   std::to_string(static_cast<int>(kind)));
  bytes_.push_back(static_cast<char>(kind));
  put_varint(bytes_, offset - last_offset_);
  last_offset_ = offset;
  for (const std::string_view text : texts) {
    const auto [found, added] = places_.try_emplace(std::string(text), static_cast<std::uint32_t>(texts_.size()));
    if (added) texts_.push_back(&found->first);
    put_varint(bytes_, found->second);
  }
  for (const std::int64_t number : numbers) put_varint(bytes_, zigzag(number));
}

std::string FactLog::row() const {
  std::string row;
  put_varint(row, texts_.size());
  for (const std::string* text : texts_) put_text(row, *text);
  return row + bytes_;
}

}  // namespace jangbu::consumers
