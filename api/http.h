// Request, Response and Exchange: what the server hands to a handler and takes back. No socket and no HTTP library is
// named here, so that handlers run in tests without either.
//
// Threads: an Exchange belongs to one I/O thread. Its handler is called there, and everything but post() is called
// there. What waits for a commit is called back on the writer's thread: it uses post() to come home, and responds then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/error.h"

namespace jangbu::api {

enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options, other };
[[nodiscard]] Method method(std::string_view text);
[[nodiscard]] std::string_view name(Method method);

// Views into the request's bytes, which live as long as the Exchange has not been answered.
struct HeaderField {
  std::string_view name, value;
};

struct Request {
  Method method = Method::get;
  std::string_view target;  // as received: path, and "?" and query if there is one
  std::string_view path, query;
  std::vector<HeaderField> headers;
  std::vector<std::string> captures;  // what the pattern's {..} stand for, percent-decoded, in order
  std::string body;                   // whole; empty on a route that reads it piece by piece (Exchange::read_body)
  std::uint64_t content_length = 0;

  // The first field of that name (lower case); empty: absent.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
  [[nodiscard]] std::optional<std::string_view> find_header(std::string_view lower_case_name) const;
};

// Makes a body of unknown length, on the I/O thread.
class BodyStream {
 public:
  enum class Next : std::uint8_t {
    more,  // call again as soon as what was appended is written
    wait,  // call again after `wake`
    end,
    broken,  // it cannot go on: the connection is cut, so that nobody takes what came for the whole
  };
  virtual ~BodyStream() = default;
  // `wake` may be called any number of times, on the I/O thread, also after the stream has gone.
  virtual void start(std::function<void()> wake) = 0;
  // Appends to `out`: about kStreamPieceBytes a call, so that memory stays bounded. Also called with nothing new.
  virtual Next produce(std::string& out) = 0;
  // The server shuts down: produce() should come to its end soon.
  virtual void close() {}
};
inline constexpr std::size_t kStreamPieceBytes = std::size_t{64} << 10;

struct ResponseHeader {
  std::string_view name;  // a literal, lower case
  std::string value;
};

struct Response {
  int status = 200;
  std::string_view content_type;  // a literal; empty: none
  std::string body;
  std::vector<ResponseHeader> headers;
  std::unique_ptr<BodyStream> stream;  // instead of `body`
  bool close = false;                  // end the connection after this

  Response& with(std::string_view header_name, std::string value) & {
    headers.push_back({header_name, std::move(value)});
    return *this;
  }
  Response&& with(std::string_view header_name, std::string value) && {
    headers.push_back({header_name, std::move(value)});
    return std::move(*this);
  }
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

// A piece of a request's body. `failed`: the peer went away or was too slow; nothing follows.
struct BodyPiece {
  std::string_view bytes;  // valid during the call
  bool last = false;
  bool failed = false;
};

// One request and the way to answer it. A handler keeps the shared pointer for as long as it has not answered.
class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual Request& request() = 0;
  // Which I/O thread this is, from 0 on: for what is kept once a thread.
  [[nodiscard]] virtual std::size_t worker() const = 0;
  // Once. With a stream the body may still be read meanwhile. An answer whose connection has gone is dropped.
  virtual void respond(Response response) = 0;
  // The next piece of the body, on a route that streams it. One call at a time.
  virtual void read_body(std::function<void(BodyPiece)> piece) = 0;
  // Runs `task` on the I/O thread, soon. From any thread. Dropped if the server has ended.
  virtual void post(std::function<void()> task) = 0;
  virtual void after(std::chrono::milliseconds delay, std::function<void()> task) = 0;
};
using ExchangePtr = std::shared_ptr<Exchange>;
using Handler = std::function<void(const ExchangePtr&)>;

// Path segments and query values. Error: bad_request (a "%" without two hex digits, an encoded NUL).
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
[[nodiscard]] std::string percent_encode(std::string_view text);

// A query string's parameters. Every parameter that a route knows is asked for; what is left is an error.
class Query {
 public:
  // Errors: bad_request (encoding), bad_parameter (the same name twice).
  [[nodiscard]] static Result<Query> parse(std::string_view query);
  [[nodiscard]] std::optional<std::string> text(std::string_view parameter);
  // A decimal number without sign, at most `max`. bad_parameter.
  [[nodiscard]] Result<std::optional<std::uint64_t>> number(std::string_view parameter, std::uint64_t max);
  // Error: bad_parameter, naming one that nobody asked for.
  [[nodiscard]] Result<void> finish() const;

 private:
  struct Parameter {
    std::string name, value;
    bool asked = false;
  };
  std::vector<Parameter> parameters_;
};
[[nodiscard]] Result<std::uint64_t> parse_number(std::string_view text, std::string_view where, std::uint64_t max);

// Of `offered` (media types, the first is the default), the one that the Accept field likes best; nullopt: none.
[[nodiscard]] std::optional<std::size_t> accepted(std::string_view accept,
                                                  std::initializer_list<std::string_view> offered);
// The media type of a Content-Type field, lower case, without parameters.
[[nodiscard]] std::string media_type(std::string_view content_type);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

// What every answer gets, by its request: 304 where If-None-Match names its ETag, `cache-control: no-store` where a
// handler said nothing, traceparent (W3C) continued under `span`. Called by the server once a handler has responded.
void finish_response(const Request& request, std::uint64_t span, Response& response);

}  // namespace jangbu::api
