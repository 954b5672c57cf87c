#include "consumers/runner.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "consumers/node_source.h"
#include "consumers/rows.h"
#include "ledger/keys.h"

namespace jangbu::consumers {

namespace {

struct Outgoing {
  std::string ledger, type, id, bytes;
  template <typename A, typename S>
  static void fields(A& a, S& self) {
    a(self.ledger, self.type, self.id, self.bytes);
  }
};

// Where the node's writer thread leaves placements; outlives the runner when some are still under way.
struct Inbox {
  std::mutex mutex;
  std::vector<std::pair<std::uint64_t, Result<Placement>>> placed;
};

std::string big_endian(std::uint64_t number) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
  return out;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (const char byte : bytes) out = out << 8 | static_cast<std::uint8_t>(byte);
  return out;
}

}  // namespace

FamilyOptions runner_family() {
  FamilyOptions out;
  out.name = "checks";
  out.write_buffer_bytes = std::size_t{8} << 20;
  return out;
}

struct Runner::Impl {
  explicit Impl(RunnerOptions given)
      : options(std::move(given)),
        fold(options.fold()),
        timeline(*options.timeline, options.node->types()),
        source(*options.node) {}

  // Keys: name NUL 's' row, name NUL 'o' number.
  [[nodiscard]] std::string key(char part, std::string_view rest) const {
    std::string out = options.name;
    out.push_back('\0');
    out.push_back(part);
    out += rest;
    return out;
  }

  [[nodiscard]] std::vector<AnyTable*> tables() {
    std::vector<AnyTable*> out = fold->tables();
    for (AnyTable* table : timeline.tables()) out.push_back(table);
    return out;
  }

  Result<void> load() {
    std::map<std::string, AnyTable*, std::less<>> by_name;
    for (AnyTable* table : tables()) by_name.emplace(table->name(), table);
    const Snapshot snapshot = options.database->snapshot();
    Cursor cursor(snapshot, options.family);
    const std::string rows = key('s', ""), letters = key('o', "");
    for (cursor.seek(letters); cursor.valid() && cursor.key().starts_with(letters); cursor.next()) {
      RowReader reader(cursor.value());
      Outgoing outgoing;
      reader(outgoing);
      if (!reader.complete()) return fail(Code::state_corrupt, options.name, "an outbox row that cannot be read");
      const std::uint64_t number = from_big_endian(cursor.key().substr(letters.size()));
      next_number = number + 1;
      outbox.emplace(number, std::move(outgoing));
    }
    for (cursor.seek(rows); cursor.valid() && cursor.key().starts_with(rows); cursor.next()) {
      const std::string_view row = cursor.key().substr(rows.size());
      const std::size_t end = row.find('\0');
      const auto table = by_name.find(row.substr(0, end));
      if (end == std::string_view::npos || table == by_name.end() ||
          !table->second->load(row.substr(end + 1), cursor.value())) {
        return fail(Code::state_corrupt, options.name, "a row that cannot be read");
      }
    }
    if (auto status = cursor.status(); !status) return status;
    if (auto loaded = fold->loaded(); !loaded) return loaded;
    return timeline.loaded(source);
  }

  // What came back since: struck out of the outbox.
  Result<void> collect(Step& step) {
    std::vector<std::pair<std::uint64_t, Result<Placement>>> placed;
    {
      const std::lock_guard lock(inbox->mutex);
      placed.swap(inbox->placed);
    }
    Batch batch;
    for (auto& [number, result] : placed) {
      under_way.erase(number);
      const auto letter = outbox.find(number);
      if (letter == outbox.end()) continue;
      if (!result) continue;  // stopped, or shutting down: it may or may not stand there; the next try tells
      if (result->kind == Placement::Kind::conflict || result->kind == Placement::Kind::rejected) {
        std::string why = result->kind == Placement::Kind::conflict ? "the ledger holds another one under its id"
                                                                    : "the ledger has rejected it";
        if (!result->errors.empty()) why += ": " + to_string(result->errors.front());
        alarm(step, {Code::conclusion_differs, letter->second.ledger + " " + letter->second.id,
                     letter->second.type + ": " + why});
      } else {
        ++step.published;
      }
      batch.remove(options.family, key('o', big_endian(number)));
      outbox.erase(letter);
    }
    // Unsynced: a row that comes back after a crash is submitted again, and found to be there.
    return batch.empty() ? Result<void>() : options.database->write(batch, false);
  }

  void alarm(Step& step, Alarm alarm) {
    ++alarms;
    step.alarms.push_back(std::move(alarm));
  }

