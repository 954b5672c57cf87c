#include "ledger/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ledger/hash.h"
#include "ledger/ledger_id.h"
#include "tests/support/format_example.h"
#include "tests/support/json_file.h"

namespace jangbu {
namespace {

using nlohmann::json;

std::string counting_bytes() {
  std::string bytes;
  for (int at = 0; at < 32; ++at) bytes.push_back(static_cast<char>(at));
  return bytes;
}

// The public rule: every proper substring of a key, and each of its bytes one higher, is refused.
template <typename Parse>
int expect_every_mangling_refused(const std::string& text, Parse&& parse) {
  EXPECT_TRUE(parse(text)) << text;
  int tried = 0;
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (std::size_t size = 0; size <= text.size() - begin; ++size) {
      if (size == text.size()) continue;
      EXPECT_FALSE(parse(text.substr(begin, size))) << text.substr(begin, size);
      ++tried;
    }
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] + 1);
    EXPECT_FALSE(parse(changed)) << changed;
    ++tried;
  }
  return tried;
}

TEST(Keys, EveryManglingOfAPublicKeyIsRefused) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json notes = testing::read_json(shared / "vectors/derived/signed_note.json");
  const json cosigners = testing::read_json(shared / "vectors/derived/cosig_vkeys.json");
  const json log = testing::read_json(shared / "vectors/derived/tessera_log_key.json");
  const auto verifier = [](const std::string& text) { return VerifierKey::parse(text).has_value(); };
  const auto signer = [](const std::string& text) { return SigningKey::parse_private(text).has_value(); };
  int tried = 0;
  for (const json& key : notes.at("keys")) {
    tried += expect_every_mangling_refused(key.at("vkey").get<std::string>(), verifier);
    if (key.contains("skey")) tried += expect_every_mangling_refused(key.at("skey").get<std::string>(), signer);
  }
  tried += expect_every_mangling_refused(cosigners.at("ed25519_cosig_vkey").get<std::string>(), verifier);
  tried += expect_every_mangling_refused(notes.at("c2sp_example").at("vkey").get<std::string>(), verifier);
  tried += expect_every_mangling_refused(log.at("skey").get<std::string>(), signer);
  EXPECT_GT(tried, 15'000);
  for (const json& row : notes.at("bad_vkeys")) {
    const auto key = VerifierKey::parse(row.at("vkey").get<std::string>());
    ASSERT_FALSE(key) << row.at("why");
    EXPECT_EQ(key.error().code, Code::bad_key);
  }
}

TEST(Keys, PrivateAndVerifierKeysBelongTogether) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json notes = testing::read_json(shared / "vectors/derived/signed_note.json");
  const json& peter = notes.at("keys").at("peter");
  const auto key = SigningKey::parse_private(peter.at("skey").get<std::string>());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->verifier().text(), peter.at("vkey"));
  EXPECT_EQ(key->private_text(), peter.at("skey"));
}

TEST(Keys, SignAndVerify) {
  for (const NoteKeyType type : {NoteKeyType::ed25519, NoteKeyType::cosignature_v1}) {
    const SigningKey key = SigningKey::generate("medspace/hanbit", type).value();
    const VerifierKey verifier = VerifierKey::parse(key.verifier().text()).value();
    EXPECT_EQ(verifier.type(), type);
    EXPECT_EQ(verifier.author_key_id(), key.verifier().author_key_id());
    Signature signature = key.sign("message");
    EXPECT_TRUE(verifier.verify("message", signature));
    EXPECT_FALSE(verifier.verify("massage", signature));
    signature[0] = static_cast<std::uint8_t>(signature[0] ^ 1);
    EXPECT_FALSE(verifier.verify("message", signature));
    EXPECT_EQ(SigningKey::parse_private(key.private_text()).value().verifier().text(), verifier.text());
  }
  EXPECT_NE(SigningKey::generate("a").value().verifier().text(), SigningKey::generate("a").value().verifier().text());
}

TEST(Keys, NamesAreThoseOfSignedNotes) {
  for (const char* name : {"medspace/hanbit.patients", "a", "\xEC\x9E\xA5\xEB\xB6\x80", "log.example/2026"}) {
    EXPECT_TRUE(is_key_name(name)) << name;
    EXPECT_TRUE(SigningKey::from_seed(name, counting_bytes())) << name;
  }
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a+b"), std::string("a\tb"),
                                  std::string("a\nb"), std::string("a\0b", 3), std::string("a\x7F"),
                                  std::string("a\xC2\xA0"), std::string("\xE3\x80\x80"), std::string("a\xFF")}) {
    EXPECT_FALSE(is_key_name(name));
    EXPECT_EQ(SigningKey::from_seed(name, counting_bytes()).error().code, Code::bad_key);
  }
  EXPECT_EQ(SigningKey::from_seed("a", "short").error().code, Code::bad_key);
}

