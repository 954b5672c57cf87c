#include "api/intake.h"

#include <algorithm>
#include <charconv>

#include "api/problem.h"
#include "ledger/kafka_record.h"
#include "ledger/view.h"
#include "schemas/bounds.h"
#include "schemas/structured.h"

namespace jangbu::api {
namespace {

// One event may be larger than an entry: then the screen says so, by name. A batch is read whole; longer ones are
// streams.
constexpr std::size_t kEventBytesMax = std::size_t{1} << 20;
constexpr std::size_t kBatchBytesMax = std::size_t{8} << 20;
constexpr std::chrono::milliseconds kHold{25};  // how a request is held up while the index is far behind
constexpr unsigned kHoldsMax = 40;
constexpr std::uint64_t kWaitSecondsMax = 55;  // below the server's own time for a handler

enum class Form : std::uint8_t { structured, batch, binary, stream, unknown };

Form form_of(const Request& request) {
  const std::string type = media_type(request.header("content-type"));
  if (type == "application/cloudevents+json") return Form::structured;
  if (type == "application/cloudevents-batch+json") return Form::batch;
  if (type == "application/x-ndjson") return Form::stream;
  if (!request.header("ce-specversion").empty() || !request.header("ce-id").empty()) return Form::binary;
  return Form::unknown;
}

BodyPlan plan(const Request& request) {
  switch (form_of(request)) {
    case Form::stream:
      return {BodyMode::streamed, 0};
    case Form::batch:
      return {BodyMode::whole, kBatchBytesMax};
    case Form::structured:
    case Form::binary:
    case Form::unknown:
      break;
  }
  return {BodyMode::whole, kEventBytesMax};
}

// RFC 7240, as far as it matters here.
struct Preference {
  bool respond_async = false;
  std::optional<std::chrono::seconds> wait;
};

Preference preference_of(const Request& request) {
  Preference result;
  std::string_view list = request.header("prefer");
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(",;"), list.size());
    std::string_view token = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (token.starts_with(' ')) token.remove_prefix(1);
    while (token.ends_with(' ')) token.remove_suffix(1);
    if (equals_ignoring_case(token, "respond-async")) result.respond_async = true;
    if (token.size() > 5 && equals_ignoring_case(token.substr(0, 5), "wait=")) {
      const auto seconds = parse_number(token.substr(5), "", 1'000'000);
      if (seconds) result.wait = std::chrono::seconds(std::min(*seconds, kWaitSecondsMax));
    }
  }
  return result;
}

// 201 or 200 with the receipt, on the I/O thread.
Response answer(const Node& node, const IntakeOutcome& outcome) {
  if (!outcome.errors.empty()) {
    // Errors without a place in the event are about the call, not about its fields.
    const bool about_event = outcome.placement.has_value() ||
                             std::any_of(outcome.errors.begin(), outcome.errors.end(),
                                         [](const Error& error) { return info(error.code).fault == Fault::sender; });
    Response response = about_event ? problem(outcome.errors) : problem(outcome.errors.front());
    if (outcome.placement && outcome.placement->first) {
      response.with("location", entry_path(*outcome.ledger, *outcome.placement->first));
    }
    return response;
  }
  const auto view = node.view(*outcome.ledger);
  if (!view) return problem(view.error());
  const SequenceNumber number = outcome.placement->sequence;
  const auto made = receipt(*view, number, outcome.placement->leaf, outcome.placement->received_ms);
  if (!made) return problem(made.error());
  Response response;
  response.status = status_of(outcome);
  response.content_type = "application/json";
  response.body = to_json(*made);
  response.with("location", entry_path(*outcome.ledger, number));
  return response;
}

// Where the event stands, which is all that is known until the ledger has it.
void add_place(const std::string& topic, const SourcePosition& place, Response& response) {
  response.body.pop_back();
  response.body += R"(,"topic":")" + topic + R"(","generation":)" + std::to_string(place.generation.value()) +
                   R"(,"offset":)" + std::to_string(place.offset.value()) + '}';
}

