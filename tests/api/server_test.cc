// The server on raw sockets: what it refuses, what it cuts, and that it keeps to one request at a time.
#include "api/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "api/problem.h"
#include "tests/api/raw_client.h"

namespace jangbu::api {
namespace {

using testing::RawClient;
using testing::status_of;
using namespace std::chrono_literals;

// Counts down, some lines a call.
class Countdown final : public BodyStream {
 public:
  explicit Countdown(int lines) : lines_(lines) {}
  void start(std::function<void()>) override {}
  Next produce(std::string& out) override {
    for (int i = 0; i < 100 && lines_ > 0; ++i) out += std::to_string(lines_--) + "\n";
    return lines_ == 0 ? Next::end : Next::more;
  }

 private:
  int lines_;
};

class Endless final : public BodyStream {
 public:
  explicit Endless(std::atomic<bool>& gone) : gone_(gone) {}
  ~Endless() override { gone_ = true; }
  void start(std::function<void()>) override {}
  Next produce(std::string& out) override {
    out.assign(kStreamPieceBytes, 'x');
    return Next::more;
  }

 private:
  std::atomic<bool>& gone_;
};

class Parked final : public BodyStream {
 public:
  void start(std::function<void()> wake) override { wake_ = std::move(wake); }
  Next produce(std::string& out) override {
    if (!closing_) return Next::wait;
    out = "bye\n";
    return Next::end;
  }
  void close() override { closing_ = true; }

 private:
  std::function<void()> wake_;
  bool closing_ = false;
};

// Reads a body in pieces and says at the end how many bytes it had.
void count_body(const ExchangePtr& exchange, std::uint64_t so_far) {
  exchange->read_body([exchange, so_far](BodyPiece piece) {
    if (piece.failed) return;
    const std::uint64_t now = so_far + piece.bytes.size();
    if (!piece.last) return count_body(exchange, now);
    Response response;
    response.body = std::to_string(now);
    exchange->respond(std::move(response));
  });
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.header_time = options_.body_time = options_.write_time = options_.idle_time = 10s;
    options_.grace = 2s;
  }

  ~ServerTest() override { stop(); }

