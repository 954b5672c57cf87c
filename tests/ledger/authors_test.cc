// The catalogue's "by" column: who may write what, tried for every type and every key.
#include "ledger/authors.h"

#include <gtest/gtest.h>

#include "tests/ledger/space_fixture.h"

namespace jangbu {
namespace {

using testing::ledger;
using testing::TestSpace;

struct Keys {
  KeyUse use;
  SigningKey key;
};

std::vector<Keys> keys_of(const TestSpace& space, const LedgerId& id) {
  std::vector<Keys> keys;
  for (const KeyUse use : {KeyUse::log, KeyUse::system, KeyUse::emitter, KeyUse::agent, KeyUse::prober}) {
    keys.push_back(Keys{use, testing::read_key(key_path(space.directory(), id, use))});
  }
  for (const KeyUse use : {KeyUse::coordinator, KeyUse::recovery, KeyUse::ticker}) {
    keys.push_back(Keys{use, testing::read_key(space_key_path(space.directory(), use))});
  }
  return keys;
}

// The rule, written a second time and apart from the program: from the catalogue's words.
bool expected(const EventType& type, InstitutionKind kind, KeyUse use, bool registered) {
  if (!type.allows(kind) || !registered) return false;
  if (type.key_uses != 0) {
    const bool key_matter = type.name == "key.registered" || type.name == "key.revoked";
    return type.takes(use) || (use == KeyUse::recovery && key_matter);
  }
  if (kind == InstitutionKind::coordinator) {
    const bool alone = type.kinds == (1U << static_cast<unsigned>(InstitutionKind::coordinator));
    return use == KeyUse::coordinator || (!alone && use == KeyUse::emitter);
  }
  return use == KeyUse::system || use == KeyUse::emitter || use == KeyUse::agent || use == KeyUse::prober ||
         use == KeyUse::coordinator;
}

TEST(Authors, EachTypeTakesTheKeysOfItsRowAndNoOther) {
  const TestSpace space;
  const auto node = space.open();
  std::size_t taken = 0, refused = 0;
  for (const LedgerId& id : node->ledgers()) {
    const auto authors = node->authors(id);
    const std::vector<Keys> keys = keys_of(space, id);
    for (const EventType& type : testing::types()->types()) {
      Event event;
      event.bytes = "{}";
      event.type = &type;
      for (const Keys& row : keys) {
        const bool registered = row.use != KeyUse::ticker || authors->kind() == InstitutionKind::coordinator;
        const auto author = authors->judge(event, sign_event(row.key, authors->origin(), event.bytes));
        EXPECT_EQ(author.has_value(), expected(type, authors->kind(), row.use, registered))
            << id.text() << " " << type.name << " " << name(row.use) << (author ? "" : " " + to_string(author.error()));
        ++(author ? taken : refused);
      }
      const auto unsigned_one = authors->judge(event, std::nullopt);
      const bool may =
          type.allows(authors->kind()) && type.key_uses == 0 && authors->kind() != InstitutionKind::coordinator;
      EXPECT_EQ(unsigned_one.has_value(), may) << id.text() << " " << type.name;
      if (!may && type.allows(authors->kind())) {
        EXPECT_EQ(unsigned_one.error().code, Code::signature_missing);
      }
    }
  }
  std::printf("authors: %zu taken, %zu refused\n", taken, refused);
  EXPECT_GT(taken, 100U);
  EXPECT_GT(refused, 100U);
}

TEST(Authors, AKeyOfAnotherLedgerOrASignatureOverAnotherOriginIsRefused) {
  const TestSpace space;
  const auto node = space.open();
  const LedgerId hanbit = ledger("hanbit"), nuri = ledger("nuri");
  const auto authors = node->authors(hanbit);
  Event event;
  event.bytes = testing::heartbeat(hanbit, 1);
  const std::string bytes(testing::heartbeat(hanbit, 1));
  event.bytes = bytes;
  event.type = testing::types()->find("kr.jangbu.source.heartbeat.v1");
  const SigningKey foreign = testing::read_key(key_path(space.directory(), nuri, KeyUse::emitter));
  EXPECT_EQ(authors->judge(event, sign_event(foreign, authors->origin(), bytes)).error().code, Code::key_unknown);
  const SigningKey own = testing::read_key(key_path(space.directory(), hanbit, KeyUse::emitter));
  EXPECT_EQ(authors->judge(event, sign_event(own, "medspace/nuri", bytes)).error().code, Code::signature_bad);
  EXPECT_EQ(authors->judge(event, sign_event(own, authors->origin(), bytes + " ")).error().code, Code::signature_bad);
  EXPECT_TRUE(authors->judge(event, sign_event(own, authors->origin(), bytes)));
}

TEST(Authors, ARecordInTheCoordinatingBodysNameWithoutItsKeyIsRejectedAtTheLedger) {
  const TestSpace space;
  const auto node = space.open();
  const LedgerId hanbit = ledger("hanbit");
  const SigningKey agent = testing::read_key(key_path(space.directory(), hanbit, KeyUse::agent));
  const SigningKey emitter = testing::read_key(key_path(space.directory(), hanbit, KeyUse::emitter));
  const std::string bytes =
      R"({"specversion":"1.0","type":"kr.jangbu.key.registered.v1","source":"/x",)"
      R"("id":"00000000-0000-4000-8000-000000000001","time":"2026-03-01T09:00:00Z","institution":"hanbit",)"
      R"("ledger":"hanbit","data":{"key":")" +
      agent.verifier().text() + R"(","use":"system"}})";
  const auto missing = testing::put(*node, hanbit, bytes);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->kind, Placement::Kind::rejected);
  EXPECT_EQ(missing->errors.at(0).code, Code::signature_missing);
  const auto wrong = testing::put(*node, hanbit, bytes, sign_event(emitter, "medspace/hanbit", bytes));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->kind, Placement::Kind::rejected);
  EXPECT_EQ(wrong->errors.at(0).code, Code::key_use_wrong);
  EXPECT_TRUE(audit(*node->view(hanbit)));
}

