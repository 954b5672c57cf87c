// What can be checked without trusting this node: receipts, inclusion and consistency proofs, and each ledger as C2SP
// tlog-tiles (FORMATS.md T1 to T8).
#include <nlohmann/json.hpp>

#include "api/entry_json.h"
#include "api/problem.h"
#include "api/service.h"
#include "ledger/note.h"
#include "ledger/tiles.h"
#include "schemas/bounds.h"

namespace jangbu::api {
namespace {

constexpr std::uint64_t kCheckpointsMax = 1000;
constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 53) - 1;

Response text_response(std::string body) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.with("etag", etag_of(body));
  response.body = std::move(body);
  return response;
}

// A receipt as JSON or as tlog-proof text, by ?format= or Accept.
Response receipt_response(const LedgerView& view, SequenceNumber number, const std::optional<std::string>& format,
                          const Request& request) {
  bool text = false;
  if (format) {
    if (*format != "json" && *format != "tlog-proof") {
      return problem(Error{Code::bad_parameter, "format", "json or tlog-proof"});
    }
    text = *format == "tlog-proof";
  } else {
    const auto type = accepted(request.header("accept"), {"application/json", "text/plain"});
    if (!type) return problem(Error{Code::not_acceptable, "", "a receipt is application/json or text/plain"});
    text = *type == 1;
  }
  const auto made = receipt(view, number);
  if (!made) return problem(made.error());
  Response response = text ? text_response(to_text(made->proof)) : json_response(to_json(*made));
  response.with("vary", "accept");
  response.with("content-location",
                "/v1/ledgers/" + view.info().id.text() + "/entries/" + std::to_string(number.value()) + "/receipt");
  return response;
}

Response receipt_by_id(const Node& node, const Request& request) {
  auto query = Query::parse(request.query);
  if (!query) return problem(query.error());
  const auto source = query->text("source");
  const auto id = query->text("id");
  const auto ledger = query->text("ledger");
  const auto format = query->text("format");
  if (auto rest = query->finish(); !rest) return problem(rest.error());
  if (!source || source->empty() || source->size() > 4 * kSourceCharsMax) {
    return problem(Error{Code::bad_parameter, "source", "the event's source, 1 to 256 characters"});
  }
  if (!id || id->empty() || id->size() > kIdCharsMax) {
    return problem(Error{Code::bad_parameter, "id", "the event's id, 1 to 128 characters"});
  }
  std::vector<LedgerView> views;
  if (ledger) {
    auto view = view_of(node, *ledger);
    if (!view) return problem(view.error());
    views.push_back(std::move(*view));
  } else {
    views = node.views();
  }
  std::optional<Response> found;
  for (const LedgerView& view : views) {
    const auto number = view.find(*source, *id);
    if (!number) return problem(number.error());
    if (!*number) continue;
    if (found) {
      return problem(
          Error{Code::bad_parameter, "ledger", "more than one ledger has such an event: name the one meant"});
    }
    found = receipt_response(view, **number, format, request);
  }
  if (!found) return problem(Error{Code::no_such_entry, "", "no event with this source and id is ledgered here"});
  return std::move(*found);
}

// The two captures that most proofs begin with.
struct Spot {
  LedgerView view;
  SequenceNumber number;
};
Result<Spot> spot(const Node& node, const Request& request) {
  auto view = view_of(node, request.captures[0]);
  if (!view) return tl::unexpected(view.error());
  const auto number = parse_number(request.captures[1], "sequence", kNumberMax);
  if (!number) return tl::unexpected(number.error());
  return Spot{std::move(*view), SequenceNumber(*number)};
}

Response receipt_by_place(const Node& node, const Request& request) {
  const auto at = spot(node, request);
  if (!at) return problem(at.error());
  auto query = Query::parse(request.query);
  if (!query) return problem(query.error());
  const auto format = query->text("format");
  if (auto rest = query->finish(); !rest) return problem(rest.error());
  return receipt_response(at->view, at->number, format, request);
}

Response inclusion(const Node& node, const Request& request) {
  const auto at = spot(node, request);
  if (!at) return problem(at.error());
  auto query = Query::parse(request.query);
  if (!query) return problem(query.error());
  const auto asked = query->number("size", kNumberMax);
  if (!asked) return problem(asked.error());
  if (auto rest = query->finish(); !rest) return problem(rest.error());
  const TreeSize size = *asked ? TreeSize(**asked) : at->view.size();
  const auto leaf = at->view.leaf(at->number);
  if (!leaf) return problem(leaf.error());
  const auto root = at->view.root_at(size);
  if (!root) return problem(root.error());
  const auto proof = at->view.inclusion(at->number, size);
  if (!proof) return problem(proof.error());
  std::string body = R"({"origin":")" + at->view.info().origin + R"(","sequence":)" +
                     std::to_string(at->number.value()) + R"(,"leaf":")" + digest_text(*leaf) + R"(","size":)" +
                     std::to_string(size.value()) + R"(,"root":")" + digest_text(*root) + R"(","proof":)";
  append_hashes(*proof, body);
  body += '}';
  return json_response(std::move(body));
}

