#include "ledger/ticks.h"

#include <algorithm>

#include "ledger/big_endian.h"
#include "schemas/bounds.h"

namespace jangbu {
namespace {

void put_time(std::string& out, const std::optional<Timestamp>& time) {
  out.push_back(time ? '\1' : '\0');
  put_big_endian(out, static_cast<std::uint64_t>(time ? time->seconds : 0));
  put_big_endian(out, static_cast<std::uint32_t>(time ? time->nanos : 0));
}

constexpr std::size_t kTimeBytes = 1 + 8 + 4;

std::optional<Timestamp> get_time(std::string_view bytes) {
  if (bytes[0] == '\0') return std::nullopt;
  return Timestamp{static_cast<std::int64_t>(get_big_endian<std::uint64_t>(bytes.substr(1))),
                   static_cast<std::int32_t>(get_big_endian<std::uint32_t>(bytes.substr(9)))};
}

}  // namespace

bool Ticks::concerns(const EventType& type) { return type.name == "tick" || type.name == "clock.jump"; }

Result<void> Ticks::judge(const Event& event) const {
  if (event.type->name != "tick") return {};
  const auto at = time(event.data, "at");
  if (!at) return fail(Code::tick_refused, "/data/at", "a tick without a time");
  if (last_) {
    if (*at <= *last_) return fail(Code::tick_refused, "/data/at", "not after the last tick");
    const Timestamp from = jump_to_ ? std::max(*last_, *jump_to_) : *last_;
    if (*at > from.plus_seconds(kTickJumpMaxSeconds)) {
      return fail(Code::tick_refused, "/data/at", "too far ahead of the last tick without a clock.jump");
    }
  }
  const auto observed = list(event.data, "observed");
  if (!observed) return {};
  std::size_t index = 0;
  for (const simdjson::dom::element element : *observed) {
    simdjson::dom::object row;
    if (element.get(row) == simdjson::SUCCESS) {
      const auto known = observed_.find(text(row, "ledger"));
      const auto size = integer(row, "size");
      if (known != observed_.end() && (!size || static_cast<std::uint64_t>(*size) < known->second)) {
        return fail(Code::tick_refused, "/data/observed/" + std::to_string(index) + "/size",
                    "a ledger that is smaller than an earlier tick saw it");
      }
    }
    ++index;
  }
  return {};
}

void Ticks::apply(const Event& event) {
  if (event.type->name == "clock.jump") {
    if (const auto to = time(event.data, "to")) jump_to_ = *to;
    return;
  }
  if (const auto at = time(event.data, "at")) last_ = *at;
  const auto observed = list(event.data, "observed");
  if (!observed) return;
  for (const simdjson::dom::element element : *observed) {
    simdjson::dom::object row;
    if (element.get(row) != simdjson::SUCCESS) continue;
    const auto size = integer(row, "size");
    if (size && *size >= 0) {
      observed_.insert_or_assign(std::string(text(row, "ledger")), static_cast<std::uint64_t>(*size));
    }
  }
}

std::string Ticks::encode() const {
  std::string out;
  put_time(out, last_);
  put_time(out, jump_to_);
  for (const auto& [ledger, size] : observed_) {
    out.push_back(static_cast<char>(ledger.size()));
    out.append(ledger);
    put_big_endian(out, size);
  }
  return out;
}

Result<Ticks> Ticks::decode(std::string_view bytes) {
  const auto refuse = [] { return fail(Code::store_corrupt, "ticks", "the stored state of the ticks is damaged"); };
  if (bytes.size() < 2 * kTimeBytes) return refuse();
  Ticks ticks;
  ticks.last_ = get_time(bytes);
  ticks.jump_to_ = get_time(bytes.substr(kTimeBytes));
  bytes.remove_prefix(2 * kTimeBytes);
  while (!bytes.empty()) {
    const std::size_t length = static_cast<unsigned char>(bytes[0]);
    if (bytes.size() < 1 + length + 8) return refuse();
    ticks.observed_.emplace(bytes.substr(1, length), get_big_endian<std::uint64_t>(bytes.substr(1 + length)));
    bytes.remove_prefix(1 + length + 8);
  }
  return ticks;
}

}  // namespace jangbu
