// to_json() and to_csv() of the annual report.
#include <nlohmann/json.hpp>

#include "consumers/projections/annual.h"

namespace jangbu::consumers {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name(MeasureKind kind) {
  switch (kind) {
    case MeasureKind::count:
      return "count";
    case MeasureKind::distinct:
      return "distinct";
    case MeasureKind::share:
      return "share";
    case MeasureKind::distribution:
      return "distribution";
    case MeasureKind::maximum:
      return "maximum";
  }
  return {};
}

// Hundredths, or ten-thousandths, as a decimal number.
std::string decimal(std::int64_t value, int digits) {
  std::string text = std::to_string(value < 0 ? -value : value);
  const auto places = static_cast<std::size_t>(digits);
  if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
  text.insert(text.size() - places, 1, '.');
  return (value < 0 ? "-" : "") + text;
}

// The same as a JSON number: two or four decimals are exact in what a double prints.
Json number(const std::optional<std::int64_t>& value, double scale) {
  return value ? Json(static_cast<double>(*value) / scale) : Json();
}

Json json_of(MeasureKind kind, const FigureValue& value) {
  Json json;
  if (value.suppressed) {
    json["suppressed"] = true;
    return json;
  }
  switch (kind) {
    case MeasureKind::count:
    case MeasureKind::distinct:
    case MeasureKind::maximum:
      json["value"] = value.numerator;
      break;
    case MeasureKind::share:
      json["value"] = number(value.share, 10'000);
      json["numerator"] = value.numerator;
      json["denominator"] = *value.denominator;
      break;
    case MeasureKind::distribution:
      json["samples"] = value.numerator;
      json["mean"] = number(value.mean, 100);
      json["median"] = number(value.median, 100);
      json["p90"] = number(value.p90, 100);
      break;
  }
  return json;
}

Json place_of(const FigureCell& cell) {
  Json json;
  json["dimension"] = name(cell.dimension);
  json["key"] = cell.key;
  json["category"] = cell.category;
  return json;
}

Json json_of(const MeasureResult& measure) {
  const MeasureRow& row = *measure.row;
  Json json;
  json["key"] = row.key;
  json["name"] = {{"ko", row.name.ko}, {"en", row.name.en}};
  json["unit"] = row.unit;
  json["kind"] = name(row.kind);
  json["numerator"] = row.numerator;
  json["denominator"] = row.denominator.empty() ? Json() : Json(row.denominator);
  json["target"] = number(measure.target, 10'000);
  json["state"] = row.not_yet.empty() ? "computed" : "not yet computed";
  if (!row.not_yet.empty()) {
    json["reason"] = row.not_yet;
    return json;
  }
  Json& cells = json["cells"] = Json::array();
  for (const FigureCell& cell : measure.cells) {
    Json& out = cells.emplace_back(place_of(cell));
    out.update(json_of(row.kind, cell.value));
    if (cell.previous) out["previous"] = json_of(row.kind, *cell.previous);
  }
  return json;
}

// A cell of a CSV line. A text that a spreadsheet would run as a formula begins with a single quote.
void append_text(std::string& out, std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos;
  const bool quote = formula || text.find_first_of(",\"\r\n;") != std::string_view::npos;
  if (quote) out.push_back('"');
  if (formula) out.push_back('\'');
  for (const char letter : text) {
    if (letter == '"') out.push_back('"');
    out.push_back(letter);
  }
  if (quote) out.push_back('"');
}

struct Line {
  std::string text;
  void add(std::string_view cell) {
    if (!first) text.push_back(',');
    first = false;
    append_text(text, cell);
  }
  // Numbers are ours: digits, a point, a minus.
  void add_number(std::string_view cell) {
    if (!first) text.push_back(',');
    first = false;
    text.append(cell);
  }
  bool first = true;
};

std::string csv_number(const std::optional<std::int64_t>& value, int digits) {
  return value ? decimal(*value, digits) : std::string();
}

void add_value(Line& line, MeasureKind kind, const FigureValue& value) {
  if (value.suppressed) {
    for (int i = 0; i < 6; ++i) line.add_number("");
    return;
  }
  const bool share = kind == MeasureKind::share, spread = kind == MeasureKind::distribution;
  line.add_number(share ? csv_number(value.share, 4) : spread ? "" : std::to_string(value.numerator));
  line.add_number(share || spread ? std::to_string(value.numerator) : "");
  line.add_number(value.denominator ? std::to_string(*value.denominator) : "");
  line.add_number(csv_number(value.mean, 2));
  line.add_number(csv_number(value.median, 2));
  line.add_number(csv_number(value.p90, 2));
}

}  // namespace

std::string to_json(const AnnualReport& report) {
  Json json;
  json["period"] = {{"from", report.from}, {"to", report.to}, {"calendar", "Asia/Seoul"}};
  json["previous_period"] = {{"from", report.previous_from}, {"to", report.previous_to}};
  json["closed"] = report.closed;
  json["cutoff"] = {{"tick", to_string(report.cutoff)},
                    {"entry", {{"ledger", report.cutoff_ledger.text()}, {"sequence", report.cutoff_tick.value()}}}};
  json["last_tick"] = to_string(report.last_tick);
  json["policy"] = report.policy;
  json["cell_min"] = report.cell_min;
  Json& ledgers = json["ledgers"] = Json::array();
  for (const LedgerCoverage& ledger : report.ledgers) {
    ledgers.push_back({{"ledger", ledger.ledger.text()}, {"size", ledger.covered.value()}});
  }
  Json& figures = json["figures"] = Json::array();
  for (const FigureResult& figure : report.figures) {
    const FigureRow& row = *figure.row;
    Json& out = figures.emplace_back();
    out["number"] = row.number;
    out["key"] = row.key;
    out["name"] = {{"ko", row.name.ko}, {"en", row.name.en}};
    out["definition"] = {{"ko", row.definition_ko}, {"en", row.definition_en}};
    out["unit"] = row.unit;
    out["state"] = row.not_yet.empty() ? "computed" : "not yet computed";
    if (!row.not_yet.empty()) out["reason"] = row.not_yet;
    out["from_daily_summaries"] = row.from_summaries;
    Json& sources = out["sources"] = Json::array();
    for (std::string_view rest = row.sources; !rest.empty();) {
      const std::size_t end = rest.find(' ');
      sources.push_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    Json& queries = out["queries"] = Json::array();
    for (const SearchQuery& query : figure.queries) queries.push_back(Json::parse(to_json(query)));
    Json& measures = out["measures"] = Json::array();
    for (const MeasureResult& measure : figure.measures) measures.push_back(json_of(measure));
  }
  Json& restatements = json["restatements"] = Json::array();
  for (const Restatement& restatement : report.restatements) {
    Json& out = restatements.emplace_back();
    out["figure"] = restatement.figure->number;
    out["measure"] = restatement.measure->key;
    out.update(place_of(restatement.published));
    out["published"] = json_of(restatement.measure->kind, restatement.published.value);
    out["now"] = json_of(restatement.measure->kind, restatement.now);
  }
  return json.dump();
}

std::string to_csv(const AnnualReport& report) {
  std::string csv = "\xEF\xBB\xBF";
  Line header;
  for (const std::string_view column : {"figure",
                                        "name_ko",
                                        "name_en",
                                        "measure",
                                        "measure_ko",
                                        "measure_en",
                                        "unit",
                                        "dimension",
                                        "key",
                                        "category",
                                        "value",
                                        "numerator",
                                        "denominator",
                                        "mean",
                                        "median",
                                        "p90",
                                        "previous_value",
                                        "previous_numerator",
                                        "previous_denominator",
                                        "previous_mean",
                                        "previous_median",
                                        "previous_p90",
                                        "target",
                                        "state",
                                        "note"}) {
    header.add(column);
  }
  csv += header.text + "\r\n";
  const auto begin = [](const FigureRow& row) {
    Line line;
    line.add_number(std::to_string(row.number));
    line.add(row.name.ko);
    line.add(row.name.en);
    return line;
  };
  for (const FigureResult& figure : report.figures) {
    if (figure.measures.empty()) {
      Line line = begin(*figure.row);
      for (int i = 0; i < 3; ++i) line.add("");
      line.add(figure.row->unit);
      for (int i = 0; i < 16; ++i) line.add("");
      line.add("not yet computed");
      line.add(figure.row->not_yet);
      csv += line.text + "\r\n";
    }
    for (const MeasureResult& measure : figure.measures) {
      const MeasureRow& row = *measure.row;
      const auto describe = [&] {
        Line line = begin(*figure.row);
        line.add(row.key);
        line.add(row.name.ko);
        line.add(row.name.en);
        line.add(row.unit);
        return line;
      };
      if (!row.not_yet.empty()) {
        Line line = describe();
        for (int i = 0; i < 16; ++i) line.add("");
        line.add("not yet computed");
        line.add(row.not_yet);
        csv += line.text + "\r\n";
      }
      for (const FigureCell& cell : measure.cells) {
        Line line = describe();
        line.add(name(cell.dimension));
        line.add(cell.key);
        line.add(cell.category);
        add_value(line, row.kind, cell.value);
        if (cell.previous) {
          add_value(line, row.kind, *cell.previous);
        } else {
          for (int i = 0; i < 6; ++i) line.add_number("");
        }
        line.add_number(csv_number(measure.target, 4));
        line.add(cell.value.suppressed ? "suppressed" : "computed");
        line.add("");
        csv += line.text + "\r\n";
      }
    }
  }
  for (const Restatement& restatement : report.restatements) {
    Line line = begin(*restatement.figure);
    line.add(restatement.measure->key);
    line.add(restatement.measure->name.ko);
    line.add(restatement.measure->name.en);
    line.add(restatement.measure->unit);
    line.add(name(restatement.published.dimension));
    line.add(restatement.published.key);
    line.add(restatement.published.category);
    add_value(line, restatement.measure->kind, restatement.now);
    add_value(line, restatement.measure->kind, restatement.published.value);
    line.add("");
    line.add("restatement");
    line.add("value: as of the last tick; previous: as published");
    csv += line.text + "\r\n";
  }
  return csv;
}

}  // namespace jangbu::consumers
