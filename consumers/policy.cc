#include "consumers/policy.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "schemas/embedded.h"
#include "schemas/invariant.h"
#include "schemas/strict_json.h"

namespace jangbu {
std::span<const EmbeddedFile> embedded_policy_files();  // generated
}

namespace jangbu::consumers {

namespace {

using nlohmann::json;

struct NumberRow {
  std::string_view name;
  std::int64_t max;
};

// The parameters that are one whole number, from 0 to a bound beyond which a deadline could no longer be computed.
constexpr std::int64_t kDays = 36'500, kHours = kDays * 24, kMinutes = kHours * 60, kSeconds = kMinutes * 60;
constexpr std::int64_t kCount = 9'007'199'254'740'991;
constexpr auto kNumbers = std::to_array<NumberRow>({
    {"purge_grace_hours", kHours},
    {"purge_after_permit_days", kDays},
    {"probe_hours", kHours},
    {"ttl_days_max", kDays},
    {"identified_hours", kHours},
    {"temporary_hours", kHours},
    {"k_min", kCount},
    {"cell_min", kCount},
    {"checkers", 64},
    {"check_days", kDays},
    {"clearance_days", kDays},
    {"update_records_min", kCount},
    {"update_bytes_max", kCount},
    {"rows_max", kCount},
    {"file_bytes_max", kCount},
    {"model_bytes_max", kCount},
    {"consent_days", kDays},
    {"erase_days", kDays},
    {"retain_access_days", kDays},
    {"retain_pseudonymized_days", kDays},
    {"request_days", kDays},
    {"permit_decision_days", kDays},
    {"delivery_days", kDays},
    {"publish_days", kDays},
    {"separation_days", kDays},
    {"emergency_review_hours", kHours},
    {"review_days", kDays},
    {"denied_per_hour", kCount},
    {"silence_minutes", kMinutes},
    {"gap_minutes", kMinutes},
    {"skew_seconds", kSeconds},
    {"late_hours", kHours},
    {"settle_seconds", kSeconds},
    {"rejects_percent", 100},
    {"incident_hours", kHours},
});

using Texts = std::set<std::string, std::less<>>;

// Reads one document; remembers the first error.
class Reader {
 public:
  explicit Reader(const json& document) : document_(document) {}

  std::optional<Error> error;

  void refuse(std::string where, std::string what) {
    if (!error) error = Error{Code::bad_policy, std::move(where), std::move(what)};
  }
  // The member, or null and an error.
  const json& member(std::string_view name) {
    seen_.emplace(name);
    static const json kNull;
    const auto at = document_.find(name);
    if (at != document_.end()) return *at;
    refuse("/" + std::string(name), "a parameter is missing");
    return kNull;
  }
  std::int64_t number(const json& value, std::string_view where, std::int64_t max) {
    if (value.is_number_integer()) {
      const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(max)
                                                   : value.get<std::int64_t>() >= 0;
      if (fits) return value.get<std::int64_t>();
    }
    refuse(std::string(where), "not a whole number from 0 to " + std::to_string(max));
    return 0;
  }
  std::string text(const json& value, std::string_view where) {
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) return value.get<std::string>();
    refuse(std::string(where), "not a text");
    return {};
  }
  Texts texts(const json& value, const std::string& where) {
    Texts out;
    if (!value.is_array()) {
      refuse(where, "not a list of texts");
      return out;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string at = where + "/" + std::to_string(i);
      if (!out.insert(text(value[i], at)).second) refuse(at, "stands there twice");
    }
    return out;
  }
  template <typename Value, typename Read>
  std::map<std::string, Value, std::less<>> map(std::string_view name, Read&& read) {
    std::map<std::string, Value, std::less<>> out;
    const json& value = member(name);
    const std::string where = "/" + std::string(name);
    if (!value.is_object()) {
      refuse(where, "not an object");
      return out;
    }
    for (const auto& [key, item] : value.items()) {
      std::string at = where;
      append_pointer_token(at, key);
      out.emplace(key, read(item, at));
    }
    return out;
  }
  void nothing_else() {
    for (const auto& [name, value] : document_.items()) {
      if (seen_.contains(name)) continue;
      std::string at;
      append_pointer_token(at, name);
      refuse(at, "not a parameter of policies");
    }
  }

