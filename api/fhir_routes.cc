#include "api/fhir_routes.h"

#include <atomic>
#include <memory>

#include "api/fhir.h"
#include "api/fhir_outcome.h"
#include "api/intake.h"
#include "ledger/space.h"
#include "ledger/tree.h"
#include "schemas/timestamp.h"

namespace jangbu::api {
namespace {

using fhir::Converted;

// A resource is a few KiB; a Bundle holds many. What is longer goes in several, or as events in a stream.
constexpr std::size_t kResourceBytesMax = std::size_t{1} << 20;
constexpr std::size_t kBundleBytesMax = std::size_t{8} << 20;

struct Fhir {
  Intake intake;
  const PseudonymKeys& keys;
  std::string started;
};

// A resource on its way: what it became, and what became of that.
struct Item {
  Errors errors;  // of the resource; those of its events are in `outcomes`
  std::vector<Converted> events;
  std::vector<IntakeOutcome> outcomes;
};

struct Waiting {
  std::vector<Item> items;
  std::atomic<std::size_t> open = 1;  // events not placed yet, and one for the loop that submits them
};

Response fhir_answer(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = fhir::kFhirJson;
  response.body = std::move(body);
  return response;
}

// A FHIRPath is an expression; a pointer into the event that was made is told in words.
Error told(Error error) {
  if (error.where.starts_with('/')) error.what = "in the event that it becomes, at " + error.where + ": " + error.what;
  return error;
}

Response refused(const Errors& errors) {
  Errors spoken;
  for (const Error& error : errors) spoken.push_back(told(error));
  const CodeInfo& row = info(errors.front().code);
  Response response = fhir_answer(row.http_status, fhir::operation_outcome(spoken));
  if (row.retry) response.with("retry-after", "1");
  return response;
}

std::string entry_path(const LedgerId& ledger, SequenceNumber number) {
  return "/v1/ledgers/" + ledger.text() + "/entries/" + std::to_string(number.value());
}

Errors errors_of(const Item& item) {
  Errors errors = item.errors;
  for (const IntakeOutcome& outcome : item.outcomes) {
    errors.insert(errors.end(), outcome.errors.begin(), outcome.errors.end());
  }
  return errors;
}

int status_of(const Item& item) {
  int status = 200;  // all were there before
  for (const IntakeOutcome& outcome : item.outcomes) status = std::max(status, api::status_of(outcome));
  return status;
}

Response answer_one(const Item& item) {
  if (const Errors errors = errors_of(item); !errors.empty()) return refused(errors);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < item.events.size(); ++i) {
    const IntakeOutcome& outcome = item.outcomes[i];
    lines.push_back(item.events[i].type + " is entry " + std::to_string(outcome.placement->sequence.value()) +
                    " of ledger " + outcome.ledger->text());
  }
  Response response = fhir_answer(status_of(item), fhir::information(lines));
  const IntakeOutcome& first = item.outcomes.front();
  response.with("location", entry_path(*first.ledger, first.placement->sequence));
  return response;
}

Response answer_batch(const std::vector<Item>& items) {
  std::vector<fhir::EntryAnswer> answers;
  for (const Item& item : items) {
    fhir::EntryAnswer answer;
    for (Error& error : errors_of(item)) answer.errors.push_back(told(std::move(error)));
    if (!answer.errors.empty()) {
      answer.status = info(answer.errors.front().code).http_status;
    } else {
      const IntakeOutcome& first = item.outcomes.front();
      answer.status = status_of(item);
      answer.location = entry_path(*first.ledger, first.placement->sequence);
    }
    answers.push_back(std::move(answer));
  }
  return fhir_answer(200, fhir::batch_response(answers));
}

// The same document was converted before, perhaps by another version of the converter, into this ledger or the other:
// its id says so, since it is made from the document's digest.
std::optional<IntakeOutcome> placed_before(const Node& node, std::string_view institution, const Converted& event) {
  for (const LedgerKind kind : {LedgerKind::patients, LedgerKind::shared}) {
    const LedgerId ledger = LedgerId::of(institution, kind);
    const auto view = node.view(ledger);
    if (!view) continue;
    const auto found = view->find(event.source, event.id);
    if (!found || !*found) continue;
    const auto entry = view->entry(**found);
    if (!entry) continue;
    Placement placement;
    placement.kind = Placement::Kind::duplicate;
    placement.sequence = **found;
    placement.leaf = leaf_hash(entry->bytes);
    placement.received_ms = entry->entry.received_ms;
    return outcome_of(ledger, std::move(placement));
  }
  return std::nullopt;
}

// Submits every event of every item; `finish` runs on the I/O thread once all have a place or an error.
void submit(Fhir& fhir, const ExchangePtr& exchange, std::string_view institution,
            const std::shared_ptr<Waiting>& waiting, const std::function<void()>& finish) {
  IntakeJudge& judge = fhir.intake.judges[exchange->worker()];
  for (Item& item : waiting->items) {
    item.outcomes.resize(item.events.size());
    for (std::size_t i = 0; i < item.events.size(); ++i) {
      IntakeOutcome& outcome = item.outcomes[i];
      if (auto before = placed_before(fhir.intake.node, institution, item.events[i])) {
        outcome = std::move(*before);
        continue;
      }
      auto passed = judge.judge(item.events[i].event, std::nullopt);
      if (!passed) {
        outcome.errors = std::move(passed.error());
        continue;
      }
      outcome.ledger = passed->ledger;
      ++waiting->open;
      Placed placed = [exchange, waiting, finish, &outcome](Result<Placement> placement) {
        outcome = outcome_of(*outcome.ledger, std::move(placement));
        if (--waiting->open == 0) exchange->post(finish);
      };
      auto queued = fhir.intake.node.submit(std::move(*passed).submission(item.events[i].event), std::move(placed));
      if (!queued) {
        outcome.errors.push_back(std::move(queued.error()));
        --waiting->open;
      }
    }
  }
  if (--waiting->open == 0) finish();
}

// What stands in the way before the body is looked at.
std::optional<Error> refuse(const Fhir& fhir, const Request& request) {
  if (fhir.keys.find(request.captures.front()) == fhir.keys.end()) {
    return Error{Code::misdirected, "",
                 "this node does not hold that institution's pseudonym key: FHIR goes to a node of the institution"};
  }
  if (!accepted(request.header("accept"), {fhir::kFhirJson, "application/json"})) {
    return Error{Code::not_acceptable, "", "answers are application/fhir+json"};
  }
  if (request.method != Method::post) return std::nullopt;
  const std::string type = media_type(request.header("content-type"));
  if (type == fhir::kFhirJson || type == "application/json") return std::nullopt;
  return Error{Code::bad_content_type, "",
               type.ends_with("xml") ? "FHIR XML is not taken here: send the resource as application/fhir+json"
                                     : "taken are application/fhir+json and application/json"};
}

void take(Fhir& fhir, const ExchangePtr& exchange, std::string_view resource_type) {
  Request& request = exchange->request();
  if (auto error = refuse(fhir, request)) return exchange->respond(refused({std::move(*error)}));
  const std::string institution = request.captures.front();
  const fhir::Context context{.institution = institution, .key = fhir.keys.find(institution)->second};
  auto waiting = std::make_shared<Waiting>();
  if (resource_type == "Bundle") {
    auto items = fhir::convert_bundle(request.body, context);
    if (!items) return exchange->respond(refused({std::move(items.error())}));
    for (fhir::BundleItem& entry : *items) {
      Item item;
      if (entry.result) {
        item.events = std::move(*entry.result);
      } else {
        item.errors.push_back(std::move(entry.result.error()));
      }
      waiting->items.push_back(std::move(item));
    }
    return submit(fhir, exchange, institution, waiting,
                  [exchange, waiting] { exchange->respond(answer_batch(waiting->items)); });
  }
  const auto type = fhir::resource_type(request.body);
  if (!type) return exchange->respond(refused({type.error()}));
  if (*type != resource_type) {
    return exchange->respond(refused(
        {{Code::fhir_unreadable, *type + ".resourceType", "this address takes " + std::string(resource_type)}}));
  }
  auto events = fhir::convert(request.body, context);
  if (!events) return exchange->respond(refused({std::move(events.error())}));
  waiting->items.emplace_back();
  waiting->items.front().events = std::move(*events);
  submit(fhir, exchange, institution, waiting,
         [exchange, waiting] { exchange->respond(answer_one(waiting->items.front())); });
}

Response metadata(const Fhir& fhir, const Request& request) {
  if (auto error = refuse(fhir, request)) return refused({std::move(*error)});
  const auto version = fhir::asked_version(request.header("accept"));
  if (!version) return refused({{Code::not_acceptable, "", "fhirVersion is 4.0 or 5.0"}});
  Response response =
      fhir_answer(200, fhir::capability_statement(*version, "/fhir/" + request.captures.front(), fhir.started));
  response.with("vary", "accept");
  return response;
}

}  // namespace

