#include "ledger/releases.h"

#include <algorithm>
#include <utility>

#include "schemas/invariant.h"

namespace jangbu {

const VerifierKey& log_key_of(const LedgerState& state) {
  const std::vector<RegisteredKey>& keys = state.authors()->keys();
  const auto log =
      std::find_if(keys.begin(), keys.end(), [](const RegisteredKey& key) { return key.use == KeyUse::log; });
  JANGBU_INVARIANT(log != keys.end(), "a genesis registers the log key");
  return log->key;
}

std::shared_ptr<const LedgerViewState> Releases::view_of(std::size_t number, const LedgerState& state,
                                                         StoredCheckpoint checkpoint,
                                                         std::vector<std::shared_ptr<const RecentCheckpoint>> recent) {
  if (!infos_[number]) {
    const AuthorRegistry& authors = *state.authors();
    infos_[number] = std::make_shared<const LedgerInfo>(
        LedgerInfo{state.id(), authors.origin(), authors.kind(), log_key_of(state), state.genesis_leaf()});
  }
  return std::make_shared<const LedgerViewState>(LedgerViewState{store_, infos_[number], LedgerNumber(number),
                                                                 state.size(), state.root(), std::move(checkpoint.note),
                                                                 checkpoint.size, state.edge(), std::move(recent)});
}

std::shared_ptr<const LedgerViewState> Releases::grown(const LedgerState& state, const Released::Ledger& ledger,
                                                       const LedgerViewState* before) {
  std::vector<std::shared_ptr<const RecentCheckpoint>> recent;
  StoredCheckpoint checkpoint;
  if (before != nullptr) {
    checkpoint = StoredCheckpoint{before->checkpoint_size, before->checkpoint};
    // Of a followed ledger the signer may have signed smaller ones in between: those are looked for in the store.
    if (ledger.checkpoint && !ledger.adopted) {
      const std::size_t kept = std::min(before->recent.size(), kRecentCheckpoints - 1);
      recent.reserve(kept + 1);
      recent.assign(before->recent.end() - static_cast<std::ptrdiff_t>(kept), before->recent.end());
      recent.push_back(std::make_shared<const RecentCheckpoint>(
          RecentCheckpoint{before->checkpoint_size, ledger.checkpoint->size, ledger.checkpoint->note}));
    }
  }
  if (ledger.checkpoint && checkpoint.size < ledger.checkpoint->size) checkpoint = *ledger.checkpoint;
  return view_of(ledger.lane, state, std::move(checkpoint), std::move(recent));
}

Result<void> Releases::begin(const std::vector<LedgerState>& states, std::vector<bool> followed, CommitNumber commit) {
  auto all = std::make_shared<ReleasedCut>();
  all->commit = commit;
  auto ledgers = std::make_shared<ReleasedCut::Ledgers>();
  ledgers->followed = std::move(followed);
  infos_.resize(states.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    ledgers->numbers.emplace(states[i].id(), i);
    all->authors.push_back(states[i].authors());
    if (states[i].size().value() == 0) {
      all->views.push_back(nullptr);
      continue;
    }
    auto checkpoint = store_->last_checkpoint(LedgerNumber(i));
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    all->views.push_back(view_of(i, states[i], *checkpoint ? std::move(**checkpoint) : StoredCheckpoint(), {}));
  }
  all->ledgers = std::move(ledgers);
  const std::lock_guard guard(mutex_);
  current_ = std::move(all);
  return {};
}

void Releases::release(const Released& released, const std::function<const LedgerState&(std::size_t)>& state) {
  auto next = std::make_shared<ReleasedCut>(*current());  // only this thread replaces it
  next->commit = released.commit;
  for (const Released::Ledger& ledger : released.ledgers) {
    next->views[ledger.lane] = grown(state(ledger.lane), ledger, next->views[ledger.lane].get());
    next->authors[ledger.lane] = state(ledger.lane).authors();
  }
  std::vector<std::shared_ptr<Listener>> called;
  {
    const std::lock_guard guard(mutex_);
    current_ = std::move(next);
    std::erase_if(listeners_, [](const std::weak_ptr<Listener>& listener) { return listener.expired(); });
    for (const auto& listener : listeners_) {
      if (auto held = listener.lock()) called.push_back(std::move(held));
    }
  }
  changed_.notify_all();
  for (const auto& listener : called) {
    const std::lock_guard guard(listener->mutex);
    if (listener->changed) listener->changed(released.commit);
  }
}

void Releases::join(const LedgerId& ledger, bool followed) {
  auto next = std::make_shared<ReleasedCut>(*current());
  auto ledgers = std::make_shared<ReleasedCut::Ledgers>(*next->ledgers);
  ledgers->numbers.emplace(ledger, next->views.size());
  ledgers->followed.push_back(followed);
  next->ledgers = std::move(ledgers);
  next->views.push_back(nullptr);
  next->authors.push_back(nullptr);
  infos_.push_back(nullptr);
  const std::lock_guard guard(mutex_);
  current_ = std::move(next);
}

std::shared_ptr<const ReleasedCut> Releases::current() const {
  const std::lock_guard guard(mutex_);
  return current_;
}

bool Releases::wait(CommitNumber& seen, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  const bool grown = changed_.wait_for(lock, timeout, [&] { return shutting_down_ || current_->commit > seen; });
  if (!grown || current_->commit <= seen) return false;
  seen = current_->commit;
  return true;
}

std::shared_ptr<void> Releases::on_commit(std::function<void(CommitNumber)> changed) {
  auto listener = std::make_shared<Listener>();
  listener->changed = std::move(changed);
  {
    const std::lock_guard guard(mutex_);
    listeners_.push_back(listener);
  }
  Listener* const raw = listener.get();
  return {raw, [held = std::move(listener)](void*) mutable {
            {
              const std::lock_guard guard(held->mutex);
              held->changed = nullptr;
            }
            held.reset();
          }};
}

void Releases::shut_down() {
  {
    const std::lock_guard guard(mutex_);
    shutting_down_ = true;
  }
  changed_.notify_all();
}

}  // namespace jangbu
