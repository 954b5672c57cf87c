#include "consumers/ticker.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "consumers/conclusion.h"
#include "ledger/hash.h"
#include "schemas/event.h"

namespace jangbu::consumers {

namespace {

// A tick names at most this many ledgers (its schema), and carries at most this many notes, of about 300 bytes, so that
// it stays within an entry; the others come with the next ones.
constexpr std::size_t kObservedMax = 256;
constexpr std::size_t kNotesMax = 64;
constexpr std::string_view kSource = "/ticker";

struct Waiting {
  std::mutex mutex;
  std::condition_variable placed;
  std::optional<Result<Placement>> placement;
};

}  // namespace

struct Ticker::Impl {
  explicit Impl(TickerOptions given) : options(std::move(given)) {}

  // From the end of the ledger backwards, until every ledger's last size was met.
  Result<void> recall() {
    const auto view = options.node->view(*options.coordinator);
    if (!view) return tl::unexpected(view.error());
    EventReader reader(options.node->types());
    std::set<std::string> wanted;
    for (const LedgerId& ledger : options.node->ledgers()) {
      if (!(ledger == *options.coordinator)) wanted.insert(ledger.text());
    }
    for (std::uint64_t number = view->size().value(); number > 0 && (!last || !wanted.empty() || !last_notes);
         --number) {
      const auto entry = view->entry(SequenceNumber(number - 1));
      if (!entry) return tl::unexpected(entry.error());
      if (entry->entry.kind != EntryKind::event) continue;
      const auto event = reader.read(entry->entry.body);
      if (!event) return tl::unexpected(event.error());
      if (event->type->name != "tick") continue;
      const auto at = time(event->data, "at");
      if (at && !last) {
        last = *at;
        own_size = number;
      }
      const auto observed = list(event->data, "observed");
      if (!observed) continue;
      for (simdjson::dom::element item : *observed) {
        simdjson::dom::object head;
        const bool is_head = item.get(head) == simdjson::SUCCESS;
        if (!is_head) continue;
        const std::string ledger(text(head, "ledger"));
        const auto size = static_cast<std::uint64_t>(integer(head, "size").value_or(0));
        if (wanted.erase(ledger) == 1) told[ledger] = size;
        if (!text(head, "note").empty()) {
          if (at && !last_notes) last_notes = *at;
          noted.emplace(ledger, size);
        }
      }
    }
    return {};
  }

  [[nodiscard]] bool changed() const {
    for (const LedgerView& view : options.node->views()) {
      const std::string& ledger = view.info().id.text();
      const std::uint64_t size = view.size().value();
      if (view.info().id == *options.coordinator ? size != own_size : size != told_of(ledger)) return true;
    }
    return false;
  }
  [[nodiscard]] std::uint64_t told_of(const std::string& ledger) const {
    const auto at = told.find(ledger);
    return at == told.end() ? 0 : at->second;
  }

  // One tick, written and placed.
  Result<void> write(Timestamp at, bool observes) {
    std::vector<std::string> observed, unreadable;
    std::map<std::string, std::uint64_t> sizes, notes;
    const bool notes_due = !last_notes || last_notes->plus_seconds(options.notes_every_seconds) <= at;
    for (const LedgerView& view : options.node->views()) {
      const std::string& ledger = view.info().id.text();
      if (view.info().id == *options.coordinator) continue;
      if (!observes) {
        unreadable.push_back(json_string(ledger));
        continue;
      }
      const std::uint64_t size = view.size().value();
      if (size == 0) continue;
      const auto known_note = noted.find(ledger);
      const bool note = notes_due && notes.size() < kNotesMax && !view.checkpoint().empty() &&
                        (known_note == noted.end() || known_note->second != size);
      if ((size == told_of(ledger) && !note) || observed.size() == kObservedMax) continue;
      JsonText head;
      head.text("ledger", ledger)
          .number("size", static_cast<std::int64_t>(size))
          .text("root", digest_text(view.root()));
      if (note) {
        head.text("note", view.checkpoint());
        notes.emplace(ledger, size);
      }
      sizes.emplace(ledger, size);
      observed.push_back(head.object());
    }
    JsonText data;
    data.text("at", to_string(at)).raw("observed", json_list(observed));
    if (!unreadable.empty()) data.raw("unreadable", json_list(unreadable));
    const auto placed = submit(*options.key, "tick", at, data.object());
    if (!placed) return tl::unexpected(placed.error());
    last = at;
    own_size = placed->sequence.value() + 1;
    for (const auto& [ledger, size] : sizes) told[ledger] = size;
    for (const auto& [ledger, size] : notes) noted[ledger] = size;
    if (notes_due && observes) last_notes = at;
    return {};
  }

