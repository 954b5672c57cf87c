#include "tools/ledger_check.h"

#include <thread>

#include "ledger/note.h"
#include "tools/tile_comparison.h"

namespace jangbu::tools {
namespace {

// Bundles are gathered to this many entries: the verifier's threads need something to share.
constexpr std::size_t kBatchEntries = 8192;

void find(VerifierReport& report, Error error) {
  ++report.findings_total;
  if (report.findings.size() < VerifierReport::kFindingsMax) {
    report.findings.push_back(VerifierFinding{std::nullopt, std::move(error)});
  }
}

}  // namespace

void use_all_cores(VerifierOptions& options) {
  options.slices = std::max(1U, std::thread::hardware_concurrency());
  options.run_tasks = [](std::size_t count, const std::function<void(std::size_t)>& task) {
    std::vector<std::thread> others;
    for (std::size_t at = 1; at < count; ++at) others.emplace_back(task, at);
    task(0);
    for (std::thread& other : others) other.join();
  };
}

Result<LedgerCheck> check_ledger(LedgerSource& source, const std::shared_ptr<const TypeTable>& types,
                                 VerifierOptions options, const std::vector<Expectation>& expectations,
                                 const std::function<void(std::uint64_t)>& progress) {
  LedgerCheck check;
  check.name = source.name();
  const auto note = parse_note(source.checkpoint());
  const auto stated = note ? parse_checkpoint(note->text) : tl::unexpected(note.error());
  if (!stated) {
    // Without it nobody knows how many entries there are.
    find(check.report, Error{stated.error().code, "checkpoint", stated.error().what});
    return check;
  }
  check.checkpoint_size = stated->size.value();
  LedgerVerifier verifier(types, std::move(options));
  verifier.expect_checkpoint("checkpoint", source.checkpoint());
  for (const Expectation& one : expectations) {
    if (one.receipt) {
      verifier.expect_receipt(one.name, *one.receipt);
    } else {
      verifier.expect_checkpoint(one.name, one.note);
    }
  }
  TileComparison tiles([&](const TilePath& path) { return source.tile(path); });
  std::optional<Error> broken;
  std::vector<std::string> bundles;
  std::vector<std::string_view> entries;
  const auto flush = [&] {
    verifier.add(entries);
    for (const std::string_view entry : entries) tiles.add(leaf_hash(entry));
    entries.clear();
    bundles.clear();
    progress(verifier.size().value());
  };
  for (std::uint64_t index = 0; !broken && index * kTileWidth < check.checkpoint_size; ++index) {
    const TilePath path{true, TileId{0, index}, tile_width(TileId{0, index}, stated->size)};
    auto bytes = source.tile(path);
    if (!bytes && bytes.error().code == Code::unreachable) return tl::unexpected(bytes.error());
    if (!bytes) {
      broken = bytes.error();
      break;
    }
    bundles.push_back(std::move(*bytes));
    const auto split = split_bundle(bundles.back());
    if (!split || split->size() != path.width) {
      broken = Error{Code::bad_entry, to_path(path),
                     split ? "holds " + std::to_string(split->size()) + " entries, not " + std::to_string(path.width)
                           : "byte " + split.error().where + ": " + split.error().what};
      break;
    }
    entries.insert(entries.end(), split->begin(), split->end());
    if (entries.size() >= kBatchEntries) flush();
  }
  flush();
  // Tiles of a tree that could not be read to its end would all differ: one finding is enough.
  if (!broken) tiles.finish();
  check.report = verifier.finish();
  if (broken) find(check.report, std::move(*broken));
  check.tiles = tiles.compared();
  for (const Error& error : tiles.findings()) {
    if (error.code == Code::unreachable) return tl::unexpected(error);
    find(check.report, error);
  }
  return check;
}

}  // namespace jangbu::tools
