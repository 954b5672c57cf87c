// The rules stand in authors.h.
#include "ledger/authors.h"

#include <algorithm>

namespace jangbu {
namespace {

constexpr std::string_view kWhere = "/jangbu-signature";

bool is_registered_type(std::string_view name) {
  return name == "ledger.genesis" || name == "key.registered" || name == "key.revoked" ||
         name == "institution.registered" || name == "institution.amended";
}

// Uses that may sign an event whose type asks for none.
bool signs_events(KeyUse use) {
  switch (use) {
    case KeyUse::emitter:
    case KeyUse::system:
    case KeyUse::coordinator:
    case KeyUse::agent:
    case KeyUse::prober:
      return true;
    case KeyUse::log:       // signs checkpoints
    case KeyUse::ticker:    // signs ticks, which ask for it
    case KeyUse::witness:   // signs cosignatures
    case KeyUse::recovery:  // stays offline; see may_sign()
      return false;
  }
  return false;
}

bool only_coordinator_writes(const EventType& type) {
  return type.kinds == (1U << static_cast<unsigned>(InstitutionKind::coordinator));
}

bool may_sign(KeyUse use, const EventType& type, InstitutionKind kind) {
  if (type.key_uses != 0) {
    if (type.takes(use)) return true;
    // What the recovery key is for: to register a new coordinating body's key and revoke the stolen one.
    return use == KeyUse::recovery && type.takes(KeyUse::coordinator) && type.name.starts_with("key.");
  }
  if (kind == InstitutionKind::coordinator) {
    return use == KeyUse::coordinator || (use == KeyUse::emitter && !only_coordinator_writes(type));
  }
  return signs_events(use);
}

Author author_of(const VerifierKey& key, const Signature& signature) { return Author{key.author_key_id(), signature}; }

}  // namespace

AuthorRegistry::AuthorRegistry(LedgerId ledger, std::string origin, InstitutionKind kind)
    : ledger_(std::move(ledger)), origin_(std::move(origin)), kind_(kind) {}

Result<AuthorRegistry> AuthorRegistry::from_genesis(const Event& genesis, const Entry& entry) {
  const auto refuse = [](std::string_view pointer, std::string what) {
    return fail(Code::bad_entry, "genesis" + std::string(pointer), std::move(what));
  };
  if (entry.kind != EntryKind::genesis || genesis.type == nullptr || genesis.type->name != "ledger.genesis") {
    return refuse("", "the first record is no ledger.genesis");
  }
  const std::string_view origin = text(genesis.data, "origin");
  const std::size_t slash = origin.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return refuse("/data/origin", "not <space>/<ledger>");
  const auto ledger = LedgerId::parse(origin.substr(slash + 1));
  if (!ledger) return refuse("/data/origin", ledger.error().what);
  if (ledger->institution() != genesis.institution) return refuse("/data/origin", "names another institution");
  const auto kind = institution_kind(text(genesis.data, "kind"));
  if (!kind) return refuse("/data/kind", kind.error().what);
  const auto which = ledger_kind(text(genesis.data, "ledger_kind"));
  if (!which || *which != ledger->kind()) return refuse("/data/ledger_kind", "not the kind that the origin says");

  AuthorRegistry registry(*ledger, std::string(origin), *kind);
  const std::pair<const char*, KeyUse> members[] = {
      {"coordinator_key", KeyUse::coordinator}, {"recovery_key", KeyUse::recovery}, {"log_key", KeyUse::log}};
  for (const auto& [member, use] : members) {
    auto key = VerifierKey::parse(text(genesis.data, member));
    if (!key) return refuse(std::string("/data/") + member, key.error().what);
    registry.keys_.push_back(RegisteredKey{std::move(*key), use, SequenceNumber(0), std::nullopt, std::nullopt});
  }
  const RegisteredKey& log = registry.keys_.back();
  if (log.key.name() != origin) return refuse("/data/log_key", "its name is not the origin");
  // The genesis speaks for the coordinating body, under the key that it names: it cannot be looked up anywhere else.
  const VerifierKey& coordinator = registry.keys_.front().key;
  if (!entry.author || entry.author->key != coordinator.author_key_id() ||
      !coordinator.verify(event_message(origin, genesis.bytes), entry.author->signature)) {
    return refuse("", "not signed by the coordinating body's key that it names");
  }
  return registry;
}

bool AuthorRegistry::governs(const EventType& type) { return is_registered_type(type.name); }

void AuthorRegistry::apply(const Event& event, SequenceNumber number) {
  const std::string_view type = event.type->name;
  if (type == "key.registered") {
    auto key = VerifierKey::parse(text(event.data, "key"));
    const auto use = key_use(text(event.data, "use"));
    if (!key || !use) return;  // the screen lets none through; such a key can sign nothing
    keys_.push_back(RegisteredKey{std::move(*key), *use, number, std::nullopt, std::nullopt});
  } else if (type == "key.revoked") {
    const std::string_view vkey = text(event.data, "key");
    for (RegisteredKey& registered : keys_) {
      if (registered.key.text() != vkey || registered.revoked) continue;
      registered.revoked = number;
      if (const auto size = integer(event.data, "compromised_from"); size && *size >= 0) {
        registered.compromised_from = TreeSize(static_cast<std::uint64_t>(*size));
      }
    }
  } else if (type == "institution.registered" || type == "institution.amended") {
    // The coordinating body's ledger tells of all institutions; only what is said of this ledger's own counts here.
    const std::string_view named = text(event.data, "institution");
    if (!named.empty() && named != ledger_.institution()) return;
    if (const auto kind = institution_kind(text(event.data, "kind"))) kind_ = *kind;
  }
}

Result<std::optional<Author>> AuthorRegistry::judge(const Event& event,
                                                    const std::optional<AuthorSignature>& signature) const {
  const EventType& type = *event.type;
  const auto refuse = [](Code code, std::string what) { return fail(code, std::string(kWhere), std::move(what)); };
  if (!type.allows(kind_)) {
    return refuse(Code::author_kind_wrong, type.name + " is not written by a " + std::string(name(kind_)));
  }
  if (!signature) {
    if (type.key_uses != 0) return refuse(Code::signature_missing, type.name + " needs its author's signature");
    if (kind_ == InstitutionKind::coordinator) {
      return refuse(Code::signature_missing, "in the coordinating body's ledger everything is signed");
    }
    return std::nullopt;
  }
  bool known = false, holds = false;
  for (const RegisteredKey& registered : keys_) {
    const VerifierKey& key = registered.key;
    if (key.key_hash() != signature->key_hash || key.name() != signature->key_name) continue;
    known = true;
    if (registered.revoked) continue;
    holds = true;
    if (!may_sign(registered.use, type, kind_)) continue;
    if (!key.verify(event_message(origin_, event.bytes), signature->signature)) {
      return refuse(Code::signature_bad, "the signature does not verify over this ledger's origin and these bytes");
    }
    return author_of(key, signature->signature);
  }
  if (!known) return refuse(Code::key_unknown, "no such key is registered in " + ledger_.text());
  if (!holds) return refuse(Code::key_revoked, "the key was revoked in " + ledger_.text());
  return refuse(Code::key_use_wrong, "the key is not registered for what " + type.name + " needs");
}

Result<void> AuthorRegistry::judge_entry(const Event& event, const Entry& entry) const {
  std::optional<AuthorSignature> signature;
  if (entry.author) {
    const RegisteredKey* registered = find(entry.author->key);
    if (registered == nullptr) return fail(Code::key_unknown, std::string(kWhere), "no such key is registered here");
    signature = AuthorSignature{registered->key.name(), registered->key.key_hash(), entry.author->signature};
  }
  const auto author = judge(event, signature);
  if (!author) return tl::unexpected(author.error());
  return {};
}

const RegisteredKey* AuthorRegistry::find(const AuthorKeyId& id) const {
  const RegisteredKey* revoked = nullptr;
  for (const RegisteredKey& registered : keys_) {
    if (registered.key.author_key_id() != id) continue;
    if (!registered.revoked) return &registered;
    revoked = &registered;
  }
  return revoked;
}

}  // namespace jangbu
