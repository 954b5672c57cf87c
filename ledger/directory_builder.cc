#include "ledger/directory_builder.h"

#include <algorithm>
#include <utility>

#include "ledger/checkpoint.h"
#include "ledger/recovery.h"
#include "ledger/screen_digest.h"
#include "ledger/stored_tree.h"
#include "ledger/tip.h"
#include "ledger/tree.h"

namespace jangbu {
namespace {

constexpr CommitNumber kFirstCommit(1);

}  // namespace

DirectoryBuilder::DirectoryBuilder(DirectoryBuilderOptions options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < std::max<std::size_t>(options_.slices, 1); ++i) {
    readers_.push_back(std::make_unique<RecordScreen>(options_.types));
  }
}

DirectoryBuilder::~DirectoryBuilder() = default;

Result<std::unique_ptr<DirectoryBuilder>> DirectoryBuilder::begin(DirectoryBuilderOptions options) {
  std::unique_ptr<DirectoryBuilder> builder(new DirectoryBuilder(std::move(options)));
  const std::filesystem::path& directory = builder->options_.directory;
  const Pins& pins = builder->options_.pins;
  if (pins.ledgers.empty()) return fail(Code::bad_value, "pins", "no ledger is pinned");
  if (pins.ledgers.size() > kTipLedgersMax) return fail(Code::bad_value, "pins", "more ledgers than one node takes");
  Files& files = Files::machine();
  std::error_code error;
  if (files.exists(directory) && !std::filesystem::is_empty(directory, error)) {
    return fail(Code::already_exists, directory.string(), "not an empty folder");
  }
  if (auto made = files.make_directories(directory); !made) return tl::unexpected(made.error());
  StoreOptions store_options;
  store_options.directory = database_path(directory);
  store_options.create = true;
  auto store = Store::open(store_options);
  if (!store) return tl::unexpected(store.error());
  builder->store_ = std::move(*store);
  std::vector<LedgerId> ledgers;
  const std::string digest = screen_digest(*builder->options_.types);
  for (const LedgerPin& pin : pins.ledgers) {
    ledgers.push_back(pin.ledger);
    LedgerState state(pin.ledger, builder->options_.types, digest);
    state.pin_genesis(pin.genesis_leaf);
    builder->ledgers_.emplace_back(std::move(state));
  }
  if (auto found = builder->store_->found(pins.space, ledgers); !found) return tl::unexpected(found.error());
  return builder;
}

Result<std::size_t> DirectoryBuilder::number_of(const LedgerId& ledger) const {
  for (std::size_t i = 0; i < ledgers_.size(); ++i) {
    if (ledgers_[i].state.id() == ledger) return i;
  }
  return fail(Code::no_such_ledger, ledger.text(), "not pinned");
}

TreeSize DirectoryBuilder::size(const LedgerId& ledger) const {
  const auto number = number_of(ledger);
  return number ? ledgers_[*number].state.size() : TreeSize(0);
}

// Each slice stops at its first error; the first of all is told.
Result<std::vector<EncodedEntry>> DirectoryBuilder::read(const LedgerId& ledger, TreeSize size,
                                                         std::span<const std::string_view> entries) {
  const std::size_t slices = std::min(readers_.size(), std::max<std::size_t>(entries.size() / 64, 1));
  std::vector<EncodedEntry> read(entries.size());
  std::vector<std::optional<Error>> errors(slices);
  const auto slice = [&](std::size_t index) {
    const std::size_t begin = entries.size() * index / slices, end = entries.size() * (index + 1) / slices;
    for (std::size_t i = begin; i < end; ++i) {
      auto encoded = read_encoded(entries[i], *readers_[index]);
      if (!encoded) {
        errors[index] =
            Error{Code::bad_entry, ledger.text() + "/" + std::to_string(size.value() + i), encoded.error().what};
        return;
      }
      read[i] = *encoded;
    }
  };
  if (options_.run_tasks) {
    options_.run_tasks(slices, slice);
  } else {
    for (std::size_t i = 0; i < slices; ++i) slice(i);
  }
  for (const std::optional<Error>& error : errors) {
    if (error) return tl::unexpected(*error);
  }
  return read;
}