  Result<Placement> submit(const SigningKey& key, std::string_view type, Timestamp at, const std::string& data) {
    JsonText event;
    event.text("specversion", "1.0")
        .text("id",
              to_base32(sha256(std::string(type) + "\n" + options.node->space() + "\n" + to_string(at) + "\n" + data)
                            .view()
                            .substr(0, 16)))
        .text("source", kSource)
        .text("type", "kr.jangbu." + std::string(type) + ".v1")
        .text("time", to_string(at))
        .text("institution", options.coordinator->institution())
        .raw("data", data);
    const auto view = options.node->view(*options.coordinator);
    if (!view) return tl::unexpected(view.error());
    const std::string bytes = event.object();
    const auto waiting = std::make_shared<Waiting>();
    const auto queued =
        options.node->submit({*options.coordinator, bytes, sign_event(key, view->info().origin, bytes), false},
                             [waiting](Result<Placement> placement) {
                               const std::lock_guard lock(waiting->mutex);
                               waiting->placement = std::move(placement);
                               waiting->placed.notify_all();
                             });
    if (!queued) return tl::unexpected(queued.error());
    std::unique_lock lock(waiting->mutex);
    while (!waiting->placement) {
      if (options.pump) {
        lock.unlock();
        options.pump();
        lock.lock();
      } else {
        waiting->placed.wait(lock);
      }
    }
    if (!*waiting->placement) return *waiting->placement;
    const Placement& placement = **waiting->placement;
    if (placement.kind == Placement::Kind::rejected || placement.kind == Placement::Kind::conflict) {
      if (!placement.errors.empty()) return tl::unexpected(placement.errors.front());
      return fail(Code::tick_refused, options.coordinator->text(), "the ledger holds another event under its id");
    }
    return placement;
  }

  Result<std::size_t> to(Timestamp at) {
    std::size_t ticks = 0;
    if (last && !(*last < at)) return fail(Code::tick_refused, "", "not after the last tick");
    if (last && last->plus_seconds(options.jump_max_seconds) < at && options.jump_key != nullptr) {
      const auto jumped = submit(*options.jump_key, "clock.jump", at,
                                 JsonText().text("to", to_string(at)).text("reason", "demonstration").object());
      if (!jumped) return tl::unexpected(jumped.error());
    } else {
      while (last && last->plus_seconds(options.jump_max_seconds) < at) {
        if (auto written = write(last->plus_seconds(options.jump_max_seconds), false); !written) {
          return tl::unexpected(written.error());
        }
        ++ticks;
      }
    }
    if (auto written = write(at, true); !written) return tl::unexpected(written.error());
    return ticks + 1;
  }

  TickerOptions options;
  std::optional<Timestamp> last, last_notes;
  std::uint64_t own_size = 0;                  // of the coordinating body's ledger, with the last tick
  std::map<std::string, std::uint64_t> told;   // sizes that ticks have named
  std::map<std::string, std::uint64_t> noted;  // sizes whose notes ticks have carried
};

Result<std::unique_ptr<Ticker>> Ticker::open(TickerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto recalled = impl->recall(); !recalled) return tl::unexpected(recalled.error());
  return std::unique_ptr<Ticker>(new Ticker(std::move(impl)));
}

Ticker::Ticker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ticker::~Ticker() = default;

Result<std::size_t> Ticker::step() {
  const std::int64_t now = impl_->options.clock->wall_milliseconds();
  if (impl_->last) {
    const std::int64_t since = now - impl_->last->milliseconds();
    // Also where the clock was set back: time goes on once it has caught up with the last tick.
    if (since < impl_->options.interval_min_ms) return std::size_t{0};
    if (since < impl_->options.interval_max_ms && !impl_->changed()) return std::size_t{0};
  }
  return impl_->to(Timestamp::from_milliseconds(now));
}

Result<std::size_t> Ticker::tick_at(Timestamp at) { return impl_->to(at); }
std::optional<Timestamp> Ticker::last() const { return impl_->last; }

}  // namespace jangbu::consumers
