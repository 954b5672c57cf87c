// What a ledger's topic begins with, and the writing of it before anybody else may write. Used by `jangbu topics
// create`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ledger/authors.h"
#include "ledger/kafka.h"
#include "ledger/keys.h"
#include "ledger/view.h"
#include "schemas/timestamp.h"

namespace jangbu::tools {

struct TopicBeginning {
  struct Record {
    std::string event;
    std::vector<KafkaHeader> headers;
  };
  std::vector<Record> records;
  std::string first_type;  // "ledger.genesis", "ledger.moved"
};

// All of the ledger's own entries, for nodes that have none of them. Error: bad_usage (an entry that is no event: its
// record is not kept, so no topic can give it again), store_corrupt.
[[nodiscard]] Result<TopicBeginning> whole_ledger(const LedgerView& view, const AuthorRegistry& authors);
// ledger.moved (J3): the ledger goes on in this cluster's topic behind what it has. Signed by the coordinating body.
[[nodiscard]] Result<TopicBeginning> moved_ledger(const LedgerView& view, const std::string& space,
                                                  const std::string& cluster, const SigningKey& coordinator,
                                                  Timestamp time);

// Whether the ledger is read from this topic already: its last entry's record stands where that entry says. Then there
// is nothing to begin. Errors: kafka_unreachable, kafka_unauthorized, those of the view.
[[nodiscard]] Result<bool> is_read_from(const LedgerView& view, const KafkaSettings& settings, const std::string& topic,
                                        std::chrono::milliseconds timeout);

// Writes it, or what is missing of it: a call that was cut off is called again. How many it wrote. Errors:
// kafka_other_record (something else stands in its place), those of the producer and of read_at().
[[nodiscard]] Result<std::size_t> write_beginning(const KafkaSettings& settings, const std::string& topic,
                                                  const TopicBeginning& beginning, std::chrono::milliseconds timeout);

}  // namespace jangbu::tools
