#include "ledger/space.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "ledger/files.h"
#include "ledger/key_file.h"
#include "ledger/node.h"
#include "ledger/recovery.h"
#include "ledger/screen_digest.h"
#include "ledger/store.h"
#include "ledger/tip.h"
#include "ledger/tree.h"
#include "schemas/screen.h"
#include "schemas/timestamp.h"

namespace jangbu {
namespace {

using Json = nlohmann::ordered_json;

// Where keys and ids come from: the machine's random source, or a seed.
class Chance {
 public:
  explicit Chance(std::string seed) : seed_(std::move(seed)) {}

  Result<SigningKey> key(const std::string& name) {
    if (seed_.empty()) return SigningKey::generate(name);
    return SigningKey::from_seed(name, sha256("jangbu/space/key/v1\n" + seed_ + "\n" + name).view());
  }
  Result<PseudonymKey> pseudonym_key(const std::string& institution) {
    if (seed_.empty()) return PseudonymKey::generate();
    return PseudonymKey::from_bytes(sha256("jangbu/space/pseudonym/v1\n" + seed_ + "\n" + institution).view());
  }
  std::string uuid() {
    std::array<std::uint8_t, 16> bytes{};
    if (seed_.empty()) {
      random_bytes(bytes);
    } else {
      const Hash hash = sha256("jangbu/space/id/v1\n" + seed_ + "\n" + std::to_string(count_++));
      std::copy_n(hash.bytes.begin(), bytes.size(), bytes.begin());
    }
    return to_uuid(bytes);
  }

 private:
  std::string seed_;
  std::uint64_t count_ = 0;
};

std::vector<LedgerId> ledgers_of(const InstitutionPlan& institution) {
  std::vector<LedgerId> ids{LedgerId::of(institution.id, LedgerKind::shared)};
  if (institution.kind == InstitutionKind::hospital) ids.push_back(LedgerId::of(institution.id, LedgerKind::patients));
  return ids;
}

Result<void> check_plan(const SpacePlan& plan) {
  const auto refuse = [](std::string where, std::string what) {
    return fail(Code::bad_usage, std::move(where), std::move(what));
  };
  // The space's name is the first part of every origin, so an institution's form suits it.
  const auto is_name = [](const std::string& name) {
    const auto id = LedgerId::parse(name);
    return id && id->kind() == LedgerKind::shared;
  };
  if (!is_name(plan.space)) return refuse("space", "not of the form [a-z][a-z0-9-]{1,30}");
  std::size_t coordinators = 0, ledgers = 0;
  std::map<std::string, int> seen;
  for (const InstitutionPlan& institution : plan.institutions) {
    if (!is_name(institution.id)) return refuse(institution.id, "not of the form [a-z][a-z0-9-]{1,30}");
    if (++seen[institution.id] > 1) return refuse(institution.id, "planned twice");
    coordinators += institution.kind == InstitutionKind::coordinator ? 1 : 0;
    ledgers += ledgers_of(institution).size();
  }
  if (plan.joined && coordinators != 0) return refuse("institutions", "the space has its coordinating body");
  if (!plan.joined && coordinators != 1) return refuse("institutions", "exactly one must be the coordinating body");
  if (ledgers > kTipLedgersMax) return refuse("institutions", "more ledgers than one node takes");
  return {};
}

// The data of institution.registered; `named`: for another ledger than the institution's own.
Json registered_data(const std::string& space, const InstitutionPlan& institution, bool named,
                     std::string_view public_key) {
  Json data = Json::object();
  if (named) data["institution"] = institution.id;
  data["name"] = Json{{"ko", institution.name_ko.empty() ? institution.id : institution.name_ko},
                      {"en", institution.name_en.empty() ? institution.id : institution.name_en}};
  data["kind"] = name(institution.kind);
  if (institution.advanced_general) data["advanced_general"] = true;
  if (!institution.designations.empty()) {
    Json designations = Json::array();
    for (const std::string& kind : institution.designations) {
      designations.push_back(Json{{"kind", kind}, {"number", space + "-" + institution.id}});
    }
    data["designations"] = std::move(designations);
  }
  data["public_key"] = public_key;
  return data;
}

// Makes the founding records of one space. Each is signed by the coordinating body.
class Founder {
 public:
  Founder(const std::filesystem::path& directory, const SpacePlan& plan, const Clock& clock, const TypeTable& types)
      : directory_(directory),
        plan_(plan),
        chance_(plan.key_seed),
        time_(to_string(Timestamp::from_milliseconds(clock.wall_milliseconds()))),
        screen_digest_(screen_digest(types)) {}

  Result<void> make_keys();
  Result<void> submit_all(Node& node);

 private:
  struct LedgerKeys {
    std::vector<std::pair<KeyUse, SigningKey>> keys;
    [[nodiscard]] std::string vkey(KeyUse use) const {
      for (const auto& [candidate, key] : keys) {
        if (candidate == use) return key.verifier().text();
      }
      return {};
    }
  };

