#include "tools/demo_run.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "ledger/space.h"
#include "schemas/event.h"
#include "tools/adoption.h"
#include "tools/http_client.h"
#include "tools/new_topics.h"
#include "tools/node_access.h"
#include "tools/progress.h"
#include "tools/running_node.h"

namespace jangbu::tools {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kTopicsWait{30};

// The year's time on the node's wall clock; time-outs go by the machine's.
class YearClock final : public Clock {
 public:
  YearClock(const Clock& machine, Timestamp start) : machine_(machine), wall_ms_(start.milliseconds()) {}
  [[nodiscard]] std::int64_t wall_milliseconds() const override { return wall_ms_; }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override { return machine_.steady(); }
  void set(Timestamp time) { wall_ms_ = time.milliseconds(); }

 private:
  const Clock& machine_;
  std::atomic<std::int64_t> wall_ms_;
};

}  // namespace

struct DemoRun::Impl {
  Impl(Environment& of, const DemoRunOptions& given)
      : environment(of), options(given), year(given.year), clock(of.clock, DemoYear::from()) {}

  Environment& environment;
  DemoRunOptions options;
  DemoYear year;
  YearClock clock;
  std::unique_ptr<RunningNode> running;
  std::unique_ptr<HttpClient> client;
  std::map<std::string, SigningKey> keys;      // by ledger and use
  std::map<std::string, std::string> origins;  // by ledger
  std::uint64_t sent = 0;
  double seconds = 0;

  Result<void> make_space();
  Result<void> wait_for_topics();
  Result<void> load_keys();
  Result<void> send(const std::vector<DemoEvent>& events);
  Result<void> take_results(const std::vector<DemoEvent>& events, std::string_view lines);
  Result<void> count(const LedgerView& view, EventReader& reader, DemoOutcome& outcome);
};

Result<void> DemoRun::Impl::make_space() {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  if (auto made = create_space(options.directory, year.plan(), clock, **types); !made) return made;
  NodeOptions node_options;
  node_options.directory = options.directory;
  node_options.clock = &clock;
  auto node = Node::open(node_options, *types);
  if (!node) return tl::unexpected(node.error());
  if (auto adopted = adopt_defaults(**node, options.directory, {}, DemoYear::from()); !adopted || !options.kafka) {
    return adopted;
  }
  const auto coordinator = read_signing_key(space_key_path(options.directory, KeyUse::coordinator), {});
  if (!coordinator) return tl::unexpected(coordinator.error());
  NewTopicsOptions topics;
  topics.settings = *options.kafka;
  topics.ledgers = (*node)->ledgers();
  topics.coordinator = &*coordinator;
  topics.now = DemoYear::from();
  if (const auto made = create_topics(**node, topics); !made) return tl::unexpected(made.error());
  return {};
}

