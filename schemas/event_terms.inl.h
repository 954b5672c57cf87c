// for_each_term(), declared in event.h, which alone includes this.
#pragma once

namespace jangbu {
namespace terms_detail {

template <typename Visit>
void walk(simdjson::dom::element element, std::string_view pointer, TermKind kind, Visit& visit) {
  if (pointer.empty()) {
    std::string_view value;
    if (element.get(value) == simdjson::SUCCESS) visit(kind, value);
    return;
  }
  pointer.remove_prefix(1);  // the slash
  const std::size_t end = pointer.find('/');
  const std::string_view token = pointer.substr(0, end);
  const std::string_view rest = end == std::string_view::npos ? std::string_view() : pointer.substr(end);
  if (token == "*") {
    simdjson::dom::array array;
    if (element.get(array) != simdjson::SUCCESS) return;
    for (simdjson::dom::element item : array) walk(item, rest, kind, visit);
    return;
  }
  simdjson::dom::object object;
  simdjson::dom::element next;
  if (element.get(object) != simdjson::SUCCESS || object.at_key(token).get(next) != simdjson::SUCCESS) return;
  walk(next, rest, kind, visit);
}

}  // namespace terms_detail

template <typename Visit>
void for_each_term(const Event& event, Visit&& visit) {
  visit(TermKind::type, std::string_view(event.type->name));
  for (const TermPath& path : event.type->terms) {
    // The first step by hand: an object is not an element.
    std::string_view pointer = path.pointer;
    pointer.remove_prefix(1);
    const std::size_t end = pointer.find('/');
    simdjson::dom::element first;
    if (event.data.at_key(pointer.substr(0, end)).get(first) != simdjson::SUCCESS) continue;
    terms_detail::walk(first, end == std::string_view::npos ? std::string_view() : pointer.substr(end), path.kind,
                       visit);
  }
}

}  // namespace jangbu
