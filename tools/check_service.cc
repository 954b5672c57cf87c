#include "tools/check_service.h"

#include <atomic>
#include <map>
#include <vector>

#include "consumers/fold.h"
#include "consumers/runner.h"
#include "consumers/summaries.h"
#include "consumers/ticker.h"
#include "ledger/database.h"
#include "ledger/space.h"
#include "tools/adoption.h"

namespace jangbu::tools {
namespace {

constexpr std::chrono::milliseconds kLook{200};
// A runner that has nothing to do but wait for placements looks again after this.
constexpr std::chrono::milliseconds kPlacementLook{1};

Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& directory) {
  DatabaseOptions options;
  options.directory = directory;
  options.families = {consumers::runner_family()};
  options.create = true;
  options.strict = false;
  return Database::open(options);
}

}  // namespace

struct CheckService::Impl {
  CheckServiceOptions options;
  std::map<LedgerId, SigningKey> system_keys;
  std::optional<LedgerId> coordinator;
  std::optional<SigningKey> ticker_key, coordinator_key;
  std::unique_ptr<Database> database;
  std::unique_ptr<consumers::Ticker> ticker;
  std::vector<std::unique_ptr<consumers::Runner>> runners;
  std::atomic<std::uint64_t> alarms = 0;

  Result<void> read_keys();
  Result<void> open_runners();
  Result<void> add_runner(std::string name, consumers::TimelineOptions timeline,
                          std::function<std::unique_ptr<consumers::Fold>()> fold);
  Result<void> open_ticker();
  // One step of every runner; whether any of them has something left to do.
  Result<bool> step();
};

Result<void> CheckService::Impl::read_keys() {
  for (const LedgerId& ledger : options.node->ledgers()) {
    const auto path = key_path(options.directory, ledger, KeyUse::system);
    // A node without a ledger's system key checks and compares, but concludes nothing there.
    if (!std::filesystem::exists(path)) continue;
    auto key = read_signing_key(path, options.ask_passphrase);
    if (!key) return tl::unexpected(key.error());
    system_keys.emplace(ledger, std::move(*key));
  }
  const std::pair<KeyUse, std::optional<SigningKey>*> own[] = {{KeyUse::ticker, &ticker_key},
                                                               {KeyUse::coordinator, &coordinator_key}};
  for (const auto& [use, into] : own) {
    const auto path = space_key_path(options.directory, use);
    if (!std::filesystem::exists(path)) continue;
    auto key = read_signing_key(path, options.ask_passphrase);
    if (!key) return tl::unexpected(key.error());
    into->emplace(std::move(*key));
  }
  return {};
}

Result<void> CheckService::Impl::add_runner(std::string name, consumers::TimelineOptions timeline,
                                            std::function<std::unique_ptr<consumers::Fold>()> fold) {
  consumers::RunnerOptions runner;
  runner.name = std::move(name);
  runner.node = options.node;
  runner.database = database.get();
  runner.timeline = std::move(timeline);
  runner.fold = std::move(fold);
  runner.system_key = [this](const LedgerId& ledger) -> const SigningKey* {
    const auto found = system_keys.find(ledger);
    return found == system_keys.end() ? nullptr : &found->second;
  };
  auto opened = consumers::Runner::open(std::move(runner));
  if (!opened) return tl::unexpected(opened.error());
  runners.push_back(std::move(*opened));
  return {};
}

Result<void> CheckService::Impl::open_runners() {
  const std::string center(coordinator->institution());
  auto added = add_runner("shared", consumers::TimelineOptions::shared(center),
                          [id = *coordinator] { return consumers::Fold::shared(id); });
  if (!added) return added;
  for (const LedgerId& ledger : options.node->ledgers()) {
    if (ledger.kind() != LedgerKind::patients) continue;
    const std::string hospital(ledger.institution());
    added = add_runner(ledger.text(), consumers::TimelineOptions::patients(center, hospital),
                       [id = *coordinator, hospital, types = options.node->types()] {
                         return consumers::patients_fold(id, hospital, types);
                       });
    if (!added) return added;
  }
  return {};
}

Result<void> CheckService::Impl::open_ticker() {
  if (!ticker_key) return {};
  consumers::TickerOptions ticking;
  ticking.node = options.node;
  ticking.coordinator = coordinator;
  ticking.key = &*ticker_key;
  ticking.clock = options.clock;
  if (options.declare_jumps && coordinator_key) ticking.jump_key = &*coordinator_key;
  auto opened = consumers::Ticker::open(std::move(ticking));
  if (!opened) return tl::unexpected(opened.error());
  ticker = std::move(*opened);
  return {};
}

Result<bool> CheckService::Impl::step() {
  bool left = false;
  for (const auto& runner : runners) {
    const auto done = runner->step();
    if (!done) return tl::unexpected(done.error());
    alarms += done->alarms.size();
    left = left || !done->caught_up || runner->outbox() > 0;
  }
  return left;
}

CheckService::CheckService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckService::~CheckService() = default;

Result<std::unique_ptr<CheckService>> CheckService::open(const CheckServiceOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  // A node without the coordinating body's ledger has no timeline: it ledgers and serves, others check.
  if (auto found = coordinator_ledger(*options.node)) impl->coordinator = *found;
  if (!impl->coordinator) return std::unique_ptr<CheckService>(new CheckService(std::move(impl)));
  if (auto read = impl->read_keys(); !read) return tl::unexpected(read.error());

  const auto folder = options.directory / "checks";
  Result<void> opened;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto database = open_database(folder);
    if (database) {
      impl->database = std::move(*database);
      opened = impl->open_runners();
    } else {
      opened = tl::unexpected(database.error());
    }
    if (opened || (opened.error().code != Code::state_corrupt && opened.error().code != Code::store_corrupt)) break;
    impl->runners.clear();
    impl->database.reset();
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    if (error) return fail(Code::io, folder.string(), "damaged, and cannot be removed: " + error.message());
  }
  if (!opened) return tl::unexpected(opened.error());
  if (auto ticking = impl->open_ticker(); !ticking) return tl::unexpected(ticking.error());
  return std::unique_ptr<CheckService>(new CheckService(std::move(impl)));
}

Result<void> CheckService::tick() {
  if (!impl_->ticker) return {};
  const auto done = impl_->ticker->tick_at(Timestamp::from_milliseconds(impl_->options.clock->wall_milliseconds()));
  if (!done) return tl::unexpected(done.error());
  return {};
}

Result<void> CheckService::settle() {
  CommitNumber seen;
  for (;;) {
    const auto left = impl_->step();
    if (!left) return tl::unexpected(left.error());
    if (!*left) return {};
    // What is left are placements on their way.
    static_cast<void>(impl_->options.node->wait_for_commit(seen, kPlacementLook));
  }
}

Result<void> CheckService::run(const std::stop_token& stop) {
  CommitNumber seen;
  while (!stop.stop_requested()) {
    if (impl_->ticker) {
      if (const auto ticked = impl_->ticker->step(); !ticked) return tl::unexpected(ticked.error());
    }
    const auto left = impl_->step();
    if (!left) return tl::unexpected(left.error());
    static_cast<void>(impl_->options.node->wait_for_commit(seen, *left ? kPlacementLook : kLook));
  }
  return {};
}

std::uint64_t CheckService::alarms() const { return impl_->alarms; }

}  // namespace jangbu::tools
