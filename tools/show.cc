// `jangbu show`: one entry, one ledger, or the life line of a dataset or an export.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/http.h"
#include "tools/command.h"
#include "tools/entry_place.h"
#include "tools/node_access.h"
#include "tools/output.h"

namespace jangbu::tools {
namespace {

using api::percent_encode;
using Json = nlohmann::ordered_json;

struct Options {
  NodeOptionsOnCommandLine node;
  std::string what, dataset, export_id;
  bool bytes = false;
  Format format = Format::table;
};

Result<Json> get_json(NodeAccess& access, const std::string& target) {
  const auto answer = access.get(target, {{"accept", "application/json"}});
  if (!answer) return tl::unexpected(answer.error());
  Json json = Json::parse(answer->body, nullptr, false);
  if (json.is_discarded()) return fail(Code::unreachable, target, "the node's answer is no JSON");
  return json;
}

std::string dumped(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// A value on one line; objects and lists as they are.
std::string plain(const Json& value) { return value.is_string() ? value.get<std::string>() : dumped(value, -1); }

// Members of an object, one a line; those named in `last` as blocks below.
void write_members(std::ostream& out, const Json& object, const std::vector<std::string>& last) {
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) width = std::max(width, name.size());
  for (const auto& [name, value] : object.items()) {
    if (std::find(last.begin(), last.end(), name) != last.end()) continue;
    out << name << std::string(width - name.size() + 2, ' ') << plain(value) << '\n';
  }
  for (const std::string& name : last) {
    if (object.contains(name)) out << name << '\n' << dumped(object[name], 2) << '\n';
  }
}

// A step of a life line as a row: what it is, when, where, and what it says.
Json step_row(const std::string& part, const Json& step) {
  Json row{{"time", step.value("time", "")}, {"part", part}, {"type", step.value("type", "")}};
  const Json entry = step.value("entry", Json::object());
  row["entry"] = entry.value("ledger", "") + "/" + std::to_string(entry.value("sequence", std::uint64_t{0}));
  std::string says;
  const Json members = step.value("members", Json::object());
  for (const auto& [name, value] : members.items()) says += (says.empty() ? "" : " ") + name + "=" + plain(value);
  row["says"] = says;
  return row;
}

void write_life_line(std::ostream& out, const Json& line) {
  std::vector<Json> rows;
  for (const auto& [name, value] : line.items()) {
    if (name == "accesses") {
      for (const Json& step : value.value("last", Json::array())) rows.push_back(step_row("access", step));
      out << "accesses: " << value.value("count", std::uint64_t{0}) << '\n';
    } else if (name == "copies" || name == "lineage") {
      for (const Json& row : value) out << name << ": " << dumped(row, -1) << '\n';
    } else if (value.is_array()) {
      for (const Json& step : value) rows.push_back(step_row(name, step));
    } else {
      out << name << ": " << plain(value) << '\n';
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) { return a["time"] < b["time"]; });
  out << '\n';
  write_rows(out, Format::table,
             {{"TIME", "time"}, {"PART", "part"}, {"TYPE", "type"}, {"ENTRY", "entry"}, {"SAYS", "says"}}, rows);
}

void write_ledger(std::ostream& out, Json ledger) {
  const Json keys = ledger.value("keys", Json::array());
  ledger.erase("keys");
  write_members(out, ledger, {});
  out << '\n';
  write_rows(out, Format::table, {{"USE", "use"}, {"SINCE", "since"}, {"REVOKED", "revoked"}, {"KEY", "key"}},
             std::vector<Json>(keys.begin(), keys.end()));
}

Result<void> show(Environment& environment, const Options& options) {
  const int given = static_cast<int>(!options.what.empty()) + static_cast<int>(!options.dataset.empty()) +
                    static_cast<int>(!options.export_id.empty());
  if (given != 1) {
    return fail(Code::bad_usage, "show", "name one thing: LEDGER, LEDGER/SEQUENCE, --dataset ID or --export ID");
  }
  const bool entry = options.what.find('/') != std::string::npos;
  std::string target;
  if (!options.dataset.empty() || !options.export_id.empty()) {
    const bool dataset = !options.dataset.empty();
    const std::string& id = dataset ? options.dataset : options.export_id;
    const std::size_t slash = id.find('/');
    if (slash == std::string::npos) return fail(Code::bad_usage, id, "an id is INSTITUTION/NAME, such as hanbit/ds-17");
    target = (dataset ? "/v1/datasets/" : "/v1/exports/") + percent_encode(id.substr(0, slash)) + "/" +
             percent_encode(id.substr(slash + 1));
  } else if (entry) {
    const auto place = parse_entry_place(options.what);
    if (!place) return tl::unexpected(place.error());
    target = "/v1/ledgers/" + place->ledger.text() + "/entries/" + std::to_string(place->sequence.value());
  } else {
    const auto ledger = LedgerId::parse(options.what);
    if (!ledger) return fail(Code::bad_usage, options.what, "not the id of a ledger, and no LEDGER/SEQUENCE");
    target = "/v1/ledgers/" + ledger->text();
  }

  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());
  if (options.bytes) {
    if (!entry) return fail(Code::bad_usage, "--bytes", "only an entry has bytes");
    const auto answer = access->get(target, {{"accept", "application/octet-stream"}});
    if (!answer) return tl::unexpected(answer.error());
    environment.out << answer->body;
    return access->close();
  }
  auto found = get_json(*access, target);
  if (!found) return tl::unexpected(found.error());
  if (options.format != Format::table) {
    environment.out << dumped(*found, options.format == Format::json ? 2 : -1) << '\n';
  } else if (!options.dataset.empty() || !options.export_id.empty()) {
    write_life_line(environment.out, *found);
  } else if (entry) {
    write_members(environment.out, *found, {"event", "rejected"});
  } else {
    write_ledger(environment.out, std::move(*found));
  }
  return access->close();
}

}  // namespace

void add_show(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("show", "show an entry, a ledger, or the life line of a dataset or an export");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  command->add_option("what", options->what, "LEDGER/SEQUENCE (an entry) or LEDGER");
  command->add_option("--dataset", options->dataset, "the life line of this dataset, from pseudonymization to purge");
  command->add_option("--export", options->export_id, "the life line of this export, with where its outputs came from");
  command->add_flag("--bytes", options->bytes, "an entry's own bytes: what its leaf is the hash of");
  add_format(*command, options->format);
  command->callback([&environment, &exit, options] {
    if (auto done = show(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
