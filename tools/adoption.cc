#include "tools/adoption.h"

#include <nlohmann/json.hpp>

#include "consumers/check.h"
#include "consumers/fold.h"
#include "consumers/policy.h"
#include "ledger/space.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

// The event with its data, whose bytes are given: the policy's digest is over its slice, so that must not be written
// anew.
std::string event_text(const LedgerId& ledger, std::string_view type, std::string_view id, Timestamp time,
                       std::string_view data) {
  const std::string institution(ledger.institution());
  std::string text = Json{{"specversion", "1.0"},
                          {"id", id},
                          {"source", "/" + institution + "/office"},
                          {"type", "kr.jangbu." + std::string(type) + ".v1"},
                          {"institution", institution},
                          {"time", to_string(time)},
                          {"datacontenttype", "application/json"}}
                         .dump();
  text.pop_back();
  return text.append(",\"data\":").append(data).append("}");
}

}  // namespace

Result<LedgerId> coordinator_ledger(const Node& node) {
  for (const LedgerView& view : node.views()) {
    if (view.info().kind == InstitutionKind::coordinator && view.info().id.kind() == LedgerKind::shared)
      return view.info().id;
  }
  return fail(Code::no_such_ledger, node.space(), "this node does not hold the coordinating body's ledger");
}

Result<void> adopt_defaults(Node& node, const std::filesystem::path& directory, const AskPassphrase& ask,
                            Timestamp time) {
  const auto ledger = coordinator_ledger(node);
  if (!ledger) return tl::unexpected(ledger.error());
  const auto key = read_signing_key(space_key_path(directory, KeyUse::coordinator), ask);
  if (!key) return tl::unexpected(key.error());
  const auto view = node.view(*ledger);
  if (!view) return tl::unexpected(view.error());
  const std::string origin = view->info().origin;

  std::optional<Error> failed;
  const auto submit = [&](const std::string& event) -> Result<void> {
    Submission submission{*ledger, event, sign_event(*key, origin, event)};
    return node.submit(std::move(submission), [&failed](Result<Placement> placement) {
      if (!placement) {
        failed = placement.error();
      } else if (placement->kind == Placement::Kind::rejected || placement->kind == Placement::Kind::conflict) {
        failed = placement->errors.empty() ? Error{Code::conflict, "", "the space has adopted another one before"}
                                           : placement->errors.front();
      }
    });
  };

  // Without white space between its tokens; the slice in the event is what is hashed.
  const std::string document = Json::parse(consumers::default_policy_document()).dump();
  const std::string policy = std::string(ledger->institution()) + "/policy-1";
  const std::string data = "{\"policy\":" + Json(policy).dump() + ",\"document\":" + document +
                           ",\"digest\":" + Json(digest_text(sha256(document))).dump() + "}";
  const std::string salt = to_hex(sha256(view->info().genesis_leaf.view()).view()).substr(0, 32);
  if (auto done = submit(event_text(*ledger, "policy.adopted", "policy-1-" + salt, time, data)); !done) return done;
  const auto fold = consumers::Fold::shared(*ledger);
  for (const consumers::Check* check : fold->checks()) {
    const Json adopted{{"name", check->id().name}, {"version", check->id().version}};
    const std::string id = std::string(check->id().name) + "-" + std::to_string(check->id().version) + "-" + salt;
    if (auto done = submit(event_text(*ledger, "check.adopted", id, time, adopted.dump())); !done) return done;
  }
  for (;;) {
    const auto committed = node.commit_pending();
    if (!committed) return tl::unexpected(committed.error());
    if (*committed == 0) break;
  }
  if (failed) return tl::unexpected(*failed);
  return {};
}

}  // namespace jangbu::tools