  Result<void> advance(Step& step) {
    source.refresh();
    std::vector<Conclusion> concluded;
    while (step.ticks < options.ticks_per_step && step.entries < options.entries_per_step) {
      const auto more = timeline.advance(source, *fold);
      if (!more) return tl::unexpected(more.error());
      if (!*more) {
        step.caught_up = true;
        step.waits = timeline.waits();
        break;
      }
      ++step.ticks;
      step.entries += timeline.last_entries();
      for (Conclusion& conclusion : fold->take_conclusions()) concluded.push_back(std::move(conclusion));
    }
    for (Alarm& heard : fold->take_alarms()) alarm(step, std::move(heard));
    if (step.ticks == 0) return {};
    step.concluded = concluded.size();

    std::vector<RowChange> changes;
    for (AnyTable* table : tables()) table->write_changes(changes);
    Batch batch;
    for (const RowChange& change : changes) {
      if (change.value) {
        batch.put(options.family, key('s', change.key), *change.value);
      } else {
        batch.remove(options.family, key('s', change.key));
      }
    }
    strike_confirmed(batch, concluded);
    for (Conclusion& conclusion : concluded) {
      if (system_key(conclusion.ledger) == nullptr) continue;
      Outgoing outgoing{conclusion.ledger.text(), std::move(conclusion.type), std::move(conclusion.id),
                        std::move(conclusion.bytes)};
      std::string value;
      RowWriter writer(value);
      writer(outgoing);
      batch.put(options.family, key('o', big_endian(next_number)), value);
      outbox.emplace(next_number++, std::move(outgoing));
    }
    // Not synced: a tail lost with the power is folded again to the same bytes, and what it had submitted is a
    // duplicate then.
    return options.database->write(batch, false);
  }

  // A replay meets its own conclusions in the ledgers: those need not be published again.
  void strike_confirmed(Batch& batch, std::vector<Conclusion>& concluded) {
    const auto confirmed = fold->take_confirmed();
    if (confirmed.empty()) return;
    std::erase_if(concluded, [&](const Conclusion& conclusion) {
      return confirmed.contains({conclusion.ledger.text(), conclusion.id});
    });
    for (auto letter = outbox.begin(); letter != outbox.end();) {
      if (!confirmed.contains({letter->second.ledger, letter->second.id})) {
        ++letter;
        continue;
      }
      batch.remove(options.family, key('o', big_endian(letter->first)));
      letter = outbox.erase(letter);
    }
  }

  [[nodiscard]] const SigningKey* system_key(const LedgerId& ledger) const {
    return options.system_key ? options.system_key(ledger) : nullptr;
  }

  void publish(Step& step) {
    for (const auto& [number, outgoing] : outbox) {
      if (under_way.contains(number)) continue;
      const auto ledger = LedgerId::parse(outgoing.ledger);
      const SigningKey* signer = ledger ? system_key(*ledger) : nullptr;
      if (signer == nullptr) continue;
      const auto view = options.node->view(*ledger);
      if (!view) continue;
      Submission submission{*ledger, outgoing.bytes, sign_event(*signer, view->info().origin, outgoing.bytes), false};
      const auto queued =
          options.node->submit(std::move(submission), [mine = inbox, at = number](Result<Placement> placement) {
            const std::lock_guard lock(mine->mutex);
            mine->placed.emplace_back(at, std::move(placement));
          });
      if (!queued) break;  // full, stopped or read-only: the next step tries again
      under_way.insert(number);
      ++step.submitted;
    }
  }

  RunnerOptions options;
  std::unique_ptr<Fold> fold;
  Timeline timeline;
  NodeSource source;
  std::map<std::uint64_t, Outgoing> outbox;
  std::set<std::uint64_t> under_way;
  std::uint64_t next_number = 0;
  std::uint64_t alarms = 0;
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
};

Result<std::unique_ptr<Runner>> Runner::open(RunnerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto loaded = impl->load(); !loaded) return tl::unexpected(loaded.error());
  return std::unique_ptr<Runner>(new Runner(std::move(impl)));
}

Runner::Runner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runner::~Runner() = default;

Result<Runner::Step> Runner::step() {
  auto out = advance();
  if (out) publish(*out);
  return out;
}

Result<Runner::Step> Runner::advance() {
  Step out;
  if (auto collected = impl_->collect(out); !collected) return tl::unexpected(collected.error());
  if (auto advanced = impl_->advance(out); !advanced) return tl::unexpected(advanced.error());
  return out;
}

void Runner::publish(Step& step) {
  // While behind, what is concluded may stand in the ledgers already: the fold has not come to it yet.
  if (step.caught_up) impl_->publish(step);
}

std::optional<Timestamp> Runner::last_tick() const { return impl_->timeline.last_tick(); }
std::uint64_t Runner::lag() const {
  const auto folded = impl_->timeline.sizes();
  const TimelineOptions& timeline = *impl_->options.timeline;
  std::uint64_t lag = 0;
  for (const LedgerView& view : impl_->options.node->views()) {
    const LedgerId& ledger = view.info().id;
    if (ledger != timeline.coordinator && !timeline.holds(ledger)) continue;
    const auto at = folded.find(ledger.text());
    const std::uint64_t had = at == folded.end() ? 0 : at->second.value();
    if (view.size().value() > had) lag += view.size().value() - had;
  }
  return lag;
}
std::size_t Runner::outbox() const { return impl_->outbox.size(); }
std::uint64_t Runner::alarms() const { return impl_->alarms; }
const Fold& Runner::fold() const { return *impl_->fold; }

}  // namespace jangbu::consumers
