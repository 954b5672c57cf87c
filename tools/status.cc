// `jangbu status`: how a node stands, on one screen: ledgers with sizes, roots and ages, their topics' lag, the checks,
// the index, readiness and whatever stands still. Once, or again and again (--watch).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

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
  std::optional<double> watch_seconds;
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

// All that one look shows.
Result<Json> look(Environment& environment, NodeAccess& access) {
  const auto listed = access.get("/v1/ledgers");
  if (!listed) return tl::unexpected(listed.error());
  Json node = Json::parse(listed->body, nullptr, false);
  if (!node.is_object() || !node.contains("ledgers")) {
    return fail(Code::unreachable, "/v1/ledgers", "the node's answer lists no ledgers");
  }
  const auto ready = access.client().send("GET", "/readyz");
  if (!ready) return tl::unexpected(ready.error());
  Json readiness = Json::parse(ready->body, nullptr, false);
  if (!readiness.is_object()) readiness = Json::object();

  Json topics = Json::object();
  if (readiness.contains("kafka")) {
    for (const Json& topic : readiness["kafka"].value("topics", Json::array())) {
      topics[topic.value("ledger", "")] = topic;
    }
  }
  const std::int64_t now_ms = environment.clock.wall_milliseconds();
  Json rows = Json::array();
  for (const Json& ledger : node["ledgers"]) {
    const std::string name = ledger.value("ledger", "");
    Json row{{"ledger", name}, {"entries", ledger.value("size", std::uint64_t{0})}, {"root", ledger.value("root", "")}};
    row["signed"] = ledger.value("signed_size", std::uint64_t{0});
    if (row["signed"] != 0) {
      const auto at = received_ms(access, name, row["signed"].get<std::uint64_t>());
      if (!at) return tl::unexpected(at.error());
      row["checkpoint_time"] = to_string(Timestamp::from_milliseconds(*at));
      row["checkpoint_age_seconds"] = (now_ms - *at) / 1000;
    }
    if (topics.contains(name)) row["topic"] = topics[name];
    rows.push_back(std::move(row));
  }
  Json about{{"space", node.value("space", "")}, {"ready", ready->status == 200}};
  if (readiness.contains("index_lag")) about["index_lag_entries"] = readiness["index_lag"];
  for (const char* member : {"alarms", "troubles", "checks"}) {
    if (readiness.contains(member)) about[member] = readiness[member];
  }
  if (readiness.contains("kafka")) {
    about["kafka"] = {{"connected", readiness["kafka"].value("connected", false)},
                      {"queued", readiness["kafka"].value("queued", std::uint64_t{0})}};
  }
  if (ready->status != 200) about["reason"] = to_string(problem_error(*ready));
  about["authentication"] = "none";
  about["ledgers"] = std::move(rows);
  return about;
}

std::string age_text(const Json& row, const char* member) {
  return row.contains(member) ? duration_text(static_cast<std::int64_t>(row[member].get<double>())) : "";
}

void print_ledgers(std::ostream& out, const Json& about) {
  std::vector<Json> rows;
  for (Json row : about["ledgers"]) {
    row["age"] = age_text(row, "checkpoint_age_seconds");
    if (row.contains("topic")) {
      const Json& topic = row["topic"];
      std::string lag = topic.value("followed", false) ? "" : "not read; ";
      lag += topic.contains("lag_records") ? topic["lag_records"].dump() + " records" : "unknown";
      if (topic.value("lag_records", std::uint64_t{0}) > 0) lag += ", " + age_text(topic, "lag_seconds");
      row["lag"] = std::move(lag);
    }
    rows.push_back(std::move(row));
  }
  std::vector<Column> columns = {{"LEDGER", "ledger"}, {"ENTRIES", "entries"}};
  // A node that follows a ledger knows its signer's checkpoints, which may be of fewer entries.
  const bool differs =
      std::any_of(rows.begin(), rows.end(), [](const Json& row) { return row["signed"] != row["entries"]; });
  if (differs) columns.push_back({"SIGNED UP TO", "signed"});
  columns.push_back({"CHECKPOINT'S AGE", "age"});
  if (about.contains("kafka")) columns.push_back({"BEHIND ITS TOPIC", "lag"});
  columns.push_back({"ROOT", "root"});
  write_rows(out, Format::table, columns, rows);
}

void print_checks(std::ostream& out, const Json& about) {
  std::vector<Json> rows;
  for (Json row : about.value("checks", Json::array())) {
    row["age"] = age_text(row, "tick_age_seconds");
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return;
  out << '\n';
  write_rows(out, Format::table,
             {{"CHECKS", "check"},
              {"LAST TICK", "last_tick"},
              {"ITS AGE", "age"},
              {"ENTRIES BEHIND", "lag_entries"},
              {"TO BE LEDGERED", "outbox"}},
             rows);
}

void print(std::ostream& out, Format format, const Json& about) {
  if (format == Format::json) {
    out << about.dump(2) << '\n';
    return;
  }
  if (format == Format::ndjson) {
    write_rows(out, format, {}, about["ledgers"].get<std::vector<Json>>());
    return;
  }
  out << "space " << about["space"].get<std::string>() << ", "
      << (about["ready"].get<bool>() ? "ready" : "takes no events: " + about["reason"].get<std::string>());
  if (about.contains("index_lag_entries")) out << ", index behind by " << about["index_lag_entries"] << " entries";
  if (about.value("alarms", std::uint64_t{0}) > 0) out << ", " << about["alarms"] << " alarms";
  if (about.contains("kafka")) {
    out << "\nKafka " << (about["kafka"]["connected"].get<bool>() ? "answers" : "does not answer") << ", "
        << about["kafka"]["queued"] << " records published and not acknowledged yet";
  }
  for (const Json& trouble : about.value("troubles", Json::array())) {
    out << '\n' << trouble.value("part", "") << ": " << trouble.value("detail", "");
  }
  out << "\n\n";
  print_ledgers(out, about);
  print_checks(out, about);
}

// Once more every `every` seconds, until it is asked to stop. A node that does not answer now may answer later.
void watch(Environment& environment, NodeAccess& access, const Options& options) {
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  while (!environment.stop.stop_requested()) {
    const auto about = look(environment, access);
    // Over what stood there before: the whole screen at once, so that nothing flickers.
    std::ostringstream screen;
    if (options.format == Format::table) {
      screen << to_string(Timestamp::from_milliseconds(environment.clock.wall_milliseconds())) << "  ";
    }
    if (about) {
      print(screen, options.format, *about);
    } else {
      screen << to_string(about.error()) << '\n';
    }
    if (environment.out_is_terminal && options.format == Format::table) environment.out << "\x1b[H\x1b[2J";
    environment.out << screen.str() << std::flush;
    asked.wait_for(lock, environment.stop, std::chrono::duration<double>(*options.watch_seconds), [] { return false; });
  }
}

Result<void> status(Environment& environment, const Options& options) {
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());
  if (options.watch_seconds) {
    watch(environment, *access, options);
    return access->close();
  }
  const auto about = look(environment, *access);
  if (!about) return tl::unexpected(about.error());
  print(environment.out, options.format, *about);
  return access->close();
}

}  // namespace

void add_status(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("status", "how a node stands: ledgers, topics, checks, readiness");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  add_format(*command, options->format);
  command
      ->add_option("--watch", options->watch_seconds, "look again every so many seconds, until it is stopped (Ctrl-C)")
      ->check(CLI::Range(0.1, 86'400.0));
  command->callback([&environment, &exit, options] {
    if (auto done = status(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
