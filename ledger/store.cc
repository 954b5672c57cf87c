// FORMAT.md, "Database".
#include "ledger/store.h"

#include <cstring>

#include "ledger/big_endian.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

// Places on disk (database.h): only ever added at the end.
enum Family : FamilyIndex { kEntries, kTiles, kDedup, kCheckpoints, kGoverning, kMeta };

constexpr std::string_view kFormat = "1";
constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kSpaceKey = "space";
constexpr std::string_view kFoundedKey = "founded";
constexpr std::string_view kCommitKey = "commit";
constexpr std::string_view kLedgerPrefix = "ledger/";
constexpr std::string_view kTicksPrefix = "ticks/";

std::vector<FamilyOptions> families() {
  return {{.name = "entries", .in_order = true, .block_bytes = 16 << 10, .write_buffer_bytes = std::size_t{32} << 20},
          // Hashes do not compress.
          {.name = "tiles", .compress = false, .block_bytes = 8 << 10, .write_buffer_bytes = std::size_t{8} << 20},
          {.name = "dedup",
           .random_lookups = true,
           .unordered = true,
           .compress = false,
           .block_bytes = 4 << 10,
           // Sorted when it is full, in memory: small enough for a processor's cache, which larger ones are not.
           .write_buffer_bytes = std::size_t{4} << 20},
          {.name = "checkpoints", .write_buffer_bytes = std::size_t{4} << 20},
          {.name = "governing", .write_buffer_bytes = std::size_t{1} << 20},
          {.name = "meta", .write_buffer_bytes = std::size_t{1} << 20}};
}

// A short key on the stack.
template <std::size_t N>
struct Key {
  std::array<char, N> bytes;
  [[nodiscard]] std::string_view view() const { return {bytes.data(), N}; }
};

template <typename Unsigned>
void write_at(char* at, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    at[sizeof(Unsigned) - 1 - i] = static_cast<char>((value >> (8 * i)) & 0xff);
  }
}

void write_ledger(char* at, LedgerNumber ledger) {
  JANGBU_INVARIANT(ledger.value() <= UINT32_MAX, std::to_string(ledger.value()));
  write_at(at, static_cast<std::uint32_t>(ledger.value()));
}

// Ledger and a number: entries, checkpoints (the number is a size), governing.
Key<12> numbered_key(LedgerNumber ledger, std::uint64_t number) {
  Key<12> key{};
  write_ledger(key.bytes.data(), ledger);
  write_at(key.bytes.data() + 4, number);
  return key;
}

Key<13> tile_key(LedgerNumber ledger, TileId tile) {
  Key<13> key{};
  write_ledger(key.bytes.data(), ledger);
  key.bytes[4] = static_cast<char>(tile.level);
  write_at(key.bytes.data() + 5, tile.index);
  return key;
}

Key<20> filed_key(LedgerNumber ledger, const DedupKey& dedup) {
  Key<20> key{};
  write_ledger(key.bytes.data(), ledger);
  std::memcpy(key.bytes.data() + 4, dedup.data(), dedup.size());
  return key;
}

std::string meta_key(std::string_view prefix, LedgerNumber ledger) {
  std::string key(prefix);
  put_big_endian(key, static_cast<std::uint32_t>(ledger.value()));
  return key;
}

Result<std::vector<SequenceNumber>> parse_places(std::string_view value) {
  if (value.empty() || value.size() % 8 != 0) {
    return fail(Code::store_corrupt, "dedup", "a value that is no list of places");
  }
  std::vector<SequenceNumber> places;
  for (std::size_t at = 0; at < value.size(); at += 8) {
    places.emplace_back(get_big_endian<std::uint64_t>(value.substr(at)));
  }
  return places;
}

}  // namespace

DedupKey dedup_key(std::string_view source, std::string_view id) {
  Sha256 hash;
  hash.update(source);
  hash.update(std::string_view("\0", 1));  // neither may hold one, so the border is clear
  hash.update(id);
  const Hash digest = hash.finish();
  DedupKey key;
  std::memcpy(key.data(), digest.bytes.data(), key.size());
  return key;
}

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}

