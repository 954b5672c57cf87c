#include "ledger/hash.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace jangbu {
namespace {

TEST(Sha256, KnownAnswersOfFips180) {
  EXPECT_EQ(to_hex(sha256("").view()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc").view()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a')).view()),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesHashAsTheWhole) {
  std::string message;
  for (int at = 0; at < 300; ++at) message.push_back(static_cast<char>(at));
  for (std::size_t split = 0; split <= message.size(); ++split) {
    Sha256 hash;
    hash.update(std::string_view(message).substr(0, split));
    hash.update(std::string_view(message).substr(split));
    ASSERT_EQ(hash.finish(), sha256(message)) << split;
  }
}

TEST(HashText, KnownAnswersOfRfc4648) {
  const struct {
    const char *text, *base64, *base32, *hex;
  } rows[] = {{"", "", "", ""},
              {"f", "Zg==", "my", "66"},
              {"fo", "Zm8=", "mzxq", "666f"},
              {"foo", "Zm9v", "mzxw6", "666f6f"},
              {"foob", "Zm9vYg==", "mzxw6yq", "666f6f62"},
              {"fooba", "Zm9vYmE=", "mzxw6ytb", "666f6f6261"},
              {"foobar", "Zm9vYmFy", "mzxw6ytboi", "666f6f626172"}};
  for (const auto& row : rows) {
    EXPECT_EQ(to_base64(row.text), row.base64);
    EXPECT_EQ(from_base64(row.base64).value(), row.text);
    EXPECT_EQ(to_base32(row.text), row.base32);
    EXPECT_EQ(to_hex(row.text), row.hex);
    EXPECT_EQ(from_hex(row.hex).value(), row.text);
  }
}

TEST(HashText, WhateverIsReadHasThatOneSpelling) {
  constexpr unsigned kSeed = 1;
  std::mt19937 random(kSeed);
  const std::string digits = "ABCxyz019+/=-_ \n";
  int read = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (std::size_t length = random() % 13; length > 0; --length) text.push_back(digits[random() % digits.size()]);
    if (const auto bytes = from_base64(text)) {
      ASSERT_EQ(to_base64(*bytes), text) << "seed " << kSeed;
      ++read;
    }
  }
  EXPECT_GT(read, 10'000);
}

TEST(HashText, OtherSpellingsAreRefused) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "====", "=",
                           "Z===", "Zm9v=", "Zg==Zg==", "Z g=", "Zm9\n", "Zm9-", "\xC3\xA9\xC3\xA9"}) {
    const auto bytes = from_base64(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().code, Code::bad_value);
  }
  for (const char* text : {"0", "0G", "AB", "0x", "a ", " a"}) EXPECT_FALSE(from_hex(text)) << text;
}

TEST(HashText, DigestsAreOfOneForm) {
  const Hash hash = sha256("abc");
  EXPECT_EQ(digest_text(hash), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(parse_digest(digest_text(hash)).value(), hash);
  const std::string hex = to_hex(hash.view());
  for (const std::string& text : {hex, std::string("sha256:"), "sha256:" + hex.substr(2), "sha256:" + hex + "00",
                                  "SHA256:" + hex, "sha512:" + hex, "sha256:B" + hex.substr(1), std::string()}) {
    EXPECT_FALSE(parse_digest(text)) << text;
  }
}

}  // namespace
}  // namespace jangbu
