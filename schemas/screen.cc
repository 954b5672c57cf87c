#include "schemas/screen.h"

#include <algorithm>

#include "schemas/envelope.h"
#include "schemas/identifiers.h"
#include "schemas/report.h"
#include "schemas/schema_walk.h"
#include "schemas/strict_json.h"

namespace jangbu {

namespace dom = simdjson::dom;

namespace {

constexpr std::string_view kPatients = ".patients";

// "hanbit" and shared: "hanbit"; "hanbit" and patients: "hanbit.patients".
bool is_ledger_of(std::string_view ledger, const ScreenTarget& target) {
  if (!ledger.starts_with(target.institution)) return false;
  ledger.remove_prefix(target.institution.size());
  return ledger == (target.kind == LedgerKind::patients ? kPatients : std::string_view());
}

// Does the event stand in a ledger that all may read? The type says so; where it may stand in both, the event.
bool is_shared(const Envelope& envelope) {
  if (!envelope.type->in_patients) return true;
  if (!envelope.type->in_shared) return false;
  return envelope.ledger && envelope.ledger->find(kPatients) == std::string_view::npos;
}

void judge_target(const Envelope& envelope, const ScreenTarget& target, Report& report) {
  if (envelope.institution && *envelope.institution != target.institution) {
    report.add(Code::wrong_ledger, "/institution", "expected the institution whose ledger this is");
  }
  if (envelope.type == nullptr) return;
  const bool patients = target.kind == LedgerKind::patients;
  if (patients ? !envelope.type->in_patients : !envelope.type->in_shared) {
    report.add(Code::wrong_ledger, "/type",
               patients ? "expected a type that stands in a patients' ledger"
                        : "expected a type that stands in a shared ledger");
  } else if (envelope.ledger && envelope.type->in_patients && envelope.type->in_shared &&
             !is_ledger_of(*envelope.ledger, target)) {
    report.add(Code::wrong_ledger, "/ledger", "expected the ledger for which the record is meant");
  }
}

}  // namespace

struct Screen::Impl {
  std::shared_ptr<const TypeTable> types;
  StrictJson json;
  Report report;

  void strict(std::string_view bytes, Verdict& verdict);
  void finish(Verdict& verdict) const;
};

// A record that is no strict JSON: what is wrong, and whether its bytes hold an identifier, for which they are examined
// as they stand, since there is no document to examine.
void Screen::Impl::strict(std::string_view bytes, Verdict& verdict) {
  verdict.errors = strict_errors(bytes, kErrorsListedMax + 1);
  if (verdict.errors.empty()) verdict.errors.push_back({Code::not_json, "", "expected one JSON document"});
  verdict.has_direct_identifier = find_direct_identifier(bytes, std::nullopt).has_value();
  if (!verdict.has_direct_identifier) {
    // Escapes could hide one: as far as the document can be read, its strings are examined unescaped.
    if (const std::optional<dom::element> root = json.parse_trusted(bytes)) {
      report.clear();
      JsonPath path;
      Walk(false, std::nullopt, report, path).examine_all(*root);
      verdict.has_direct_identifier = report.has_identifier();
    }
  }
  finish(verdict);
}

// The bound on how many are listed, and places that would repeat an identifier.
void Screen::Impl::finish(Verdict& verdict) const {
  if (verdict.errors.size() > kErrorsListedMax) {
    verdict.errors.resize(kErrorsListedMax);
    verdict.errors.push_back({Code::too_many_errors, "", "expected a record with fewer errors"});
  }
  for (Error& error : verdict.errors) {
    if (find_direct_identifier(error.where, std::nullopt)) {
      error.where = std::string(types->public_pointer(error.where));
      verdict.has_direct_identifier = true;
    }
  }
}

Screen::Screen(std::shared_ptr<const TypeTable> types) : impl_(new Impl{std::move(types), {}, {}}) {}
Screen::~Screen() = default;
Screen::Screen(Screen&&) noexcept = default;
Screen& Screen::operator=(Screen&&) noexcept = default;

const TypeTable& Screen::types() const { return *impl_->types; }

Verdict Screen::judge(std::string_view bytes, const ScreenTarget& target, std::size_t header_bytes) {
  Verdict verdict;
  if (bytes.size() > kEntryBytesMax || header_bytes > kEntryBytesMax - bytes.size()) {
    verdict.errors.push_back({Code::too_large, "",
                              "expected at most " + std::to_string(kEntryBytesMax) + " bytes, of which " +
                                  std::to_string(header_bytes) + " go beside the event"});
    verdict.has_direct_identifier = find_direct_identifier(bytes, std::nullopt).has_value();
    return verdict;
  }
  const std::optional<dom::element> root = impl_->json.parse(bytes);
  if (!root) {
    impl_->strict(bytes, verdict);
    return verdict;
  }

  Report& report = impl_->report;
  report.clear();
  JsonPath path;
  const Envelope envelope = judge_envelope(*root, *impl_->types, report, path);
  judge_target(envelope, target, report);
  if (envelope.data) {
    path.push("data");
    if (envelope.type != nullptr) {
      Walk(is_shared(envelope), envelope.time, report, path).run(*envelope.type->data, *envelope.data);
    } else {
      Walk(false, envelope.time, report, path).examine_all(*envelope.data);
    }
    path.pop();
  }

  if (envelope.source) verdict.source = *envelope.source;
  if (envelope.id) verdict.id = *envelope.id;
  verdict.sequence = envelope.sequence;
  if (!report.empty()) {
    verdict.errors = report.errors();
    verdict.errors.insert(verdict.errors.end(), report.identifiers().begin(), report.identifiers().end());
    verdict.has_direct_identifier = report.has_identifier();
    impl_->finish(verdict);
    return verdict;
  }
  verdict.event.bytes = bytes;
  verdict.event.type = envelope.type;
  verdict.event.institution = *envelope.institution;
  verdict.event.ledger = envelope.ledger.value_or(std::string_view());
  verdict.event.source = *envelope.source;
  verdict.event.id = *envelope.id;
  verdict.event.time = *envelope.time;
  verdict.event.sequence = envelope.sequence;
  verdict.event.data = envelope.data->get_object().value_unsafe();
  return verdict;
}

Result<std::string> Screen::route(std::string_view bytes) {
  if (bytes.size() > kEntryBytesMax) {
    return fail(Code::too_large, "", "expected at most " + std::to_string(kEntryBytesMax) + " bytes");
  }
  const std::optional<dom::element> root = impl_->json.parse(bytes);
  if (!root) {
    Verdict verdict;
    impl_->strict(bytes, verdict);
    return tl::unexpected(verdict.errors.front());
  }
  Report& report = impl_->report;
  report.clear();
  JsonPath path;
  const Envelope envelope = judge_envelope(*root, *impl_->types, report, path);
  for (const Error& error : report.errors()) {
    if (error.where.empty() || error.where == "/institution" || error.where == "/type" || error.where == "/ledger") {
      return tl::unexpected(error);
    }
  }
  if (!envelope.institution || envelope.type == nullptr) {
    // Its form is right, so it is an identifier that stands there.
    return fail(Code::bad_envelope, "/institution", "expected an institution that is no direct identifier");
  }
  std::string ledger(*envelope.institution);
  if (!is_shared(envelope)) ledger.append(kPatients);
  if (envelope.ledger && *envelope.ledger != ledger) {
    return fail(Code::wrong_ledger, "/ledger", "expected a ledger of the event's institution");
  }
  return ledger;
}

}  // namespace jangbu
