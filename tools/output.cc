#include "tools/output.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace jangbu::tools {
namespace {

std::string cell(const nlohmann::ordered_json& row, const std::string& member) {
  const auto found = row.find(member);
  if (found == row.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    // Three-byte sequences from U+1100 on are mostly East Asian, which terminals draw two columns wide.
    width += length == 3 && lead >= 0xe3 ? 2 : 1;
    i += length;
  }
  return width;
}

void write_rows(std::ostream& out, Format format, const std::vector<Column>& columns,
                const std::vector<nlohmann::ordered_json>& rows) {
  if (format == Format::json) {
    out << nlohmann::ordered_json(rows).dump(2) << '\n';
    return;
  }
  if (format == Format::ndjson) {
    for (const nlohmann::ordered_json& row : rows) out << row.dump() << '\n';
    return;
  }
  std::vector<std::size_t> widths;
  for (const Column& column : columns) {
    std::size_t width = display_width(column.title);
    for (const nlohmann::ordered_json& row : rows) width = std::max(width, display_width(cell(row, column.member)));
    widths.push_back(width);
  }
  const auto line = [&](const auto& text_of) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string text = text_of(columns[i]);
      out << text;
      if (i + 1 < columns.size()) out << std::string(widths[i] - display_width(text) + 2, ' ');
    }
    out << '\n';
  };
  line([](const Column& column) { return column.title; });
  for (const nlohmann::ordered_json& row : rows) line([&](const Column& column) { return cell(row, column.member); });
}

void add_format(CLI::App& command, Format& format) {
  static const std::map<std::string, Format> kFormats{
      {"table", Format::table}, {"json", Format::json}, {"ndjson", Format::ndjson}};
  command
      .add_option("--format", format, "how to print: table (for people), json (one document), ndjson (a line a row)")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case).description("table|json|ndjson"))
      ->option_text("table|json|ndjson");
}

}  // namespace jangbu::tools