TEST(AuthorSignatures, AreWrittenAndReadAsFormatMdShows) {
  const SigningKey key = SigningKey::from_seed("medspace/hanbit", counting_bytes()).value();
  const AuthorSignature signature = sign_event(key, "medspace/hanbit", "{}");
  EXPECT_EQ(key.verifier().text(), testing::format_text("vkey"));
  EXPECT_EQ(to_string(signature), testing::format_text("author-signature"));
  EXPECT_EQ(to_hex({reinterpret_cast<const char*>(key.verifier().author_key_id().data()), 16}),
            to_hex(testing::format_example("author-key-id")));
  const auto parsed = parse_author_signature(to_string(signature));
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed->key_name, "medspace/hanbit");
  EXPECT_EQ(parsed->key_hash, key.verifier().key_hash());
  EXPECT_TRUE(key.verifier().verify(event_message("medspace/hanbit", "{}"), parsed->signature));
  EXPECT_FALSE(key.verifier().verify(event_message("medspace/saebit", "{}"), parsed->signature)) << "another ledger's";
}

TEST(AuthorSignatures, OtherSpellingsAreRefused) {
  const SigningKey key = SigningKey::from_seed("a", counting_bytes()).value();
  const std::string text = to_string(sign_event(key, "a", "{}"));
  ASSERT_TRUE(parse_author_signature(text));
  int tried = 0;
  for (std::size_t size = 0; size < text.size(); ++size, ++tried) {
    const auto parsed = parse_author_signature(std::string_view(text).substr(0, size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().code, Code::signature_malformed);
  }
  for (const std::string& changed :
       {" " + text, text + " ", text + "\n", "a" + text.substr(1, 9) + " " + text.substr(10), "+" + text.substr(2),
        "b c" + text.substr(1)}) {
    EXPECT_FALSE(parse_author_signature(changed)) << changed;
  }
  EXPECT_GT(tried, 90);
}

// Computed with Python 3.11:
//   base64.b32encode(hashlib.blake2b(message, key=bytes(range(32)), digest_size=16, person=b"jangbu-patient").digest())
// lower case without padding; for actors person=b"jangbu-actor"; for queries digest_size=32, person=b"jangbu-query",
// hex.
TEST(Pseudonyms, AreThoseOfAnotherImplementation) {
  const PseudonymKey key = PseudonymKey::from_bytes(counting_bytes()).value();
  EXPECT_EQ(key.patient("urn:oid:1.2.410.100110", "12345678"), "p:xq3xrpmiby4hbtra7mnc5j5pqe");
  EXPECT_EQ(key.patient("", ""), "p:o6vfqcxgw2zud2ltdsyblh2nwe");
  EXPECT_EQ(key.patient("\xED\x95\x9C\xEB\xB9\x9B", "A-1"), "p:5n3g6kb337vpo3daeyfltynen4");
  EXPECT_EQ(key.actor("hanbit", "dr.kim"), "hanbit/u:p6gkh24landvneykio5ykavat4");
  EXPECT_EQ(key.query_digest("patient=p:x"), "616a854f5fd86ed2761c0fb142dc0ee3503069fb07f8537d50d032a6bdb31259");
  EXPECT_EQ(key.patient("urn:oid:1.2.410.100110", "12345678"), testing::format_text("pseudonym"));
}

TEST(Pseudonyms, DependOnTheKeyAndTheUse) {
  const PseudonymKey key = PseudonymKey::from_bytes(counting_bytes()).value();
  const PseudonymKey other = PseudonymKey::generate();
  EXPECT_NE(key.patient("a", "1"), other.patient("a", "1"));
  EXPECT_NE(key.patient("a", "1"), key.patient("a", "2"));
  EXPECT_NE(key.patient("a", "1").substr(2), key.actor("h", "a|1").substr(4));
  EXPECT_EQ(key.patient("a", "1").size(), 28U);
  EXPECT_EQ(PseudonymKey::from_bytes("short").error().code, Code::bad_key);
  EXPECT_EQ(PseudonymKey::from_bytes(other.raw()).value().patient("a", "1"), other.patient("a", "1"));
}

TEST(LedgerIds, HaveOneForm) {
  for (const char* text : {"ab", "hanbit", "hanbit.patients", "a-1", "a123456789012345678901234567890"}) {
    const auto id = LedgerId::parse(text);
    ASSERT_TRUE(id) << text;
    EXPECT_EQ(id->text(), text);
    EXPECT_EQ(LedgerId::of(id->institution(), id->kind()), *id);
  }
  EXPECT_EQ(LedgerId::parse("hanbit.patients")->kind(), LedgerKind::patients);
  EXPECT_EQ(LedgerId::parse("hanbit.patients")->institution(), "hanbit");
  EXPECT_EQ(LedgerId::parse("hanbit")->kind(), LedgerKind::shared);
  for (const char* text :
       {"", "a", "1a", "-ab", "Hanbit", "han_bit", "han bit", "hanbit.", "hanbit.patient", ".patients", "a.patients",
        "hanbit.patients.patients", "a1234567890123456789012345678901", "hanbit/x"}) {
    const auto id = LedgerId::parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, Code::no_such_ledger);
  }
  // By byte value: '-' < '.' < letters.
  std::set<LedgerId> order;
  for (const char* text : {"hanbit2", "hanbit.patients", "hanbit-b", "hanbit"})
    order.insert(LedgerId::parse(text).value());
  std::string joined;
  for (const LedgerId& id : order) joined += id.text() + " ";
  EXPECT_EQ(joined, "hanbit hanbit-b hanbit.patients hanbit2 ");
}

}  // namespace
}  // namespace jangbu
