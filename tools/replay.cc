// `jangbu replay`: writes a range of a ledger, or what a query finds, to standard output, a file, another node or a
// topic; or lets the checks run over all of it and compares.
#include <CLI/CLI.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tools/command.h"
#include "tools/node_access.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/replay_checks.h"
#include "tools/replay_targets.h"
#include "tools/search_options.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  NodeOptionsOnCommandLine node;
  SearchOptions search;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> until;
  std::string out, to, kafka, to_topic;
  std::optional<double> rate;  // entries a second
  bool append = false, events_only = false, bytes = false, checks = false;
  Format format = Format::table;  // of --checks
};

Result<std::vector<std::string>> ledgers_of(NodeAccess& access, const Options& options) {
  if (!options.search.ledgers.empty()) return options.search.ledgers;
  const auto answer = access.get("/v1/ledgers");
  if (!answer) return tl::unexpected(answer.error());
  const Json json = Json::parse(answer->body, nullptr, false);
  std::vector<std::string> ledgers;
  for (const Json& ledger : json.is_object() ? json.value("ledgers", Json::array()) : Json::array()) {
    ledgers.push_back(ledger.value("ledger", ""));
  }
  return ledgers;
}

// Entries [from, until) of one ledger; `next` is always the first that has not been taken.
Result<void> range(NodeAccess& access, const std::string& ledger, const Options& options, bool with_bytes,
                   const std::stop_token& stop, std::uint64_t& next,
                   const std::function<Result<void>(std::string)>& take) {
  std::string target = "/v1/ledgers/" + ledger + "/entries?from=" + std::to_string(next);
  if (options.until) target += "&to=" + std::to_string(*options.until);
  if (with_bytes) target += "&bytes=true";
  std::string rest;
  Result<void> taken;
  const auto answer =
      access.client().stream("GET", target, {{"accept", "application/x-ndjson"}}, "", [&](std::string_view piece) {
        rest.append(piece);
        std::size_t begin = 0;
        for (std::size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
          if (taken = take(rest.substr(begin, end - begin)); !taken) return false;
          ++next;
        }
        rest.erase(0, begin);
        return !stop.stop_requested();
      });
  if (!taken) return taken;
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(problem_error(*answer));
  if (!rest.empty() && !stop.stop_requested()) return fail(Code::unreachable, target, "the stream ended within a line");
  return {};
}

Result<void> found(NodeAccess& access, const Options& options, bool with_bytes, ReplayTarget& target,
                   const std::function<Result<void>(std::string)>& take, const std::stop_token& stop) {
  SearchPageAsked page;
  page.limit = 1000;
  page.with_entries = !with_bytes;
  do {
    const auto rows = search_page(access.client(), options.search, page);
    if (!rows) return tl::unexpected(rows.error());
    if (!rows->value("complete", true)) return fail(Code::index_behind, "", search_gaps(*rows));
    for (const Json& row : (*rows)["rows"]) {
      std::string line;
      if (auto ready = target.prepare(row.value("ledger", "")); !ready) return ready;
      if (with_bytes) {
        const auto number = row.value("sequence", std::uint64_t{0});
        const auto answer =
            access.get("/v1/ledgers/" + row.value("ledger", "") + "/entries?bytes=true&from=" + std::to_string(number) +
                           "&to=" + std::to_string(number + 1),
                       {{"accept", "application/x-ndjson"}});
        if (!answer) return tl::unexpected(answer.error());
        line = answer->body.substr(0, answer->body.find('\n'));
      } else {
        line = row.value("entry", Json()).dump(-1, ' ', false, Json::error_handler_t::replace);
      }
      if (auto taken = take(std::move(line)); !taken) return taken;
    }
    page.cursor = rows->value("next", "");
  } while (!page.cursor.empty() && !stop.stop_requested());
  return {};
}

Result<std::unique_ptr<ReplayTarget>> target_of(Environment& environment, const Options& options, NodeAccess& access,
                                                std::ofstream& file) {
  if (!options.to.empty()) return replay_to_node(environment, access.client(), options.to);
  if (!options.to_topic.empty()) {
    const auto settings = parse_kafka_settings(options.kafka);
    if (!settings) return tl::unexpected(settings.error());
    return replay_to_topic(environment, access.client(), *settings, options.to_topic);
  }
  if (options.out.empty()) return replay_to_stream(environment.out, "standard output", options.events_only);
  std::error_code error;
  if (!options.append && std::filesystem::exists(options.out, error)) {
    return fail(Code::already_exists, options.out, "give --append to write behind what is there");
  }
  file.open(options.out, std::ios::binary | std::ios::app);
  if (!file) return fail(Code::io, options.out, "cannot be opened");
  return replay_to_stream(file, options.out, options.events_only);
}

