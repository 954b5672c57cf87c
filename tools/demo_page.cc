#include "tools/demo_page.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <tuple>

#include "ledger/hash.h"

namespace jangbu::tools {
namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string right(std::uint64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

void write_findings(std::ostream& out, const DemoOutcome& outcome) {
  std::map<PlantedFault, std::pair<int, int>> rows;  // planted, found
  for (const PlantedFault& one : outcome.planted) ++rows[one].first;
  for (const PlantedFault& one : outcome.found) ++rows[one].second;
  // PUR before EXP, and PUR-2 before PUR-10: the shorter number first.
  std::vector<std::pair<PlantedFault, std::pair<int, int>>> ordered(rows.begin(), rows.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    const auto key = [](const std::string& rule) {
      return std::tuple(rule.substr(0, 4) == "PUR-" ? 0 : 1, rule.size(), rule);
    };
    return key(a.first.rule) < key(b.first.rule);
  });
  out << "  rule    about                                     planted  found\n";
  for (const auto& [what, counts] : ordered) {
    out << "  " << padded(what.rule, 8) << padded(what.about, 42) << right(static_cast<std::uint64_t>(counts.first), 7)
        << right(static_cast<std::uint64_t>(counts.second), 7);
    if (counts.first != counts.second) out << "   <-- differs";
    out << '\n';
  }
}

}  // namespace

void write_demo_page(std::ostream& out, const DemoOutcome& outcome, bool gone) {
  out << "Jangbu: a pilot's year\n\n"
      << outcome.sent
      << " events of five hospitals, three demand organisations, the platform and the coordinating body, in "
      << std::fixed << std::setprecision(1) << outcome.seconds << " s\n\n"
      << "What was ledgered (ticks and conclusions included)\n  ledger               entries  rejected  root\n";
  for (const DemoLedger& ledger : outcome.ledgers) {
    out << "  " << padded(ledger.id, 19) << right(ledger.size, 9) << right(ledger.rejected, 10) << "  "
        << to_hex(ledger.root.view()).substr(0, 16) << "...\n";
  }
  out << "\nWhat the checks concluded: " << outcome.purges_verified << " purges verified, " << outcome.exports_cleared
      << " exports cleared, " << outcome.exports_refused << " refused; " << outcome.found.size() << " findings:\n\n";
  write_findings(out, outcome);
  out << "\n"
      << (outcome.as_planted() ? "Exactly the planted faults were found."
                               : "What was found is NOT what was planted: see the lines marked above.")
      << "\n\n";
  if (gone) return;
  out << "API (open, on loopback only): " << outcome.url << "\n"
      << "  try:              curl '" << outcome.url << "/v1/findings?limit=3'\n"
      << "  verify offline:   " << outcome.program << " verify " << outcome.directory << "   (once this has ended)\n"
      << "  verify now:       " << outcome.program << " verify " << outcome.url << "\n\n";
}

}  // namespace jangbu::tools
