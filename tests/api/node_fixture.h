// A space of two hospitals, a demand organisation and the coordinating body in a folder of its own, and the routes over
// its node. Commits happen when the test asks for an answer.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "api/http_metrics.h"
#include "api/service.h"
#include "ledger/node.h"
#include "ledger/space.h"
#include "tests/api/local_exchange.h"
#include "tests/support/temporary_folder.h"

namespace jangbu::api::testing {

struct SpaceTemplate {
  explicit SpaceTemplate(const TypeTable& types) {
    const ManualClock clock(1'772'409'600'000);
    SpacePlan plan;
    plan.space = "medspace";
    plan.institutions = {{"haneul", InstitutionKind::coordinator, false, {}, "하늘", "Haneul"},
                         {"hanbit", InstitutionKind::hospital, true, {}, "한빛", "Hanbit"},
                         {"saebyeok", InstitutionKind::hospital, false, {}, "새벽", "Saebyeok"},
                         {"bioai", InstitutionKind::demand, false, {}, "바이오", "BioAI"}};
    plan.key_seed = "a test's";
    const auto created = create_space(folder / "node", plan, clock, types);
    done = created.has_value();
    if (!done) error = to_string(created.error());
  }
  jangbu::testing::TemporaryFolder folder;
  bool done = false;
  std::string error;
};

class NodeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    types_ = shared_types();
    ASSERT_TRUE(types_);
    // Made once a program, and copied: making one syncs many files.
    static const SpaceTemplate made(*types_);
    ASSERT_TRUE(made.done) << made.error;
    std::filesystem::copy(made.folder / "node", folder_ / "node", std::filesystem::copy_options::recursive);
    NodeOptions options;
    options.directory = folder_ / "node";
    options.clock = &clock_;
    auto node = Node::open(options, types_);
    ASSERT_TRUE(node) << to_string(node.error());
    node_ = std::move(*node);
    service_.emplace(Service{*node_, clock_, &metrics_});
    routes_ = std::make_unique<Routes>(make_routes(*service_, 1));
    metrics_.attach(*routes_);
  }

  void TearDown() override {
    for (const auto& exchange : begun_) exchange->end();
  }

  [[nodiscard]] std::shared_ptr<LocalExchange> begin(LocalRequest request) {
    auto exchange = std::make_shared<LocalExchange>(std::move(request));
    begun_.push_back(exchange);
    exchange->dispatch(*routes_);
    return exchange;
  }

  // Goes on until there is an answer and its stream, if it has one, has ended or waits for what only another request
  // could bring.
  void go_on(const std::shared_ptr<LocalExchange>& exchange) {
    for (int idle = 0; idle < 3;) {
      bool busy = exchange->run();
      if (exchange->answered() && !exchange->drain_stream()) return;
      const auto committed = node_->commit_pending();
      ASSERT_TRUE(committed) << to_string(committed.error());
      busy = busy || *committed > 0;
      idle = busy ? 0 : idle + 1;
    }
  }

  Response call(LocalRequest request) {
    const auto exchange = begin(std::move(request));
    go_on(exchange);
    EXPECT_TRUE(exchange->answered());
    return std::move(exchange->response());
  }
  Response get(const std::string& target, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return call({Method::get, target, std::move(headers)});
  }
  Response post_event(const std::string& event, std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.emplace_back("Content-Type", "application/cloudevents+json");
    return call({Method::post, "/v1/events", std::move(headers), event});
  }

  [[nodiscard]] std::uint64_t size_of(const std::string& ledger) const {
    return node_->view(*LedgerId::parse(ledger))->size().value();
  }
  // How many entries all ledgers have.
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const LedgerView& view : node_->views()) sum += view.size().value();
    return sum;
  }

  // Compiled once a program: it never changes.
  static std::shared_ptr<const TypeTable> shared_types() {
    static const auto types = TypeTable::build().value_or(nullptr);
    return types;
  }
  static std::string id_of(int number) {
    std::string digits = std::to_string(number);
    return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
  }
  // An access to a dataset at hanbit, unsigned.
  static nlohmann::ordered_json dataset_access(int number) {
    return {{"specversion", "1.0"},
            {"type", "kr.jangbu.dataset.accessed.v1"},
            {"source", "/hanbit/research-platform"},
            {"id", id_of(number)},
            {"time", "2026-03-02T09:15:00+09:00"},
            {"institution", "hanbit"},
            {"data",
             {{"actor", {{"id", "bioai/u:nstnexiplervspoupjjpm7dpr4"}, {"role", "researcher"}}},
              {"action", "read"},
              {"outcome", 0},
              {"dataset", "hanbit/d-1"},
              {"object", "dataset"},
              {"system", "workbench"}}}};
  }

  jangbu::testing::TemporaryFolder folder_;
  ManualClock clock_{1'772'409'600'000};
  HttpMetrics metrics_;
  std::shared_ptr<const TypeTable> types_;
  std::unique_ptr<Node> node_;
  std::optional<Service> service_;
  std::unique_ptr<Routes> routes_;
  std::vector<std::shared_ptr<LocalExchange>> begun_;
};

}  // namespace jangbu::api::testing
