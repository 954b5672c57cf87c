#include "consumers/projections/life_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/memory_source.h"
#include "tests/support/projections.h"
#include "tests/support/temporary_folder.h"

namespace jangbu::consumers {
namespace {

using testing::catch_up;
using testing::contract_types;
using testing::event_bytes;
using testing::MemoryLedger;
using testing::open_store;
using testing::TemporaryFolder;

constexpr const char* kDigest = "sha256:0a4ee1fa9151c9987771b65059c3a4bfa22e9e2d69a757dc3454f03897a8d469";

class LifeLine : public ::testing::Test {
 protected:
  LifeLine() : hanbit_("hanbit"), bioai_("bioai"), haneul_("haneul", true) {}

  // Adds an event a minute after the one before; gives its sequence number.
  std::uint64_t add(MemoryLedger& ledger, const std::string& type, const std::string& data, bool either = false) {
    const std::string time = to_string(Timestamp::from_milliseconds(1'772'323'200'000 + 60'000 * ++minutes_));
    ledger.add(event_bytes(type, ledger.id().text(), type + std::to_string(minutes_), time, data,
                           either ? ledger.id().text() : std::string()));
    return ledger.size() - 1;
  }
  static std::string location(const std::string& token) {
    return R"({"environment":"hanbit/env-research","token":")" + token + R"("})";
  }
  std::uint64_t announce(const std::string& dataset) {
    return add(hanbit_, "dataset.pseudonymized",
               R"({"dataset":")" + dataset +
                   R"(","from":"hanbit/emr","project":"haneul/pj-1","permit":"haneul/pm-1",)" +
                   R"("basis":"KR-28-2-RESEARCH","purpose":"HRESCH","records":500,"patients_count":400,"manifest":")" +
                   kDigest + R"(","location":)" + location("v1") + R"(,"expires":"2026-06-01T00:00:00Z"})");
  }
  std::uint64_t purge(const std::string& dataset, const std::vector<std::string>& copies) {
    std::string list;
    for (const std::string& copy : copies) {
      list += (list.empty() ? "" : ",") + std::string(R"({"copy":")") + copy + R"(","location":)" + location("v1") +
              R"(,"method":"delete","manifest":")" + kDigest + R"("})";
    }
    return add(hanbit_, "dataset.purged",
               R"({"dataset":")" + dataset + R"(","copies":[)" + list + R"(],"manifest":")" + kDigest +
                   R"(","by":{"role":"system"},"at":"2026-05-01T00:00:00Z"})");
  }
  [[nodiscard]] Sources sources() const {
    return {bioai_.at(bioai_.size()), hanbit_.at(hanbit_.size()), haneul_.at(haneul_.size())};
  }
  DatasetLine dataset(const std::string& id, bool indexed = true) {
    const auto store = open_store(folder_ / ("projections" + std::to_string(++stores_)));
    if (indexed) catch_up(*store, sources());
    const auto line = dataset_line(*store, contract_types(), sources(), id);
    EXPECT_TRUE(line) << to_string(line.error());
    return *line;
  }
  ExportLine exported(const std::string& id, const Sources& from) {
    const auto store = open_store(folder_ / ("projections" + std::to_string(++stores_)));
    catch_up(*store, sources());
    const auto line = export_line(*store, contract_types(), from, id);
    EXPECT_TRUE(line) << to_string(line.error());
    return *line;
  }

  TemporaryFolder folder_;
  MemoryLedger hanbit_, bioai_, haneul_;
  std::int64_t minutes_ = 0;
  int stores_ = 0;
};

