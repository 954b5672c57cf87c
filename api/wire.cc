#include "api/wire.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace jangbu::api {
namespace {

namespace http = boost::beast::http;

// Beast's parser, which hands out views into the one buffer it is given.
class HeadParser final : public http::basic_parser<true> {
 public:
  explicit HeadParser(Request& request) : request_(request) {}
  [[nodiscard]] int version() const { return version_; }

 private:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;
  static std::string_view text(View view) { return {view.data(), view.size()}; }

  void on_request_impl(http::verb, View method_text, View target, int version, ErrorCode&) override {
    request_.method = method(text(method_text));
    request_.target = text(target);
    version_ = version;
  }
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(http::field, View name, View value, ErrorCode&) override {
    request_.headers.push_back({text(name), text(value)});
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View body, ErrorCode&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, ErrorCode&) override { return body.size(); }
  void on_finish_impl(ErrorCode&) override {}

  Request& request_;
  int version_ = 0;
};

tl::unexpected<Error> bad(std::string what) { return fail(Code::bad_request, "", std::move(what)); }

// What must be seen in the raw lines, because Beast repairs it or reads it its own way.
Result<void> refuse_lines(std::string_view head) {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t fields = 0;
  bool transfer_encoding = false;
  std::optional<std::string> wrong;
  std::string_view rest = head.substr(0, head.size() - 2);  // without the empty line
  rest.remove_prefix(rest.find('\n') + 1);                  // without the request line
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end - 1);
    rest.remove_prefix(end + 1);
    ++fields;
    if (line.front() == ' ' || line.front() == '\t') {
      wrong = "a header line that is folded";
      continue;
    }
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
      wrong = "a control character in a header line";
    }
    std::string_view field = line.substr(0, line.find(':'));
    while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
    if (equals_ignoring_case(field, "transfer-encoding")) transfer_encoding = true;
    if (equals_ignoring_case(field, "host")) ++hosts;
    if (equals_ignoring_case(field, "content-length")) ++lengths;
  }
  if (transfer_encoding) return fail(Code::length_required, "", "Transfer-Encoding is not taken in requests");
  if (fields > kHeaderFieldsMax) return fail(Code::header_too_large, "", "too many header fields");
  if (wrong) return bad(*wrong);
  if (lengths > 1) return bad("more than one Content-Length");
  if (hosts != 1) return bad(hosts == 0 ? "no Host" : "more than one Host");
  return {};
}

// Origin form in visible ASCII; no segment "." or "..", encoded or not: they would change what the path means.
Result<void> refuse_target(Request& request) {
  const std::string_view target = request.target;
  if (target.empty() || target.front() != '/') return bad("the request target is not a path");
  if (!std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; })) {
    return bad("a character in the request target that must be encoded");
  }
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  std::string_view rest = request.path;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const auto segment = percent_decode(rest.substr(0, end), false);
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == "." || *segment == "..") return bad("a path segment \".\" or \"..\"");
    if (segment->find('\\') != std::string::npos) return bad("a backslash in the path");
    rest.remove_prefix(end);
  }
  return {};
}

Result<std::optional<std::uint64_t>> content_length(const Request& request) {
  const auto field = request.find_header("content-length");
  if (!field) return std::optional<std::uint64_t>();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), value);
  if (field->empty() || error != std::errc() || end != field->data() + field->size() || field->size() > 18) {
    return bad("Content-Length is not one decimal number");
  }
  return std::optional(value);
}

}  // namespace

Result<std::size_t> head_end(std::string_view received, std::size_t& scanned) {
  while (scanned < received.size()) {
    const std::size_t line_end = received.find('\n', scanned);
    if (line_end == std::string_view::npos) {
      scanned = received.size();
      return std::size_t{0};
    }
    if (line_end == 0 || received[line_end - 1] != '\r') return bad("a line that does not end in CR LF");
    scanned = line_end + 1;
    if (line_end == 1) return bad("an empty request line");
    if (line_end >= 3 && received[line_end - 2] == '\n') return scanned;
  }
  return std::size_t{0};
}

Result<Head> parse_head(std::string_view head, Request& request) {
  if (auto lines = refuse_lines(head); !lines) return tl::unexpected(lines.error());
  HeadParser parser(request);
  parser.header_limit(static_cast<std::uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if ((error && error != http::error::need_more) || !parser.is_header_done()) return bad("not an HTTP request");
  if (parser.version() != 10 && parser.version() != 11) return bad("not HTTP/1.1 or HTTP/1.0");
  if (auto target = refuse_target(request); !target) return tl::unexpected(target.error());
  const auto length = content_length(request);
  if (!length) return tl::unexpected(length.error());
  request.content_length = length->value_or(0);
  Head result;
  result.http_1_1 = parser.version() == 11;
  result.keep_alive = parser.keep_alive();
  result.content_length = *length;
  if (const auto expect = request.find_header("expect")) {
    if (!equals_ignoring_case(*expect, "100-continue")) return bad("an expectation other than 100-continue");
    result.expects_continue = result.http_1_1;
  }
  return result;
}

void append_head(const Response& response, Framing framing, std::size_t length, bool keep_alive, std::string_view date,
                 std::string& out) {
  http::response<http::empty_body> message;
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  const auto view = [](std::string_view text) { return boost::beast::string_view(text.data(), text.size()); };
  message.set(http::field::date, view(date));
  if (!response.content_type.empty()) message.set(http::field::content_type, view(response.content_type));
  for (const ResponseHeader& field : response.headers) message.insert(view(field.name), view(field.value));
  message.set("x-content-type-options", "nosniff");
  switch (framing) {
    case Framing::length:
      message.set(http::field::content_length, std::to_string(length));
      break;
    case Framing::chunked:
      message.set(http::field::transfer_encoding, "chunked");
      break;
    case Framing::until_close:
    case Framing::none:
      break;
  }
  if (!keep_alive) message.set(http::field::connection, "close");
  http::response_serializer<http::empty_body> serializer(message);
  serializer.split(true);
  boost::beast::error_code error;
  do {
    std::size_t consumed = 0;
    serializer.next(error, [&](boost::beast::error_code&, const auto& buffers) {
      for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers);
           ++at) {
        const boost::asio::const_buffer buffer = *at;
        out.append(static_cast<const char*>(buffer.data()), buffer.size());
        consumed += buffer.size();
      }
    });
    serializer.consume(consumed);
  } while (!error && !serializer.is_header_done());
}

void append_chunk(std::string_view piece, std::string& out) {
  if (piece.empty()) return;
  const http::chunk_body<boost::asio::const_buffer> chunk(boost::asio::const_buffer(piece.data(), piece.size()));
  for (auto at = chunk.begin(); at != chunk.end(); ++at) {
    const boost::asio::const_buffer buffer = *at;
    out.append(static_cast<const char*>(buffer.data()), buffer.size());
  }
}

void append_last_chunk(std::string& out) {
  const auto last = http::make_chunk_last();
  for (auto at = last.begin(); at != last.end(); ++at) {
    const boost::asio::const_buffer buffer = *at;
    out.append(static_cast<const char*>(buffer.data()), buffer.size());
  }
}

std::string http_date(std::int64_t wall_ms) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds instant{std::chrono::seconds(wall_ms / 1000)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                   kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                                   kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                                   static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                                   static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace jangbu::api
