#include "ledger/recovery.h"

#include <algorithm>

#include "ledger/checkpoint.h"
#include "ledger/quarantine.h"
#include "ledger/tree.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr RecoveryRow kRows[] = {
    {Finding::holds, "holds", std::nullopt, ""},
    {Finding::ahead, "ahead", std::nullopt, ""},
    {Finding::tip_missing, "tip_missing", Code::tip_corrupt, "tip"},
    {Finding::tip_damaged, "tip_damaged", Code::tip_corrupt, "tip"},
    {Finding::ledger_missing, "ledger_missing", Code::tip_rollback, "rollback"},
    {Finding::ends_before_tip, "ends_before_tip", Code::tip_rollback, "rollback"},
    {Finding::other_root, "other_root", Code::tip_fork, "fork"},
    {Finding::end_damaged, "end_damaged", Code::store_corrupt, "damage"},
    {Finding::checkpoint_bad, "checkpoint_bad", Code::store_corrupt, "damage"},
};

// What was found, and where.
struct Found {
  Finding finding = Finding::holds;
  std::string where, what;
};

Result<Found> compare_with_tip(const Store& store, const std::vector<LedgerState>& ledgers, const TipFile& tip) {
  Found found;
  for (const LedgerHead& head : tip.heads()) {
    const std::string where = head.id.text() + " at size " + std::to_string(head.size.value());
    const auto state = std::find_if(ledgers.begin(), ledgers.end(),
                                    [&](const LedgerState& candidate) { return candidate.id() == head.id; });
    if (state == ledgers.end())
      return Found{Finding::ledger_missing, where, "a released ledger is not in the database"};
    if (state->size() < head.size) {
      return Found{Finding::ends_before_tip, where,
                   "was released; the database ends at " + std::to_string(state->size().value())};
    }
    const LedgerNumber number(static_cast<std::uint64_t>(state - ledgers.begin()));
    const auto root =
        root_at(head.size, [&](NodeId node) { return read_node(store, number, state->size(), state->edge(), node); });
    if (!root) return tl::unexpected(root.error());
    if (*root != head.root) {
      return Found{Finding::other_root, where, "was released with another root than the database has"};
    }
    if (state->size() > head.size) found.finding = Finding::ahead;
  }
  return found;
}

// The entries since the last full tile but one are hashed again, and the last checkpoint is looked at: a torn or lost
// end shows here.
Result<Found> look_at_end(const Store& store, LedgerNumber number, const LedgerState& state, bool pinned) {
  const TreeSize size = state.size();
  const std::string where = state.id().text() + " at size " + std::to_string(size.value());
  const SequenceNumber last = last_of(size);
  const std::uint64_t tile = last.value() / kTileWidth;
  const SequenceNumber from(tile * kTileWidth);
  auto entries = store.entries(number, from, size, kTileWidth, SIZE_MAX);
  if (!entries) return tl::unexpected(entries.error());
  Hash previous;
  const auto node = [&](std::uint64_t leaf) { return read_node(store, number, size, state.edge(), NodeId{0, leaf}); };
  if (from.value() > 0) {
    const auto before = node(from.value() - 1);
    if (!before) return tl::unexpected(before.error());
    previous = *before;
  }
  SequenceNumber place = from;
  for (const std::string& bytes : *entries) {
    const auto entry = decode(bytes);
    const Hash leaf = leaf_hash(bytes);
    const auto stored = node(place.value());
    if (!stored) return tl::unexpected(stored.error());
    if (!entry || entry->sequence != place || entry->previous != previous || leaf != *stored) {
      return Found{Finding::end_damaged, state.id().text() + "/" + std::to_string(place.value()),
                   "does not follow the entry before it"};
    }
    previous = leaf;
    place = next(place);
  }
  const auto note = store.last_checkpoint(number);
  if (!note) return tl::unexpected(note.error());
  if (pinned && !*note) return Found{};
  if (!*note || (pinned ? (*note)->size > size : (*note)->size != size)) {
    return Found{Finding::checkpoint_bad, where, "the last checkpoint is not there"};
  }
  const RegisteredKey* log_key = nullptr;
  for (const RegisteredKey& key : state.authors()->keys()) {
    if (log_key == nullptr && key.use == KeyUse::log) log_key = &key;  // the genesis's
  }
  JANGBU_INVARIANT(log_key != nullptr, "a genesis registers the log key");
  const auto checkpoint = open_checkpoint((*note)->note, log_key->key);
  if (!checkpoint) return Found{Finding::checkpoint_bad, where, to_string(checkpoint.error())};
  const auto root = root_at((*note)->size, [&](NodeId at) { return read_node(store, number, size, state.edge(), at); });
  if (!root) return tl::unexpected(root.error());
  if (checkpoint->size != (*note)->size || checkpoint->root != *root) {
    return Found{Finding::checkpoint_bad, where, "the last checkpoint is another tree's"};
  }
  return Found{};
}

