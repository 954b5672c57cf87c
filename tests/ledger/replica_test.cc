// A directory that is built from another node's entries, and what a node makes of a ledger that it follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "ledger/directory_builder.h"
#include "ledger/node.h"
#include "ledger/pins.h"
#include "ledger/recovered.h"
#include "ledger/recovery.h"
#include "tests/ledger/space_fixture.h"

namespace jangbu {
namespace {

using ::testing::HasSubstr;
using testing::heartbeat;
using testing::ledger;
using testing::put;
using testing::read_key;
using testing::TestSpace;
using testing::types;

class Replica : public ::testing::Test {
 protected:
  void SetUp() override {
    for (std::uint64_t i = 0; i < 700; ++i) ASSERT_TRUE(put(*signer, hanbit, heartbeat(hanbit, i)));
    ASSERT_TRUE(put(*signer, hanbit, heartbeat(hanbit, 7, "/gateway", 9)));  // a conflict: a rejected entry
  }
  [[nodiscard]] std::filesystem::path directory() const { return space.folder / "replica"; }
  [[nodiscard]] Pins pins() const {
    Pins made{"medspace", read_key(space_key_path(space.directory(), KeyUse::coordinator)).verifier(), {}};
    for (const LedgerView& view : signer->views()) {
      made.ledgers.push_back({view.info().id, view.info().genesis_leaf, view.info().log_key});
    }
    std::sort(made.ledgers.begin(), made.ledgers.end(),
              [](const LedgerPin& one, const LedgerPin& other) { return one.ledger < other.ledger; });
    return made;
  }
  // The entries of one ledger, [0, size).
  static std::vector<std::string> entries(const LedgerView& view, std::uint64_t size) {
    std::vector<std::string> all;
    while (all.size() < size) {
      const auto read = view.read(SequenceNumber(all.size()), size - all.size(), SIZE_MAX);
      EXPECT_TRUE(read);
      for (const StoredEntry& stored : *read) all.push_back(stored.bytes);
    }
    return all;
  }
  std::unique_ptr<DirectoryBuilder> begin(std::size_t slices = 1) const {
    DirectoryBuilderOptions options;
    options.directory = directory();
    options.pins = pins();
    options.types = types();
    options.slices = slices;
    auto builder = DirectoryBuilder::begin(std::move(options));
    EXPECT_TRUE(builder) << to_string(builder.error());
    return std::move(*builder);
  }
  static Result<void> add(DirectoryBuilder& builder, const LedgerId& id, const std::vector<std::string>& all) {
    const std::vector<std::string_view> views(all.begin(), all.end());
    return builder.add(id, views);
  }
  // All ledgers as the signer has them now, hanbit with all its checkpoints.
  void build() const {
    const auto builder = begin(2);
    for (const LedgerView& view : signer->views()) {
      ASSERT_TRUE(add(*builder, view.info().id, entries(view, view.size().value())));
      const auto notes = view.checkpoints(TreeSize(1), 10'000);
      ASSERT_TRUE(notes);
      for (const SignedNote& note : *notes) ASSERT_TRUE(builder->add_checkpoint(view.info().id, note.note));
    }
    const auto finished = builder->finish();
    ASSERT_TRUE(finished) << to_string(finished.error());
  }
  [[nodiscard]] NodeOptions options() const {
    NodeOptions made = space.options();
    made.directory = directory();
    return made;
  }
  std::unique_ptr<Node> open() const {
    auto node = Node::open(options(), types());
    EXPECT_TRUE(node) << to_string(node.error());
    return node ? std::move(*node) : nullptr;
  }
  // The signer's entries from `from` on, given to a replica as records of a topic.
  static void follow(Node& replica, const LedgerView& view, std::uint64_t from, std::uint64_t end) {
    for (std::uint64_t i = from; i < end; ++i) {
      const auto stored = view.entry(SequenceNumber(i));
      ASSERT_TRUE(stored);
      Submission submission{view.info().id, std::string(stored->entry.body), std::nullopt, false};
      submission.source = SourcePosition{stored->entry.generation, stored->entry.offset, stored->entry.received_ms};
      std::vector<Submission> all;
      all.push_back(std::move(submission));
      const auto placed = put(replica, std::move(all)).front();
      ASSERT_TRUE(placed) << to_string(placed.error());
    }
  }

  TestSpace space;
  std::unique_ptr<Node> signer = space.open();
  const LedgerId hanbit = ledger("hanbit");
};

TEST_F(Replica, HasTheSignersRootsReceiptsAndDuplicates) {
  ASSERT_NO_FATAL_FAILURE(build());
  const auto replica = open();
  ASSERT_TRUE(replica);
  ASSERT_EQ(replica->views().size(), signer->views().size());
  for (const LedgerView& theirs : signer->views()) {
    const LedgerView ours = *replica->view(theirs.info().id);
    EXPECT_TRUE(replica->follows(theirs.info().id));
    EXPECT_EQ(ours.size(), theirs.size());
    EXPECT_EQ(ours.root(), theirs.root());
    EXPECT_EQ(ours.checkpoint(), theirs.checkpoint());
    EXPECT_TRUE(audit(ours));
  }
  const LedgerView ours = *replica->view(hanbit), theirs = *signer->view(hanbit);
  for (const std::uint64_t number : {0U, 5U, 255U, 256U, 600U}) {
    EXPECT_EQ(to_json(*receipt(ours, SequenceNumber(number))), to_json(*receipt(theirs, SequenceNumber(number))));
  }
  // It knows what was ledgered: a duplicate is one, a conflict too.
  const auto again = ours.find("/gateway", "00000000-0000-4000-8000-000000000007");
  ASSERT_TRUE(again && *again);
  EXPECT_EQ(**again, *theirs.find("/gateway", "00000000-0000-4000-8000-000000000007").value());
}

TEST_F(Replica, ComputesWhatItsTopicGivesAndTakesNothingElse) {
  ASSERT_NO_FATAL_FAILURE(build());
  auto replica = open();
  const std::uint64_t before = signer->view(hanbit)->size().value();
  for (std::uint64_t i = 1000; i < 1300; ++i) ASSERT_TRUE(put(*signer, hanbit, heartbeat(hanbit, i)));
  const LedgerView theirs = *signer->view(hanbit);
  ASSERT_NO_FATAL_FAILURE(follow(*replica, theirs, before, before + 200));
  EXPECT_EQ(replica->view(hanbit)->root(), *theirs.root_at(TreeSize(before + 200)));
  EXPECT_EQ(replica->view(hanbit)->checkpoint_size(), TreeSize(before)) << "it signs nothing";

  const auto own = put(*replica, hanbit, heartbeat(hanbit, 5000));
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code, Code::misdirected);

