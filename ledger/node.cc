#include "ledger/node.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <utility>

#include "ledger/checkpoint.h"
#include "ledger/ledger_state.h"
#include "ledger/pins.h"
#include "ledger/recovery.h"
#include "ledger/releases.h"
#include "ledger/screen_digest.h"
#include "ledger/sequencer.h"
#include "ledger/space.h"
#include "ledger/view_state.h"
#include "schemas/invariant.h"

namespace jangbu {
struct Node::Impl {
  NodeOptions options;
  std::shared_ptr<const TypeTable> types;
  Files* files = nullptr;
  std::unique_ptr<DirectoryLock> lock;
  std::shared_ptr<Store> store;
  std::optional<TipFile> tip;
  std::optional<Pins> pins;  // absent: all ledgers are signed here
  std::string screen_digest;
  std::optional<Error> refused;  // read-only: why it writes nothing
  std::optional<std::string> recovered;
  std::unique_ptr<Sequencer> sequencer;  // absent when read-only
  std::atomic<Order*> order = nullptr;
  std::unique_ptr<Releases> releases;

  [[nodiscard]] std::shared_ptr<const ReleasedCut> current() const { return releases->current(); }

  [[nodiscard]] Result<std::size_t> number_of(const LedgerId& ledger) const {
    const auto cut = current();
    const auto found = cut->ledgers->numbers.find(ledger);
    if (found == cut->ledgers->numbers.end())
      return fail(Code::no_such_ledger, ledger.text(), "not a ledger of this node");
    return found->second;
  }

  [[nodiscard]] bool is_followed(const LedgerId& ledger) const {
    return pins && pins->find(ledger) != nullptr && !files->exists(key_path(options.directory, ledger, KeyUse::log));
  }

  // The keys that sign the ledgers' checkpoints, each held against the ledger's own genesis, or its pin.
  [[nodiscard]] Result<std::vector<Lane>> lanes(std::vector<LedgerState>&& states) const {
    std::vector<Lane> lanes;
    for (LedgerState& state : states) {
      auto lane = this->lane(std::move(state));
      if (!lane) return tl::unexpected(lane.error());
      lanes.push_back(std::move(*lane));
    }
    return lanes;
  }

  [[nodiscard]] Result<Lane> lane(LedgerState state) const {
    const std::filesystem::path path = key_path(options.directory, state.id(), KeyUse::log);
    const LedgerPin* pin = pins ? pins->find(state.id()) : nullptr;
    if (pin != nullptr) {
      if (state.size().value() == 0) {
        state.pin_genesis(pin->genesis_leaf);
      } else if (state.genesis_leaf() != pin->genesis_leaf) {
        return fail(Code::bad_entry, state.id().text() + "/0", "not the genesis that is pinned");
      }
    }
    if (is_followed(state.id())) return Lane{std::move(state), std::nullopt};
    auto key = read_signing_key(path, options.ask_passphrase);
    if (!key) return tl::unexpected(key.error());
    if ((state.authors() && log_key_of(state).text() != key->verifier().text()) ||
        (pin != nullptr && pin->log_key.text() != key->verifier().text())) {
      return fail(Code::bad_key, path.string(), "not the key that the ledger's genesis names");
    }
    return Lane{std::move(state), std::move(*key)};
  }

  // A start after a crash between commit and tip: what the database holds is released by this.
  [[nodiscard]] Result<CommitNumber> record_tip(const std::vector<LedgerState>& states, CommitNumber last) {
    std::vector<LedgerHead> heads;
    bool ahead = false;
    for (const LedgerState& state : states) {
      const std::size_t row = heads.size();
      heads.push_back(LedgerHead{state.id(), state.size(), state.root()});
      ahead = ahead || row >= tip->heads().size() || tip->heads()[row].size != state.size();
    }
    if (!ahead) return last;
    const CommitNumber commit(std::max(last, tip->commit()).value() + 1);
    if (auto recorded = tip->record(commit, heads); !recorded) return tl::unexpected(recorded.error());
    return commit;
  }

  // A node that has followed a ledger and has its log key now signs what it has, with the next commit.
  [[nodiscard]] Result<void> sign_what_was_followed() {
    const auto cut = current();
    for (std::size_t i = 0; i < cut->views.size(); ++i) {
      const auto& view = cut->views[i];
      if (cut->ledgers->followed[i] || !view || view->checkpoint_size == view->size) continue;
      auto signed_up = sequencer->sign(i);
      if (!signed_up) return signed_up;
    }
    return {};
  }

