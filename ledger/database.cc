// The only file that names RocksDB. What PITFALLS measured about it stands beside each option.
#include "ledger/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "schemas/invariant.h"

namespace jangbu {
namespace {

// Of a hash table in memory: as many as keys that a log of max_total_wal_size leaves there, about.
constexpr std::size_t kHashBuckets = std::size_t{1} << 16;

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

Error error_of(const rocksdb::Status& status, std::string where) {
  const Code code = status.IsCorruption() ? Code::store_corrupt : status.IsNoSpace() ? Code::disk_full : Code::io;
  return Error{code, std::move(where), status.ToString()};
}

// A batch is filled before it knows its database, so it names families by number: `default` has 0, ours count from 1 in
// the order of DatabaseOptions::families. Database::open() asserts that the database agrees.
class FamilyNumber final : public rocksdb::ColumnFamilyHandle {
 public:
  explicit FamilyNumber(FamilyIndex family) : id_(static_cast<std::uint32_t>(family + 1)) {}
  const std::string& GetName() const override { return name_; }
  std::uint32_t GetID() const override { return id_; }
  rocksdb::Status GetDescriptor(rocksdb::ColumnFamilyDescriptor*) override { return rocksdb::Status::NotSupported(); }
  const rocksdb::Comparator* GetComparator() const override { return rocksdb::BytewiseComparator(); }

 private:
  std::uint32_t id_;
  std::string name_;
};

rocksdb::ColumnFamilyOptions family_options(const FamilyOptions& family, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = family.write_buffer_bytes;
  options.max_write_buffer_number = 3;
  options.level_compaction_dynamic_level_bytes = true;
  options.force_consistency_checks = true;
  options.paranoid_file_checks = false;  // would read every new file again at once: the daily audit does that
  options.compression = family.compress ? rocksdb::kZSTD : rocksdb::kNoCompression;
  options.compression_opts.level = 1;  // the cheapest: compaction shares two cores with the writer

  // Keys in no order make a skip list slow: it took a third of all the writer's time.
  if (family.unordered) {
    options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(8));
    options.memtable_factory.reset(rocksdb::NewHashLinkListRepFactory(kHashBuckets, 0, 0, false));
  }
  // Remembers where the last key of each prefix went, so that the next one does not search for its place.
  if (family.in_order) options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(4));

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = family.block_bytes;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.verify_compression = true;
  if (family.random_lookups) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.memtable_prefix_bloom_size_ratio = 0.05;
    options.memtable_whole_key_filtering = true;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::DBOptions database_options(const DatabaseOptions& options) {
  rocksdb::DBOptions db;
  if (options.env != nullptr) db.env = static_cast<rocksdb::Env*>(options.env);
  db.create_if_missing = options.create;
  db.create_missing_column_families = options.create;
  db.paranoid_checks = true;
  db.manual_wal_flush = false;
  db.recycle_log_file_num = 0;
  db.wal_recovery_mode = options.strict && options.log_recovery == LogRecovery::torn_tail
                             ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                             : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // A storage error ends writing for good: what the disk then holds is for the start procedure to say.
  if (options.strict) db.max_bgerror_resume_count = 0;
  // Both opens of the start procedure replay this log: bounded, a start stays far below a second.
  db.max_total_wal_size = std::uint64_t{64} << 20;
  db.max_background_jobs = 2;
  db.allow_concurrent_memtable_write = false;  // one writer; not every memtable could
  db.max_open_files = 1000;
  db.avoid_unnecessary_blocking_io = true;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.keep_log_file_num = 4;
  db.max_log_file_size = std::size_t{4} << 20;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

rocksdb::ReadOptions read_options(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.snapshot = snapshot;
  return options;
}

// An open database, shared by its snapshots and cursors, so that none outlives it.
struct Handle {
  std::filesystem::path directory;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;  // [0] is "default"

  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (!db) return;
    for (rocksdb::ColumnFamilyHandle* family : families) {
      // Fails only for "default", which cannot be dropped.
      db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
    db->Close().PermitUncheckedError();  // what was acknowledged is synced already
  }

  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(FamilyIndex index) const {
    JANGBU_INVARIANT(index + 1 < families.size(), std::to_string(index));
    return families[index + 1];
  }
  [[nodiscard]] std::string name() const { return directory.string(); }

  [[nodiscard]] Result<std::optional<std::string>> get(const rocksdb::Snapshot* snapshot, FamilyIndex index,
                                                       std::string_view key) const {
    std::string value;
    const rocksdb::Status status = db->Get(read_options(snapshot), family(index), slice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return tl::unexpected(error_of(status, name()));
    return value;
  }

  template <typename Key>
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> multi_get(const rocksdb::Snapshot* snapshot,
                                                                          FamilyIndex index,
                                                                          std::span<const Key> keys) const {
    std::vector<std::optional<std::string>> found(keys.size());
    std::vector<rocksdb::Slice> slices(keys.size());
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) slices[i] = slice(keys[i]);
    db->MultiGet(read_options(snapshot), family(index), keys.size(), slices.data(), values.data(), statuses.data());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      if (!statuses[i].ok()) return tl::unexpected(error_of(statuses[i], name()));
      found[i] = values[i].ToString();
    }
    return found;
  }
};

}  // namespace

