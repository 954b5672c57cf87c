#include "consumers/projections/store.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "consumers/projections/varint.h"
#include "ledger/hash.h"
#include "schemas/embedded.h"
#include "schemas/invariant.h"

namespace jangbu::consumers {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kFormat = "jangbu projections 2 ";
constexpr std::array<std::string_view, 5> kFamilyNames = {"meta", "postings", "times", "facts", "links"};

std::uint64_t biased(std::int64_t value) { return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63); }
std::int64_t unbiased(std::uint64_t value) { return static_cast<std::int64_t>(value ^ (std::uint64_t{1} << 63)); }

DatabaseOptions database_options(const std::filesystem::path& directory, bool create) {
  DatabaseOptions options;
  options.directory = directory;
  options.create = create;
  options.strict = false;
  for (const std::string_view name : kFamilyNames) {
    FamilyOptions family;
    family.name = std::string(name);
    // Most blocks lack most terms: asking for them should not read.
    family.random_lookups = name == "postings";
    if (name != "postings") family.write_buffer_bytes = std::size_t{4} << 20;
    options.families.push_back(std::move(family));
  }
  return options;
}

// All of a family whose keys begin with `prefix`.
template <typename Visit>
Result<void> scan(const Snapshot& snapshot, FamilyIndex family, std::string_view prefix, Visit&& visit) {
  Cursor cursor(snapshot, family);
  for (cursor.seek(prefix); cursor.valid() && cursor.key().starts_with(prefix); cursor.next()) {
    if (!visit(cursor.key().substr(prefix.size()), cursor.value())) return damaged(kFamilyNames[family], cursor.key());
  }
  if (auto status = cursor.status(); !status) return projection_error(status.error());
  return {};
}

}  // namespace

ProjectionStore::ProjectionStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

Result<std::unique_ptr<ProjectionStore>> ProjectionStore::open(const std::filesystem::path& directory,
                                                               std::string_view contract) {
  std::error_code ignored;
  const bool create = !std::filesystem::exists(directory, ignored) || std::filesystem::is_empty(directory, ignored);
  auto database = Database::open(database_options(directory, create));
  if (!database) {
    // A folder without a database in it was left by a crash while it was made.
    if (database.error().code == Code::no_such_node) {
      return fail(Code::state_corrupt, directory.string(), "the folder holds no projections");
    }
    return projection_error(database.error());
  }
  std::unique_ptr<ProjectionStore> store(new ProjectionStore(std::move(*database)));
  if (auto loaded = store->load(std::string(kFormat).append(contract)); !loaded) {
    return tl::unexpected(loaded.error());
  }
  return store;
}

Result<void> ProjectionStore::load(std::string_view format) {
  const Snapshot snapshot = database_->snapshot();
  const auto stored = snapshot.get(kMeta, kFormatKey);
  if (!stored) return projection_error(stored.error());
  if (!stored->has_value()) {
    Cursor cursor(snapshot, kMeta);
    cursor.seek("");
    if (cursor.valid()) return damaged("meta", kFormatKey);
    Batch batch;
    batch.put(kMeta, kFormatKey, format);
    return database_->write(batch, false);
  }
  if (**stored != format) {
    return fail(Code::state_corrupt, "meta/format", "the projections were built by another version or contract");
  }

  std::map<std::uint64_t, std::vector<BlockRange>> blocks;
  auto scanned = scan(snapshot, kMeta, "b", [&](std::string_view key, std::string_view value) {
    std::uint64_t number = 0, block = 0, min = 0, max = 0;
    if (!take_fixed<2>(key, number) || !take_fixed<4>(key, block) || !key.empty()) return false;
    if (!take_fixed<8>(value, min) || !take_fixed<8>(value, max) || !value.empty()) return false;
    auto& of_ledger = blocks[number];
    of_ledger.push_back(BlockRange{unbiased(min), unbiased(max)});
    return block + 1 == of_ledger.size();
  });
  if (!scanned) return scanned;
  return scan(snapshot, kMeta, "l", [&](std::string_view key, std::string_view value) {
    std::uint64_t number = 0, has_ticks = 0;
    auto id = LedgerId::parse(key);
    if (!id || !take_fixed<2>(value, number) || !take_fixed<1>(value, has_ticks) || !value.empty()) return false;
    LedgerState state{*id, static_cast<std::uint16_t>(number), has_ticks != 0,
                      std::make_shared<const std::vector<BlockRange>>(std::move(blocks[number])),
                      std::make_unique<OpenBlock>()};
    states_.emplace(*std::move(id), std::move(state));
    return true;
  });
}

