#include "tools/running_node.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "api/fhir_routes.h"
#include "api/http_metrics.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/service.h"
#include "api/slow_lane.h"
#include "api/standing.h"
#include "api/troubles.h"
#include "consumers/projections/projector.h"
#include "consumers/projections/store.h"
#include "consumers/root_watch.h"
#include "ledger/recovered.h"
#include "ledger/space.h"
#include "schemas/invariant.h"
#include "tools/check_service.h"
#include "tools/kafka_service.h"
#include "tools/peer_checkpoints.h"

namespace jangbu::tools {

namespace {

// How long a thread that follows the node sleeps at most before it looks whether it should end.
constexpr std::chrono::milliseconds kLook{200};
// After the projections could not go on: how many looks until they try again.
constexpr int kRetryLooks = 25;
// How soon a peer is asked again for checkpoints.
constexpr std::chrono::milliseconds kCopyAgain{100};
constexpr std::chrono::milliseconds kRetry{3'000};

// Projections can always be built again: a damaged folder, or one of an older program, is removed and made anew.
Result<std::unique_ptr<consumers::ProjectionStore>> open_projections(const std::filesystem::path& directory) {
  const std::string contract = consumers::contract_digest();
  auto store = consumers::ProjectionStore::open(directory, contract);
  if (store || store.error().code != Code::state_corrupt) return store;
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  if (error) return fail(Code::io, directory.string(), "damaged, and cannot be removed: " + error.message());
  return consumers::ProjectionStore::open(directory, contract);
}

}  // namespace

struct RunningNode::Impl {
  RunningNodeOptions options;
  std::unique_ptr<Node> node;
  std::string url;
  std::vector<std::string> notes;

  api::Troubles troubles;
  api::Standings standings;
  std::mutex saying;

  std::unique_ptr<consumers::ProjectionStore> projections;
  std::unique_ptr<consumers::Projector> projector;
  std::unique_ptr<consumers::RootWatch> root_watch;
  std::unique_ptr<CheckService> checks;  // nullptr: read-only

  api::PseudonymKeys pseudonym_keys;
  std::optional<SigningKey> cosigner;
  std::unique_ptr<api::HttpMetrics> http_metrics;
  std::atomic<std::uint64_t> index_lag = 0;
  api::SlowLane slow_lane;
  std::unique_ptr<api::Service> service;
  std::unique_ptr<api::Routes> routes;
  std::unique_ptr<api::Server> server;

  // The first part that ended with an error, and whether any ended.
  std::mutex mutex;
  std::condition_variable_any changed;
  std::optional<Error> failed;

  std::vector<std::jthread> workers;  // the server's
  std::jthread slow;                  // the slow lane's
  std::jthread projecting, checking, copying;
  std::unique_ptr<KafkaService> kafka;  // nullptr: embedded
  std::jthread writer;                  // ends last: answers under way wait for its commits

  ~Impl() { stop().has_value(); }

  void report(const Result<void>& ended) {
    if (ended) return;
    const std::lock_guard lock(mutex);
    if (!failed) failed = ended.error();
    changed.notify_all();
  }

  void say(std::string_view line) {
    const std::lock_guard lock(saying);
    if (options.say) options.say(line);
  }

  // Every projection up to what is released now.
  Result<void> project() {
    if (auto watched = root_watch->step(); !watched) return tl::unexpected(watched.error());
    const consumers::Sources sources = consumers::sources_of(node->views());
    for (;;) {
      const auto step = projector->step(sources);
      if (!step) return tl::unexpected(step.error());
      index_lag = step->behind;
      if (step->behind == 0) return {};
    }
  }

