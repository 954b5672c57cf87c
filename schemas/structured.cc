#include "schemas/structured.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <vector>

namespace jangbu {
namespace {

constexpr std::array<std::string_view, 6> kFirst = {"specversion", "id", "source", "type", "time", "datacontenttype"};

void append_string(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

// Before others, in their order; then by name.
bool comes_before(const BinaryAttribute* a, const BinaryAttribute* b) {
  const auto rank = [](std::string_view name) {
    return std::find(kFirst.begin(), kFirst.end(), name) - kFirst.begin();
  };
  const auto rank_a = rank(a->name);
  const auto rank_b = rank(b->name);
  return rank_a != rank_b ? rank_a < rank_b : a->name < b->name;
}

}  // namespace

Result<std::string> structured_form(std::span<const BinaryAttribute> attributes, std::string_view data) {
  std::vector<const BinaryAttribute*> order;
  std::size_t bytes = data.size() + 32;
  for (const BinaryAttribute& attribute : attributes) {
    if (!is_name(attribute.name) || attribute.name == "data") {
      return fail(Code::bad_envelope, "", "an attribute's name is lower-case letters and digits, and not data");
    }
    order.push_back(&attribute);
    bytes += attribute.name.size() + attribute.value.size() + 8;
  }
  std::sort(order.begin(), order.end(), comes_before);
  const auto twice =
      std::adjacent_find(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->name == b->name; });
  if (twice != order.end()) return fail(Code::bad_envelope, "/" + (*twice)->name, "the attribute stands twice");
  // Whatever followed the data's document would become members of the envelope.
  if (!data.empty()) {
    simdjson::dom::parser parser;
    const auto error = parser.parse(data.data(), data.size()).error();
    if (error != simdjson::SUCCESS) return fail(Code::not_json, "/data", simdjson::error_message(error));
  }
  std::string out;
  out.reserve(bytes);
  out += '{';
  for (const BinaryAttribute* attribute : order) {
    if (out.size() > 1) out += ',';
    append_string(attribute->name, out);
    out += ':';
    append_string(attribute->value, out);
  }
  if (!data.empty()) {
    if (out.size() > 1) out += ',';
    out += R"("data":)";
    out += data;
  }
  out += '}';
  return out;
}

}  // namespace jangbu
