// The published description against the route table, both ways.
#include "api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/api/node_fixture.h"

namespace jangbu::api {
namespace {

using testing::NodeTest;

class OpenApiTest : public NodeTest {};

TEST_F(OpenApiTest, DescribesExactlyTheRoutes) {
  std::set<std::string> described;
  const auto document = nlohmann::json::parse(openapi_files().front().bytes);
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) described.insert(method + " " + path);
  }
  std::set<std::string> routed;
  std::map<std::string, std::string> summaries;
  for (const Route& route : routes_->all()) {
    std::string method(name(route.method));
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    std::string pattern = route.pattern;
    if (const std::size_t dots = pattern.find("...}"); dots != std::string::npos) pattern.erase(dots, 3);
    routed.insert(method + " " + pattern);
    EXPECT_EQ(document["paths"][pattern][method]["summary"], route.summary) << pattern;
  }
  EXPECT_EQ(described, routed);
}

TEST_F(OpenApiTest, IsServed) {
  const Response response = get("/openapi.json");
  EXPECT_EQ(response.body, openapi_files().front().bytes);
}

}  // namespace
}  // namespace jangbu::api
