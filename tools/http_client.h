// A plain HTTP/1.1 client for nodes: one connection, kept alive, one request at a time. One thread. Used by commands
// that talk to a served node, and by tests. Beast is named in http_client.cc alone (in this layer).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/error.h"

namespace jangbu::tools {

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Case-insensitive; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

class HttpClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // "http://127.0.0.1:8080" (a path after it is kept as a prefix). Connects at the first request. Error: bad_usage.
  [[nodiscard]] static Result<HttpClient> make(std::string_view url,
                                               std::chrono::seconds timeout = std::chrono::seconds(60));
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // Any status is an answer. A connection that the server closed meanwhile is opened again once, for requests without
  // side effects and for those whose (source, id) makes them safe to repeat: all of ours. Error: unreachable.
  [[nodiscard]] Result<HttpAnswer> send(std::string_view method, std::string_view target, const Headers& headers = {},
                                        std::string_view body = {});
  // The body as it comes, in pieces; `piece` returns false to stop (the connection is closed then). The answer's own
  // body is empty unless the status is 400 or above.
  [[nodiscard]] Result<HttpAnswer> stream(std::string_view method, std::string_view target, const Headers& headers,
                                          std::string_view body, const std::function<bool(std::string_view)>& piece);

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu::tools
