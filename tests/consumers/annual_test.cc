#include "consumers/projections/annual.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
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

// A space: coordinating body haneul, hospitals hanbit (advanced general), saebyeok and dasan, demand organisation
// bioai.
class Annual : public ::testing::Test {
 protected:
  Annual() : bioai_("bioai"), dasan_("dasan"), hanbit_("hanbit"), haneul_("haneul", true), saebyeok_("saebyeok") {
    const auto registered = [&](MemoryLedger& ledger, const std::string& kind, bool advanced) {
      add(ledger, "institution.registered", "2025-01-01T00:00:00Z",
          R"({"name":{"ko":"x","en":"x"},"kind":")" + kind + R"(","advanced_general":)" +
              (advanced ? "true" : "false") + R"(,"public_key":"k"})",
          true);
    };
    registered(bioai_, "demand", false);
    registered(dasan_, "hospital", false);
    registered(hanbit_, "hospital", true);
    registered(haneul_, "coordinator", false);
    registered(saebyeok_, "hospital", false);
    add(haneul_, "project.registered", "2025-02-01T00:00:00Z",
        R"({"project":"haneul/pj-1","title":"t","applicant":"bioai"})");
    permit("2025-03-01T00:00:00Z", "haneul/pm-1", "haneul/pj-1", "2025-03-01T00:00:00Z", "2027-01-01T00:00:00+09:00");
  }

  void add(MemoryLedger& ledger, const std::string& type, const std::string& time, const std::string& data,
           bool either = false) {
    ledger.add(event_bytes(type, ledger.id().text(), "e-" + std::to_string(++ids_), time, data,
                           either ? ledger.id().text() : std::string()));
  }
  void permit(const std::string& time, const std::string& id, const std::string& project, const std::string& from,
              const std::string& until) {
    add(haneul_, "permit.issued", time,
        R"({"permit":")" + id + R"(","project":")" + project + R"(","from":")" + from + R"(","until":")" + until +
            R"("})");
  }
  void access(MemoryLedger& ledger, const std::string& time, const std::string& actor, const std::string& project,
              int outcome = 0, const std::string& action = "read") {
    add(ledger, "dataset.accessed", time,
        R"({"actor":{"id":"bioai/u:)" + actor + R"(","role":"researcher"},"action":")" + action + R"(","outcome":)" +
            std::to_string(outcome) + R"(,"dataset":")" + ledger.id().text() +
            R"(/d-1","object":"dataset","system":"ws","project":")" + project + R"("})");
  }
  void pseudonymized(MemoryLedger& ledger, const std::string& time, const std::string& dataset, int patients,
                     const std::string& expires, bool items = true) {
    add(ledger, "dataset.pseudonymized", time,
        R"({"dataset":")" + dataset +
            R"(","from":"x/emr","project":"haneul/pj-1","permit":"haneul/pm-1","basis":"b",)" +
            (items ? R"("items":[{"which":"a","how":"b"}],)" : "") + R"("records":100,"patients_count":)" +
            std::to_string(patients) + R"(,"expires":")" + expires + R"("})");
  }
  void purged(MemoryLedger& ledger, const std::string& time, const std::string& dataset) {
    add(ledger, "dataset.purged", time,
        R"({"dataset":")" + dataset + R"(","copies":[{"copy":")" + dataset + R"("}],"manifest":")" + kDigest +
            R"(","at":")" + time + R"("})");
  }
  void tick(const std::string& at) {
    std::string observed;
    for (const MemoryLedger* ledger : {&bioai_, &dasan_, &hanbit_, &saebyeok_}) {
      observed += (observed.empty() ? "" : ",") + std::string(R"({"ledger":")") + ledger->id().text() + R"(","size":)" +
                  std::to_string(ledger->size()) + R"(,"root":")" + kDigest + R"("})";
    }
    add(haneul_, "tick", at, R"({"at":")" + at + R"(","observed":[)" + observed + "]}");
  }
  [[nodiscard]] Sources sources() const {
    Sources all;
    for (const MemoryLedger* ledger : {&bioai_, &dasan_, &hanbit_, &haneul_, &saebyeok_})
      all.push_back(ledger->at(ledger->size()));
    return all;
  }
  AnnualReport report(const std::string& from, const std::string& to, std::uint64_t step = 65'536) {
    const auto store = open_store(folder_ / ("projections" + std::to_string(++stores_)));
    catch_up(*store, sources(), step);
    const auto made = annual_report(*store, contract_types(), sources(), from, to);
    EXPECT_TRUE(made) << to_string(made.error());
    return made.value();
  }

  static const FigureCell* cell(const AnnualReport& report, int number, const std::string& measure,
                                Dimension dimension = Dimension::consortium, const std::string& key = {},
                                const std::string& category = {}) {
    for (const MeasureResult& result : report.figures.at(static_cast<std::size_t>(number) - 1).measures) {
      if (result.row->key != measure) continue;
      for (const FigureCell& found : result.cells) {
        if (found.dimension == dimension && found.key == key && found.category == category) return &found;
      }
    }
    return nullptr;
  }
  static std::int64_t value(const AnnualReport& report, int number, const std::string& measure,
                            Dimension dimension = Dimension::consortium, const std::string& key = {},
                            const std::string& category = {}) {
    const FigureCell* found = cell(report, number, measure, dimension, key, category);
    return found == nullptr ? -1 : found->value.numerator;
  }

  TemporaryFolder folder_;
  MemoryLedger bioai_, dasan_, hanbit_, haneul_, saebyeok_;
  int ids_ = 0, stores_ = 0;
};

