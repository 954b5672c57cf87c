#include "schemas/corpus.h"

#include "schemas/schema_table.h"

namespace jangbu {
namespace {

struct StrictRow {
  const char* name;
  std::string_view record;
  const char* expected;
};

using namespace std::string_view_literals;

// What JSON examples inside a JSON file cannot hold.
constexpr StrictRow kStrict[] = {
    {"nothing", ""sv, "not_json "},
    {"white space", " \n"sv, "not_json "},
    {"a byte order mark", "\xEF\xBB\xBF{}"sv, "bad_character "},
    {"two documents", "{}{}"sv, "not_json "},
    {"a NUL at the end", "{}\0"sv, "not_json "},
    {"a NUL in a string", "{\"a\":\"\0\"}"sv, "bad_character /a"},
    {"U+0000 escaped", R"({"a":"\u0000"})"sv, "bad_character /a"},
    {"half a surrogate pair", R"({"a":"\ud800"})"sv, "bad_character /a"},
    {"a pair in the wrong order", R"({"a":"\udc00\ud800"})"sv, "bad_character /a"},
    {"a byte that is not UTF-8", "{\"a\":\"\xff\"}"sv, "bad_character /a"},
    {"an overlong sequence", "{\"a\":\"\xc0\xaf\"}"sv, "bad_character /a"},
    {"an encoded surrogate", "{\"a\":\"\xed\xa0\x80\"}"sv, "bad_character /a"},
    {"a raw line feed in a string", "{\"a\":\"\n\"}"sv, "bad_character /a"},
    {"the same name twice", R"({"a":1,"a":1})"sv, "duplicate_key /a"},
    {"the same name twice, once escaped", R"({"a":1,"\u0061":1})"sv, "duplicate_key /a"},
    {"the same name twice, deep", R"({"a":[{"b":1,"b":2}]})"sv, "duplicate_key /a/0/b"},
    {"a fraction", R"({"a":1.0})"sv, "bad_number /a"},
    {"an exponent", R"({"a":1e2})"sv, "bad_number /a"},
    {"minus zero", R"({"a":-0})"sv, "bad_number /a"},
    {"2^53", R"({"a":9007199254740992})"sv, "bad_number /a"},
    {"-2^53", R"({"a":-9007199254740992})"sv, "bad_number /a"},
    {"2^64", R"({"a":18446744073709551616})"sv, "bad_number /a"},
    {"1e400", R"({"a":1e400})"sv, "bad_number /a"},
    {"a leading zero", R"({"a":01})"sv, "not_json /a"},
    {"a plus sign", R"({"a":+1})"sv, "not_json /a"},
    {"NaN", R"({"a":NaN})"sv, "not_json /a"},
    {"a comma at the end", R"({"a":1,})"sv, "not_json "},
    {"a comment", "{} // none"sv, "not_json "},
    {"33 levels", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"sv,
     "too_deep /0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0"},
    {"32 levels", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"sv, "bad_envelope "},
    {"a list", "[]"sv, "bad_envelope "},
    {"an empty object", "{}"sv, "bad_envelope /specversion"},
};

}  // namespace

std::vector<CorpusRecord> verdict_corpus(const TypeTable& types) {
  std::vector<CorpusRecord> corpus;
  for (const StrictRow& row : kStrict) {
    corpus.push_back({std::string("strict JSON, ") + row.name, std::string(row.record), "hanbit", row.expected});
  }
  for (const ContractExample& example : types.contract().examples) {
    std::string name = example.type.empty() ? "envelope" : example.type;
    name.append(example.why.empty() ? ", good" : ", bad: " + example.why);
    corpus.push_back({std::move(name), example.record, example.ledger,
                      example.why.empty() ? std::string() : example.code + " " + example.pointer});
  }
  return corpus;
}

std::string verdict_text(const Verdict& verdict) {
  std::string text;
  for (const Error& error : verdict.errors) {
    text.append(info(error.code).name).append(" ").append(error.where).append("\n");
  }
  return text;
}

ScreenTarget screen_target(std::string_view ledger) {
  constexpr std::string_view kPatients = ".patients";
  if (ledger.ends_with(kPatients)) {
    return {ledger.substr(0, ledger.size() - kPatients.size()), LedgerKind::patients};
  }
  return {ledger, LedgerKind::shared};
}

}  // namespace jangbu