Result<LedgerState*> ProjectionStore::ledger(const LedgerId& id, bool has_ticks) {
  if (const auto found = states_.find(id); found != states_.end()) return &found->second;
  const auto number = static_cast<std::uint16_t>(states_.size());
  std::string value;
  put_fixed<2>(value, number);
  put_fixed<1>(value, has_ticks ? 1 : 0);
  Batch batch;
  batch.put(kMeta, "l" + id.text(), value);
  if (auto written = database_->write(batch, false); !written) return tl::unexpected(written.error());
  LedgerState state{id, number, has_ticks, std::make_shared<const std::vector<BlockRange>>(),
                    std::make_unique<OpenBlock>()};
  return change([&] { return &states_.emplace(id, std::move(state)).first->second; });
}

Result<void> ProjectionStore::seal(LedgerState& ledger) {
  // Only this thread changes an open block, so it can be read here without the lock, while readers go on.
  const OpenBlock& open = *ledger.open;
  JANGBU_INVARIANT(open.full(), std::to_string(open.count()));
  const std::uint64_t block = ledger.blocks->size();

  std::vector<std::pair<std::string, std::string>> rows;
  open.for_each_term([&](std::string_view term, std::span<const std::uint16_t> offsets) {
    auto& row = rows.emplace_back(postings_key(ledger.number, term, block), std::string());
    encode_postings(offsets, row.second);
  });
  std::sort(rows.begin(), rows.end());  // a memtable takes rows in order faster
  Batch batch;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // Two terms of one hash: the row holds the entries of both.
    if (i + 1 < rows.size() && rows[i].first == rows[i + 1].first) {
      BlockBits bits, other;
      JANGBU_INVARIANT(decode_postings(rows[i].second, bits) && decode_postings(rows[i + 1].second, other), "own row");
      std::vector<std::uint16_t> both;
      bits.for_each([&](std::size_t offset) { other.set(offset); });
      other.for_each([&](std::size_t offset) { both.push_back(static_cast<std::uint16_t>(offset)); });
      rows[i + 1].second.clear();
      encode_postings(both, rows[i + 1].second);
      continue;
    }
    batch.put(kPostings, rows[i].first, rows[i].second);
  }
  const std::string at = block_key(ledger.number, block);
  std::string value;
  encode_times(open.times_ms(), value);
  batch.put(kTimes, at, value);
  if (!open.facts().empty()) batch.put(kFacts, at, open.facts().row());
  for (const auto& [key, link] : open.links()) batch.put(kLinks, key, link);
  const auto [min, max] = std::minmax_element(open.times_ms().begin(), open.times_ms().end());
  const BlockRange range{*min, *max};
  value.clear();
  put_fixed<8>(value, biased(range.min_ms));
  put_fixed<8>(value, biased(range.max_ms));
  batch.put(kMeta, "b" + at, value);
  if (auto written = database_->write(batch, false); !written) return written;

  auto blocks = std::make_shared<std::vector<BlockRange>>(*ledger.blocks);
  blocks->push_back(range);
  auto next = std::make_unique<OpenBlock>();
  change([&] {
    ledger.blocks = std::move(blocks);
    ledger.open.swap(next);
  });
  return {};
}

std::string contract_digest() {
  Sha256 hash;
  for (const EmbeddedFile& file : embedded_files()) {
    std::string lengths;
    put_text(lengths, file.name);
    put_varint(lengths, file.bytes.size());
    hash.update(lengths);
    hash.update(file.bytes);
  }
  return digest_text(hash.finish());
}

TermKey term_key(TermKind kind, std::string_view value) {
  TermKey key(1, static_cast<char>('a' + static_cast<unsigned>(kind)));
  key.append(value);
  return key;
}

std::string postings_prefix(std::uint16_t ledger, std::string_view term_key) {
  std::string key;
  put_fixed<2>(key, ledger);
  key.append(sha256(term_key).view().substr(0, 8));
  return key;
}

std::string postings_key(std::uint16_t ledger, std::string_view term_key, std::uint64_t block) {
  std::string key = postings_prefix(ledger, term_key);
  put_fixed<4>(key, block);
  return key;
}

std::string block_key(std::uint16_t ledger, std::uint64_t block) {
  std::string key;
  put_fixed<2>(key, ledger);
  put_fixed<4>(key, block);
  return key;
}

tl::unexpected<Error> projection_error(Error error) {
  if (error.code == Code::store_corrupt) error.code = Code::state_corrupt;
  return tl::unexpected<Error>(std::move(error));
}

tl::unexpected<Error> damaged(std::string_view family, std::string_view key) {
  return fail(Code::state_corrupt, std::string(family) + "/" + to_hex(key), "not a row that this version writes");
}

}  // namespace jangbu::consumers
