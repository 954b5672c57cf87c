// The public corpora of RFC 6962 proofs, and a whole public log made again byte for byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ledger/checkpoint.h"
#include "ledger/tiles.h"
#include "ledger/tree.h"
#include "tests/support/json_file.h"

namespace jangbu {
namespace {

using nlohmann::json;

std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// M11: a hash of another length than 32 bytes is an error where it is decoded.
std::optional<Hash> hash_of(const json& base64) {
  if (base64.is_null()) return std::nullopt;
  const auto raw = from_base64(base64.get<std::string>());
  if (!raw || raw->size() != sizeof(Hash)) return std::nullopt;
  return Hash::from(*raw);
}

// Some consistency cases are about sizes alone and have the words "don't care 1", "don't care 2" for roots. A hash of
// the words stands in for them, so that equal ones stay equal; as they are they would be refused for their length
// (M11), in the one valid case of them too.
std::optional<Hash> root_of(const json& base64) {
  const auto raw = from_base64(base64.is_string() ? base64.get<std::string>() : std::string());
  if (raw && raw->starts_with("don't care ")) return sha256(*raw);
  return hash_of(base64);
}

std::optional<std::vector<Hash>> proof_of(const json& list) {
  std::vector<Hash> proof;
  if (list.is_null()) return proof;
  for (const json& element : list) {
    const auto hash = hash_of(element);
    if (!hash) return std::nullopt;
    proof.push_back(*hash);
  }
  return proof;
}

TEST(MerkleVectors, EveryInclusionCaseHasItsVerdict) {
  JANGBU_SHARED_OR_SKIP(shared);
  int valid = 0, refused = 0;
  for (const auto& file : json_files(shared / "vectors/transparency-dev-merkle/inclusion")) {
    const json test = testing::read_json(file);
    const auto root = hash_of(test.at("root"));
    const auto leaf = hash_of(test.at("leafHash"));
    const auto proof = proof_of(test.at("proof"));
    const bool verifies = root && leaf && proof &&
                          verify_inclusion(*leaf, SequenceNumber(test.at("leafIdx").get<std::uint64_t>()),
                                           TreeSize(test.at("treeSize").get<std::uint64_t>()), *proof, *root)
                              .has_value();
    EXPECT_EQ(verifies, !test.at("wantErr").get<bool>()) << file << ": " << test.value("desc", "");
    ++(verifies ? valid : refused);
  }
  EXPECT_EQ(valid, 6);
  EXPECT_EQ(refused, 92);
}

TEST(MerkleVectors, EveryConsistencyCaseHasItsVerdict) {
  JANGBU_SHARED_OR_SKIP(shared);
  int valid = 0, refused = 0;
  for (const auto& file : json_files(shared / "vectors/transparency-dev-merkle/consistency")) {
    const json test = testing::read_json(file);
    const auto from_root = root_of(test.at("root1"));
    const auto to_root = root_of(test.at("root2"));
    const auto proof = proof_of(test.at("proof"));
    const bool verifies =
        from_root && to_root && proof &&
        verify_consistency(TreeSize(test.at("size1").get<std::uint64_t>()),
                           TreeSize(test.at("size2").get<std::uint64_t>()), *proof, *from_root, *to_root)
            .has_value();
    EXPECT_EQ(verifies, !test.at("wantErr").get<bool>()) << file << ": " << test.value("desc", "");
    ++(verifies ? valid : refused);
  }
  EXPECT_EQ(valid, 6);
  EXPECT_EQ(refused, 92);
}

TEST(MerkleVectors, KnownAnswersOfRfc6962) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json test = testing::read_json(shared / "vectors/derived/rfc6962_kat.json");
  const auto bytes = [](const json& hex) { return from_hex(hex.get<std::string>()).value(); };
  EXPECT_EQ(to_hex(empty_root().view()), test.at("empty_root"));
  for (const json& row : test.at("leaf_hashes")) {
    EXPECT_EQ(to_hex(leaf_hash(bytes(row.at("leaf_hex"))).view()), row.at("hash"));
  }
  for (const json& row : test.at("node_hashes")) {
    // The vector's children are not hashes but shorter; the rule is the same (M3).
    Sha256 hash;
    hash.update("\x01");
    hash.update(bytes(row.at("left_hex")));
    hash.update(bytes(row.at("right_hex")));
    EXPECT_EQ(to_hex(hash.finish().view()), row.at("hash"));
  }
  Frontier frontier;
  const json& roots = test.at("roots_by_size");
  ASSERT_EQ(roots.size(), test.at("leaves_hex").size() + 1);
  for (std::size_t size = 0; size < roots.size(); ++size) {
    EXPECT_EQ(to_hex(frontier.root().view()), roots[size]) << size;
    if (size < test.at("leaves_hex").size()) frontier.append(leaf_hash(bytes(test.at("leaves_hex")[size])));
  }
}

TEST(MerkleVectors, ThePublicLogIsMadeAgainByteForByte) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json log = testing::read_json(shared / "vectors/derived/tessera_log_key.json");
  const auto folder = shared / "vectors/tessera-testdata-log";
  const auto key = SigningKey::parse_private(log.at("skey").get<std::string>());
  ASSERT_TRUE(key) << to_string(key.error());
  EXPECT_EQ(key->verifier().text(), log.at("vkey"));
  int files = 0;
  const auto same = [&](const std::filesystem::path& path, const std::string& made) {
    ASSERT_TRUE(std::filesystem::exists(folder / path)) << path;
    EXPECT_EQ(to_hex(testing::read_file(folder / path)), to_hex(made)) << path;
    ++files;
  };
  Frontier frontier;
  std::string tile, bundle;
  for (std::uint64_t size = 0; size <= log.at("leaves").size(); ++size) {
    const auto note = sign_checkpoint({key->verifier().name(), TreeSize(size), frontier.root(), {}}, *key);
    ASSERT_TRUE(note);
    same("checkpoint." + std::to_string(size), *note);
    if (size == log.at("leaves").size()) same("checkpoint", *note);
    const auto opened = open_checkpoint(*note, key->verifier());
    ASSERT_TRUE(opened) << to_string(opened.error());
    EXPECT_EQ(opened->size, TreeSize(size));
    for (const TilePath& path : tiles_of(TreeSize(size))) same(to_path(path), path.entries ? bundle : tile);
    if (size == log.at("leaves").size()) break;
    const std::string leaf = log.at("leaves")[size];
    const Hash hash = leaf_hash(leaf);
    frontier.append(hash);
    tile.append(hash.view());
    append_to_bundle(bundle, leaf);
  }
  EXPECT_EQ(files, 16 + 1 + 15 + 15);
}

}  // namespace
}  // namespace jangbu
