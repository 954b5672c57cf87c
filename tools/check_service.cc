#include "tools/check_service.h"

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
// After something went wrong: how long until it is tried again.
constexpr std::chrono::seconds kRetry{5};
// A tick may name a little more than is here, while commits come in; not for so many looks.
constexpr int kWaitingLooks = 25;
constexpr std::string_view kTime = "time";
// A ticker writes at least every minute. Without a tick for so long, time stands still for the checks.
constexpr std::int64_t kTimeStandsStillMs = 180'000;
// The clock behind the last tick by more than this is no matter of two clocks that differ a little.
constexpr std::int64_t kClockBehindMs = 60'000;

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
  struct Running {
    std::string name;  // "shared"
    std::unique_ptr<consumers::Runner> runner;
    int waiting_looks = 0;  // since when its timeline waits for the same
  };
  std::vector<Running> runners;
  std::size_t ledgers = 0;  // how many the node had when the runners were opened
  std::chrono::steady_clock::time_point ticks_again{}, checks_again{};

  Result<void> read_keys();
  // The checks' database and runners; a damaged folder is removed and built again.
  Result<void> open_checks();
  Result<void> open_runners();
  Result<void> add_runner(std::string name, consumers::TimelineOptions timeline,
                          std::function<std::unique_ptr<consumers::Fold>()> fold);
  Result<void> open_ticker();
  // One step of every runner; whether any of them has something left to do.
  Result<bool> step();
  void heard(Running& one, const consumers::Runner::Step& step);
  void look_at_time(const Running& one);
  // The same where nobody is told of errors: troubles are.
  void tick_by_itself();
  bool step_by_itself();
  void trouble(std::string_view part, const Error& why) const;
  void well(std::string_view part) const;
};

void CheckService::Impl::trouble(std::string_view part, const Error& why) const {
  if (options.troubles != nullptr && !options.troubles->report(part, why)) return;
  if (options.say) {
    options.say(std::string(part) + (part == kTime ? " stands still: " : " stand still: ") + to_string(why) +
                "; ops/RUNBOOK.md");
  }
}

void CheckService::Impl::well(std::string_view part) const {
  if (options.troubles == nullptr || !options.troubles->clear(part)) return;
  if (options.say) options.say(std::string(part) + (part == kTime ? " goes on" : " go on"));
}

