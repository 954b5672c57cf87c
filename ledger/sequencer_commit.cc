// What one commit does with the records that it takes: the second half of sequencer.h.
#include <algorithm>
#include <chrono>
#include <utility>

#include "ledger/checkpoint.h"
#include "ledger/hash_again.h"
#include "ledger/lane_batch.h"
#include "ledger/sequencer.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

Placement::Kind placement_kind(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::appended:
      return Placement::Kind::appended;
    case Step::Kind::duplicate:
      return Placement::Kind::duplicate;
    case Step::Kind::conflict:
      return Placement::Kind::conflict;
    case Step::Kind::rejected:
      return Placement::Kind::rejected;
  }
  invariant_failed("a kind of step", __FILE__, __LINE__, "");
}

std::uint64_t microseconds_since(std::chrono::steady_clock::time_point from) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - from).count());
}

}  // namespace

// A commit under way.
struct Sequencer::Written {
  Batch& batch;
  std::vector<std::unique_ptr<LaneBatch>> lanes;  // that have new entries
  std::vector<HashedTile> tiles;
  std::vector<Adopted> adopted;
  std::vector<Told> told;
  Node::Metrics counts;
};

Result<void> Sequencer::write_records(Taken& taken, Written& written) {
  Lane& lane = lanes_[taken.lane];
  const LedgerNumber number(taken.lane);
  auto batch = std::make_unique<LaneBatch>(store_, number, lane.state.size());

  std::vector<Record> records(taken.records.size());
  std::vector<Screened> screened(taken.records.size());
  std::vector<DedupKey> keys;
  keys.reserve(records.size());
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Queued& queued = taken.records[i];
    Record& record = records[i];
    record.event = queued.event;
    record.signature = queued.signature ? &*queued.signature : nullptr;
    record.screened = queued.screened;
    record.type = queued.type;
    record.key = queued.key;
    record.refused = queued.refused;
    record.received_ms = queued.received_ms;
    if (queued.source) {
      record.generation = queued.source->generation;
      record.offset = queued.source->offset;
    }
    bytes += queued.event.size() + kEntryHeaderBytes + kEntryAuthorBytes;
    screened[i] = screen_.screen(record, lane.state.id());
    if (!screened[i].rejection) keys.push_back(screened[i].key);
  }
  if (auto fetched = batch->prefetch(keys); !fetched) return fetched;
  batch->bytes.reserve(bytes);
  batch->ends.reserve(records.size());
  batch->leaves.reserve(records.size());

  const auto full = [&](TileId tile, const TileTree& tree, const Hash& root) {
    Store::put_tile(written.batch, number, tile, tree.hashes());
    store_.keep_tile_tree(number, tile, tree);  // nobody asks for it before it is released
    written.tiles.push_back(HashedTile{number, tile, root});
  };
  bool ticks_changed = false;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const DedupKey key = screened[i].key;
    auto step = lane.state.step(records[i], std::move(screened[i]), *batch, screen_, batch->bytes, full);
    Placed placed = std::exchange(taken.records[i].placed, nullptr);
    if (!step) {
      // These two are about this record and its ledger; any other is the disk's.
      const Code code = step.error().code;
      const bool about_record = code == Code::screen_unknown || code == Code::bad_entry ||
                                code == Code::author_kind_wrong || code == Code::kafka_other_record;
      written.told.push_back(Told{std::move(placed), tl::unexpected(step.error())});
      if (!about_record) return tl::unexpected(step.error());
      if (!taken.records[i].source) continue;
      // A topic's record that becomes nothing would leave a gap: nothing after it may become an entry.
      stop_lane(taken.lane, step.error());
      for (std::size_t rest = i + 1; rest < records.size(); ++rest) {
        written.told.push_back(Told{std::exchange(taken.records[rest].placed, nullptr),
                                    fail(Code::ledger_stopped, step.error().where, to_string(step.error()))});
      }
      break;
    }
    if (step->is_new()) {
      batch->ends.push_back(batch->bytes.size());
      batch->leaves.push_back(step->leaf);
      Store::put_entry(written.batch, number, step->sequence, batch->bytes_of(batch->ends.size() - 1));
      ++written.counts.entries;
    }
    if (!step->filed.empty()) {
      Store::put_filed(written.batch, number, key, step->filed);
      batch->file(key, std::move(step->filed));
    }
    if (step->governs) Store::put_governing(written.batch, number, step->sequence);
    ticks_changed = ticks_changed || step->ticks_changed;
    written.counts.rejected += step->kind == Step::Kind::rejected ? 1U : 0U;
    written.counts.conflicts += step->kind == Step::Kind::conflict ? 1U : 0U;
    written.counts.duplicates += step->kind == Step::Kind::duplicate ? 1U : 0U;
    written.told.push_back(Told{std::move(placed), Placement{placement_kind(step->kind), step->sequence, step->leaf,
                                                             step->received_ms, step->first, std::move(step->errors)}});
  }
  if (ticks_changed) Store::put_ticks(written.batch, number, lane.state.ticks().encode());
  if (!batch->leaves.empty()) written.lanes.push_back(std::move(batch));
  return {};
}

