#include "ledger/note.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ledger/hash.h"
#include "tests/support/json_file.h"

namespace jangbu {
namespace {

using nlohmann::json;

SigningKey key_of(std::string_view name, char fill, NoteKeyType type = NoteKeyType::ed25519) {
  return SigningKey::from_seed(name, std::string(32, fill), type).value();
}

std::string signed_by(std::string_view text, std::vector<const SigningKey*> keys) {
  return sign_note(text, keys).value();
}

TEST(Note, EveryPublicCaseHasItsVerdict) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/signed_note.json");
  json cases = vectors.at("open");
  for (json test : vectors.at("open_bytes_hex")) {
    test["bytes"] = from_hex(test.at("note_hex").get<std::string>()).value();
    cases.push_back(test);
  }
  for (const json& test : cases) {
    std::vector<VerifierKey> trusted;
    for (const json& vkey : test.at("trusted")) {
      auto key = VerifierKey::parse(vkey.get<std::string>());
      ASSERT_TRUE(key) << to_string(key.error());
      trusted.push_back(std::move(*key));
    }
    const std::string note = test.contains("bytes") ? test.at("bytes") : test.at("note");
    const auto opened = open_note(note, trusted);
    EXPECT_EQ(opened.has_value(), test.at("ok").get<bool>()) << test.value("err", note);
    if (!opened) continue;
    EXPECT_EQ(to_text(*opened), note);
    json verified = json::array();
    for (const VerifierKey* key : opened->verified_by) verified.push_back(key->name());
    EXPECT_EQ(verified, test.at("verified"));
    EXPECT_EQ(opened->signatures.size(), test.at("verified").size() + test.at("unverified").size());
  }
  EXPECT_EQ(cases.size(), 14U);
  const json& example = vectors.at("c2sp_example");
  const VerifierKey key = VerifierKey::parse(example.at("vkey").get<std::string>()).value();
  EXPECT_TRUE(open_note(example.at("note").get<std::string>(), std::span(&key, 1)));
}

TEST(Note, TheSignedVectorIsMadeAgain) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/signed_note.json");
  const SigningKey key =
      SigningKey::parse_private(vectors.at("keys").at("peter").at("skey").get<std::string>()).value();
  const json& sign = vectors.at("sign");
  EXPECT_EQ(signed_by(sign.at("text").get<std::string>(), {&key}), sign.at("signed_note"));
}

TEST(Note, SplitsAtTheLastEmptyLine) {
  const SigningKey key = key_of("log.example/a", 'a');
  for (const std::string text : {"one\n\ntwo\n", "one\n\n", "\n", "\xE2\x80\x94 not a signature\n\nbut text\n"}) {
    const std::string note = signed_by(text, {&key});
    const auto opened = open_note(note, std::span(&key.verifier(), 1));
    ASSERT_TRUE(opened) << to_string(opened.error());
    EXPECT_EQ(opened->text, text);
  }
}

TEST(Note, RefusesWhatIsNotOne) {
  const SigningKey key = key_of("log.example/a", 'a');
  const std::string note = signed_by("text\n", {&key});
  const std::string line = note.substr(6);
  const std::string name = "\xE2\x80\x94 log.example/a ";
  const struct {
    const char* why;
    std::string note;
  } rows[] = {
      {"nothing", ""},
      {"no text", line},
      {"no empty line", "text\n" + line},
      {"a tab", "te\txt\n\n" + line},
      {"a carriage return", "text\r\n\n" + line},
      {"half a code point", "te\xE2\x80\n\n" + line},
      {"a surrogate", "te\xED\xA0\x80\n\n" + line},
      {"no newline at the end", note.substr(0, note.size() - 1)},
      {"a hyphen for the dash", "text\n\n- log.example/a " + line.substr(name.size())},
      {"two spaces", "text\n\n" + name + " " + line.substr(name.size())},
      {"no signature", "text\n\n" + name + "\n"},
      {"a key hash alone", "text\n\n" + name + "AAAAAA==\n"},
      {"no padding", "text\n\n" + name + "AAAAAAA\n"},
      {"unused bits set", "text\n\n" + name + "AAAAAAB=\n"},
      {"URL base64", "text\n\n" + name + "AAAA_AAA\n"},
      {"a name with a plus sign", "text\n\n\xE2\x80\x94 a+b AAAAAAAA\n"},
      {"a name with a no-break space",
       "text\n\n\xE2\x80\x94 a\xC2\xA0"
       "b AAAAAAAA\n"},
      {"an empty name", "text\n\n\xE2\x80\x94  AAAAAAAA\n"},
      {"text among the signatures", note + "text\n"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_note(row.note);
    ASSERT_FALSE(parsed) << row.why;
    EXPECT_EQ(parsed.error().code, Code::bad_note) << row.why;
    EXPECT_FALSE(parsed.error().what.empty());
  }
}

TEST(Note, TakesAHundredSignaturesAndNoMore) {
  const SigningKey key = key_of("log.example/a", 'a');
  std::string note = signed_by("text\n", {&key});
  const std::string unknown = "\xE2\x80\x94 stranger AAAAAAAA\n";
  for (int i = 1; i < 100; ++i) note += unknown;
  const auto opened = open_note(note, std::span(&key.verifier(), 1));
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(opened->signatures.size(), 100U);
  EXPECT_FALSE(open_note(note + unknown, std::span(&key.verifier(), 1)));
}

TEST(Note, IgnoresUnknownSignaturesOfTheSameNameOrTheSameHash) {
  const SigningKey key = key_of("log.example/a", 'a');
  const SigningKey other = key_of("log.example/a", 'b');
  std::vector<VerifierKey> trusted{key.verifier()};
  const std::string both = signed_by("text\n", {&other, &key});
  ASSERT_TRUE(open_note(both, trusted));
  NoteSignature same_hash{"log.example/b", key.verifier().key_hash(), std::string(64, 'x')};
  EXPECT_TRUE(open_note(both + signature_line(same_hash), trusted));
  same_hash.name = "log.example/a";  // now it is the known key's, and bad (N8)
  EXPECT_FALSE(open_note(both + signature_line(same_hash), trusted));
  EXPECT_FALSE(open_note(signed_by("text\n", {&other}), trusted)) << "no known key (N9)";
  trusted.push_back(key.verifier());
  EXPECT_FALSE(open_note(both, trusted)) << "ambiguous (N11)";
}

TEST(Note, CountsARepeatedSignatureOnce) {
  const SigningKey key = key_of("log.example/a", 'a');
  const auto opened = open_note(signed_by("text\n", {&key, &key}), std::span(&key.verifier(), 1));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->verified_by.size(), 1U);
}