// The receipt is not there yet, and the request did not want to wait.
Response pending(const LedgerId& ledger, std::string_view source, std::string_view id) {
  Response response;
  response.status = 202;
  response.content_type = "application/json";
  const std::string where =
      "/v1/receipts?ledger=" + ledger.text() + "&source=" + percent_encode(source) + "&id=" + percent_encode(id);
  response.body = R"({"status":"pending","receipt":")" + where + "\"}";
  response.with("location", where);
  return response;
}

// Binary mode: ce- headers and the body as one structured event (E5, J2).
Result<std::string> structured(const Request& request) {
  std::vector<BinaryAttribute> attributes;
  for (const HeaderField& field : request.headers) {
    std::string name(field.name);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (name == "content-type") {
      attributes.push_back({"datacontenttype", std::string(field.value)});
    } else if (name.starts_with("ce-")) {
      auto value = percent_decode(field.value, false);
      if (!value) return fail(Code::bad_envelope, "/" + name.substr(3), value.error().what);
      attributes.push_back({name.substr(3), std::move(*value)});
    }
  }
  return structured_form(attributes, request.body);
}

void take_one(Intake& intake, const ExchangePtr& exchange, std::string event, bool validate_only) {
  const Request& request = exchange->request();
  auto passed = intake.judges[exchange->worker()].judge(event, request.find_header("jangbu-signature"));
  if (!passed) return exchange->respond(problem(passed.error()));
  if (validate_only) {
    Response response;
    response.content_type = "application/json";
    response.body =
        R"({"valid":true,"ledger":")" + passed->ledger.text() + R"(","type":")" + passed->event->type->name + "\"}";
    return exchange->respond(std::move(response));
  }
  struct Waiting {
    bool answered = false;
    bool ordered = false;
    Response late;
  };
  std::shared_ptr<Waiting> waiting;
  const Preference preference = preference_of(request);
  // Kafka's acknowledgement is an answer; who wants the receipt says how long he waits for it.
  const bool ordered_elsewhere = intake.node.has_order();
  const bool waits = preference.wait && preference.wait->count() > 0;
  if (preference.respond_async || preference.wait || ordered_elsewhere) {
    waiting = std::make_shared<Waiting>();
    waiting->late = pending(passed->ledger, passed->event->source, passed->event->id);
  }
  Placed placed = [&node = intake.node, exchange, ledger = passed->ledger, waiting](Result<Placement> placement) {
    exchange->post([&node, exchange, waiting, outcome = outcome_of(ledger, std::move(placement))] {
      if (waiting && std::exchange(waiting->answered, true)) return;
      // Where the ledger is followed the receipt comes with its signer's checkpoint.
      const bool later = waiting && outcome.errors.empty() && node.follows(*outcome.ledger);
      exchange->respond(later ? std::move(waiting->late) : answer(node, outcome));
    });
  };
  Submission submission = std::move(*passed).submission(std::move(event));
  if (ordered_elsewhere) {
    submission.ordered = [exchange, waiting, waits, &node = intake.node,
                          ledger = submission.ledger](const SourcePosition& place) {
      exchange->post([exchange, waiting, waits, &node, ledger, place] {
        if (waiting->answered) return;
        add_place(topic_prefix(node.space()) + ledger.text(), place, waiting->late);
        waiting->ordered = true;
        if (waits) return;
        waiting->answered = true;
        exchange->respond(std::move(waiting->late));
      });
    };
  }
  if (auto queued = intake.node.submit(std::move(submission), std::move(placed)); !queued) {
    return exchange->respond(problem(queued.error()));
  }
  if (!waiting || (ordered_elsewhere && !waits)) return;
  auto give_up = [exchange, waiting, ordered_elsewhere] {
    if (std::exchange(waiting->answered, true)) return;
    if (ordered_elsewhere && !waiting->ordered) {
      return exchange->respond(problem(
          Error{Code::kafka_unreachable, "", "no broker has acknowledged the event yet; it may still be ledgered"}));
    }
    exchange->respond(std::move(waiting->late));
  };
  if (waits) {
    exchange->after(*preference.wait, std::move(give_up));
  } else {
    give_up();
  }
}

