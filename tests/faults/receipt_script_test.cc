// F6, the second verifier: tools/verify_receipt.py, another language and no shared code, must come to the same verdict
// over good and mutated receipts as the ledger's own. It takes 10 ms a signature, hence hundreds.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/faults/proof_world.h"
#include "tests/support/temporary_folder.h"

namespace jangbu::testing {
namespace {

const std::string kScript = std::string(JANGBU_SOURCE_DIR) + "/tools/verify_receipt.py";

// The exit status.
int run(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool python_is_there() { return run("python3 -c '' >/dev/null 2>&1") == 0; }

struct Case {
  std::string vkey, receipt, entry;

  [[nodiscard]] bool verdict() const {
    const auto key = VerifierKey::parse(vkey);
    const auto parsed = parse_tlog_proof(receipt);
    return key && parsed && verify_tlog_proof(*parsed, leaf_hash(entry), *key).has_value();
  }
};

TEST(ReceiptScript, ComesToTheSameVerdictAsTheLedgersVerifier) {
  if (!python_is_there()) GTEST_SKIP() << "no python3 here";
  const std::uint64_t seed = from_environment("SEED", 7);
  const ProofWorld world = ProofWorld::make();
  Random random(seed);
  std::vector<Case> cases;
  for (std::uint64_t count = from_environment("F6_SCRIPT_COUNT", 600); count > 0; --count) {
    const ProofLog& log = any_of(random, world.logs);
    const auto text_of = [&](const ProofLog& from, std::uint64_t& number) {
      const std::uint64_t size = 1 + below(random, from.size());
      number = below(random, size);
      TlogProof proof = ProofWorld::receipt(from, number, size);
      if (below(random, 4) == 0) proof.extra = std::string(1, static_cast<char>(below(random, 256)));
      return to_text(proof);
    };
    std::uint64_t number = 0, other_number = 0;
    Case made{log.key.verifier().text(), text_of(log, number), ""};
    made.entry = log.entries[number];
    const std::string other = text_of(any_of(random, world.logs), other_number);
    switch (below(random, 6)) {
      case 0:  // as it is
        break;
      case 1:
        mutate_text(random, made.entry, made.entry);
        break;
      case 2:
        made.vkey = any_of(random, world.logs).key.verifier().text();
        break;
      default:
        mutate_text(random, made.receipt, other);
        break;
    }
    cases.push_back(std::move(made));
  }
  const TemporaryFolder folder;
  {
    std::ofstream lines(folder / "lines");
    for (const Case& one : cases) {
      lines << R"({"vkey":")" << one.vkey << R"(","receipt":")" << to_hex(one.receipt) << R"(","entry":")"
            << to_hex(one.entry) << "\"}\n";
    }
  }
  EXPECT_EQ(run("python3 '" + kScript + "' --lines < '" + (folder / "lines").string() + "' > '" +
                (folder / "verdicts").string() + "'"),
            1);
  std::ifstream verdicts(folder / "verdicts");
  std::string line;
  std::size_t at = 0, verified = 0;
  for (; std::getline(verdicts, line); ++at) {
    ASSERT_LT(at, cases.size());
    EXPECT_EQ(line == "ok", cases[at].verdict()) << line << "\n" << cases[at].receipt << "seed " << seed;
    if (line == "ok") ++verified;
  }
  EXPECT_EQ(at, cases.size());
  EXPECT_GT(verified, cases.size() / 10);
  EXPECT_LT(verified, cases.size() / 2);
  std::printf("F6 second verifier: %zu receipts, %zu verified by both; seed %llu\n", at, verified,
              static_cast<unsigned long long>(seed));
}

TEST(ReceiptScript, ChecksFilesAndSaysWhatItFound) {
  if (!python_is_there()) GTEST_SKIP() << "no python3 here";
  const ProofWorld world = ProofWorld::make();
  const ProofLog& log = world.logs[0];
  const TemporaryFolder folder;
  std::ofstream(folder / "r.tlog-proof") << to_text(ProofWorld::receipt(log, 3, 70));
  std::ofstream(folder / "good") << log.entries[3];
  std::ofstream(folder / "bad") << log.entries[4];
  const auto call = [&](const std::string& entry) {
    return run("python3 '" + kScript + "' --vkey '" + log.key.verifier().text() + "' '" +
               (folder / "r.tlog-proof").string() + "' '" + (folder / entry).string() + "' > '" +
               (folder / "out").string() + "' 2>&1");
  };
  const auto printed = [&] {
    std::ifstream out(folder / "out");
    std::string text;
    std::getline(out, text);
    return text;
  };
  EXPECT_EQ(call("good"), 0);
  EXPECT_EQ(printed(),
            "verified: entry 3 of medspace/hanbit, in its tree of 70 with the root " + to_hex(log.roots[70].view()));
  EXPECT_EQ(call("bad"), 1);
  EXPECT_EQ(printed(), "refused: the proof does not lead from this entry to the checkpoint's root");
  EXPECT_EQ(call("absent"), 2);
}

TEST(ReceiptScript, TakesTheSameReceiptAsJson) {
  if (!python_is_there()) GTEST_SKIP() << "no python3 here";
  const ProofWorld world = ProofWorld::make();
  const ProofLog& log = world.logs[0];
  const TlogProof proof = ProofWorld::receipt(log, 3, 70);
  const TemporaryFolder folder;
  std::ofstream(folder / "entry") << log.entries[3];
  const auto call = [&](const std::string& receipt) {
    std::ofstream(folder / "r.json") << receipt;
    return run("python3 '" + kScript + "' --vkey '" + log.key.verifier().text() + "' '" + (folder / "r.json").string() +
               "' '" + (folder / "entry").string() + "' > '" + (folder / "out").string() + "' 2>&1");
  };
  nlohmann::json hashes = nlohmann::json::array();
  for (const Hash& hash : proof.proof) hashes.push_back(to_base64(hash.view()));
  const nlohmann::json good{{"origin", "medspace/hanbit"},
                            {"sequence", 3},
                            {"proof", {{"index", 3}, {"hashes", hashes}, {"checkpoint", proof.checkpoint}}}};
  EXPECT_EQ(call(good.dump(2)), 0);
  for (const char* pointer : {"/proof/index", "/proof/hashes/0", "/proof/hashes/6", "/proof/checkpoint", "/proof"}) {
    nlohmann::json bad = good;
    nlohmann::json& member = bad[nlohmann::json::json_pointer(pointer)];
    if (member.is_number()) {
      member = 4;
    } else if (member.is_string()) {
      std::string text = member;
      text[0] = text[0] == 'A' ? 'B' : 'A';
      member = text;
    } else {
      member = nullptr;
    }
    EXPECT_EQ(call(bad.dump()), 1) << pointer;
  }
  std::string twice = good.dump();
  twice.insert(1, R"("proof":{},)");
  EXPECT_EQ(call(twice), 1);
  EXPECT_EQ(call("{"), 1);
}

}  // namespace
}  // namespace jangbu::testing