  Result<void> start_projections() {
    auto store = open_projections(options.directory / "projections");
    if (!store) return tl::unexpected(store.error());
    projections = std::move(*store);
    projector = std::make_unique<consumers::Projector>(*projections, node->types());
    root_watch = std::make_unique<consumers::RootWatch>(*node, options.peer.empty());
    if (!options.on_its_own) return {};
    projecting = std::jthread([this](const std::stop_token& stop) {
      CommitNumber seen;
      // What fails here stops no ledger: searches say how far the index is, and it is tried again.
      int looks_to_wait = 0;
      while (!stop.stop_requested()) {
        if (looks_to_wait > 0) {
          --looks_to_wait;
          std::this_thread::sleep_for(kLook);
          continue;
        }
        if (const auto done = project(); !done) {
          if (troubles.report("projections", done.error())) {
            say("projections stand still: " + to_string(done.error()) + "; ops/RUNBOOK.md");
          }
          looks_to_wait = kRetryLooks;
          continue;
        }
        if (troubles.clear("projections")) say("projections go on");
        static_cast<void>(node->wait_for_commit(seen, kLook));
      }
    });
    return {};
  }

  // Followed ledgers' checkpoints, from a peer.
  Result<void> start_copying() {
    auto opened = PeerCheckpoints::open(*node, options.peer);
    if (!opened) return tl::unexpected(opened.error());
    copying = std::jthread([this, peer = std::move(*opened)](const std::stop_token& stop) mutable {
      CommitNumber seen;
      auto again = options.clock->steady();
      while (!stop.stop_requested()) {
        static_cast<void>(node->wait_for_commit(seen, kLook));
        if (options.clock->steady() < again) continue;
        const auto copied = peer.step();
        again = options.clock->steady() + (copied ? kCopyAgain : kRetry);
        if (!copied) {
          if (troubles.report("peer", copied.error())) {
            say("no checkpoints are taken over from the peer: " + to_string(copied.error()));
          }
        } else if (troubles.clear("peer")) {
          say("checkpoints are taken over from the peer again");
        }
      }
    });
    return {};
  }

  Result<void> start_checks() {
    CheckServiceOptions checking_options;
    checking_options.node = node.get();
    checking_options.clock = options.clock;
    checking_options.directory = options.directory;
    checking_options.ask_passphrase = options.ask_passphrase;
    checking_options.declare_jumps = !options.on_its_own;
    checking_options.troubles = &troubles;
    checking_options.standings = &standings;
    checking_options.say = [this](std::string_view line) { say(line); };
    auto opened = CheckService::open(checking_options);
    if (!opened) return tl::unexpected(opened.error());
    checks = std::move(*opened);
    if (!options.on_its_own) return {};
    checking = std::jthread([this](const std::stop_token& stop) { checks->run(stop); });
    return {};
  }

  Result<void> listen() {
    api::ServerOptions listening;
    listening.address = options.address;
    listening.port = options.port;
    http_metrics = std::make_unique<api::HttpMetrics>();
    service = std::make_unique<api::Service>(api::Service{*node, *options.clock, http_metrics.get(), projections.get(),
                                                          &pseudonym_keys, &slow_lane, &troubles, &index_lag,
                                                          &standings, cosigner ? &*cosigner : nullptr, options.intake});
    routes = std::make_unique<api::Routes>(api::make_routes(*service, listening.workers));
    http_metrics->attach(*routes);
    auto listened = api::Server::listen(listening, *routes, *options.clock, http_metrics->observer());
    if (!listened) return tl::unexpected(listened.error());
    server = std::move(*listened);
    url = server->url();
    http_metrics->attach([this] { return server->counters(); });
    slow = std::jthread([this](const std::stop_token& stop) { slow_lane.run(stop); });
    for (std::size_t i = 0; i < server->workers(); ++i) {
      workers.emplace_back([this, i] { server->run(i); });
    }
    return {};
  }

