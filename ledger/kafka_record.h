// A topic's record as the ledger takes it, and the other way round (FORMATS.md E6, J1, J2): CloudEvents in structured
// or binary mode, the author's signature in a header. A function of the record. For the Kafka ends alone; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/kafka.h"
#include "ledger/keys.h"
#include "schemas/error.h"

namespace jangbu {

struct TopicRecord {
  std::string event;  // as received, or the structured form of binary mode
  std::optional<AuthorSignature> signature;
  // What is wrong with it beside the event: it cannot be refused to anybody any more, so the ledger rejects it.
  std::optional<Code> refused;
};

// Every record reads as something: what is no event is for the screen to say.
[[nodiscard]] TopicRecord read_topic_record(const KafkaMessage& message);

// Structured mode.
[[nodiscard]] std::vector<KafkaHeader> topic_headers(const std::optional<AuthorSignature>& signature);

// "<space>.events.v1.<ledger>".
[[nodiscard]] std::string topic_prefix(std::string_view space);

}  // namespace jangbu
