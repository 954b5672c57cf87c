// Tables for people, JSON and NDJSON for programs: the same rows. Used by every command that lists something.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "tools/command.h"

namespace CLI {
class App;
}

namespace jangbu::tools {

struct Column {
  std::string title;  // in the table; the JSON member is `member`
  std::string member;
};

// Rows are JSON objects; a cell is the member's text, empty where it is absent.
void write_rows(std::ostream& out, Format format, const std::vector<Column>& columns,
                const std::vector<nlohmann::ordered_json>& rows);
// --format table|json|ndjson, kept in `format`.
void add_format(CLI::App& command, Format& format);
// Columns that a terminal needs for UTF-8 text: a Hangul syllable takes two.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace jangbu::tools