  // A receipt waits for the signer's checkpoint, and is then the signer's.
  const SequenceNumber late(before + 150);
  const auto pending = receipt(*replica->view(hanbit), late);
  ASSERT_FALSE(pending);
  EXPECT_EQ(pending.error().code, Code::checkpoint_pending);
  EXPECT_EQ(replica->adopt_checkpoint(hanbit, theirs.checkpoint()).value(), Node::Adoption::ahead);
  const auto notes = theirs.checkpoints(TreeSize(before + 1), 200);
  ASSERT_TRUE(notes);
  for (const SignedNote& note : *notes) {
    EXPECT_EQ(replica->adopt_checkpoint(hanbit, note.note).value(), Node::Adoption::adopted);
  }
  ASSERT_TRUE(replica->commit_pending());
  EXPECT_EQ(replica->view(hanbit)->checkpoint_size(), TreeSize(before + 200));
  EXPECT_EQ(to_json(*receipt(*replica->view(hanbit), late)), to_json(*receipt(theirs, late)));
  EXPECT_EQ(replica->adopt_checkpoint(hanbit, (*notes)[9].note).value(), Node::Adoption::known);

  // It is all there after a restart, and goes on.
  ASSERT_NO_FATAL_FAILURE(follow(*replica, theirs, before + 200, before + 250));
  replica.reset();
  replica = open();
  EXPECT_EQ(replica->view(hanbit)->size(), TreeSize(before + 250));
  EXPECT_EQ(replica->view(hanbit)->checkpoint_size(), TreeSize(before + 200));
  ASSERT_NO_FATAL_FAILURE(follow(*replica, theirs, before + 250, before + 300));
  EXPECT_EQ(replica->view(hanbit)->root(), theirs.root());
  for (const LedgerView& view : replica->views()) EXPECT_TRUE(audit(view));
}

TEST_F(Replica, ASignerWhoContradictsStopsThatLedgerAlone) {
  ASSERT_NO_FATAL_FAILURE(build());
  const auto replica = open();
  const SigningKey log = read_key(key_path(space.directory(), hanbit, KeyUse::log));
  Checkpoint other{"medspace/hanbit", TreeSize(300), sha256("another history"), {}};
  const auto adopted = replica->adopt_checkpoint(hanbit, *sign_checkpoint(other, log));
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().code, Code::root_contradicted);
  ASSERT_TRUE(replica->ledger_stopped(hanbit));
  EXPECT_THAT(to_string(*replica->ledger_stopped(hanbit)), HasSubstr("at size 300"));
  EXPECT_FALSE(replica->ledger_stopped(ledger("nuri")));
  // A note under another key says nothing of the ledger.
  const SigningKey nuri = read_key(key_path(space.directory(), ledger("nuri"), KeyUse::log));
  EXPECT_EQ(replica->adopt_checkpoint(ledger("nuri"), *sign_checkpoint(other, log)).error().code, Code::bad_note);
  EXPECT_FALSE(replica->ledger_stopped(ledger("nuri")));
}

TEST_F(Replica, WithTheLogKeyItSignsOn) {
  ASSERT_NO_FATAL_FAILURE(build());
  std::uint64_t before = signer->view(hanbit)->size().value();
  // It has more than it knows to be signed.
  for (std::uint64_t i = 1000; i < 1005; ++i) ASSERT_TRUE(put(*signer, hanbit, heartbeat(hanbit, i)));
  ASSERT_NO_FATAL_FAILURE(follow(*open(), *signer->view(hanbit), before, before + 5));
  before += 5;
  signer.reset();  // gone for good
  const auto target = key_path(directory(), hanbit, KeyUse::log);
  std::filesystem::create_directories(target.parent_path());
  std::filesystem::copy_file(key_path(space.directory(), hanbit, KeyUse::log), target);
  const auto replica = open();
  EXPECT_FALSE(replica->follows(hanbit));
  EXPECT_TRUE(replica->follows(ledger("nuri")));
  ASSERT_TRUE(replica->commit_pending());
  EXPECT_EQ(replica->view(hanbit)->checkpoint_size(), TreeSize(before)) << "what it followed is signed first";
  const auto placed = put(*replica, hanbit, heartbeat(hanbit, 5000));
  ASSERT_TRUE(placed) << to_string(placed.error());
  EXPECT_EQ(replica->view(hanbit)->checkpoint_size(), TreeSize(before + 1));
  EXPECT_TRUE(audit(*replica->view(hanbit)));
}

TEST_F(Replica, IsFilledFromItsGenesisOn) {
  ASSERT_TRUE(begin()->finish());
  const auto replica = open();
  ASSERT_TRUE(replica);
  EXPECT_TRUE(replica->views().empty());
  // Another genesis than the pinned one begins nothing: here the same event at another time.
  const auto first = signer->view(hanbit)->entry(SequenceNumber(0));
  const SigningKey coordinator = read_key(space_key_path(space.directory(), KeyUse::coordinator));
  const auto genesis = [&](std::int64_t received_ms) {
    Submission submission{hanbit, std::string(first->entry.body),
                          sign_event(coordinator, "medspace/hanbit", first->entry.body), false};
    submission.source = SourcePosition{Generation(0), Offset(0), received_ms};
    std::vector<Submission> all;
    all.push_back(std::move(submission));
    return put(*replica, std::move(all)).front();
  };
  const auto placed = genesis(first->entry.received_ms);
  ASSERT_TRUE(placed) << to_string(placed.error());
  EXPECT_EQ(replica->view(hanbit)->info().genesis_leaf, signer->view(hanbit)->info().genesis_leaf);
}

TEST_F(Replica, RefusesAnotherGenesisThanThePinnedOne) {
  ASSERT_TRUE(begin()->finish());
  const auto replica = open();
  const auto first = signer->view(hanbit)->entry(SequenceNumber(0));
  const SigningKey coordinator = read_key(space_key_path(space.directory(), KeyUse::coordinator));
  Submission submission{hanbit, std::string(first->entry.body),
                        sign_event(coordinator, "medspace/hanbit", first->entry.body), false};
  submission.source = SourcePosition{Generation(0), Offset(0), first->entry.received_ms + 1};
  std::vector<Submission> all;
  all.push_back(std::move(submission));
  const auto placed = put(*replica, std::move(all)).front();
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, Code::bad_entry);
  EXPECT_TRUE(replica->ledger_stopped(hanbit));
  EXPECT_TRUE(replica->views().empty());
}