Result<void> CheckService::Impl::read_keys() {
  for (const LedgerId& ledger : options.node->ledgers()) {
    const auto path = key_path(options.directory, ledger, KeyUse::system);
    // A node without a ledger's system key checks and compares, but concludes nothing there.
    if (system_keys.contains(ledger) || !std::filesystem::exists(path)) continue;
    auto key = read_signing_key(path, options.ask_passphrase);
    if (!key) return tl::unexpected(key.error());
    system_keys.emplace(ledger, std::move(*key));
  }
  const std::pair<KeyUse, std::optional<SigningKey>*> own[] = {{KeyUse::ticker, &ticker_key},
                                                               {KeyUse::coordinator, &coordinator_key}};
  for (const auto& [use, into] : own) {
    const auto path = space_key_path(options.directory, use);
    if (*into || !std::filesystem::exists(path)) continue;
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
  const std::string part = runner.name;
  auto opened = consumers::Runner::open(std::move(runner));
  if (!opened) return tl::unexpected(opened.error());
  runners.push_back({part, std::move(*opened), 0});
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
  for (Running& one : runners) {
    const auto done = one.runner->step();
    if (!done) return tl::unexpected(done.error());
    heard(one, *done);
    if (options.standings != nullptr) {
      options.standings->report({one.name, one.runner->last_tick(), one.runner->lag(), one.runner->outbox()});
    }
    left = left || !done->caught_up || one.runner->outbox() > 0;
  }
  return left;
}

void CheckService::Impl::heard(Running& one, const consumers::Runner::Step& step) {
  for (const consumers::Alarm& alarm : step.alarms) {
    if (options.troubles != nullptr) options.troubles->count_alarm();
    if (options.say)
      options.say("alarm: " + to_string(Error{alarm.code, alarm.where, alarm.what}) + "; ops/RUNBOOK.md");
  }
  if (!step.waits) {
    one.waiting_looks = 0;
    well("checks of " + one.name);
  } else if (step.waits->code == Code::no_such_ledger || ++one.waiting_looks >= kWaitingLooks) {
    trouble("checks of " + one.name, *step.waits);
  }
}

// On a node that has no ticker of its own: do ticks come?
void CheckService::Impl::look_at_time(const Running& one) {
  const auto last = one.runner->last_tick();
  if (ticker_key || !last) return;
  const std::int64_t age_ms = options.clock->wall_milliseconds() - last->milliseconds();
  if (age_ms < kTimeStandsStillMs) return well(kTime);
  trouble(kTime, {Code::time_stands_still, coordinator->text(), "the last tick is of " + to_string(*last)});
}

void CheckService::Impl::tick_by_itself() {
  if (!ticker_key || !coordinator || options.clock->steady() < ticks_again) return;
  Result<void> done;
  // After an error it is opened anew: somebody else may have ticked, and the ledger knows.
  if (!ticker) done = open_ticker();
  if (done) {
    if (const auto ticked = ticker->step(); !ticked) done = tl::unexpected(ticked.error());
  }
  if (done && ticker->last() && options.clock->wall_milliseconds() + kClockBehindMs < ticker->last()->milliseconds()) {
    trouble("ticks", {Code::tick_refused, coordinator->text(),
                      "the last tick, of " + to_string(*ticker->last()) + ", is ahead of this node's clock"});
    return;
  }
  if (done) return well("ticks");
  trouble("ticks", done.error());
  ticker.reset();
  ticks_again = options.clock->steady() + kRetry;
}

bool CheckService::Impl::step_by_itself() {
  if (options.clock->steady() < checks_again) return false;
  Result<void> done;
  // A node that follows may get the coordinating body's ledger, or a hospital's, later than it starts.
  if (const std::size_t now = options.node->views().size(); now != ledgers) {
    runners.clear();
    database.reset();
    if (!coordinator) {
      if (auto found = coordinator_ledger(*options.node)) coordinator = *found;
    }
    done = read_keys();
    if (done) ledgers = now;  // else the keys are read again before anything is concluded without them
  }
  if (!coordinator) return false;
  if (done && runners.empty()) done = open_checks();
  if (done) {
    const auto left = step();
    if (left) {
      well("checks");
      if (!*left && !runners.empty()) look_at_time(runners.front());
      return *left;
    }
    done = tl::unexpected(left.error());
  }
  trouble("checks", done.error());
  if (options.standings != nullptr) options.standings->forget_checks();
  runners.clear();
  database.reset();
  checks_again = options.clock->steady() + kRetry;
  return false;
}

Result<void> CheckService::Impl::open_checks() {
  const auto folder = options.directory / "checks";
  Result<void> opened;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto made = open_database(folder);
    if (made) {
      database = std::move(*made);
      opened = open_runners();
    } else {
      opened = tl::unexpected(made.error());
    }
    if (opened || (opened.error().code != Code::state_corrupt && opened.error().code != Code::store_corrupt)) break;
    runners.clear();
    database.reset();
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    if (error) return fail(Code::io, folder.string(), "damaged, and cannot be removed: " + error.message());
  }
  return opened;
}

CheckService::CheckService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckService::~CheckService() = default;

Result<std::unique_ptr<CheckService>> CheckService::open(const CheckServiceOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  // A node without the coordinating body's ledger has no timeline: it ledgers and serves, others check.
  if (auto found = coordinator_ledger(*options.node)) impl->coordinator = *found;
  if (!impl->coordinator) return std::unique_ptr<CheckService>(new CheckService(std::move(impl)));
  impl->ledgers = options.node->views().size();
  if (auto read = impl->read_keys(); !read) return tl::unexpected(read.error());

  if (auto opened = impl->open_checks(); !opened) return tl::unexpected(opened.error());
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

void CheckService::run(const std::stop_token& stop) {
  CommitNumber seen;
  while (!stop.stop_requested()) {
    impl_->tick_by_itself();
    const bool left = impl_->step_by_itself();
    static_cast<void>(impl_->options.node->wait_for_commit(seen, left ? kPlacementLook : kLook));
  }
}

}  // namespace jangbu::tools
