// `jangbu emit`: sends events to a node, from files, folders, NDJSON or standard input: CloudEvents, or FHIR
// AuditEvent, Consent and Bundle resources.
#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "ledger/key_file.h"
#include "schemas/screen.h"
#include "tools/command.h"
#include "tools/emitter.h"
#include "tools/input_files.h"
#include "tools/node_access.h"
#include "tools/output.h"
#include "tools/passphrase.h"

namespace jangbu::tools {
namespace {

struct Options {
  NodeOptionsOnCommandLine node;
  EmitOptions emit;
  std::vector<std::string> inputs;
  std::string key_file;
  bool quiet = false;
  Format format = Format::table;
};

// `rows` are kept for the one document that --format json prints.
void print(Environment& environment, const Options& options, const Emitted& one, nlohmann::ordered_json& rows) {
  if (options.format != Format::table) {
    nlohmann::ordered_json row{{"input", one.place}, {"outcome", one.outcome}};
    if (!one.ledger.empty()) row["ledger"] = one.ledger;
    if (one.sequence) row["sequence"] = *one.sequence;
    if (!one.reason.empty()) row["reason"] = one.reason;
    if (options.format == Format::json) {
      rows.push_back(std::move(row));
    } else {
      environment.out << row.dump() << '\n';
    }
    return;
  }
  if (options.quiet && one.outcome != "refused") return;
  environment.out << one.place << ": " << one.outcome;
  if (one.sequence) environment.out << " at " << one.ledger << '/' << *one.sequence;
  if (!one.reason.empty()) environment.out << ": " << one.reason;
  environment.out << '\n';
}

Result<void> emit(Environment& environment, Options& options, EmitCounts& counts) {
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::writing);
  if (!access) return tl::unexpected(access.error());
  std::optional<SigningKey> key;
  if (!options.key_file.empty()) {
    auto ask = passphrase_source(environment, options.node.passphrase_file);
    if (!ask) return tl::unexpected(ask.error());
    auto read = read_signing_key(options.key_file, *ask);
    if (!read) return tl::unexpected(read.error());
    key = std::move(*read);
  }
  auto rows = nlohmann::ordered_json::array();
  auto emitter = Emitter::make(access->client(), options.emit, key ? &*key : nullptr,
                               [&](const Emitted& one) { print(environment, options, one, rows); });
  if (!emitter) return tl::unexpected(emitter.error());
  auto sent = for_each_document(options.inputs, environment.in,
                                [&](InputDocument document) { return (*emitter)->take(std::move(document)); });
  if (sent) sent = (*emitter)->finish();
  counts = (*emitter)->counts();
  if (options.format == Format::json) environment.out << rows.dump(2) << '\n';
  if (auto closed = access->close(); sent && !closed) return closed;
  return sent;
}

}  // namespace

void add_emit(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("emit", "send events to a node: CloudEvents, or FHIR AuditEvent and Consent");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  command->add_option("input", options->inputs, "files, folders, .ndjson files, or - for standard input")->required();
  command->add_option("--institution", options->emit.institution,
                      "for whom FHIR resources speak; its pseudonym key must be at the node");
  command->add_option("--key", options->key_file, "sign events with this key file (FHIR resources are not signed)");
  command->add_option("--receipts", options->emit.receipts, "store each receipt in this folder, as .tlog-proof");
  command->add_option("--state", options->emit.state_file,
                      "remember here what was sent, and go on there when started again with the same inputs");
  command->add_flag("--quiet", options->quiet, "print refusals and the summary only");
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    EmitCounts counts;
    const auto done = emit(environment, *options, counts);
    if (options->format == Format::table) {
      environment.out << counts.ledgered << " ledgered, " << counts.duplicates << " there already, " << counts.refused
                      << " refused";
      if (counts.skipped > 0) environment.out << ", " << counts.skipped << " sent before";
      environment.out << '\n';
    }
    if (!done) {
      exit = complain(environment, done.error());
    } else if (counts.refused > 0) {
      exit = Exit::refused;
    }
  });
}

}  // namespace jangbu::tools
