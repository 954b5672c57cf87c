// `jangbu verify`: is everything that a node, a served ledger or a mirror shows what it says it is? Offline, but for
// the reading; believes nothing but what is pinned.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "ledger/note.h"
#include "tools/command.h"
#include "tools/ledger_check.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string what, genesis;
  std::vector<std::string> log_keys, checkpoints, receipts, ledgers;
  bool no_signatures = false, screen_again = false;
  Format format = Format::table;
};

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Code::bad_usage, path, "cannot be opened");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The first line of a checkpoint: which ledger it is of.
Result<std::string> origin_of(const std::string& name, const std::string& note) {
  const auto parsed = parse_note(note);
  const auto checkpoint = parsed ? parse_checkpoint(parsed->text) : tl::unexpected(parsed.error());
  if (!checkpoint) return fail(checkpoint.error().code, name, checkpoint.error().what);
  return checkpoint->origin;
}

// A receipt as a tlog-proof file or as JSON.
Result<TlogProof> receipt_of(const std::string& name, const std::string& text) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos || text[text.find_first_not_of(" \t\r\n")] != '{') {
    auto proof = parse_tlog_proof(text);
    if (!proof) return fail(proof.error().code, name, proof.error().what);
    return proof;
  }
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto bad = [&] { return fail(Code::bad_proof, name, "not a receipt of this form"); };
  if (!json.is_object() || !json.contains("proof") || !json["proof"].is_object()) return bad();
  const auto& stated = json["proof"];
  if (!stated.contains("index") || !stated["index"].is_number_unsigned() || !stated.contains("hashes") ||
      !stated["hashes"].is_array() || !stated.contains("checkpoint") || !stated["checkpoint"].is_string()) {
    return bad();
  }
  TlogProof proof;
  proof.number = SequenceNumber(stated["index"].get<std::uint64_t>());
  for (const auto& hash : stated["hashes"]) {
    const auto raw = from_base64(hash.is_string() ? hash.get<std::string>() : "");
    if (!raw || raw->size() != 32) return bad();
    proof.proof.push_back(Hash::from(*raw));
  }
  proof.checkpoint = stated["checkpoint"].get<std::string>();
  return proof;
}

// What is held against the ledgers, by origin.
struct Pinned {
  std::map<std::string, VerifierKey> keys;
  std::map<std::string, std::vector<Expectation>> expectations;
  std::optional<Hash> genesis;
};

Result<Pinned> read_pinned(const Options& options) {
  Pinned pinned;
  for (const std::string& text : options.log_keys) {
    auto key = VerifierKey::parse(text);
    if (!key) return fail(Code::bad_usage, "--log-key", key.error().what);
    pinned.keys.emplace(key->name(), *key);
  }
  for (const std::string& path : options.checkpoints) {
    auto note = read_text(path);
    if (!note) return tl::unexpected(note.error());
    const auto origin = origin_of(path, *note);
    if (!origin) return tl::unexpected(origin.error());
    pinned.expectations[*origin].push_back(Expectation{path, std::move(*note), std::nullopt});
  }
  for (const std::string& path : options.receipts) {
    const auto text = read_text(path);
    if (!text) return tl::unexpected(text.error());
    auto receipt = receipt_of(path, *text);
    if (!receipt) return tl::unexpected(receipt.error());
    const auto origin = origin_of(path, receipt->checkpoint);
    if (!origin) return tl::unexpected(origin.error());
    pinned.expectations[*origin].push_back(Expectation{path, "", std::move(*receipt)});
  }
  if (!options.genesis.empty()) {
    const auto hash = parse_digest(options.genesis);
    if (!hash) return fail(Code::bad_usage, "--genesis", "a digest: sha256: and 64 hex digits");
    pinned.genesis = *hash;
  }
  return pinned;
}

Json json_of(const LedgerCheck& check) {
  const VerifierReport& report = check.report;
  Json findings = Json::array();
  for (const VerifierFinding& finding : report.findings) {
    Json one;
    if (finding.entry) one["entry"] = finding.entry->value();
    one["code"] = info(finding.error.code).name;
    one["where"] = finding.error.where;
    one["what"] = finding.error.what;
    findings.push_back(std::move(one));
  }
  return Json{{"ledger", check.name},
              {"origin", report.origin},
              {"holds", report.holds()},
              {"entries", report.size.value()},
              {"root", digest_text(report.root)},
              {"checkpoint_size", check.checkpoint_size},
              {"events", report.events},
              {"rejected", report.rejected},
              {"unreadable", report.unreadable},
              {"signed", report.signed_entries},
              {"checkpoints", report.checkpoints},
              {"receipts", report.receipts},
              {"tiles", check.tiles},
              {"bytes", report.bytes},
              {"anchored", report.anchored},
              {"findings_total", report.findings_total},
              {"findings", findings}};
}