TEST(Authors, ARevokedKeyHoldsNoMoreFromTheNextEntryOnAlsoAfterReopening) {
  const TestSpace space;
  auto node = space.open();
  const LedgerId hanbit = ledger("hanbit");
  const SigningKey coordinator = testing::read_key(space_key_path(space.directory(), KeyUse::coordinator));
  const SigningKey emitter = testing::read_key(key_path(space.directory(), hanbit, KeyUse::emitter));
  const auto signed_heartbeat = [&](std::uint64_t number) {
    const std::string bytes = testing::heartbeat(hanbit, number);
    return testing::put(*node, hanbit, bytes, sign_event(emitter, "medspace/hanbit", bytes));
  };
  ASSERT_EQ(signed_heartbeat(1)->kind, Placement::Kind::appended);
  const std::string revoked =
      R"({"specversion":"1.0","type":"kr.jangbu.key.revoked.v1","source":"/x",)"
      R"("id":"00000000-0000-4000-8000-0000000000aa","time":"2026-03-01T09:00:00Z","institution":"hanbit",)"
      R"("ledger":"hanbit","data":{"key":")" +
      emitter.verifier().text() + R"(","reason":"rotated"}})";
  const auto done = testing::put(*node, hanbit, revoked, sign_event(coordinator, "medspace/hanbit", revoked));
  ASSERT_EQ(done->kind, Placement::Kind::appended) << to_string(done->errors[0]);
  for (std::uint64_t number = 2; number < 4; ++number) {
    const auto after = signed_heartbeat(number);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->kind, Placement::Kind::rejected);
    EXPECT_EQ(after->errors.at(0).code, Code::key_revoked);
    node.reset();
    node = space.open();
  }
}

}  // namespace
}  // namespace jangbu
