#include "tools/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace jangbu::tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{1} << 30;

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals(key, beast::string_view(name.data(), name.size()))) return value;
  }
  return {};
}

struct HttpClient::Impl {
  std::string host, port, prefix;
  std::chrono::seconds timeout{};
  asio::io_context io;
  std::optional<beast::tcp_stream> connection;
  beast::flat_buffer buffer;

  // Runs one asynchronous operation to its end: Beast's time-outs hold for those only.
  template <typename Start>
  beast::error_code await(Start start) {
    beast::error_code outcome = asio::error::would_block;
    start([&outcome](beast::error_code error, auto&&...) { outcome = error; });
    io.restart();
    io.run();
    return outcome;
  }

  beast::error_code connect() {
    buffer.clear();
    connection.emplace(io);
    beast::error_code error;
    asio::ip::tcp::resolver resolver(io);
    const auto endpoints = resolver.resolve(host, port, error);
    if (error) return error;
    connection->expires_after(timeout);
    error = await([&](auto done) { connection->async_connect(endpoints, done); });
    if (!error) connection->socket().set_option(asio::ip::tcp::no_delay(true), error);
    return error;
  }

  beast::error_code write(http::request<http::string_body>& request) {
    connection->expires_after(timeout);
    return await([&](auto done) { http::async_write(*connection, request, done); });
  }

  Error unreachable(const beast::error_code& error) const {
    return Error{Code::unreachable, "http://" + host + ":" + port, error.message()};
  }

  Result<HttpAnswer> exchange(std::string_view method, std::string_view target, const Headers& headers,
                              std::string_view body, const std::function<bool(std::string_view)>* piece) {
    http::request<http::string_body> request;
    request.method_string(beast::string_view(method.data(), method.size()));
    request.target(prefix + std::string(target));
    request.version(11);
    request.set(http::field::host, host + ":" + port);
    for (const auto& [name, value] : headers) request.set(name, value);
    request.body() = body;
    if (!body.empty() || method == "POST") request.content_length(body.size());

    beast::error_code error;
    for (int attempt = 0; attempt < 2; ++attempt) {
      const bool fresh = !connection;
      error = fresh ? connect() : beast::error_code();
      if (!error) error = write(request);
      if (!error) {
        http::response_parser<http::buffer_body> parser;
        parser.body_limit(kAnswerBytesMax);
        connection->expires_after(timeout);
        error = await([&](auto done) { http::async_read_header(*connection, buffer, parser, done); });
        if (!error) return read_body(parser, piece);
      }
      connection.reset();
      if (fresh) break;
    }
    return tl::unexpected(unreachable(error));
  }

  Result<HttpAnswer> read_body(http::response_parser<http::buffer_body>& parser,
                               const std::function<bool(std::string_view)>* piece) {
    HttpAnswer answer;
    answer.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
      answer.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    std::array<char, 65'536> chunk{};
    while (!parser.is_done()) {
      parser.get().body().data = chunk.data();
      parser.get().body().size = chunk.size();
      connection->expires_after(timeout);
      beast::error_code error = await([&](auto done) { http::async_read_some(*connection, buffer, parser, done); });
      if (error == http::error::need_buffer) error = {};
      if (error) {
        connection.reset();
        return tl::unexpected(unreachable(error));
      }
      const std::string_view got(chunk.data(), chunk.size() - parser.get().body().size);
      if (got.empty()) continue;
      if (piece != nullptr && answer.status < 400) {
        if (!(*piece)(got)) {
          connection.reset();
          return answer;
        }
      } else {
        answer.body.append(got);
      }
    }
    if (!parser.keep_alive()) connection.reset();
    return answer;
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpClient> HttpClient::make(std::string_view url, std::chrono::seconds timeout) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return fail(Code::bad_usage, std::string(url), "a node's URL begins with http://");
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  const std::string_view authority = url.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  auto impl = std::make_unique<Impl>();
  impl->host = authority.substr(0, colon);
  impl->port = colon == std::string_view::npos ? "80" : std::string(authority.substr(colon + 1));
  impl->prefix = slash == std::string_view::npos ? "" : std::string(url.substr(slash));
  while (impl->prefix.ends_with('/')) impl->prefix.pop_back();
  impl->timeout = timeout;
  if (impl->host.empty() || impl->port.empty())
    return fail(Code::bad_usage, std::string(url), "no host and port in it");
  return HttpClient(std::move(impl));
}

Result<HttpAnswer> HttpClient::send(std::string_view method, std::string_view target, const Headers& headers,
                                    std::string_view body) {
  return impl_->exchange(method, target, headers, body, nullptr);
}

Result<HttpAnswer> HttpClient::stream(std::string_view method, std::string_view target, const Headers& headers,
                                      std::string_view body, const std::function<bool(std::string_view)>& piece) {
  return impl_->exchange(method, target, headers, body, &piece);
}

}  // namespace jangbu::tools
