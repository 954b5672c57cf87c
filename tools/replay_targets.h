// Where `jangbu replay` writes entries: lines of a stream, another node, a topic. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

#include "ledger/kafka.h"
#include "schemas/error.h"
#include "tools/command.h"
#include "tools/http_client.h"

namespace jangbu::tools {

// take() gets an entry as the API gives it: one line of JSON.
class ReplayTarget {
 public:
  virtual ~ReplayTarget() = default;
  // Called before the first entry of a ledger is taken.
  [[nodiscard]] virtual Result<void> prepare(const std::string& ledger) = 0;
  [[nodiscard]] virtual Result<void> take(const std::string& line) = 0;
  // All that was taken is where it belongs, or an error.
  [[nodiscard]] virtual Result<void> finish() = 0;
  // Whether the lines must have the entries' own bytes.
  [[nodiscard]] virtual bool wants_bytes() const { return true; }
  // Whether what was taken before an error or a stop may be lost: a replay is then begun again at the same place.
  [[nodiscard]] virtual bool may_lose() const { return false; }
  // Events that the other side would not have.
  [[nodiscard]] virtual std::uint64_t refused() const { return 0; }
};

// `events_only`: the event as it was received, where the lines have the entries' bytes; else whole entries.
[[nodiscard]] std::unique_ptr<ReplayTarget> replay_to_stream(std::ostream& out, std::string name, bool events_only);
// With the signatures of their authors: these are over the ledger's origin and the event's bytes, so they hold in any
// node of the same space. `source` is asked for the authors' keys. Errors: bad_usage (the URL).
[[nodiscard]] Result<std::unique_ptr<ReplayTarget>> replay_to_node(Environment& environment, HttpClient& source,
                                                                   const std::string& url);
// Likewise, as records of that topic in structured mode; what is there already is there twice, and a ledger that reads
// it recognises that. Errors: bad_value (a setting).
[[nodiscard]] Result<std::unique_ptr<ReplayTarget>> replay_to_topic(Environment& environment, HttpClient& source,
                                                                    const KafkaSettings& settings, std::string topic);

}  // namespace jangbu::tools
