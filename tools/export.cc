// `jangbu export`: ledgers as C2SP tlog-tiles lays them out: checkpoint, tiles, entry bundles, and beside them all
// signed checkpoints. Static files: they can be served, mirrored, verified (`jangbu verify`) and taken over (`jangbu
// rebuild`).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger/checkpoint.h"
#include "ledger/note.h"
#include "tools/command.h"
#include "tools/ledger_source.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string what, folder;
  std::vector<std::string> ledgers;
  Format format = Format::table;
};

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return fail(Code::io, path.parent_path().string(), error.message());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return fail(Code::io, path.string(), "cannot be written");
  return {};
}

struct Exported {
  std::string ledger;
  std::uint64_t entries = 0, files = 0, checkpoints = 0;
};

Result<void> export_checkpoints(LedgerSource& source, TreeSize size, const fs::path& folder, Exported& exported) {
  std::string lines;
  for (TreeSize from(1);;) {
    const auto notes = source.checkpoints(from);
    if (!notes) return tl::unexpected(notes.error());
    for (const SignedNote& note : *notes) {
      if (note.size > size) break;
      lines += nlohmann::ordered_json{{"size", note.size.value()}, {"note", note.note}}.dump() + "\n";
      ++exported.checkpoints;
    }
    if (notes->empty() || notes->back().size >= size) break;
    from = TreeSize(notes->back().size.value() + 1);
  }
  return lines.empty() ? Result<void>() : write_file(folder / kCheckpointsFile, lines);
}

// The checkpoint last: a folder without one is no ledger.
Result<Exported> export_ledger(LedgerSource& source, const fs::path& parent, Progress& progress) {
  const auto note = parse_note(source.checkpoint());
  const auto checkpoint = note ? parse_checkpoint(note->text) : tl::unexpected(note.error());
  if (!checkpoint) return fail(checkpoint.error().code, source.name(), checkpoint.error().what);
  const std::size_t slash = checkpoint->origin.find('/');
  if (slash == std::string::npos) return fail(Code::bad_checkpoint, source.name(), "an origin of another form");
  Exported exported{checkpoint->origin.substr(slash + 1), checkpoint->size.value(), 0, 0};
  if (!LedgerId::parse(exported.ledger)) return fail(Code::bad_checkpoint, source.name(), "an origin of another form");
  const fs::path folder = parent / exported.ledger;
  std::error_code error;
  if (fs::exists(folder / "checkpoint", error)) {
    return fail(Code::already_exists, folder.string(), "there is an exported ledger already");
  }
  const std::vector<TilePath> paths = tiles_of(checkpoint->size);
  for (const TilePath& path : paths) {
    const auto bytes = source.tile(path);
    if (!bytes) return tl::unexpected(bytes.error());
    if (auto written = write_file(folder / to_path(path), *bytes); !written) return tl::unexpected(written.error());
    progress.at(++exported.files);
  }
  if (auto done = export_checkpoints(source, checkpoint->size, folder, exported); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = write_file(folder / "checkpoint", source.checkpoint()); !done) return tl::unexpected(done.error());
  return exported;
}

Result<void> export_ledgers(Environment& environment, const Options& options) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  auto sources = open_ledger_sources(options.what, *types);
  if (!sources) return tl::unexpected(sources.error());
  if (sources->node_finding) return tl::unexpected(*sources->node_finding);
  for (const std::string& name : options.ledgers) {
    if (std::none_of(sources->ledgers.begin(), sources->ledgers.end(),
                     [&](const auto& source) { return source->name() == name; })) {
      return fail(Code::bad_usage, "--ledger", name + " is not here");
    }
  }
  std::vector<nlohmann::ordered_json> rows;
  Progress progress(environment, "tiles", 0);
  for (const auto& source : sources->ledgers) {
    if (!options.ledgers.empty() &&
        std::find(options.ledgers.begin(), options.ledgers.end(), source->name()) == options.ledgers.end()) {
      continue;
    }
    const auto exported = export_ledger(*source, options.folder, progress);
    if (!exported) return tl::unexpected(exported.error());
    rows.push_back({{"ledger", exported->ledger},
                    {"entries", exported->entries},
                    {"files", exported->files},
                    {"checkpoints", exported->checkpoints}});
  }
  progress.clear();
  write_rows(environment.out, options.format,
             {{"LEDGER", "ledger"}, {"ENTRIES", "entries"}, {"TILES", "files"}, {"CHECKPOINTS", "checkpoints"}}, rows);
  return {};
}

}  // namespace

void add_export(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand(
      "export", "write ledgers as static tlog-tiles files, to be verified, served, or taken over by rebuild");
  auto options = std::make_shared<Options>();
  command->add_option("ledgers", options->what, "a node's URL or directory, or a backup")->required();
  command->add_option("folder", options->folder, "where to; each ledger gets a folder of its own in it")->required();
  command->add_option("--ledger", options->ledgers, "only this ledger; may be given again")->expected(1)->take_all();
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    if (auto done = export_ledgers(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