TEST_F(Replica, NothingIsBuiltOfWhatDoesNotHold) {
  const LedgerView view = *signer->view(hanbit);
  const std::uint64_t size = view.size().value();
  const std::vector<std::string> good = entries(view, size);
  const auto refused = [&](std::vector<std::string> all) {
    std::filesystem::remove_all(directory());
    const auto builder = begin(2);
    const auto added = add(*builder, hanbit, all);
    if (!added) return added.error();
    const auto noted = builder->add_checkpoint(hanbit, view.checkpoint());
    if (!noted) return noted.error();
    const auto finished = builder->finish();
    return finished ? Error{Code::stopped, "", "it was built"} : finished.error();
  };
  ASSERT_EQ(refused(good).code, Code::stopped);

  std::vector<std::string> bad = good;
  bad[300].back() = static_cast<char>(bad[300].back() ^ 1);  // not JSON any more
  EXPECT_EQ(refused(bad).code, Code::bad_entry);
  EXPECT_THAT(refused(bad).where, HasSubstr("hanbit/300"));
  bad = good;
  bad[300][bad[300].find("\"backlog\":0") + 10] = '5';  // well formed: the chain shows it at the next one
  EXPECT_EQ(refused(bad).code, Code::bad_entry);
  EXPECT_THAT(refused(bad).where, HasSubstr("hanbit/301"));
  bad = good;
  bad.back()[bad.back().size() - 3] ^= 1;  // the last one: only the checkpoint shows it
  EXPECT_EQ(refused(bad).code, Code::root_contradicted);
  bad = good;
  std::swap(bad[400], bad[401]);
  EXPECT_EQ(refused(bad).code, Code::bad_entry);
  bad = good;
  bad.erase(bad.begin() + 40);
  EXPECT_EQ(refused(bad).code, Code::bad_entry);
  bad = good;
  bad.pop_back();  // shorter than its checkpoint
  EXPECT_EQ(refused(bad).code, Code::bad_range);
  bad = entries(*signer->view(ledger("nuri")), 3);  // another ledger's
  EXPECT_EQ(refused(bad).code, Code::bad_entry);

  // Entries without a checkpoint of their size are nobody's; and what was not finished is no node.
  std::filesystem::remove_all(directory());
  {
    const auto builder = begin();
    ASSERT_TRUE(add(*builder, hanbit, good));
    const auto shorter = view.checkpoints(TreeSize(size - 1), 1);
    ASSERT_TRUE(shorter && builder->add_checkpoint(hanbit, shorter->front().note));
    EXPECT_EQ(builder->finish().error().code, Code::checkpoint_pending);
  }
  EXPECT_EQ(Node::open(options(), types()).error().code, Code::no_such_node);
}

