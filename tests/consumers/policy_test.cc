#include "consumers/policy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace jangbu::consumers {
namespace {

using nlohmann::json;

TEST(Policy, TheDefaultOneIsAPolicyWithTheParametersOfTheRules) {
  const auto policy = parse_policy(default_policy_document());
  ASSERT_TRUE(policy) << to_string(policy.error());
  EXPECT_EQ(policy->number("purge_grace_hours"), 24);
  EXPECT_EQ(policy->seconds("ttl_days_max"), 180 * 86'400);
  EXPECT_EQ(policy->seconds("settle_seconds"), 60);
  EXPECT_EQ(policy->seconds("silence_minutes"), 1800);
  EXPECT_EQ(policy->nk_contributors, 2);
  EXPECT_EQ(policy->nk_share, 9000);
  EXPECT_EQ(policy->p, 1000);
  EXPECT_TRUE(policy->site_consent);
  EXPECT_EQ(policy->number("model_bytes_max"), std::int64_t{2} << 30);
  EXPECT_TRUE(policy->formats.at("model").contains("onnx"));
  EXPECT_EQ(policy->calendar_offset_seconds, 32'400);
}

TEST(Policy, WhatTwoReadersCouldTakeDifferentlyIsNoPolicy) {
  const std::string whole(default_policy_document());
  ASSERT_TRUE(parse_policy(whole));
  for (const auto& [text, where] : std::initializer_list<std::pair<std::string, std::string>>{
           {"\xEF\xBB\xBF" + whole, ""},
           {"{\"k_min\": 4," + whole.substr(whole.find('{') + 1), "/k_min"},
           {std::string(whole).replace(whole.find("\"k_min\": 5"), 10, "\"k_min\": 5e0"), "/k_min"}}) {
    const auto refused = parse_policy(text);
    ASSERT_FALSE(refused) << text.substr(0, 40);
    EXPECT_EQ(refused.error().code, Code::bad_policy);
    EXPECT_EQ(refused.error().where, where);
  }
}

TEST(Policy, EveryParameterIsRequiredAndNoOtherIsTaken) {
  const json whole = json::parse(default_policy_document());
  for (const auto& [name, value] : whole.items()) {
    json without = whole;
    without.erase(name);
    const auto refused = parse_policy(without.dump());
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Code::bad_policy);
    EXPECT_EQ(refused.error().where, "/" + name);
  }
  json more = whole;
  more["purge_grace_hour"] = 24;
  const auto refused = parse_policy(more.dump());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "/purge_grace_hour");
}

TEST(Policy, ANameWithASlashIsEscapedWhereItIsPointedAt) {
  json odd = json::parse(default_policy_document());
  odd["of/days~x"] = 1;
  const auto refused = parse_policy(odd.dump());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "/of~1days~0x");
}

TEST(Policy, ValuesOfAnotherTypeOrOutsideTheirBoundsAreNamed) {
  struct Row {
    std::string pointer, value, where;
  };
  for (const Row& row :
       {Row{"/cell_min", "-1", "/cell_min"}, Row{"/cell_min", "10.5", "/cell_min"},
        Row{"/cell_min", "\"10\"", "/cell_min"}, Row{"/checkers", "65", "/checkers"}, Row{"/nk", "[2]", "/nk"},
        Row{"/nk/1", "10001", "/nk/1"}, Row{"/p", "null", "/p"}, Row{"/site_consent", "1", "/site_consent"},
        Row{"/output_kinds/0", "7", "/output_kinds/0"}, Row{"/output_kinds/1", "\"model\"", "/output_kinds/1"},
        Row{"/formats/model", "\"onnx\"", "/formats/model"},
        Row{"/opt_out_force/consent", "\"some\"", "/opt_out_force/consent"},
        Row{"/patients_per_day", "{}", "/patients_per_day/default"},
        Row{"/calendar/zone", "\"Europe/Berlin\"", "/calendar/zone"}}) {
    json changed = json::parse(default_policy_document());
    changed[json::json_pointer(row.pointer)] = json::parse(row.value);
    const auto refused = parse_policy(changed.dump());
    ASSERT_FALSE(refused) << row.pointer << " " << row.value;
    EXPECT_EQ(refused.error().where, row.where);
  }
  EXPECT_FALSE(parse_policy("[]"));
  EXPECT_FALSE(parse_policy("{"));
}

TEST(Policy, ItsSchemaHasTheParametersThatAreRead) {
  const json schema = json::parse(policy_schema_document());
  const json whole = json::parse(default_policy_document());
  for (const auto& [name, property] : schema.at("properties").items()) EXPECT_TRUE(whole.contains(name)) << name;
  EXPECT_EQ(schema.at("required").size(), whole.size());
  EXPECT_EQ(schema.at("properties").size(), whole.size());
  EXPECT_FALSE(schema.at("additionalProperties").get<bool>());
  // The bounds, by the parser's own verdict one beyond each.
  for (const auto& [name, property] : schema.at("properties").items()) {
    if (!property.contains("maximum") || property.at("maximum").get<std::int64_t>() >= 9'007'199'254'740'991) continue;
    json changed = whole;
    changed[name] = property.at("maximum").get<std::int64_t>();
    EXPECT_TRUE(parse_policy(changed.dump())) << name;
    changed[name] = property.at("maximum").get<std::int64_t>() + 1;
    EXPECT_FALSE(parse_policy(changed.dump())) << name;
  }
}

}  // namespace
}  // namespace jangbu::consumers