Result<std::shared_ptr<Store>> Store::open(const StoreOptions& options) {
  DatabaseOptions database_options;
  database_options.directory = options.directory;
  database_options.families = families();
  database_options.create = options.create;
  database_options.read_only = options.read_only;
  database_options.env = options.env;
  database_options.log_recovery = options.log_recovery;
  auto database = Database::open(database_options);
  if (!database) return tl::unexpected(database.error());
  std::shared_ptr<Store> store(new Store(std::move(*database)));
  if (!options.create) {
    if (auto read = store->read_meta(); !read) return tl::unexpected(read.error());
  }
  return store;
}

Result<void> Store::read_meta() {
  const auto format = database_->get(kMeta, kFormatKey);
  if (!format) return tl::unexpected(format.error());
  if (*format != kFormat) return fail(Code::store_corrupt, "meta/format", "not format 1");
  const auto space = database_->get(kMeta, kSpaceKey);
  if (!space) return tl::unexpected(space.error());
  if (!*space) return fail(Code::store_corrupt, "meta/space", "missing");
  space_ = **space;
  Cursor cursor(database_->snapshot(), kMeta);
  for (cursor.seek(kLedgerPrefix); cursor.valid() && cursor.key().starts_with(kLedgerPrefix); cursor.next()) {
    auto id = LedgerId::parse(cursor.value());
    if (!id || cursor.key() != meta_key(kLedgerPrefix, LedgerNumber(ledgers_.size()))) {
      return fail(Code::store_corrupt, "meta/ledger/" + std::to_string(ledgers_.size()), "not a ledger's row");
    }
    ledgers_.push_back(std::move(*id));
  }
  return cursor.status();
}

Result<void> Store::found(std::string_view space, std::span<const LedgerId> ledgers) {
  JANGBU_INVARIANT(ledgers_.empty(), "founded twice");
  Batch batch;
  batch.put(kMeta, kFormatKey, kFormat);
  batch.put(kMeta, kSpaceKey, space);
  for (std::size_t i = 0; i < ledgers.size(); ++i) {
    batch.put(kMeta, meta_key(kLedgerPrefix, LedgerNumber(i)), ledgers[i].text());
  }
  if (auto written = database_->write(batch, true); !written) return written;
  return read_meta();
}

std::string Store::name_of(LedgerNumber ledger) const {
  const auto name = database_->get(kMeta, meta_key(kLedgerPrefix, ledger));
  return name && *name ? **name : "ledger number " + std::to_string(ledger.value());
}

Result<void> Store::add_ledger(const LedgerId& ledger) {
  Batch batch;
  batch.put(kMeta, meta_key(kLedgerPrefix, LedgerNumber(ledgers_.size())), ledger.text());
  if (auto written = database_->write(batch, true); !written) return written;
  ledgers_.push_back(ledger);
  return {};
}

Result<void> Store::finish_founding() {
  Batch batch;
  batch.put(kMeta, kFoundedKey, "1");
  return database_->write(batch, true);
}

Result<bool> Store::is_founded() const {
  const auto value = database_->get(kMeta, kFoundedKey);
  if (!value) return tl::unexpected(value.error());
  return value->has_value();
}

Result<CommitNumber> Store::last_commit() const {
  const auto value = database_->get(kMeta, kCommitKey);
  if (!value) return tl::unexpected(value.error());
  if (!*value) return CommitNumber(0);
  if ((*value)->size() != 8) return fail(Code::store_corrupt, "meta/commit", "not a number");
  return CommitNumber(get_big_endian<std::uint64_t>(**value));
}

Result<TreeSize> Store::size(LedgerNumber ledger) const {
  Cursor cursor(database_->snapshot(), kEntries);
  cursor.seek_for_previous(numbered_key(ledger, UINT64_MAX).view());
  if (auto status = cursor.status(); !status) return tl::unexpected(status.error());
  if (!cursor.valid() || cursor.key().substr(0, 4) != numbered_key(ledger, 0).view().substr(0, 4)) return TreeSize(0);
  return size_after(SequenceNumber(get_big_endian<std::uint64_t>(cursor.key().substr(4))));
}

Result<std::optional<std::string>> Store::entry(LedgerNumber ledger, SequenceNumber number) const {
  return database_->get(kEntries, numbered_key(ledger, number.value()).view());
}

