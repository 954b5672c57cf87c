#include "api/http.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace jangbu::api {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `visit` for each comma-separated element.
template <typename Visit>
void for_each_element(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    visit(trim(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

// The q value of an Accept element, in thousandths; 0 where it cannot be read.
int quality(std::string_view parameters) {
  int result = 1000;
  while (!parameters.empty()) {
    const std::size_t end = parameters.find(';');
    const std::string_view parameter = trim(parameters.substr(0, end));
    if (parameter.size() > 2 && lower(parameter[0]) == 'q' && parameter[1] == '=') {
      const std::string_view value = parameter.substr(2);
      result = value.front() == '1' ? 1000 : 0;
      if (value.size() > 2 && value[1] == '.' && result == 0) {
        int weight = 100;
        for (const char digit : value.substr(2, 3)) {
          if (digit < '0' || digit > '9') return 0;
          result += (digit - '0') * weight;
          weight /= 10;
        }
      }
    }
    if (end == std::string_view::npos) break;
    parameters.remove_prefix(end + 1);
  }
  return result;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// W3C trace context: "00-<32 hex>-<16 hex>-<2 hex>", neither id all zeros.
bool is_traceparent(std::string_view text) {
  return text.size() == 55 && text.substr(0, 3) == "00-" && text[35] == '-' && text[52] == '-' &&
         is_hex(text.substr(3, 32)) && is_hex(text.substr(36, 16)) && is_hex(text.substr(53, 2)) &&
         text.substr(3, 32).find_first_not_of('0') != std::string_view::npos &&
         text.substr(36, 16).find_first_not_of('0') != std::string_view::npos;
}

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

}  // namespace

Method method(std::string_view text) {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i] == text) return static_cast<Method>(i);
  }
  return Method::other;
}

std::string_view name(Method method) {
  return method == Method::other ? std::string_view("other") : kMethods[static_cast<std::size_t>(method)];
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> Request::find_header(std::string_view lower_case_name) const {
  for (const HeaderField& field : headers) {
    if (equals_ignoring_case(field.name, lower_case_name)) return field.value;
  }
  return std::nullopt;
}

std::string_view Request::header(std::string_view lower_case_name) const {
  return find_header(lower_case_name).value_or(std::string_view());
}

std::string_view Response::header(std::string_view lower_case_name) const {
  for (const ResponseHeader& field : headers) {
    if (field.name == lower_case_name) return field.value;
  }
  return {};
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Code::bad_request, "", "a percent sign without two hexadecimal digits");
      if (high == 0 && low == 0) return fail(Code::bad_request, "", "an encoded NUL");
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

Result<Query> Query::parse(std::string_view query) {
  Query result;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto parameter = percent_decode(pair.substr(0, equals), true);
    if (!parameter) return tl::unexpected(parameter.error());
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!value) return tl::unexpected(value.error());
    for (const Parameter& known : result.parameters_) {
      if (known.name == *parameter) return fail(Code::bad_parameter, *parameter, "the parameter stands twice");
    }
    result.parameters_.push_back({std::move(*parameter), std::move(*value)});
  }
  return result;
}

std::optional<std::string> Query::text(std::string_view parameter) {
  for (Parameter& known : parameters_) {
    if (known.name != parameter) continue;
    known.asked = true;
    return known.value;
  }
  return std::nullopt;
}

Result<std::uint64_t> parse_number(std::string_view text, std::string_view where, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) {
    return fail(Code::bad_parameter, std::string(where), "not a decimal number from 0 to " + std::to_string(max));
  }
  if (text.size() > 1 && text.front() == '0') {
    return fail(Code::bad_parameter, std::string(where), "a number with leading zeros");
  }
  return value;
}

Result<std::optional<std::uint64_t>> Query::number(std::string_view parameter, std::uint64_t max) {
  const auto value = text(parameter);
  if (!value) return std::optional<std::uint64_t>();
  const auto number = parse_number(*value, parameter, max);
  if (!number) return tl::unexpected(number.error());
  return std::optional(*number);
}

Result<void> Query::finish() const {
  for (const Parameter& parameter : parameters_) {
    // The name is the sender's text: it is not repeated beyond what a parameter's name can be.
    if (!parameter.asked) return fail(Code::bad_parameter, parameter.name.substr(0, 32), "an unknown parameter");
  }
  return {};
}

std::optional<std::size_t> accepted(std::string_view accept, std::initializer_list<std::string_view> offered) {
  if (trim(accept).empty()) return 0;
  std::optional<std::size_t> best;
  int best_quality = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const std::string_view type = offered.begin()[i];
    // The most specific range that matches decides (RFC 9110, 12.5.1).
    int specificity = -1;
    int found = 0;
    for_each_element(accept, [&](std::string_view element) {
      const std::size_t semicolon = element.find(';');
      const std::string_view range = trim(element.substr(0, semicolon));
      int fits = -1;
      if (equals_ignoring_case(range, type)) {
        fits = 2;
      } else if (range.ends_with("/*") && range != "*/*" &&
                 equals_ignoring_case(range.substr(0, range.size() - 1), type.substr(0, range.size() - 1))) {
        fits = 1;
      } else if (range == "*/*") {
        fits = 0;
      }
      if (fits <= specificity) return;
      specificity = fits;
      found = semicolon == std::string_view::npos ? 1000 : quality(element.substr(semicolon + 1));
    });
    if (found > best_quality) {
      best = i;
      best_quality = found;
    }
  }
  return best;
}

std::string media_type(std::string_view content_type) {
  std::string type(trim(content_type.substr(0, content_type.find(';'))));
  std::transform(type.begin(), type.end(), type.begin(), lower);
  return type;
}

void finish_response(const Request& request, std::uint64_t span, Response& response) {
  const bool reads = request.method == Method::get || request.method == Method::head;
  const std::string_view etag = response.header("etag");
  if (reads && response.status == 200 && !etag.empty()) {
    bool known = false;
    for_each_element(request.header("if-none-match"), [&](std::string_view candidate) {
      if (candidate.starts_with("W/")) candidate.remove_prefix(2);
      known = known || candidate == etag || candidate == "*";
    });
    if (known) {
      response.status = 304;
      response.body.clear();
      response.stream.reset();
      response.content_type = {};
    }
  }
  if (response.header("cache-control").empty()) response.with("cache-control", "no-store");
  const std::string_view trace = request.header("traceparent");
  if (is_traceparent(trace)) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string continued(trace);
    for (std::size_t i = 0; i < 16; ++i) continued[51 - i] = kHex[(span >> (4 * i)) & 15];
    response.with("traceparent", std::move(continued));
  }
}

}  // namespace jangbu::api
