#include "tools/emitter.h"

#include <simdjson.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "ledger/hash.h"
#include "schemas/screen.h"
#include "tools/node_access.h"

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kRequestEventsMax = 4'096;
constexpr std::size_t kRequestBytesMax = std::size_t{4} << 20;

// Elements of an array, which is well-formed JSON, as they stand in the text: an event's bytes are what its emitter
// wrote. Whatever stands there is an element: a number among events is refused by the node, not forgotten here.
std::vector<std::string_view> elements_of(std::string_view array) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string_view> elements;
  int depth = 0;
  bool quoted = false;
  std::size_t start = 0;
  const auto element_ends = [&](std::size_t end) {
    const std::size_t first = array.find_first_not_of(kSpace, start);
    if (first < end) elements.push_back(array.substr(first, array.find_last_not_of(kSpace, end - 1) + 1 - first));
  };
  for (std::size_t i = 0; i < array.size(); ++i) {
    const char c = array[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
      continue;
    }
    if (c == '"') quoted = true;
    if (c == ',' && depth == 1) element_ends(i);
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) element_ends(i);
    if (depth == 1 && (c == ',' || (c == '[' && start == 0))) start = i + 1;
  }
  return elements;
}

// {"event": ..., "signature": ...}: it carries its author's signature, so it is not signed again.
bool is_wrapped(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  simdjson::dom::element event;
  return parser.parse(line.data(), line.size()).get(object) == simdjson::SUCCESS &&
         object.at_key("event").get(event) == simdjson::SUCCESS;
}

// One document on one line: what stands between the tokens of JSON may be any white space, and a line ends an event.
std::string on_one_line(std::string_view bytes) {
  std::string line(bytes);
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return line;
}

std::string problem_text(const json& problem) {
  std::string text;
  if (problem.contains("errors")) {
    for (const json& error : problem["errors"]) {
      if (!text.empty()) text += "; ";
      const std::string pointer = error.value("pointer", "");
      text +=
          (pointer.empty() ? "" : pointer + ": ") + error.value("message", "") + " (" + error.value("code", "") + ")";
    }
  }
  return text.empty() ? problem.value("detail", problem.value("title", "refused")) : text;
}

}  // namespace

struct Emitter::Impl {
  Impl(HttpClient& to, EmitOptions given, const SigningKey* signing, std::function<void(const Emitted&)> reporting)
      : client(to), options(std::move(given)), key(signing), report(std::move(reporting)) {}

  HttpClient& client;
  EmitOptions options;
  const SigningKey* key;
  std::function<void(const Emitted&)> report;
  EmitCounts counts;

  // The request under way.
  std::string body;
  std::vector<std::string> places;

  // Signing needs each ledger's origin.
  std::unique_ptr<Screen> router;
  std::map<std::string, std::string> origins;

  // Resuming: a chain of digests over the documents, and how many of them were sent when it had its value.
  std::uint64_t documents = 0, complete = 0, sent_before = 0;
  Hash chain{}, complete_chain{}, sent_chain{};

  Result<void> add_event(std::string place, std::string_view bytes);
  Result<std::string> signature_for(std::string_view event);
  Result<void> flush();
  Result<void> take_result(const json& line);
  Result<void> fhir(const InputDocument& document);
  Result<void> store_receipt(const std::string& ledger, std::uint64_t sequence);
  Result<void> remember();
  Result<void> load_state();
  void refuse(std::string place, std::string reason);
};

Result<void> Emitter::Impl::load_state() {
  if (options.state_file.empty()) return {};
  std::ifstream in(options.state_file);
  if (!in) return {};
  std::string digest;
  if (!(in >> sent_before >> digest)) return fail(Code::io, options.state_file, "not a state file of jangbu emit");
  auto hash = parse_digest(digest);
  if (!hash) return fail(Code::io, options.state_file, "not a state file of jangbu emit");
  sent_chain = *hash;
  return {};
}

Result<void> Emitter::Impl::remember() {
  if (!places.empty()) return {};
  if (options.state_file.empty() || complete <= sent_before) return {};
  const std::string next = options.state_file + ".next";
  {
    std::ofstream out(next, std::ios::trunc);
    out << complete << ' ' << digest_text(complete_chain) << '\n';
    if (!out.flush()) return fail(Code::io, next, "cannot be written");
  }
  std::error_code error;
  fs::rename(next, options.state_file, error);
  if (error) return fail(Code::io, options.state_file, error.message());
  return {};
}

void Emitter::Impl::refuse(std::string place, std::string reason) {
  ++counts.refused;
  report(Emitted{std::move(place), "refused", {}, std::nullopt, std::move(reason)});
}