Result<void> Sequencer::make_durable(Written& written, Released& released) {
  std::vector<HashedEntries> entries;
  for (const auto& batch : written.lanes) {
    entries.push_back(HashedEntries{batch->ledger(), batch->begin(), batch->leaves});
  }
  if (auto same = hash_again(written.batch, entries, written.tiles); !same) return same;
  const CommitNumber commit(last_.value() + 1);
  std::vector<LedgerHead> heads = heads_;
  std::vector<std::size_t> changed_of(lanes_.size(), SIZE_MAX);
  const auto changed = [&](std::size_t lane) -> Released::Ledger& {
    if (changed_of[lane] == SIZE_MAX) {
      changed_of[lane] = released.ledgers.size();
      released.ledgers.push_back(Released::Ledger{lane, std::nullopt, false});
    }
    return released.ledgers[changed_of[lane]];
  };
  for (const auto& batch : written.lanes) {
    const auto lane = static_cast<std::size_t>(batch->ledger().value());
    const LedgerState& state = lanes_[lane].state;
    JANGBU_INVARIANT(state.size().value() == batch->begin().value() + batch->leaves.size(), state.id().text());
    heads[lane].size = state.size();
    heads[lane].root = state.root();
    Released::Ledger& grown = changed(lane);
    if (!lanes_[lane].log_key) continue;
    // Signed in memory only: until the write below is synced, nobody sees it.
    auto note =
        sign_checkpoint(Checkpoint{state.authors()->origin(), state.size(), state.root(), {}}, *lanes_[lane].log_key);
    if (!note) return tl::unexpected(note.error());
    grown.checkpoint = StoredCheckpoint{state.size(), std::move(*note)};
    Store::put_checkpoint(written.batch, batch->ledger(), *grown.checkpoint);
  }
  for (Adopted& adopted : written.adopted) {
    Store::put_checkpoint(written.batch, LedgerNumber(adopted.lane), adopted.checkpoint);
    Released::Ledger& ledger = changed(adopted.lane);
    ledger.adopted = true;
    if (!ledger.checkpoint || ledger.checkpoint->size < adopted.checkpoint.size) {
      ledger.checkpoint = std::move(adopted.checkpoint);
    }
  }
  Store::put_commit_number(written.batch, commit);
  const auto before = std::chrono::steady_clock::now();
  // 1. The commit. A crash before it is through: the records were never acknowledged, their senders send them again.
  if (auto stored = store_.commit(written.batch); !stored) return stored;
  // 2. The tip. A crash between: the database is one commit ahead of it, which the start accepts and takes over.
  if (auto recorded = tip_.record(commit, heads); !recorded) {
    return fail(Code::commit_unknown, recorded.error().where, recorded.error().what);
  }
  written.counts.sync_time_us_total = microseconds_since(before);
  // 3. Only now may anybody see it: a restored older database would contradict what was given out.
  last_ = commit;
  heads_ = std::move(heads);
  released.commit = commit;
  return {};
}

Result<std::size_t> Sequencer::commit() {
  if (auto error = stopped()) return tl::unexpected(std::move(*error));
  if (auto joined = take_up_joining(); !joined) {
    stop(joined.error());
    return tl::unexpected(joined.error());
  }
  const auto before = std::chrono::steady_clock::now();
  std::vector<Taken> taken = take();
  std::size_t records = 0;
  for (const Taken& lane : taken) records += lane.records.size();
  batch_.clear();
  Written written{batch_, {}, {}, {}, {}, {}};
  {
    const std::lock_guard lock(mutex_);
    written.adopted.swap(adopted_);
  }
  if (records == 0 && written.adopted.empty()) return 0;

  written.told.reserve(records);
  Released released;
  Result<void> done;
  for (Taken& lane : taken) {
    done = write_records(lane, written);
    if (!done) break;
  }
  const bool writes = !written.lanes.empty() || !written.adopted.empty();
  if (done && writes) done = make_durable(written, released);
  if (!done) {
    // From here on the states in memory are ahead of the disk: no further commit may start from them.
    stop(done.error());
    for (Told& told : written.told) told.placed(fail(Code::commit_unknown, done.error().where, done.error().what));
    for (Taken& lane : taken) {
      for (Queued& queued : lane.records) {
        if (queued.placed) queued.placed(fail(Code::stopped, done.error().where, done.error().what));
      }
    }
    return tl::unexpected(done.error());
  }
  if (writes) release_(released);
  {
    const bool low = disk_is_low();
    const std::lock_guard lock(mutex_);
    disk_low_ = low;
    metrics_.commits += written.lanes.empty() ? 0U : 1U;
    metrics_.entries += written.counts.entries;
    metrics_.rejected += written.counts.rejected;
    metrics_.conflicts += written.counts.conflicts;
    metrics_.duplicates += written.counts.duplicates;
    metrics_.sync_time_us_total += written.counts.sync_time_us_total;
    metrics_.commit_time_us_total += microseconds_since(before);
  }
  for (Told& told : written.told) told.placed(std::move(told.placement));
  return records;
}

}  // namespace jangbu
