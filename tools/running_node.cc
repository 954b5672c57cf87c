#include "tools/running_node.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "api/http_metrics.h"
#include "api/routes.h"
#include "api/server.h"
#include "api/service.h"

namespace jangbu::tools {

struct RunningNode::Impl {
  RunningNodeOptions options;
  std::unique_ptr<Node> node;
  std::string url;

  std::unique_ptr<api::HttpMetrics> http_metrics;
  std::unique_ptr<api::Service> service;
  std::unique_ptr<api::Routes> routes;
  std::unique_ptr<api::Server> server;

  // The first part that ended with an error, and whether any ended.
  std::mutex mutex;
  std::condition_variable_any changed;
  std::optional<Error> failed;

  std::vector<std::jthread> workers;  // the server's
  std::jthread writer;                // ends last: answers under way wait for its commits

  ~Impl() { stop().has_value(); }

  void report(const Result<void>& ended) {
    if (ended) return;
    const std::lock_guard lock(mutex);
    if (!failed) failed = ended.error();
    changed.notify_all();
  }

  Result<void> listen() {
    api::ServerOptions listening;
    listening.address = options.address;
    listening.port = options.port;
    http_metrics = std::make_unique<api::HttpMetrics>();
    service = std::make_unique<api::Service>(api::Service{*node, *options.clock, http_metrics.get()});
    routes = std::make_unique<api::Routes>(api::make_routes(*service, listening.workers));
    auto listened = api::Server::listen(listening, *routes, *options.clock, http_metrics->observer());
    if (!listened) return tl::unexpected(listened.error());
    server = std::move(*listened);
    url = server->url();
    for (std::size_t i = 0; i < server->workers(); ++i) {
      workers.emplace_back([this, i] { server->run(i); });
    }
    return {};
  }

  Result<void> stop() {
    if (server) server->stop();
    workers.clear();  // joins
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
  auto node = Node::open(node_options, *types);
  if (!node) return tl::unexpected(node.error());
  impl->node = std::move(*node);
  if (!options.read_only) {
    impl->writer = std::jthread(
        [&running = *impl](const std::stop_token& stop) { running.report(running.node->run_writer(stop)); });
  }
  if (auto listening = impl->listen(); !listening) return tl::unexpected(listening.error());
  return std::unique_ptr<RunningNode>(new RunningNode(std::move(impl)));
}

Node& RunningNode::node() { return *impl_->node; }
const std::string& RunningNode::url() const { return impl_->url; }

Result<void> RunningNode::wait(const std::stop_token& stop) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, stop, [this] { return impl_->failed.has_value(); });
  if (impl_->failed) return tl::unexpected(*impl_->failed);
  return {};
}

Result<void> RunningNode::stop() { return impl_->stop(); }

}  // namespace jangbu::tools
