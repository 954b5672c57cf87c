#include "tests/consumers/memory_space.h"

#include <algorithm>
#include <utility>

#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/tree.h"

namespace jangbu::testing {

using consumers::EntryPlace;
using consumers::json_list;
using consumers::JsonText;

namespace {

constexpr std::string_view kCoordinator = "coord";

const SigningKey& key(const std::string& ledger, KeyUse use) {
  static std::map<std::string, SigningKey> keys;
  // A log key is named as its ledger's origin.
  const std::string key_name = "medspace/" + ledger + (use == KeyUse::log ? "" : "/" + std::string(name(use)));
  const auto found = keys.find(key_name);
  if (found != keys.end()) return found->second;
  return keys.emplace(key_name, *SigningKey::from_seed(key_name, sha256(key_name).view())).first->second;
}

}  // namespace

MemorySpace::MemorySpace(const std::vector<MemoryInstitution>& institutions, Timestamp start) {
  const auto found = [&](const std::string& ledger, const MemoryInstitution& institution,
                         std::string_view ledger_kind) {
    JsonText genesis;
    genesis.number("format", 1)
        .text("origin", "medspace/" + ledger)
        .text("kind", institution.kind)
        .text("ledger_kind", ledger_kind)
        .text("log_key", vkey(ledger, KeyUse::log))
        .text("coordinator_key", vkey(kCoordinator, KeyUse::coordinator))
        .text("recovery_key", vkey(kCoordinator, KeyUse::recovery))
        .raw("screen", JsonText().number("version", 1).text("digest", digest_text(sha256("screen"))).object());
    append(ledger, "ledger.genesis", start, genesis.object(), KeyUse::coordinator);
    for (const KeyUse use : {KeyUse::emitter, KeyUse::system, KeyUse::agent, KeyUse::prober}) {
      append(ledger, "key.registered", start, JsonText().text("key", vkey(ledger, use)).text("use", name(use)).object(),
             KeyUse::coordinator);
    }
  };
  for (const MemoryInstitution& institution : institutions) {
    found(institution.id, institution, "shared");
    if (institution.kind == "hospital") found(institution.id + ".patients", institution, "patients");
    std::vector<std::string> designations;
    for (const std::string& kind : institution.designations) {
      designations.push_back(JsonText().text("kind", kind).text("number", "2026-1").object());
    }
    JsonText registered;
    registered.raw("name", JsonText().text("ko", institution.id).text("en", institution.id).object())
        .text("kind", institution.kind);
    if (!designations.empty()) registered.raw("designations", json_list(designations));
    registered.text("public_key", vkey(institution.id, KeyUse::emitter));
    append(institution.id, "institution.registered", start, registered.object(), KeyUse::coordinator);
  }
}

std::string MemorySpace::vkey(std::string_view ledger, KeyUse use) const {
  return key(std::string(ledger), use).verifier().text();
}

Result<TreeSize> MemorySpace::size(const LedgerId& ledger) {
  const auto found = ledgers_.find(ledger.text());
  if (found == ledgers_.end()) return fail(Code::no_such_ledger, ledger.text(), "not in this space");
  return TreeSize(found->second.size());
}

Result<std::vector<std::string>> MemorySpace::read(const LedgerId& ledger, SequenceNumber from, TreeSize to) {
  const std::vector<std::string>& entries = ledgers_.at(ledger.text());
  std::vector<std::string> out;
  for (std::uint64_t i = from.value(); i < std::min<std::uint64_t>(to.value(), entries.size()); ++i) {
    if (out.size() == read_max) break;
    out.push_back(entries[i]);
  }
  return out;
}

EntryPlace MemorySpace::append(std::string_view ledger, std::string_view event, std::optional<KeyUse> signer) {
  std::vector<std::string>& entries = ledgers_[std::string(ledger)];
  Entry entry;
  entry.kind = entries.empty() ? EntryKind::genesis : EntryKind::event;
  entry.sequence = SequenceNumber(entries.size());
  entry.offset = Offset(entries.size());
  if (!entries.empty()) entry.previous = leaf_hash(entries.back());
  if (signer) {
    const std::string owner(*signer == KeyUse::coordinator ? kCoordinator : ledger);
    const SigningKey& author = key(owner, *signer);
    entry.author = Author{author.verifier().author_key_id(), {}};
    // Only a genesis is verified again when it is read.
    if (entries.empty())
      entry.author->signature = sign_event(author, "medspace/" + std::string(ledger), event).signature;
  }
  entry.body = event;
  std::string bytes;
  encode(entry, bytes);
  const EntryPlace place{std::string(ledger), entry.sequence.value(), leaf_hash(bytes)};
  entries.push_back(std::move(bytes));
  return place;
}

std::string event_bytes(std::string_view ledger, std::string_view type, std::string_view id, Timestamp time,
                        std::string_view data, std::string_view source) {
  static constexpr std::string_view kEither[] = {"institution.", "key.", "ledger.", "entry.", "source.", "finding."};
  const bool either =
      type != "finding.closed" && std::any_of(std::begin(kEither), std::end(kEither),
                                              [&](std::string_view prefix) { return type.starts_with(prefix); });
  JsonText event;
  event.text("specversion", "1.0")
      .text("id", id)
      .text("source", source)
      .text("type", "kr.jangbu." + std::string(type) + ".v1")
      .text("time", to_string(time))
      .text("institution", ledger.substr(0, ledger.find('.')));
  if (either) event.text("ledger", ledger);
  event.raw("data", data);
  return event.object();
}

EntryPlace MemorySpace::append(std::string_view ledger, std::string_view type, Timestamp time, std::string_view data,
                               std::optional<KeyUse> signer, std::string_view source) {
  const std::string id = to_base32(sha256(std::to_string(events_++) + std::string(type)).view().substr(0, 16));
  return append(ledger, event_bytes(ledger, type, id, time, data, source), signer);
}

void MemorySpace::append(const consumers::Conclusion& conclusion) {
  append(conclusion.ledger.text(), conclusion.bytes, KeyUse::system);
}

void MemorySpace::tick(Timestamp at, const std::set<std::string>& unreadable) {
  std::vector<std::string> observed;
  for (const auto& [ledger, entries] : ledgers_) {
    if (ledger == kCoordinator || unreadable.contains(ledger) || told_[ledger] == entries.size()) continue;
    told_[ledger] = entries.size();
    observed.push_back(JsonText()
                           .text("ledger", ledger)
                           .number("size", static_cast<std::int64_t>(entries.size()))
                           .text("root", digest_text(sha256(entries.back())))
                           .object());
  }
  JsonText data;
  data.text("at", to_string(at)).raw("observed", json_list(observed));
  if (!unreadable.empty()) {
    std::vector<std::string> names;
    for (const std::string& ledger : unreadable) names.push_back(consumers::json_string(ledger));
    data.raw("unreadable", json_list(names));
  }
  append(kCoordinator, "tick", at, data.object(), KeyUse::coordinator, "/coord/ticker");
}

}  // namespace jangbu::testing
