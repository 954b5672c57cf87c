// convert_bundle(), declared in fhir.h.
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "api/fhir.h"
#include "api/fhir_reader.h"

namespace jangbu::api::fhir {
namespace {

constexpr auto kTypes = std::to_array<std::string_view>({"batch", "collection", "searchset"});

Result<void> check_type(std::string_view type) {
  if (std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end()) return {};
  if (type == "transaction") {
    return fail(Code::fhir_unreadable, "Bundle.type",
                "a transaction asks for all or nothing, which a ledger cannot take back: send a batch");
  }
  return fail(Code::fhir_unreadable, "Bundle.type", "only batch, collection and searchset are taken here");
}

// What an entry asks for, if that is anything but adding a resource.
std::optional<Error> refuse_request(Object entry, const std::string& where) {
  const auto request = object_of(entry, "request");
  if (!request) return std::nullopt;
  const std::string_view method = text_of(*request, "method");
  if (method == "POST" || method == "PUT") return std::nullopt;
  return Error{Code::fhir_unreadable, where + ".request.method",
               "this ledger only takes in: POST, or PUT of a new version"};
}

// Each entry's resource as it stands in the document; empty where there is none.
Result<std::vector<std::string_view>> slices_of(std::string_view document) {
  std::vector<std::string_view> slices;
  const simdjson::padded_string padded(document);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document json;
  const auto broken = [] { return fail(Code::not_json, "Bundle.entry", "not a list of entries"); };
  if (parser.iterate(padded).get(json) != simdjson::SUCCESS) return broken();
  simdjson::ondemand::array entries;
  if (json.find_field_unordered("entry").get_array().get(entries) != simdjson::SUCCESS) return broken();
  for (auto item : entries) {
    std::string_view slice;
    simdjson::ondemand::object entry;
    if (item.get_object().get(entry) == simdjson::SUCCESS) {
      simdjson::ondemand::object resource;
      std::string_view raw;
      if (entry.find_field_unordered("resource").get_object().get(resource) == simdjson::SUCCESS &&
          resource.raw_json().get(raw) == simdjson::SUCCESS) {
        slice = document.substr(static_cast<std::size_t>(raw.data() - padded.data()), raw.size());
        // simdjson counts white space behind the object in; the resource ends at its brace.
        slice = slice.substr(0, slice.rfind('}') + 1);
      }
    }
    slices.push_back(slice);
  }
  return slices;
}

// "AuditEvent.recorded" as the Bundle's reader finds it.
Error placed(Error error, const std::string& where) {
  const std::size_t head = error.where.find_first_of(".[");
  error.where = where + (head == std::string::npos ? std::string() : error.where.substr(head));
  return error;
}

}  // namespace

Result<std::vector<BundleItem>> convert_bundle(std::string_view document, const Context& context) {
  const auto parsed = Document::parse(document);
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->resource_type() != "Bundle") {
    return fail(Code::fhir_unreadable, "Resource.resourceType",
                "a Bundle is taken here; single resources have addresses of their own");
  }
  if (auto type = check_type(text_of(parsed->root(), "type")); !type) return tl::unexpected(std::move(type.error()));
  std::vector<BundleItem> items;
  if (!has(parsed->root(), "entry")) return items;
  const auto slices = slices_of(document);
  if (!slices) return tl::unexpected(slices.error());
  Array entries;
  if (parsed->root().at_key("entry").get(entries) != simdjson::SUCCESS || entries.size() != slices->size()) {
    return fail(Code::fhir_unreadable, "Bundle.entry", "not a list of entries");
  }
  for (const simdjson::dom::element element : entries) {
    const std::string entry_where = "Bundle.entry[" + std::to_string(items.size()) + "]";
    BundleItem item{entry_where + ".resource", "", std::vector<Converted>()};
    const std::string_view slice = (*slices)[items.size()];
    Object entry;
    const bool is_entry = element.get(entry) == simdjson::SUCCESS;
    auto refused = is_entry ? refuse_request(entry, entry_where) : std::nullopt;
    const auto resource = is_entry ? object_of(entry, "resource") : std::nullopt;
    if (resource) item.resource_type = text_of(*resource, "resourceType");
    if (refused) {
      item.result = tl::unexpected(std::move(*refused));
    } else if (slice.empty()) {
      item.result = fail(Code::fhir_unreadable, item.where, "an entry without a resource");
    } else if (auto converted = convert(slice, context)) {
      item.result = std::move(converted);
    } else {
      item.result = tl::unexpected(placed(std::move(converted.error()), item.where));
    }
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace jangbu::api::fhir
