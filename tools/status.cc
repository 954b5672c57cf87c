// `jangbu status`: how a node's ledgers stand: sizes, roots, age of the checkpoints, lag of the index, readiness.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "schemas/timestamp.h"
#include "tools/command.h"
#include "tools/node_access.h"
#include "tools/output.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  NodeOptionsOnCommandLine node;
  Format format = Format::table;
};

std::string duration_text(std::int64_t seconds) {
  if (seconds < 0) return "0 s";
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  if (seconds < 172'800) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86'400) + " d";
}

// A checkpoint is signed with the commit of its last entry, so that entry's received time is its age.
Result<std::int64_t> received_ms(NodeAccess& access, const std::string& ledger, std::uint64_t size) {
  const auto answer =
      access.get("/v1/ledgers/" + ledger + "/entries/" + std::to_string(size - 1), {{"accept", "application/json"}});
  if (!answer) return tl::unexpected(answer.error());
  const Json entry = Json::parse(answer->body, nullptr, false);
  const auto time = parse_timestamp(entry.is_object() ? entry.value("received", "") : "");
  if (!time) return fail(Code::unreachable, ledger, "the node's answer is no entry");
  return time->milliseconds();
}

Result<void> status(Environment& environment, const Options& options) {
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());
  const auto listed = access->get("/v1/ledgers");
  if (!listed) return tl::unexpected(listed.error());
  Json node = Json::parse(listed->body, nullptr, false);
  if (!node.is_object() || !node.contains("ledgers")) {
    return fail(Code::unreachable, "/v1/ledgers", "the node's answer lists no ledgers");
  }
  const auto ready = access->client().send("GET", "/readyz");
  if (!ready) return tl::unexpected(ready.error());
  const Json readiness = Json::parse(ready->body, nullptr, false);

  const std::int64_t now_ms = environment.clock.wall_milliseconds();
  std::vector<Json> rows;
  for (const Json& ledger : node["ledgers"]) {
    Json row{{"ledger", ledger.value("ledger", "")},
             {"entries", ledger.value("size", std::uint64_t{0})},
             {"root", ledger.value("root", "")}};
    if (row["entries"] != 0) {
      const auto at = received_ms(*access, row["ledger"].get<std::string>(), row["entries"].get<std::uint64_t>());
      if (!at) return tl::unexpected(at.error());
      row["checkpoint_time"] = to_string(Timestamp::from_milliseconds(*at));
      row["checkpoint_age_seconds"] = (now_ms - *at) / 1000;
    }
    rows.push_back(std::move(row));
  }
  Json about{{"space", node.value("space", "")}, {"ready", ready->status == 200}};
  if (readiness.is_object() && readiness.contains("index_lag")) about["index_lag_entries"] = readiness["index_lag"];
  if (readiness.is_object() && readiness.contains("troubles")) {
    about["alarms"] = readiness.value("alarms", std::uint64_t{0});
    about["troubles"] = readiness["troubles"];
  }
  if (ready->status != 200) about["reason"] = to_string(problem_error(*ready));
  about["authentication"] = "none";
  about["ledgers"] = rows;

  if (options.format == Format::json) {
    environment.out << about.dump(2) << '\n';
  } else if (options.format == Format::ndjson) {
    write_rows(environment.out, options.format, {}, rows);
  } else {
    environment.out << "space " << about["space"].get<std::string>() << ", "
                    << (ready->status == 200 ? "ready" : "takes no events: " + about["reason"].get<std::string>());
    if (about.contains("index_lag_entries")) {
      environment.out << ", index behind by " << about["index_lag_entries"] << " entries";
    }
    if (about.value("alarms", std::uint64_t{0}) > 0) environment.out << ", " << about["alarms"] << " alarms";
    for (const Json& trouble : about.value("troubles", Json::array())) {
      environment.out << "\n" << trouble.value("part", "") << " stand still: " << trouble.value("detail", "");
    }
    environment.out << "\n\n";
    for (Json& row : rows) {
      if (row.contains("checkpoint_age_seconds")) {
        row["age"] = duration_text(row["checkpoint_age_seconds"].get<std::int64_t>());
      }
    }
    write_rows(environment.out, options.format,
               {{"LEDGER", "ledger"}, {"ENTRIES", "entries"}, {"CHECKPOINT'S AGE", "age"}, {"ROOT", "root"}}, rows);
  }
  return access->close();
}

}  // namespace

void add_status(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("status", "a node's ledgers, their sizes and roots, lag and readiness");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    if (auto done = status(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
