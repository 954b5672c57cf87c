// /v1/ledgers: the ledgers of this node, their entries one by one, in pages and as streams.
//
// A page's cursor fixes the ledger's size at the first page, so that a reader comes to an end. It is no secret: hex of
// "<size>.<from>" and the first 4 bytes of a digest over that and the ledger, which catches what was cut or mixed up.
#include "api/entry_json.h"
#include "api/feed_stream.h"
#include "api/problem.h"
#include "api/service.h"
#include "ledger/tree.h"

namespace jangbu::api {
namespace {

constexpr std::uint64_t kPageEntriesMax = 1000;
constexpr std::uint64_t kPageEntriesDefault = 100;
constexpr std::size_t kPageBytesMax = std::size_t{4} << 20;
constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 53) - 1;

struct PageCursor {
  TreeSize size;
  SequenceNumber from;
};

std::string seal(const LedgerId& ledger, std::string_view text) {
  return to_hex(sha256("jangbu/entries/v1\n" + ledger.text() + "\n" + std::string(text)).view().substr(0, 4));
}

std::string encode(const LedgerId& ledger, const PageCursor& cursor) {
  const std::string text = std::to_string(cursor.size.value()) + "." + std::to_string(cursor.from.value());
  return to_hex(text) + seal(ledger, text);
}

Result<PageCursor> decode_cursor(const LedgerId& ledger, std::string_view text) {
  const auto bad = fail(Code::bad_cursor, "cursor", "not a cursor of this ledger");
  if (text.size() < 8) return bad;
  const auto plain = from_hex(text.substr(0, text.size() - 8));
  if (!plain || seal(ledger, *plain) != text.substr(text.size() - 8)) return bad;
  const std::size_t dot = plain->find('.');
  if (dot == std::string::npos) return bad;
  const auto size = parse_number(std::string_view(*plain).substr(0, dot), "cursor", kNumberMax);
  const auto from = parse_number(std::string_view(*plain).substr(dot + 1), "cursor", kNumberMax);
  if (!size || !from) return bad;
  return PageCursor{TreeSize(*size), SequenceNumber(*from)};
}

Result<bool> flag(Query& query, std::string_view parameter) {
  const auto value = query.text(parameter);
  if (!value || *value == "false") return false;
  if (*value == "true" || value->empty()) return true;
  return fail(Code::bad_parameter, std::string(parameter), "true or false");
}

Response list(const Node& node) {
  std::string body = R"({"space":")" + node.space() + R"(","ledgers":[)";
  bool first = true;
  for (const LedgerView& view : node.views()) {
    if (!std::exchange(first, false)) body += ',';
    append_ledger(view, body);
  }
  body += "]}";
  return json_response(std::move(body));
}

Response one(const Node& node, const Request& request) {
  const auto view = view_of(node, request.captures[0]);
  if (!view) return problem(view.error());
  std::string body;
  append_ledger(*view, body);
  body.pop_back();
  body += R"(,"keys":[)";
  const auto authors = node.authors(view->info().id);
  bool first = true;
  for (const RegisteredKey& key : authors->keys()) {
    if (!std::exchange(first, false)) body += ',';
    body += R"({"key":")" + key.key.text() + R"(","use":")";
    body += name(key.use);
    body += R"(","since":)" + std::to_string(key.since.value());
    if (key.revoked) body += R"(,"revoked":)" + std::to_string(key.revoked->value());
    if (key.compromised_from) body += R"(,"compromised_from":)" + std::to_string(key.compromised_from->value());
    body += '}';
  }
  body += "]}";
  return json_response(std::move(body));
}

Response entry(const Node& node, const Request& request) {
  const auto view = view_of(node, request.captures[0]);
  if (!view) return problem(view.error());
  const auto number = parse_number(request.captures[1], "sequence", kNumberMax);
  if (!number) return problem(number.error());
  const auto type = accepted(request.header("accept"), {"application/json", "application/octet-stream"});
  if (!type) {
    return problem(Error{Code::not_acceptable, "", "an entry is application/json or application/octet-stream"});
  }
  const auto stored = view->entry(SequenceNumber(*number));
  if (!stored) return problem(stored.error());
  Response response;
  const std::string leaf = to_hex(leaf_hash(stored->bytes).view());
  if (*type == 0) {
    response.content_type = "application/json";
    append_entry(view->info().id, *stored, true, response.body);
    response.with("etag", "\"" + leaf + "-j\"");
  } else {
    response.content_type = "application/octet-stream";
    response.body = stored->bytes;
    response.with("etag", "\"" + leaf + "\"");
  }
  response.with("cache-control", std::string(kImmutable)).with("vary", "accept");
  return response;
}

Response page(const LedgerView& view, SequenceNumber from, TreeSize size, std::size_t limit, bool with_bytes) {
  const LedgerId& ledger = view.info().id;
  std::string body =
      R"({"ledger":")" + ledger.text() + R"(","size":)" + std::to_string(size.value()) + R"(,"entries":[)";
  SequenceNumber after = from;
  if (covers(size, from)) {
    const auto entries = view.read(from, std::min<std::uint64_t>(limit, size.value() - from.value()), kPageBytesMax);
    if (!entries) return problem(entries.error());
    for (const StoredEntry& stored : *entries) {
      if (body.back() != '[') body += ',';
      append_entry(ledger, stored, with_bytes, body);
      after = next(stored.entry.sequence);
    }
  }
  body += ']';
  std::string link;
  if (covers(size, after)) {
    const std::string cursor = encode(ledger, {size, after});
    body += R"(,"next":")" + cursor + "\"";
    link = "</v1/ledgers/" + ledger.text() + "/entries?cursor=" + cursor + "&limit=" + std::to_string(limit) +
           (with_bytes ? "&bytes=true" : "") + ">; rel=\"next\"";
  }
  body += '}';
  Response response = json_response(std::move(body));
  if (!link.empty()) response.with("link", std::move(link));
  return response;
}

