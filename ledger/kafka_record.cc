#include "ledger/kafka_record.h"

#include <algorithm>
#include <utility>

#include "schemas/structured.h"

namespace jangbu {
namespace {

constexpr std::string_view kStructured = "application/cloudevents+json";
constexpr std::string_view kBatch = "application/cloudevents-batch+json";
constexpr std::string_view kContentType = "content-type";
constexpr std::string_view kSignature = "jangbu-signature";
constexpr std::string_view kAttributePrefix = "ce_";

// The media type alone: no parameters, ASCII lower case.
std::string media_type(std::string_view text) {
  std::string type(text.substr(0, text.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

}  // namespace

TopicRecord read_topic_record(const KafkaMessage& message) {
  TopicRecord record;
  bool binary = false;
  std::vector<BinaryAttribute> attributes;
  std::string type;
  for (const KafkaHeader& header : message.headers) {
    if (header.name == kContentType) {
      type = media_type(header.value);
      attributes.push_back({"datacontenttype", header.value});
    } else if (header.name == kSignature) {
      auto signature = parse_author_signature(header.value);
      if (signature && !record.signature) {
        record.signature = std::move(*signature);
      } else {
        record.refused = Code::signature_malformed;
      }
    } else if (header.name.starts_with(kAttributePrefix)) {
      binary = true;
      attributes.push_back({header.name.substr(kAttributePrefix.size()), header.value});
    }
  }
  const std::string value = message.value.value_or("");
  if (type == kStructured || !binary) {
    // Without a content type the bytes speak for themselves; a batch does not, but names what it is.
    if (type == kBatch) record.refused = Code::bad_content_type;
    record.event = value;
    return record;
  }
  auto structured = structured_form(attributes, value);
  if (structured) {
    record.event = std::move(*structured);
  } else {
    record.refused = structured.error().code;
    record.event = value;
  }
  return record;
}

std::vector<KafkaHeader> topic_headers(const std::optional<AuthorSignature>& signature) {
  std::vector<KafkaHeader> headers = {{std::string(kContentType), std::string(kStructured)}};
  if (signature) headers.push_back({std::string(kSignature), to_string(*signature)});
  return headers;
}

std::string topic_prefix(std::string_view space) { return std::string(space) + ".events.v1."; }

}  // namespace jangbu
