#include "schemas/event.h"

#include "schemas/envelope.h"
#include "schemas/strict_json.h"

namespace jangbu {

namespace dom = simdjson::dom;

struct EventReader::Impl {
  std::shared_ptr<const TypeTable> types;
  StrictJson json;
};

EventReader::EventReader(std::shared_ptr<const TypeTable> types) : impl_(new Impl{std::move(types), {}}) {}
EventReader::~EventReader() = default;
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;

Result<Event> EventReader::read(std::string_view bytes) {
  const std::optional<dom::element> root = impl_->json.parse_trusted(bytes);
  if (!root) return fail(Code::not_json, "", "expected one JSON document");
  return read_envelope(*root, *impl_->types, bytes);
}

const TypeTable& EventReader::types() const { return *impl_->types; }

namespace {

template <typename T>
std::optional<T> get(dom::object object, std::string_view member) {
  T value;
  if (object.at_key(member).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

}  // namespace

std::string_view text(dom::object object, std::string_view member) {
  return get<std::string_view>(object, member).value_or(std::string_view());
}

std::optional<std::int64_t> integer(dom::object object, std::string_view member) {
  return get<std::int64_t>(object, member);
}

std::optional<bool> boolean(dom::object object, std::string_view member) { return get<bool>(object, member); }

std::optional<Timestamp> time(dom::object object, std::string_view member) {
  return read_timestamp(text(object, member));
}

std::optional<dom::object> object(dom::object object, std::string_view member) {
  return get<dom::object>(object, member);
}

std::optional<dom::array> list(dom::object object, std::string_view member) { return get<dom::array>(object, member); }

}  // namespace jangbu