// What a request for entries asks for, in any of its forms.
struct EntriesQuery {
  std::optional<std::uint64_t> from, end, limit;
  std::optional<std::string> cursor;
  bool follow = false, with_bytes = false;
};

Result<EntriesQuery> entries_query(std::string_view text) {
  auto query = Query::parse(text);
  if (!query) return tl::unexpected(query.error());
  EntriesQuery result;
  const auto number = [&](std::string_view parameter, std::uint64_t max, std::optional<std::uint64_t>& into) {
    auto value = query->number(parameter, max);
    if (value) into = *value;
    return value.map([](const auto&) {});
  };
  if (auto from = number("from", kNumberMax, result.from); !from) return tl::unexpected(from.error());
  if (auto end = number("to", kNumberMax, result.end); !end) return tl::unexpected(end.error());
  if (auto limit = number("limit", kPageEntriesMax, result.limit); !limit) return tl::unexpected(limit.error());
  if (result.limit == 0) return fail(Code::bad_parameter, "limit", "at least 1");
  const auto follow = flag(*query, "follow");
  if (!follow) return tl::unexpected(follow.error());
  result.follow = *follow;
  const auto bytes = flag(*query, "bytes");
  if (!bytes) return tl::unexpected(bytes.error());
  result.with_bytes = *bytes;
  result.cursor = query->text("cursor");
  if (auto rest = query->finish(); !rest) return tl::unexpected(rest.error());
  if (result.cursor && (result.from || result.end)) {
    return fail(Code::bad_parameter, "cursor", "a cursor says itself where it goes on");
  }
  return result;
}

void entries(const Node& node, CommitWaiters& waiters, const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  const auto view = view_of(node, request.captures[0]);
  if (!view) return exchange->respond(problem(view.error()));
  const auto asked = entries_query(request.query);
  if (!asked) return exchange->respond(problem(asked.error()));
  const auto form =
      accepted(request.header("accept"), {"application/json", "application/x-ndjson", "text/event-stream"});
  if (!form) {
    return exchange->respond(problem(Error{Code::not_acceptable, "",
                                           "entries are application/json pages, or streams as application/x-ndjson or "
                                           "text/event-stream"}));
  }
  TreeSize size = view->size();
  SequenceNumber from(asked->from.value_or(0));
  if (asked->cursor) {
    const auto cursor = decode_cursor(view->info().id, *asked->cursor);
    if (!cursor) return exchange->respond(problem(cursor.error()));
    if (cursor->size > size) {
      return exchange->respond(problem(Error{Code::bad_cursor, "cursor", "of a size that the ledger does not have"}));
    }
    size = cursor->size;
    from = cursor->from;
  }
  if (const auto last = request.find_header("last-event-id")) {
    const auto number = parse_number(*last, "last-event-id", kNumberMax);
    if (!number) return exchange->respond(problem(number.error()));
    if (*form == 2) from = SequenceNumber(*number + 1);
  }
  if (from.value() > size.value()) {
    return exchange->respond(
        problem(Error{Code::bad_range, "from", "the ledger has " + std::to_string(size.value()) + " entries"}));
  }
  if (*form == 0) {
    if (asked->follow) {
      return exchange->respond(problem(Error{Code::bad_parameter, "follow", "pages do not follow; a stream does"}));
    }
    if (asked->end) size = std::min(size, TreeSize(*asked->end));
    return exchange->respond(page(*view, from, size, asked->limit.value_or(kPageEntriesDefault), asked->with_bytes));
  }
  if (asked->limit) {
    return exchange->respond(problem(Error{Code::bad_parameter, "limit", "a stream has no pages; `to` ends it"}));
  }
  const bool events = *form == 2;
  FeedRequest feed{view->info().id, from, std::nullopt, asked->follow || events, events, asked->with_bytes};
  if (asked->end) feed.end = TreeSize(*asked->end);
  if (!feed.follow && !feed.end) feed.end = size;
  Response response;
  response.content_type = events ? "text/event-stream" : "application/x-ndjson";
  response.with("jangbu-size", std::to_string(size.value()));
  response.stream = feed_stream(node, waiters, exchange, std::move(feed));
  exchange->respond(std::move(response));
}

}  // namespace

void add_ledger_routes(const Service& service, std::vector<Route>& routes) {
  Node& node = service.node;
  const auto waiters = std::make_shared<CommitWaiters>(node);
  const auto get = [&](std::string pattern, std::string summary, Handler handler) {
    routes.push_back({Method::get, std::move(pattern), BodyMode::none, 0, std::move(summary), std::move(handler)});
  };
  get("/v1/ledgers", "The ledgers of this node, as of one commit",
      at_once([&node](const Request&) { return list(node); }));
  get("/v1/ledgers/{ledger}", "A ledger, with the keys registered in it",
      at_once([&node](const Request& request) { return one(node, request); }));
  get("/v1/ledgers/{ledger}/entries", "Entries in order: pages, NDJSON or server-sent events",
      [&node, waiters](const ExchangePtr& exchange) { entries(node, *waiters, exchange); });
  get("/v1/ledgers/{ledger}/entries/{sequence}", "An entry, as JSON or as its bytes",
      at_once([&node](const Request& request) { return entry(node, request); }));
}

}  // namespace jangbu::api