 private:
  const json& document_;
  Texts seen_;
};

void read_lists(Reader& in, Policy& out) {
  const auto list = [&](std::string_view name) { return in.texts(in.member(name), "/" + std::string(name)); };
  out.output_kinds = list("output_kinds");
  out.cell_kinds = list("cell_kinds");
  out.auto_kinds = list("auto_kinds");
  out.secondary_purposes = list("secondary_purposes");
  const auto texts = [&](const json& value, const std::string& where) { return in.texts(value, where); };
  out.formats = in.map<Texts>("formats", texts);
  out.purposes_by_role = in.map<Texts>("purposes_by_role", texts);
  out.opt_out_force = in.map<std::string>("opt_out_force", [&](const json& value, const std::string& where) {
    std::string force = in.text(value, where);
    if (force != "new-permits" && force != "all" && force != "none") in.refuse(where, "not none, new-permits or all");
    return force;
  });
  out.reviews_required =
      in.map<std::vector<std::string>>("reviews_required", [&](const json& value, const std::string& where) {
        const Texts bodies = in.texts(value, where);
        return std::vector<std::string>(bodies.begin(), bodies.end());
      });
  const auto count = [&](const json& value, const std::string& where) { return in.number(value, where, kCount); };
  out.patients_per_hour = in.map<std::int64_t>("patients_per_hour", count);
  out.patients_per_day = in.map<std::int64_t>("patients_per_day", count);
  out.targets = in.map<std::int64_t>("targets", count);
  if (!in.error && !out.patients_per_hour.contains("default")) in.refuse("/patients_per_hour/default", "missing");
  if (!in.error && !out.patients_per_day.contains("default")) in.refuse("/patients_per_day/default", "missing");
}

void read_rest(Reader& in, Policy& out) {
  const json& nk = in.member("nk");
  if (nk.is_array() && nk.size() == 2) {
    out.nk_contributors = in.number(nk[0], "/nk/0", 1000);
    out.nk_share = in.number(nk[1], "/nk/1", 10'000);
  } else {
    in.refuse("/nk", "not a number of contributors and their share in 1/10,000");
  }
  out.p = in.number(in.member("p"), "/p", 10'000);
  const json& consent = in.member("site_consent");
  if (consent.is_boolean()) {
    out.site_consent = consent.get<bool>();
  } else {
    in.refuse("/site_consent", "neither true nor false");
  }
  const json& calendar = in.member("calendar");
  if (!calendar.is_object() || calendar.size() != 2 || !calendar.contains("zone") || !calendar.contains("holidays")) {
    in.refuse("/calendar", "not an object of zone and holidays");
    return;
  }
  // Zones without daylight saving: a day's bounds are then a function of the policy alone, not of a zone database.
  const std::string zone = in.text(calendar["zone"], "/calendar/zone");
  if (zone == "Asia/Seoul") {
    out.calendar_offset_seconds = 32'400;
  } else if (zone == "UTC") {
    out.calendar_offset_seconds = 0;
  } else {
    in.refuse("/calendar/zone", "neither Asia/Seoul nor UTC");
  }
  out.holidays = in.texts(calendar["holidays"], "/calendar/holidays");
}

std::string_view embedded(std::string_view name) {
  for (const EmbeddedFile& file : embedded_policy_files()) {
    if (file.name == name) return file.bytes;
  }
  JANGBU_INVARIANT(false, std::string(name));
  return {};
}

}  // namespace

std::int64_t Policy::number(std::string_view name) const {
  const auto at = numbers.find(name);
  JANGBU_INVARIANT(at != numbers.end(), std::string(name));
  return at->second;
}

std::int64_t Policy::seconds(std::string_view name) const {
  const std::int64_t value = number(name);
  if (name.ends_with("_seconds")) return value;
  if (name.ends_with("_minutes")) return value * 60;
  if (name.ends_with("_hours")) return value * 3600;
  JANGBU_INVARIANT(name.ends_with("_days") || name == "ttl_days_max", std::string(name));
  return value * 86'400;
}

Result<Policy> parse_policy(std::string_view document) {
  // What two readers could take differently is no policy: a byte order mark, a name that stands twice.
  if (const auto loose = strict_errors(document, 1); !loose.empty()) {
    return fail(Code::bad_policy, loose.front().where, to_string(loose.front()));
  }
  const json parsed = json::parse(document, nullptr, false);
  if (!parsed.is_object()) return fail(Code::bad_policy, "", "not a JSON object");
  Reader in(parsed);
  Policy out;
  for (const NumberRow& row : kNumbers) {
    out.numbers.emplace(row.name, in.number(in.member(row.name), "/" + std::string(row.name), row.max));
  }
  read_lists(in, out);
  read_rest(in, out);
  in.nothing_else();
  if (in.error) return tl::unexpected(*in.error);
  return out;
}

std::string_view default_policy_document() { return embedded("default_policy.json"); }
std::string_view policy_schema_document() { return embedded("policy.schema.json"); }

}  // namespace jangbu::consumers