Result<std::vector<LedgerState>> load_ledgers(const Store& store, RecordScreen& reader, const std::string& digest,
                                              bool founding, const StartOptions& options) {
  std::vector<LedgerState> ledgers;
  for (std::size_t i = 0; i < store.ledgers().size(); ++i) {
    auto state = LedgerState::load(store, LedgerNumber(i), reader, digest);
    if (!state) return tl::unexpected(state.error());
    if (!founding && state->size().value() == 0 && !(options.pinned && options.pinned(state->id()))) {
      return fail(Code::store_corrupt, state->id().text(), "a ledger without its genesis");
    }
    ledgers.push_back(std::move(*state));
  }
  return ledgers;
}

// The table, over a database that is open read-only.
Result<Found> examine(const Store& store, const std::vector<LedgerState>& ledgers, const Result<TipFile>& tip,
                      bool tip_exists, bool founding, const StartOptions& options) {
  if (!tip_exists) return Found{Finding::tip_missing, "tip", "there is no tip file beside the database"};
  if (!tip) {
    if (tip.error().code != Code::tip_corrupt) return tl::unexpected(tip.error());
    return Found{Finding::tip_damaged, "tip", "neither slot of the tip file can be read"};
  }
  for (std::size_t i = 0; i < ledgers.size(); ++i) {
    const bool pinned = options.pinned && options.pinned(ledgers[i].id());
    if ((founding || pinned) && ledgers[i].size().value() == 0) continue;
    auto end = look_at_end(store, LedgerNumber(i), ledgers[i], pinned);
    if (!end) return end;
    if (row_of(end->finding).refuses) {
      // A rollback explains a missing end better than damage does.
      auto compared = compare_with_tip(store, ledgers, *tip);
      return compared && row_of(compared->finding).refuses ? compared : end;
    }
  }
  return compare_with_tip(store, ledgers, *tip);
}

// A database as it was found, open read-only.
struct Looked {
  std::shared_ptr<Store> store;
  std::vector<LedgerState> ledgers;
  Found found;
};

struct Tip {
  bool exists = false;
  Result<TipFile> file;
};

Error refusal(const Found& found, std::string_view tried) {
  const RecoveryRow& row = row_of(found.finding);
  JANGBU_INVARIANT(row.refuses, row.name);
  return Error{
      *row.refuses, found.where,
      found.what + std::string(tried) + "; nothing was changed. RUNBOOK, \"" + std::string(row.runbook) + "\""};
}

// A database that cannot be read, or what its first ledger's bytes are not.
bool is_damage(const Error& error) { return error.code == Code::store_corrupt || error.code == Code::bad_entry; }

