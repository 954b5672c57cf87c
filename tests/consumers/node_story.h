// A story on a real node: its events through submit(), ticks by the ticker, conclusions by the runner, which can be
// dropped at any moment, as a kill would.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "consumers/runner.h"
#include "consumers/ticker.h"
#include "ledger/clock.h"
#include "ledger/database.h"
#include "ledger/node.h"
#include "tests/consumers/story.h"

namespace jangbu::testing {

class NodeSpace {
 public:
  explicit NodeSpace(const std::string& name);
  ~NodeSpace();

  // Signed by that key of the ledger; nullopt: unsigned. Appended at once.
  consumers::EntryPlace append(const LedgerId& ledger, std::string_view type, Timestamp time, std::string_view data,
                               std::optional<KeyUse> signer);
  void tick(Timestamp at);
  void commit();
  [[nodiscard]] const SigningKey& key(const LedgerId& ledger, KeyUse use);
  [[nodiscard]] consumers::RunnerOptions runner_options(const std::string& name);
  // The events of `ledger` that checks or summaries have written, in order.
  [[nodiscard]] std::vector<std::string> concluded(const LedgerId& ledger);
  void open_database();
  void delete_database();

  std::filesystem::path directory;
  ManualClock clock;
  std::unique_ptr<Node> node;
  std::unique_ptr<Database> database;
  std::unique_ptr<consumers::Ticker> ticker;

 private:
  std::map<std::string, SigningKey> keys_;
  std::uint64_t events_ = 0;
};

}  // namespace jangbu::testing
