#include "schemas/envelope.h"

#include "schemas/forms.h"
#include "schemas/schema_walk.h"

namespace jangbu {
namespace {

namespace dom = simdjson::dom;

struct AttributeRule {
  std::string_view name;
  bool required;
  bool (*matches)(std::string_view text);  // nullptr: judged by hand
  std::string_view expected;
};

bool is_source(std::string_view text) { return text.size() <= kSourceCharsMax && is_uri_reference(text); }
bool is_one_zero(std::string_view text) { return text == "1.0"; }
bool is_json_type(std::string_view text) { return text == "application/json"; }

// Rows in the enumerators' order.
constexpr std::array<AttributeRule, kAttributes> kRules = {{
    {"specversion", true, is_one_zero, "1.0"},
    {"id", true, is_event_id, "1 to 128 printable ASCII characters"},
    {"source", true, is_source, "a URI-reference of 1 to 256 characters"},
    {"type", true, is_event_type, "kr.jangbu.<type>.v1"},
    {"time", true, nullptr, "an RFC 3339 time with an offset, such as 2026-03-01T09:00:00+09:00"},
    {"institution", true, is_institution, "an institution: [a-z][a-z0-9-]{1,30}"},
    {"ledger", false, is_ledger, "a ledger: <institution> or <institution>.patients"},
    {"sequence", false, is_sequence, "a decimal of at most 15 digits without leading zeros"},
    {"sequencetype", false, is_token, "1 to 64 of A-Z a-z 0-9 . _ : -"},
    {"traceparent", false, is_traceparent, "a W3C traceparent"},
    {"tracestate", false, is_tracestate, "1 to 512 printable ASCII characters"},
    {"datacontenttype", false, is_json_type, "application/json"},
    {"data", true, nullptr, "an object"},
}};

const AttributeRule& rule(Attribute attribute) { return kRules[static_cast<std::size_t>(attribute)]; }

std::uint64_t to_number(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

// Of which attributes the form cannot hold an identifier.
bool is_opaque(Attribute attribute) {
  switch (attribute) {
    case Attribute::specversion:
    case Attribute::type:
    case Attribute::time:
    case Attribute::sequence:
    case Attribute::traceparent:
    case Attribute::datacontenttype:
      return true;
    case Attribute::id:
    case Attribute::source:
    case Attribute::institution:
    case Attribute::ledger:
    case Attribute::sequencetype:
    case Attribute::tracestate:
    case Attribute::data:
      return false;
  }
  return false;
}

using Elements = std::array<std::optional<dom::element>, kAttributes>;

// Takes the attributes apart and reports those that there are not.
Elements take_apart(dom::object root, Report& report, JsonPath& path) {
  Elements elements;
  for (const dom::key_value_pair member : root) {
    const std::optional<Attribute> known = attribute(member.key);
    if (known) {
      elements[static_cast<std::size_t>(*known)] = member.value;
      continue;
    }
    // As in data: a name that is an identifier is not repeated in the place.
    Walk walk(false, std::nullopt, report, path);
    const bool identifier = report.examine(path, member.key, std::nullopt);
    if (!identifier) path.push(member.key);
    report.add(Code::bad_envelope, path.text(), "expected only the attributes that events have here");
    walk.examine_all(member.value);
    if (!identifier) path.pop();
  }
  return elements;
}

class EnvelopeJudge {
 public:
  EnvelopeJudge(const TypeTable& types, Report& report, JsonPath& path) : types_(types), report_(report), path_(path) {}

  Envelope run(dom::object root) {
    const Elements elements = take_apart(root, report_, path_);
    // The time first, without words: what looks like a clock is judged by it.
    std::string_view time;
    if (const auto& element = elements[static_cast<std::size_t>(Attribute::time)];
        element && element->get(time) == simdjson::SUCCESS) {
      out_.time = read_timestamp(time);
    }
    // In the document's order: a second look at the names costs less than keeping it.
    for (const dom::key_value_pair member : root) {
      const std::optional<Attribute> known = attribute(member.key);
      if (!known) continue;
      path_.push(member.key);
      judge(*known, member.value);
      path_.pop();
    }
    for (std::size_t i = 0; i < kAttributes; ++i) {
      if (kRules[i].required && !elements[i]) {
        report_.add(Code::bad_envelope, path_.text(kRules[i].name), "expected this attribute");
      }
    }
    judge_ledger_attribute(elements[static_cast<std::size_t>(Attribute::ledger)].has_value());
    return out_;
  }

 private:
  void refuse(Attribute attribute, Code code = Code::bad_envelope) {
    report_.add(code, path_.text(), "expected " + std::string(rule(attribute).expected));
  }

  void judge(Attribute attribute, dom::element element) {
    if (attribute == Attribute::data) {
      if (element.is_object()) {
        out_.data = element;
      } else {
        refuse(attribute);
        Walk(false, out_.time, report_, path_).examine_all(element);
      }
      return;
    }
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) {
      report_.add(Code::bad_envelope, path_.text(), "expected a string");
      Walk(false, out_.time, report_, path_).examine_all(element);
      return;
    }
    if (attribute == Attribute::time) {
      if (out_.time) return;
      refuse(attribute, Code::bad_time);
      report_.examine(path_, text, std::nullopt);
      return;
    }
    const bool right = rule(attribute).matches(text);
    if (!right) refuse(attribute);
    if ((!right || !is_opaque(attribute)) && report_.examine(path_, text, out_.time)) return;
    if (right) keep(attribute, text);
  }

  void keep(Attribute attribute, std::string_view text) {
    switch (attribute) {
      case Attribute::id:
        out_.id = text;
        return;
      case Attribute::source:
        out_.source = text;
        return;
      case Attribute::institution:
        out_.institution = text;
        return;
      case Attribute::ledger:
        out_.ledger = text;
        return;
      case Attribute::sequence:
        out_.sequence = to_number(text);
        return;
      case Attribute::type:
        out_.type = types_.find(text);
        if (out_.type == nullptr) report_.add(Code::unknown_type, path_.text(), "expected a type of the catalogue");
        return;
      case Attribute::specversion:
      case Attribute::time:
      case Attribute::sequencetype:
      case Attribute::traceparent:
      case Attribute::tracestate:
      case Attribute::datacontenttype:
      case Attribute::data:
        return;
    }
  }

  void judge_ledger_attribute(bool present) {
    if (out_.type == nullptr) return;
    const bool either = out_.type->in_shared && out_.type->in_patients;
    if (either && !present) {
      report_.add(Code::bad_envelope, path_.text("ledger"), "expected the ledger, since this type may stand in both");
    } else if (!either && present) {
      report_.add(Code::bad_envelope, path_.text("ledger"), "expected no ledger, since this type stands in one only");
    }
  }

  const TypeTable& types_;
  Report& report_;
  JsonPath& path_;
  Envelope out_;
};

}  // namespace

std::optional<Attribute> attribute(std::string_view name) {
  const auto is = [name](Attribute candidate) -> std::optional<Attribute> {
    return rule(candidate).name == name ? std::optional(candidate) : std::nullopt;
  };
  switch (name.size()) {
    case 2:
      return is(Attribute::id);
    case 4:
      if (const auto found = is(Attribute::data)) return found;
      if (const auto found = is(Attribute::type)) return found;
      return is(Attribute::time);
    case 6:
      if (const auto found = is(Attribute::source)) return found;
      return is(Attribute::ledger);
    case 8:
      return is(Attribute::sequence);
    case 10:
      return is(Attribute::tracestate);
    case 11:
      if (const auto found = is(Attribute::specversion)) return found;
      if (const auto found = is(Attribute::institution)) return found;
      return is(Attribute::traceparent);
    case 12:
      return is(Attribute::sequencetype);
    case 15:
      return is(Attribute::datacontenttype);
    default:
      return std::nullopt;
  }
}

std::string_view name(Attribute attribute) { return rule(attribute).name; }

Envelope judge_envelope(dom::element root, const TypeTable& types, Report& report, JsonPath& path) {
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    report.add(Code::bad_envelope, path.text(), "expected an object");
    Walk(false, std::nullopt, report, path).examine_all(root);
    return {};
  }
  return EnvelopeJudge(types, report, path).run(object);
}

