// Answers that take long are made beside the I/O threads.
#include "api/slow_lane.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/api/local_exchange.h"

namespace jangbu::api {
namespace {

using testing::LocalExchange;
using testing::LocalRequest;

Routes routes_over(SlowLane* lane) {
  std::vector<Route> routes;
  routes.push_back({Method::get, "/long/{what}", BodyMode::none, 0, "", in_slow_lane(lane, [](const Request& request) {
                      Response response;
                      response.body = request.captures[0] + "?" + std::string(request.query) + " " +
                                      std::string(request.header("accept")) + " " + std::string(request.path);
                      return response;
                    })});
  return Routes(std::move(routes));
}

std::shared_ptr<LocalExchange> ask(const Routes& routes) {
  auto exchange =
      std::make_shared<LocalExchange>(LocalRequest{Method::get, "/long/report?format=csv", {{"accept", "text/csv"}}});
  exchange->dispatch(routes);
  return exchange;
}

constexpr std::string_view kExpected = "report?format=csv text/csv /long/report";

TEST(SlowLane, AnswersOnTheExchangesOwnThreadWhatWasMadeOnTheLanes) {
  SlowLane lane;
  const Routes routes = routes_over(&lane);
  const auto exchange = ask(routes);
  EXPECT_FALSE(exchange->answered());
  {
    std::jthread thread([&](const std::stop_token& stop) { lane.run(stop); });
    while (!exchange->run()) std::this_thread::yield();
  }
  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->response().body, kExpected);
}

TEST(SlowLane, WithoutALaneItAnswersAtOnce) {
  const auto exchange = ask(routes_over(nullptr));
  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->response().body, kExpected);
}

TEST(SlowLane, AFullLaneSaysSo) {
  SlowLane lane(2);
  const Routes routes = routes_over(&lane);
  const auto first = ask(routes), second = ask(routes), third = ask(routes);
  EXPECT_FALSE(first->answered());
  EXPECT_FALSE(second->answered());
  ASSERT_TRUE(third->answered());
  EXPECT_EQ(third->response().status, 503);
  EXPECT_NE(third->response().body.find("queue_full"), std::string::npos);
}

TEST(SlowLane, StoppingDropsWhatWaits) {
  SlowLane lane;
  const Routes routes = routes_over(&lane);
  const std::weak_ptr<LocalExchange> waiting = ask(routes);
  EXPECT_FALSE(waiting.expired());
  std::stop_source stop;
  stop.request_stop();
  lane.run(stop.get_token());
  EXPECT_TRUE(waiting.expired());
}

}  // namespace
}  // namespace jangbu::api
