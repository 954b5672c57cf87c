// A ledger taken over into a new node's directory, as `jangbu rebuild` does it: from exported tiles, and from another
// node's database; verified under its checkpoint, with dedup keys, tiles and all checkpoints. Beside it: reading the
// same bundles and hashing them into a tree, on one core, without storing anything.
#include <nlohmann/json.hpp>
#include <sstream>

#include "ledger/tiles.h"
#include "ledger/tree.h"
#include "tests/bench/jangbu_bench/bench.h"
#include "tools/command.h"
#include "tools/ledger_source.h"
#include "tools/rebuilding.h"

namespace jangbu::bench {
namespace {

// In commits of 4,096, as a busy node has them.
std::uint64_t fill(const Options& options, const BenchSpace& space, std::uint64_t count) {
  const auto node = space.open(4096);
  const EventMaker maker(options.seed);
  std::optional<Error> failed;
  for (std::uint64_t i = 0; i < count;) {
    for (std::uint64_t end = std::min(count, i + 4096); i < end; ++i) {
      Submission submission{space.patients(), maker.accessed(i, kYearStartMs + static_cast<std::int64_t>(i) * 1000),
                            std::nullopt, true};
      value_of(node->submit(std::move(submission), [&failed](const Result<Placement>& placed) {
        if (!placed) failed = placed.error();
      }));
    }
    value_of(node->commit_pending());
  }
  if (failed) die(*failed);
  return value_of(node->view(space.patients())).size().value();
}

double hash_alone(tools::LedgerSource& source, std::uint64_t size) {
  const auto start = SteadyClock::now();
  Frontier frontier;
  for (std::uint64_t at = 0; at * kTileWidth < size; ++at) {
    const TileId tile{0, at};
    const std::string bytes = value_of(source.tile(TilePath{true, tile, tile_width(tile, TreeSize(size))}));
    for (const std::string_view entry : value_of(split_bundle(bytes))) frontier.append(leaf_hash(entry));
  }
  return static_cast<double>(size) / seconds_since(start);
}

}  // namespace

int rebuild(const Options& options) {
  const std::uint64_t total = options.entries != 0 ? options.entries : options.tiny ? 2'000 : 1'000'000;
  Figures figures(options, total);
  const BenchSpace space(options);
  const std::uint64_t size = fill(options, space, total);
  const std::filesystem::path exported = space.directory().parent_path() / "exported";
  {
    std::istringstream in;
    std::ostringstream out, err;
    tools::Environment environment{in, out, err, BenchSpace::clock(), false, {}, {}};
    const std::vector<std::string> words{"export", space.directory().string(), exported.string(), "--ledger",
                                         space.patients().text()};
    if (tools::run(words, environment) != 0) die(Error{Code::io, "export", err.str()});
  }
  const auto measure = [&](const char* name, const std::string& from, const char* into) {
    auto opened = value_of(tools::open_ledger_sources(from, space.types()));
    std::erase_if(opened.ledgers, [&](const auto& source) { return source->name() != space.patients().text(); });
    const double hashed = hash_alone(*opened.ledgers.front(), size);
    tools::RebuildOptions rebuilding{space.directory().parent_path() / into,
                                     value_of(tools::pins_of(opened.ledgers, space.types())), space.types(), nullptr};
    const auto start = SteadyClock::now();
    const auto rebuilt = value_of(tools::rebuild(rebuilding, opened.ledgers));
    const double rate = static_cast<double>(size) / seconds_since(start);
    figures.add(name, Json{{"entries_per_second", rounded(rate, 1)},
                           {"entries", rebuilt.front().entries},
                           {"checkpoints", rebuilt.front().checkpoints},
                           {"reading_and_hashing_one_core", rounded(hashed, 1)},
                           {"ratio", rounded(rate / hashed, 3)}});
  };
  measure("from exported tiles", exported.string(), "from_tiles");
  measure("from a node's database", space.directory().string(), "from_node");
  figures.finish();
  return 0;
}

}  // namespace jangbu::bench
