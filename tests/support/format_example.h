// The examples of ledger/FORMAT.md: a fenced block whose info string is "bytes <name>", in hex with white space, or
// "text <name>", as it is, without the last newline.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace jangbu::testing {

// Empty when there is no such block: the caller's EXPECT then fails.
inline std::string format_example(const std::string& name) {
  std::ifstream file(std::string(JANGBU_SOURCE_DIR) + "/ledger/FORMAT.md");
  std::string line, digits;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```bytes " + name) {
      inside = true;
    } else if (inside && line == "```") {
      break;
    } else if (inside) {
      for (const char c : line) {
        if (c != ' ') digits.push_back(c);
      }
    }
  }
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

inline std::string format_text(const std::string& name) {
  std::ifstream file(std::string(JANGBU_SOURCE_DIR) + "/ledger/FORMAT.md");
  std::string line, text;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```text " + name) {
      inside = true;
    } else if (inside && line == "```") {
      break;
    } else if (inside) {
      text.append(text.empty() ? "" : "\n").append(line);
    }
  }
  return text;
}

}  // namespace jangbu::testing
