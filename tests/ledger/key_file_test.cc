#include "ledger/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "ledger/hash.h"
#include "tests/support/format_example.h"
#include "tests/support/shared_files.h"
#include "tests/support/temporary_folder.h"

namespace jangbu {
namespace {

using testing::read_file;
using testing::TemporaryFolder;

std::string counting_bytes() {
  std::string bytes;
  for (int at = 0; at < 32; ++at) bytes.push_back(static_cast<char>(at));
  return bytes;
}

SigningKey example_key() { return SigningKey::from_seed("medspace/hanbit", counting_bytes()).value(); }

const AskPassphrase kNoPassphrase = [](const std::filesystem::path&) -> std::optional<std::string> {
  ADD_FAILURE() << "asked for a passphrase";
  return std::nullopt;
};

AskPassphrase answer(std::string passphrase) {
  return [passphrase](const std::filesystem::path&) -> std::optional<std::string> { return passphrase; };
}

// As a stranger's tool would: no checks, mode 0600.
void put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
}

// With the checksum of what it says, so that the checks behind the checksum are reached.
void put_with_checksum(const std::filesystem::path& path, std::string bytes) {
  bytes.resize(bytes.size() - 32);
  put(path, bytes + std::string(sha256(bytes).view()));
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(KeyFile, IsWrittenAsFormatMdShows) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_key_file(folder / "log.key", example_key(), ""));
  EXPECT_EQ(to_hex(read_file(folder / "log.key")), to_hex(testing::format_example("key-file")));
  const auto key = read_signing_key(folder / "log.key", kNoPassphrase);
  ASSERT_TRUE(key) << to_string(key.error());
  EXPECT_EQ(key->verifier().text(), example_key().verifier().text());
  EXPECT_EQ(key->sign("x"), example_key().sign("x"));
}

TEST(KeyFile, TheSealedExampleOfFormatMdOpens) {
  const TemporaryFolder folder;
  put(folder / "pseudonym.key", testing::format_example("key-file-sealed"));
  const auto key = read_pseudonym_key(folder / "pseudonym.key", answer("correct horse battery staple"));
  ASSERT_TRUE(key) << to_string(key.error());
  EXPECT_EQ(to_hex(key->raw()), to_hex(counting_bytes()));
}

TEST(KeyFile, IsForItsOwnerAlone) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  ASSERT_TRUE(write_key_file(folder / "log.key", example_key(), ""));
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat((folder / "log.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(status.st_nlink, 1U);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0660U, 0644U, 0601U}) {
    ASSERT_EQ(::chmod((folder / "log.key").c_str(), mode), 0);
    const auto key = read_signing_key(folder / "log.key", kNoPassphrase);
    ASSERT_FALSE(key) << mode;
    EXPECT_EQ(key.error().code, Code::key_file_unsafe);
  }
  ASSERT_EQ(::chmod((folder / "log.key").c_str(), 0400), 0);
  EXPECT_TRUE(read_signing_key(folder / "log.key", kNoPassphrase));
}

TEST(KeyFile, IsAPlainFileAndNoLink) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_key_file(folder / "log.key", example_key(), ""));
  std::filesystem::create_symlink(folder / "log.key", folder / "link.key");
  EXPECT_EQ(read_signing_key(folder / "link.key", kNoPassphrase).error().code, Code::key_file_unsafe);
  ASSERT_EQ(::mkfifo((folder / "pipe.key").c_str(), 0600), 0);
  EXPECT_EQ(read_signing_key(folder / "pipe.key", kNoPassphrase).error().code, Code::key_file_unsafe);
  std::filesystem::create_directory(folder / "folder.key");
  EXPECT_EQ(read_signing_key(folder / "folder.key", kNoPassphrase).error().code, Code::key_file_unsafe);
  const auto absent = read_signing_key(folder / "absent.key", kNoPassphrase);
  EXPECT_EQ(absent.error().code, Code::io);
  EXPECT_EQ(absent.error().where, (folder / "absent.key").string());
  // A link where a new key is to go is not followed, and not overwritten.
  std::filesystem::create_symlink(folder / "elsewhere", folder / "dangling.key");
  EXPECT_EQ(write_key_file(folder / "dangling.key", example_key(), "").error().code, Code::already_exists);
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
}

TEST(KeyFile, IsReplacedWholeAndOnlyWhenAskedTo) {
  const TemporaryFolder folder;
  const SigningKey first = SigningKey::generate("first").value();
  const SigningKey second = SigningKey::generate("second").value();
  ASSERT_TRUE(write_key_file(folder / "log.key", first, ""));
  EXPECT_EQ(write_key_file(folder / "log.key", second, "").error().code, Code::already_exists);
  EXPECT_EQ(read_signing_key(folder / "log.key", kNoPassphrase)->verifier().name(), "first");
  // Who has the old file open goes on reading the old key: the name was moved, the file not written over.
  std::ifstream old(folder / "log.key", std::ios::binary);
  const std::string before = read_file(folder / "log.key");
  ASSERT_TRUE(write_key_file(folder / "log.key", second, "", KeyFileWrite::replace));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(old), {}), before);
  EXPECT_EQ(read_signing_key(folder / "log.key", kNoPassphrase)->verifier().name(), "second");
  EXPECT_EQ(files_in(folder.path()), 1U) << "a temporary file was left";
  EXPECT_EQ(write_key_file(folder / "no/such/log.key", first, "").error().code, Code::io);
}

