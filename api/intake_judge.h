// IntakeJudge: what intake decides about one event before it is submitted: which ledger, whether it passes the screen,
// whether its author may write it. The writer's verdict counts; this one is given early, so that a mistake is answered
// with every field that is wrong, and nothing of it is ledgered.
//
// One for each I/O thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger_id.h"
#include "ledger/node.h"
#include "schemas/error.h"
#include "schemas/screen.h"

namespace jangbu::api {

using Errors = std::vector<Error>;

// An element of a batch or a line of a stream: the event itself, or {"event":{...},"signature":"..."} (J1).
struct IntakeElement {
  std::string_view event;  // its bytes as received, from { to }; of a bare event the whole element, white space trimmed
  std::optional<std::string> signature;
};

class IntakeJudge {
 public:
  explicit IntakeJudge(const Node& node);
  ~IntakeJudge();
  IntakeJudge(IntakeJudge&&) noexcept;
  IntakeJudge& operator=(IntakeJudge&&) noexcept;

  struct Passed {
    LedgerId ledger;
    std::optional<AuthorSignature> signature;
    const Event* event;  // valid until the next call

    // For the node, which then need not read the event again; `bytes` are those that were judged.
    [[nodiscard]] Submission submission(std::string bytes) &&;
  };
  // Errors: the screen's, no_such_ledger at /institution, signature_malformed and the author's at /jangbu-signature.
  [[nodiscard]] tl::expected<Passed, Errors> judge(std::string_view event,
                                                   const std::optional<std::string_view>& signature);

  // Both take bytes that at least kIntakePadding readable bytes follow. Errors: not_json, wrong_type, unknown_member,
  // missing_member, duplicate_key: of the wrapper or the array alone, the event is not looked into.
  [[nodiscard]] Result<IntakeElement> unwrap(std::string_view element);
  // The elements of a batch, as slices. An element that is no object is an empty slice.
  [[nodiscard]] Result<std::vector<std::string_view>> split_batch(std::string_view batch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::size_t kIntakePadding = 64;

}  // namespace jangbu::api
