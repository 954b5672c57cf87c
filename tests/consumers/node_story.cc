#include "tests/consumers/node_story.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

#include "ledger/space.h"
#include "tests/consumers/memory_space.h"
#include "tests/consumers/story_runner.h"

namespace jangbu::testing {

using consumers::EntryPlace;

namespace {
const LedgerId& coordinator() {
  static const LedgerId id = LedgerId::of("coord", LedgerKind::shared);
  return id;
}
}  // namespace

NodeSpace::NodeSpace(const std::string& name)
    : directory(std::filesystem::temp_directory_path() / ("jangbu-" + name + "-" + std::to_string(::getpid()))),
      clock(story_day(-1).milliseconds()) {
  std::filesystem::remove_all(directory);
  SpacePlan plan;
  plan.space = "medspace";
  plan.key_seed = "stories";
  plan.institutions = {{"coord", InstitutionKind::coordinator, false, {}, "조정기관", "Coordinating body"},
                       {"hanbit", InstitutionKind::hospital, true, {}, "한빛병원", "Hanbit"},
                       {"saebom", InstitutionKind::hospital, false, {}, "새봄병원", "Saebom"},
                       {"acme", InstitutionKind::demand, false, {}, "에이크미", "Acme"},
                       {"plat", InstitutionKind::platform, false, {"combiner", "aggregator"}, "플랫폼", "Platform"}};
  const auto made = create_space(directory / "node", plan, clock, *types());
  if (!made) ADD_FAILURE() << to_string(made.error());
  NodeOptions options;
  options.directory = directory / "node";
  options.clock = &clock;
  options.ballast_bytes = 0;
  auto opened = Node::open(options, types());
  if (!opened) {
    ADD_FAILURE() << to_string(opened.error());
    return;
  }
  node = std::move(*opened);
  open_database();
}

NodeSpace::~NodeSpace() {
  ticker.reset();
  node.reset();
  database.reset();
  std::filesystem::remove_all(directory);
}

void NodeSpace::open_database() {
  DatabaseOptions options;
  options.directory = directory / "projections";
  options.families = {consumers::runner_family()};
  options.create = true;
  options.strict = false;
  auto opened = Database::open(options);
  if (!opened) ADD_FAILURE() << to_string(opened.error());
  if (opened) database = std::move(*opened);
}

void NodeSpace::delete_database() {
  database.reset();
  std::filesystem::remove_all(directory / "projections");
}

const SigningKey& NodeSpace::key(const LedgerId& ledger, KeyUse use) {
  const std::string id = ledger.text() + " " + std::string(name(use));
  const auto known = keys_.find(id);
  if (known != keys_.end()) return known->second;
  const bool of_space = use == KeyUse::coordinator || use == KeyUse::ticker || use == KeyUse::recovery;
  const auto path = of_space ? space_key_path(directory / "node", use) : key_path(directory / "node", ledger, use);
  auto read = read_signing_key(path, [](const auto&) { return std::nullopt; });
  if (!read) ADD_FAILURE() << to_string(read.error());
  return keys_.emplace(id, std::move(*read)).first->second;
}

void NodeSpace::commit() {
  while (true) {
    const auto taken = node->commit_pending();
    ASSERT_TRUE(taken) << to_string(taken.error());
    if (*taken == 0) return;
  }
}

EntryPlace NodeSpace::append(const LedgerId& ledger, std::string_view type, Timestamp time, std::string_view data,
                             std::optional<KeyUse> signer) {
  const std::string id = to_base32(sha256(std::to_string(events_++) + std::string(type)).view().substr(0, 16));
  const std::string bytes = event_bytes(ledger.text(), type, id, time, data, "/test");
  std::optional<AuthorSignature> signature;
  if (signer) signature = sign_event(key(ledger, *signer), "medspace/" + ledger.text(), bytes);
  clock.set_wall_milliseconds(time.milliseconds());
  EntryPlace place;
  const auto queued = node->submit({ledger, bytes, signature, false}, [&](Result<Placement> placement) {
    if (!placement) {
      ADD_FAILURE() << to_string(placement.error());
      return;
    }
    if (placement->kind != Placement::Kind::appended) {
      ADD_FAILURE() << bytes << ": "
                    << (placement->errors.empty() ? "not appended" : to_string(placement->errors.front()));
    }
    place = {ledger.text(), placement->sequence.value(), placement->leaf};
  });
  if (!queued) ADD_FAILURE() << to_string(queued.error());
  commit();
  return place;
}

void NodeSpace::tick(Timestamp at) {
  if (ticker == nullptr) {
    consumers::TickerOptions options;
    options.node = node.get();
    options.coordinator = coordinator();
    options.key = &key(coordinator(), KeyUse::ticker);
    options.jump_key = &key(coordinator(), KeyUse::coordinator);
    options.clock = &clock;
    options.pump = [this] { commit(); };
    auto opened = consumers::Ticker::open(std::move(options));
    ASSERT_TRUE(opened) << to_string(opened.error());
    ticker = std::move(*opened);
  }
  clock.set_wall_milliseconds(at.milliseconds());
  const auto ticked = ticker->tick_at(at);
  ASSERT_TRUE(ticked) << to_string(ticked.error());
}

consumers::RunnerOptions NodeSpace::runner_options(const std::string& name) {
  consumers::RunnerOptions out;
  out.name = name;
  out.node = node.get();
  out.database = database.get();
  out.timeline = consumers::TimelineOptions::shared("coord");
  out.fold = [] { return consumers::Fold::shared(coordinator()); };
  out.system_key = [this](const LedgerId& ledger) { return &key(ledger, KeyUse::system); };
  return out;
}

std::vector<std::string> NodeSpace::concluded(const LedgerId& ledger) {
  std::vector<std::string> out;
  const auto view = node->view(ledger);
  if (!view) return out;
  EventReader reader(types());
  for (std::uint64_t i = 0; i < view->size().value(); ++i) {
    const auto entry = view->entry(SequenceNumber(i));
    if (!entry || entry->entry.kind != EntryKind::event) continue;
    const auto event = reader.read(entry->entry.body);
    if (event && (event->source.starts_with("/checks/") || event->source.starts_with("/summaries/"))) {
      out.emplace_back(entry->entry.body);
    }
  }
  return out;
}

}  // namespace jangbu::testing
