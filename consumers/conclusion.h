// Conclusions: what checks say, as events. Their bytes are a function of the timeline alone, so that every node and
// every replay writes the same: members in one fixed order, `time` the tick's, `source` /checks/<name>, ids by
// FORMATS.md J6. Pure; any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/timeline.h"
#include "ledger/ledger_id.h"
#include "schemas/timestamp.h"

namespace jangbu::consumers {

// A JSON object, member by member, in the order in which they are given.
class JsonText {
 public:
  JsonText& text(std::string_view name, std::string_view value);
  JsonText& number(std::string_view name, std::int64_t value);
  JsonText& boolean(std::string_view name, bool value);
  JsonText& raw(std::string_view name, std::string_view json);
  [[nodiscard]] std::string object() const { return "{" + members_ + "}"; }

 private:
  void name(std::string_view name);
  std::string members_;
};

[[nodiscard]] std::string json_string(std::string_view value);
[[nodiscard]] std::string json_list(const std::vector<std::string>& items);  // of JSON texts
// {"ledger","sequence","leaf"}; no leaf where `into`, a shared ledger, points into a patients' one.
[[nodiscard]] std::string cause_json(const EntryPlace& place, const LedgerId& into);
// At most `count_max` of them, each once, the first ones.
[[nodiscard]] std::string causes_json(const std::vector<EntryPlace>& places, const LedgerId& into,
                                      std::size_t count_max = 64);

struct Conclusion {
  LedgerId ledger;
  std::string check;
  std::string type;  // "finding.raised"
  std::string id;
  std::string bytes;    // the event
  std::string summary;  // for logs and tests: "PUR-1 hanbit/d1"
};

// J6: "<institution>/" and base32 of the first 16 bytes of SHA-256 over "jangbu/finding/v1", rule, about, and ledger
// and sequence number of the opener, each ended by a zero byte.
[[nodiscard]] std::string finding_id(std::string_view institution, std::string_view rule, std::string_view about,
                                     const EntryPlace& opener);
// The event's id: over type and finding, and the last cause's place for what may come more than once.
[[nodiscard]] std::string conclusion_id(std::string_view type, std::string_view finding, const EntryPlace* last_cause);

// The event. `with_ledger`: the type may stand in both of an institution's ledgers, so it says in which.
[[nodiscard]] Conclusion conclude(const LedgerId& ledger, std::string_view check, std::string_view type,
                                  std::string_view id, Timestamp time, bool with_ledger, std::string_view data_json,
                                  std::string summary);

}  // namespace jangbu::consumers