  Result<SigningKey> make_key(const std::string& name, const std::filesystem::path& path) {
    auto key = chance_.key(name);
    if (!key) return key;
    if (auto made = Files::machine().make_directories(path.parent_path()); !made) return tl::unexpected(made.error());
    if (auto written = write_key_file(path, *key, plan_.passphrase); !written) return tl::unexpected(written.error());
    return key;
  }
  Result<void> submit(Node& node, const LedgerId& ledger, std::string_view type, Json data);
  [[nodiscard]] Json institution_data(const InstitutionPlan& institution, bool named) const {
    const LedgerId ledger = LedgerId::of(institution.id, LedgerKind::shared);
    return registered_data(plan_.space, institution, named, keys_.at(ledger).vkey(KeyUse::emitter));
  }
  [[nodiscard]] const SigningKey& coordinator() const {
    return plan_.joined ? *plan_.joined->coordinator : *coordinator_;
  }

  const std::filesystem::path& directory_;
  const SpacePlan& plan_;
  Chance chance_;
  const std::string time_, screen_digest_;
  std::optional<SigningKey> coordinator_, recovery_, ticker_;
  std::map<LedgerId, LedgerKeys> keys_;
  std::optional<Error> refused_;
};

Result<void> Founder::make_keys() {
  for (const InstitutionPlan& institution : plan_.institutions) {
    if (institution.kind == InstitutionKind::coordinator) {
      const std::string origin = plan_.space + "/" + institution.id;
      const std::pair<KeyUse, std::optional<SigningKey>*> own[] = {
          {KeyUse::coordinator, &coordinator_}, {KeyUse::recovery, &recovery_}, {KeyUse::ticker, &ticker_}};
      for (const auto& [use, into] : own) {
        auto key = make_key(origin + "/" + std::string(name(use)), space_key_path(directory_, use));
        if (!key) return tl::unexpected(key.error());
        into->emplace(std::move(*key));
      }
    }
    for (const LedgerId& ledger : ledgers_of(institution)) {
      const std::string origin = plan_.space + "/" + ledger.text();
      LedgerKeys& keys = keys_[ledger];
      for (const KeyUse use : {KeyUse::log, KeyUse::system, KeyUse::emitter, KeyUse::agent, KeyUse::prober}) {
        const std::string key_name = use == KeyUse::log ? origin : origin + "/" + std::string(name(use));
        auto key = make_key(key_name, key_path(directory_, ledger, use));
        if (!key) return tl::unexpected(key.error());
        keys.keys.emplace_back(use, std::move(*key));
      }
    }
    if (institution.kind == InstitutionKind::hospital) {
      const auto key = chance_.pseudonym_key(institution.id);
      if (!key) return tl::unexpected(key.error());
      const std::filesystem::path path = pseudonym_key_path(directory_, institution.id);
      if (auto made = Files::machine().make_directories(path.parent_path()); !made) return made;
      if (auto written = write_key_file(path, *key, plan_.passphrase); !written) return written;
    }
  }
  return {};
}

Result<void> Founder::submit(Node& node, const LedgerId& ledger, std::string_view type, Json data) {
  Json event = Json::object();
  event["specversion"] = "1.0";
  event["id"] = chance_.uuid();
  event["source"] = "/spaces/" + plan_.space;
  event["type"] = "kr.jangbu." + std::string(type) + ".v1";
  event["time"] = time_;
  event["institution"] = ledger.institution();
  event["ledger"] = ledger.text();
  event["data"] = std::move(data);
  std::string bytes = event.dump();
  AuthorSignature signature = sign_event(coordinator(), plan_.space + "/" + ledger.text(), bytes);
  Submission submission{ledger, std::move(bytes), std::move(signature), false};
  auto queued = node.submit(std::move(submission), [this](const Result<Placement>& placement) {
    if (refused_) return;
    if (!placement) {
      refused_ = placement.error();
    } else if (placement->kind == Placement::Kind::rejected) {
      refused_ = placement->errors.front();
    }
  });
  if (!queued) return queued;
  auto committed = node.commit_pending();
  if (!committed) return tl::unexpected(committed.error());
  if (refused_) {
    // The plan's words did not fit the catalogue: a name that is too long, a designation that is none.
    return fail(Code::bad_usage, ledger.text() + " " + std::string(type) + " " + refused_->where, refused_->what);
  }
  return {};
}

Result<void> Founder::submit_all(Node& node) {
  for (const InstitutionPlan& institution : plan_.institutions) {
    const bool coordinates = institution.kind == InstitutionKind::coordinator;
    for (const LedgerId& ledger : ledgers_of(institution)) {
      const LedgerKeys& keys = keys_.at(ledger);
      Json genesis = Json::object();
      genesis["format"] = 1;
      genesis["origin"] = plan_.space + "/" + ledger.text();
      genesis["kind"] = name(institution.kind);
      genesis["ledger_kind"] = name(ledger.kind());
      genesis["log_key"] = keys.vkey(KeyUse::log);
      genesis["coordinator_key"] = coordinator().verifier().text();
      genesis["recovery_key"] = plan_.joined ? plan_.joined->recovery_key : recovery_->verifier().text();
      genesis["screen"] = Json{{"version", kScreenVersion}, {"digest", screen_digest_}};
      if (auto done = submit(node, ledger, "ledger.genesis", std::move(genesis)); !done) return done;
      if (auto done = submit(node, ledger, "institution.registered", institution_data(institution, coordinates));
          !done) {
        return done;
      }
      for (const auto& [use, key] : keys.keys) {
        if (use == KeyUse::log) continue;  // the genesis has it
        Json data{{"key", key.verifier().text()}, {"use", name(use)}};
        if (auto done = submit(node, ledger, "key.registered", std::move(data)); !done) return done;
      }
      if (!coordinates) continue;
      Json data{{"key", ticker_->verifier().text()}, {"use", name(KeyUse::ticker)}};
      if (auto done = submit(node, ledger, "key.registered", std::move(data)); !done) return done;
      for (const InstitutionPlan& other : plan_.institutions) {
        if (other.id == institution.id) continue;
        if (auto done = submit(node, ledger, "institution.registered", institution_data(other, true)); !done) {
          return done;
        }
      }
    }
  }
  return {};
}

}  // namespace

std::filesystem::path key_path(const std::filesystem::path& directory, const LedgerId& ledger, KeyUse use) {
  return directory / "keys" / ledger.text() / (std::string(name(use)) + ".key");
}

std::filesystem::path space_key_path(const std::filesystem::path& directory, KeyUse use) {
  return directory / "keys" / (std::string(name(use)) + ".key");
}

std::filesystem::path pseudonym_key_path(const std::filesystem::path& directory, std::string_view institution) {
  return directory / "keys" / institution / "pseudonym.key";
}

std::string joined_event(const SpacePlan& plan, const InstitutionPlan& institution, const LedgerId& coordinator,
                         std::string_view public_key, const Clock& clock) {
  Json event = Json::object();
  event["specversion"] = "1.0";
  event["id"] = Chance(plan.key_seed).uuid();
  event["source"] = "/spaces/" + plan.space;
  event["type"] = "kr.jangbu.institution.registered.v1";
  event["time"] = to_string(Timestamp::from_milliseconds(clock.wall_milliseconds()));
  event["institution"] = coordinator.institution();
  event["ledger"] = coordinator.text();
  event["data"] = registered_data(plan.space, institution, true, public_key);
  return event.dump();
}

Result<void> create_space(const std::filesystem::path& directory, const SpacePlan& plan, const Clock& clock,
                          const TypeTable& types) {
  if (auto fits = check_plan(plan); !fits) return fits;
  Files& files = Files::machine();
  std::error_code ignored;
  if (files.exists(directory) && !std::filesystem::is_empty(directory, ignored)) {
    return fail(Code::already_exists, directory.string(), "not an empty folder");
  }
  if (auto made = files.make_directories(directory); !made) return made;

  Founder founder(directory, plan, clock, types);
  if (auto made = founder.make_keys(); !made) return made;
  std::vector<LedgerId> ledgers;
  for (const InstitutionPlan& institution : plan.institutions) {
    for (LedgerId& id : ledgers_of(institution)) ledgers.push_back(std::move(id));
  }
  {
    auto store = Store::open(StoreOptions{database_path(directory), true, false, nullptr});
    if (!store) return tl::unexpected(store.error());
    if (auto found = (*store)->found(plan.space, ledgers); !found) return found;
  }
  std::vector<LedgerHead> heads;
  heads.reserve(ledgers.size());
  for (const LedgerId& id : ledgers) heads.push_back(LedgerHead{id, TreeSize(0), empty_root()});
  if (const auto tip = TipFile::create(files, tip_path(directory), CommitNumber(0), heads); !tip) {
    return tl::unexpected(tip.error());
  }
  {
    NodeOptions options;
    options.directory = directory;
    options.clock = &clock;
    options.ask_passphrase = [&plan](const std::filesystem::path&) { return std::optional(plan.passphrase); };
    options.ballast_bytes = 0;
    options.founding = true;
    // The node is gone when this function returns, so it need not own the table.
    auto node = Node::open(options, std::shared_ptr<const TypeTable>(std::shared_ptr<void>(), &types));
    if (!node) return tl::unexpected(node.error());
    if (auto submitted = founder.submit_all(**node); !submitted) return submitted;
  }
  auto store = Store::open(StoreOptions{database_path(directory), false, false, nullptr});
  if (!store) return tl::unexpected(store.error());
  return (*store)->finish_founding();
}

}  // namespace jangbu