Result<Looked> look_at(const std::filesystem::path& database, const StartOptions& options, const Tip& tip,
                       RecordScreen& reader) {
  StoreOptions store_options;
  store_options.directory = database;
  store_options.read_only = true;
  store_options.env = options.env;
  auto store = Store::open(store_options);
  if (!store) {
    // A tip is made after its database: one that stands alone has lost it.
    if (store.error().code == Code::no_such_node && tip.exists) store.error().code = Code::store_corrupt;
    return tl::unexpected(store.error());
  }
  const auto founded = (*store)->is_founded();
  if (!founded) return tl::unexpected(founded.error());
  if (*founded && options.founding) {
    return fail(Code::no_such_node, options.directory.string(), "the space is founded already");
  }
  auto ledgers = load_ledgers(**store, reader, options.screen_digest, !*founded, options);
  if (!ledgers) return tl::unexpected(ledgers.error());
  auto found = examine(**store, *ledgers, tip.file, tip.exists, !*founded, options);
  if (!found) return tl::unexpected(found.error());
  // A database that has lost its end has lost the mark too: only what holds its tip was never founded.
  const bool lost_its_end = tip.file && row_of(found->finding).refuses;
  if (!*founded && !options.founding && !lost_its_end) {
    return fail(Code::no_such_node, options.directory.string(), "the space was never founded to its end: delete it");
  }
  return Looked{std::move(*store), std::move(*ledgers), std::move(*found)};
}

// Is the damage of a kind that a copy, read up to it, may not have?
bool worth_a_try(const Result<Looked>& looked, const Tip& tip) {
  if (!tip.file) return false;  // nothing to hold the copy against
  if (!looked) return is_damage(looked.error());
  switch (looked->found.finding) {
    case Finding::ledger_missing:
    case Finding::ends_before_tip:
    case Finding::end_damaged:
    case Finding::checkpoint_bad:
      return true;
    case Finding::holds:
    case Finding::ahead:
    case Finding::tip_missing:
    case Finding::tip_damaged:
    case Finding::other_root:  // no damage makes another history of the same size
      return false;
  }
  return false;
}

// More than a crash can leave behind the last one that was synced.
constexpr std::size_t kManifestRecordsTried = 8;

// RocksDB takes the copy to its last state before the damage, and closes it again. Errors: store_corrupt (its log or
// its manifest cannot be read so far), disk_full, io.
Result<void> take_to_its_last_state(const std::filesystem::path& copy, void* env) {
  StoreOptions options;
  options.directory = copy;
  options.env = env;
  options.log_recovery = LogRecovery::point_in_time;
  // Opening writes what could be read of the log into tables: after it the copy opens like any other.
  const auto opened = Store::open(options);
  return opened ? Result<void>() : tl::unexpected(opened.error());
}

// Adopts the copy if it holds what the tip says; returns where the refused database is then kept.
Result<std::filesystem::path> adopt_if_it_holds(Quarantine& quarantine, const StartOptions& options, const Tip& tip,
                                                RecordScreen& reader) {
  std::vector<LedgerHead> heads;
  {
    const auto looked = look_at(quarantine.copy(), options, tip, reader);
    if (!looked) return tl::unexpected(looked.error());
    const Found& found = looked->found;
    if (const auto refuses = row_of(found.finding).refuses) return fail(*refuses, found.where, found.what);
    for (const LedgerState& state : looked->ledgers) {
      heads.push_back(LedgerHead{state.id(), state.size(), state.root()});
    }
  }
  if (auto adopted = quarantine.adopt(heads); !adopted) return tl::unexpected(adopted.error());
  return quarantine.folder();
}

// The original is not touched before the exchange; a failed try removes its copy.
Result<std::filesystem::path> adopt_recovered_copy(const StartOptions& options, const Tip& tip, RecordScreen& reader) {
  Error first;
  for (std::size_t left_out = 0; left_out <= kManifestRecordsTried; ++left_out) {
    auto quarantine = Quarantine::copy_database(*options.files, options.directory, *options.recover_at_ms, left_out);
    if (!quarantine && quarantine.error().code == Code::bad_range) break;
    if (!quarantine) return tl::unexpected(quarantine.error());
    auto taken = take_to_its_last_state(quarantine->copy(), options.env);
    if (taken) return adopt_if_it_holds(*quarantine, options, tip, reader);
    if (taken.error().code != Code::store_corrupt) return tl::unexpected(taken.error());
    // Point-in-time recovery forgives the log's end, not the manifest's: that is tried record by record.
    if (left_out == 0) first = std::move(taken.error());
  }
  return tl::unexpected(std::move(first));
}

