#include "ledger/verifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "ledger/rejected.h"
#include "tests/support/built_ledger.h"

namespace jangbu {
namespace {

using testing::BuiltLedger;
using testing::fixed_key;

std::shared_ptr<const TypeTable> types() {
  static const std::shared_ptr<const TypeTable> table = TypeTable::build().value();
  return table;
}

const RunTasks kThreads = [](std::size_t count, const std::function<void(std::size_t)>& task) {
  std::vector<std::thread> threads;
  for (std::size_t at = 0; at < count; ++at) threads.emplace_back(task, at);
  for (std::thread& thread : threads) thread.join();
};

VerifierOptions pinned(const BuiltLedger& ledger) {
  VerifierOptions options;
  options.origin = ledger.origin();
  options.log_key = ledger.log.verifier();
  return options;
}

VerifierReport verify(const std::vector<std::string_view>& entries, VerifierOptions options,
                      const std::vector<std::string>& checkpoints = {}, std::size_t batch = 1'000'000) {
  LedgerVerifier verifier(types(), std::move(options));
  for (std::size_t at = 0; at < checkpoints.size(); ++at) {
    verifier.expect_checkpoint("checkpoint " + std::to_string(at), checkpoints[at]);
  }
  for (std::size_t at = 0; at < entries.size(); at += batch) {
    verifier.add(std::span(entries).subspan(at, std::min(batch, entries.size() - at)));
  }
  return verifier.finish();
}

std::string said(const VerifierReport& report) {
  std::string text;
  for (const VerifierFinding& finding : report.findings) text += to_string(finding.error) + "\n";
  return text;
}

std::string rejection() {
  Rejection rejected;
  rejected.reason = Code::not_json;
  rejected.length = 3;
  return to_json(rejected);
}

// Genesis, an emitter's and a system key, then unsigned, signed and rejected entries in turn.
BuiltLedger small_ledger(const SigningKey& emitter, int rounds) {
  BuiltLedger ledger;
  ledger.append_genesis();
  ledger.append_key(emitter, "emitter");
  for (int round = 0; round < rounds; ++round) {
    ledger.append(EntryKind::event, ledger.heartbeat());
    ledger.append(EntryKind::event, ledger.heartbeat(), &emitter);
    ledger.append(EntryKind::rejected, rejection());
  }
  return ledger;
}

TEST(LedgerVerifier, AGoodLedgerHoldsInAnyBatchesAndSlices) {
  const SigningKey emitter = fixed_key("hanbit/his", 'e');
  const BuiltLedger ledger = small_ledger(emitter, 100);
  for (const std::size_t batch : {1U, 2U, 7U, 100U, 1000U}) {
    for (const std::size_t slices : {1U, 3U}) {
      VerifierOptions options = pinned(ledger);
      options.genesis_leaf = ledger.leaves.front();
      options.run_tasks = kThreads;
      options.slices = slices;
      const auto report = verify(ledger.views(), options, ledger.checkpoints, batch);
      ASSERT_TRUE(report.holds()) << said(report);
      EXPECT_TRUE(report.anchored);
      EXPECT_EQ(report.origin, "medspace/hanbit");
      EXPECT_EQ(report.size, TreeSize(302));
      EXPECT_EQ(report.root, ledger.frontier.root());
      EXPECT_EQ(report.events, 202U);
      EXPECT_EQ(report.rejected, 100U);
      EXPECT_EQ(report.signed_entries, 102U);
      EXPECT_EQ(report.checkpoints, 302U);
    }
  }
}

TEST(LedgerVerifier, EveryFlippedBitIsFoundUnderAPinnedCheckpoint) {
  const SigningKey emitter = fixed_key("hanbit/his", 'e');
  const BuiltLedger ledger = small_ledger(emitter, 1);
  int flipped = 0;
  std::vector<std::string> entries = ledger.entries;
  for (std::string& entry : entries) {
    for (std::size_t bit = 0; bit < entry.size() * 8; bit += 3, ++flipped) {
      const char before = entry[bit / 8];
      entry[bit / 8] = static_cast<char>(before ^ (1 << bit % 8));
      const auto report = verify({entries.begin(), entries.end()}, pinned(ledger), {ledger.checkpoints.back()});
      ASSERT_FALSE(report.holds()) << "bit " << bit;
      entry[bit / 8] = before;
    }
  }
  EXPECT_GT(flipped, 5'000);
}

TEST(LedgerVerifier, EveryFlippedBitBeforeTheLastEntryIsFoundByTheChainAlone) {
  const SigningKey emitter = fixed_key("hanbit/his", 'e');
  const BuiltLedger ledger = small_ledger(emitter, 1);
  std::vector<std::string> entries = ledger.entries;
  for (std::size_t at = 0; at + 1 < entries.size(); ++at) {
    for (std::size_t bit = at; bit < entries[at].size() * 8; bit += 11) {
      std::string& entry = entries[at];
      const char before = entry[bit / 8];
      entry[bit / 8] = static_cast<char>(before ^ (1 << bit % 8));
      ASSERT_FALSE(verify({entries.begin(), entries.end()}, VerifierOptions{}).holds()) << at << " bit " << bit;
      entry[bit / 8] = before;
    }
  }
}

// One fault each, all told by place and reason.
TEST(LedgerVerifier, FaultsAreFoundAndNamed) {
  const SigningKey emitter = fixed_key("hanbit/his", 'e');
  const SigningKey stranger = fixed_key("hanbit/stranger", 's');
  const SigningKey system = fixed_key("hanbit/system", 'y');
  BuiltLedger other("medspace", "saebit");
  other.append_genesis();
  struct Row {
    const char* what;
    Code code;
    std::uint64_t entry;
    std::function<void(BuiltLedger&)> append;
  };
  const auto raw = [](BuiltLedger& ledger, const std::function<void(Entry&)>& change) {
    const std::string body = ledger.heartbeat();
    Entry entry;
    entry.sequence = next_of(ledger.frontier.size());
    entry.offset = Offset(entry.sequence.value());
    entry.previous = ledger.leaves.back();
    entry.body = body;
    change(entry);
    ledger.append(entry);
  };
  const Row rows[] = {
      {"a sequence number of another place", Code::bad_entry, 2,
       [&](BuiltLedger& l) { raw(l, [](Entry& e) { e.sequence = SequenceNumber(7); }); }},
      {"another previous hash", Code::bad_entry, 2,
       [&](BuiltLedger& l) { raw(l, [](Entry& e) { e.previous = sha256("x"); }); }},
      {"a source position again", Code::bad_entry, 2,
       [&](BuiltLedger& l) { raw(l, [](Entry& e) { e.offset = Offset(1); }); }},
      {"bytes that are no entry", Code::bad_entry, 2, [](BuiltLedger& l) { l.append_raw("nothing"); }},
      {"an event that is no JSON", Code::not_json, 2, [](BuiltLedger& l) { l.append(EntryKind::event, "{"); }},
      {"a type that is not in the catalogue", Code::unknown_type, 2,
       [](BuiltLedger& l) { l.append(EntryKind::event, l.event("nobody.knows", "{}")); }},
      {"another institution's event", Code::wrong_ledger, 2,
       [&](BuiltLedger& l) { l.append(EntryKind::event, other.heartbeat()); }},
      {"a patients' type in the shared ledger", Code::wrong_ledger, 2,
       [](BuiltLedger& l) {
         l.append(EntryKind::event,
                  l.event("consent.withdrawn", R"({"patient":"p:unresolved","effective":"2026-03-02T09:15:00+09:00"})",
                          false));
       }},
      {"a rejected entry of no form", Code::bad_entry, 2,
       [](BuiltLedger& l) { l.append(EntryKind::rejected, R"({"reason":"nothing"})"); }},
      {"a key that is not registered", Code::key_unknown, 2,
       [&](BuiltLedger& l) { l.append(EntryKind::event, l.heartbeat(), &stranger); }},
      {"a type that needs a signature, without one", Code::signature_missing, 2,
       [&](BuiltLedger& l) {
         l.append(EntryKind::event,
                  l.event("key.registered", R"({"key":")" + stranger.verifier().text() + R"(","use":"emitter"})"));
         l.append(EntryKind::event, l.heartbeat());
       }},
      {"a key for another use", Code::key_use_wrong, 2,
       [&](BuiltLedger& l) {
         l.append(EntryKind::event,
                  l.event("key.registered", R"({"key":")" + stranger.verifier().text() + R"(","use":"emitter"})"),
                  &emitter);
       }},
      {"a signature over another ledger's event", Code::signature_bad, 2,
       [&](BuiltLedger& l) {
         const std::string body = l.heartbeat();
         Entry entry;
         entry.sequence = SequenceNumber(2);
         entry.offset = Offset(2);
         entry.previous = l.leaves.back();
         entry.body = body;
         entry.author =
             Author{emitter.verifier().author_key_id(), emitter.sign(event_message("medspace/saebit", body))};
         l.append(entry);
       }},
      {"a key used after its revocation", Code::key_revoked, 3,
       [&](BuiltLedger& l) {
         l.append_revocation(emitter);
         l.append(EntryKind::event, l.heartbeat(), &emitter);
       }},
      {"a key used before its registration", Code::key_unknown, 2,
       [&](BuiltLedger& l) {
         l.append(EntryKind::event, l.heartbeat(), &system);
         l.append_key(system, "emitter");
         l.append(EntryKind::event, l.heartbeat(), &system);
       }},
      {"a key registered by who may not", Code::key_unknown, 2,
       [&](BuiltLedger& l) {
         l.append(EntryKind::event,
                  l.event("key.registered", R"({"key":")" + stranger.verifier().text() + R"(","use":"coordinator"})"),
                  &stranger);
       }},
  };
  for (const Row& row : rows) {
    BuiltLedger ledger;
    ledger.append_genesis();
    ledger.append_key(emitter, "emitter");
    row.append(ledger);
    for (const std::size_t batch : {1U, 2U, 100U}) {
      const auto report = verify(ledger.views(), pinned(ledger), {ledger.checkpoints.back()}, batch);
      ASSERT_EQ(report.findings_total, 1U) << row.what << "\n" << said(report);
      EXPECT_EQ(report.findings[0].error.code, row.code) << row.what << "\n" << said(report);
      EXPECT_EQ(report.findings[0].entry, SequenceNumber(row.entry)) << row.what;
      EXPECT_TRUE(report.findings[0].error.where.starts_with("entry " + std::to_string(row.entry))) << said(report);
    }
  }
}

TEST(LedgerVerifier, AKeyRegisteredByWhoMayNotOpensNothing) {
  const SigningKey stranger = fixed_key("hanbit/stranger", 's');
  BuiltLedger ledger;
  ledger.append_genesis();
  ledger.append(EntryKind::event,
                ledger.event("key.registered", R"({"key":")" + stranger.verifier().text() + R"(","use":"emitter"})"));
  ledger.append(EntryKind::event, ledger.heartbeat(), &stranger);
  const auto report = verify(ledger.views(), pinned(ledger));
  ASSERT_EQ(report.findings_total, 2U) << said(report);
  EXPECT_EQ(report.findings[0].error.code, Code::signature_missing);
  EXPECT_EQ(report.findings[1].error.code, Code::key_unknown);
}

TEST(LedgerVerifier, RemovedDoubledAndExchangedEntriesAreFound) {
  const SigningKey emitter = fixed_key("hanbit/his", 'e');
  const BuiltLedger ledger = small_ledger(emitter, 3);
  for (std::size_t at = 0; at < ledger.entries.size(); ++at) {
    auto entries = ledger.views();
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_FALSE(verify(entries, pinned(ledger), {ledger.checkpoints.back()}).holds()) << "without " << at;
    entries = ledger.views();
    entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(at), entries[at]);
    EXPECT_FALSE(verify(entries, pinned(ledger), {ledger.checkpoints.back()}).holds()) << "twice " << at;
    if (at == 0) continue;
    entries = ledger.views();
    std::swap(entries[at - 1], entries[at]);
    EXPECT_FALSE(verify(entries, pinned(ledger), {ledger.checkpoints.back()}).holds()) << "exchanged " << at;
  }
  EXPECT_FALSE(verify({}, pinned(ledger)).holds());
}

TEST(LedgerVerifier, ALedgerThatDoesNotReachOrContinueACheckpointIsFound) {
  const SigningKey emitter = fixed_key("hanbit/his", 'e');
  const BuiltLedger ledger = small_ledger(emitter, 3);
  // Another history from entry 5 on, under the same keys: what a thief of the log's key, or a rolled-back node, would
  // sign.
  BuiltLedger fork = small_ledger(emitter, 1);
  while (fork.entries.size() < ledger.entries.size()) fork.append(EntryKind::event, fork.heartbeat());
  ASSERT_EQ(fork.leaves[4], ledger.leaves[4]);
  EXPECT_TRUE(verify(fork.views(), pinned(fork), fork.checkpoints).holds());
  auto report = verify(fork.views(), pinned(ledger), {ledger.checkpoints[4], ledger.checkpoints[7]});
  ASSERT_EQ(report.findings_total, 1U) << said(report);
  EXPECT_EQ(report.checkpoints, 1U);
  EXPECT_EQ(report.findings[0].error.code, Code::bad_checkpoint);
  EXPECT_EQ(report.findings[0].error.where, "checkpoint 1");
  // Cut short.
  auto entries = ledger.views();
  entries.resize(8);
  report = verify(entries, pinned(ledger), {ledger.checkpoints[7], ledger.checkpoints[8]});
  ASSERT_EQ(report.findings_total, 1U) << said(report);
  EXPECT_EQ(report.findings[0].error.code, Code::bad_range);
}

TEST(LedgerVerifier, AnotherGenesisOriginOrLogKeyIsFound) {
  BuiltLedger ledger;
  ledger.append_genesis();
  ledger.append(EntryKind::event, ledger.heartbeat());
  VerifierOptions options = pinned(ledger);
  options.genesis_leaf = sha256("another");
  EXPECT_EQ(verify(ledger.views(), options).findings_total, 1U);
  options = pinned(ledger);
  options.origin = "medspace/saebit";
  EXPECT_EQ(verify(ledger.views(), options).findings_total, 1U);
  options = pinned(ledger);
  options.log_key = fixed_key("medspace/hanbit", 'x').verifier();
  const auto report = verify(ledger.views(), options, {ledger.checkpoints.back()});
  ASSERT_EQ(report.findings_total, 2U) << said(report);
  EXPECT_EQ(report.findings[0].error.code, Code::bad_note);
  EXPECT_EQ(report.findings[1].error.code, Code::key_unknown);
  // Nothing pinned: it holds together, and the report says that nothing vouches for it.
  const auto free = verify(ledger.views(), VerifierOptions{}, ledger.checkpoints);
  EXPECT_TRUE(free.holds()) << said(free);
  EXPECT_EQ(free.checkpoints, 2U);
  EXPECT_FALSE(free.anchored);
}

TEST(LedgerVerifier, ARotatedLogKeyIsBelievedOnceTheLedgerHasRegisteredIt) {
  BuiltLedger ledger;
  ledger.append_genesis();
  const SigningKey next = fixed_key(ledger.origin(), 'n');
  const std::string early = sign_checkpoint({ledger.origin(), TreeSize(1), ledger.frontier.root(), {}}, next).value();
  ledger.append_key(next, "log");
  ledger.append(EntryKind::event, ledger.heartbeat());
  const std::string late = sign_checkpoint({ledger.origin(), TreeSize(3), ledger.frontier.root(), {}}, next).value();
  EXPECT_TRUE(verify(ledger.views(), VerifierOptions{}, {ledger.checkpoints[0], late}).holds());
  EXPECT_EQ(verify(ledger.views(), VerifierOptions{}, {early}).findings_total, 1U);
}

TEST(LedgerVerifier, ReceiptsHoldOrAreNamed) {
  const SigningKey emitter = fixed_key("hanbit/his", 'e');
  const BuiltLedger ledger = small_ledger(emitter, 3);
  for (std::uint64_t size = 1; size <= ledger.entries.size(); ++size) {
    LedgerVerifier verifier(types(), pinned(ledger));
    for (std::uint64_t number = 0; number < size; ++number) {
      verifier.expect_receipt("receipt", ledger.receipt(number, size));
      TlogProof wrong = ledger.receipt(number, size);
      wrong.number = SequenceNumber(number == 0 ? size : number - 1);
      verifier.expect_receipt("wrong", wrong);
    }
    verifier.add(ledger.views());
    const auto report = verifier.finish();
    EXPECT_EQ(report.receipts, size);
    EXPECT_EQ(report.findings_total, size) << said(report);
    for (const VerifierFinding& finding : report.findings) EXPECT_EQ(finding.error.where, "wrong");
  }
}

TEST(LedgerVerifier, WhatIsExpectedTooLateOrIsNoCheckpointIsFound) {
  BuiltLedger ledger;
  ledger.append_genesis();
  ledger.append(EntryKind::event, ledger.heartbeat());
  LedgerVerifier verifier(types(), pinned(ledger));
  verifier.add(ledger.views());
  verifier.expect_checkpoint("late", ledger.checkpoints[0]);
  verifier.expect_checkpoint("nonsense", "nonsense");
  verifier.expect_checkpoint("in time", ledger.checkpoints[1]);
  const auto report = verifier.finish();
  ASSERT_EQ(report.findings_total, 2U) << said(report);
  EXPECT_EQ(report.findings[0].error.code, Code::bad_range);
  EXPECT_EQ(report.findings[1].error.code, Code::bad_note);
  EXPECT_EQ(report.checkpoints, 1U);
}

TEST(LedgerVerifier, CountsAllFindingsAndListsTheFirst) {
  BuiltLedger ledger;
  ledger.append_genesis();
  for (int at = 0; at < 150; ++at) ledger.append_raw("no entry");
  const auto report = verify(ledger.views(), pinned(ledger));
  EXPECT_EQ(report.findings_total, 150U);
  EXPECT_EQ(report.findings.size(), VerifierReport::kFindingsMax);
  EXPECT_EQ(report.unreadable, 150U);
}

TEST(LedgerVerifier, ScreensAgainOnDemand) {
  BuiltLedger ledger;
  ledger.append_genesis();
  ledger.append(EntryKind::event, ledger.heartbeat());
  ledger.append(EntryKind::event, ledger.event("source.heartbeat", R"({"next":"seven","backlog":0})"));
  VerifierOptions options = pinned(ledger);
  EXPECT_TRUE(verify(ledger.views(), options).holds());
  options.screen_again = true;
  const auto report = verify(ledger.views(), options);
  ASSERT_EQ(report.findings_total, 1U) << said(report);
  EXPECT_EQ(report.findings[0].entry, SequenceNumber(2));
  EXPECT_EQ(report.findings[0].error.code, Code::wrong_type);
}

}  // namespace
}  // namespace jangbu