TEST_F(Annual, CountsInstitutionsProjectsAndPeopleAnewForEachCell) {
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/d-1", 50, "2026-06-01T00:00:00Z");
  pseudonymized(saebyeok_, "2026-03-01T00:00:00Z", "saebyeok/d-1", 50, "2026-06-01T00:00:00Z");
  for (int i = 0; i < 12; ++i) {
    access(hanbit_, "2026-02-03T00:00:00Z", "person" + std::to_string(i), "haneul/pj-1");
    access(saebyeok_, "2026-03-03T00:00:00Z", "person" + std::to_string(i), "haneul/pj-1");
  }
  access(hanbit_, "2026-02-03T00:00:00Z", "refused", "haneul/pj-9", 4);
  access(hanbit_, "2026-02-03T00:00:00Z", "person0", "haneul/pj-2");
  add(bioai_, "computation.requested", "2026-02-04T00:00:00Z",
      R"({"computation":"bioai/c-1","project":"haneul/pj-1","permit":"haneul/pm-1","actor":{"id":"bioai/u:person1","role":"researcher"},"inputs":[{"site":"hanbit","dataset":"hanbit/d-1"},{"site":"saebyeok","dataset":"saebyeok/d-1"}]})");
  tick("2027-02-01T00:00:00Z");
  const AnnualReport made = report("2026-01-01", "2027-01-01");
  EXPECT_TRUE(made.closed);
  EXPECT_EQ(value(made, 1, "hospitals"), 2);
  EXPECT_EQ(value(made, 1, "hospitals", Dimension::group, "advanced-general"), 1);
  EXPECT_EQ(value(made, 1, "hospitals", Dimension::group, "other"), 1);
  EXPECT_EQ(value(made, 1, "hospitals", Dimension::month, "2026-03"), 1);
  EXPECT_EQ(value(made, 1, "coordinators"), 1);
  EXPECT_EQ(value(made, 1, "platforms"), 0) << "computed, and none: a zero";
  EXPECT_EQ(value(made, 2, "organisations"), 1);
  EXPECT_EQ(value(made, 2, "organisations", Dimension::month, "2026-12"), 1);
  EXPECT_EQ(value(made, 15, "people"), 12) << "not 24, and not who was refused";
  EXPECT_EQ(value(made, 15, "people", Dimension::institution, "hanbit"), 12);
  EXPECT_EQ(value(made, 15, "projects"), 2);
  const FigureCell* multi = cell(made, 16, "multi");
  ASSERT_NE(multi, nullptr);
  EXPECT_EQ(multi->value.numerator, 1);
  EXPECT_EQ(multi->value.denominator, 2);
  EXPECT_EQ(multi->value.share, 5000);
  EXPECT_EQ(cell(made, 16, "multi", Dimension::month, "2026-02")->value.numerator, 1) << "by its computation";
  EXPECT_EQ(cell(made, 16, "multi", Dimension::month, "2026-03")->value.numerator, 0) << "at one site then";
  EXPECT_EQ(value(made, 17, "dataset_accesses"), 26);
  EXPECT_EQ(value(made, 17, "dataset_accesses", Dimension::consortium, "", "read/4"), 1);
  EXPECT_EQ(value(made, 17, "dataset_accesses", Dimension::project, "haneul/pj-2"), 1);
}

