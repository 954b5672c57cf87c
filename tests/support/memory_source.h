// Ledgers in memory for tests of what reads feeds: events are put behind an EntrySource without a node.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumers/projections/source.h"

namespace jangbu::testing {

// An entry as a test states it.
struct Record {
  EntryKind kind = EntryKind::event;
  std::int64_t received_ms = 0;
  std::string body;
};

// An event's bytes; `data` is a JSON object, `ledger` the attribute of types that may stand in both ledgers.
inline std::string event_bytes(std::string_view type, std::string_view institution, std::string_view id,
                               std::string_view time, std::string_view data, std::string_view ledger = {}) {
  std::string bytes = R"({"specversion":"1.0","type":"kr.jangbu.)" + std::string(type) + R"(.v1","institution":")" +
                      std::string(institution) + R"(",)";
  if (!ledger.empty()) bytes += R"("ledger":")" + std::string(ledger) + R"(",)";
  return bytes + R"("source":"/emr/1","id":")" + std::string(id) + R"(","time":")" + std::string(time) +
         R"(","data":)" + std::string(data) + "}";
}

// A growing ledger; at() is its state at a size, as a released view would be.
class MemoryLedger {
 public:
  explicit MemoryLedger(std::string_view id, bool has_ticks = false)
      : id_(*LedgerId::parse(id)), has_ticks_(has_ticks), records_(std::make_shared<std::deque<Record>>()) {}

  [[nodiscard]] const LedgerId& id() const { return id_; }
  void add(Record record) { records_->push_back(std::move(record)); }
  void add(std::string event, std::int64_t received_ms = 0) {
    add(Record{EntryKind::event, received_ms, std::move(event)});
  }
  [[nodiscard]] std::uint64_t size() const { return records_->size(); }
  [[nodiscard]] const std::deque<Record>& records() const { return *records_; }
  [[nodiscard]] std::shared_ptr<const consumers::EntrySource> at(std::uint64_t size) const {
    return std::make_shared<const Source>(id_, has_ticks_, records_, TreeSize(size));
  }

 private:
  class Source final : public consumers::EntrySource {
   public:
    Source(LedgerId id, bool has_ticks, std::shared_ptr<const std::deque<Record>> records, TreeSize size)
        : id_(std::move(id)), has_ticks_(has_ticks), records_(std::move(records)), size_(size) {}
    [[nodiscard]] const LedgerId& ledger() const override { return id_; }
    [[nodiscard]] bool has_ticks() const override { return has_ticks_; }
    [[nodiscard]] TreeSize size() const override { return size_; }
    [[nodiscard]] Result<void> read(SequenceNumber from, TreeSize end,
                                    const consumers::VisitEntry& visit) const override {
      for (std::uint64_t i = from.value(); i < end.value(); ++i) {
        const Record& record = records_->at(static_cast<std::size_t>(i));
        Entry entry;
        entry.kind = record.kind;
        entry.sequence = SequenceNumber(i);
        entry.received_ms = record.received_ms;
        entry.body = record.body;
        if (auto visited = visit(entry); !visited) return visited;
      }
      return {};
    }

   private:
    LedgerId id_;
    bool has_ticks_;
    std::shared_ptr<const std::deque<Record>> records_;
    TreeSize size_;
  };

  LedgerId id_;
  bool has_ticks_;
  std::shared_ptr<std::deque<Record>> records_;
};

}  // namespace jangbu::testing
