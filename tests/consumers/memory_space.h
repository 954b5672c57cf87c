// A space in memory: ledgers with their genesis and keys, entries appended by hand, ticks by hand. What the checks'
// tests read instead of a node.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/conclusion.h"
#include "consumers/timeline.h"
#include "ledger/keys.h"
#include "schemas/timestamp.h"

namespace jangbu::testing {

// An event as its emitter would send it. `type` as "dataset.purged".
[[nodiscard]] std::string event_bytes(std::string_view ledger, std::string_view type, std::string_view id,
                                      Timestamp time, std::string_view data, std::string_view source);

struct MemoryInstitution {
  std::string id;
  std::string kind;
  std::vector<std::string> designations;
};

class MemorySpace final : public consumers::TimelineSource {
 public:
  // Every institution gets its shared ledger, hospitals a patients' one; coord is the coordinating body.
  explicit MemorySpace(const std::vector<MemoryInstitution>& institutions, Timestamp start);

  [[nodiscard]] Result<TreeSize> size(const LedgerId& ledger) override;
  [[nodiscard]] Result<std::vector<std::string>> read(const LedgerId& ledger, SequenceNumber from,
                                                      TreeSize to) override;

  // An event's bytes at the end of `ledger`, signed by its key of that use (no real signature: it was accepted).
  consumers::EntryPlace append(std::string_view ledger, std::string_view event, std::optional<KeyUse> signer);
  // Envelope and append. `type` as "dataset.purged"; time and data given.
  consumers::EntryPlace append(std::string_view ledger, std::string_view type, Timestamp time, std::string_view data,
                               std::optional<KeyUse> signer, std::string_view source = "/test");
  void append(const consumers::Conclusion& conclusion);
  // A tick that names what has grown.
  void tick(Timestamp at, const std::set<std::string>& unreadable = {});

  [[nodiscard]] const std::map<std::string, std::vector<std::string>>& ledgers() const { return ledgers_; }
  [[nodiscard]] std::string vkey(std::string_view ledger, KeyUse use) const;
  // How many entries one read gives.
  std::size_t read_max = 1000;

 private:
  std::map<std::string, std::vector<std::string>> ledgers_;
  std::map<std::string, std::uint64_t> told_;
  std::uint64_t events_ = 0;
};

}  // namespace jangbu::testing