Response consistency(const Node& node, const Request& request) {
  const auto view = view_of(node, request.captures[0]);
  if (!view) return problem(view.error());
  auto query = Query::parse(request.query);
  if (!query) return problem(query.error());
  const auto from = query->number("from", kNumberMax);
  if (!from) return problem(from.error());
  const auto to = query->number("to", kNumberMax);
  if (!to) return problem(to.error());
  if (auto rest = query->finish(); !rest) return problem(rest.error());
  if (!*from) return problem(Error{Code::bad_parameter, "from", "the smaller size, at least 1"});
  const TreeSize old_size(**from);
  const TreeSize new_size = *to ? TreeSize(**to) : view->size();
  const auto proof = view->consistency(old_size, new_size);
  if (!proof) return problem(proof.error());
  const auto old_root = view->root_at(old_size);
  if (!old_root) return problem(old_root.error());
  const auto new_root = view->root_at(new_size);
  if (!new_root) return problem(new_root.error());
  std::string body = R"({"origin":")" + view->info().origin + R"(","from":)" + std::to_string(old_size.value()) +
                     R"(,"from_root":")" + digest_text(*old_root) + R"(","to":)" + std::to_string(new_size.value()) +
                     R"(,"to_root":")" + digest_text(*new_root) + R"(","proof":)";
  append_hashes(*proof, body);
  body += '}';
  return json_response(std::move(body));
}

Response checkpoint(const Service& service, const Request& request) {
  const auto view = view_of(service.node, request.captures[0]);
  if (!view) return problem(view.error());
  if (view->checkpoint().empty()) {
    return problem(Error{Code::checkpoint_pending, view->info().id.text(),
                         "this node follows the ledger, and has taken over no checkpoint of its signer yet"});
  }
  std::string note = view->checkpoint();
  // What this node has taken over extends all that it took over, and cosigned, before.
  if (service.cosigner != nullptr && service.node.follows(view->info().id)) {
    const auto parsed = parse_note(note);
    if (!parsed) return problem(parsed.error());
    const auto seconds = static_cast<std::uint64_t>(service.clock.wall_milliseconds() / 1000);
    note += signature_line(cosign(*service.cosigner, parsed->text, seconds));
  }
  Response response = text_response(std::move(note));
  response.with("cache-control", "public, max-age=1");  // T1: a few seconds at most
  return response;
}

// For who copies a ledger: with all of them its receipts are this node's, byte for byte.
Response checkpoints(const Node& node, const Request& request) {
  const auto view = view_of(node, request.captures[0]);
  if (!view) return problem(view.error());
  auto query = Query::parse(request.query);
  if (!query) return problem(query.error());
  const auto from = query->number("from", kNumberMax);
  if (!from) return problem(from.error());
  const auto limit = query->number("limit", kCheckpointsMax);
  if (!limit) return problem(limit.error());
  if (auto rest = query->finish(); !rest) return problem(rest.error());
  const std::size_t count = limit->value_or(kCheckpointsMax);
  if (count == 0) return problem(Error{Code::bad_parameter, "limit", "1 to 1000"});
  const auto notes = view->checkpoints(TreeSize(from->value_or(0)), count);
  if (!notes) return problem(notes.error());
  nlohmann::ordered_json body{{"origin", view->info().origin}, {"checkpoints", nlohmann::ordered_json::array()}};
  for (const SignedNote& note : *notes) {
    body["checkpoints"].push_back({{"size", note.size.value()}, {"note", note.note}});
  }
  const bool more = !notes->empty() && notes->back().size < view->checkpoint_size();
  if (more) body["next"] = notes->back().size.value() + 1;
  return json_response(body.dump());
}

Response tile(const Node& node, const Request& request) {
  const auto view = view_of(node, request.captures[0]);
  if (!view) return problem(view.error());
  const auto path = parse_tile_path("tile/" + request.captures[1]);
  if (!path) return problem(path.error());
  auto bytes = view->tile(*path);
  if (!bytes) return problem(bytes.error());
  Response response;
  response.content_type = "application/octet-stream";
  response.with("etag", etag_of(*bytes)).with("cache-control", std::string(kImmutable));
  response.body = std::move(*bytes);
  return response;
}

}  // namespace

void add_proof_routes(const Service& service, std::vector<Route>& routes) {
  const Node& node = service.node;
  const auto get = [&](std::string pattern, std::string summary, Response (*answer)(const Node&, const Request&)) {
    routes.push_back({Method::get, std::move(pattern), BodyMode::none, 0, std::move(summary),
                      at_once([&node, answer](const Request& request) { return answer(node, request); })});
  };
  get("/v1/receipts", "The receipt of an event, by source and id", receipt_by_id);
  get("/v1/ledgers/{ledger}/entries/{sequence}/receipt", "The receipt of an entry", receipt_by_place);
  get("/v1/ledgers/{ledger}/entries/{sequence}/proof", "That an entry is in the tree of a size", inclusion);
  get("/v1/ledgers/{ledger}/consistency", "That a tree of one size grew into that of another", consistency);
  get("/v1/ledgers/{ledger}/checkpoints", "The signed checkpoints, in order of size", checkpoints);
  routes.push_back({Method::get, "/ledgers/{ledger}/checkpoint", BodyMode::none, 0,
                    "The newest signed checkpoint (tlog-tiles)",
                    at_once([&service](const Request& request) { return checkpoint(service, request); })});
  get("/ledgers/{ledger}/tile/{path...}", "A tile of hashes, or a bundle of entries (tlog-tiles)", tile);
}

}  // namespace jangbu::api