Result<std::string> Emitter::Impl::signature_for(std::string_view event) {
  if (!router) {
    auto types = TypeTable::build();
    if (!types) return tl::unexpected(types.error());
    router = std::make_unique<Screen>(*types);
  }
  auto ledger = router->route(event);
  if (!ledger) return tl::unexpected(ledger.error());
  auto origin = origins.find(*ledger);
  if (origin == origins.end()) {
    auto answer = client.send("GET", "/v1/ledgers/" + *ledger);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status != 200) return tl::unexpected(problem_error(*answer));
    const json found = json::parse(answer->body, nullptr, false);
    if (!found.is_object()) return fail(Code::unreachable, *ledger, "the node's answer is no JSON");
    origin = origins.emplace(*ledger, found.value("origin", "")).first;
  }
  return to_string(sign_event(*key, origin->second, event));
}

Result<void> Emitter::Impl::add_event(std::string place, std::string_view bytes) {
  const std::string line = on_one_line(bytes);
  if (key != nullptr && !is_wrapped(line)) {
    auto signature = signature_for(line);
    if (!signature) {
      if (info(signature.error().code).fault != Fault::sender) return tl::unexpected(signature.error());
      refuse(std::move(place), to_string(signature.error()));
      return {};
    }
    body.append("{\"event\":").append(line).append(",\"signature\":").append(json(*signature).dump()).append("}\n");
  } else {
    body.append(line).append("\n");
  }
  places.push_back(std::move(place));
  if (places.size() >= kRequestEventsMax || body.size() >= kRequestBytesMax) return flush();
  return {};
}

Result<void> Emitter::Impl::flush() {
  if (places.empty()) return remember();
  std::string lines;
  auto answer = client.stream("POST", "/v1/events", {{"content-type", "application/x-ndjson"}}, body,
                              [&](std::string_view piece) {
                                lines.append(piece);
                                return true;
                              });
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status >= 400) return tl::unexpected(problem_error(*answer));
  std::size_t at = 0;
  std::size_t seen = 0;
  while (at < lines.size()) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const json line = json::parse(lines.substr(at, end - at), nullptr, false);
    if (!line.is_object()) return fail(Code::unreachable, "", "the node's result line is no JSON");
    if (auto taken = take_result(line); !taken) return taken;
    ++seen;
    at = end + 1;
  }
  if (seen != places.size()) {
    return fail(Code::unreachable, "",
                "the node gave " + std::to_string(seen) + " results for " + std::to_string(places.size()) +
                    " events; emit the same again, it is safe");
  }
  body.clear();
  places.clear();
  return remember();
}

Result<void> Emitter::Impl::take_result(const json& line) {
  const std::size_t index = line.value("index", std::size_t{0});
  if (index >= places.size())
    return fail(Code::unreachable, "", "the node gave a result for an event that was not sent");
  const int status = line.value("status", 0);
  Emitted one;
  one.place = places[index];
  if (status >= 500) {
    return fail(Code::unreachable, one.place,
                line.contains("problem") ? problem_text(line["problem"]) : "the node is busy");
  }
  if (status >= 400) {
    refuse(one.place, line.contains("problem") ? problem_text(line["problem"]) : "refused");
    return {};
  }
  one.ledger = line.value("ledger", "");
  one.sequence = line.value("sequence", std::uint64_t{0});
  one.outcome = status == 200 ? "duplicate" : "ledgered";
  ++(status == 200 ? counts.duplicates : counts.ledgered);
  report(one);
  return store_receipt(one.ledger, *one.sequence);
}

Result<void> Emitter::Impl::store_receipt(const std::string& ledger, std::uint64_t sequence) {
  if (options.receipts.empty()) return {};
  auto answer = client.send("GET", "/v1/ledgers/" + ledger + "/entries/" + std::to_string(sequence) + "/receipt",
                            {{"accept", "text/plain"}});
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(problem_error(*answer));
  std::error_code error;
  fs::create_directories(fs::path(options.receipts) / ledger, error);
  const fs::path path = fs::path(options.receipts) / ledger / (std::to_string(sequence) + ".tlog-proof");
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << answer->body;
  if (!out.flush()) return fail(Code::io, path.string(), "the receipt cannot be written");
  return {};
}