Result<std::vector<std::string>> Store::entries(LedgerNumber ledger, SequenceNumber from, TreeSize end,
                                                std::size_t count_max, std::size_t bytes_max) const {
  std::vector<std::string> found;
  if (!covers(end, from) || count_max == 0) return found;
  Cursor cursor(database_->snapshot(), kEntries);
  std::size_t bytes = 0;
  SequenceNumber number = from;
  for (cursor.seek(numbered_key(ledger, from.value()).view()); covers(end, number); cursor.next()) {
    if (!cursor.valid() || cursor.key() != numbered_key(ledger, number.value()).view()) {
      if (auto status = cursor.status(); !status) return tl::unexpected(status.error());
      return fail(Code::store_corrupt, ledgers_.at(ledger.value()).text() + "/" + std::to_string(number.value()),
                  "an entry is missing");
    }
    found.emplace_back(cursor.value());
    bytes += found.back().size();
    number = next(number);
    if (found.size() >= count_max || bytes >= bytes_max) break;
  }
  return found;
}

Result<std::optional<std::string>> Store::tile(LedgerNumber ledger, TileId tile) const {
  auto bytes = database_->get(kTiles, tile_key(ledger, tile).view());
  if (bytes && *bytes && (*bytes)->size() != kTileWidth * sizeof(Hash)) {
    return fail(Code::store_corrupt, "tile", "not 256 hashes");
  }
  return bytes;
}

Result<std::shared_ptr<const TileTree>> Store::tile_tree(LedgerNumber ledger, TileId tile) const {
  if (auto known = tile_trees_.find(ledger.value(), tile)) return known;
  const auto bytes = this->tile(ledger, tile);
  if (!bytes) return tl::unexpected(bytes.error());
  if (!*bytes) return nullptr;
  std::array<Hash, kTileWidth> hashes;
  std::memcpy(hashes.data(), (*bytes)->data(), (*bytes)->size());
  auto tree = std::make_shared<const TileTree>(TileTree::of(hashes));
  tile_trees_.keep(ledger.value(), tile, tree);
  return tree;
}

Result<std::vector<SequenceNumber>> Store::filed(LedgerNumber ledger, const DedupKey& key) const {
  const auto value = database_->get(kDedup, filed_key(ledger, key).view());
  if (!value) return tl::unexpected(value.error());
  if (!*value) return std::vector<SequenceNumber>();
  return parse_places(**value);
}

Result<std::vector<std::vector<SequenceNumber>>> Store::filed(LedgerNumber ledger,
                                                              std::span<const DedupKey> keys) const {
  std::vector<Key<20>> bytes(keys.size());
  std::vector<std::string_view> views(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    bytes[i] = filed_key(ledger, keys[i]);
    views[i] = bytes[i].view();
  }
  auto values = database_->multi_get(kDedup, std::span<const std::string_view>(views));
  if (!values) return tl::unexpected(values.error());
  std::vector<std::vector<SequenceNumber>> found(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!(*values)[i]) continue;
    auto places = parse_places(*(*values)[i]);
    if (!places) return tl::unexpected(places.error());
    found[i] = std::move(*places);
  }
  return found;
}

Result<std::optional<StoredCheckpoint>> Store::checkpoint_from(LedgerNumber ledger, TreeSize size) const {
  Cursor cursor(database_->snapshot(), kCheckpoints);
  cursor.seek(numbered_key(ledger, size.value()).view());
  if (auto status = cursor.status(); !status) return tl::unexpected(status.error());
  if (!cursor.valid() || cursor.key().substr(0, 4) != numbered_key(ledger, 0).view().substr(0, 4)) return std::nullopt;
  return StoredCheckpoint{TreeSize(get_big_endian<std::uint64_t>(cursor.key().substr(4))), std::string(cursor.value())};
}

Result<std::optional<StoredCheckpoint>> Store::last_checkpoint(LedgerNumber ledger) const {
  Cursor cursor(database_->snapshot(), kCheckpoints);
  cursor.seek_for_previous(numbered_key(ledger, UINT64_MAX).view());
  if (auto status = cursor.status(); !status) return tl::unexpected(status.error());
  if (!cursor.valid() || cursor.key().substr(0, 4) != numbered_key(ledger, 0).view().substr(0, 4)) return std::nullopt;
  return StoredCheckpoint{TreeSize(get_big_endian<std::uint64_t>(cursor.key().substr(4))), std::string(cursor.value())};
}