TEST_F(Annual, MonthsAndPeriodsBeginAtMidnightInSeoul) {
  access(hanbit_, "2025-12-31T14:59:59.999Z", "a", "haneul/pj-1");  // 2025-12-31T23:59:59.999 in Seoul
  access(hanbit_, "2025-12-31T15:00:00Z", "a", "haneul/pj-1");
  access(hanbit_, "2026-03-31T14:59:59.999Z", "a", "haneul/pj-1");
  access(hanbit_, "2026-04-01T00:00:00+09:00", "a", "haneul/pj-1");
  access(hanbit_, "2026-12-31T14:59:59.999Z", "a", "haneul/pj-1");
  access(hanbit_, "2026-12-31T15:00:00Z", "a", "haneul/pj-1");
  tick("2027-02-01T00:00:00Z");
  const AnnualReport made = report("2026-01-01", "2027-01-01");
  EXPECT_EQ(value(made, 17, "dataset_accesses"), 4);
  EXPECT_EQ(value(made, 17, "dataset_accesses", Dimension::month, "2026-01"), 1);
  EXPECT_EQ(value(made, 17, "dataset_accesses", Dimension::month, "2026-03"), 1);
  EXPECT_EQ(value(made, 17, "dataset_accesses", Dimension::month, "2026-04"), 1);
  EXPECT_EQ(value(made, 17, "dataset_accesses", Dimension::month, "2026-12"), 1);
  EXPECT_EQ(made.previous_from, "2025-01-01");
  EXPECT_EQ(made.previous_to, "2026-01-01");
  EXPECT_EQ(cell(made, 17, "dataset_accesses")->previous->numerator, 1);
  EXPECT_FALSE(cell(made, 17, "dataset_accesses", Dimension::month, "2026-03")->previous.has_value());
}

