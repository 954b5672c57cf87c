#include "ledger/checkpoint.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ledger/tree.h"
#include "tests/support/format_example.h"
#include "tests/support/json_file.h"

namespace jangbu {
namespace {

using nlohmann::json;

constexpr char kRoot[] = "qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=";

TEST(Checkpoint, EveryPublicCaseHasItsVerdict) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/checkpoint_parse.json");
  EXPECT_EQ(vectors.at("bad").size(), 8U);
  for (const json& text : vectors.at("bad")) {
    const auto parsed = parse_checkpoint(text.get<std::string>());
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::bad_checkpoint);
  }
  for (const json& test : vectors.at("ok")) {
    const auto parsed = parse_checkpoint(test.at("text").get<std::string>());
    ASSERT_TRUE(parsed) << to_string(parsed.error());
    EXPECT_EQ(parsed->origin, test.at("origin"));
    EXPECT_EQ(parsed->size, TreeSize(test.at("size").get<std::uint64_t>()));
    EXPECT_EQ(to_base64(parsed->root.view()), test.at("hash_b64"));
    EXPECT_EQ(to_text(*parsed), test.at("text"));
  }
}

TEST(Checkpoint, HasOneSpelling) {
  const std::string root(kRoot);
  const auto parses = [](const std::string& text) { return parse_checkpoint(text).has_value(); };
  EXPECT_TRUE(parses("a\n0\n" + root + "\n"));
  EXPECT_TRUE(parses("a\n18446744073709551615\n" + root + "\n"));
  EXPECT_FALSE(parses("a\n18446744073709551616\n" + root + "\n")) << "2^64";
  EXPECT_FALSE(parses("a\n042\n" + root + "\n"));
  EXPECT_FALSE(parses("a\n+42\n" + root + "\n"));
  EXPECT_FALSE(parses("a\n 42\n" + root + "\n"));
  EXPECT_FALSE(parses("a\n\n" + root + "\n"));
  EXPECT_FALSE(parses("\n42\n" + root + "\n")) << "no origin";
  EXPECT_FALSE(parses("a\n42\n" + root)) << "the last line does not end";
  EXPECT_FALSE(parses("a\n42\n" + root.substr(0, 40) + "\n")) << "a hash of 30 bytes";
  EXPECT_FALSE(parses("a\n42\n" + root.substr(0, 43) + "\n")) << "no padding";
  EXPECT_FALSE(parses("a\n42\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVct=\n")) << "unused bits set";
  EXPECT_TRUE(parses("a\n42\n" + root + "\nextension\n"));
  EXPECT_FALSE(parses("a\n42\n" + root + "\n\n")) << "an empty extension line";
  EXPECT_FALSE(parses("a\n42\n" + root + "\nextension")) << "an extension line that does not end";
}