struct Batch::Impl {
  // 8 bytes of checksum a key, from here to the memtable: a flipped bit on the way is an error, not an entry.
  rocksdb::WriteBatch batch{0, 0, 8, 0};
};

Batch::Batch() : impl_(std::make_unique<Impl>()) {}
Batch::~Batch() = default;
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;

void Batch::put(FamilyIndex family, std::string_view key, std::string_view value) {
  FamilyNumber number(family);
  const rocksdb::Status status = impl_->batch.Put(&number, slice(key), slice(value));
  JANGBU_INVARIANT(status.ok(), status.ToString());  // no limit is set, so only a wrong call fails
}

void Batch::remove(FamilyIndex family, std::string_view key) {
  FamilyNumber number(family);
  const rocksdb::Status status = impl_->batch.Delete(&number, slice(key));
  JANGBU_INVARIANT(status.ok(), status.ToString());
}

void Batch::clear() { impl_->batch.Clear(); }

Result<void> Batch::for_each(
    const std::function<void(FamilyIndex, std::string_view key, std::string_view value)>& visit) const {
  struct Visitor final : rocksdb::WriteBatch::Handler {
    const std::function<void(FamilyIndex, std::string_view, std::string_view)>* visit = nullptr;
    rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
      if (family == 0) return rocksdb::Status::Corruption("a key outside the families");
      (*visit)(family - 1, view(key), view(value));
      return rocksdb::Status::OK();
    }
    rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override { return rocksdb::Status::OK(); }
  };
  Visitor visitor;
  visitor.visit = &visit;
  const rocksdb::Status status = impl_->batch.Iterate(&visitor);
  if (!status.ok()) return fail(Code::store_corrupt, "batch", status.ToString());
  return {};
}

std::size_t Batch::bytes() const { return impl_->batch.GetDataSize(); }
bool Batch::empty() const { return impl_->batch.Count() == 0; }

struct Snapshot::Impl {
  std::shared_ptr<Handle> handle;
  const rocksdb::Snapshot* snapshot = nullptr;

  explicit Impl(std::shared_ptr<Handle> shared) : handle(std::move(shared)), snapshot(handle->db->GetSnapshot()) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { handle->db->ReleaseSnapshot(snapshot); }
};

Result<std::optional<std::string>> Snapshot::get(FamilyIndex family, std::string_view key) const {
  return impl_->handle->get(impl_->snapshot, family, key);
}

Result<std::vector<std::optional<std::string>>> Snapshot::multi_get(FamilyIndex family,
                                                                    std::span<const std::string> keys) const {
  return impl_->handle->multi_get(impl_->snapshot, family, keys);
}

struct Cursor::Impl {
  std::shared_ptr<const Snapshot::Impl> snapshot;
  std::unique_ptr<rocksdb::Iterator> iterator;
};

Cursor::Cursor(const Snapshot& snapshot, FamilyIndex family) : impl_(std::make_unique<Impl>()) {
  impl_->snapshot = snapshot.impl_;
  const Handle& handle = *snapshot.impl_->handle;
  rocksdb::ReadOptions options = read_options(snapshot.impl_->snapshot);
  options.auto_prefix_mode = false;
  options.total_order_seek = true;
  impl_->iterator.reset(handle.db->NewIterator(options, handle.family(family)));
}
Cursor::~Cursor() = default;
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;

void Cursor::seek(std::string_view key) { impl_->iterator->Seek(slice(key)); }
void Cursor::seek_for_previous(std::string_view key) { impl_->iterator->SeekForPrev(slice(key)); }
void Cursor::next() { impl_->iterator->Next(); }
void Cursor::previous() { impl_->iterator->Prev(); }
bool Cursor::valid() const { return impl_->iterator->Valid(); }
std::string_view Cursor::key() const { return view(impl_->iterator->key()); }
std::string_view Cursor::value() const { return view(impl_->iterator->value()); }

Result<void> Cursor::status() const {
  const rocksdb::Status status = impl_->iterator->status();
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->snapshot->handle->name()));
  return {};
}