TEST_F(Annual, WhatComesAfterTheCutOffIsARestatementAndNeverMixedIn) {
  access(hanbit_, "2026-12-31T10:00:00Z", "a", "haneul/pj-1");
  tick("2026-12-31T15:00:00Z");  // the period has ended, late_hours have not passed
  EXPECT_FALSE(report("2026-01-01", "2027-01-01").closed);
  access(hanbit_, "2026-12-02T00:00:00Z", "a", "haneul/pj-1");  // late, but within late_hours
  tick("2027-01-02T03:00:00Z");                                 // 36 hours later to the second
  AnnualReport made = report("2026-01-01", "2027-01-01");
  EXPECT_TRUE(made.closed);
  EXPECT_EQ(value(made, 17, "dataset_accesses"), 2);
  EXPECT_TRUE(made.restatements.empty());
  access(hanbit_, "2026-12-03T00:00:00Z", "a", "haneul/pj-1");  // too late
  tick("2027-03-01T00:00:00Z");
  made = report("2026-01-01", "2027-01-01");
  EXPECT_EQ(to_string(made.cutoff), "2027-01-02T03:00:00Z");
  EXPECT_EQ(value(made, 17, "dataset_accesses"), 2);
  bool found = false;
  for (const Restatement& restatement : made.restatements) {
    if (restatement.figure->number != 17 || restatement.published.dimension != Dimension::consortium) continue;
    if (!restatement.published.category.empty()) continue;
    found = true;
    EXPECT_EQ(restatement.published.value.numerator, 2);
    EXPECT_EQ(restatement.now.numerator, 3);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(value(made, 35, "late"), 1) << "at the cut-off: the one of December 2, seen a month later";
}

TEST_F(Annual, CellsOfFewPersonsAreSuppressedAndNotGivenAwayByTheRest) {
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/d-1", 500, "2026-06-01T00:00:00Z");
  pseudonymized(saebyeok_, "2026-02-01T00:00:00Z", "saebyeok/d-1", 9, "2026-06-01T00:00:00Z");
  pseudonymized(dasan_, "2026-02-01T00:00:00Z", "dasan/d-1", 40, "2026-06-01T00:00:00Z");
  tick("2027-02-01T00:00:00Z");
  const AnnualReport made = report("2026-01-01", "2027-01-01");
  EXPECT_EQ(value(made, 18, "patients"), 549);
  EXPECT_TRUE(cell(made, 18, "patients", Dimension::institution, "saebyeok")->value.suppressed);
  EXPECT_TRUE(cell(made, 18, "patients", Dimension::institution, "dasan")->value.suppressed) << "or 549 - 500 - 40 = 9";
  EXPECT_FALSE(cell(made, 18, "patients", Dimension::institution, "hanbit")->value.suppressed);
  EXPECT_FALSE(cell(made, 18, "runs", Dimension::institution, "saebyeok")->value.suppressed) << "runs are no persons";
  const std::string json = to_json(made);
  EXPECT_EQ(json.find("\"value\":9,"), std::string::npos);
}

TEST_F(Annual, TimesAndSizesAreMeanMedianAndNinetiethPercentile) {
  for (int files = 1; files <= 10; ++files) {
    std::string outputs;
    for (int i = 0; i < files; ++i) {
      outputs += (i == 0 ? "" : ",") + std::string(R"({"output":"o","kind":"table","bytes":100})");
    }
    const std::string id = "bioai/ex-" + std::to_string(files);
    add(bioai_, "export.requested", "2026-03-02T00:00:00Z",
        R"({"export":")" + id + R"(","project":"haneul/pj-1","permit":"haneul/pm-1","outputs":[)" + outputs + "]}");
    const std::string hour = (files < 10 ? "0" : "") + std::to_string(files);
    add(bioai_, "export.cleared", "2026-03-02T" + hour + ":00:00Z",
        R"({"export":")" + id + R"(","mode":"checked","outputs":[]})");
    add(hanbit_, "export.cleared", "2026-03-02T" + hour + ":00:00Z",
        R"({"export":")" + id + R"(","mode":"checked","outputs":[]})");
  }
  // Monday March 2 and five working days: until the end of Monday March 9 in Seoul.
  for (const char* decided : {"2026-03-09T14:59:59Z", "2026-03-09T15:00:00Z"}) {
    const std::string id = std::string("bioai/ex-") + decided;
    add(bioai_, "export.requested", "2026-03-02T00:00:00Z",
        R"({"export":")" + id + R"(","project":"haneul/pj-1","outputs":[{"output":"o","kind":"model","bytes":1}]})");
    add(bioai_, "export.refused", decided,
        R"({"export":")" + id + R"(","mode":"checked","outputs":[],"reasons":[{"rule":"EXP-5"},{"rule":"EXP-5"}]})");
  }
  add(bioai_, "export.requested", "2026-03-02T00:00:00Z",
      R"({"export":"bioai/ex-up","project":"haneul/pj-1","outputs":[{"output":"o","kind":"update","bytes":1}]})");
  tick("2027-02-01T00:00:00Z");
  const AnnualReport made = report("2026-01-01", "2027-01-01");
  EXPECT_EQ(value(made, 21, "requests"), 12);
  EXPECT_EQ(value(made, 21, "automatic"), 1);
  EXPECT_EQ(value(made, 21, "requests", Dimension::consortium, "", "kind:model"), 2);
  const FigureValue files = cell(made, 21, "files", Dimension::project, "haneul/pj-1")->value;
  EXPECT_EQ(files.numerator, 12);
  EXPECT_EQ(files.mean, 475);    // (55 + 2) / 12 = 4.75
  EXPECT_EQ(files.median, 450);  // between 4 and 5
  EXPECT_EQ(files.p90, 900);     // the 11th of 12
  EXPECT_EQ(value(made, 22, "cleared"), 10) << "two copies of one decision are one";
  EXPECT_EQ(value(made, 22, "refused"), 2);
  EXPECT_EQ(value(made, 22, "refused", Dimension::consortium, "", "rule:EXP-5"), 2);
  EXPECT_EQ(cell(made, 22, "turnaround")->value.numerator, 12);
  EXPECT_EQ(cell(made, 22, "in_time")->value.numerator, 11);
  EXPECT_EQ(cell(made, 22, "in_time")->value.denominator, 12);
}

TEST_F(Annual, PurgesAreOnTimeToTheMillisecondAndHoldsMoveTheDeadline) {
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/in-time", 50, "2026-03-01T00:00:00Z");
  purged(hanbit_, "2026-03-02T00:00:00Z", "hanbit/in-time");  // 24 hours of grace, and not more
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/late", 50, "2026-03-01T00:00:00Z");
  purged(hanbit_, "2026-03-02T12:00:00Z", "hanbit/late");
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/never", 50, "2026-03-01T00:00:00Z");
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/held", 50, "2026-03-01T00:00:00Z");
  add(hanbit_, "dataset.held", "2026-02-20T00:00:00Z", R"({"dataset":"hanbit/held","hold":"h","authority":"a"})");
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/released", 50, "2026-03-01T00:00:00Z");
  add(hanbit_, "dataset.held", "2026-02-20T00:00:00Z", R"({"dataset":"hanbit/released","hold":"h","authority":"a"})");
  add(hanbit_, "dataset.released", "2026-04-01T00:00:00Z",
      R"({"dataset":"hanbit/released","hold":"h","authority":"a"})");
  purged(hanbit_, "2026-04-02T00:00:00Z", "hanbit/released");
  pseudonymized(hanbit_, "2026-02-01T00:00:00Z", "hanbit/beyond-permit", 50, "2028-01-01T00:00:00Z");
  add(hanbit_, "purge.verified", "2026-03-03T00:00:00Z", R"({"dataset":"hanbit/in-time","level":"other-institution"})");
  tick("2027-02-01T00:00:00Z");
  AnnualReport made = report("2026-01-01", "2027-01-01");
  EXPECT_EQ(value(made, 25, "on_time"), 2);
  EXPECT_EQ(cell(made, 25, "on_time")->value.denominator, 4) << "held ones are not due";
  EXPECT_EQ(cell(made, 25, "lateness")->value.median, 1200);  // 12 hours
  EXPECT_EQ(value(made, 25, "open_overdue"), 1);
  EXPECT_EQ(value(made, 25, "verified"), 1);
  EXPECT_EQ(cell(made, 25, "verified")->value.denominator, 3);
  EXPECT_EQ(value(made, 25, "verified_by_level", Dimension::consortium, "", "level:other-institution"), 1);
  EXPECT_EQ(value(made, 26, "datasets"), 3);
  EXPECT_EQ(value(made, 26, "datasets", Dimension::month, "2026-01"), 0);
  EXPECT_EQ(value(made, 26, "datasets", Dimension::month, "2026-02"), 6);
  EXPECT_EQ(value(made, 26, "datasets", Dimension::month, "2026-03"), 4);
  EXPECT_EQ(value(made, 26, "records"), 300);
  EXPECT_EQ(value(made, 26, "longest_life"), 333);

  // The permit ends with 2026 in Seoul: five days and the grace later the last one is due.
  made = report("2027-01-01", "2027-02-01");
  EXPECT_EQ(cell(made, 25, "on_time")->value.denominator, 1);
  EXPECT_EQ(value(made, 25, "open_overdue"), 2);
}

TEST_F(Annual, FindingsAreCountedByRuleAndWhatRestsOnMissingChecksIsNotZero) {
  const auto raised = [&](const std::string& id, const std::string& rule, const std::string& time) {
    add(hanbit_, "finding.raised", time,
        R"({"finding":")" + id + R"(","check":{"name":"purge","version":1},"rule":")" + rule +
            R"(","severity":"high","about":{},"causes":[],"policy":"p"})",
        true);
  };
  raised("hanbit/f-1", "PUR-1", "2026-03-01T00:00:00Z");
  raised("hanbit/f-2", "EXP-1", "2026-03-01T00:00:00Z");
  raised("hanbit/f-3", "PUR-1", "2026-03-01T00:00:00Z");
  add(hanbit_, "finding.resolved", "2026-03-03T00:00:00Z",
      R"({"finding":"hanbit/f-1","causes":[],"how":"late-evidence"})", true);
  add(haneul_, "finding.closed", "2026-03-05T00:00:00Z",
      R"({"finding":"hanbit/f-2","decision":"false-alarm","by":[],"reason":"r"})");
  add(hanbit_, "access.summarised", "2026-03-02T01:00:00Z",
      R"({"period":{"from":"2026-02-28T00:00:00+09:00","to":"2026-03-01T00:00:00+09:00"},"counts":[{"action":"read","outcome":0,"purpose":"TREAT","care":true,"count":7},{"action":"query","outcome":4,"purpose":"HRESCH","care":false,"count":3}],"emergencies":2,"downloads":1,"findings":[{"rule":"ACC-4","raised":5,"open":1}],"through":{}})");
  add(hanbit_, "data.exported", "2026-03-05T00:00:00Z",
      R"({"export":"e","outputs":[{"output":"o","kind":"records"},{"output":"p","kind":"model"}],"at":"2026-03-05T00:00:00Z"})");
  tick("2027-02-01T00:00:00Z");
  const AnnualReport made = report("2026-01-01", "2027-01-01");
  EXPECT_EQ(value(made, 29, "raised"), 3);
  EXPECT_EQ(value(made, 29, "raised", Dimension::institution, "hanbit", "rule:PUR-1"), 2);
  EXPECT_EQ(value(made, 29, "open"), 1);
  EXPECT_EQ(cell(made, 29, "resolution")->value.mean, 300);
  EXPECT_EQ(value(made, 29, "false_alarms", Dimension::institution, "hanbit", "rule:EXP-1"), 1);
  EXPECT_EQ(value(made, 29, "raised_patients"), 5);
  EXPECT_EQ(value(made, 25, "late_evidence"), 1);
  EXPECT_EQ(value(made, 24, "uncleared"), 1);
  EXPECT_EQ(value(made, 24, "other_objects"), 1);
  EXPECT_EQ(value(made, 24, "departures"), 2);
  EXPECT_EQ(value(made, 17, "record_accesses_care", Dimension::month, "2026-02"), 7) << "by the day it covers";
  EXPECT_EQ(value(made, 17, "record_accesses_secondary"), 3);
  EXPECT_EQ(value(made, 17, "emergencies"), 2);
  EXPECT_EQ(value(made, 24, "outside"), -1) << "not yet computed: no cell at all";

  const auto json = nlohmann::json::parse(to_json(made));
  ASSERT_EQ(json["figures"].size(), 38U);
  std::set<int> computed;
  for (const auto& figure : json["figures"]) {
    if (figure["state"] == "computed") {
      computed.insert(figure["number"].get<int>());
      EXPECT_FALSE(figure["queries"].empty());
    } else {
      EXPECT_FALSE(figure["reason"].get<std::string>().empty());
      EXPECT_TRUE(figure["measures"].empty());
    }
    EXPECT_FALSE(figure["name"]["ko"].get<std::string>().empty());
  }
  EXPECT_EQ(computed, (std::set<int>{1, 2, 15, 16, 17, 18, 21, 22, 24, 25, 26, 29, 35}));
  for (const auto& measure : json["figures"][23]["measures"]) {
    if (measure["key"] != "outside") continue;
    EXPECT_EQ(measure["state"], "not yet computed");
    EXPECT_FALSE(measure.contains("cells"));
  }
}

