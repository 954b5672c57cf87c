// HTTP/1.1 as bytes: a request's head read, a response's head written, by Beast, which is named in wire.cc alone. Pure;
// any thread. What Beast 1.81 lets through that could be read in two ways is refused here, before it parses: request
// smuggling needs two readers who disagree.
//
// A request is framed by Content-Length and by nothing else: every Transfer-Encoding is refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"
#include "schemas/error.h"

namespace jangbu::api {

inline constexpr std::size_t kHeaderFieldsMax = 100;

// Where the head ends in what has been received so far: the number of bytes up to and with the empty line; 0: more is
// needed. `scanned` remembers what was looked at (0 at first). Error: bad_request (a line that does not end in CR LF).
[[nodiscard]] Result<std::size_t> head_end(std::string_view received, std::size_t& scanned);

struct Head {
  std::string_view method_text;
  bool keep_alive = false;
  bool http_1_1 = true;
  bool expects_continue = false;
  std::optional<std::uint64_t> content_length;
};

// `head` is what head_end() found; `request` gets method, target, path, query, headers and content_length, as views.
// Errors, after which the connection must be closed: length_required (any Transfer-Encoding), bad_request,
// header_too_large (too many fields).
[[nodiscard]] Result<Head> parse_head(std::string_view head, Request& request);

enum class Framing : std::uint8_t { length, chunked, until_close, none };
// Appends status line, fields and empty line. `date` as RFC 9110 wants it. `length`: of the body, for Framing::length.
void append_head(const Response& response, Framing framing, std::size_t length, bool keep_alive, std::string_view date,
                 std::string& out);
void append_chunk(std::string_view piece, std::string& out);  // nothing for an empty piece
void append_last_chunk(std::string& out);
// "Tue, 15 Nov 1994 08:12:31 GMT".
[[nodiscard]] std::string http_date(std::int64_t wall_ms);

}  // namespace jangbu::api
