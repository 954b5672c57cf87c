// What a story's words become: data with defaults for each type, so that a line says only what matters in it.
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "ledger/hash.h"
#include "tests/consumers/story.h"

namespace jangbu::testing {

using json = nlohmann::ordered_json;

namespace {

using Words = std::map<std::string, std::string>;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string digest(std::string_view name) { return digest_text(sha256(name)); }

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// One event being made.
class Maker {
 public:
  Maker(std::string ledger, Timestamp time, Words words, std::map<std::string, std::string>& ids,
        const std::map<std::string, StoryLine>& outputs, const std::vector<consumers::EntryPlace>& places)
      : ledger_(std::move(ledger)),
        institution_(ledger_.substr(0, ledger_.find('.'))),
        time_(time),
        words_(std::move(words)),
        ids_(ids),
        outputs_(outputs),
        places_(places) {}

  // The word, taken out of what is left over.
  std::optional<std::string> word(const std::string& name) {
    const auto at = words_.find(name);
    if (at == words_.end()) return std::nullopt;
    std::string out = at->second;
    words_.erase(at);
    return out;
  }
  std::string word(const std::string& name, const std::string& otherwise) { return word(name).value_or(otherwise); }

  std::string id(const std::string& local) {
    if (local.find('/') != std::string::npos) return local;
    return ids_.emplace(local, institution_ + "/" + local).first->second;
  }
  std::vector<std::string> ids(const std::string& locals) {
    std::vector<std::string> out;
    for (const std::string& local : split(locals, ',')) out.push_back(id(local));
    return out;
  }
  std::string time(const std::string& text) {
    const auto parsed = story_time(text);
    if (!parsed) error = parsed.error();
    return parsed ? to_string(*parsed) : std::string();
  }
  json at_member() {
    const auto stated = word("at");
    return stated ? time(*stated) : to_string(time_);
  }
  json person(const std::string& name_text, const std::string& role) {
    const std::string full = name_text.find('/') == std::string::npos ? institution_ + "/" + name_text : name_text;
    const std::string home = full.substr(0, full.find('/'));
    return {{"id", home + "/u:" + to_base32(sha256(full).view().substr(0, 16))}, {"role", role}};
  }
  json location(const std::string& copy) {
    const std::string environment = word("environment", institution_ + "/env");
    return {{"environment", environment}, {"token", word("token", copy.substr(copy.find('/') + 1))}};
  }
  json cause(const std::string& reference) {
    std::size_t index = 0;
    std::from_chars(reference.data() + 1, reference.data() + reference.size(), index);
    if (index == 0 || index > places_.size()) {
      error = Error{Code::bad_request, "", "no such event: " + reference};
      return {};
    }
    const consumers::EntryPlace& place = places_[index - 1];
    return {{"ledger", place.ledger}, {"sequence", place.sequence}, {"leaf", digest_text(place.leaf)}};
  }
  json count(const std::string& text) { return is_number(text) ? json(std::stoll(text)) : json(text); }

  // An output that the story has defined: "o1", "o1@2" with another content.
  json output(const std::string& named, bool departed) {
    const std::string name = named.substr(0, named.find('@'));
    const auto line = outputs_.find(name);
    if (line == outputs_.end()) {
      error = Error{Code::bad_request, "", "no such output: " + name};
      return {};
    }
    const std::string kind = line->second.words.size() > 1 ? line->second.words[1] : "table";
    json out;
    Words given;
    for (std::size_t i = 2; i < line->second.words.size(); ++i) {
      const std::string& member = line->second.words[i];
      given[member.substr(0, member.find('='))] = member.substr(member.find('=') + 1);
    }
    const std::string id_name = given.contains("id") ? given["id"] : name;
    out["output"] = id(id_name);
    out["kind"] = kind;
    if (!departed) {
      const std::string usual =
          kind == "model"
              ? "onnx"
              : (kind == "figure" ? "png" : (kind == "report" ? "pdf" : (kind == "update" ? "bin" : "csv")));
      out["format"] = given.contains("format") ? given["format"] : usual;
    }
    out["digest"] = digest(named);
    out["bytes"] = given.contains("bytes") ? count(given["bytes"]) : json(1000);
    if (departed) return out;
    if (given.contains("cell")) out["smallest_cell"] = count(given["cell"]);
    if (given.contains("rows")) out["rows"] = count(given["rows"]);
    return out;
  }
  json outputs(bool departed) {
    json out = json::array();
    for (const std::string& named : split(word("outputs", ""), ',')) out.push_back(output(named, departed));
    return out;
  }
  json output_digests() {
    json out = json::array();
    for (const std::string& named : split(word("outputs", ""), ',')) {
      const json full = output(named, true);
      out.push_back({{"output", full["output"]}, {"digest", full["digest"]}});
    }
    return out;
  }

