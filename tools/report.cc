// `jangbu report`: the annual figures of a period, as a table of the consortium's totals, or whole as JSON or CSV.
#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "api/http.h"
#include "tools/command.h"
#include "tools/node_access.h"
#include "tools/output.h"

namespace jangbu::tools {
namespace {

using api::percent_encode;
using Json = nlohmann::ordered_json;

enum class ReportFormat { table, json, csv };

struct Options {
  NodeOptionsOnCommandLine node;
  std::string from, to, out;
  std::string language = "en";
  bool all = false;
  ReportFormat format = ReportFormat::table;
};

std::string text_of(const Json& names, const std::string& language) {
  return names.is_object() ? names.value(language, "") : "";
}

std::string number_text(const Json& value) { return value.is_null() ? "-" : value.dump(); }

// "12", "0.9850 (197 of 200)", "median 3.5, mean 4.2, 90 % within 9 (31)", "suppressed".
std::string value_text(const Json& value) {
  if (!value.is_object()) return {};
  if (value.value("suppressed", false)) return "suppressed";
  if (value.contains("samples")) {
    return "median " + number_text(value["median"]) + ", mean " + number_text(value["mean"]) + ", 90 % within " +
           number_text(value["p90"]) + " (" + number_text(value["samples"]) + ")";
  }
  if (value.contains("denominator")) {
    return number_text(value["value"]) + " (" + number_text(value["numerator"]) + " of " +
           number_text(value["denominator"]) + ")";
  }
  return value.contains("value") ? number_text(value["value"]) : "";
}

void add_measure(const Options& options, const Json& figure, const Json& measure, std::vector<Json>& rows) {
  Json row{{"number", figure.value("number", 0)},
           {"figure", text_of(figure.value("name", Json()), options.language)},
           {"measure", text_of(measure.value("name", Json()), options.language)},
           {"unit", measure.value("unit", "")}};
  if (measure.value("state", "") != "computed") {
    row["value"] = "not yet computed";
    rows.push_back(std::move(row));
    return;
  }
  bool any = false;
  for (const Json& cell : measure.value("cells", Json::array())) {
    const std::string key = cell.value("key", "");
    const std::string category = cell.value("category", "");
    if (!options.all && !key.empty()) continue;
    any = true;
    Json one = row;
    std::string of = key;
    if (!of.empty() && !category.empty()) of += " ";
    one["of"] = of.append(category);
    one["value"] = value_text(cell);
    if (cell.contains("previous")) one["previous"] = value_text(cell["previous"]);
    if (measure.contains("target") && !measure["target"].is_null()) one["target"] = number_text(measure["target"]);
    rows.push_back(std::move(one));
  }
  if (!any) {
    row["value"] = "none";
    rows.push_back(std::move(row));
  }
}

void write_table(std::ostream& out, const Options& options, const Json& report) {
  const Json period = report.value("period", Json::object());
  const Json cutoff = report.value("cutoff", Json::object());
  out << "period " << period.value("from", "") << " to before " << period.value("to", "") << ", policy "
      << report.value("policy", "") << ", as of the tick " << cutoff.value("tick", "")
      << (report.value("closed", false) ? "" : " (not closed yet)") << "\n\n";
  std::vector<Json> rows;
  for (const Json& figure : report.value("figures", Json::array())) {
    const Json measures = figure.value("measures", Json::array());
    if (measures.empty()) {
      rows.push_back({{"number", figure.value("number", 0)},
                      {"figure", text_of(figure.value("name", Json()), options.language)},
                      {"value", figure.value("state", "")}});
    }
    for (const Json& measure : measures) add_measure(options, figure, measure, rows);
  }
  write_rows(out, Format::table,
             {{"NO", "number"},
              {"FIGURE", "figure"},
              {"MEASURE", "measure"},
              {"OF", "of"},
              {"VALUE", "value"},
              {"UNIT", "unit"},
              {"PREVIOUS", "previous"},
              {"TARGET", "target"}},
             rows);
  const std::size_t restated = report.value("restatements", Json::array()).size();
  if (restated > 0) out << '\n' << restated << " cells would be other by what came later: --format json lists them\n";
}

Result<void> report(Environment& environment, const Options& options) {
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());
  const std::string target = "/v1/reports/" + percent_encode(options.from) + "/" + percent_encode(options.to);
  const auto answer =
      access->get(target, {{"accept", options.format == ReportFormat::csv ? "text/csv" : "application/json"}});
  if (!answer) return tl::unexpected(answer.error());
  std::string text = answer->body;
  if (options.format == ReportFormat::json || options.format == ReportFormat::table) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return fail(Code::unreachable, target, "the node's answer is no report");
    if (options.format == ReportFormat::json) {
      text = json.dump(2) + "\n";
    } else {
      std::ostringstream table;
      write_table(table, options, json);
      text = table.str();
    }
  }
  if (options.out.empty()) {
    environment.out << text;
  } else {
    std::ofstream file(options.out, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) return fail(Code::io, options.out, "cannot be written");
  }
  return access->close();
}

}  // namespace

void add_report(CLI::App& app, Environment& environment, Exit& exit) {
  static const std::map<std::string, ReportFormat> kFormats{
      {"table", ReportFormat::table}, {"json", ReportFormat::json}, {"csv", ReportFormat::csv}};
  CLI::App* command = app.add_subcommand("report", "the annual figures of a period");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  command->add_option("from", options->from, "the first day, such as 2026-01-01")->required();
  command->add_option("to", options->to, "the day after the last, such as 2027-01-01")->required();
  command->add_flag("--all", options->all, "in the table: every institution, project and month too");
  command->add_option("--language", options->language, "of the table's names")
      ->check(CLI::IsMember({"en", "ko"}))
      ->capture_default_str();
  command->add_option("--format", options->format, "table (totals), json or csv (everything)")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case).description("table|json|csv"))
      ->option_text("table|json|csv");
  command->add_option("--out", options->out, "write it to this file");
  command->callback([&environment, &exit, options] {
    if (auto done = report(environment, *options); !done) exit = complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
