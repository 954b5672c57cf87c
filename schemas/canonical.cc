#include "schemas/canonical.h"

#include <algorithm>
#include <vector>

namespace jangbu {
namespace {

namespace dom = simdjson::dom;

// Here and elsewhere: value_unsafe() of a temporary result refers into it, so a loop needs a value of its own.

void append_text(std::string_view text, std::string& out) {
  out.append(std::to_string(text.size())).append(":").append(text);
}

}  // namespace

void append_canonical(dom::element element, std::string& out) {
  switch (element.type()) {
    case dom::element_type::OBJECT: {
      std::vector<dom::key_value_pair> members;
      const dom::object object = element.get_object().value_unsafe();
      for (const dom::key_value_pair member : object) members.push_back(member);
      std::sort(members.begin(), members.end(),
                [](const dom::key_value_pair& a, const dom::key_value_pair& b) { return a.key < b.key; });
      out.push_back('{');
      for (const dom::key_value_pair& member : members) {
        append_text(member.key, out);
        append_canonical(member.value, out);
      }
      out.push_back('}');
      return;
    }
    case dom::element_type::ARRAY: {
      const dom::array list = element.get_array().value_unsafe();
      out.push_back('[');
      for (const dom::element item : list) append_canonical(item, out);
      out.push_back(']');
      return;
    }
    case dom::element_type::STRING:
      out.push_back('"');
      append_text(element.get_string().value_unsafe(), out);
      return;
    case dom::element_type::INT64:
      out.append("i").append(std::to_string(element.get_int64().value_unsafe())).append(";");
      return;
    case dom::element_type::UINT64:
      out.append("i").append(std::to_string(element.get_uint64().value_unsafe())).append(";");
      return;
    case dom::element_type::DOUBLE:  // not in strict JSON
      out.append("d").append(std::to_string(element.get_double().value_unsafe())).append(";");
      return;
    case dom::element_type::BOOL:
      out.push_back(element.get_bool().value_unsafe() ? 't' : 'f');
      return;
    case dom::element_type::NULL_VALUE:
      out.push_back('n');
      return;
  }
}

}  // namespace jangbu