Result<std::vector<SequenceNumber>> Store::governing(LedgerNumber ledger) const {
  std::vector<SequenceNumber> numbers;
  Cursor cursor(database_->snapshot(), kGoverning);
  const auto first = numbered_key(ledger, 0);
  for (cursor.seek(first.view()); cursor.valid() && cursor.key().starts_with(first.view().substr(0, 4));
       cursor.next()) {
    numbers.emplace_back(get_big_endian<std::uint64_t>(cursor.key().substr(4)));
  }
  if (auto status = cursor.status(); !status) return tl::unexpected(status.error());
  return numbers;
}

Result<std::optional<std::string>> Store::ticks(LedgerNumber ledger) const {
  return database_->get(kMeta, meta_key(kTicksPrefix, ledger));
}

void Store::put_entry(Batch& batch, LedgerNumber ledger, SequenceNumber number, std::string_view bytes) {
  batch.put(kEntries, numbered_key(ledger, number.value()).view(), bytes);
}

void Store::put_tile(Batch& batch, LedgerNumber ledger, TileId tile, std::span<const Hash> hashes) {
  JANGBU_INVARIANT(hashes.size() == kTileWidth, std::to_string(hashes.size()));
  static_assert(sizeof(Hash) == 32);
  batch.put(kTiles, tile_key(ledger, tile).view(),
            std::string_view(reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes()));
}

void Store::put_filed(Batch& batch, LedgerNumber ledger, const DedupKey& key, std::span<const SequenceNumber> places) {
  std::string value;
  for (const SequenceNumber place : places) put_big_endian(value, place.value());
  batch.put(kDedup, filed_key(ledger, key).view(), value);
}

void Store::put_checkpoint(Batch& batch, LedgerNumber ledger, const StoredCheckpoint& checkpoint) {
  batch.put(kCheckpoints, numbered_key(ledger, checkpoint.size.value()).view(), checkpoint.note);
}

void Store::put_governing(Batch& batch, LedgerNumber ledger, SequenceNumber number) {
  batch.put(kGoverning, numbered_key(ledger, number.value()).view(), "");
}

void Store::put_ticks(Batch& batch, LedgerNumber ledger, std::string_view state) {
  batch.put(kMeta, meta_key(kTicksPrefix, ledger), state);
}

void Store::put_commit_number(Batch& batch, CommitNumber commit) {
  std::string value;
  put_big_endian(value, commit.value());
  batch.put(kMeta, kCommitKey, value);
}

Result<void> Store::visit(const Batch& batch, Visitor& visitor) {
  bool damaged = false;
  auto visited = batch.for_each([&](FamilyIndex family, std::string_view key, std::string_view value) {
    if (family == kEntries && key.size() == 12) {
      visitor.entry(LedgerNumber(get_big_endian<std::uint32_t>(key)),
                    SequenceNumber(get_big_endian<std::uint64_t>(key.substr(4))), value);
    } else if (family == kTiles && key.size() == 13) {
      visitor.tile(LedgerNumber(get_big_endian<std::uint32_t>(key)),
                   TileId{static_cast<unsigned char>(key[4]), get_big_endian<std::uint64_t>(key.substr(5))}, value);
    } else if (family == kEntries || family == kTiles) {
      damaged = true;
    }
  });
  if (!visited) return visited;
  if (damaged) return fail(Code::store_corrupt, "batch", "a key of another length than was put");
  return {};
}

Result<void> Store::commit(const Batch& batch) { return database_->write(batch, true); }
Result<void> Store::fill(const Batch& batch) { return database_->write_unlogged(batch); }
Result<void> Store::flush() { return database_->flush(); }
Result<void> Store::compact() { return database_->compact(); }
Result<void> Store::copy_to(const std::filesystem::path& target) const { return database_->checkpoint(target); }
std::uint64_t Store::disk_bytes() const { return database_->disk_bytes(); }

}  // namespace jangbu