TEST_F(Annual, AnAnnulledEntryIsNotCountedAndRejectedOnesAre) {
  access(hanbit_, "2026-03-01T00:00:00Z", "a", "haneul/pj-1");
  const auto of = hanbit_.size() - 1;
  access(hanbit_, "2026-03-01T00:00:00Z", "a", "haneul/pj-1");
  add(hanbit_, "entry.annulled", "2026-03-02T00:00:00Z",
      R"({"of":{"ledger":"hanbit","sequence":)" + std::to_string(of) + R"(},"reason":"test","by":{"role":"staff"}})",
      true);
  const std::int64_t received = 1'772'409'600'000;  // 2026-03-02
  hanbit_.add(testing::Record{EntryKind::rejected, received, R"({"reason":"conflict","pointer":"","length":10})"});
  hanbit_.add(testing::Record{EntryKind::rejected, received, R"({"reason":"not_json","pointer":"","length":10})"});
  tick("2027-02-01T00:00:00Z");
  const AnnualReport made = report("2026-03-01", "2026-04-01");
  EXPECT_EQ(value(made, 17, "dataset_accesses"), 1);
  EXPECT_EQ(value(made, 35, "annulled"), 1);
  EXPECT_EQ(value(made, 35, "rejected"), 2);
  EXPECT_EQ(value(made, 35, "conflicts"), 1);
  EXPECT_EQ(value(made, 35, "entries"), 5);
}

