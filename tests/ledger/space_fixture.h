// A small space in a temporary folder, reproducible byte for byte, and events for it.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ledger/key_file.h"
#include "ledger/node.h"
#include "ledger/screen_digest.h"
#include "ledger/space.h"
#include "tests/support/temporary_folder.h"

namespace jangbu::testing {

inline constexpr std::int64_t kStartMs = 1'772'323'200'000;  // 2026-03-01T00:00:00Z

inline std::shared_ptr<const TypeTable> types() {
  static const std::shared_ptr<const TypeTable> table = TypeTable::build().value();
  return table;
}

inline const std::string& types_digest() {
  static const std::string digest = screen_digest(*types());
  return digest;
}

inline LedgerId ledger(std::string_view id) { return LedgerId::parse(id).value(); }

// An event that any institution may write into either of its ledgers, `size` bytes or a little more.
inline std::string heartbeat(const LedgerId& id, std::uint64_t number, std::string_view source = "/gateway",
                             std::uint64_t backlog = 0) {
  char uuid[40];
  std::snprintf(uuid, sizeof uuid, "00000000-0000-4000-8000-%012llx", static_cast<unsigned long long>(number));
  return R"({"specversion":"1.0","type":"kr.jangbu.source.heartbeat.v1","source":")" + std::string(source) +
         R"(","id":")" + uuid + R"(","time":"2026-03-01T09:00:00Z","institution":")" + std::string(id.institution()) +
         R"(","ledger":")" + id.text() + R"(","data":{"next":)" + std::to_string(number) + R"(,"backlog":)" +
         std::to_string(backlog) + "}}";
}

inline SpacePlan small_plan() {
  SpacePlan plan;
  plan.space = "medspace";
  plan.key_seed = "tests";
  plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "하늘", "Haneul"},
                       {"hanbit", InstitutionKind::hospital, true, {}, "한빛", "Hanbit"},
                       {"nuri", InstitutionKind::demand, false, {}, "누리", "Nuri"}};
  return plan;
}

inline SigningKey read_key(const std::filesystem::path& path) {
  auto key = read_signing_key(path, [](const std::filesystem::path&) { return std::optional<std::string>(); });
  EXPECT_TRUE(key) << to_string(key.error());
  return std::move(*key);
}

class TestSpace {
 public:
  explicit TestSpace(const SpacePlan& plan = small_plan()) {
    const auto made = create_space(directory(), plan, clock, *types());
    EXPECT_TRUE(made) << to_string(made.error());
  }

  [[nodiscard]] std::filesystem::path directory() const { return folder / "node"; }
  [[nodiscard]] NodeOptions options() const {
    NodeOptions options;
    options.directory = directory();
    options.clock = &clock;
    options.screen_digest = types_digest();
    options.ballast_bytes = 0;
    options.disk_low_water_bytes = 0;
    return options;
  }
  [[nodiscard]] std::unique_ptr<Node> open() const {
    auto node = Node::open(options(), types());
    EXPECT_TRUE(node) << to_string(node.error());
    return node ? std::move(*node) : nullptr;
  }

  TemporaryFolder folder;
  ManualClock clock{kStartMs};
};

// Queues, commits, and gives what became of it.
inline std::vector<Result<Placement>> put(Node& node, std::vector<Submission> submissions) {
  std::vector<Result<Placement>> placed(submissions.size(), tl::unexpected(Error{Code::stopped, "", "never placed"}));
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    const auto queued = node.submit(std::move(submissions[i]),
                                    [&placed, i](Result<Placement> placement) { placed[i] = std::move(placement); });
    if (!queued) placed[i] = tl::unexpected(queued.error());
  }
  while (true) {
    const auto committed = node.commit_pending();
    if (!committed || *committed == 0) return placed;
  }
}

inline Result<Placement> put(Node& node, const LedgerId& id, std::string event,
                             std::optional<AuthorSignature> signature = std::nullopt) {
  return put(node, {Submission{id, std::move(event), std::move(signature), false}}).front();
}

}  // namespace jangbu::testing
