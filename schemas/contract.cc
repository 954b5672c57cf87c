// Compiles the contract: code lists, the types with their rights, terms and schemas, and the examples.
#include <algorithm>

#include "schemas/schema_compile.h"

namespace jangbu {
namespace {

constexpr std::string_view kCodes = "codes.json";
constexpr std::string_view kTypes = "types/";

template <typename Enum>
Result<std::uint16_t> bits_of(const SchemaPlace& place, const SchemaJson& names,
                              Result<Enum> (*parse)(std::string_view)) {
  if (!names.is_array()) return bad_schema(place, "expected a list of names");
  std::uint16_t bits = 0;
  for (const SchemaJson& name : names) {
    const Result<Enum> value = parse(name.is_string() ? name.get_ref<const std::string&>() : std::string());
    if (!value) return bad_schema(place, "a name that is not known");
    bits = static_cast<std::uint16_t>(bits | (1U << static_cast<unsigned>(*value)));
  }
  return bits;
}

class Contract {
 public:
  Contract(const std::map<std::string, SchemaJson>& files, CompiledContract& out)
      : files_(files), out_(out), compiler_(files, out) {}

  Result<void> run();

 private:
  Result<void> code_lists();
  Result<void> type(const std::string& file, const SchemaJson& schema);
  Result<void> rights(const SchemaPlace& place, const SchemaJson& row, EventType& type);
  Result<void> terms(const SchemaPlace& place, const SchemaJson& rows, EventType& type);
  std::string ledger_of(const SchemaJson& event) const;
  Result<void> examples(const SchemaPlace& place, const SchemaJson& row, const std::string& type);