struct Database::Impl {
  std::shared_ptr<Handle> handle;
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  const std::string name = options.directory.string();
  const rocksdb::DBOptions db_options = database_options(options);
  if (!options.create && !db_options.env->FileExists(name + "/CURRENT").ok()) {
    return fail(Code::no_such_node, name, "there is no database here");
  }
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  FamilyOptions unused;
  unused.write_buffer_bytes = std::size_t{64} << 10;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(unused, cache));
  for (const FamilyOptions& family : options.families) {
    descriptors.emplace_back(family.name, family_options(family, cache));
  }

  auto handle = std::make_shared<Handle>();
  handle->directory = options.directory;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      options.read_only ? rocksdb::DB::OpenForReadOnly(db_options, name, descriptors, &handle->families, &db)
                        : rocksdb::DB::Open(db_options, name, descriptors, &handle->families, &db);
  handle->db.reset(db);
  if (!status.ok()) {
    const std::string what = status.ToString();
    if (what.find("lock") != std::string::npos && status.IsIOError()) return fail(Code::dir_locked, name, what);
    // A family that is not there, a manifest that names other files: RocksDB calls them invalid arguments. A manifest
    // or a log that CURRENT or the manifest names and that is not there: an I/O error, path not found.
    const bool damaged =
        status.IsCorruption() || status.IsInvalidArgument() || status.IsNotFound() || status.IsPathNotFound();
    Error error = error_of(status, name);
    if (damaged) error.code = Code::store_corrupt;
    return tl::unexpected(std::move(error));
  }
  for (std::size_t i = 0; i < handle->families.size(); ++i) {
    if (handle->families[i]->GetID() != i) {
      return fail(Code::store_corrupt, name, "column family " + handle->families[i]->GetName() + " has another number");
    }
  }
  auto impl = std::make_unique<Impl>();
  impl->handle = std::move(handle);
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Result<void> Database::write(const Batch& batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = impl_->handle->db->Write(options, &batch.impl_->batch);
  if (status.ok()) return {};
  Error error = error_of(status, impl_->handle->name());
  // Some of it may be on disk: nobody can say before the next start has looked.
  if (sync) error.code = Code::commit_unknown;
  return tl::unexpected(std::move(error));
}

Result<void> Database::write_unlogged(const Batch& batch) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const rocksdb::Status status = impl_->handle->db->Write(options, &batch.impl_->batch);
  if (status.ok()) return {};
  return tl::unexpected(error_of(status, impl_->handle->name()));
}

Snapshot Database::snapshot() const {
  Snapshot snapshot;
  snapshot.impl_ = std::make_shared<Snapshot::Impl>(impl_->handle);
  return snapshot;
}

Result<std::optional<std::string>> Database::get(FamilyIndex family, std::string_view key) const {
  return impl_->handle->get(nullptr, family, key);
}

Result<std::vector<std::optional<std::string>>> Database::multi_get(FamilyIndex family,
                                                                    std::span<const std::string> keys) const {
  return impl_->handle->multi_get(nullptr, family, keys);
}

Result<std::vector<std::optional<std::string>>> Database::multi_get(FamilyIndex family,
                                                                    std::span<const std::string_view> keys) const {
  return impl_->handle->multi_get(nullptr, family, keys);
}

Result<void> Database::checkpoint(const std::filesystem::path& target) const {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(impl_->handle->db.get(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  // 0: flush whatever the log holds, so that the copy needs no replay.
  if (status.ok()) status = checkpoint->CreateCheckpoint(target.string(), 0);
  if (!status.ok()) return tl::unexpected(error_of(status, target.string()));
  return {};
}

Result<void> Database::flush() {
  rocksdb::FlushOptions options;
  options.wait = true;
  const rocksdb::Status status = impl_->handle->db->Flush(options, impl_->handle->families);
  if (!status.ok()) return tl::unexpected(error_of(status, impl_->handle->name()));
  return {};
}

Result<void> Database::compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (rocksdb::ColumnFamilyHandle* family : impl_->handle->families) {
    const rocksdb::Status status = impl_->handle->db->CompactRange(options, family, nullptr, nullptr);
    if (!status.ok()) return tl::unexpected(error_of(status, impl_->handle->name()));
  }
  return {};
}

std::uint64_t Database::disk_bytes() const {
  std::uint64_t total = 0;
  for (rocksdb::ColumnFamilyHandle* family : impl_->handle->families) {
    std::uint64_t bytes = 0;
    if (impl_->handle->db->GetIntProperty(family, rocksdb::DB::Properties::kTotalSstFilesSize, &bytes)) total += bytes;
  }
  rocksdb::VectorLogPtr logs;
  if (impl_->handle->db->GetSortedWalFiles(logs).ok()) {
    for (const auto& log : logs) total += log->SizeFileBytes();
  }
  return total;
}

}  // namespace jangbu