TEST_F(Replica, TakesUpALedgerThatItHasNot) {
  // Only haneul and nuri at first.
  DirectoryBuilderOptions building;
  building.directory = directory();
  building.pins = pins();
  std::erase_if(building.pins.ledgers, [](const LedgerPin& pin) { return pin.ledger.institution() == "hanbit"; });
  building.types = types();
  ASSERT_TRUE((*DirectoryBuilder::begin(std::move(building)))->finish());
  const LedgerView theirs = *signer->view(hanbit);
  const LedgerPin pin = *pins().find(hanbit);
  const auto records = [&](Node& replica, std::uint64_t from, std::uint64_t end) {
    const SigningKey coordinator = read_key(space_key_path(space.directory(), KeyUse::coordinator));
    for (std::uint64_t i = from; i < end; ++i) {
      const auto stored = theirs.entry(SequenceNumber(i));
      Submission submission{hanbit, std::string(stored->entry.body),
                            sign_event(coordinator, "medspace/hanbit", stored->entry.body), false};
      if (!stored->entry.author) submission.signature.reset();
      submission.source = SourcePosition{stored->entry.generation, stored->entry.offset, stored->entry.received_ms};
      std::vector<Submission> all;
      all.push_back(std::move(submission));
      const auto placed = put(replica, std::move(all)).front();
      ASSERT_TRUE(placed) << to_string(placed.error());
    }
  };
  {
    const auto replica = open();
    EXPECT_FALSE(replica->has(hanbit));
    const SigningKey stranger = *SigningKey::generate("stranger");
    EXPECT_EQ(replica->take_up(pin, stranger.verifier()).error().code, Code::key_unknown);
    ASSERT_TRUE(replica->take_up(pin, pins().coordinator_key));
    ASSERT_TRUE(replica->commit_pending());
    EXPECT_TRUE(replica->has(hanbit));
    EXPECT_TRUE(replica->follows(hanbit));
    EXPECT_FALSE(replica->view(hanbit)) << "no genesis yet";
    EXPECT_EQ(replica->take_up(pin, pins().coordinator_key).error().code, Code::already_exists);
    ASSERT_NO_FATAL_FAILURE(records(*replica, 0, 5));
  }
  const auto replica = open();  // it is still there
  ASSERT_TRUE(replica->follows(hanbit));
  ASSERT_NO_FATAL_FAILURE(records(*replica, 5, 30));
  EXPECT_EQ(replica->view(hanbit)->root(), *theirs.root_at(TreeSize(30)));
  EXPECT_TRUE(audit(*replica->view(hanbit)));
}