Result<Event> read_envelope(dom::element root, const TypeTable& types, std::string_view bytes) {
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return fail(Code::bad_envelope, "", "expected an object");
  Event event;
  event.bytes = bytes;
  std::string_view type;
  std::string_view time;
  std::string_view sequence;
  bool has_data = false;
  for (const dom::key_value_pair member : object) {
    const std::optional<Attribute> known = attribute(member.key);
    if (!known) return fail(Code::bad_envelope, "", "an attribute that events do not have");
    if (*known == Attribute::data) {
      has_data = member.value.get(event.data) == simdjson::SUCCESS;
      continue;
    }
    std::string_view text;
    if (member.value.get(text) != simdjson::SUCCESS)
      return fail(Code::bad_envelope, "", "an attribute that is no string");
    if (*known == Attribute::type) type = text;
    if (*known == Attribute::time) time = text;
    if (*known == Attribute::sequence) sequence = text;
    if (*known == Attribute::institution) event.institution = text;
    if (*known == Attribute::ledger) event.ledger = text;
    if (*known == Attribute::source) event.source = text;
    if (*known == Attribute::id) event.id = text;
  }
  event.type = types.find(type);
  if (event.type == nullptr) return fail(Code::unknown_type, "/type", "expected a type of the catalogue");
  const std::optional<Timestamp> when = read_timestamp(time);
  if (!when || !has_data || event.institution.empty() || event.source.empty() || event.id.empty()) {
    return fail(Code::bad_envelope, "", "an attribute that is missing, or not of its form");
  }
  event.time = *when;
  if (!sequence.empty()) {
    if (!is_sequence(sequence)) return fail(Code::bad_envelope, "/sequence", "expected a decimal");
    event.sequence = to_number(sequence);
  }
  return event;
}

}  // namespace jangbu