Result<Exit> replay(Environment& environment, Options& options) {
  for (const std::string& ledger : options.search.ledgers) {
    if (!LedgerId::parse(ledger)) return fail(Code::bad_usage, ledger, "not the id of a ledger");
  }
  const bool by_query = options.search.has_terms() || options.search.has_times();
  const bool by_range = options.from != 0 || options.until;
  if (by_range && (by_query || options.search.ledgers.size() != 1)) {
    return fail(Code::bad_usage, "--from", "a range is of one ledger, and not of a query");
  }
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());

  std::ofstream file;
  auto made = target_of(environment, options, *access, file);
  if (!made) return tl::unexpected(made.error());
  const std::unique_ptr<ReplayTarget> target = std::move(*made);

  const bool with_bytes = options.bytes || target->wants_bytes();
  Progress progress(environment, "entries", 0);
  std::uint64_t count = 0;
  const auto began = environment.clock.steady();
  const auto take = [&](const std::string& line) -> Result<void> {
    if (options.rate) {
      const std::chrono::duration<double> due(static_cast<double>(count) / *options.rate);
      const auto left = due - (environment.clock.steady() - began);
      if (left.count() > 0) std::this_thread::sleep_for(left);
    }
    progress.at(++count);
    return target->take(line);
  };
  Result<void> done;
  if (by_query) {
    options.search.oldest_first = true;
    done = found(*access, options, with_bytes, *target, take, environment.stop);
  } else {
    const auto ledgers = ledgers_of(*access, options);
    if (!ledgers) return tl::unexpected(ledgers.error());
    for (const std::string& ledger : *ledgers) {
      std::uint64_t next = options.from;
      if (done = target->prepare(ledger); !done) break;
      done = range(*access, ledger, options, with_bytes, environment.stop, next, take);
      if (!done || environment.stop.stop_requested()) {
        progress.clear();
        const std::uint64_t again = target->may_lose() ? options.from : next;
        environment.err << "stopped in " << ledger << "; go on with --ledger " << ledger << " --from " << again << '\n';
        break;
      }
    }
  }
  progress.clear();
  auto finished = target->finish();
  if (!done) return tl::unexpected(done.error());
  if (!finished) return tl::unexpected(finished.error());
  if (auto closed = access->close(); !closed) return tl::unexpected(closed.error());
  if (!options.out.empty()) environment.err << count << " entries written to " << options.out << '\n';
  return target->refused() > 0 ? Exit::refused : Exit::ok;
}

Result<Exit> try_checks(Environment& environment, const Options& options) {
  if (options.node.node.find("://") != std::string::npos) {
    return fail(Code::bad_usage, options.node.node, "the checks are tried over a node's directory, or a copy of it");
  }
  Progress progress(environment, "ticks", 0);
  const auto tried = replay_checks(options.node.node, environment.clock, environment.stop,
                                   [&progress](std::uint64_t ticks) { progress.at(ticks); });
  progress.clear();
  if (!tried) return tl::unexpected(tried.error());
  std::vector<Json> rows;
  for (const CheckDifference& one : tried->differences) {
    rows.push_back({{"difference", one.computed ? "computed, not ledgered" : "ledgered, not computed"},
                    {"checks", one.checks},
                    {"where", one.where},
                    {"what", one.what}});
  }
  if (options.format == Format::table && rows.empty()) {
    environment.out << tried->ticks << " ticks, " << tried->entries << " entries: " << tried->confirmed
                    << " conclusions are ledgered as computed, no difference\n";
  } else {
    write_rows(environment.out, options.format,
               {{"DIFFERENCE", "difference"}, {"CHECKS", "checks"}, {"WHERE", "where"}, {"WHAT", "what"}}, rows);
  }
  for (const std::string& note : tried->notes) environment.err << note << '\n';
  return tried->differences.empty() ? Exit::ok : Exit::found;
}

}  // namespace

void add_replay(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand(
      "replay", "write entries to standard output, a file, another node or a topic; or try the checks");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  command->add_option("--ledger", options->search.ledgers, "of this ledger; may stand several times; without: of all")
      ->expected(1)
      ->take_all();
  command->add_option("--from", options->from, "from this sequence number on (one ledger)");
  command->add_option("--until", options->until, "up to, and not with, this sequence number");
  add_term_options(*command, options->search);
  command->add_option("--time-from", options->search.from, "events of this time and later (RFC 3339)");
  command->add_option("--time-until", options->search.until, "events before this time");
  CLI::Option* out = command->add_option("--out", options->out, "write to this file instead of standard output");
  command->add_flag("--append", options->append, "write behind what is in the file")->needs(out);
  CLI::Option* to =
      command->add_option("--to", options->to, "send the events on to the node at this URL")->excludes(out);
  CLI::Option* topic = command->add_option("--to-topic", options->to_topic, "publish the events to this topic");
  topic->excludes(out)->excludes(to)->needs(
      command->add_option("--kafka", options->kafka,
                          "of --to-topic: brokers as host:port,..., or a file of \"name = value\" client settings"));
  command->add_option("--rate", options->rate, "at most so many entries a second")->check(CLI::PositiveNumber);
  CLI::Option* checks = command->add_flag(
      "--checks", options->checks,
      "a dry run of the checks over a node's directory, from its beginning: what they conclude and the ledgers do not "
      "hold, and the other way round; status 1 if there is any");
  checks->excludes(out)->excludes(to)->excludes(topic);
  add_format(*command, options->format);
  command->add_flag("--events", options->events_only, "the events alone, as they were received; not whole entries");
  command->add_flag("--bytes", options->bytes, "each entry with its own bytes in base64: what its leaf is the hash of");
  command->callback([&environment, &exit, options] {
    auto done = options->checks ? try_checks(environment, *options) : replay(environment, *options);
    exit = done ? *done : complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