TEST(Checkpoint, IsTheLogsOnlyUnderItsNameAndKey) {
  const SigningKey log = SigningKey::from_seed("medspace/hanbit", std::string(32, 'a')).value();
  const SigningKey other = SigningKey::from_seed("medspace/saebit", std::string(32, 'a')).value();
  const Checkpoint checkpoint{"medspace/hanbit", TreeSize(7), leaf_hash("x"), {}};
  const std::string note = sign_checkpoint(checkpoint, log).value();
  const auto opened = open_checkpoint(note, log.verifier());
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(opened->root, checkpoint.root);
  EXPECT_EQ(open_checkpoint(note, other.verifier()).error().code, Code::bad_note);
  // The other ledger's key under this origin: a valid note of a wrong ledger.
  EXPECT_EQ(open_checkpoint(sign_checkpoint(checkpoint, other).value(), other.verifier()).error().code,
            Code::bad_checkpoint);
  // A signed text that is no checkpoint.
  const SigningKey* const keys[] = {&log};
  EXPECT_EQ(open_checkpoint(sign_note("medspace/hanbit\n", keys).value(), log.verifier()).error().code,
            Code::bad_checkpoint);
  // A witness's key does not speak for the log (S6).
  const SigningKey witness =
      SigningKey::from_seed("medspace/hanbit", std::string(32, 'a'), NoteKeyType::cosignature_v1).value();
  const std::string cosigned =
      to_text(checkpoint) + "\n" + signature_line(cosign(witness, to_text(checkpoint), 1'700'000'000));
  EXPECT_EQ(open_checkpoint(cosigned, witness.verifier()).error().code, Code::bad_note);
}

TEST(Checkpoint, TreeNoteAndProofAreAsFormatMdShows) {
  std::string seed, hashes;
  for (int at = 0; at < 32; ++at) seed.push_back(static_cast<char>(at));
  const SigningKey log = SigningKey::from_seed("medspace/hanbit", seed).value();
  Frontier frontier;
  std::vector<Hash> leaves;
  for (const char* entry : {"a", "b", "c"}) {
    leaves.push_back(leaf_hash(entry));
    hashes.append(leaves.back().view());
    frontier.append(leaves.back());
  }
  hashes.append(frontier.root().view());
  EXPECT_EQ(to_hex(hashes), to_hex(testing::format_example("tree")));
  const std::string note = sign_checkpoint({"medspace/hanbit", TreeSize(3), frontier.root(), {}}, log).value();
  EXPECT_EQ(note, testing::format_text("checkpoint") + "\n");
  const TlogProof proof{std::nullopt, SequenceNumber(2), {node_hash(leaves[0], leaves[1])}, note};
  EXPECT_EQ(to_text(proof), testing::format_text("tlog-proof") + "\n");
  EXPECT_TRUE(verify_tlog_proof(proof, leaves[2], log.verifier()));
}

class TlogProofTest : public ::testing::Test {
 protected:
  TlogProofTest() {
    for (int at = 0; at < 5; ++at) leaves_.push_back(leaf_hash("entry " + std::to_string(at)));
    const HashAt hash_at = [this](NodeId node) -> Result<Hash> {
      Frontier frontier;
      for (std::uint64_t at = node.index << node.level; at < (node.index + 1) << node.level; ++at) {
        frontier.append(leaves_[at]);
      }
      return frontier.root();
    };
    proof_.number = SequenceNumber(3);
    proof_.proof = inclusion_proof(SequenceNumber(3), TreeSize(5), hash_at).value();
    proof_.checkpoint =
        sign_checkpoint({"medspace/hanbit", TreeSize(5), root_at(TreeSize(5), hash_at).value(), {}}, log_).value();
  }
  SigningKey log_ = SigningKey::from_seed("medspace/hanbit", std::string(32, 'a')).value();
  std::vector<Hash> leaves_;
  TlogProof proof_;
};

TEST_F(TlogProofTest, IsWrittenReadAndVerified) {
  for (const std::optional<std::string>& extra :
       {std::optional<std::string>(), std::optional<std::string>(""), std::optional<std::string>("\x00\xFF")}) {
    proof_.extra = extra;
    const std::string text = to_text(proof_);
    const auto parsed = parse_tlog_proof(text);
    ASSERT_TRUE(parsed) << to_string(parsed.error());
    EXPECT_EQ(parsed->extra, extra);
    EXPECT_EQ(parsed->proof, proof_.proof);
    EXPECT_EQ(to_text(*parsed), text);
    const auto checkpoint = verify_tlog_proof(*parsed, leaves_[3], log_.verifier());
    ASSERT_TRUE(checkpoint) << to_string(checkpoint.error());
    EXPECT_EQ(checkpoint->size, TreeSize(5));
    EXPECT_EQ(verify_tlog_proof(*parsed, leaves_[2], log_.verifier()).error().code, Code::bad_proof);
  }
}

TEST_F(TlogProofTest, EveryPublicBadCaseIsRefused) {
  JANGBU_SHARED_OR_SKIP(shared);
  const json vectors = testing::read_json(shared / "vectors/derived/tlog_proof_bad.json");
  EXPECT_EQ(vectors.at("bad").size(), 6U);
  for (const json& text : vectors.at("bad")) {
    const auto parsed = parse_tlog_proof(text.get<std::string>());
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::bad_proof);
  }
}

TEST_F(TlogProofTest, HasOneSpelling) {
  const std::string head = "c2sp.org/tlog-proof@v1\n";
  const std::string hash = std::string(kRoot) + "\n";
  const auto parses = [](const std::string& text) { return parse_tlog_proof(text).has_value(); };
  EXPECT_TRUE(parses(head + "index 0\n\ncheckpoint\n")) << "the checkpoint is judged when it is verified";
  EXPECT_FALSE(parses(head + "index 00\n\ncheckpoint\n"));
  EXPECT_FALSE(parses(head + "index  0\n\ncheckpoint\n"));
  EXPECT_FALSE(parses(head + "index 18446744073709551616\n\ncheckpoint\n"));
  EXPECT_FALSE(parses(head + "index 0\nextra AA==\n\ncheckpoint\n")) << "extra comes first";
  EXPECT_FALSE(parses(head + "extra AA==\nextra AA==\nindex 0\n\ncheckpoint\n"));
  EXPECT_FALSE(parses(head + "extra AB==\nindex 0\n\ncheckpoint\n")) << "unused bits set";
  EXPECT_FALSE(parses(head + "index 0\n" + hash)) << "ends within the hashes";
  EXPECT_FALSE(parses(head + "index 0\n" + hash + "\n")) << "no checkpoint";
  EXPECT_FALSE(parses(head + "index 0\nAAAA\n\ncheckpoint\n")) << "a hash of 3 bytes";
  std::string hashes;
  for (int at = 0; at < 64; ++at) hashes += hash;
  EXPECT_TRUE(parses(head + "index 0\n" + hashes + "\ncheckpoint\n"));
  EXPECT_FALSE(parses(head + "index 0\n" + hashes + hash + "\ncheckpoint\n")) << "longer than any path";
}

}  // namespace
}  // namespace jangbu
