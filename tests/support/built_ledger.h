// A ledger in memory, entry by entry as the sequencer writes them, for tests of what reads ledgers: the genesis, keys,
// signed and unsigned events, rejected entries, checkpoints. Every part can be made wrong on purpose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/keys.h"
#include "ledger/tree.h"

namespace jangbu::testing {

inline SigningKey fixed_key(std::string_view name, char fill) {
  return SigningKey::from_seed(name, std::string(32, fill)).value();
}

class BuiltLedger {
 public:
  explicit BuiltLedger(std::string space = "medspace", std::string institution = "hanbit")
      : institution_(std::move(institution)),
        origin_(std::move(space) + "/" + institution_),
        log(fixed_key(origin_, 'l')),
        coordinator(fixed_key("haneul/coordinator", 'c')),
        recovery(fixed_key("haneul/recovery", 'r')) {}

  [[nodiscard]] const std::string& origin() const { return origin_; }
  [[nodiscard]] std::vector<std::string_view> views() const { return {entries.begin(), entries.end()}; }

  // A CloudEvents document of this institution. `ledger`: the attribute of types that may stand in both ledgers.
  [[nodiscard]] std::string event(std::string_view type, std::string_view data, bool both = true) {
    std::string text = R"({"specversion":"1.0","type":"kr.jangbu.)" + std::string(type) +
                       R"(.v1","source":"/his","id":"0b4b0a5e-2f14-4b7a-9c1d-)";
    std::string number = std::to_string(++events_);
    text += std::string(12 - number.size(), '0') + number;
    text += R"(","time":"2026-03-02T09:15:00+09:00","institution":")" + institution_ + "\"";
    if (both) text += R"(,"ledger":")" + institution_ + "\"";
    return text + R"(,"data":)" + std::string(data) + "}";
  }
  [[nodiscard]] std::string heartbeat() { return event("source.heartbeat", R"({"next":7,"backlog":0})"); }

  void append(EntryKind kind, std::string_view body, const SigningKey* author = nullptr) {
    Entry entry;
    entry.kind = kind;
    entry.sequence = next_of(frontier.size());
    entry.received_ms = 1'772'410'500'000 + static_cast<std::int64_t>(entries.size());
    entry.offset = Offset(entry.sequence.value());
    entry.previous = leaves.empty() ? Hash{} : leaves.back();
    entry.body = body;
    if (author != nullptr) {
      entry.author = Author{author->verifier().author_key_id(), author->sign(event_message(origin_, body))};
    }
    append(entry);
  }
  void append(const Entry& entry) {
    std::string bytes;
    encode(entry, bytes);
    append_raw(std::move(bytes));
  }
  void append_raw(std::string bytes) {
    leaves.push_back(leaf_hash(bytes));
    frontier.append(leaves.back());
    entries.push_back(std::move(bytes));
    if (!checkpoint_each) return;
    checkpoints.push_back(sign_checkpoint({origin_, frontier.size(), frontier.root(), {}}, log).value());
  }

  void append_genesis() {
    append(EntryKind::genesis,
           event("ledger.genesis",
                 R"({"format":1,"origin":")" + origin_ + R"(","kind":"hospital","ledger_kind":"shared","log_key":")" +
                     log.verifier().text() + R"(","coordinator_key":")" + coordinator.verifier().text() +
                     R"(","recovery_key":")" + recovery.verifier().text() +
                     R"(","screen":{"version":1,"digest":"sha256:)" + std::string(64, '0') + "\"}}"),
           &coordinator);
  }
  void append_key(const SigningKey& key, std::string_view use) {
    append(EntryKind::event,
           event("key.registered", R"({"key":")" + key.verifier().text() + R"(","use":")" + std::string(use) + "\"}"),
           &coordinator);
  }
  void append_revocation(const SigningKey& key) {
    append(EntryKind::event, event("key.revoked", R"({"key":")" + key.verifier().text() + R"(","reason":"stolen"})"),
           &coordinator);
  }

  [[nodiscard]] HashAt hash_at() const {
    return [this](NodeId node) -> Result<Hash> {
      Frontier part;
      for (std::uint64_t at = node.index << node.level; at < (node.index + 1) << node.level; ++at)
        part.append(leaves[at]);
      return part.root();
    };
  }
  [[nodiscard]] TlogProof receipt(std::uint64_t number, std::uint64_t size) const {
    return TlogProof{std::nullopt, SequenceNumber(number),
                     inclusion_proof(SequenceNumber(number), TreeSize(size), hash_at()).value(), checkpoints[size - 1]};
  }

 private:
  std::string institution_, origin_;
  std::uint64_t events_ = 0;

 public:
  SigningKey log, coordinator, recovery;
  std::vector<std::string> entries;
  std::vector<Hash> leaves;
  bool checkpoint_each = true;           // off: only entries, for large ledgers
  std::vector<std::string> checkpoints;  // [n - 1]: of size n
  Frontier frontier;
};

}  // namespace jangbu::testing
