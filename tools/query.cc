// `jangbu query`: entries that have all of some terms, by POST, so that no pseudonym stands in a log.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tools/command.h"
#include "tools/node_access.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/search_options.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  NodeOptionsOnCommandLine node;
  SearchOptions search;
  SearchPageAsked page;
  bool all = false;
  Format format = Format::table;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns = {{"TIME", "time"},         {"TYPE", "type"},     {"LEDGER", "ledger"},
                                               {"SEQUENCE", "sequence"}, {"SOURCE", "source"}, {"ID", "id"}};
  return kColumns;
}

Result<void> query(Environment& environment, Options& options) {
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());
  if (options.all) options.page.limit = 1000;
  Progress progress(environment, "rows", 0);
  std::vector<Json> rows;
  std::uint64_t count = 0;
  std::string gaps;
  for (;;) {
    auto page = search_page(access->client(), options.search, options.page);
    if (!page) return tl::unexpected(page.error());
    if (count == 0) gaps = search_gaps(*page);
    for (Json& row : (*page)["rows"]) {
      ++count;
      if (options.format == Format::ndjson) {
        environment.out << row.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
      } else {
        rows.push_back(std::move(row));
      }
    }
    progress.at(count);
    options.page.cursor = page->value("next", "");
    if (!options.all || options.page.cursor.empty() || environment.stop.stop_requested()) break;
  }
  progress.clear();
  if (options.format == Format::json) {
    write_rows(environment.out, options.format, {}, rows);
  } else if (options.format == Format::table) {
    if (options.page.with_entries) {
      for (const Json& row : rows) environment.out << row.dump(2) << '\n';
    } else {
      write_rows(environment.out, options.format, columns(), rows);
    }
  }
  if (!gaps.empty()) environment.err << gaps << '\n';
  if (!options.page.cursor.empty()) {
    environment.err << "there are more: --all, or --cursor " << options.page.cursor << '\n';
  }
  return access->close();
}

}  // namespace

void add_query(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("query", "find entries that have all of some terms");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  add_term_options(*command, options->search);
  command->add_option("--from", options->search.from, "events of this time and later (RFC 3339)");
  command->add_option("--until", options->search.until, "events before this time");
  command->add_option("--tick-from", options->search.tick_from, "visible since a tick of this time or later");
  command->add_option("--tick-until", options->search.tick_until, "visible since a tick before this time");
  command->add_option("--ledger", options->search.ledgers, "only in this ledger; may stand several times")
      ->expected(1)
      ->take_all();
  command->add_flag("--oldest-first", options->search.oldest_first, "in the order of time; else newest first");
  CLI::Option* limit = command->add_option("--limit", options->page.limit, "rows a page")
                           ->check(CLI::Range(1, 1000))
                           ->capture_default_str();
  command->add_flag("--all", options->all, "all pages")->excludes(limit);
  command->add_option("--cursor", options->page.cursor, "go on behind the page that named this cursor");
  command->add_flag("--entries", options->page.with_entries, "each row with its whole entry");
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    if (auto done = query(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
