#include "tools/plan.h"

#include <nlohmann/json.hpp>

#include "schemas/strict_json.h"

namespace jangbu::tools {
namespace {

using nlohmann::json;

Result<std::string> text_member(const json& object, const char* member, const std::string& pointer, bool required) {
  const auto found = object.find(member);
  if (found == object.end()) {
    if (required) return fail(Code::bad_usage, pointer + "/" + member, "missing");
    return std::string();
  }
  if (!found->is_string()) return fail(Code::bad_usage, pointer + "/" + member, "must be text");
  return found->get<std::string>();
}

Result<InstitutionPlan> institution_of(const json& object, const std::string& pointer) {
  if (!object.is_object()) return fail(Code::bad_usage, pointer, "must be an object");
  constexpr std::string_view kMembers[] = {"id", "kind", "name", "advanced_general", "designations"};
  for (const auto& [member, value] : object.items()) {
    if (std::find(std::begin(kMembers), std::end(kMembers), member) == std::end(kMembers)) {
      std::string at = pointer;
      append_pointer_token(at, member);
      return fail(Code::bad_usage, at, "no such member; there are id, kind, name, advanced_general, designations");
    }
  }
  InstitutionPlan plan;
  auto id = text_member(object, "id", pointer, true);
  if (!id) return tl::unexpected(id.error());
  plan.id = *id;
  auto kind_text = text_member(object, "kind", pointer, true);
  if (!kind_text) return tl::unexpected(kind_text.error());
  auto kind = institution_kind(*kind_text);
  if (!kind) return fail(Code::bad_usage, pointer + "/kind", "hospital, demand, platform, coordinator or government");
  plan.kind = *kind;
  if (const auto name = object.find("name"); name != object.end()) {
    if (!name->is_object()) return fail(Code::bad_usage, pointer + "/name", "must be an object with ko and en");
    auto ko = text_member(*name, "ko", pointer + "/name", true);
    auto en = text_member(*name, "en", pointer + "/name", true);
    if (!ko) return tl::unexpected(ko.error());
    if (!en) return tl::unexpected(en.error());
    plan.name_ko = *ko;
    plan.name_en = *en;
  } else {
    plan.name_ko = plan.name_en = plan.id;
  }
  if (const auto advanced = object.find("advanced_general"); advanced != object.end()) {
    if (!advanced->is_boolean()) return fail(Code::bad_usage, pointer + "/advanced_general", "must be true or false");
    plan.advanced_general = advanced->get<bool>();
  }
  if (const auto listed = object.find("designations"); listed != object.end()) {
    if (!listed->is_array()) return fail(Code::bad_usage, pointer + "/designations", "must be a list");
    for (const json& one : *listed) {
      if (one != "combiner" && one != "aggregator") {
        return fail(Code::bad_usage, pointer + "/designations", "combiner and aggregator are the designations");
      }
      plan.designations.push_back(one.get<std::string>());
    }
  }
  return plan;
}

}  // namespace

Result<InstitutionPlan> parse_institution(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(':', at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  const std::string where = "--institution " + std::string(text);
  if (parts.size() < 2) return fail(Code::bad_usage, where, "write it as id:kind, such as hanbit:hospital");
  InstitutionPlan plan;
  plan.id = plan.name_ko = plan.name_en = parts[0];
  auto kind = institution_kind(parts[1]);
  if (!kind) return fail(Code::bad_usage, where, "kinds are hospital, demand, platform, coordinator and government");
  plan.kind = *kind;
  for (std::size_t i = 2; i < parts.size(); ++i) {
    if (parts[i] == "advanced-general") {
      plan.advanced_general = true;
    } else if (parts[i] == "combiner" || parts[i] == "aggregator") {
      plan.designations.push_back(parts[i]);
    } else {
      return fail(Code::bad_usage, where, "after the kind come advanced-general, combiner or aggregator");
    }
  }
  return plan;
}

Result<SpacePlan> parse_plan(std::string_view document) {
  const json plan_json = json::parse(document, nullptr, false);
  if (!plan_json.is_object()) return fail(Code::bad_usage, "", "the plan is not one JSON object");
  SpacePlan plan;
  auto space = text_member(plan_json, "space", "", true);
  if (!space) return tl::unexpected(space.error());
  plan.space = *space;
  const auto institutions = plan_json.find("institutions");
  if (institutions == plan_json.end() || !institutions->is_array()) {
    return fail(Code::bad_usage, "/institutions", "must be a list");
  }
  for (std::size_t i = 0; i < institutions->size(); ++i) {
    auto one = institution_of((*institutions)[i], "/institutions/" + std::to_string(i));
    if (!one) return tl::unexpected(one.error());
    plan.institutions.push_back(std::move(*one));
  }
  return plan;
}

}  // namespace jangbu::tools