TEST_F(LifeLine, OfADatasetNamesTheEntryOfEachStepAndTellsItsState) {
  announce("hanbit/d-2");  // another one
  const auto announced = announce("hanbit/d-1");
  EXPECT_EQ(dataset("hanbit/d-1").state, DatasetState::alive);
  add(hanbit_, "dataset.copied",
      std::string(R"({"dataset":"hanbit/d-1","copy":"hanbit/d-1-c2","location":)") + location("v2") +
          R"(,"manifest":")" + kDigest + R"(","reason":"analysis","expires":"2026-05-01T00:00:00Z"})");
  add(hanbit_, "dataset.reviewed", R"({"dataset":"hanbit/d-1","round":1,"adequate":true,"by":{"role":"reviewer"}})");
  add(hanbit_, "dataset.extended",
      R"({"dataset":"hanbit/d-1","expires":"2026-07-01T00:00:00Z","permit":"haneul/pm-1"})");
  add(hanbit_, "dataset.held", R"({"dataset":"hanbit/d-1","hold":"inquiry","authority":"court"})");
  for (int i = 0; i < 25; ++i) {
    add(hanbit_, "dataset.accessed",
        R"({"actor":{"role":"researcher"},"action":"read","outcome":0,"dataset":"hanbit/d-1","object":"dataset","system":"ws"})");
  }
  const auto last_access = hanbit_.size() - 1;
  DatasetLine line = dataset("hanbit/d-1");
  EXPECT_TRUE(line.held);
  EXPECT_EQ(line.accesses, 25U);
  ASSERT_EQ(line.last_accesses.size(), kLifeAccessesShown);
  EXPECT_EQ(line.last_accesses.front().sequence.value(), last_access);
  ASSERT_EQ(line.announced.size(), 1U);
  EXPECT_EQ(line.announced[0].sequence.value(), announced);
  EXPECT_EQ(line.announced[0].ledger.text(), "hanbit");
  EXPECT_EQ(line.announced[0].member("project"), "haneul/pj-1");
  ASSERT_EQ(line.copies.size(), 2U);
  EXPECT_EQ(line.copies[0].copy, "hanbit/d-1");
  EXPECT_EQ(line.copies[1].copy, "hanbit/d-1-c2");
  EXPECT_EQ(line.copies[1].expires, "2026-07-01T00:00:00Z") << "an extension counts for every copy";

  add(hanbit_, "dataset.released", R"({"dataset":"hanbit/d-1","hold":"inquiry","authority":"court"})");
  purge("hanbit/d-1", {"hanbit/d-1"});
  line = dataset("hanbit/d-1");
  EXPECT_FALSE(line.held);
  EXPECT_EQ(line.state, DatasetState::partly_purged);
  purge("hanbit/d-1", {"hanbit/d-1-c2"});
  EXPECT_EQ(dataset("hanbit/d-1").state, DatasetState::purged);
  add(hanbit_, "dataset.probed",
      std::string(R"({"dataset":"hanbit/d-1","location":)") + location("v1") +
          R"(,"kind":"s3","result":"absent","by":"k","at":"2026-05-01T00:00:00Z"})");
  add(hanbit_, "purge.verified", R"({"dataset":"hanbit/d-1","level":"other-institution","causes":[],"policy":"p"})");
  line = dataset("hanbit/d-1");
  EXPECT_EQ(line.state, DatasetState::purge_verified);
  EXPECT_EQ(line.purges.size(), 2U);
  EXPECT_EQ(line.probes.size(), 1U);
  EXPECT_EQ(line.probes[0].member("result"), "absent");
  EXPECT_EQ(dataset("hanbit/d-2").state, DatasetState::alive);
  EXPECT_EQ(dataset("hanbit/d-3").state, DatasetState::unknown);
  EXPECT_EQ(to_json(dataset("hanbit/d-1", false)), to_json(line)) << "the same before the index has come";
  const auto json = nlohmann::json::parse(to_json(line));
  EXPECT_EQ(json["state"], "purge-verified");
  EXPECT_EQ(json["announced"][0]["entry"]["sequence"], announced);
  EXPECT_EQ(json["accesses"]["count"], 25);
}

TEST_F(LifeLine, OfADatasetFollowsItsAnalysesAndFindingsToTheirEnd) {
  announce("hanbit/d-1");
  add(hanbit_, "analysis.started",
      std::string(R"({"analysis":"hanbit/an-1","trigger":{"ledger":"hanbit","sequence":0},)") +
          R"("dataset":"hanbit/d-1","manifest":")" + kDigest +
          R"(","code":{"name":"x"},"environment":"hanbit/env","at":"2026-03-02T00:00:00Z"})");
  add(hanbit_, "analysis.completed",
      std::string(
          R"({"analysis":"hanbit/an-1","trigger":{"ledger":"hanbit","sequence":0},"temporary":[{"dataset":"hanbit/t-1",)") +
          R"("location":)" + location("s") + R"(,"manifest":")" + kDigest +
          R"(","records":5,"expires":"2026-03-03T00:00:00Z"}],"at":"2026-03-02T01:00:00Z"})");
  add(hanbit_, "finding.raised",
      R"({"finding":"hanbit/f-1","check":{"name":"purge","version":1},"rule":"PUR-1","severity":"high","about":{"dataset":"hanbit/d-1"},"causes":[],"policy":"p"})",
      true);
  DatasetLine line = dataset("hanbit/d-1");
  EXPECT_EQ(line.open_findings, 1U);
  ASSERT_EQ(line.analyses.size(), 2U);
  EXPECT_EQ(line.analyses[1].type, "analysis.completed");
  add(hanbit_, "finding.resolved", R"({"finding":"hanbit/f-1","causes":[],"how":"done"})", true);
  line = dataset("hanbit/d-1");
  EXPECT_EQ(line.open_findings, 0U);
  ASSERT_EQ(line.findings.size(), 2U);
  EXPECT_EQ(line.findings[1].member("how"), "done");
  const DatasetLine temporary = dataset("hanbit/t-1");
  EXPECT_EQ(temporary.state, DatasetState::alive);
  ASSERT_EQ(temporary.announced.size(), 1U);
  ASSERT_EQ(temporary.copies.size(), 1U);
  EXPECT_EQ(temporary.copies[0].expires, "2026-03-03T00:00:00Z");
}

