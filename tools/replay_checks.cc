#include "tools/replay_checks.h"

#include <map>
#include <memory>

#include "consumers/fold.h"
#include "consumers/node_source.h"
#include "consumers/summaries.h"
#include "tools/adoption.h"

namespace jangbu::tools {
namespace {

struct Trying {
  Node& node;
  const std::stop_token& stop;
  const std::function<void(std::uint64_t)>& said;
  CheckReplay out;

  Result<void> run(const std::string& name, const consumers::TimelineOptions& options, consumers::Fold& fold);
};

Result<void> Trying::run(const std::string& name, const consumers::TimelineOptions& options, consumers::Fold& fold) {
  consumers::Timeline timeline(options, node.types());
  consumers::NodeSource source(node);
  std::map<std::pair<std::string, std::string>, std::string> open;  // ledger and id; what they say
  for (;;) {
    if (stop.stop_requested()) return fail(Code::shutting_down, "", "asked to stop before the last tick");
    const auto more = timeline.advance(source, fold);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    said(++out.ticks);
    out.entries += timeline.last_entries();
    for (const consumers::Conclusion& one : fold.take_conclusions()) {
      open.emplace(std::pair(one.ledger.text(), one.id), one.type + ": " + one.summary);
    }
    for (const auto& met : fold.take_confirmed()) {
      ++out.confirmed;
      open.erase(met);
    }
    for (const consumers::Alarm& alarm : fold.take_alarms()) {
      out.differences.push_back({false, name, alarm.where, alarm.what});
    }
  }
  if (timeline.waits()) out.notes.push_back(name + " stands before its last tick: " + to_string(*timeline.waits()));
  for (const auto& [place, what] : open) {
    out.differences.push_back({true, name, place.first + " " + place.second, what});
  }
  return {};
}

}  // namespace

Result<CheckReplay> replay_checks(const std::filesystem::path& directory, const Clock& clock,
                                  const std::stop_token& stop, const std::function<void(std::uint64_t)>& said) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  NodeOptions options;
  options.directory = directory;
  options.clock = &clock;
  options.read_only = true;
  const auto node = Node::open(options, *types);
  if (!node) return tl::unexpected(node.error());
  const auto center = coordinator_ledger(**node);
  if (!center) return tl::unexpected(center.error());
  Trying trying{**node, stop, said, {}};
  const std::string coordinator(center->institution());
  const auto shared = consumers::Fold::shared(*center);
  if (auto done = trying.run("shared", consumers::TimelineOptions::shared(coordinator), *shared); !done) {
    return tl::unexpected(done.error());
  }
  for (const LedgerId& ledger : (*node)->ledgers()) {
    if (ledger.kind() != LedgerKind::patients) continue;
    const std::string hospital(ledger.institution());
    const auto fold = consumers::patients_fold(*center, hospital, *types);
    if (auto done = trying.run(ledger.text(), consumers::TimelineOptions::patients(coordinator, hospital), *fold);
        !done) {
      return tl::unexpected(done.error());
    }
  }
  return std::move(trying.out);
}

}  // namespace jangbu::tools
