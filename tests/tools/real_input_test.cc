// Public FHIR samples (R4, R5, IHE BALP, Swiss EPR), emitted by one command: each ledgered or refused with a reason;
// found again by patient, actor and type; proven; and emitting them again changes nothing.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/shared_files.h"
#include "tests/tools/cli.h"

namespace jangbu::tools::testing {
namespace {

class RealInput : public CliTest {};

TEST_F(RealInput, SamplesAreLedgeredFoundProvenAndNeverTwice) {
  JANGBU_SHARED_OR_SKIP(shared);
  ASSERT_NO_FATAL_FAILURE(make_space(node_));
  std::vector<std::string> command = {"emit", "--node", node_, "--institution", "hanbit", "--format", "ndjson"};
  for (const char* folder : {"fhir-r4-auditevent", "fhir-r5-auditevent", "fhir-r4-consent", "fhir-r5-consent",
                             "ihe-balp-auditevent", "ch-epr-auditevent"}) {
    command.push_back((shared / "samples" / folder).string());
  }
  const Ran emitted = jangbu(command);
  EXPECT_EQ(emitted.status, 4) << emitted.err;  // one of a Bundle's resources is none of ours
  const auto rows = lines(emitted.out);
  std::size_t ledgered = 0, refused = 0;
  for (const Json& row : rows) {
    if (row["outcome"] == "ledgered") {
      ++ledgered;
    } else {
      EXPECT_EQ(row["outcome"], "refused") << row;
      EXPECT_GT(row["reason"].get<std::string>().size(), 10U) << row;
      ++refused;
    }
  }
  EXPECT_GT(ledgered, 45U);
  EXPECT_EQ(refused, 1U);
  std::printf("real input: %zu ledgered, %zu refused\n", ledgered, refused);

  std::size_t proven = 0;
  for (const Json& row : rows) {
    if (row["outcome"] != "ledgered") continue;
    const std::string place = row["ledger"].get<std::string>() + "/" + std::to_string(row["sequence"].get<int>());
    const Json entry = json({"show", "--node", node_, place, "--format", "json"});
    const Json& event = entry["event"];
    const Json& data = event["data"];
    const auto found = [&](const std::string& option, const std::string& value) {
      const Json hits = json({"query", "--node", node_, option, value, "--limit", "1000", "--format", "json"});
      return std::any_of(hits.begin(), hits.end(), [&](const Json& hit) {
        return hit["ledger"] == row["ledger"] && hit["sequence"] == row["sequence"];
      });
    };
    // One of each kind is looked for, and every fifth proven: each call opens the node anew.
    if (proven++ % 5 != 0) continue;
    EXPECT_TRUE(found("--type", event["type"])) << place;
    if (data.contains("patients")) {
      EXPECT_TRUE(found("--patient", data["patients"][0])) << place;
    } else if (data.contains("patient")) {
      EXPECT_TRUE(found("--patient", data["patient"])) << place;
    }
    if (data.contains("actor") && data["actor"].contains("id")) {
      EXPECT_TRUE(found("--actor", data["actor"]["id"])) << place;
    }
    EXPECT_EQ(jangbu({"prove", "--node", node_, place}).status, 0) << place;
  }
  EXPECT_EQ(jangbu({"verify", node_, "--screen"}).status, 0) << jangbu({"verify", node_, "--screen"}).out;

  const Json before = json({"status", "--node", node_, "--format", "json"})["ledgers"];
  const auto again = lines(jangbu(command).out);
  EXPECT_EQ(again.size(), rows.size());
  for (const Json& row : again) EXPECT_NE(row["outcome"], "ledgered") << row;
  EXPECT_EQ(static_cast<std::size_t>(std::count_if(again.begin(), again.end(),
                                                   [](const Json& row) { return row["outcome"] == "duplicate"; })),
            ledgered);
  EXPECT_EQ(json({"status", "--node", node_, "--format", "json"})["ledgers"], before);
}

}  // namespace
}  // namespace jangbu::tools::testing
