#include "ledger/view.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "ledger/view_state.h"
#include "schemas/invariant.h"
#include "schemas/timestamp.h"

namespace jangbu {
namespace {

std::string place(const LedgerViewState& state, SequenceNumber number) {
  return state.info->id.text() + "/" + std::to_string(number.value());
}

HashAt hash_reader(const LedgerViewState& state) {
  return [&state](NodeId node) { return read_node(*state.store, state.number, state.size, state.edge, node); };
}

Error no_such_entry(const LedgerViewState& state, SequenceNumber number) {
  return Error{Code::no_such_entry, place(state, number),
               "the ledger has " + std::to_string(state.size.value()) + " entries"};
}

tl::unexpected<Error> beyond(const LedgerViewState& state, TreeSize size) {
  return fail(Code::bad_range, state.info->id.text(),
              "size " + std::to_string(size.value()) + " is beyond " + std::to_string(state.size.value()));
}

Result<StoredEntry> decode_stored(const LedgerViewState& state, SequenceNumber number, std::string bytes) {
  const auto entry = decode(bytes);
  if (!entry) return fail(Code::store_corrupt, place(state, number), entry.error().what);
  if (entry->sequence != number) return fail(Code::store_corrupt, place(state, number), "another place's entry");
  return StoredEntry(std::move(bytes), *entry);
}

// The smallest signed checkpoint that covers an entry of this view.
Result<StoredCheckpoint> covering_of(const LedgerViewState& state, SequenceNumber number) {
  if (!covers(state.size, number)) return tl::unexpected(no_such_entry(state, number));
  if (!covers(state.checkpoint_size, number)) {
    return fail(Code::checkpoint_pending, place(state, number),
                "this node follows the ledger, and its signer's newest checkpoint here has size " +
                    std::to_string(state.checkpoint_size.value()));
  }
  for (auto recent = state.recent.rbegin(); recent != state.recent.rend(); ++recent) {
    if (number.value() >= (*recent)->begin.value()) return StoredCheckpoint{(*recent)->size, (*recent)->note};
  }
  auto checkpoint = state.store->checkpoint_from(state.number, size_after(number));
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  if (!*checkpoint || (*checkpoint)->size > state.size) {
    return fail(Code::store_corrupt, place(state, number), "no checkpoint covers a released entry");
  }
  // What comes from the disk was signed by somebody: this node, one hopes.
  const auto opened = open_checkpoint((*checkpoint)->note, state.info->log_key);
  if (!opened || opened->size != (*checkpoint)->size) {
    return fail(Code::store_corrupt, place(state, number),
                "the checkpoint of size " + std::to_string((*checkpoint)->size.value()) + " is not this log's");
  }
  return std::move(**checkpoint);
}

}  // namespace

// A string that moves takes a short text's bytes along: the views are set again on the bytes where they are now.
StoredEntry::StoredEntry(std::string encoded, const Entry& decoded) : bytes(std::move(encoded)), entry(decoded) {
  entry.body = std::string_view(bytes).substr(bytes.size() - decoded.body.size());
}
StoredEntry::StoredEntry(StoredEntry&& other) noexcept : StoredEntry(std::move(other.bytes), other.entry) {}
StoredEntry& StoredEntry::operator=(StoredEntry&& other) noexcept {
  bytes = std::move(other.bytes);
  entry = other.entry;
  entry.body = std::string_view(bytes).substr(bytes.size() - other.entry.body.size());
  return *this;
}

LedgerView::LedgerView(std::shared_ptr<const LedgerViewState> state) : state_(std::move(state)) {}

const LedgerInfo& LedgerView::info() const { return *state_->info; }
TreeSize LedgerView::size() const { return state_->size; }
Hash LedgerView::root() const { return state_->root; }
const std::string& LedgerView::checkpoint() const { return state_->checkpoint; }
TreeSize LedgerView::checkpoint_size() const { return state_->checkpoint_size; }

Result<StoredEntry> LedgerView::entry(SequenceNumber number) const {
  if (!covers(size(), number)) return tl::unexpected(no_such_entry(*state_, number));
  auto bytes = state_->store->entry(state_->number, number);
  if (!bytes) return tl::unexpected(bytes.error());
  if (!*bytes) return fail(Code::store_corrupt, place(*state_, number), "a released entry is missing");
  return decode_stored(*state_, number, std::move(**bytes));
}

Result<Hash> LedgerView::leaf(SequenceNumber number) const {
  if (!covers(size(), number)) return tl::unexpected(no_such_entry(*state_, number));
  return read_node(*state_->store, state_->number, state_->size, state_->edge, NodeId{0, number.value()});
}

Result<std::vector<StoredEntry>> LedgerView::read(SequenceNumber from, std::size_t count_max,
                                                  std::size_t bytes_max) const {
  auto stored = state_->store->entries(state_->number, from, size(), count_max, bytes_max);
  if (!stored) return tl::unexpected(stored.error());
  std::vector<StoredEntry> entries;
  entries.reserve(stored->size());
  SequenceNumber number = from;
  for (std::string& bytes : *stored) {
    auto entry = decode_stored(*state_, number, std::move(bytes));
    if (!entry) return tl::unexpected(entry.error());
    entries.push_back(std::move(*entry));
    number = next(number);
  }
  return entries;
}

Result<std::optional<SequenceNumber>> LedgerView::find(std::string_view source, std::string_view id) const {
  auto places = state_->store->filed(state_->number, dedup_key(source, id));
  if (!places) return tl::unexpected(places.error());
  std::optional<SequenceNumber> found;
  for (const SequenceNumber number : *places) {
    if (!covers(size(), number)) continue;
    if (places->size() == 1) return number;
    // Two different (source, id) under one key of 16 bytes: the entry says which is meant.
    auto stored = entry(number);
    if (!stored) return tl::unexpected(stored.error());
    const auto event = nlohmann::json::parse(stored->entry.body, nullptr, false);
    if (event.is_object() && event.value("source", "") == source && event.value("id", "") == id) found = number;
  }
  return found;
}

Result<std::vector<Hash>> LedgerView::inclusion(SequenceNumber number, TreeSize size) const {
  if (size > state_->size) return beyond(*state_, size);
  return inclusion_proof(number, size, hash_reader(*state_));
}

Result<std::vector<Hash>> LedgerView::consistency(TreeSize from, TreeSize to) const {
  if (to > state_->size) return beyond(*state_, to);
  return consistency_proof(from, to, hash_reader(*state_));
}

Result<std::string> LedgerView::covering_checkpoint(SequenceNumber number) const {
  auto covering = covering_of(*state_, number);
  if (!covering) return tl::unexpected(covering.error());
  return std::move(covering->note);
}

Result<std::vector<SignedNote>> LedgerView::checkpoints(TreeSize from, std::size_t count_max) const {
  std::vector<SignedNote> notes;
  TreeSize next = from;
  while (notes.size() < count_max && next <= state_->checkpoint_size) {
    auto stored = state_->store->checkpoint_from(state_->number, next);
    if (!stored) return tl::unexpected(stored.error());
    if (!*stored || (*stored)->size > state_->checkpoint_size) break;
    next = TreeSize((*stored)->size.value() + 1);
    notes.push_back(SignedNote{(*stored)->size, std::move((*stored)->note)});
  }
  return notes;
}

Result<Hash> LedgerView::root_at(TreeSize size) const {
  if (size > state_->size) return beyond(*state_, size);
  return jangbu::root_at(size, hash_reader(*state_));
}

Result<std::string> LedgerView::tile(const TilePath& path) const {
  const auto missing = [&] {
    return fail(Code::bad_tile_path, to_path(path),
                "not in a tree of " + std::to_string(state_->size.value()) + " entries");
  };
  if (path.width == 0 || path.width > tile_width(path.tile, state_->size)) return missing();
  if (!path.entries) {
    auto hashes = read_tile(*state_->store, state_->number, state_->size, state_->edge, path.tile, path.width);
    if (!hashes) return tl::unexpected(hashes.error());
    return std::string(reinterpret_cast<const char*>(hashes->data()), hashes->size() * sizeof(Hash));
  }
  if (path.tile.level != 0) return missing();
  const SequenceNumber from(path.tile.index * kTileWidth);
  auto entries = state_->store->entries(state_->number, from, size(), path.width, SIZE_MAX);
  if (!entries) return tl::unexpected(entries.error());
  std::string bundle;
  for (const std::string& bytes : *entries) append_to_bundle(bundle, bytes);
  return bundle;
}

Result<void> audit(const LedgerView& view) {
  const LedgerViewState& state = *view.state_;
  const auto damaged = [&](SequenceNumber number, std::string what) {
    return fail(Code::store_corrupt, place(state, number), std::move(what));
  };
  GrowingTree tree;
  Result<void> tiles;
  const auto full = [&](TileId id, const TileTree& tile, const Hash&) {
    const std::span<const Hash> hashes = tile.hashes();
    const auto stored = state.store->tile(state.number, id);
    if (!stored) {
      tiles = tl::unexpected(stored.error());
    } else if (!*stored || std::memcmp((*stored)->data(), hashes.data(), hashes.size_bytes()) != 0) {
      tiles = fail(Code::store_corrupt, state.info->id.text() + "/" + to_path(TilePath{false, id, kTileWidth}),
                   "a full tile that is not its entries' hashes");
    }
  };
  Hash previous;
  for (SequenceNumber number(0); covers(state.size, number);) {
    auto entries = state.store->entries(state.number, number, state.size, 1024, std::size_t{4} << 20);
    if (!entries) return tl::unexpected(entries.error());
    for (const std::string& bytes : *entries) {
      const auto entry = decode(bytes);
      if (!entry) return damaged(number, entry.error().what);
      if (entry->sequence != number) return damaged(number, "another place's entry");
      if (entry->previous != previous) return damaged(number, "does not name the entry before it");
      previous = leaf_hash(bytes);
      tree.append(previous, full);
      if (!tiles) return tiles;
      number = next(number);
    }
  }
  if (tree.root() != state.root) return damaged(last_of(state.size), "the entries give another root than was released");
  if (state.checkpoint.empty()) return {};  // followed, and nothing taken over yet
  const auto checkpoint = open_checkpoint(state.checkpoint, state.info->log_key);
  const auto root = view.root_at(state.checkpoint_size);
  if (!root) return tl::unexpected(root.error());
  if (!checkpoint || checkpoint->size != state.checkpoint_size || checkpoint->root != *root) {
    return damaged(last_of(state.checkpoint_size), "the signed checkpoint is not this tree's");
  }
  return {};
}

Result<Receipt> receipt(const LedgerView& view, SequenceNumber number) {
  const auto stored = view.entry(number);
  if (!stored) return tl::unexpected(stored.error());
  return receipt(view, number, leaf_hash(stored->bytes), stored->entry.received_ms);
}

Result<Receipt> receipt(const LedgerView& view, SequenceNumber number, const Hash& leaf, std::int64_t received_ms) {
  auto covering = covering_of(*view.state_, number);
  if (!covering) return tl::unexpected(covering.error());
  auto proof = view.inclusion(number, covering->size);
  if (!proof) return tl::unexpected(proof.error());
  Receipt receipt;
  receipt.origin = view.info().origin;
  receipt.sequence = number;
  receipt.leaf = leaf;
  receipt.received_ms = received_ms;
  receipt.proof = TlogProof{std::nullopt, number, std::move(*proof), std::move(covering->note)};
  return receipt;
}

std::string to_json(const Receipt& receipt) {
  using Json = nlohmann::ordered_json;
  Json proof = Json::object();
  proof["index"] = receipt.proof.number.value();
  Json hashes = Json::array();
  for (const Hash& hash : receipt.proof.proof) hashes.push_back(to_base64(hash.view()));
  proof["hashes"] = std::move(hashes);
  proof["checkpoint"] = receipt.proof.checkpoint;
  Json json = Json::object();
  json["origin"] = receipt.origin;
  json["sequence"] = receipt.sequence.value();
  json["leaf"] = digest_text(receipt.leaf);
  json["received"] = to_string(Timestamp::from_milliseconds(receipt.received_ms));
  json["proof"] = std::move(proof);
  return json.dump();
}

}  // namespace jangbu
