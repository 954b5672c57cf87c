#include "api/entry_json.h"

#include <algorithm>

#include "ledger/tree.h"
#include "schemas/timestamp.h"

namespace jangbu::api {
namespace {

std::string_view kind_name(EntryKind kind) {
  switch (kind) {
    case EntryKind::genesis:
      return "genesis";
    case EntryKind::event:
      return "event";
    case EntryKind::rejected:
      return "rejected";
    case EntryKind::withheld:
      return "withheld";
  }
  return {};
}

}  // namespace

void append_entry(const LedgerId& ledger, const StoredEntry& stored, bool with_bytes, std::string& out) {
  const Entry& entry = stored.entry;
  out += R"({"ledger":")";
  out += ledger.text();
  out += R"(","sequence":)";
  out += std::to_string(entry.sequence.value());
  out += R"(,"kind":")";
  out += kind_name(entry.kind);
  out += R"(","received":")";
  out += to_string(Timestamp::from_milliseconds(entry.received_ms));
  out += R"(","generation":)";
  out += std::to_string(entry.generation.value());
  out += R"(,"offset":)";
  out += std::to_string(entry.offset.value());
  out += R"(,"previous":")";
  out += digest_text(entry.previous);
  out += R"(","leaf":")";
  out += digest_text(leaf_hash(stored.bytes));
  out += '"';
  if (entry.author) {
    const auto view = [](const auto& bytes) {
      return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    out += R"(,"author":{"key":")";
    out += to_hex(view(entry.author->key));
    out += R"(","signature":")";
    out += to_base64(view(entry.author->signature));
    out += R"("})";
  }
  if (entry.kind != EntryKind::withheld) {
    out += entry.kind == EntryKind::rejected ? R"(,"rejected":)" : R"(,"event":)";
    const std::size_t at = out.size();
    out += entry.body;
    // In a JSON text a bare line end is white space: inside a string it would be refused.
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(at), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  }
  if (with_bytes) {
    out += R"(,"bytes":")";
    out += to_base64(stored.bytes);
    out += '"';
  }
  out += '}';
}

void append_hashes(std::span<const Hash> hashes, std::string& out) {
  out += '[';
  for (const Hash& hash : hashes) {
    if (out.back() != '[') out += ',';
    out += '"';
    out += to_base64(hash.view());
    out += '"';
  }
  out += ']';
}

void append_ledger(const LedgerView& view, std::string& out) {
  const LedgerInfo& about = view.info();
  const std::string& id = about.id.text();
  out += R"({"ledger":")" + id + R"(","origin":")" + about.origin + R"(","institution":")";
  out += about.id.institution();
  out += R"(","institution_kind":")";
  out += name(about.kind);
  out += R"(","ledger_kind":")";
  out += name(about.id.kind());
  out += R"(","size":)" + std::to_string(view.size().value()) + R"(,"root":")" + digest_text(view.root()) +
         R"(","signed_size":)" + std::to_string(view.checkpoint_size().value()) + R"(,"log_key":")" +
         about.log_key.text() + R"(","genesis_leaf":")" + digest_text(about.genesis_leaf) +
         R"(","entries":"/v1/ledgers/)" + id + R"(/entries","checkpoint":"/ledgers/)" + id + R"(/checkpoint")";
  out += '}';
}

Result<LedgerView> view_of(const Node& node, const std::string& ledger) {
  const auto id = LedgerId::parse(ledger);
  if (!id) return fail(Code::no_such_ledger, "ledger", "not the id of a ledger");
  return node.view(*id);
}

std::string etag_of(std::string_view bytes) { return "\"" + to_hex(sha256(bytes).view().substr(0, 16)) + "\""; }

Response json_response(std::string body) {
  Response response;
  response.content_type = "application/json";
  response.with("etag", etag_of(body));
  response.body = std::move(body);
  return response;
}

}  // namespace jangbu::api