  void make_ballast() {
    const std::filesystem::path path = options.directory / "ballast";
    if (options.ballast_bytes == 0 || files->exists(path)) return;
    const auto free = files->free_bytes(options.directory);
    if (!free || *free < options.disk_low_water_bytes + 4 * options.ballast_bytes) return;
    // Without it a full disk is only harder to leave, so a failure here stops nothing.
    static_cast<void>(files->reserve(path, options.ballast_bytes));
  }
};

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Node::~Node() {
  if (impl_->releases) impl_->releases->shut_down();
  if (impl_->sequencer) {
    impl_->sequencer->close();
    // Only so that the next start has no log to replay; everything is durable without it.
    if (!impl_->sequencer->stopped()) static_cast<void>(impl_->store->flush());
  }
}

Result<std::unique_ptr<Node>> Node::open(const NodeOptions& options, std::shared_ptr<const TypeTable> types) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->types = std::move(types);
  impl->files = options.files != nullptr ? options.files : &Files::machine();
  RecordScreen reader(impl->types);
  auto pins = read_pins(*impl->files, options.directory);
  if (!pins) return tl::unexpected(pins.error());
  impl->pins = std::move(*pins);
  StartOptions start_options;
  start_options.pinned = [&self = *impl](const LedgerId& ledger) {
    return self.pins && self.pins->find(ledger) != nullptr;
  };
  start_options.directory = options.directory;
  start_options.read_only = options.read_only;
  start_options.founding = options.founding;
  start_options.env = options.env;
  start_options.files = impl->files;
  impl->screen_digest = options.screen_digest.empty() ? jangbu::screen_digest(*impl->types) : options.screen_digest;
  start_options.screen_digest = impl->screen_digest;
  if (options.recover && !options.read_only) {
    JANGBU_INVARIANT(options.clock != nullptr, "a writing node needs a clock");
    start_options.recover_at_ms = options.clock->wall_milliseconds();
  }
  auto started = start(start_options, reader);
  if (!started) return tl::unexpected(started.error());
  impl->recovered = std::move(started->recovered);
  impl->lock = std::move(started->lock);
  impl->store = std::move(started->store);
  impl->tip = std::move(started->tip);
  for (std::size_t i = 0; i < started->ledgers.size(); ++i) {
    const auto& stopped = started->ledgers[i].stopped();
    if (stopped && !options.read_only) return tl::unexpected(*stopped);
  }
  CommitNumber last = started->last_commit;
  if (options.read_only) {
    impl->refused = started->refused.value_or(
        Error{Code::read_only, options.directory.string(), "the node was opened for reading only"});
  } else {
    auto recorded = impl->record_tip(started->ledgers, last);
    if (!recorded) return tl::unexpected(recorded.error());
    last = *recorded;
  }
  impl->releases = std::make_unique<Releases>(impl->store);
  std::vector<bool> followed;
  for (const LedgerState& state : started->ledgers) followed.push_back(impl->is_followed(state.id()));
  if (auto done = impl->releases->begin(started->ledgers, std::move(followed), last); !done)
    return tl::unexpected(done.error());
  if (!options.read_only) {
    JANGBU_INVARIANT(options.clock != nullptr, "a writing node needs a clock");
    auto lanes = impl->lanes(std::move(started->ledgers));
    if (!lanes) return tl::unexpected(lanes.error());
    impl->make_ballast();
    SequencerOptions sequencer;
    sequencer.commit_records_max = options.commit_records_max;
    sequencer.commit_bytes_max = options.commit_bytes_max;
    sequencer.queue_records_max = options.queue_records_max;
    sequencer.disk_low_water_bytes = options.disk_low_water_bytes;
    sequencer.directory = options.directory;
    Impl& self = *impl;
    impl->sequencer = std::make_unique<Sequencer>(
        *self.store, *self.tip, *self.files, *options.clock, impl->types, std::move(*lanes), last, std::move(sequencer),
        [&self](const Released& released) {
          self.releases->release(
              released, [&self](std::size_t lane) -> const LedgerState& { return self.sequencer->state(lane); });
        });
    if (auto signed_up = impl->sign_what_was_followed(); !signed_up) return tl::unexpected(signed_up.error());
  }
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

Result<void> Node::submit(Submission submission, Placed placed) {
  const auto number = impl_->number_of(submission.ledger);
  if (!number) return tl::unexpected(number.error());
  if (!impl_->sequencer) return tl::unexpected(*impl_->refused);
  Order* const order = impl_->order;
  if (order != nullptr && !submission.source) {
    if (const auto why = impl_->sequencer->lane_stopped(*number)) {
      return fail(Code::ledger_stopped, submission.ledger.text(), to_string(*why));
    }
    return order->submit(std::move(submission), std::move(placed));
  }
  return impl_->sequencer->submit(*number, std::move(submission), std::move(placed));
}

void Node::set_order(Order* order) { impl_->order = order; }
bool Node::has_order() const { return impl_->order != nullptr; }

bool Node::follows(const LedgerId& ledger) const {
  const auto cut = impl_->current();
  const auto number = cut->ledgers->numbers.find(ledger);
  return number != cut->ledgers->numbers.end() && cut->ledgers->followed[number->second];
}

std::optional<VerifierKey> Node::coordinator_key() const {
  if (impl_->pins) return impl_->pins->coordinator_key;
  const auto cut = impl_->current();
  for (const auto& authors : cut->authors) {
    if (!authors) continue;
    for (const RegisteredKey& key : authors->keys()) {
      if (key.use == KeyUse::coordinator) return key.key;
    }
  }
  return std::nullopt;
}

Result<void> Node::take_up(const LedgerPin& pin, const VerifierKey& coordinator) {
  if (!impl_->sequencer) return tl::unexpected(*impl_->refused);
  if (has(pin.ledger)) return fail(Code::already_exists, pin.ledger.text(), "the node has it");
  const auto ours = coordinator_key();
  if (!ours || ours->text() != coordinator.text()) {
    return fail(
        Code::key_unknown, pin.ledger.text(),
        "its genesis is signed under " + coordinator.text() + ", which is not this space's coordinating body's");
  }
  if (ledgers().size() >= kTipLedgersMax) return fail(Code::bad_range, pin.ledger.text(), "more than one node takes");
  Pins pins = impl_->pins.value_or(Pins{space(), coordinator, {}});
  // What was pinned by a try that was cut off is pinned again: the genesis is the topic's, which is read anew.
  std::erase_if(pins.ledgers, [&](const LedgerPin& each) { return each.ledger == pin.ledger; });
  pins.ledgers.push_back(pin);
  std::sort(pins.ledgers.begin(), pins.ledgers.end(),
            [](const LedgerPin& one, const LedgerPin& other) { return one.ledger < other.ledger; });
  // The pin first: a start that finds the ledger must find what it has to be.
  if (auto written = write_pins(impl_->options.directory, pins); !written) return written;
  impl_->pins = std::move(pins);
  auto lane = impl_->lane(LedgerState(pin.ledger, impl_->types, impl_->screen_digest));
  if (!lane) return tl::unexpected(lane.error());
  const bool followed = !lane->log_key;
  return impl_->sequencer->join(
      std::move(*lane), [releases = impl_->releases.get(), ledger = pin.ledger, followed](const Result<void>& joined) {
        if (joined) releases->join(ledger, followed);
      });
}

Result<Node::Adoption> Node::adopt_checkpoint(const LedgerId& ledger, std::string_view note) {
  const auto view = this->view(ledger);
  if (!view) return tl::unexpected(view.error());
  if (!impl_->sequencer) return tl::unexpected(*impl_->refused);
  const auto checkpoint = open_checkpoint(note, view->info().log_key);
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  if (checkpoint->size > view->size()) return Adoption::ahead;
  const auto root = view->root_at(checkpoint->size);
  if (!root) return tl::unexpected(root.error());
  if (*root != checkpoint->root) {
    const Error why{Code::root_contradicted, ledger.text(),
                    "its signer has signed root " + digest_text(checkpoint->root) + " at size " +
                        std::to_string(checkpoint->size.value()) + "; here it is " + digest_text(*root)};
    stop_ledger(ledger, why);
    return tl::unexpected(why);
  }
  if (!follows(ledger) || checkpoint->size <= view->checkpoint_size()) return Adoption::known;
  auto adopted = impl_->sequencer->adopt(*impl_->number_of(ledger), {checkpoint->size, std::string(note)});
  if (!adopted) return tl::unexpected(adopted.error());
  return Adoption::adopted;
}

void Node::stop_ledger(const LedgerId& ledger, const Error& why) {
  const auto number = impl_->number_of(ledger);
  if (number && impl_->sequencer) impl_->sequencer->stop_lane(*number, why);
}

std::optional<Error> Node::ledger_stopped(const LedgerId& ledger) const {
  const auto number = impl_->number_of(ledger);
  return number && impl_->sequencer ? impl_->sequencer->lane_stopped(*number) : std::nullopt;
}

Result<Placement> Node::append(Submission submission) {
  auto promise = std::make_shared<std::promise<Result<Placement>>>();
  std::future<Result<Placement>> placed = promise->get_future();
  auto queued = submit(std::move(submission),
                       [promise](Result<Placement> placement) { promise->set_value(std::move(placement)); });
  if (!queued) return tl::unexpected(queued.error());
  return placed.get();
}

Result<void> Node::run_writer(std::stop_token stop) {
  if (!impl_->sequencer) return tl::unexpected(*impl_->refused);
  auto ended = impl_->sequencer->run(std::move(stop));
  if (ended) impl_->releases->shut_down();
  return ended;
}

Result<std::size_t> Node::commit_pending() {
  if (!impl_->sequencer) return tl::unexpected(*impl_->refused);
  return impl_->sequencer->commit();
}

std::vector<LedgerId> Node::ledgers() const {
  std::vector<LedgerId> ids;
  const auto cut = impl_->current();
  for (const auto& [id, number] : cut->ledgers->numbers) ids.push_back(id);
  return ids;
}

bool Node::has(const LedgerId& ledger) const { return impl_->current()->ledgers->numbers.contains(ledger); }

Result<LedgerView> Node::view(const LedgerId& ledger) const {
  const auto number = impl_->number_of(ledger);
  if (!number) return tl::unexpected(number.error());
  auto state = impl_->current()->views[*number];
  if (!state) return fail(Code::no_such_ledger, ledger.text(), "the ledger has no genesis yet");
  return LedgerView(std::move(state));
}

std::vector<LedgerView> Node::views() const {
  const auto all = impl_->current();
  std::vector<LedgerView> views;
  for (const auto& [id, number] : all->ledgers->numbers) {
    if (all->views[number]) views.push_back(LedgerView(all->views[number]));
  }
  return views;
}

bool Node::wait_for_commit(CommitNumber& seen, std::chrono::milliseconds timeout) const {
  return impl_->releases->wait(seen, timeout);
}

std::shared_ptr<void> Node::on_commit(std::function<void(CommitNumber)> changed) {
  return impl_->releases->on_commit(std::move(changed));
}

Result<void> Node::judge_author(const Event& event, const LedgerId& ledger,
                                const std::optional<AuthorSignature>& signature) const {
  const auto registry = authors(ledger);
  if (!registry) return fail(Code::no_such_ledger, ledger.text(), "not a ledger of this node");
  const auto author = registry->judge(event, signature);
  if (!author) return tl::unexpected(author.error());
  return {};
}

std::shared_ptr<const AuthorRegistry> Node::authors(const LedgerId& ledger) const {
  const auto number = impl_->number_of(ledger);
  return number ? impl_->current()->authors[*number] : nullptr;
}

const std::string& Node::space() const { return impl_->store->space(); }
std::shared_ptr<const TypeTable> Node::types() const { return impl_->types; }

const std::optional<std::string>& Node::recovered() const { return impl_->recovered; }

std::optional<Error> Node::not_writing() const {
  if (!impl_->sequencer) return impl_->refused;
  return impl_->sequencer->stopped();
}

Node::Metrics Node::metrics() const { return impl_->sequencer ? impl_->sequencer->metrics() : Metrics(); }

std::uint64_t Node::disk_bytes() const { return impl_->store->disk_bytes(); }
Result<void> Node::compact() { return impl_->store->compact(); }

Result<void> Node::backup(const std::filesystem::path& target) const {
  Files& files = *impl_->files;
  if (files.exists(target)) return fail(Code::already_exists, target.string(), "there is something already");
  if (auto made = files.make_directories(target); !made) return made;
  // The mark first: a copy that breaks off here can never be taken for a node.
  auto mark = files.open(backup_mark_path(target), Files::Mode::create);
  if (!mark) return tl::unexpected(mark.error());
  if (auto written = (*mark)->write(0, "a copy of space " + space() + "\n"); !written) return written;
  if (auto synced = (*mark)->sync(); !synced) return synced;
  // The heads before the database, so that the copy holds at least what its tip says.
  const auto released = impl_->current();
  std::vector<LedgerHead> heads;
  for (std::size_t i = 0; i < released->views.size(); ++i) {
    if (const auto& view = released->views[i]) heads.push_back(LedgerHead{view->info->id, view->size, view->root});
  }
  if (auto copied = impl_->store->copy_to(database_path(target)); !copied) return copied;
  // After the database, since pins only grow.
  const auto pins = read_pins(files, impl_->options.directory);
  if (!pins) return tl::unexpected(pins.error());
  if (*pins) {
    if (auto written = write_pins(target, **pins); !written) return written;
  }
  const auto tip = TipFile::create(files, tip_path(target), released->commit, heads);
  if (!tip) return tl::unexpected(tip.error());

  NodeOptions options;
  options.directory = target;
  options.read_only = true;
  options.files = impl_->files;
  options.env = impl_->options.env;
  const auto copy = Node::open(options, impl_->types);
  if (!copy) return tl::unexpected(copy.error());
  const auto why = (*copy)->not_writing();
  if (why && why->code != Code::read_only) return tl::unexpected(*why);
  for (const LedgerView& view : (*copy)->views()) {
    if (auto whole = audit(view); !whole) return whole;
  }
  return {};
}

}  // namespace jangbu
