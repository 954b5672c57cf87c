#include "api/intake_judge.h"

#include <simdjson.h>

#include "ledger/entry.h"
#include "schemas/bounds.h"

namespace jangbu::api {
namespace {

static_assert(kIntakePadding >= simdjson::SIMDJSON_PADDING);

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// No event has a member of these names, so the first member tells a wrapper from an event.
bool looks_wrapped(std::string_view element) {
  if (!element.starts_with('{')) return false;
  element.remove_prefix(std::min(element.find_first_not_of(" \t\r\n", 1), element.size()));
  return element.starts_with("\"event\"") || element.starts_with("\"signature\"");
}

simdjson::padded_string_view padded(std::string_view text) {
  return simdjson::padded_string_view(text.data(), text.size(), text.size() + kIntakePadding);
}

// After everything was taken from it: did the text end there?
bool at_end(simdjson::ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

tl::unexpected<Error> bad_json(simdjson::error_code code) {
  return fail(Code::not_json, "", simdjson::error_message(code));
}

}  // namespace

struct IntakeJudge::Impl {
  explicit Impl(const Node& of_node) : node(of_node), screen(of_node.types()) {}

  const Node& node;
  Screen screen;
  simdjson::ondemand::parser parser;
  Verdict verdict;
};

Submission IntakeJudge::Passed::submission(std::string bytes) && {
  const EventType* const type = event->type;
  const DedupKey key = dedup_key(event->source, event->id);
  return Submission{std::move(ledger), std::move(bytes), std::move(signature), true, type, key};
}

IntakeJudge::IntakeJudge(const Node& node) : impl_(std::make_unique<Impl>(node)) {}
IntakeJudge::~IntakeJudge() = default;
IntakeJudge::IntakeJudge(IntakeJudge&&) noexcept = default;
IntakeJudge& IntakeJudge::operator=(IntakeJudge&&) noexcept = default;

tl::expected<IntakeJudge::Passed, Errors> IntakeJudge::judge(std::string_view event,
                                                             const std::optional<std::string_view>& signature) {
  const auto refuse = [](Error error) { return tl::unexpected(Errors{std::move(error)}); };
  std::optional<AuthorSignature> author;
  if (signature) {
    auto parsed = parse_author_signature(*signature);
    if (!parsed) {
      parsed.error().where = "/jangbu-signature";
      return refuse(std::move(parsed.error()));
    }
    author = *parsed;
  }
  auto route = impl_->screen.route(event);
  // What keeps an event from having a ledger is in the verdict too, with whatever else is wrong.
  auto ledger = route ? LedgerId::parse(*route) : tl::unexpected(route.error());
  if (route && (!ledger || !impl_->node.has(*ledger))) {
    return refuse(Error{Code::no_such_ledger, "/institution", "this node has no ledger of that institution"});
  }
  ScreenTarget target;
  if (ledger) target = {ledger->institution(), ledger->kind()};
  impl_->verdict = impl_->screen.judge(event, target, kEntryHeaderBytes + (author ? kEntryAuthorBytes : 0));
  if (!ledger) {
    Errors errors = std::move(impl_->verdict.errors);
    // Without a ledger it was judged for none: what the screen says about that is only our doing.
    std::erase_if(errors, [](const Error& error) { return error.code == Code::wrong_ledger; });
    if (errors.empty()) errors.push_back(route.error());
    return tl::unexpected(std::move(errors));
  }
  if (!impl_->verdict.passed()) return tl::unexpected(std::move(impl_->verdict.errors));
  if (auto judged = impl_->node.judge_author(impl_->verdict.event, *ledger, author); !judged) {
    return refuse(std::move(judged.error()));
  }
  return Passed{std::move(*ledger), author, &impl_->verdict.event};
}

Result<IntakeElement> IntakeJudge::unwrap(std::string_view element) {
  element = trim(element);
  if (!looks_wrapped(element)) return IntakeElement{element, std::nullopt};
  simdjson::ondemand::document document;
  if (const auto error = impl_->parser.iterate(padded(element)).get(document)) return bad_json(error);
  simdjson::ondemand::object object;
  if (const auto error = document.get_object().get(object)) return bad_json(error);
  IntakeElement result;
  for (auto field : object) {
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return bad_json(error);
    if (key == "event") {
      if (!result.event.empty()) return fail(Code::duplicate_key, "/event", "the member stands twice");
      simdjson::ondemand::object event;
      const auto error = field.value().get_object().get(event);
      if (error == simdjson::INCORRECT_TYPE) return fail(Code::wrong_type, "/event", "not an object");
      if (error) return bad_json(error);
      if (const auto raw = event.raw_json().get(result.event)) return bad_json(raw);
      result.event = trim(result.event);
    } else if (key == "signature") {
      if (result.signature) return fail(Code::duplicate_key, "/signature", "the member stands twice");
      std::string_view text;
      const auto error = field.value().get_string().get(text);
      if (error == simdjson::INCORRECT_TYPE) return fail(Code::wrong_type, "/signature", "not a string");
      if (error) return bad_json(error);
      result.signature = std::string(text);
    } else {
      return fail(Code::unknown_member, "/" + std::string(key.substr(0, 64)),
                  "a wrapped event has the members event and signature");
    }
  }
  if (!at_end(document)) return fail(Code::not_json, "", "something follows the wrapped event");
  if (result.event.empty()) return fail(Code::missing_member, "/event", "a wrapped event without the event");
  return result;
}

Result<std::vector<std::string_view>> IntakeJudge::split_batch(std::string_view batch) {
  simdjson::ondemand::document document;
  if (const auto error = impl_->parser.iterate(padded(batch)).get(document)) return bad_json(error);
  simdjson::ondemand::array array;
  const auto opened = document.get_array().get(array);
  if (opened == simdjson::INCORRECT_TYPE) return fail(Code::wrong_type, "", "a batch is an array of events");
  if (opened) return bad_json(opened);
  std::vector<std::string_view> slices;
  for (auto element : array) {
    simdjson::ondemand::value value;
    if (const auto error = element.get(value)) return bad_json(error);
    simdjson::ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return bad_json(error);
    std::string_view slice;
    if (type == simdjson::ondemand::json_type::object) {
      simdjson::ondemand::object object;
      if (const auto error = value.get_object().get(object)) return bad_json(error);
      if (const auto error = object.raw_json().get(slice)) return bad_json(error);
    }
    slices.push_back(slice);
  }
  if (!at_end(document)) return fail(Code::not_json, "", "something follows the batch");
  return slices;
}

}  // namespace jangbu::api
