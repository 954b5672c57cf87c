// Queries, media types, problems and the route table, without a socket.
#include "api/http.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/problem.h"
#include "api/routes.h"
#include "api/wire.h"

namespace jangbu::api {
namespace {

TEST(Percent, DecodesAndRefusesWhatIsNotEncoded) {
  EXPECT_EQ(percent_decode("a%2Fb+c", false).value(), "a/b+c");
  EXPECT_EQ(percent_decode("a%2fb+c", true).value(), "a/b c");
  for (const char* bad : {"%", "%4", "%4g", "a%", "%00"}) EXPECT_FALSE(percent_decode(bad, true)) << bad;
  const std::string all = "/v1?x= &=%+\xec\x9e\xa5";
  EXPECT_EQ(percent_decode(percent_encode(all), true).value(), all);
}

TEST(Query, NamesTheParameterThatIsWrong) {
  auto query = Query::parse("size=12&name=a%20b&flag");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->number("size", 100).value(), 12U);
  EXPECT_EQ(query->text("name"), "a b");
  EXPECT_FALSE(query->text("absent"));
  const auto rest = query->finish();
  ASSERT_FALSE(rest);
  EXPECT_EQ(rest.error().where, "flag");
  EXPECT_FALSE(Query::parse("a=1&a=2"));
  for (const char* bad : {"-1", "+1", "01", "1x", "", "101", "18446744073709551616"}) {
    auto one = Query::parse(std::string("size=") + bad);
    ASSERT_TRUE(one);
    const auto number = one->number("size", 100);
    ASSERT_FALSE(number) << bad;
    EXPECT_EQ(number.error().where, "size");
  }
}

TEST(Accept, TheMostSpecificRangeDecides) {
  EXPECT_EQ(accepted("", {"a/x", "b/y"}), 0U);
  EXPECT_EQ(accepted("*/*", {"a/x", "b/y"}), 0U);
  EXPECT_EQ(accepted("b/y", {"a/x", "b/y"}), 1U);
  EXPECT_EQ(accepted("b/*", {"a/x", "b/y"}), 1U);
  EXPECT_EQ(accepted("a/x;q=0.5, b/y;q=0.7", {"a/x", "b/y"}), 1U);
  EXPECT_EQ(accepted("a/x;q=0, */*;q=0.1", {"a/x", "b/y"}), 1U);
  EXPECT_EQ(accepted("a/x;q=0", {"a/x"}), std::nullopt);
  EXPECT_EQ(accepted("text/html", {"a/x", "b/y"}), std::nullopt);
  EXPECT_EQ(accepted("A/X", {"a/x"}), 0U);
}

TEST(Problem, SaysWhatAndWhereByTheTable) {
  const Error one{Code::bad_value, "/data/records", "below 0"};
  const Error two{Code::unknown_member, "/data/x", "the type has no such member"};
  const std::vector<Error> both = {one, two};
  const Response response = problem(both);
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["type"], "/problems/bad_value");
  EXPECT_EQ(json["status"], 422);
  EXPECT_EQ(json["title"], info(Code::bad_value).sentence);
  EXPECT_EQ(json["errors"].size(), 2U);
  EXPECT_EQ(json["errors"][1]["pointer"], "/data/x");
  EXPECT_EQ(json["errors"][1]["code"], "unknown_member");
  EXPECT_EQ(problem(Error{Code::queue_full, "", "x"}).header("retry-after"), "1");
}

TEST(Problem, EveryCodeHasItsPage) {
  for (const CodeInfo& row : problem_table()) {
    const auto page = problem_document(row.name);
    ASSERT_TRUE(page) << row.name;
    EXPECT_EQ(nlohmann::json::parse(*page)["status"], row.http_status);
    EXPECT_EQ(info(row.code).name, row.name);
  }
  EXPECT_FALSE(problem_document("no_such_problem"));
}

TEST(Routes, MatchByTheirPatterns) {
  const auto nothing = at_once([](const Request&) { return Response(); });
  const Routes routes({{Method::get, "/a/{x}/b", BodyMode::none, 0, "", nothing},
                       {Method::get, "/a/{x}", BodyMode::none, 0, "", nothing},
                       {Method::post, "/a/{x}", BodyMode::none, 0, "", nothing},
                       {Method::get, "/a/fixed", BodyMode::none, 0, "", nothing},
                       {Method::get, "/t/{x}/{rest...}", BodyMode::none, 0, "", nothing}});
  EXPECT_EQ(routes.find(Method::get, "/a/1/b")->captures, std::vector<std::string>{"1"});
  EXPECT_EQ(routes.find(Method::head, "/a/%41%2F")->captures, std::vector<std::string>{"A/"});
  EXPECT_EQ(routes.find(Method::get, "/a/fixed")->route->pattern, "/a/fixed");
  EXPECT_EQ(routes.find(Method::get, "/t/1/0/x001/234.p/5")->captures,
            (std::vector<std::string>{"1", "0/x001/234.p/5"}));
  for (const char* absent : {"/", "/a", "/a/", "/a//b", "/a/1/b/", "/a/1/c", "/t/1", "/t/1/", "/A/1"}) {
    EXPECT_EQ(routes.find(Method::get, absent).error().code, Code::not_found) << absent;
  }
  const auto wrong = routes.find(Method::delete_, "/a/1");
  EXPECT_EQ(wrong.error().code, Code::method_not_allowed);
  EXPECT_EQ(refusal(wrong.error()).header("allow"), "GET, HEAD, POST");
}

TEST(Wire, DatesAreThoseOfTheStandard) {
  EXPECT_EQ(http_date(784'887'151'000), "Tue, 15 Nov 1994 08:12:31 GMT");
  EXPECT_EQ(http_date(951'782'400'000), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Wire, AnAnswersHeadIsWrittenOnce) {
  Response response;
  response.status = 201;
  response.content_type = "application/json";
  response.with("location", "/x");
  std::string out = "before";
  append_head(response, Framing::length, 7, false, "Tue, 15 Nov 1994 08:12:31 GMT", out);
  EXPECT_TRUE(out.starts_with("beforeHTTP/1.1 201 Created\r\n")) << out;
  for (const char* field : {"\r\nContent-Length: 7\r\n", "\r\nConnection: close\r\n", "\r\nlocation: /x\r\n",
                            "\r\nContent-Type: application/json\r\n", "\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n"}) {
    EXPECT_NE(out.find(field), std::string::npos) << field << out;
  }
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
  out.clear();
  append_chunk(std::string(300, 'x'), out);
  append_chunk("", out);
  append_last_chunk(out);
  EXPECT_EQ(out, "12c\r\n" + std::string(300, 'x') + "\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace jangbu::api