TEST_F(LifeLine, OfAnExportLeadsFromOutputsOverAnalysesToDatasets) {
  const auto output = [](const std::string& id) {
    return R"({"output":")" + id + R"(","kind":"model","format":"onnx","digest":")" + kDigest + R"(","bytes":9})";
  };
  add(hanbit_, "analysis.triggered",
      R"({"analysis":"hanbit/an-1","computation":"bioai/c-1","site":"hanbit","dataset":"hanbit/d-1","code":{"name":"x"},"outputs":["model"],"until":"2026-04-01T00:00:00Z","causes":[]})");
  const auto made = add(hanbit_, "analysis.completed",
                        R"({"analysis":"hanbit/an-1","trigger":{},"outputs":[)" + output("hanbit/o-1") +
                            R"(],"temporary":[],"at":"2026-03-02T01:00:00Z"})");
  add(haneul_, "computation.combined",
      R"({"computation":"bioai/c-1","round":1,"code":{},"inputs":[{"analysis":"hanbit/an-1","output":"hanbit/o-1","digest":"d"}],"outputs":[)" +
          output("haneul/o-2") + R"(],"at":"2026-03-02T02:00:00Z"})");
  add(bioai_, "export.requested",
      R"({"export":"bioai/ex-1","project":"haneul/pj-1","permit":"haneul/pm-1","actor":{"role":"researcher"},"outputs":[)" +
          output("haneul/o-2") + R"(],"destination":"bioai","country":"KR"})");
  EXPECT_EQ(exported("bioai/ex-1", sources()).state, ExportState::waiting);
  add(hanbit_, "export.checked", R"({"export":"bioai/ex-1","by":{"role":"checker"},"decision":"accept","outputs":[]})");
  add(bioai_, "export.cleared",
      R"({"export":"bioai/ex-1","mode":"checked","outputs":[],"until":"2026-04-01T00:00:00Z","causes":[],"policy":"p"})");
  EXPECT_EQ(exported("bioai/ex-1", sources()).state, ExportState::cleared);
  add(hanbit_, "data.exported",
      R"({"export":"bioai/ex-1","outputs":[)" + output("haneul/o-2") +
          R"(],"destination":"bioai","country":"KR","by":{"role":"staff"},"at":"2026-03-03T00:00:00Z"})");
  const ExportLine line = exported("bioai/ex-1", sources());
  EXPECT_EQ(line.state, ExportState::departed);
  EXPECT_EQ(line.checks.size(), 1U);
  EXPECT_EQ(line.decisions.size(), 1U);
  ASSERT_EQ(line.lineage.size(), 2U);
  EXPECT_EQ(line.lineage[0].output, "haneul/o-2");
  EXPECT_EQ(line.lineage[0].inputs, std::vector<std::string>{"hanbit/o-1"});
  EXPECT_EQ(line.lineage[1].output, "hanbit/o-1");
  EXPECT_EQ(line.lineage[1].made.sequence.value(), made);
  EXPECT_EQ(line.lineage[1].datasets, std::vector<std::string>{"hanbit/d-1"});
  EXPECT_EQ(nlohmann::json::parse(to_json(line))["lineage"][1]["datasets"][0], "hanbit/d-1");

  // Who may not read the hospital's ledger sees none of its entries.
  const ExportLine partial = exported("bioai/ex-1", {bioai_.at(bioai_.size()), haneul_.at(haneul_.size())});
  EXPECT_TRUE(partial.departures.empty());
  ASSERT_EQ(partial.lineage.size(), 1U);
  EXPECT_EQ(partial.lineage[0].output, "haneul/o-2");
}

}  // namespace
}  // namespace jangbu::consumers