Result<void> DemoRun::Impl::wait_for_topics() {
  const auto deadline = environment.clock.steady() + kTopicsWait;
  while (!running->follows_all()) {
    if (environment.clock.steady() > deadline) {
      return fail(Code::kafka_unreachable, "", "the topics are made, and not read half a minute later");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

Result<void> DemoRun::Impl::load_keys() {
  for (const LedgerView& view : running->node().views()) {
    const LedgerId& ledger = view.info().id;
    origins[ledger.text()] = view.info().origin;
    for (const KeyUse use : {KeyUse::system, KeyUse::agent, KeyUse::prober}) {
      const auto path = key_path(options.directory, ledger, use);
      if (!std::filesystem::exists(path)) continue;
      auto key = read_signing_key(path, {});
      if (!key) return tl::unexpected(key.error());
      if (use == KeyUse::prober && ledger.kind() == LedgerKind::shared) {
        year.tell_prober(std::string(ledger.institution()), key->verifier().text());
      }
      keys.emplace(ledger.text() + "/" + std::string(name(use)), std::move(*key));
    }
  }
  auto key = read_signing_key(space_key_path(options.directory, KeyUse::coordinator), {});
  if (!key) return tl::unexpected(key.error());
  keys.emplace("coordinator", std::move(*key));
  return {};
}

Result<void> DemoRun::Impl::send(const std::vector<DemoEvent>& events) {
  if (events.empty()) return {};
  std::string body;
  for (const DemoEvent& event : events) {
    if (!event.signer) {
      body.append(event.event).append("\n");
      continue;
    }
    const auto key =
        keys.find(*event.signer == KeyUse::coordinator ? "coordinator"
                                                       : event.ledger.text() + "/" + std::string(name(*event.signer)));
    JANGBU_INVARIANT(key != keys.end(), event.ledger.text());
    const AuthorSignature signature = sign_event(key->second, origins[event.ledger.text()], event.event);
    body.append("{\"event\":")
        .append(event.event)
        .append(",\"signature\":\"")
        .append(to_string(signature))
        .append("\"}\n");
  }
  std::string lines;
  auto answer = client->stream("POST", "/v1/events", {{"content-type", "application/x-ndjson"}}, body,
                               [&lines](std::string_view piece) {
                                 lines.append(piece);
                                 return true;
                               });
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status >= 400) return tl::unexpected(problem_error(*answer));
  sent += events.size();
  return take_results(events, lines);
}

Result<void> DemoRun::Impl::take_results(const std::vector<DemoEvent>& events, std::string_view lines) {
  std::size_t index = 0;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (index >= events.size()) return fail(Code::unreachable, running->url(), "more results than events");
    const DemoEvent& event = events[index++];
    const bool ledgered = line.find("\"status\":201") != std::string_view::npos;
    if (ledgered && event.label.empty()) continue;
    const json result = json::parse(line, nullptr, false);
    if (!ledgered) {
      return fail(Code::verification_failed, event.ledger.text(),
                  "the node refused an event of the demo's year: " + std::string(line) + " for " + event.event);
    }
    auto leaf = parse_digest(result.value("leaf", ""));
    if (!leaf) return fail(Code::unreachable, running->url(), "a result without a leaf hash");
    year.placed(event.label, event.ledger, SequenceNumber(result.value("sequence", std::uint64_t{0})), *leaf);
  }
  if (index != events.size()) return fail(Code::unreachable, running->url(), "fewer results than events");
  return {};
}

DemoRun::DemoRun(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DemoRun::~DemoRun() = default;

Result<std::unique_ptr<DemoRun>> DemoRun::start(Environment& environment, const DemoRunOptions& options) {
  auto impl = std::make_unique<Impl>(environment, options);
  if (auto made = impl->make_space(); !made) return tl::unexpected(made.error());
  RunningNodeOptions running;
  running.directory = options.directory;
  running.address = options.address;
  running.port = options.port;
  running.clock = &impl->clock;
  running.on_its_own = false;
  running.kafka = options.kafka;
  auto opened = RunningNode::open(running);
  if (!opened) return tl::unexpected(opened.error());
  impl->running = std::move(*opened);
  if (auto read = impl->wait_for_topics(); !read) return tl::unexpected(read.error());
  auto client = HttpClient::make(impl->running->url());
  if (!client) return tl::unexpected(client.error());
  impl->client = std::make_unique<HttpClient>(std::move(*client));
  if (auto loaded = impl->load_keys(); !loaded) return tl::unexpected(loaded.error());
  return std::unique_ptr<DemoRun>(new DemoRun(std::move(impl)));
}

Result<void> DemoRun::send_year() {
  const auto begun = impl_->environment.clock.steady();
  Progress progress(impl_->environment, "hours of the year", DemoYear::kHours);
  std::vector<DemoEvent> waiting;
  for (int hour = 0; hour < DemoYear::kHours; ++hour) {
    if (impl_->environment.stop.stop_requested())
      return fail(Code::shutting_down, "", "asked to stop in the middle of the year");
    progress.at(static_cast<std::uint64_t>(hour));
    // A tick after an hour is a second before the next one begins: what arrived is never later than its tick.
    const Timestamp end = DemoYear::from().plus_seconds((hour + 1) * 3600L - 1);
    impl_->clock.set(end);
    for (DemoEvent& event : impl_->year.hour(hour)) waiting.push_back(std::move(event));
    // What a later event will point at has to stand somewhere before that one is made.
    const bool asked_for =
        std::any_of(waiting.begin(), waiting.end(), [](const DemoEvent& e) { return !e.label.empty(); });
    const bool tick = (hour + 1) % impl_->options.tick_hours == 0;
    if (tick || asked_for) {
      if (auto done = impl_->send(waiting); !done) return done;
      waiting.clear();
    }
    if (!tick) continue;
    if (auto done = impl_->running->advance(); !done) return done;
  }
  // Conclusions of the last hours need a tick of their own to be seen.
  if (auto done = impl_->running->settle(); !done) return done;
  impl_->seconds = std::chrono::duration<double>(impl_->environment.clock.steady() - begun).count();
  return {};
}

Result<void> DemoRun::Impl::count(const LedgerView& view, EventReader& reader, DemoOutcome& outcome) {
  DemoLedger ledger{view.info().id.text(), view.size().value(), 0, 0, view.root()};
  for (SequenceNumber at(0); covers(view.size(), at);) {
    auto entries = view.read(at, 1024, std::size_t{4} << 20);
    if (!entries) return tl::unexpected(entries.error());
    for (const StoredEntry& stored : *entries) {
      ++(stored.entry.kind == EntryKind::rejected ? ledger.rejected : ledger.events);
      // Conclusions stand in the shared ledgers, and are few: only their types are looked at.
      if (stored.entry.kind != EntryKind::event || view.info().id.kind() != LedgerKind::shared) continue;
      auto event = reader.read(stored.entry.body);
      if (!event) return tl::unexpected(event.error());
      const std::string& type = event->type->name;
      if (event->source.starts_with("/checks/")) ++outcome.conclusions;
      if (type == "purge.verified") ++outcome.purges_verified;
      // Copies in other ledgers say the same: the requester's own counts.
      const bool own = text(event->data, "export").starts_with(view.info().id.text() + "/");
      if (type == "export.cleared" && own) ++outcome.exports_cleared;
      if (type == "export.refused" && own) ++outcome.exports_refused;
      if (type != "finding.raised") continue;
      const auto about = object(event->data, "about");
      if (!about) continue;
      // What it is about, most exactly: an output's finding names its export beside it, a copy's its dataset.
      std::string_view id;
      for (const std::string_view member : {"output", "copy", "export", "dataset"}) {
        if (id.empty()) id = text(*about, member);
      }
      outcome.found.push_back({std::string(text(event->data, "rule")), std::string(id)});
    }
    at = SequenceNumber(at.value() + entries->size());
  }
  outcome.ledgers.push_back(std::move(ledger));
  return {};
}

Result<DemoOutcome> DemoRun::outcome() {
  DemoOutcome outcome;
  outcome.url = impl_->running->url();
  outcome.directory = impl_->options.directory.string();
  std::error_code error;
  outcome.program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) outcome.program = "jangbu";
  outcome.sent = impl_->sent;
  outcome.seconds = impl_->seconds;
  outcome.planted = impl_->year.planted();
  EventReader reader(impl_->running->node().types());
  for (const LedgerView& view : impl_->running->node().views()) {
    if (auto counted = impl_->count(view, reader, outcome); !counted) return tl::unexpected(counted.error());
  }
  std::sort(outcome.found.begin(), outcome.found.end());
  return outcome;
}

Result<void> DemoRun::serve(const std::stop_token& stop) { return impl_->running->wait(stop); }
Result<void> DemoRun::stop() { return impl_->running->stop(); }

}  // namespace jangbu::tools