Response batch_answer(const std::vector<IntakeOutcome>& outcomes) {
  Response response;
  response.content_type = "application/json";
  response.body = R"({"results":[)";
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (i > 0) response.body += ',';
    append_result(i, outcomes[i], response.body);
    if (!outcomes[i].errors.empty()) response.status = 207;
  }
  response.body += "]}";
  return response;
}

void take_batch(Intake& intake, const ExchangePtr& exchange, bool validate_only) {
  std::string& body = exchange->request().body;
  body.reserve(body.size() + kIntakePadding);
  IntakeJudge& judge = intake.judges[exchange->worker()];
  auto slices = judge.split_batch(body);
  if (!slices) return exchange->respond(problem(Errors{slices.error()}));
  const auto batch = std::make_shared<IntakeTogether>(
      exchange, slices->size(),
      [exchange](std::vector<IntakeOutcome>& outcomes) { exchange->respond(batch_answer(outcomes)); });
  for (std::size_t i = 0; i < slices->size(); ++i) {
    IntakeOutcome& outcome = (*batch)[i];
    if ((*slices)[i].empty()) {
      outcome.errors.push_back({Code::wrong_type, "", "not an object"});
      continue;
    }
    const auto element = judge.unwrap((*slices)[i]);
    if (!element) {
      outcome.errors.push_back(element.error());
      continue;
    }
    auto passed = judge.judge(element->event, element->signature);
    if (!passed) {
      outcome.errors = std::move(passed.error());
      continue;
    }
    outcome.ledger = passed->ledger;
    if (validate_only) {
      outcome.validated = true;
    } else {
      batch->submit(intake.node, i, std::move(*passed).submission(std::string(element->event)));
    }
  }
  batch->close();
}

void take(Intake& intake, const ExchangePtr& exchange, bool validate_only) {
  switch (form_of(exchange->request())) {
    case Form::structured:
      return take_one(intake, exchange, std::move(exchange->request().body), validate_only);
    case Form::batch:
      return take_batch(intake, exchange, validate_only);
    case Form::stream:
      return take_stream(intake, exchange, validate_only);
    case Form::binary: {
      auto event = structured(exchange->request());
      if (!event) return exchange->respond(problem(Errors{event.error()}));
      return take_one(intake, exchange, std::move(*event), validate_only);
    }
    case Form::unknown:
      break;
  }
  exchange->respond(problem(Error{Code::bad_content_type, "",
                                  "taken are application/cloudevents+json, application/cloudevents-batch+json, "
                                  "application/x-ndjson, and application/json with ce- headers"}));
}

// Slower while the index is far behind, but never refused: the ledger does not need the index.
void take_in_turn(const std::shared_ptr<Intake>& intake, const ExchangePtr& exchange, bool validate_only,
                  unsigned held) {
  if (validate_only || held >= kHoldsMax || !intake->index_is_behind()) return take(*intake, exchange, validate_only);
  exchange->after(kHold, [intake, exchange, held] { take_in_turn(intake, exchange, false, held + 1); });
}

}  // namespace

Intake::Intake(const Service& service, std::size_t workers) : node(service.node), index_lag(service.index_lag) {
  for (std::size_t i = 0; i < workers; ++i) judges.emplace_back(node);
}

std::string entry_path(const LedgerId& ledger, SequenceNumber number) {
  return "/v1/ledgers/" + ledger.text() + "/entries/" + std::to_string(number.value());
}

IntakeTogether::IntakeTogether(ExchangePtr exchange, std::size_t count,
                               std::function<void(std::vector<IntakeOutcome>&)> finish)
    : exchange_(std::move(exchange)), finish_(std::move(finish)), outcomes_(count) {}