  const std::map<std::string, SchemaJson>& files_;
  CompiledContract& out_;
  SchemaCompiler compiler_;
};

Result<void> Contract::code_lists() {
  const auto file = files_.find(std::string(kCodes));
  if (file == files_.end()) return {};
  for (const auto& [name, list] : section(file->second, "definitions").items()) {
    const SchemaPlace place = SchemaPlace{std::string(kCodes), "/definitions"}.at(name);
    if (!list.is_object() || !list.contains("enum")) return bad_schema(place, "expected a code list with an enum");
    Result<const SchemaNode*> node = compiler_.compile(place, list);
    if (!node) return tl::unexpected(node.error());
    CodeList& codes = out_.code_lists[name];
    codes.codes = (*node)->values;
    for (const auto& [code, parent] : section(list, "x-parents").items()) {
      if (!std::binary_search(codes.codes.begin(), codes.codes.end(), code) || !parent.is_string()) {
        return bad_schema(place.at("x-parents"), "expected codes of this list, each with its parent");
      }
      codes.parents.emplace(code, parent.get<std::string>());
    }
  }
  return {};
}

Result<void> Contract::rights(const SchemaPlace& place, const SchemaJson& row, EventType& type) {
  if (!row.is_object()) return bad_schema(place, "expected an object");
  for (const auto& [key, value] : row.items()) {
    if (key == "ledger") {
      type.in_shared = value == "shared" || value == "either";
      type.in_patients = value == "patients" || value == "either";
    } else if (key == "kinds") {
      Result<std::uint16_t> bits = bits_of(place.at(key), value, institution_kind);
      if (!bits) return tl::unexpected(bits.error());
      type.kinds = static_cast<std::uint8_t>(*bits);
    } else if (key == "keys") {
      Result<std::uint16_t> bits = bits_of(place.at(key), value, key_use);
      if (!bits) return tl::unexpected(bits.error());
      type.key_uses = *bits;
    } else if (key == "terms") {
      if (Result<void> done = terms(place.at(key), value, type); !done) return done;
    } else {
      return bad_schema(place.at(key), "a member that x-jangbu does not have");
    }
  }
  if (!type.in_shared && !type.in_patients)
    return bad_schema(place.at("ledger"), "expected shared, patients or either");
  if (type.kinds == 0) return bad_schema(place.at("kinds"), "expected the kinds of institution that write it");
  return {};
}

Result<void> Contract::terms(const SchemaPlace& place, const SchemaJson& rows, EventType& type) {
  if (!rows.is_object()) return bad_schema(place, "expected an object");
  for (const auto& [name, pointers] : rows.items()) {
    const Result<TermKind> kind = term_kind(name);
    if (!kind || *kind == TermKind::type || !pointers.is_array()) {
      return bad_schema(place.at(name), "expected a kind of term with a list of pointers");
    }
    for (const SchemaJson& pointer : pointers) {
      if (!pointer.is_string()) return bad_schema(place.at(name), "expected a pointer");
      const std::string text = pointer.get<std::string>();
      // It must lead to a string of this type, so that a misspelt one does not silently find nothing.
      const SchemaNode* node = type.data;
      std::string_view rest = text;
      while (node != nullptr && rest.starts_with('/')) {
        rest.remove_prefix(1);
        const std::string_view token = rest.substr(0, rest.find('/'));
        rest.remove_prefix(token.size());
        if (node->kind == SchemaKind::array && token == "*") {
          node = node->items;
        } else if (node->kind == SchemaKind::object && node->find(token) != SchemaNode::kNoProperty) {
          node = node->properties[node->find(token)].node;
        } else {
          node = nullptr;
        }
      }
      if (text.empty() || !rest.empty() || node == nullptr || node->kind != SchemaKind::string) {
        return bad_schema(place.at(name), "a pointer that leads to no string of this type");
      }
      type.terms.push_back({*kind, text});
    }
  }
  return {};
}

// The ledger that an example asks for, as far as it says so.
std::string Contract::ledger_of(const SchemaJson& event) const {
  const auto text = [&event](const char* name) {
    const auto found = event.find(name);
    return found != event.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (std::string named = text("ledger"); !named.empty()) return named;
  const std::string full_name = text("type");
  const auto type = std::find_if(out_.types.begin(), out_.types.end(),
                                 [&full_name](const EventType& row) { return row.full_name == full_name; });
  const bool patients = type != out_.types.end() && !type->in_shared;
  return text("institution") + (patients ? ".patients" : "");
}

Result<void> Contract::examples(const SchemaPlace& place, const SchemaJson& row, const std::string& type) {
  if (!row.is_object()) return bad_schema(place, "expected an object");
  for (const SchemaJson& event : section(row, "good")) {
    out_.examples.push_back({type, event.dump(), ledger_of(event), "", "", ""});
  }
  for (const SchemaJson& item : section(row, "bad")) {
    if (!item.is_object() || !item.contains("event") || !item.contains("code") || !item.contains("pointer")) {
      return bad_schema(place.at("bad"), "expected {why, code, pointer, event}");
    }
    const SchemaJson& event = item.at("event");
    out_.examples.push_back({type, event.dump(), item.value("ledger", ledger_of(event)),
                             item.value("why", std::string("bad")), item.at("code").get<std::string>(),
                             item.at("pointer").get<std::string>()});
  }
  return {};
}

Result<void> Contract::type(const std::string& file, const SchemaJson& schema) {
  EventType type;
  type.name = file.substr(kTypes.size(), file.size() - kTypes.size() - std::string_view(".json").size());
  type.full_name = "kr.jangbu." + type.name + ".v1";
  const SchemaPlace place{file, ""};
  if (schema.value("$id", std::string()) != "urn:jangbu:schema:" + type.name + ":v1") {
    return bad_schema(place.at("$id"), "expected urn:jangbu:schema:" + type.name + ":v1");
  }
  Result<const SchemaNode*> data = compiler_.compile(place, schema);
  if (!data) return tl::unexpected(data.error());
  if ((*data)->kind != SchemaKind::object) return bad_schema(place, "expected a closed object");
  type.data = *data;
  if (!schema.contains("x-jangbu")) return bad_schema(place.at("x-jangbu"), "who may write it, and where, is missing");
  if (Result<void> done = rights(place.at("x-jangbu"), schema.at("x-jangbu"), type); !done) return done;
  out_.types.push_back(std::move(type));
  return examples(place.at("x-examples"), section(schema, "x-examples"), out_.types.back().name);
}

Result<void> Contract::run() {
  if (Result<void> done = code_lists(); !done) return done;
  for (const char* file : {"common.json", "codes.json"}) {
    if (Result<void> done = compiler_.definitions(file); !done) return done;
  }
  for (const auto& [name, schema] : files_) {
    if (!name.starts_with(kTypes)) continue;
    if (Result<void> done = type(name, schema); !done) return done;
  }
  // The screen runs the envelope's rules by hand (envelope.cc); what the file adds are its examples.
  const auto envelope = files_.find("envelope.json");
  if (envelope == files_.end()) return {};
  return examples({"envelope.json", "/x-examples"}, section(envelope->second, "x-examples"), "");
}

}  // namespace

Result<std::unique_ptr<CompiledContract>> compile_contract(std::span<const EmbeddedFile> files) {
  std::map<std::string, SchemaJson> parsed;
  for (const EmbeddedFile& file : files) {
    SchemaJson json = SchemaJson::parse(file.bytes, nullptr, false);
    if (!json.is_object()) return fail(Code::bad_schema, std::string(file.name), "expected a JSON object");
    parsed.emplace(file.name, std::move(json));
  }
  auto out = std::make_unique<CompiledContract>();
  try {
    // nlohmann throws where a member has another type than its reader asks for.
    if (Result<void> done = Contract(parsed, *out).run(); !done) return tl::unexpected(done.error());
  } catch (const nlohmann::json::exception& e) {
    return fail(Code::bad_schema, "", std::string("a member of another type than expected: ") + e.what());
  }
  std::sort(out->types.begin(), out->types.end(),
            [](const EventType& a, const EventType& b) { return a.full_name < b.full_name; });
  for (const EventType& type : out->types) out->by_name.emplace(type.full_name, &type);
  std::sort(out->member_names.begin(), out->member_names.end());
  out->member_names.erase(std::unique(out->member_names.begin(), out->member_names.end()), out->member_names.end());
  return out;
}

}  // namespace jangbu