Result<PseudonymKeys> load_pseudonym_keys(const std::filesystem::path& directory, const Node& node,
                                          const AskPassphrase& ask_passphrase) {
  PseudonymKeys keys;
  for (const LedgerId& ledger : node.ledgers()) {
    if (ledger.kind() != LedgerKind::patients) continue;
    const auto path = pseudonym_key_path(directory, ledger.institution());
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;  // the ledger is mirrored here, its names are not
    auto key = read_pseudonym_key(path, ask_passphrase);
    if (!key) return tl::unexpected(std::move(key.error()));
    keys.emplace(ledger.institution(), std::move(*key));
  }
  return keys;
}

void add_fhir_routes(const Service& service, const PseudonymKeys& keys, std::size_t workers,
                     std::vector<Route>& routes) {
  const auto started = to_string(Timestamp::from_milliseconds(service.clock.wall_milliseconds()));
  const auto fhir = std::make_shared<Fhir>(Fhir{Intake(service, workers), keys, started});
  const auto post = [&](std::string pattern, std::string_view resource_type, std::size_t bytes_max,
                        std::string summary) {
    Route route;
    route.method = Method::post;
    route.pattern = std::move(pattern);
    route.body = BodyMode::whole;
    route.body_bytes_max = bytes_max;
    route.summary = std::move(summary);
    route.handler = [fhir, resource_type](const ExchangePtr& exchange) { take(*fhir, exchange, resource_type); };
    routes.push_back(std::move(route));
  };
  post("/fhir/{institution}/AuditEvent", "AuditEvent", kResourceBytesMax, "Ledger a FHIR AuditEvent (R4, R5)");
  post("/fhir/{institution}/Consent", "Consent", kResourceBytesMax, "Ledger a FHIR Consent (R4, R5)");
  post("/fhir/{institution}", "Bundle", kBundleBytesMax, "Ledger a FHIR batch of them");
  post("/fhir/{institution}/", "Bundle", kBundleBytesMax, "Ledger a FHIR batch of them");
  Route about;
  about.method = Method::get;
  about.pattern = "/fhir/{institution}/metadata";
  about.summary = "The FHIR CapabilityStatement";
  about.handler = at_once([fhir](const Request& request) { return metadata(*fhir, request); });
  routes.push_back(std::move(about));
}

}  // namespace jangbu::api
