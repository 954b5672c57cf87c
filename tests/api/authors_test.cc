// The catalogue's "by" column at the API: every type, in the name of every institution, unsigned, under an emitter's
// key, and under the key that it takes. The table is written here a second time, from the catalogue's words, so that a
// schema that lets the wrong one speak is found. tests/ledger/authors_test.cc has every key; here it is the way in.
#include <set>
#include <sstream>

#include "ledger/key_file.h"
#include "schemas/schema_table.h"
#include "tests/api/node_fixture.h"

namespace jangbu::api {
namespace {

using nlohmann::json;

// H hospital, D demand organisation, C coordinating body in its own ledger (always signed), K the coordinating body's
// key, S a system key; * any institution; + under any key of its own. What only platforms or governments might write
// besides is left out: this space has none.
constexpr std::string_view kBy = R"(
K* institution.registered institution.amended institution.suspended institution.reinstated environment.registered
K* environment.changed key.registered key.revoked ledger.genesis ledger.screen ledger.moved
KC tick clock.jump
S* ledger.recovered finding.raised finding.updated finding.resolved ledger.read report.issued evidence.issued replay.run
C policy.adopted check.adopted finding.closed
C project.registered project.closed permit.applied permit.completed permit.withdrawn permit.issued permit.amended
C permit.refused permit.lapsed permit.revoked permit.decision_extended
* entry.annulled source.heartbeat source.skipped source.backfill source.retired audit.recorded dataset.identified
* incident.opened incident.reported incident.notified incident.closed finding.acknowledged finding.disputed
H consent.granted consent.amended consent.withdrawn consent.opted_out consent.opted_in consent.unread
H patient.requested patient.answered consent.applied consent.summarised
H record.accessed emergency.started emergency.ended access.summarised access.reviewed
HD dataset.accessed
HC review.decided dataset.held dataset.released dataset.probed export.checked
H dataset.pseudonymized dataset.reviewed dataset.copied dataset.extended dataset.purged mapping.created mapping.destroyed
C+ dataset.combined computation.combined
SHC purge.verified
D computation.requested
SH analysis.triggered analysis.recalled
S* analysis.refused computation.completed computation.failed
H analysis.started analysis.completed analysis.failed analysis.cancelled
HD export.requested
H export.scanned data.exported
SHDC export.cleared export.refused
HDC export.revoked
)";

struct By {
  bool coordinator_key = false, system_key = false, any_key = false;
  std::string kinds;  // of H D C
};

std::map<std::string, By> table() {
  std::map<std::string, By> rows;
  std::istringstream lines{std::string(kBy)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string who;
    words >> who;
    By by;
    for (const char c : who) {
      if (c == 'K') by.coordinator_key = true;
      if (c == 'S') by.system_key = true;
      if (c == '+') by.any_key = true;
      if (c == '*') by.kinds = "HDC";
      if (c == 'H' || c == 'D' || c == 'C') by.kinds += c;
    }
    for (std::string type; words >> type;) EXPECT_TRUE(rows.emplace(type, by).second) << type;
  }
  return rows;
}

class ApiAuthorsTest : public testing::NodeTest {
 protected:
  [[nodiscard]] SigningKey key(const std::string& ledger, KeyUse use) const {
    const bool of_space = use == KeyUse::coordinator || use == KeyUse::ticker;
    const auto path =
        of_space ? space_key_path(folder_ / "node", use) : key_path(folder_ / "node", *LedgerId::parse(ledger), use);
    auto read = read_signing_key(path, nullptr);
    EXPECT_TRUE(read) << to_string(read.error());
    return std::move(*read);
  }
  // 201 or 200: taken. Else the problem's code.
  std::string offer(const std::string& event, const std::string& ledger, std::optional<KeyUse> use) {
    std::vector<std::pair<std::string, std::string>> headers;
    if (use) {
      headers.emplace_back("jangbu-signature", to_string(sign_event(key(ledger, *use), "medspace/" + ledger, event)));
    }
    const Response response = post_event(event, headers);
    if (response.status < 300) return "taken";
    return json::parse(response.body).value("code", "");
  }
};

TEST_F(ApiAuthorsTest, EachTypeIsTakenFromItsRowAndFromNobodyElse) {
  const auto rows = table();
  std::set<std::string> untried;
  for (const EventType& type : types_->types()) untried.insert(type.name);
  int number = 0, taken = 0, refused = 0;
  for (const ContractExample& example : types_->contract().examples) {
    if (!example.why.empty() || untried.erase(example.type) == 0) continue;  // the first good one of each type
    const auto row = rows.find(example.type);
    ASSERT_NE(row, rows.end()) << example.type << " is not in this test's table";
    const By& by = row->second;
    const EventType* type = types_->find("kr.jangbu." + example.type + ".v1");
    for (const auto& [institution, kind] :
         std::initializer_list<std::pair<std::string, char>>{{"hanbit", 'H'}, {"bioai", 'D'}, {"haneul", 'C'}}) {
      auto event = json::parse(example.record);
      event["id"] = id_of(++number);
      event["institution"] = institution;
      const bool patients = !type->in_shared;
      const std::string ledger = patients && kind == 'H' ? institution + ".patients" : institution;
      if (event.contains("ledger")) event["ledger"] = ledger;
      const std::string text = event.dump();
      const std::uint64_t before = total();
      const std::string what = example.type + " of " + institution;
      const bool allowed = by.kinds.find(kind) != std::string::npos;
      const bool needs_key = by.coordinator_key || by.system_key || kind == 'C';
      const std::string bare = offer(text, ledger, std::nullopt);
      if (!allowed) {
        EXPECT_NE(bare, "taken") << what;
        EXPECT_NE(offer(text, ledger, by.system_key ? KeyUse::system : KeyUse::coordinator), "taken") << what;
        EXPECT_EQ(total(), before) << what;
        ++refused;
        continue;
      }
      if (needs_key) {
        EXPECT_EQ(bare, "signature_missing") << what;
        if (by.coordinator_key || by.system_key || (by.kinds == "C" && !by.any_key)) {
          EXPECT_EQ(offer(text, ledger, KeyUse::emitter), "key_use_wrong") << what;
        }
        EXPECT_EQ(total(), before) << what;
        ++refused;
        // What is said of institutions, keys and the ledger itself would change what the rest of the test rests on.
        if (by.coordinator_key && type->in_shared && type->in_patients) continue;
        const KeyUse use = by.system_key ? KeyUse::system : KeyUse::coordinator;
        const std::string answer = offer(text, ledger, use);
        // What the ledger itself has to say (its one genesis, its keys, ticks in order) comes after the author.
        EXPECT_TRUE(answer != "signature_missing" && answer != "key_use_wrong" && answer != "key_unknown")
            << what << ": " << answer;
        if (answer == "taken") ++taken;
      } else {
        EXPECT_EQ(bare, "taken") << what;
        ++taken;
      }
    }
  }
  EXPECT_TRUE(untried.empty()) << *untried.begin() << " has no good example";
  EXPECT_EQ(rows.size(), types_->types().size());
  std::printf("authors at the API: %d taken, %d refused\n", taken, refused);
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace jangbu::api