TEST(KeyFile, EveryTruncationAndEveryFlippedBitIsToldFromAnotherKey) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_key_file(folder / "log.key", example_key(), ""));
  const std::string bytes = read_file(folder / "log.key");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    put(folder / "cut.key", bytes.substr(0, size));
    const auto key = read_signing_key(folder / "cut.key", kNoPassphrase);
    ASSERT_FALSE(key) << size;
    EXPECT_EQ(key.error().code, Code::bad_key);
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    put(folder / "flipped.key", flipped);
    const auto key = read_signing_key(folder / "flipped.key", kNoPassphrase);
    ASSERT_FALSE(key) << bit;
    EXPECT_EQ(key.error().code, Code::bad_key);
  }
  put(folder / "long.key", bytes + "x");
  EXPECT_FALSE(read_signing_key(folder / "long.key", kNoPassphrase));
  put(folder / "huge.key", std::string(5000, 'x'));
  EXPECT_FALSE(read_signing_key(folder / "huge.key", kNoPassphrase));
}

TEST(KeyFile, FieldsAreCheckedBehindAGoodChecksum) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_key_file(folder / "log.key", example_key(), ""));
  const std::string bytes = read_file(folder / "log.key");
  // Every value of version, content, sealing, reserved, and of the length's last byte, but the right one.
  for (const std::size_t at : {16U, 17U, 18U, 19U, 23U}) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = bytes;
      if (static_cast<unsigned char>(changed[at]) == value) continue;
      if (at == 18 && value == 1) continue;  // sealed: below
      changed[at] = static_cast<char>(value);
      put_with_checksum(folder / "changed.key", changed);
      const auto key = read_signing_key(folder / "changed.key", kNoPassphrase);
      ASSERT_FALSE(key) << at << " " << value;
      EXPECT_EQ(key.error().code, Code::bad_key);
    }
  }
}

TEST(KeyFile, AKeyOfTheOtherKindIsRefused) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_key_file(folder / "log.key", example_key(), ""));
  ASSERT_TRUE(write_key_file(folder / "pseudonym.key", PseudonymKey::generate(), ""));
  EXPECT_TRUE(read_pseudonym_key(folder / "pseudonym.key", kNoPassphrase));
  EXPECT_EQ(read_signing_key(folder / "pseudonym.key", kNoPassphrase).error().code, Code::bad_key);
  EXPECT_EQ(read_pseudonym_key(folder / "log.key", kNoPassphrase).error().code, Code::bad_key);
}

TEST(KeyFile, WithAPassphraseItIsSealed) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "log.key";
  ASSERT_TRUE(write_key_file(path, example_key(), "open sesame"));
  const std::string bytes = read_file(path);
  EXPECT_EQ(bytes.find("PRIVATE"), std::string::npos);
  EXPECT_EQ(bytes.find("hanbit"), std::string::npos);
  int asked = 0;
  const auto key = read_signing_key(path, [&](const std::filesystem::path& which) -> std::optional<std::string> {
    EXPECT_EQ(which, path);
    ++asked;
    return "open sesame";
  });
  ASSERT_TRUE(key) << to_string(key.error());
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(key->private_text(), example_key().private_text());
  EXPECT_EQ(read_signing_key(path, answer("open sesamE")).error().code, Code::wrong_passphrase);
  EXPECT_EQ(read_signing_key(path, answer("")).error().code, Code::wrong_passphrase);
  EXPECT_EQ(read_signing_key(path, nullptr).error().code, Code::wrong_passphrase);
  EXPECT_EQ(read_signing_key(path, [](const auto&) { return std::nullopt; }).error().code, Code::wrong_passphrase);
  // Damaged is another matter than a wrong passphrase, and no passphrase is asked for.
  std::string flipped = bytes;
  flipped[60] = static_cast<char>(flipped[60] ^ 1);
  put(folder / "flipped.key", flipped);
  EXPECT_EQ(read_signing_key(folder / "flipped.key", kNoPassphrase).error().code, Code::bad_key);
  // Changed on purpose, with a checksum made to fit: the cipher's tag does not.
  for (const std::size_t at : {75U, 100U}) {  // in the nonce; in the ciphertext
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    put_with_checksum(folder / "changed.key", changed);
    EXPECT_EQ(read_signing_key(folder / "changed.key", answer("open sesame")).error().code, Code::bad_key) << at;
  }
  // The same key sealed twice shares no salt, nonce or ciphertext.
  ASSERT_TRUE(write_key_file(path, example_key(), "open sesame", KeyFileWrite::replace));
  const std::string again = read_file(path);
  EXPECT_EQ(again.substr(0, 24), bytes.substr(0, 24));
  EXPECT_NE(again.substr(24, 16), bytes.substr(24, 16));
  EXPECT_NE(again.substr(96), bytes.substr(96));
}

TEST(KeyFile, ASealedFileThatIsTooShortIsRefused) {
  const TemporaryFolder folder;
  std::string bytes("jangbu-key-file\n\x01\x01\x01\x00\x00\x00\x00\x02xx", 26);
  put_with_checksum(folder / "short.key", bytes + std::string(32, '\0'));
  EXPECT_EQ(read_signing_key(folder / "short.key", kNoPassphrase).error().code, Code::bad_key);
}

}  // namespace
}  // namespace jangbu
