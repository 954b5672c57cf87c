#include "consumers/conclusion.h"

#include <algorithm>
#include <utility>

#include "ledger/hash.h"

namespace jangbu::consumers {

namespace {

std::string short_hash(std::initializer_list<std::string_view> parts) {
  Sha256 hash;
  for (const std::string_view part : parts) {
    hash.update(part);
    hash.update(std::string_view("\0", 1));
  }
  const Hash out = hash.finish();
  return to_base32(out.view().substr(0, 16));
}

}  // namespace

std::string json_string(std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

std::string json_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out.push_back(',');
    out += item;
  }
  return out + "]";
}

void JsonText::name(std::string_view name) {
  if (!members_.empty()) members_.push_back(',');
  members_ += json_string(name);
  members_.push_back(':');
}

JsonText& JsonText::text(std::string_view member, std::string_view value) {
  name(member);
  members_ += json_string(value);
  return *this;
}

JsonText& JsonText::number(std::string_view member, std::int64_t value) {
  name(member);
  members_ += std::to_string(value);
  return *this;
}

JsonText& JsonText::boolean(std::string_view member, bool value) {
  name(member);
  members_ += value ? "true" : "false";
  return *this;
}

JsonText& JsonText::raw(std::string_view member, std::string_view json) {
  name(member);
  members_ += json;
  return *this;
}

std::string cause_json(const EntryPlace& place, const LedgerId& into) {
  JsonText out;
  out.text("ledger", place.ledger).number("sequence", static_cast<std::int64_t>(place.sequence));
  const bool into_patients = place.ledger.find(".patients") != std::string::npos;
  if (!into_patients || into.kind() == LedgerKind::patients) out.text("leaf", digest_text(place.leaf));
  return out.object();
}

std::string causes_json(const std::vector<EntryPlace>& places, const LedgerId& into, std::size_t count_max) {
  std::vector<EntryPlace> seen;
  std::vector<std::string> items;
  for (const EntryPlace& place : places) {
    if (items.size() == count_max) break;
    if (std::find(seen.begin(), seen.end(), place) != seen.end()) continue;
    seen.push_back(place);
    items.push_back(cause_json(place, into));
  }
  return json_list(items);
}

std::string finding_id(std::string_view institution, std::string_view rule, std::string_view about,
                       const EntryPlace& opener) {
  return std::string(institution) + "/" +
         short_hash({"jangbu/finding/v1", rule, about, opener.ledger, std::to_string(opener.sequence)});
}

std::string conclusion_id(std::string_view type, std::string_view finding, const EntryPlace* last_cause) {
  if (last_cause == nullptr) return short_hash({"jangbu/conclusion/v1", type, finding});
  return short_hash({"jangbu/conclusion/v1", type, finding, last_cause->ledger, std::to_string(last_cause->sequence)});
}

Conclusion conclude(const LedgerId& ledger, std::string_view check, std::string_view type, std::string_view id,
                    Timestamp time, bool with_ledger, std::string_view data_json, std::string summary) {
  JsonText event;
  event.text("specversion", "1.0")
      .text("id", id)
      .text("source", "/checks/" + std::string(check))
      .text("type", "kr.jangbu." + std::string(type) + ".v1")
      .text("time", to_string(time))
      .text("datacontenttype", "application/json")
      .text("institution", ledger.institution());
  if (with_ledger) event.text("ledger", ledger.text());
  event.raw("data", data_json);
  return {ledger, std::string(check), std::string(type), std::string(id), event.object(), std::move(summary)};
}

}  // namespace jangbu::consumers