  void start() {
    std::vector<Route> table;
    table.push_back({Method::get, "/hello", BodyMode::none, 0, "", at_once([this](const Request& request) {
                       ++handled_;
                       Response response;
                       response.content_type = "text/plain; charset=utf-8";
                       response.body = "hello " + std::string(request.query);
                       response.with("etag", "\"h1\"");
                       return response;
                     })});
    table.push_back({Method::post, "/echo", BodyMode::whole, 200'000, "", at_once([this](const Request& request) {
                       ++handled_;
                       Response response;
                       response.body = request.body;
                       return response;
                     })});
    table.push_back({Method::post, "/count", BodyMode::streamed, 0, "", [this](const ExchangePtr& exchange) {
                       ++handled_;
                       count_body(exchange, 0);
                     }});
    table.push_back({Method::get, "/countdown", BodyMode::none, 0, "", at_once([](const Request&) {
                       Response response;
                       response.stream = std::make_unique<Countdown>(1000);
                       return response;
                     })});
    table.push_back({Method::get, "/endless", BodyMode::none, 0, "", at_once([this](const Request&) {
                       Response response;
                       response.stream = std::make_unique<Endless>(stream_gone_);
                       return response;
                     })});
    table.push_back({Method::get, "/parked", BodyMode::none, 0, "", at_once([](const Request&) {
                       Response response;
                       response.stream = std::make_unique<Parked>();
                       return response;
                     })});
    table.push_back({Method::get, "/never", BodyMode::none, 0, "", [this](const ExchangePtr& exchange) {
                       ++handled_;
                       held_ = exchange;
                     }});
    table.push_back({Method::get, "/elsewhere", BodyMode::none, 0, "", [this](const ExchangePtr& exchange) {
                       if (other_thread_.joinable()) other_thread_.join();
                       other_thread_ = std::thread([exchange] {
                         exchange->post([exchange] {
                           Response response;
                           response.body = "from elsewhere";
                           exchange->respond(std::move(response));
                         });
                       });
                     }});
    table.push_back({Method::get, "/items/{item}", BodyMode::none, 0, "", at_once([](const Request& request) {
                       Response response;
                       response.body = request.captures[0];
                       return response;
                     })});
    routes_.emplace(std::move(table));
    auto server = Server::listen(options_, *routes_, clock_, nullptr);
    ASSERT_TRUE(server) << to_string(server.error());
    server_ = std::move(*server);
    for (std::size_t i = 0; i < server_->workers(); ++i) threads_.emplace_back([this, i] { server_->run(i); });
  }

  void stop() {
    if (!server_) return;
    held_.reset();
    server_->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (other_thread_.joinable()) other_thread_.join();
    server_.reset();
  }

  // Sends the bytes, reads to the end: the status, having seen exactly one answer and the connection closed.
  int refused(std::string_view bytes) {
    RawClient client(server_->port());
    client.send(bytes);
    const std::string& answer = client.read_to_end(2s);
    EXPECT_TRUE(client.closed()) << bytes.substr(0, 200);
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "more than one answer to " << bytes.substr(0, 200);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
    return status_of(answer);
  }

  ServerOptions options_;
  SystemClock clock_;
  std::optional<Routes> routes_;
  std::unique_ptr<Server> server_;
  std::vector<std::thread> threads_;
  std::thread other_thread_;
  std::atomic<int> handled_ = 0;
  std::atomic<bool> stream_gone_ = false;
  ExchangePtr held_;
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /hello?q HTTP/1.1\r\nHost: here\r\n\r\n");
    const std::string answer = client.read_answer();
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_NE(answer.find("hello q"), std::string::npos);
    EXPECT_NE(answer.find("Date: "), std::string::npos);
    EXPECT_NE(answer.find("cache-control: no-store"), std::string::npos) << answer;
  }
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  start();
  RawClient client(server_->port());
  std::string many;
  for (int i = 0; i < 50; ++i) {
    many += "POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\n" + std::to_string(100 + i);
    many += "GET /items/" + std::to_string(i) + " HTTP/1.1\r\nHost: here\r\n\r\n";
  }
  client.send(many);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\n" + std::to_string(100 + i)));
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\n" + std::to_string(i)));
  }
}

TEST_F(ServerTest, ARequestCutIntoSingleBytesIsTheSameRequest) {
  start();
  RawClient client(server_->port());
  for (const char byte : std::string_view("POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nbytes")) {
    client.send({&byte, 1});
  }
  EXPECT_TRUE(client.read_answer().ends_with("bytes"));
}

