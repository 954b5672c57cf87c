// The screen beside another implementation: thousands of seeded mutations of the contract's good examples, judged by
// the screen and by ajv (tests/schemas/contract/validate.mjs), must fail at the same places. What only the screen
// judges is left out by name. SEED and ROUNDS change the run.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "schemas/corpus.h"
#include "schemas/schema_table.h"
#include "tests/schemas/small_contract.h"

namespace jangbu {
namespace {

using Json = nlohmann::ordered_json;

class Mutator {
 public:
  Mutator(std::uint64_t seed, std::vector<Json> events) : random_(seed), events_(std::move(events)) {}

  Json next() {
    Json event = pick(events_);
    const std::size_t steps = 1 + below(3);
    for (std::size_t i = 0; i < steps; ++i) mutate(event);
    return event;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  template <typename List>
  const typename List::value_type& pick(const List& list) {
    return list[below(list.size())];
  }

  static void collect(Json& node, std::vector<Json*>& nodes) {
    nodes.push_back(&node);
    for (Json& child : node) {
      if (node.is_structured()) collect(child, nodes);
    }
  }

  std::string word(std::size_t length) {
    static const std::vector<std::string> kPieces = {"a",      "z",      "Z", "0",  "9",  "-",  "_", ".",
                                                     ":",      "/",      "~", " ",  "%",  "+",  "é", "병",
                                                     "\u200b", "\u0007", "😀", "\"", "\\", "p:", "T", "hanbit"};
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += pick(kPieces);
    return text;
  }

  Json junk(int depth) {
    switch (below(depth > 2 ? 7 : 10)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(below(20)) - 5;
      case 3:
        return std::int64_t{9'007'199'254'740'991};
      case 4:
        return word(below(4));
      case 5:
        return pick(std::vector<std::string>{"hanbit", "hanbit/x", "2026-03-01T09:00:00Z", "2026-02-29T09:00:00Z", "KR",
                                             "model", "patient", "p:unresolved", "TREAT", "PUR-1"});
      case 6:
        return Json::object();
      case 7:
        return Json::array();
      case 8:
        return Json::array({junk(depth + 1), junk(depth + 1)});
      default:
        return Json{{"x", junk(depth + 1)}};
    }
  }

  void text(Json& node) {
    std::string value = node.get<std::string>();
    switch (below(6)) {
      case 0:
        node = value + word(1);
        return;
      case 1:
        node = word(1) + value;
        return;
      case 2:
        node = "";
        return;
      case 3: {
        const std::size_t lengths[] = {64, 65, 128, 129, 200, 201, 256, 257, 513};
        node = std::string(lengths[below(9)], "a1병"[below(2)]);
        return;
      }
      case 4:
        if (!value.empty() && static_cast<unsigned char>(value.back()) < 0x80) value.pop_back();
        node = value;
        return;
      default:
        if (!value.empty()) {
          const std::size_t at = below(value.size());
          if (static_cast<unsigned char>(value[at]) < 0x80) value.replace(at, 1, word(1));
        }
        node = value;
    }
  }

  void list(Json& node) {
    if (node.empty() || below(4) == 0) {
      node = Json::array();
      return;
    }
    const std::size_t sizes[] = {node.size() + 1, 17, 65, 257};
    const std::size_t size = below(3) == 0 ? sizes[below(4)] : node.size() + 1;
    while (node.size() < size) node.push_back(Json(node[below(node.size())]));
  }

  void object(Json& node) {
    if (node.empty() || below(3) == 0) {
      node[below(4) == 0 ? word(2) : "extra"] = junk(0);
      return;
    }
    auto member = node.begin();
    std::advance(member, static_cast<std::ptrdiff_t>(below(node.size())));
    const std::string name = member.key();
    if (below(3) != 0) {
      node.erase(name);
      return;
    }
    Json value = member.value();
    node.erase(name);
    node[below(2) == 0 ? name + "x" : "X" + name] = std::move(value);
  }

  void mutate(Json& event) {
    std::vector<Json*> nodes;
    collect(event, nodes);
    Json& node = *nodes[below(nodes.size())];
    switch (below(8)) {
      case 0:
        node = junk(0);
        return;
      case 1: {
        Json other = *nodes[below(nodes.size())];
        node = std::move(other);
        return;
      }
      case 2: {  // a member of another event's data
        const Json& other = pick(events_).at("data");
        if (!event.is_object() || !event.contains("data") || !event["data"].is_object() || other.empty()) return;
        auto member = other.begin();
        std::advance(member, static_cast<std::ptrdiff_t>(below(other.size())));
        event["data"][member.key()] = member.value();
        return;
      }
      case 3:
        if (event.is_object() && below(4) == 0) {
          event["type"] = pick(events_).at("type");
          return;
        }
        [[fallthrough]];
      default:
        if (node.is_string()) return text(node);
        if (node.is_array()) return list(node);
        if (node.is_object()) return object(node);
        if (node.is_number_integer()) {
          const std::int64_t numbers[] = {-1, 0, 1, 2, 5, 65'536, 1'000'001, 4'294'967'296, 9'007'199'254'740'991};
          node = numbers[below(9)];
          return;
        }
        node = junk(0);
    }
  }

  std::mt19937_64 random_;
  std::vector<Json> events_;
};

// What no JSON Schema says: these rules of the screen have no counterpart there.
bool only_the_screen(const Error& error) {
  switch (error.code) {
    case Code::direct_identifier:
    case Code::wrong_ledger:
      return true;
    case Code::unknown_member:
      return error.what.find("in a shared") != std::string::npos || error.what.starts_with("expected no patient:");
    case Code::missing_member:
      return error.what == "expected the id of an actor who is neither patient nor proxy";
    default:
      return false;
  }
}

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Differential, TheScreenAndAjvFindTheSameFaults) {
  namespace fs = std::filesystem;
  const fs::path tool = fs::path(JANGBU_SOURCE_DIR) / "tests/schemas/contract";
  if (!fs::exists(tool / "node_modules/ajv")) GTEST_SKIP() << "no ajv here: run npm ci in tests/schemas/contract";
  const Result<std::shared_ptr<const TypeTable>> types = TypeTable::build();
  ASSERT_TRUE(types) << to_string(types.error());

  const std::uint64_t seed = number_from("SEED", 20'261'125);
  const std::uint64_t rounds = number_from("ROUNDS", 8'000);
  std::vector<Json> events;
  for (const ContractExample& example : (*types)->contract().examples) {
    if (example.why.empty()) events.push_back(Json::parse(example.record));
  }
  Mutator mutator(seed, std::move(events));
  std::vector<std::string> records;
  for (std::uint64_t i = 0; i < rounds; ++i) records.push_back(mutator.next().dump());

  const fs::path folder = fs::path(::testing::TempDir()) / ("jangbu_differential_" + std::to_string(seed));
  fs::create_directories(folder);
  std::ofstream in(folder / "in.ndjson", std::ios::binary);
  for (const std::string& record : records) in << record << '\n';
  in.close();
  const std::string command = "node '" + (tool / "validate.mjs").string() + "' --stdin < '" +
                              (folder / "in.ndjson").string() + "' > '" + (folder / "out.ndjson").string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;

  Screen screen(*types);
  std::ifstream out(folder / "out.ndjson");
  std::map<std::string, std::uint64_t> counts;
  int shown = 0;
  for (const std::string& record : records) {
    std::string line;
    ASSERT_TRUE(std::getline(out, line));
    const Json answer = Json::parse(line);
    std::set<std::string> theirs;
    if (!answer.at("valid").get<bool>()) theirs = answer.at("pointers").get<std::set<std::string>>();

    const Result<std::string> route = screen.route(record);
    const Verdict verdict = screen.judge(record, screen_target(route ? *route : "hanbit"), 64);
    std::set<std::string> ours;
    bool comparable = true;
    for (const Error& error : verdict.errors) {
      // Strict JSON ends the judgement, and a long list is cut: both are compared elsewhere.
      if (info(error.code).http_status == 400 && error.code != Code::bad_envelope && error.code != Code::unknown_type) {
        comparable = false;
      }
      if (error.code == Code::too_many_errors || error.code == Code::too_large) comparable = false;
      if (!only_the_screen(error)) ours.insert(error.where);
    }
    ++counts[!comparable ? "not comparable" : theirs.empty() ? "passed by both" : "failed by both"];
    if (!comparable || ours == theirs) continue;
    ++counts["DIFFERENT"];
    if (++shown <= 10) {
      ADD_FAILURE() << "seed " << seed << "\n" << record << "\nscreen: " << verdict_text(verdict) << "ajv: " << line;
    }
  }
  for (const auto& [what, count] : counts) std::cout << what << ": " << count << "\n";
  std::cout << "seed " << seed << ", " << rounds << " mutations\n";
  EXPECT_EQ(counts["DIFFERENT"], 0U);
  EXPECT_GT(counts["failed by both"], rounds / 2);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace jangbu
