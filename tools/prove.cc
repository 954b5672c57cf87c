// `jangbu prove`: receipts, inclusion and consistency proofs, fetched, checked, and written where they are wanted.
#include <CLI/CLI.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "api/http.h"
#include "ledger/checkpoint.h"
#include "ledger/hash.h"
#include "ledger/tree.h"
#include "tools/command.h"
#include "tools/entry_place.h"
#include "tools/node_access.h"

namespace jangbu::tools {
namespace {

using api::percent_encode;
using Json = nlohmann::ordered_json;

struct Options {
  NodeOptionsOnCommandLine node;
  std::string place, source, id, ledger, consistency, out;
  std::optional<std::uint64_t> size, from, to;
  bool json = false;
};

tl::unexpected<Error> unreadable(const std::string& target) {
  return fail(Code::unreachable, target, "the node's answer is not a proof in the published form");
}

Result<Json> get_json(NodeAccess& access, const std::string& target) {
  const auto answer = access.get(target, {{"accept", "application/json"}});
  if (!answer) return tl::unexpected(answer.error());
  Json json = Json::parse(answer->body, nullptr, false);
  if (!json.is_object()) return unreadable(target);
  return json;
}

Result<std::vector<Hash>> hashes_of(const Json& list, const std::string& target) {
  std::vector<Hash> hashes;
  if (!list.is_array()) return unreadable(target);
  for (const Json& text : list) {
    const auto raw = text.is_string() ? from_base64(text.get<std::string>()) : from_base64("");
    if (!raw || raw->size() != 32) return unreadable(target);
    hashes.push_back(Hash::from(*raw));
  }
  return hashes;
}

Result<Hash> digest_of(const Json& json, const char* member, const std::string& target) {
  const auto hash = parse_digest(json.value(member, ""));
  if (!hash) return unreadable(target);
  return *hash;
}

// The receipt is checked under the key that the node itself states for the ledger: it says that the node is of one
// mind, not that it is honest. Who has the key from elsewhere checks again with `jangbu verify` or
// tools/verify_receipt.py.
Result<void> check_receipt(NodeAccess& access, const std::string& place_target, const Json& receipt) {
  const std::string origin = receipt.value("origin", "");
  const std::string ledger = origin.substr(origin.find('/') + 1);
  const auto about = get_json(access, "/v1/ledgers/" + ledger);
  if (!about) return tl::unexpected(about.error());
  const auto key = VerifierKey::parse(about->value("log_key", ""));
  if (!key) return tl::unexpected(key.error());
  const auto leaf = digest_of(receipt, "leaf", place_target);
  if (!leaf) return tl::unexpected(leaf.error());
  if (!receipt.contains("proof") || !receipt["proof"].is_object()) return unreadable(place_target);
  const Json& stated = receipt["proof"];
  auto hashes = hashes_of(stated.value("hashes", Json()), place_target);
  if (!hashes) return tl::unexpected(hashes.error());
  TlogProof proof;
  proof.number = SequenceNumber(stated.value("index", std::uint64_t{0}));
  proof.proof = std::move(*hashes);
  proof.checkpoint = stated.value("checkpoint", "");
  const auto checked = verify_tlog_proof(proof, *leaf, *key);
  if (!checked) return fail(Code::bad_proof, place_target, "the node's receipt does not hold: " + checked.error().what);
  return {};
}

Result<std::string> receipt(NodeAccess& access, const Options& options, const std::string& target) {
  const auto json = get_json(access, target);
  if (!json) return tl::unexpected(json.error());
  if (auto checked = check_receipt(access, target, *json); !checked) return tl::unexpected(checked.error());
  if (options.json) return json->dump(2) + "\n";
  const auto text = access.get(target, {{"accept", "text/plain"}});
  if (!text) return tl::unexpected(text.error());
  return text->body;
}

Result<std::string> inclusion(NodeAccess& access, const EntryPlace& place, std::uint64_t size) {
  const std::string target = "/v1/ledgers/" + place.ledger.text() + "/entries/" +
                             std::to_string(place.sequence.value()) + "/proof?size=" + std::to_string(size);
  const auto json = get_json(access, target);
  if (!json) return tl::unexpected(json.error());
  const auto leaf = digest_of(*json, "leaf", target);
  const auto root = digest_of(*json, "root", target);
  const auto hashes = hashes_of(json->value("proof", Json()), target);
  if (!leaf || !root || !hashes) return unreadable(target);
  const auto holds = verify_inclusion(*leaf, place.sequence, TreeSize(size), *hashes, *root);
  if (!holds) return fail(Code::bad_proof, target, "the node's proof does not hold");
  return json->dump(2) + "\n";
}

Result<std::string> consistency(NodeAccess& access, const Options& options) {
  const auto ledger = LedgerId::parse(options.consistency);
  if (!ledger) return fail(Code::bad_usage, options.consistency, "not the id of a ledger");
  if (!options.from) return fail(Code::bad_usage, "--from", "the smaller size");
  std::string target = "/v1/ledgers/" + ledger->text() + "/consistency?from=" + std::to_string(*options.from);
  if (options.to) target += "&to=" + std::to_string(*options.to);
  const auto json = get_json(access, target);
  if (!json) return tl::unexpected(json.error());
  const auto from_root = digest_of(*json, "from_root", target);
  const auto to_root = digest_of(*json, "to_root", target);
  const auto hashes = hashes_of(json->value("proof", Json()), target);
  if (!from_root || !to_root || !hashes) return unreadable(target);
  const auto holds = verify_consistency(TreeSize(json->value("from", std::uint64_t{0})),
                                        TreeSize(json->value("to", std::uint64_t{0})), *hashes, *from_root, *to_root);
  if (!holds) return fail(Code::bad_proof, target, "the node's proof does not hold");
  return json->dump(2) + "\n";
}

Result<std::string> proof(NodeAccess& access, const Options& options) {
  if (!options.consistency.empty()) return consistency(access, options);
  if (!options.place.empty()) {
    const auto place = parse_entry_place(options.place);
    if (!place) return tl::unexpected(place.error());
    if (options.size) return inclusion(access, *place, *options.size);
    return receipt(
        access, options,
        "/v1/ledgers/" + place->ledger.text() + "/entries/" + std::to_string(place->sequence.value()) + "/receipt");
  }
  std::string target = "/v1/receipts?source=" + percent_encode(options.source) + "&id=" + percent_encode(options.id);
  if (!options.ledger.empty()) target += "&ledger=" + percent_encode(options.ledger);
  return receipt(access, options, target);
}

Result<void> prove(Environment& environment, const Options& options) {
  const bool by_id = !options.source.empty() || !options.id.empty();
  const int given = static_cast<int>(!options.place.empty()) + static_cast<int>(by_id) +
                    static_cast<int>(!options.consistency.empty());
  if (given != 1 || (by_id && (options.source.empty() || options.id.empty()))) {
    return fail(Code::bad_usage, "prove",
                "name one thing: LEDGER/SEQUENCE, --source with --id, or --consistency LEDGER");
  }
  if (options.size && options.place.empty()) {
    return fail(Code::bad_usage, "--size", "an inclusion proof is of an entry: LEDGER/SEQUENCE");
  }
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());
  const auto text = proof(*access, options);
  if (!text) return tl::unexpected(text.error());
  if (options.out.empty()) {
    environment.out << *text;
  } else {
    std::ofstream file(options.out, std::ios::binary | std::ios::trunc);
    file << *text;
    if (!file.flush()) return fail(Code::io, options.out, "cannot be written");
    environment.err << "written to " << options.out << '\n';
  }
  return access->close();
}

}  // namespace

void add_prove(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("prove", "write a receipt, an inclusion proof or a consistency proof");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  command->add_option("entry", options->place, "LEDGER/SEQUENCE");
  command->add_option("--source", options->source, "or the event's source, with --id");
  command->add_option("--id", options->id, "the event's id");
  command->add_option("--ledger", options->ledger, "with --source and --id: in this ledger, if it stands in several");
  command->add_option("--size", options->size, "instead of the receipt: that it is in the tree of this size");
  command->add_option("--consistency", options->consistency, "that this ledger grew from the size --from to --to");
  command->add_option("--from", options->from, "the smaller size");
  command->add_option("--to", options->to, "the greater size; without: the ledger's own");
  command->add_flag("--json", options->json, "a receipt as JSON instead of a tlog-proof file");
  command->add_option("--out", options->out, "write it to this file; without: to standard output");
  command->callback([&environment, &exit, options] {
    if (auto done = prove(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
