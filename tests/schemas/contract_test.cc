// The published contract as the screen runs it: every example judged as it says, and what the compiler refuses.
#include <set>

#include "schemas/corpus.h"
#include "schemas/schema_table.h"
#include "tests/schemas/small_contract.h"

namespace jangbu {
namespace {

std::shared_ptr<const TypeTable> published() {
  Result<std::shared_ptr<const TypeTable>> types = TypeTable::build();
  if (!types) throw std::runtime_error(to_string(types.error()));
  return *types;
}

TEST(Contract, EveryRecordOfTheCorpusGetsItsVerdict) {
  const std::shared_ptr<const TypeTable> types = published();
  Screen screen(types);
  std::size_t good = 0;
  std::size_t bad = 0;
  for (const CorpusRecord& record : verdict_corpus(*types)) {
    const Verdict verdict = screen.judge(record.record, screen_target(record.ledger), 64);
    const std::string text = verdict_text(verdict);
    EXPECT_EQ(text.substr(0, text.find('\n')), record.expected) << record.name << "\nall: " << text << record.record;
    ++(record.expected.empty() ? good : bad);
  }
  std::cout << types->types().size() << " types, " << good << " good and " << bad << " bad records\n";
  EXPECT_GE(good, 2 * types->types().size());
  EXPECT_GE(bad, 3 * types->types().size());
}

TEST(Contract, EveryTypeHasExamplesAndRights) {
  const std::shared_ptr<const TypeTable> types = published();
  std::set<std::string> exampled;
  for (const ContractExample& example : types->contract().examples) exampled.insert(example.type);
  EXPECT_GT(types->types().size(), 80U);
  for (const EventType& type : types->types()) {
    EXPECT_EQ(exampled.count(type.name), 1U) << type.name;
    EXPECT_NE(type.kinds, 0) << type.name;
    EXPECT_EQ(types->find(type.full_name), &type);
  }
  EXPECT_EQ(types->find("kr.jangbu.nothing.v1"), nullptr);
  EXPECT_EQ(types->find("dataset.purged"), nullptr);
}

TEST(Contract, AnEventThatPassedReadsAgainAlike) {
  const std::shared_ptr<const TypeTable> types = published();
  Screen screen(types);
  EventReader reader(types);
  for (const CorpusRecord& record : verdict_corpus(*types)) {
    const Verdict verdict = screen.judge(record.record, screen_target(record.ledger), 64);
    if (!verdict.passed()) continue;
    const Result<Event> read = reader.read(record.record);
    ASSERT_TRUE(read) << record.name;
    EXPECT_EQ(read->type, verdict.event.type);
    EXPECT_EQ(std::tuple(read->id, read->source, read->time, read->sequence, read->ledger),
              std::tuple(verdict.event.id, verdict.event.source, verdict.event.time, verdict.event.sequence,
                         verdict.event.ledger));
    const Result<std::string> route = screen.route(record.record);
    ASSERT_TRUE(route) << record.name;
    EXPECT_EQ(*route, record.ledger);
  }
}

TEST(Contract, KnowsCodesAndTheirParents) {
  const std::shared_ptr<const TypeTable> types = published();
  EXPECT_TRUE(types->has_code("roles", "physician"));
  EXPECT_FALSE(types->has_code("roles", "surgeon"));
  EXPECT_FALSE(types->has_code("no-such-list", "physician"));
  EXPECT_TRUE(types->is_within("purpose-of-use", "ETREAT", "TREAT"));
  EXPECT_TRUE(types->is_within("purpose-of-use", "TREAT", "TREAT"));
  EXPECT_FALSE(types->is_within("purpose-of-use", "TREAT", "ETREAT"));
  EXPECT_FALSE(types->is_within("purpose-of-use", "HRESCH", "TREAT"));
}

TEST(Contract, HasANameForEveryEnumerator) {
  for (int i = 0; i < 5; ++i) {
    const auto kind = static_cast<InstitutionKind>(i);
    EXPECT_EQ(institution_kind(name(kind)), kind);
  }
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(key_use(name(static_cast<KeyUse>(i))), static_cast<KeyUse>(i));
    EXPECT_EQ(term_kind(name(static_cast<TermKind>(i))), static_cast<TermKind>(i));
  }
  EXPECT_EQ(ledger_kind("patients"), LedgerKind::patients);
  EXPECT_EQ(key_use("master").error().code, Code::unknown_code);
}

// `schema` as the probe type's member "extra".
std::string compile_member(std::string_view schema) {
  std::string type(testing::kSmallProbe);
  const std::string_view before = R"("properties": {)";
  type.insert(type.find(before) + before.size(), R"("extra": )" + std::string(schema) + ",");
  std::vector<EmbeddedFile> files = testing::small_files();
  for (EmbeddedFile& file : files) {
    if (file.name == "types/small.probed.json") file.bytes = type;
  }
  const Result<std::shared_ptr<const TypeTable>> types = TypeTable::build(files);
  return types ? "" : std::string(info(types.error().code).name) + " " + types.error().where;
}

TEST(ContractCompiler, RefusesWhatTheScreenWouldNotRun) {
  const std::string at = "bad_schema types/small.probed.json#/properties/extra";
  EXPECT_EQ(compile_member(R"({"type": "string", "maxLength": 3})"), "");
  EXPECT_EQ(compile_member(R"({"type": "string", "format": "date"})"), at + "/format");
  EXPECT_EQ(compile_member(R"({"type": "string", "pattern": "^a$"})"), at + "/pattern");
  EXPECT_EQ(compile_member(R"({"type": "string", "pattern": "^a$", "x-form": "unheard"})"), at + "/pattern");
  EXPECT_EQ(compile_member(R"({"type": "string", "x-form": "id"})"), at);
  EXPECT_EQ(compile_member(R"({"type": "string", "minimum": 3})"), at + "/minimum");
  EXPECT_EQ(compile_member(R"({"type": "string", "enum": [1]})"), at + "/enum");
  EXPECT_EQ(compile_member(R"({"type": "string", "enum": []})"), at + "/enum");
  EXPECT_EQ(compile_member(R"({"type": "number"})"), at);
  EXPECT_EQ(compile_member(R"({"type": ["string", "integer"]})"), at);
  EXPECT_EQ(compile_member(R"({})"), at);
  EXPECT_EQ(compile_member(R"({"type": "object"})"), at);
  EXPECT_EQ(compile_member(R"({"type": "object", "additionalProperties": true})"), at);
  EXPECT_EQ(compile_member(R"({"type": "object", "additionalProperties": false, "required": ["x"]})"),
            at + "/required");
  EXPECT_EQ(compile_member(R"({"type": "object", "additionalProperties": false, "patternProperties": {}})"),
            at + "/patternProperties");
  EXPECT_EQ(compile_member(R"({"type": "object", "additionalProperties": false, "anyOf": [{"type": "object"}]})"),
            at + "/anyOf");
  EXPECT_EQ(compile_member(R"({"type": "array", "items": {"type": "string"}, "contains": {}})"), at + "/contains");
  EXPECT_EQ(compile_member(R"({"type": "array", "items": {"type": "null"}})"), at + "/items");
  EXPECT_EQ(compile_member(R"({"type": "integer", "minimum": 1.5})"), at + "/minimum");
  EXPECT_EQ(compile_member(R"({"type": "integer", "multipleOf": 2})"), at + "/multipleOf");
  EXPECT_EQ(compile_member(R"({"$ref": "common.json#/definitions/nothing"})"), at);
  EXPECT_EQ(compile_member(R"({"$ref": "other.json#/definitions/id"})"), at);
  EXPECT_EQ(compile_member(R"({"$ref": "https://example.org/x"})"), at);
  EXPECT_EQ(compile_member(R"({"$ref": "common.json#/definitions/id", "maxLength": 3})"), at + "/maxLength");
  EXPECT_EQ(compile_member(R"({"not": {}})"), at);
}

}  // namespace
}  // namespace jangbu