TEST_F(Replica, ItsBackupIsOneOfALedgerThatIsFollowed) {
  ASSERT_NO_FATAL_FAILURE(build());
  const std::uint64_t before = signer->view(hanbit)->size().value();
  for (std::uint64_t i = 1000; i < 1010; ++i) ASSERT_TRUE(put(*signer, hanbit, heartbeat(hanbit, i)));
  const auto replica = open();
  ASSERT_NO_FATAL_FAILURE(follow(*replica, *signer->view(hanbit), before, before + 10));  // more than is signed
  const auto backed_up = replica->backup(space.folder / "backup");
  ASSERT_TRUE(backed_up) << to_string(backed_up.error());
  NodeOptions reading = options();
  reading.directory = space.folder / "backup";
  reading.read_only = true;
  const auto copy = Node::open(reading, types());
  ASSERT_TRUE(copy) << to_string(copy.error());
  EXPECT_EQ((*copy)->view(hanbit)->root(), replica->view(hanbit)->root());
  EXPECT_EQ((*copy)->view(hanbit)->checkpoint_size(), TreeSize(before));
}

TEST_F(Replica, WhatWasRecoveredOfAFollowedLedgerIsNotItsMatter) {
  ASSERT_NO_FATAL_FAILURE(build());
  const LedgerView view = *signer->view(hanbit);
  const LedgerHead heads[] = {{hanbit, view.size(), view.root()}};
  ASSERT_TRUE(write_recovered_note(Files::machine(), database_path(directory()), "1", "2026-03-01T09:00:00Z", heads));
  const auto replica = open();
  const auto unsaid = say_recovered(*replica, options());
  ASSERT_TRUE(unsaid) << to_string(unsaid.error());
  EXPECT_TRUE(unsaid->empty()) << unsaid->front();
  EXPECT_FALSE(std::filesystem::exists(database_path(directory()) / "recovered-1"));
}

TEST_F(Replica, ALostPinsFileOrALogKeyOfAnotherLedgerIsNoQuietChange) {
  ASSERT_NO_FATAL_FAILURE(build());
  const auto target = key_path(directory(), hanbit, KeyUse::log);
  std::filesystem::create_directories(target.parent_path());
  std::filesystem::copy_file(key_path(space.directory(), ledger("nuri"), KeyUse::log), target);
  EXPECT_EQ(Node::open(options(), types()).error().code, Code::bad_key);
  std::filesystem::remove(target);
  std::filesystem::remove(pins_path(directory()));
  EXPECT_FALSE(Node::open(options(), types())) << "without pins it signs, and has no key";
}

TEST(PinsText, IsReadAsItIsWritten) {
  const TestSpace space;
  const auto node = space.open();
  Pins pins{"medspace", read_key(space_key_path(space.directory(), KeyUse::coordinator)).verifier(), {}};
  for (const char* name : {"hanbit", "hanbit.patients", "haneul"}) {
    const LedgerView view = *node->view(ledger(name));
    pins.ledgers.push_back({view.info().id, view.info().genesis_leaf, view.info().log_key});
  }
  const std::string text = to_text(pins);
  const auto read = parse_pins(text);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(to_text(*read), text);
  EXPECT_EQ(read->find(ledger("haneul"))->genesis_leaf, pins.ledgers[2].genesis_leaf);
  EXPECT_EQ(read->find(ledger("nuri")), nullptr);

  const auto where = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    const auto parsed = parse_pins(changed);
    return parsed ? "read" : parsed.error().where;
  };
  EXPECT_EQ(where("pins v1", "pins v2"), "line 1");
  EXPECT_EQ(where("space medspace", "space Medspace"), "line 2");
  EXPECT_EQ(where("coordinator ", "coordinator x"), "line 3");
  EXPECT_EQ(where("ledger hanbit ", "ledger nuri "), "line 4") << "the key is another ledger's";
  EXPECT_EQ(where("sha256:", "sha512:"), "line 4");
  EXPECT_EQ(where("ledger hanbit.patients", "ledger aa"), "line 5");
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    // A cut behind a whole line of a ledger is a file of fewer ledgers; everything else is not whole.
    const auto parsed = parse_pins(std::string_view(text).substr(0, cut));
    EXPECT_EQ(parsed.has_value(), cut > text.find("ledger ") - 1 && text[cut - 1] == '\n') << cut;
  }
}

}  // namespace
}  // namespace jangbu