TEST_F(ServerTest, RequestsThatTwoReadersCouldReadDifferentlyAreRefused) {
  start();
  const std::string host = "Host: here\r\n";
  const std::string tail = "\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: here\r\n\r\n";
  struct Case {
    std::string bytes;
    int status;
  };
  const std::vector<Case> cases = {
      // Any Transfer-Encoding.
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n" + tail, 411},
      {"POST /echo HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n" + tail, 411},
      {"POST /echo HTTP/1.1\r\n" + host + "tRANSFER-eNCODING:\r\n" + tail, 411},
      {"GET /hello HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", 411},
      // A trailer that carries credentials, and a chunk extension, are the same case: never read.
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'e') +
           "\r\na\r\n0\r\nAuthorization: x\r\n\r\n",
       411},
      {"POST /echo HTTP/1.1\r\n" + host + "\r\n", 411},
      // Content-Length.
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 2, 2\r\n\r\nab", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: +2\r\n\r\nab", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 0x2\r\n\r\nab", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: \r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      // Host, target, lines.
      {"GET /hello HTTP/1.1\r\n\r\n", 400},
      {"GET /hello HTTP/1.0\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET http://here/hello HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET hello HTTP/1.1\r\n" + host + "\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /hello HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n " + host + "\r\n", 400},
      {"GET /hel\xFFlo HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /../hello HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /items/../hello HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /items/%2e%2E HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /items/%2 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /items/a%00b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /items/a\\b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /hello#part HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /hello HTTP/2.0\r\n" + host + "\r\n", 400},
      {"GET  /hello HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /hello\r\n" + host + "\r\n", 400},
      {"GET /hello HTTP/1.1\n" + host + "\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: here\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"GET /hello HTTP/1.1\r\n" + host + "no colon\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n" + host + ": empty\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n" + host + "Expect: a miracle\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400},
      // Sizes.
      {"GET /hello HTTP/1.1\r\n" + host + "X: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
      {"GET /hello?" + std::string(40'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 431},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 200001\r\n\r\n", 413},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 999999999999999999\r\n\r\n", 413},
      {"GET /hello HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", 413},
      {"POST /nowhere HTTP/1.1\r\n" + host + "Content-Length: 4\r\n\r\nbody", 404},
  };
  for (const Case& one : cases) EXPECT_EQ(refused(one.bytes), one.status) << one.bytes.substr(0, 120);
  std::string fields = "GET /hello HTTP/1.1\r\n" + host;
  for (int i = 0; i < 200; ++i) fields += "X: y\r\n";
  EXPECT_EQ(refused(fields + "\r\n"), 431);
  EXPECT_EQ(handled_, 0);
}

TEST_F(ServerTest, AnUnknownPathOrMethodKeepsTheConnection) {
  start();
  RawClient client(server_->port());
  client.send("GET /nowhere HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 404);
  client.send("DELETE /hello HTTP/1.1\r\nHost: here\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_NE(answer.find("allow: GET, HEAD\r\n"), std::string::npos) << answer;
  client.send("HEAD /hello HTTP/1.1\r\nHost: here\r\n\r\nGET /hello HTTP/1.1\r\nHost: here\r\n\r\n");
  while (client.received().find("hello ") == std::string::npos && client.receive()) {
  }
  EXPECT_EQ(client.received().find("hello "), client.received().rfind("hello ")) << "HEAD was answered with a body";
}

TEST_F(ServerTest, AKnownETagIsAnsweredWithoutABody) {
  start();
  RawClient client(server_->port());
  client.send("GET /hello HTTP/1.1\r\nHost: here\r\nIf-None-Match: \"other\", \"h1\"\r\n\r\n");
  client.send("GET /items/after HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 304);
  EXPECT_TRUE(client.read_answer().ends_with("after"));
}

TEST_F(ServerTest, ATraceIsContinuedUnderASpanOfItsOwn) {
  start();
  RawClient client(server_->port());
  client.send(
      "GET /hello HTTP/1.1\r\nHost: here\r\n"
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_NE(answer.find("traceparent: 00-0af7651916cd43dd8448eb211c80319c-"), std::string::npos);
  EXPECT_EQ(answer.find("b7ad6b7169203331"), std::string::npos);
}

TEST_F(ServerTest, AStreamComesInChunksAndTheConnectionGoesOn) {
  start();
  RawClient client(server_->port());
  client.send("GET /countdown HTTP/1.1\r\nHost: here\r\n\r\nGET /hello HTTP/1.1\r\nHost: here\r\n\r\n");
  while (client.received().find("hello ") == std::string::npos && client.receive()) {
  }
  EXPECT_NE(client.received().find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_NE(client.received().find("\n1\n\r\n0\r\n\r\nHTTP/1.1 200"), std::string::npos);
}

TEST_F(ServerTest, AStreamToAnOldClientEndsWithTheConnection) {
  start();
  RawClient client(server_->port());
  client.send("GET /countdown HTTP/1.0\r\nHost: here\r\n\r\n");
  const std::string& answer = client.read_to_end();
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\n2\n1\n"));
}

TEST_F(ServerTest, AStreamedBodyOfAnyLengthIsReadInPieces) {
  start();
  RawClient client(server_->port());
  const std::string piece(1 << 20, 'b');
  client.send("POST /count HTTP/1.1\r\nHost: here\r\nContent-Length: " + std::to_string(20 * piece.size()) +
              "\r\n\r\n");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.send(piece));
  EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\n" + std::to_string(20 * piece.size())));
  client.send("GET /hello HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 200);
}

TEST_F(ServerTest, ContinueIsSentBeforeABodyIsAwaited) {
  start();
  RawClient client(server_->port());
  client.send("POST /echo HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 100);
  client.send("body");
  EXPECT_TRUE(client.read_answer().ends_with("body"));
}

TEST_F(ServerTest, SlowClientsAreCut) {
  options_.header_time = options_.body_time = options_.idle_time = 200ms;
  start();
  RawClient idle(server_->port());
  RawClient header(server_->port());
  RawClient body(server_->port());
  RawClient streamed(server_->port());
  header.send("GET /hello HTTP/1.1\r\nHo");
  body.send("POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nabc");
  streamed.send("POST /count HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nabc");
  const auto began = std::chrono::steady_clock::now();
  // A byte now and then does not help.
  bool open = true;
  while (open && std::chrono::steady_clock::now() - began < 5s) {
    open = header.send("s");
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_FALSE(open);
  for (RawClient* client : {&idle, &body, &streamed}) {
    client->read_to_end(2s);
    EXPECT_TRUE(client->closed());
    EXPECT_EQ(client->received(), "");
  }
  EXPECT_GE(server_->counters().time_outs, 3U);
  EXPECT_LE(handled_, 1);  // the streamed one was begun
}

TEST_F(ServerTest, AClientThatDoesNotReadIsCut) {
  options_.write_time = 300ms;
  start();
  RawClient client(server_->port(), 4096);
  client.send("GET /endless HTTP/1.1\r\nHost: here\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  while (!stream_gone_ && std::chrono::steady_clock::now() - began < 5s) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(stream_gone_);
}

TEST_F(ServerTest, AHandlerThatDoesNotAnswerIsAnsweredFor) {
  options_.handler_time = 200ms;
  start();
  RawClient client(server_->port());
  client.send("GET /never HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(status_of(client.read_to_end()), 503);
  EXPECT_TRUE(client.closed());
  held_->post([exchange = held_] { exchange->respond(Response()); });  // too late, and harmless
}

TEST_F(ServerTest, AnAnswerMayComeFromAnotherThread) {
  start();
  RawClient client(server_->port());
  for (int i = 0; i < 20; ++i) {
    client.send("GET /elsewhere HTTP/1.1\r\nHost: here\r\n\r\n");
    EXPECT_TRUE(client.read_answer().ends_with("from elsewhere"));
  }
}

TEST_F(ServerTest, MoreConnectionsThanTheCapAreTurnedAway) {
  options_.connections_max = 4;
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->send("GET /hello HTTP/1.1\r\nHost: here\r\n\r\n");
    EXPECT_EQ(status_of(clients.back()->read_answer()), 200);
  }
  RawClient fifth(server_->port());
  EXPECT_EQ(status_of(fifth.read_to_end()), 503);
  EXPECT_TRUE(fifth.closed());
  clients.clear();
  const auto began = std::chrono::steady_clock::now();
  while (server_->counters().connections_open > 0 && std::chrono::steady_clock::now() - began < 5s) {
    std::this_thread::sleep_for(5ms);
  }
  RawClient again(server_->port());
  again.send("GET /hello HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(status_of(again.read_answer()), 200);
}

TEST_F(ServerTest, StoppingClosesIdleConnectionsAndEndsStreams) {
  start();
  RawClient idle(server_->port());
  idle.send("GET /hello HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(status_of(idle.read_answer()), 200);
  RawClient parked(server_->port());
  parked.send("GET /parked HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(status_of(parked.read_answer()), 200);
  RawClient endless(server_->port(), 4096);
  endless.send("GET /endless HTTP/1.1\r\nHost: here\r\n\r\n");
  endless.receive();
  const auto began = std::chrono::steady_clock::now();
  std::thread reader([&] { parked.read_to_end(); });
  stop();
  reader.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  idle.read_to_end();
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(parked.received().ends_with("4\r\nbye\n\r\n0\r\n\r\n")) << parked.received();
}

TEST_F(ServerTest, ItListensOnLoopbackOnly) {
  const Routes none({});
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1", "example.org", ""}) {
    options_.address = address;
    const auto server = Server::listen(options_, none, clock_, nullptr);
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code, Code::bad_usage);
    EXPECT_NE(server.error().what.find("loopback"), std::string::npos);
  }
}

}  // namespace
}  // namespace jangbu::api
