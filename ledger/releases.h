// Releases: what a node's readers may see, one commit at a time, and who waits for the next. For node.cc. begin(),
// release() and join() are the writer's thread's; the rest may be called from any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "ledger/ledger_state.h"
#include "ledger/sequencer.h"
#include "ledger/store.h"
#include "ledger/view_state.h"

namespace jangbu {

// All of one commit. Immutable.
struct ReleasedCut {
  CommitNumber commit;
  // The node's ledgers; one and the same from commit to commit until a ledger joins.
  struct Ledgers {
    std::map<LedgerId, std::size_t> numbers;
    std::vector<bool> followed;  // by ledger number: not signed here (pins.h)
  };
  std::shared_ptr<const Ledgers> ledgers;
  // By ledger number; nullptr: no genesis yet.
  std::vector<std::shared_ptr<const LedgerViewState>> views;
  std::vector<std::shared_ptr<const AuthorRegistry>> authors;
};

class Releases {
 public:
  explicit Releases(std::shared_ptr<const Store> store) : store_(std::move(store)) {}

  // Everything that stands in the database, which the tip covers by now. Errors: io, store_corrupt.
  [[nodiscard]] Result<void> begin(const std::vector<LedgerState>& states, std::vector<bool> followed,
                                   CommitNumber commit);
  // After commit and tip. `state` gives a lane's.
  void release(const Released& released, const std::function<const LedgerState&(std::size_t)>& state);
  // The next ledger number's, still empty.
  void join(const LedgerId& ledger, bool followed);

  [[nodiscard]] std::shared_ptr<const ReleasedCut> current() const;
  // Until a commit after `seen` (updated), the deadline (false) or shut_down() (false).
  [[nodiscard]] bool wait(CommitNumber& seen, std::chrono::milliseconds timeout) const;
  // See Node::on_commit().
  [[nodiscard]] std::shared_ptr<void> on_commit(std::function<void(CommitNumber)> changed);
  void shut_down();

 private:
  struct Listener {
    std::recursive_mutex mutex;  // recursive: a listener may let go of itself while it is called
    std::function<void(CommitNumber)> changed;
  };
  [[nodiscard]] std::shared_ptr<const LedgerViewState> view_of(
      std::size_t number, const LedgerState& state, StoredCheckpoint checkpoint,
      std::vector<std::shared_ptr<const RecentCheckpoint>> recent);
  // The view that replaces `before`, which may be null.
  [[nodiscard]] std::shared_ptr<const LedgerViewState> grown(const LedgerState& state, const Released::Ledger& ledger,
                                                             const LedgerViewState* before);

  const std::shared_ptr<const Store> store_;
  std::vector<std::shared_ptr<const LedgerInfo>> infos_;  // the writer's

  mutable std::mutex mutex_;  // guards the rest
  mutable std::condition_variable changed_;
  std::shared_ptr<const ReleasedCut> current_;
  bool shutting_down_ = false;
  std::vector<std::weak_ptr<Listener>> listeners_;
};

// The key that signs a ledger's checkpoints, as its genesis says.
[[nodiscard]] const VerifierKey& log_key_of(const LedgerState& state);

}  // namespace jangbu
