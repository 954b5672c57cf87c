#include "tools/rebuilding.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "ledger/checkpoint.h"
#include "ledger/directory_builder.h"
#include "ledger/note.h"
#include "tools/ledger_check.h"

namespace jangbu::tools {
namespace {

// Bundles are gathered to this many entries: enough for all threads, and little to hold.
constexpr std::uint64_t kChunkBundles = 32;

// Entries as they came, with the bytes they lie in.
struct Chunk {
  std::vector<std::string> bundles;
  std::vector<std::string_view> entries;
};

Result<Chunk> fetch(LedgerSource& source, TreeSize size, std::uint64_t bundle) {
  Chunk chunk;
  chunk.bundles.reserve(kChunkBundles);
  for (std::uint64_t at = bundle; at < bundle + kChunkBundles && at * kTileWidth < size.value(); ++at) {
    const TilePath path{true, TileId{0, at}, tile_width(TileId{0, at}, size)};
    auto bytes = source.tile(path);
    if (!bytes) return tl::unexpected(bytes.error());
    chunk.bundles.push_back(std::move(*bytes));
    const auto split = split_bundle(chunk.bundles.back());
    if (!split || split->size() != path.width) {
      return fail(Code::bad_entry, source.name() + " " + to_path(path),
                  split ? "holds " + std::to_string(split->size()) + " entries, not " + std::to_string(path.width)
                        : "byte " + split.error().where + ": " + split.error().what);
    }
    chunk.entries.insert(chunk.entries.end(), split->begin(), split->end());
  }
  return chunk;
}

// What a source's checkpoint states; who signed it is looked at when it is added.
Result<Checkpoint> stated(const LedgerSource& source) {
  const auto note = parse_note(source.checkpoint());
  if (!note) return fail(note.error().code, source.name(), note.error().what);
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return fail(checkpoint.error().code, source.name(), checkpoint.error().what);
  return checkpoint;
}

// The next chunk is fetched while this one is taken over.
Result<void> take_entries(DirectoryBuilder& builder, const LedgerId& ledger, LedgerSource& source, TreeSize size,
                          const RebuildOptions& options) {
  const std::uint64_t bundles = (size.value() + kTileWidth - 1) / kTileWidth;
  const auto fetching = [&](std::uint64_t at) {
    return std::async(std::launch::async, [&source, size, at] { return fetch(source, size, at); });
  };
  auto next = fetching(0);
  for (std::uint64_t at = 0; at < bundles; at += kChunkBundles) {
    const auto chunk = next.get();
    if (!chunk) return tl::unexpected(chunk.error());
    if (at + kChunkBundles < bundles) next = fetching(at + kChunkBundles);
    auto added = builder.add(ledger, chunk->entries);
    if (!added) {
      if (next.valid()) next.wait();
      return added;
    }
    if (options.progress) options.progress(ledger, builder.size(ledger).value());
  }
  return {};
}

Result<std::uint64_t> take_checkpoints(DirectoryBuilder& builder, const LedgerId& ledger, LedgerSource& source,
                                       TreeSize size) {
  std::uint64_t taken = 0;
  for (TreeSize from(1);;) {
    const auto notes = source.checkpoints(from);
    if (!notes) return tl::unexpected(notes.error());
    for (const SignedNote& note : *notes) {
      if (note.size > size) break;
      if (auto added = builder.add_checkpoint(ledger, note.note); !added) return tl::unexpected(added.error());
      ++taken;
    }
    if (notes->empty() || notes->back().size >= size) break;
    from = TreeSize(notes->back().size.value() + 1);
  }
  // The one that the entries were read under; mostly it was among those.
  if (auto added = builder.add_checkpoint(ledger, source.checkpoint()); !added) return tl::unexpected(added.error());
  return std::max<std::uint64_t>(taken, 1);
}

}  // namespace

Result<Pins> pins_of(const std::vector<std::unique_ptr<LedgerSource>>& sources,
                     const std::shared_ptr<const TypeTable>& types) {
  std::optional<Pins> pins;
  RecordScreen reader(types);
  for (const auto& source : sources) {
    const auto checkpoint = stated(*source);
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    const auto bad = [&source](std::string what) { return fail(Code::bad_entry, source->name(), std::move(what)); };
    if (checkpoint->size.value() == 0) return bad("an empty ledger has no genesis");
    const auto bytes = source->tile(TilePath{true, TileId{0, 0}, tile_width(TileId{0, 0}, checkpoint->size)});
    if (!bytes) return tl::unexpected(bytes.error());
    const auto bundle = split_bundle(*bytes);
    const auto encoded = bundle && !bundle->empty() ? read_encoded(bundle->front(), reader)
                                                    : tl::unexpected(Error{Code::bad_entry, "", "no bundle"});
    if (!encoded) return bad(encoded.error().what);
    const auto event = reader.read(encoded->entry.body);
    if (!event) return bad(event.error().what);
    const auto authors = AuthorRegistry::from_genesis(*event, encoded->entry);
    if (!authors) return bad(authors.error().what);
    const VerifierKey *log = nullptr, *coordinator = nullptr;
    for (const RegisteredKey& key : authors->keys()) {
      if (key.use == KeyUse::log) log = &key.key;
      if (key.use == KeyUse::coordinator) coordinator = &key.key;
    }
    if (log == nullptr || coordinator == nullptr) return bad("a genesis without its keys");
    const std::string space = authors->origin().substr(0, authors->origin().find('/'));
    if (!pins) pins = Pins{space, *coordinator, {}};
    if (pins->space != space || pins->coordinator_key.text() != coordinator->text()) {
      return fail(Code::bad_usage, source->name(),
                  "of space " + space + " under " + coordinator->text() + ", and others here are of " + pins->space +
                      " under " + pins->coordinator_key.text());
    }
    if (pins->find(authors->ledger()) != nullptr) {
      return fail(Code::bad_usage, source->name(), authors->ledger().text() + " is given twice");
    }
    pins->ledgers.push_back(LedgerPin{authors->ledger(), encoded->leaf, *log});
  }
  if (!pins) return fail(Code::bad_usage, "", "no ledger is here");
  std::sort(pins->ledgers.begin(), pins->ledgers.end(),
            [](const LedgerPin& one, const LedgerPin& other) { return one.ledger < other.ledger; });
  return std::move(*pins);
}

Result<std::vector<RebuiltLedger>> rebuild(const RebuildOptions& options,
                                           const std::vector<std::unique_ptr<LedgerSource>>& sources) {
  DirectoryBuilderOptions building;
  building.directory = options.directory;
  building.pins = options.pins;
  building.types = options.types;
  VerifierOptions cores;
  use_all_cores(cores);
  building.run_tasks = cores.run_tasks;
  building.slices = cores.slices;
  auto builder = DirectoryBuilder::begin(std::move(building));
  if (!builder) return tl::unexpected(builder.error());
  std::vector<RebuiltLedger> rebuilt;
  for (const auto& source : sources) {
    const auto checkpoint = stated(*source);
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    const std::string prefix = options.pins.space + "/";
    const auto ledger = LedgerId::parse(
        checkpoint->origin.starts_with(prefix) ? checkpoint->origin.substr(prefix.size()) : std::string());
    if (!ledger || options.pins.find(*ledger) == nullptr) continue;
    if ((*builder)->size(*ledger).value() > 0) {
      return fail(Code::bad_usage, source->name(), ledger->text() + " is given twice");
    }
    auto taken = take_entries(**builder, *ledger, *source, checkpoint->size, options);
    if (!taken) return tl::unexpected(taken.error());
    const auto notes = take_checkpoints(**builder, *ledger, *source, checkpoint->size);
    if (!notes) return tl::unexpected(notes.error());
    rebuilt.push_back(RebuiltLedger{*ledger, checkpoint->size.value(), *notes, checkpoint->root});
  }
  if (auto finished = (*builder)->finish(); !finished) return tl::unexpected(finished.error());
  return rebuilt;
}

}  // namespace jangbu::tools