void write_table(std::ostream& out, const std::vector<LedgerCheck>& checks, const Options& options) {
  std::vector<Json> rows;
  for (const LedgerCheck& check : checks) {
    Json row = json_of(check);
    row["result"] = check.report.holds() ? "holds" : "DOES NOT HOLD";
    row["short_root"] = to_hex(check.report.root.view()).substr(0, 16) + "...";
    row["pinned"] = check.report.anchored ? "yes" : "no";
    rows.push_back(std::move(row));
  }
  write_rows(out, Format::table,
             {{"LEDGER", "ledger"},
              {"RESULT", "result"},
              {"ENTRIES", "entries"},
              {"EVENTS", "events"},
              {"REJECTED", "rejected"},
              {"SIGNED", "signed"},
              {"CHECKPOINTS", "checkpoints"},
              {"RECEIPTS", "receipts"},
              {"TILES", "tiles"},
              {"PINNED", "pinned"},
              {"ROOT", "short_root"}},
             rows);
  for (const LedgerCheck& check : checks) {
    if (check.report.holds()) continue;
    out << '\n' << check.name << ": " << check.report.findings_total << " findings\n";
    for (const VerifierFinding& finding : check.report.findings) out << "  " << to_string(finding.error) << '\n';
  }
  const bool all = std::all_of(checks.begin(), checks.end(), [](const auto& one) { return one.report.anchored; });
  out << "\nchecked: chain, tree, tiles, authors"
      << (options.no_signatures ? " (their signatures not)" : " and signatures") << ", checkpoints"
      << (options.screen_again ? ", every event by this program's screen" : "") << '\n';
  if (!all) {
    out << "not pinned: the ledgers were checked under the keys that they state themselves; --log-key with the line "
           "that\n"
           "`jangbu init` printed for a ledger shows that it is that one\n";
  }
}

Result<Exit> verify(Environment& environment, const Options& options) {
  const auto pinned = read_pinned(options);
  if (!pinned) return tl::unexpected(pinned.error());
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  auto sources = open_ledger_sources(options.what, *types);
  if (!sources) return tl::unexpected(sources.error());
  if (!options.ledgers.empty()) {
    std::erase_if(sources->ledgers, [&](const auto& source) {
      return std::find(options.ledgers.begin(), options.ledgers.end(), source->name()) == options.ledgers.end();
    });
  }
  if (sources->ledgers.empty()) return fail(Code::bad_usage, options.what, "no such ledger here");
  if (pinned->genesis && sources->ledgers.size() != 1) {
    return fail(Code::bad_usage, "--genesis", "is one ledger's: choose it with --ledger");
  }

  std::map<std::string, std::vector<Expectation>> expectations = pinned->expectations;
  std::vector<LedgerCheck> checks;
  for (const auto& source : sources->ledgers) {
    VerifierOptions verifier;
    use_all_cores(verifier);
    verifier.signatures = !options.no_signatures;
    verifier.screen_again = options.screen_again;
    verifier.genesis_leaf = pinned->genesis;
    std::vector<Expectation> expected;
    if (const auto origin = origin_of(source->name(), source->checkpoint())) {
      verifier.origin = *origin;
      if (const auto key = pinned->keys.find(*origin); key != pinned->keys.end()) verifier.log_key = key->second;
      if (const auto found = expectations.extract(*origin); !found.empty()) expected = found.mapped();
    }
    Progress progress(environment, source->name(), 0);
    auto check = check_ledger(*source, *types, std::move(verifier), expected,
                              [&](std::uint64_t entries) { progress.at(entries); });
    if (!check) return tl::unexpected(check.error());
    checks.push_back(std::move(*check));
  }
  if (!expectations.empty()) {
    return fail(Code::verification_failed, expectations.begin()->second.front().name,
                "is of " + expectations.begin()->first + ", and no ledger here has this origin");
  }

  bool holds = std::all_of(checks.begin(), checks.end(), [](const auto& one) { return one.report.holds(); });
  if (options.format == Format::table) {
    write_table(environment.out, checks, options);
  } else {
    std::vector<Json> rows;
    rows.reserve(checks.size());
    for (const LedgerCheck& check : checks) rows.push_back(json_of(check));
    write_rows(environment.out, options.format, {}, rows);
  }
  if (sources->node_finding) {
    holds = false;
    complain(environment, *sources->node_finding);
  }
  if (!holds) environment.err << "jangbu: what was checked does not hold\n";
  return holds ? Exit::ok : Exit::found;
}

}  // namespace

void add_verify(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("verify", "check ledgers offline: a directory, a URL, or a folder of tiles");
  auto options = std::make_shared<Options>();
  command
      ->add_option("what", options->what,
                   "a node's directory, http://host:port, http://host:port/ledgers/LEDGER, or a mirrored folder "
                   "(checkpoint, tile/..., tile/entries/...)")
      ->required();
  command->add_option("--ledger", options->ledgers, "only this one; may stand several times")->expected(1)->take_all();
  command->add_option("--log-key", options->log_keys, "a ledger's verifier key, known from elsewhere")
      ->expected(1)
      ->take_all();
  command->add_option("--genesis", options->genesis, "the leaf hash of the ledger's first entry, known from elsewhere");
  command
      ->add_option("--from-checkpoint", options->checkpoints,
                   "an earlier checkpoint's file: has the ledger grown from there?")
      ->expected(1)
      ->take_all();
  command->add_option("--receipt", options->receipts, "a receipt's file, .tlog-proof or JSON: is it kept?")
      ->expected(1)
      ->take_all();
  command->add_flag("--no-signatures", options->no_signatures,
                    "do not verify authors' signatures, only that their keys are registered (much faster)");
  command->add_flag("--screen", options->screen_again, "judge every event again by this program's screen");
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    auto done = verify(environment, *options);
    if (done) {
      exit = *done;
      return;
    }
    exit = complain(environment, done.error());
    // Damage is what was looked for.
    const Code code = done.error().code;
    if (code == Code::store_corrupt || code == Code::bad_entry || code == Code::tip_corrupt) exit = Exit::found;
  });
}

}  // namespace jangbu::tools
