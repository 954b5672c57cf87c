// The jangbu program run in the test's process, with streams of strings for a world; and a space to run it on.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <stop_token>
#include <string>
#include <vector>

#include "ledger/clock.h"
#include "ledger/space.h"
#include "tests/support/temporary_folder.h"
#include "tools/command.h"

namespace jangbu::tools::testing {

using Json = nlohmann::ordered_json;

struct Ran {
  int status = 0;
  std::string out, err;
};

// `arguments` without the program's name.
inline Ran run_jangbu(const std::vector<std::string>& arguments, const Clock& clock, const std::string& input = {},
                      std::stop_token stop = {}) {
  std::istringstream in(input);
  std::ostringstream out, err;
  Environment environment{
      in, out, err, clock, false, [](std::string_view) { return std::optional<std::string>(); }, std::move(stop)};
  Ran ran;
  ran.status = run(arguments, environment);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

class CliTest : public ::testing::Test {
 protected:
  Ran jangbu(const std::vector<std::string>& arguments, const std::string& input = {}) {
    return run_jangbu(arguments, clock_, input);
  }
  // The same, on the node in `directory_`, expected to succeed; its standard output as JSON.
  Json json(std::vector<std::string> arguments) {
    const Ran ran = jangbu(arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    Json parsed = Json::parse(ran.out, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << ran.out;
    return parsed;
  }
  static std::vector<Json> lines(const std::string& text) {
    std::vector<Json> rows;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      rows.push_back(Json::parse(line, nullptr, false));
      EXPECT_FALSE(rows.back().is_discarded()) << line;
    }
    return rows;
  }

  // Keys from a seed, so that two such spaces have the same.
  void make_space(const std::string& directory) {
    auto types = TypeTable::build();
    ASSERT_TRUE(types);
    SpacePlan plan;
    plan.space = "medspace";
    plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "하늘", "Haneul"},
                         {"hanbit", InstitutionKind::hospital, true, {}, "한빛", "Hanbit"},
                         {"bioai", InstitutionKind::demand, false, {}, "바이오", "BioAI"}};
    plan.key_seed = "cli";
    const auto made = create_space(directory, plan, clock_, **types);
    ASSERT_TRUE(made) << to_string(made.error());
  }

  static std::string id_of(int number) {
    const std::string digits = std::to_string(number);
    return "5e752925-5f7b-4771-b6a1-" + std::string(12 - digits.size(), '0') + digits;
  }
  static std::string patient(int number) {
    return std::string("p:6zcvd7gw6b4chs4hs4opxeke") + static_cast<char>('a' + number / 20 % 20) +
           static_cast<char>('a' + number % 20);
  }
  static std::string access(int number) {
    return R"({"specversion":"1.0","type":"kr.jangbu.record.accessed.v1","source":"/hanbit/emr","id":")" +
           id_of(number) + R"(","time":"2026-03-02T0)" + std::to_string(number % 10) +
           R"(:15:00+09:00","institution":"hanbit","data":{"actor":{"id":"hanbit/u:547iprewoyteeszco4dlhopdl4",)"
           R"("role":"physician"},"action":"read","outcome":0,"system":"emr","patients":[")" +
           patient(number) + R"("]}})";
  }
  static std::string accesses(int from, int end) {
    std::string text;
    for (int i = from; i < end; ++i) text += access(i) + "\n";
    return text;
  }
  void emit(const std::string& node, const std::string& events) {
    const Ran ran = jangbu({"emit", "--node", node, "--quiet", "-"}, events);
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  }

  jangbu::testing::TemporaryFolder folder_;
  ManualClock clock_{1'772'496'000'000};
  const std::string node_ = (folder_ / "node").string();
};

}  // namespace jangbu::tools::testing