Error refusal(const Result<Looked>& looked, std::string_view tried) {
  if (looked) return refusal(looked->found, tried);
  return refusal(Found{Finding::end_damaged, looked.error().where, looked.error().what}, tried);
}

}  // namespace

const RecoveryRow& row_of(Finding finding) {
  for (const RecoveryRow& row : kRows) {
    if (row.finding == finding) return row;
  }
  invariant_failed("every Finding has a row", __FILE__, __LINE__, "");
}

std::filesystem::path database_path(const std::filesystem::path& directory) { return directory / "db"; }
std::filesystem::path tip_path(const std::filesystem::path& directory) { return directory / "tip"; }
std::filesystem::path backup_mark_path(const std::filesystem::path& directory) { return directory / "backup"; }

Result<Started> start(const StartOptions& options, RecordScreen& reader) {
  Files& files = *options.files;
  Started started;
  auto lock =
      files.lock_directory(options.directory, options.read_only ? Files::Sharing::shared : Files::Sharing::exclusive);
  if (!lock) return tl::unexpected(lock.error());
  started.lock = std::move(*lock);
  if (!options.read_only && files.exists(backup_mark_path(options.directory))) {
    return fail(Code::read_only, options.directory.string(), "this is a backup; RUNBOOK, \"restore\"");
  }

  Tip tip{files.exists(tip_path(options.directory)),
          TipFile::open(files, tip_path(options.directory),
                        options.read_only ? Files::Mode::read : Files::Mode::read_write)};
  auto looked = look_at(database_path(options.directory), options, tip, reader);
  if (options.recover_at_ms && !options.read_only && !options.founding && worth_a_try(looked, tip)) {
    Error refused = refusal(looked, "");
    if (looked) looked->store.reset();
    const auto kept = adopt_recovered_copy(options, tip, reader);
    if (!kept && kept.error().code == Code::disk_full) {
      return fail(Code::disk_full, kept.error().where,
                  "the database was refused (" + refused.what +
                      "), and there is no space for the copy on which its recovery is tried: free some (`ballast`, old "
                      "folders in `quarantine`) and start again. RUNBOOK, \"quarantine\"");
    }
    if (!kept) {
      return tl::unexpected(
          refusal(looked, "; its state before the damage was tried on a copy: " + to_string(kept.error())));
    }
    looked = look_at(database_path(options.directory), options, tip, reader);
    started.recovered = "the database was refused (" + to_string(refused) +
                        "); its last state before the damage holds all that was released and was adopted; what was "
                        "refused is kept in " +
                        kept->string();
  }
  if (!looked && is_damage(looked.error())) return tl::unexpected(refusal(looked, ""));
  if (!looked) return tl::unexpected(looked.error());
  if (row_of(looked->found.finding).refuses) {
    if (!options.read_only) return tl::unexpected(refusal(looked->found, ""));
    started.refused = refusal(looked->found, "");
  }
  auto last = looked->store->last_commit();
  if (!last) return tl::unexpected(last.error());
  started.last_commit = *last;
  if (tip.file) {
    started.last_commit = std::max(*last, tip.file->commit());
    started.tip = std::move(*tip.file);
  }

  if (!options.read_only) {
    looked->store.reset();
    StoreOptions store_options;
    store_options.directory = database_path(options.directory);
    store_options.env = options.env;
    auto store = Store::open(store_options);
    if (!store) return tl::unexpected(store.error());
    for (std::size_t i = 0; i < looked->ledgers.size(); ++i) {
      const LedgerState& state = looked->ledgers[i];
      const auto size = (*store)->size(LedgerNumber(i));
      if (!size) return tl::unexpected(size.error());
      if (*size != state.size()) {
        return fail(Code::store_corrupt, state.id().text(), "opened for writing, the database ends elsewhere");
      }
    }
    looked->store = std::move(*store);
  }
  started.store = std::move(looked->store);
  started.ledgers = std::move(looked->ledgers);
  return started;
}

}  // namespace jangbu