Result<void> Emitter::Impl::fhir(const InputDocument& document) {
  if (options.institution.empty()) {
    return fail(Code::bad_usage, document.place, "a FHIR resource: say for which institution with --institution");
  }
  if (document.resource_type != "AuditEvent" && document.resource_type != "Consent" &&
      document.resource_type != "Bundle") {
    refuse(document.place,
           "a FHIR " + document.resource_type + ": only AuditEvent, Consent and Bundles of them are taken");
    return {};
  }
  // What came before it, first: the order of the input is the order of the ledger.
  if (auto flushed = flush(); !flushed) return flushed;
  const bool bundle = document.resource_type == "Bundle";
  const std::string target = "/fhir/" + options.institution + (bundle ? "/" : "/" + document.resource_type);
  auto answer = client.send("POST", target, {{"content-type", "application/fhir+json"}}, document.bytes);
  if (!answer) return tl::unexpected(answer.error());
  const json body_json = json::parse(answer->body, nullptr, false);
  const auto one_answer = [&](const std::string& place, int status, const std::string& location,
                              const json& outcome) -> Result<void> {
    if (status == 503 || status == 507) return fail(Code::unreachable, place, "the node is busy");
    if (status >= 400) {
      std::string reason;
      if (outcome.is_object() && outcome.contains("issue")) {
        for (const json& issue : outcome["issue"]) {
          const std::string text =
              issue.value("diagnostics", issue.contains("details") ? issue["details"].value("text", "") : "");
          reason += (reason.empty() ? "" : "; ") + text;
        }
      }
      refuse(place, reason.empty() ? "status " + std::to_string(status) : reason);
      return {};
    }
    Emitted emitted;
    emitted.place = place;
    emitted.outcome = status == 200 ? "duplicate" : "ledgered";
    ++(status == 200 ? counts.duplicates : counts.ledgered);
    // ".../v1/ledgers/{ledger}/entries/{sequence}"
    const std::size_t ledgers = location.find("/v1/ledgers/");
    const std::size_t entries = location.find("/entries/");
    if (ledgers != std::string::npos && entries != std::string::npos) {
      emitted.ledger = location.substr(ledgers + 12, entries - ledgers - 12);
      emitted.sequence = std::strtoull(location.c_str() + entries + 9, nullptr, 10);
    }
    report(emitted);
    return emitted.sequence ? store_receipt(emitted.ledger, *emitted.sequence) : Result<void>();
  };
  if (!bundle || answer->status >= 400) {
    return one_answer(document.place, answer->status, std::string(answer->header("location")), body_json);
  }
  if (!body_json.is_object() || !body_json.contains("entry")) {
    return fail(Code::unreachable, document.place, "the node's answer to the Bundle is no batch-response");
  }
  std::size_t number = 0;
  for (const json& entry : body_json["entry"]) {
    const json response = entry.value("response", json::object());
    const std::string stated = response.value("status", "");  // "201" or "201 Created"
    int status = 0;
    const auto [end, wrong] = std::from_chars(stated.data(), stated.data() + stated.size(), status);
    if (wrong != std::errc()) {
      return fail(Code::unreachable, document.place, "the node's answer to the Bundle has an entry without a status");
    }
    auto done = one_answer(document.place + "#" + std::to_string(number++), status, response.value("location", ""),
                           response.value("outcome", json()));
    if (!done) return done;
  }
  return {};
}

Emitter::Emitter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Emitter::~Emitter() = default;
const EmitCounts& Emitter::counts() const { return impl_->counts; }

Result<std::unique_ptr<Emitter>> Emitter::make(HttpClient& client, const EmitOptions& options, const SigningKey* key,
                                               std::function<void(const Emitted&)> report) {
  auto impl = std::make_unique<Impl>(client, options, key, std::move(report));
  if (auto loaded = impl->load_state(); !loaded) return tl::unexpected(loaded.error());
  return std::unique_ptr<Emitter>(new Emitter(std::move(impl)));
}

Result<void> Emitter::take(InputDocument document) {
  Impl& impl = *impl_;
  ++impl.documents;
  impl.chain = sha256(std::string(impl.chain.view()) + std::string(sha256(document.bytes).view()));
  if (impl.documents <= impl.sent_before) {
    if (impl.documents == impl.sent_before && impl.chain != impl.sent_chain) {
      return fail(Code::bad_usage, impl.options.state_file,
                  "the inputs are not those that were sent before; remove the state file to send all of them");
    }
    ++impl.counts.skipped;
    return {};
  }
  Result<void> taken;
  if (document.kind == DocumentKind::fhir) {
    taken = impl.fhir(document);
  } else if (document.kind == DocumentKind::xml) {
    impl.refuse(document.place, "XML (" + document.resource_type + "): FHIR is taken as JSON only");
  } else if (document.kind == DocumentKind::batch) {
    std::size_t number = 0;
    for (const std::string_view element : elements_of(document.bytes)) {
      if (taken = impl.add_event(document.place + "#" + std::to_string(number++), element); !taken) break;
    }
  } else {
    taken = impl.add_event(std::move(document.place), document.bytes);
  }
  // Only whole documents are remembered as sent, and only once their request was answered.
  if (taken) {
    impl.complete = impl.documents;
    impl.complete_chain = impl.chain;
  }
  return taken;
}

Result<void> Emitter::finish() { return impl_->flush(); }

}  // namespace jangbu::tools