TEST(Note, SignsOnlyANote) {
  const SigningKey key = key_of("log.example/a", 'a');
  const SigningKey witness = key_of("witness.example", 'w', NoteKeyType::cosignature_v1);
  const SigningKey* const keys[] = {&key};
  const SigningKey* const witnesses[] = {&witness};
  EXPECT_FALSE(sign_note("no newline", keys));
  EXPECT_FALSE(sign_note("", keys));
  EXPECT_FALSE(sign_note("a\tb\n", keys));
  EXPECT_FALSE(sign_note("text\n", {}));
  EXPECT_FALSE(sign_note("text\n", witnesses)) << "a cosignature has a time";
}

TEST(Cosignature, VerifiesAsTheWitnesssAndCoversTheWholeBody) {
  const SigningKey log = key_of("log.example/a", 'a');
  const SigningKey witness = key_of("witness.example", 'w', NoteKeyType::cosignature_v1);
  const std::string text = "log.example/a\n1\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\nextension\n";
  const NoteSignature cosignature = cosign(witness, text, 1'727'964'367);
  EXPECT_EQ(cosignature.blob.size(), 72U);
  EXPECT_EQ(cosignature_time(cosignature.blob), 1'727'964'367U);
  const std::string note = signed_by(text, {&log}) + signature_line(cosignature);
  const std::vector<VerifierKey> trusted{log.verifier(), witness.verifier()};
  const auto opened = open_note(note, trusted);
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(opened->verified_by.size(), 2U);
  // Another extension line, another time: each refuses the note.
  std::string changed = note;
  changed.replace(changed.find("extension"), 9, "extensiom");
  EXPECT_FALSE(open_note(changed, std::span(&trusted[1], 1)));
  NoteSignature later = cosignature;
  later.blob[7] = static_cast<char>(later.blob[7] + 1);
  EXPECT_FALSE(open_note(signed_by(text, {&log}) + signature_line(later), trusted));
  later = cosignature;
  later.blob[0] = static_cast<char>(0x80);  // beyond 2^63-1
  EXPECT_EQ(cosignature_time(later.blob), std::nullopt);
  EXPECT_FALSE(open_note(signed_by(text, {&log}) + signature_line(later), trusted));
}

TEST(Cosignature, IsNothingToTheSameKeyAsAPlainOne) {
  // S6. The same 32 bytes as an Ed25519 note key have another hash, so its line is unknown; and with the hash forged
  // onto it, it does not verify.
  const SigningKey plain = key_of("witness.example", 'w');
  const SigningKey witness = key_of("witness.example", 'w', NoteKeyType::cosignature_v1);
  EXPECT_EQ(plain.verifier().public_key(), witness.verifier().public_key());
  EXPECT_NE(plain.verifier().key_hash(), witness.verifier().key_hash());
  NoteSignature cosignature = cosign(witness, "text\n", 1);
  const std::string note = "text\n\n";
  EXPECT_TRUE(open_note(note + signature_line(cosignature), std::span(&witness.verifier(), 1)));
  EXPECT_FALSE(open_note(note + signature_line(cosignature), std::span(&plain.verifier(), 1)));
  cosignature.key_hash = plain.verifier().key_hash();
  EXPECT_FALSE(open_note(note + signature_line(cosignature), std::span(&plain.verifier(), 1)));
  cosignature.blob.erase(0, 8);
  EXPECT_FALSE(open_note(note + signature_line(cosignature), std::span(&plain.verifier(), 1)));
}

TEST(Cosignature, ThePublicVectorsAreRead) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/cosig_vkeys.json");
  const auto key = VerifierKey::parse(vectors.at("ed25519_cosig_vkey").get<std::string>());
  ASSERT_TRUE(key) << to_string(key.error());
  EXPECT_EQ(key->type(), NoteKeyType::cosignature_v1);
  for (const json& row : vectors.at("cosig_b64_timestamp")) {
    const std::string raw = from_base64(row[0].get<std::string>()).value();
    EXPECT_EQ(cosignature_time(std::string_view(raw).substr(4)), row[1].get<std::uint64_t>());
  }
}

}  // namespace
}  // namespace jangbu