Result<void> DirectoryBuilder::add(const LedgerId& ledger, std::span<const std::string_view> entries) {
  const auto found = number_of(ledger);
  if (!found) return tl::unexpected(found.error());
  LedgerState& state = ledgers_[*found].state;
  const LedgerNumber number(*found);
  const auto read = this->read(ledger, state.size(), entries);
  if (!read) return tl::unexpected(read.error());

  LaneBatch batch(*store_, number, state.size());
  std::vector<DedupKey> keys;
  keys.reserve(read->size());
  for (const EncodedEntry& encoded : *read) {
    if (encoded.type != nullptr) keys.push_back(encoded.key);
  }
  if (auto fetched = batch.prefetch(keys); !fetched) return fetched;
  batch_.clear();
  const auto full = [&](TileId tile, const TileTree& tree, const Hash&) {
    Store::put_tile(batch_, number, tile, tree.hashes());
  };
  bool ticks_changed = false;
  for (const EncodedEntry& encoded : *read) {
    auto step = state.take_over(encoded, batch, *readers_.front(), full);
    if (!step) return tl::unexpected(step.error());
    Store::put_entry(batch_, number, step->sequence, encoded.bytes);
    if (!step->filed.empty()) {
      Store::put_filed(batch_, number, encoded.key, step->filed);
      batch.file(encoded.key, std::move(step->filed));
    }
    if (step->governs) Store::put_governing(batch_, number, step->sequence);
    ticks_changed = ticks_changed || step->ticks_changed;
  }
  if (ticks_changed) Store::put_ticks(batch_, number, state.ticks().encode());
  return store_->fill(batch_);
}

Result<void> DirectoryBuilder::add_checkpoint(const LedgerId& ledger, std::string_view note) {
  const auto number = number_of(ledger);
  if (!number) return tl::unexpected(number.error());
  Building& building = ledgers_[*number];
  const auto checkpoint = open_checkpoint(note, options_.pins.ledgers[*number].log_key);
  if (!checkpoint) return fail(checkpoint.error().code, ledger.text(), checkpoint.error().what);
  const TreeSize size = building.state.size();
  const std::string where = ledger.text() + " at size " + std::to_string(checkpoint->size.value());
  if (checkpoint->size > size) {
    return fail(Code::bad_range, where, "the ledger has " + std::to_string(size.value()) + " entries here");
  }
  const auto root = root_at(checkpoint->size, [&](NodeId at) {
    return read_node(*store_, LedgerNumber(*number), size, building.state.edge(), at);
  });
  if (!root) return tl::unexpected(root.error());
  if (*root != checkpoint->root) {
    return fail(
        Code::root_contradicted, where,
        "its signer has signed root " + digest_text(checkpoint->root) + "; these entries give " + digest_text(*root));
  }
  Batch batch;
  Store::put_checkpoint(batch, LedgerNumber(*number), StoredCheckpoint{checkpoint->size, std::string(note)});
  building.signed_size = std::max(building.signed_size, checkpoint->size);
  return store_->fill(batch);
}

Result<void> DirectoryBuilder::finish() {
  std::vector<LedgerHead> heads;
  for (const Building& building : ledgers_) {
    if (building.signed_size != building.state.size()) {
      return fail(Code::checkpoint_pending, building.state.id().text(),
                  "it has " + std::to_string(building.state.size().value()) +
                      " entries, and no checkpoint of that size shows whose they are");
    }
    heads.push_back(LedgerHead{building.state.id(), building.state.size(), building.state.root()});
  }
  if (auto written = write_pins(options_.directory, options_.pins); !written) return written;
  Batch batch;
  Store::put_commit_number(batch, kFirstCommit);
  if (auto filled = store_->commit(batch); !filled) return filled;
  if (auto flushed = store_->flush(); !flushed) return flushed;
  const auto tip = TipFile::create(Files::machine(), tip_path(options_.directory), kFirstCommit, heads);
  if (!tip) return tl::unexpected(tip.error());
  // Last: what is not founded is nobody's node.
  return store_->finish_founding();
}

}  // namespace jangbu