TEST_F(Annual, ASpreadsheetRunsNothingOfTheCsv) {
  access(hanbit_, "2026-03-01T00:00:00Z", "a", "haneul/pj-1", 0, "=HYPERLINK(1)");
  access(hanbit_, "2026-03-01T00:00:00Z", "a", "@x,y", 0, "+1");
  access(hanbit_, "2026-03-01T00:00:00Z", "a", R"(-2\"q)", 0, "read");
  tick("2027-02-01T00:00:00Z");
  const std::string csv = to_csv(report("2026-01-01", "2027-01-01"));
  EXPECT_EQ(csv.substr(0, 3), "\xEF\xBB\xBF");
  EXPECT_NE(csv.find(R"("'=HYPERLINK(1)/0")"), std::string::npos);
  EXPECT_NE(csv.find(R"("'@x,y")"), std::string::npos);
  EXPECT_NE(csv.find(R"("'-2""q")"), std::string::npos);
  // Every line has the header's columns, and no cell begins as a formula does.
  std::size_t columns = 0, lines = 0;
  std::string cell;
  bool quoted = false;
  std::size_t count = 1;
  for (std::size_t i = 3; i < csv.size(); ++i) {
    const char letter = csv[i];
    if (letter == '"') quoted = !quoted;
    if (!quoted && (letter == ',' || letter == '\r')) {
      if (!cell.empty()) {
        EXPECT_EQ(std::string("=+@\t").find(cell.front()), std::string::npos) << cell;
      }
      cell.clear();
      if (letter == ',') {
        ++count;
      } else {
        ++i;
        if (columns == 0) columns = count;
        EXPECT_EQ(count, columns) << "line " << lines;
        ++lines;
        count = 1;
      }
    } else if (letter != '"') {
      cell.push_back(letter);
    }
  }
  EXPECT_GT(lines, 50U);
}

TEST_F(Annual, NamesWhatIsWrongWithAPeriod) {
  const auto store = open_store(folder_ / "projections");
  catch_up(*store, sources());
  const auto error = [&](std::string_view from, std::string_view to) {
    const auto made = annual_report(*store, contract_types(), sources(), from, to);
    return made ? std::string("none") : std::string(info(made.error().code).name) + " " + made.error().where;
  };
  EXPECT_EQ(error("2026-01-01", "2027-01-01"), "bad_query /tick");
  tick("2026-06-01T00:00:00Z");
  EXPECT_EQ(error("2026-01-01", "2027-01-01"), "index_behind haneul") << "the first tick is not indexed";
  catch_up(*store, sources());
  EXPECT_EQ(error("2026-01-01", "2027-01-01"), "none");
  EXPECT_EQ(error("2026-1-01", "2027-01-01"), "bad_query /from");
  EXPECT_EQ(error("2026-02-30", "2027-01-01"), "bad_query /from");
  EXPECT_EQ(error("2026-01-01", "2027-01-0x"), "bad_query /to");
  EXPECT_EQ(error("2026-01-01", "2026-01-01"), "bad_query /to");
  access(hanbit_, "2026-03-01T00:00:00Z", "a", "haneul/pj-1");
  tick("2026-06-01T00:00:05Z");
  const auto made = annual_report(*store, contract_types(), sources(), "2026-01-01", "2027-01-01");
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(to_string(made->cutoff), "2026-06-01T00:00:00Z") << "as of the last tick that the index has reached";
}

// Random accesses and computations over full blocks, against counting the events themselves.
TEST_F(Annual, AgreesWithCountingTheEventsAndDoesNotDependOnBatches) {
  const char* given = std::getenv("SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 42;
  std::cout << "seed " << seed << "; again: SEED=" << seed << " consumers_test\n";
  std::mt19937_64 random(seed);
  std::map<std::array<std::string, 2>, std::int64_t> accesses;  // dimension and key
  std::map<std::array<std::string, 2>, std::set<std::string>> people;
  std::map<std::string, std::set<std::string>> sites;
  constexpr std::int64_t kStart = 1'767'193'200'000;  // 2026-01-01 in Seoul
  for (int i = 0; i < 25'000; ++i) {
    MemoryLedger& ledger = random() % 4 == 0 ? saebyeok_ : hanbit_;
    const std::int64_t time = kStart + static_cast<std::int64_t>(random() % (std::uint64_t{400} * 86'400'000)) -
                              std::int64_t{20} * 86'400'000;
    const std::string at = to_string(Timestamp::from_milliseconds(time));
    const std::string actor = "person" + std::to_string(random() % 60);
    const std::string project = "haneul/pj-" + std::to_string(random() % 5);
    const int outcome = random() % 10 == 0 ? 8 : 0;
    access(ledger, at, actor, project, outcome);
    const CivilTime local = civil(Timestamp::from_milliseconds(time), 32'400);
    if (local.year != 2026) continue;
    char month[16];
    std::snprintf(month, sizeof month, "2026-%02d", local.month);
    for (const auto& key :
         {std::array<std::string, 2>{"consortium", ""}, std::array<std::string, 2>{"institution", ledger.id().text()},
          std::array<std::string, 2>{"project", project}, std::array<std::string, 2>{"month", month}}) {
      ++accesses[key];
      if (outcome == 0) people[key].insert(actor);
    }
    if (outcome == 0) sites[project].insert(ledger.id().text());
  }
  tick("2027-06-01T00:00:00Z");
  const AnnualReport made = report("2026-01-01", "2027-01-01");
  std::size_t checked = 0;
  for (const auto dimension : {Dimension::consortium, Dimension::institution, Dimension::project, Dimension::month}) {
    for (const auto& [key, count] : accesses) {
      if (key[0] != name(dimension)) continue;
      EXPECT_EQ(value(made, 17, "dataset_accesses", dimension, key[1]), count) << key[0] << " " << key[1];
      EXPECT_EQ(value(made, 15, "people", dimension, key[1]), static_cast<std::int64_t>(people[key].size()));
      ++checked;
    }
  }
  EXPECT_EQ(checked, 1U + 2 + 5 + 12);
  EXPECT_EQ(cell(made, 16, "multi")->value.denominator, static_cast<std::int64_t>(sites.size()));
  EXPECT_EQ(to_json(report("2026-01-01", "2027-01-01", 999)), to_json(made));
  EXPECT_EQ(to_csv(report("2026-01-01", "2027-01-01", 12'345)), to_csv(made));
}

}  // namespace
}  // namespace jangbu::consumers