  Result<void> stop() {
    if (server) server->stop();
    workers.clear();  // joins
    if (http_metrics) http_metrics->attach(std::function<api::Server::Counters()>());
    // The checks wait for placements, so they end before the writer does.
    for (std::jthread* thread : {&slow, &projecting, &checking, &copying}) {
      if (!thread->joinable()) continue;
      thread->request_stop();
      thread->join();
    }
    standings.attach_kafka({});
    kafka.reset();  // what it still reads needs the writer
    if (writer.joinable()) {
      writer.request_stop();
      writer.join();
    }
    const std::lock_guard lock(mutex);
    if (failed) return tl::unexpected(*failed);
    return {};
  }
};

RunningNode::RunningNode(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunningNode::~RunningNode() = default;

Result<std::unique_ptr<RunningNode>> RunningNode::open(const RunningNodeOptions& options) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  NodeOptions node_options;
  node_options.directory = options.directory;
  node_options.clock = options.clock;
  node_options.ask_passphrase = options.ask_passphrase;
  node_options.read_only = options.read_only;
  node_options.recover = options.recover;
  if (options.commit_records_max) node_options.commit_records_max = *options.commit_records_max;
  auto node = Node::open(node_options, *types);
  if (!node) return tl::unexpected(node.error());
  impl->node = std::move(*node);
  if (!options.read_only) {
    impl->writer = std::jthread(
        [&running = *impl](const std::stop_token& stop) { running.report(running.node->run_writer(stop)); });
  }
  if (!options.read_only && options.kafka) {
    auto kafka =
        KafkaService::open(*impl->node, *options.kafka, *options.clock, options.directory, options.kafka_ledgers,
                           [running = impl.get()](const Error& error) { running->report(tl::unexpected(error)); });
    if (!kafka) return tl::unexpected(kafka.error());
    impl->kafka = std::move(*kafka);
    impl->standings.attach_kafka([service = impl->kafka.get()] {
      return api::KafkaStanding{service->order().connected() && service->follower().connected(),
                                service->order().queued(), service->follower().states(),
                                service->follower().strangers()};
    });
  }
  if (!options.read_only) {
    auto unsaid = say_recovered(*impl->node, node_options);
    if (!unsaid) return tl::unexpected(unsaid.error());
    impl->notes = std::move(*unsaid);
    if (const auto& recovered = impl->node->recovered()) impl->notes.insert(impl->notes.begin(), *recovered);
  }
  if (options.intake) {
    auto pseudonyms = api::load_pseudonym_keys(options.directory, *impl->node, options.ask_passphrase);
    if (!pseudonyms) return tl::unexpected(pseudonyms.error());
    impl->pseudonym_keys = std::move(*pseudonyms);
  }
  if (const auto path = space_key_path(options.directory, KeyUse::witness); std::filesystem::exists(path)) {
    auto key = read_signing_key(path, options.ask_passphrase);
    if (!key) return tl::unexpected(key.error());
    impl->cosigner.emplace(std::move(*key));
  }
  if (auto projecting = impl->start_projections(); !projecting) return tl::unexpected(projecting.error());
  if (!options.read_only && !options.peer.empty()) {
    if (auto copying = impl->start_copying(); !copying) return tl::unexpected(copying.error());
  }
  if (!options.read_only && options.checks) {
    if (auto checking = impl->start_checks(); !checking) return tl::unexpected(checking.error());
  }
  if (auto listening = impl->listen(); !listening) return tl::unexpected(listening.error());
  return std::unique_ptr<RunningNode>(new RunningNode(std::move(impl)));
}

Node& RunningNode::node() { return *impl_->node; }
const std::string& RunningNode::url() const { return impl_->url; }
bool RunningNode::follows_all() const {
  if (!impl_->kafka) return true;
  const auto topics = impl_->kafka->follower().states();
  return std::all_of(topics.begin(), topics.end(), [](const auto& topic) { return topic.followed; });
}
const std::vector<std::string>& RunningNode::start_notes() const { return impl_->notes; }

Result<void> RunningNode::settle() {
  if (impl_->checks) {
    if (auto settled = impl_->checks->settle(); !settled) return settled;
  }
  return impl_->project();
}

Result<void> RunningNode::advance() {
  JANGBU_INVARIANT(!impl_->options.on_its_own, "a node that ticks by itself is not advanced by hand");
  if (impl_->checks) {
    if (auto ticked = impl_->checks->tick(); !ticked) return ticked;
  }
  return settle();
}

Result<void> RunningNode::wait(const std::stop_token& stop) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, stop, [this] { return impl_->failed.has_value(); });
  if (impl_->failed) return tl::unexpected(*impl_->failed);
  return {};
}

Result<void> RunningNode::stop() { return impl_->stop(); }

}  // namespace jangbu::tools
