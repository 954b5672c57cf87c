#include "ledger/kafka_record.h"

#include <gtest/gtest.h>

namespace jangbu {
namespace {

KafkaMessage message(std::optional<std::string> value, std::vector<KafkaHeader> headers) {
  KafkaMessage made;
  made.value = std::move(value);
  made.headers = std::move(headers);
  return made;
}

const std::string kSignature = "haneul+0a1b2c3d " + std::string(85, 'A') + "Q==";

TEST(KafkaRecord, StructuredModeIsTheBytesAsTheyCame) {
  const std::string event = R"({ "specversion":"1.0" })";
  for (const char* type : {"application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8"}) {
    const TopicRecord record = read_topic_record(message(event, {{"content-type", type}}));
    EXPECT_EQ(record.event, event);
    EXPECT_FALSE(record.signature);
    EXPECT_FALSE(record.refused);
  }
}

TEST(KafkaRecord, BinaryModeBecomesTheStructuredForm) {
  const TopicRecord record = read_topic_record(message(R"({"next":1})", {{"ce_specversion", "1.0"},
                                                                         {"ce_type", "t"},
                                                                         {"ce_source", "/s"},
                                                                         {"ce_id", "1"},
                                                                         {"content-type", "application/json"}}));
  EXPECT_FALSE(record.refused);
  EXPECT_EQ(record.event, R"({"specversion":"1.0","id":"1","source":"/s","type":"t",)"
                          R"("datacontenttype":"application/json","data":{"next":1}})");
}

TEST(KafkaRecord, ANullValueIsAnEventWithoutData) {
  const TopicRecord record = read_topic_record(message(std::nullopt, {{"ce_specversion", "1.0"}, {"ce_id", "1"}}));
  EXPECT_FALSE(record.refused);
  EXPECT_EQ(record.event, R"({"specversion":"1.0","id":"1"})");
  EXPECT_EQ(read_topic_record(message(std::nullopt, {})).event, "");
}

TEST(KafkaRecord, WhatCannotBeReadIsKeptAndNamed) {
  const TopicRecord twice =
      read_topic_record(message("{}", {{"ce_id", "1"}, {"ce_id", "2"}, {"content-type", "application/json"}}));
  EXPECT_EQ(twice.refused, Code::bad_envelope);
  EXPECT_EQ(twice.event, "{}");
  EXPECT_EQ(read_topic_record(message("[1", {{"ce_id", "1"}})).refused, Code::not_json);
  EXPECT_EQ(read_topic_record(message("[]", {{"content-type", "application/cloudevents-batch+json"}})).refused,
            Code::bad_content_type);
  EXPECT_EQ(read_topic_record(message("{}", {{"jangbu-signature", "nobody"}})).refused, Code::signature_malformed);
}

TEST(KafkaRecord, ASignatureTravelsInItsHeaderOnce) {
  const auto signature = parse_author_signature(kSignature);
  ASSERT_TRUE(signature) << to_string(signature.error());
  const TopicRecord record = read_topic_record(message("{}", topic_headers(*signature)));
  ASSERT_TRUE(record.signature);
  EXPECT_EQ(to_string(*record.signature), kSignature);
  EXPECT_FALSE(record.refused);
  const TopicRecord twice =
      read_topic_record(message("{}", {{"jangbu-signature", kSignature}, {"jangbu-signature", kSignature}}));
  EXPECT_EQ(twice.refused, Code::signature_malformed);
  EXPECT_EQ(topic_headers(std::nullopt).size(), 1U);
}

}  // namespace
}  // namespace jangbu