void IntakeTogether::submit(Node& node, std::size_t index, Submission submission) {
  IntakeOutcome& outcome = outcomes_[index];
  outcome.ledger = submission.ledger;
  ++open_;
  auto queued = node.submit(std::move(submission), [self = shared_from_this(), index](Result<Placement> placement) {
    IntakeOutcome& placed = self->outcomes_[index];
    placed = outcome_of(*placed.ledger, std::move(placement));
    if (--self->open_ == 0) self->exchange_->post([self] { self->finish_(self->outcomes_); });
  });
  if (queued) return;
  outcome.errors.push_back(queued.error());
  --open_;  // not the last one: close() is still to come
}

void IntakeTogether::close() {
  if (--open_ == 0) finish_(outcomes_);
}

IntakeOutcome outcome_of(const LedgerId& ledger, Result<Placement> placement) {
  IntakeOutcome outcome;
  outcome.ledger = ledger;
  if (!placement) {
    outcome.errors.push_back(std::move(placement.error()));
    return outcome;
  }
  outcome.placement = std::move(*placement);
  switch (outcome.placement->kind) {
    case Placement::Kind::appended:
    case Placement::Kind::duplicate:
      break;
    case Placement::Kind::conflict:
    case Placement::Kind::rejected:
      outcome.errors = outcome.placement->errors;
      break;
  }
  if (outcome.placement->kind == Placement::Kind::conflict && outcome.errors.empty()) {
    outcome.errors.push_back({Code::conflict, "/id", "another event with this source and id is ledgered"});
  }
  return outcome;
}

int status_of(const IntakeOutcome& outcome) {
  if (!outcome.errors.empty()) return info(outcome.errors.front().code).http_status;
  if (outcome.validated) return 200;
  return outcome.placement->kind == Placement::Kind::duplicate ? 200 : 201;
}

void append_result(std::size_t index, const IntakeOutcome& outcome, std::string& out) {
  out += R"({"index":)";
  out += std::to_string(index);
  out += R"(,"status":)";
  out += std::to_string(status_of(outcome));
  if (!outcome.errors.empty()) {
    out += R"(,"problem":)";
    out += problem_json(outcome.errors.front(), outcome.errors);
  } else {
    out += R"(,"ledger":")";
    out += outcome.ledger->text();
    out += '"';
    if (outcome.placement) {
      out += R"(,"sequence":)";
      out += std::to_string(outcome.placement->sequence.value());
      out += R"(,"leaf":")";
      out += digest_text(outcome.placement->leaf);
      out += R"(","receipt":")";
      out += entry_path(*outcome.ledger, outcome.placement->sequence);
      out += R"(/receipt")";
    } else {
      out += R"(,"valid":true)";
    }
  }
  out += '}';
}

void add_intake_routes(const Service& service, std::size_t workers, std::vector<Route>& routes) {
  const auto intake = std::make_shared<Intake>(service, workers);
  const auto route = [&](std::string pattern, std::string summary, bool validate_only) {
    Route made;
    made.method = Method::post;
    made.pattern = std::move(pattern);
    made.body = BodyMode::whole;
    made.body_bytes_max = kBatchBytesMax;
    made.summary = std::move(summary);
    const bool refuses = !service.intake && !validate_only;
    made.handler = [intake, validate_only, refuses](const ExchangePtr& exchange) {
      if (refuses) {
        return exchange->respond(
            problem(Error{Code::misdirected, "", "this service runs the checks and takes no events; a node does"}));
      }
      take_in_turn(intake, exchange, validate_only, 0);
    };
    made.body_plan = plan;
    routes.push_back(std::move(made));
  };
  route("/v1/events", "Ledger events", false);
  route("/v1/validate", "The verdict that events would get; nothing is stored", true);
}

}  // namespace jangbu::api
