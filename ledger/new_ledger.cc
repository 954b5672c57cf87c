#include "ledger/new_ledger.h"

#include <utility>

#include "ledger/kafka_record.h"
#include "ledger/ledger_state.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr Generation kFirstGeneration(1);

// There is nothing before a genesis.
class Nothing final : public Earlier {
 public:
  Result<std::vector<SequenceNumber>> filed(const DedupKey&) override { return std::vector<SequenceNumber>(); }
  Result<std::string> entry(SequenceNumber) override { return fail(Code::no_such_entry, "", "an empty ledger"); }
};

}  // namespace

Result<NewLedger> read_new_ledger(const KafkaMessage& first, const LedgerId& ledger,
                                  const std::shared_ptr<const TypeTable>& types, const std::string& screen_digest) {
  if (!first.log_append_time) {
    return fail(Code::kafka_timestamps, ledger.text(), "the topic's message.timestamp.type is not LogAppendTime");
  }
  const TopicRecord read = read_topic_record(first);
  Record record;
  record.event = read.event;
  record.signature = read.signature ? &*read.signature : nullptr;
  record.refused = read.refused;
  record.received_ms = first.timestamp_ms;
  record.generation = kFirstGeneration;
  record.offset = first.offset;
  RecordScreen screen(types);
  LedgerState state(ledger, types, screen_digest);
  Nothing nothing;
  std::string bytes;
  const auto step = state.step(record, screen.screen(record, ledger), nothing, screen, bytes,
                               [](TileId, const TileTree&, const Hash&) {});
  if (!step) return tl::unexpected(step.error());
  const VerifierKey *log = nullptr, *coordinator = nullptr;
  for (const RegisteredKey& key : state.authors()->keys()) {
    if (key.use == KeyUse::log) log = &key.key;
    if (key.use == KeyUse::coordinator) coordinator = &key.key;
  }
  JANGBU_INVARIANT(log != nullptr && coordinator != nullptr, "a genesis registers both");
  const std::string& origin = state.authors()->origin();
  return NewLedger{LedgerPin{ledger, step->leaf, *log}, origin.substr(0, origin.find('/')), *coordinator};
}

}  // namespace jangbu