  json data(const std::string& type, const std::string& about);
  json dataset(const std::string& what, const std::string& about);
  json computation(const std::string& type, const std::string& about);
  json exported(const std::string& what, const std::string& about);
  json governance(const std::string& type, const std::string& about);

  // Members that no template has taken: set as they stand.
  void overlay(json& data_object) {
    for (const auto& [name_text, value] : words_) {
      json parsed = value;
      if (is_number(value)) parsed = count(value);
      if (value == "true" || value == "false") parsed = value == "true";
      if (value.starts_with("day")) parsed = time(value);
      if (value.starts_with("#")) parsed = cause(value);
      data_object[json::json_pointer("/" + name_text)] = std::move(parsed);
    }
  }

  std::optional<Error> error;

 private:
  std::string ledger_, institution_;
  Timestamp time_;
  Words words_;
  std::map<std::string, std::string>& ids_;
  const std::map<std::string, StoryLine>& outputs_;
  const std::vector<consumers::EntryPlace>& places_;
};

json Maker::dataset(const std::string& what, const std::string& about) {
  const std::string dataset_id = id(about);
  json out{{"dataset", dataset_id}};
  if (what == "pseudonymized" || what == "combined") {
    if (what == "combined") {
      out["from"] = ids(word("from", ""));
    } else {
      out["from"] = institution_ + "/warehouse";
    }
    out["project"] = "coord/p1";
    out["permit"] = word("permit", "coord/permit1");
    if (what == "pseudonymized") {
      out["basis"] = "KR-28-2-RESEARCH";
      out["purpose"] = "HRESCH";
      out["method"] = {{"techniques", json::array({"keyed-hash"})}, {"tool", "anon 1"}, {"digest", digest("anon")}};
    }
    out["records"] = count(word("records", "500"));
    if (what == "pseudonymized") out["patients_count"] = 400;
    out["manifest"] = digest(word("manifest", about));
    out["location"] = location(dataset_id);
    out["expires"] = time(word("expires", "day30"));
  } else if (what == "copied") {
    const std::string copy = id(word("copy", about + "-2"));
    out["copy"] = copy;
    out["location"] = location(copy);
    out["manifest"] = digest(word("manifest", about));
    out["reason"] = "analysis";
    out["expires"] = time(word("expires", "day30"));
  } else if (what == "extended") {
    out["expires"] = time(word("expires", "day60"));
    out["permit"] = word("permit", "coord/permit1");
  } else if (what == "held" || what == "released") {
    out["hold"] = word("hold", "litigation");
    out["authority"] = "court";
  } else if (what == "identified") {
    out["incident"] = institution_ + "/i1";
    out["at"] = at_member();
  } else if (what == "purged") {
    const std::string manifest = digest(word("manifest", about));
    out["copies"] = json::array();
    const std::string environment = word("environment", institution_ + "/env");
    for (const std::string& copy : ids(word("copies", about))) {
      out["copies"].push_back({{"copy", copy},
                               {"location", {{"environment", environment}, {"token", copy.substr(copy.find('/') + 1)}}},
                               {"method", "crypto-erase"}});
    }
    out["manifest"] = manifest;
    if (const auto records = word("records")) out["records"] = count(*records);
    out["by"] = person(word("by", "agent"), "system");
    out["at"] = at_member();
  } else if (what == "probed") {
    const std::string copy = id(word("of", about));
    out["location"] = {{"environment", word("environment", copy.substr(0, copy.find('/')) + "/env")},
                       {"token", word("token", copy.substr(copy.find('/') + 1))}};
    out["kind"] = "file";
    out["result"] = word("result", "absent");
    out["by"] = word("by", "medspace/prober+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    out["at"] = at_member();
  } else if (what == "accessed") {
    out = {{"actor", person(word("by", "researcher"), "researcher")},
           {"action", word("action", "read")},
           {"outcome", count(word("outcome", "0"))},
           {"dataset", dataset_id},
           {"object", word("object", "dataset")},
           {"system", "workbench"}};
  }
  return out;
}

json Maker::computation(const std::string& type, const std::string& about) {
  const json code{{"name", "train"}, {"digest", digest("code")}};
  if (type == "computation.requested") {
    json out{{"computation", id(about)},
             {"project", "coord/p1"},
             {"permit", word("permit", "coord/permit1")},
             {"actor", person("researcher", "researcher")},
             {"purpose", "HRESCH"},
             {"code", code}};
    out["inputs"] = json::array({{{"site", "hanbit"}, {"dataset", id(word("dataset", "hanbit/d1"))}}});
    out["outputs"] = json::array({"table"});
    if (const auto round = word("round")) out["round"] = count(*round);
    out["until"] = time(word("until", "day90"));
    return out;
  }
  if (type == "computation.combined") {
    json out{{"computation", id(about)}, {"round", count(word("round", "1"))}, {"code", code}};
    out["inputs"] = json::array();
    for (const std::string& named : split(word("inputs", ""), ',')) {
      const std::size_t colon = named.find(':');  // analysis:output
      const json input = output(named.substr(colon + 1), true);
      out["inputs"].push_back(
          {{"analysis", id(named.substr(0, colon))}, {"output", input["output"]}, {"digest", input["digest"]}});
    }
    out["outputs"] = outputs(false);
    out["at"] = at_member();
    return out;
  }
  const std::string analysis = id(about);
  if (type == "analysis.triggered") {
    return {{"analysis", analysis},
            {"computation", id(word("computation", "acme/c1"))},
            {"site", institution_},
            {"dataset", id(word("dataset", "hanbit/d1"))},
            {"code", code},
            {"outputs", json::array({"table"})},
            {"until", time(word("until", "day90"))},
            {"causes", json::array({cause(word("cause", "#1"))})}};
  }
  if (type == "analysis.recalled") {
    return {{"analysis", analysis},
            {"trigger", cause(word("trigger", "#1"))},
            {"reasons", json::array({{{"rule", "permit"}}})},
            {"causes", json::array({cause(word("cause", "#1"))})}};
  }
  json out{{"analysis", analysis}, {"trigger", cause(word("trigger", "#1"))}};
  if (type == "analysis.started") {
    const std::string dataset_local = word("dataset", "d1");
    out["dataset"] = id(dataset_local);
    out["manifest"] = digest(word("manifest", dataset_local));
    out["code"] = code;
    out["environment"] = institution_ + "/env";
  } else {
    out["outputs"] = outputs(false);
    out["temporary"] = json::array();
    if (const auto temporary = word("temporary")) {
      out["temporary"].push_back({{"dataset", id(*temporary)},
                                  {"location", location(id(*temporary))},
                                  {"manifest", digest(*temporary)},
                                  {"expires", time(word("expires", "day30"))}});
    }
  }
  out["at"] = at_member();
  return out;
}

json Maker::exported(const std::string& what, const std::string& about) {
  json out{{"export", id(about)}};
  if (what == "requested") {
    out["project"] = "coord/p1";
    out["permit"] = word("permit", "coord/permit1");
    out["actor"] = person(word("by", "researcher"), "researcher");
    out["outputs"] = outputs(false);
    out["destination"] = word("destination", "acme");
    out["country"] = word("country", "KR");
  } else if (what == "scanned") {
    out["results"] = json::array();
    for (const std::string& item : split(word("results", ""), ',')) {  // output:test:value or output:test:passed
      const auto parts = split(item, ':');
      json result{{"output", output(parts[0], true)["output"]}, {"test", parts[1]}};
      if (parts.size() > 2 && is_number(parts[2])) result["value"] = count(parts[2]);
      result["passed"] = parts.size() < 3 || parts[2] != "failed";
      out["results"].push_back(std::move(result));
    }
  } else if (what == "checked") {
    out["by"] = person(word("by", "checker"), "checker");
    out["decision"] = word("decision", "accept");
    out["outputs"] = output_digests();
    if (const auto waivers = word("waivers")) {
      out["waivers"] = json::array();
      for (const std::string& item : split(*waivers, ',')) {
        const auto parts = split(item, ':');
        out["waivers"].push_back({{"output", output(parts[0], true)["output"]}, {"test", parts[1]}});
      }
    }
  } else if (what == "cleared") {
    out["mode"] = "checked";
    out["outputs"] = output_digests();
    out["until"] = time(word("until", "day90"));
    out["causes"] = json::array({cause(word("cause", "#1"))});
    out["policy"] = "coord/policy1";
  } else if (what == "revoked") {
    out["reason"] = word("reason", "site-objects");
  }
  return out;
}

json Maker::governance(const std::string& type, const std::string& about) {
  if (type.starts_with("permit.")) {
    json out{{"permit", id(about)}};
    if (type == "permit.revoked") {
      out["reasons"] = json::array({"breach"});
    } else if (type == "permit.issued" || type == "permit.amended") {
      json grant{{"site", "hanbit"}};
      if (const auto ttl = word("ttl")) grant["ttl_days_max"] = count(*ttl);
      json others{{"site", "saebom"}};
      const auto kinds = split(word("outputs", "model,statistics,table,figure,report,update"), ',');
      out["project"] = "coord/p1";
      out["purposes"] = json::array({"HRESCH"});
      out["basis"] = "KR-28-2-RESEARCH";
      out["grants"] = json::array({grant, others});
      out["people"] = json::array({person("acme/researcher", "researcher")["id"]});
      out["outputs"] = kinds;
      out["destinations"] = split(word("destinations", "acme"), ',');
      out["reviews"] = json::array();
      out["consent_required"] = false;
      out["from"] = time("day0");
      out["until"] = time(word("until", "day365"));
    }
    return out;
  }
  if (type == "project.registered") {
    return {{"project", id(about)},
            {"title", "Survival"},
            {"applicant", "acme"},
            {"applicant_type", "company"},
            {"people",
             json::array({person("acme/researcher", "researcher")["id"], person("acme/analyst", "researcher")["id"]})},
            {"purposes", json::array({"HRESCH"})},
            {"basis", "KR-28-2-RESEARCH"},
            {"sites", json::array({"hanbit", "saebom"})},
            {"from", time("day0")},
            {"until", time("day365")}};
  }
  if (type == "review.decided") {
    json out{{"review", id(about)},        {"project", "coord/p1"},
             {"body", "export-committee"}, {"sites", json::array({"hanbit"})},
             {"submitted", time("day0")},  {"decision", word("decision", "approved")}};
    out["criteria"] = {
        {"related", true}, {"not_identifying", word("not_identifying", "true") == "true"}, {"safety_plan", true}};
    out["export"] = word("export", "acme/e1");
    out["from"] = time(word("from", "day0"));
    return out;
  }
  if (type == "entry.annulled") {
    return {{"of", cause(about)}, {"reason", "entered-in-error"}, {"by", person("keeper", "data-manager")}};
  }
  if (type == "consent.applied") {
    json out{{"dataset", id(about)}, {"through", {{"ledger", institution_ + ".patients"}, {"sequence", 1}}}};
    if (const auto removed = word("removed")) {
      out["requests"] = count(*removed);
      out["removed"] = count(*removed);
    }
    out["manifest"] = digest(word("manifest", about + "-2"));
    out["mapping"] = "kept";
    out["at"] = at_member();
    return out;
  }
  if (type == "finding.closed") {
    json out{{"finding", about}, {"decision", "remedied"}};
    out["by"] = json::array({person("coord/kim", "reviewer"), person("coord/lee", "reviewer")});
    out["reason"] = "seen-to";
    return out;
  }
  if (type == "data.exported") {
    json out{{"export", id(about)},
             {"outputs", outputs(true)},
             {"destination", word("destination", "acme")},
             {"country", word("country", "KR")},
             {"by", person(word("by", "gateway"), "system")}};
    out["at"] = at_member();
    return out;
  }
  if (type == "source.backfill") {
    return {{"from", time(word("from", "day0"))}, {"to", time(word("to", "day1"))}, {"reason", "outage"}};
  }
  error = Error{Code::bad_request, "", "no template for " + type};
  return {};
}

json Maker::data(const std::string& type, const std::string& about) {
  if (type.starts_with("dataset.")) return dataset(type.substr(8), about);
  if (type.starts_with("analysis.") || type.starts_with("computation.")) return computation(type, about);
  if (type.starts_with("export.")) return exported(type.substr(7), about);
  return governance(type, about);
}

}  // namespace

StoryEvents::StoryEvents(const Story& story) {
  for (const StoryLine& line : story.outputs) outputs_.emplace(line.words.front(), line);
}

std::string StoryEvents::full(std::string_view local) const {
  const auto at = ids_.find(std::string(local));
  return at == ids_.end() ? std::string(local) : at->second;
}

Result<StoryEvents::Written> StoryEvents::event(const StoryLine& line) {
  if (line.words.size() < 2) return fail(Code::bad_request, std::to_string(line.number), "<ledger> <type> [<about>]");
  Words words;
  std::string about;
  Written out;
  out.ledger = line.words[0];
  out.type = line.words[1];
  for (std::size_t i = 2; i < line.words.size(); ++i) {
    const std::string& item = line.words[i];
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos && about.empty()) {
      about = item;
    } else if (equals != std::string::npos) {
      words[item.substr(0, equals)] = item.substr(equals + 1);
    } else {
      return fail(Code::bad_request, std::to_string(line.number), "not <member>=<value>: " + item);
    }
  }
  out.time = line.time;
  if (const auto stated = words.find("time"); stated != words.end()) {
    const auto time = story_time(stated->second);
    if (!time) return tl::unexpected(time.error());
    out.time = *time;
    words.erase(stated);
  }
  Maker maker(out.ledger, out.time, std::move(words), ids_, outputs_, places);
  out.signer = maker.word("key", out.type == "dataset.probed" ? "prober" : "");
  if (out.signer.empty() && (out.type.starts_with("analysis.triggered") || out.type.starts_with("analysis.recalled"))) {
    out.signer = "system";
  }
  if (out.signer.empty() && out.ledger == "coord") out.signer = "coordinator";
  json data = maker.data(out.type, about);
  maker.overlay(data);
  if (maker.error) return fail(maker.error->code, std::to_string(line.number), maker.error->what);
  out.data = data.dump();
  return out;
}

}  // namespace jangbu::testing
