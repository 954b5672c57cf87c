#include "api/fhir_people.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "api/fhir_codes.h"

namespace jangbu::api::fhir {
namespace {

constexpr std::size_t kLabelCharsMax = 64;
// A run of digits this long could be a telephone or resident number.
constexpr std::size_t kDigitRunMax = 6;

bool is_type_name(std::string_view text) {
  return !text.empty() && std::isupper(static_cast<unsigned char>(text.front())) != 0 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
}

// HL7 v2 CX: number^^^namespace&oid&ISO. nullopt without an assigning authority.
std::optional<Identity> parse_cx(std::string_view value) {
  std::array<std::string_view, 4> parts;
  std::string_view rest = value;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = rest.find('^');
    parts[i] = rest.substr(0, end);
    if (end == std::string_view::npos) {
      if (i < 3) return std::nullopt;
      break;
    }
    rest.remove_prefix(end + 1);
  }
  const std::string_view authority = parts[3];
  const std::size_t first = authority.find('&');
  if (parts[0].empty() || authority.empty()) return std::nullopt;
  if (first == std::string_view::npos) return Identity{std::string(authority), std::string(parts[0])};
  const std::string_view oid = authority.substr(first + 1, authority.find('&', first + 1) - first - 1);
  if (oid.empty()) return std::nullopt;
  return Identity{"urn:oid:" + std::string(oid), std::string(parts[0])};
}

// A reference's or resource's identifier, with the authority that issued it.
std::optional<Identity> identifier_of(Object holder) {
  for (const Object identifier : objects_of(holder, "identifier")) {
    const std::string_view value = text_of(identifier, "value");
    const std::string_view system = text_of(identifier, "system");
    if (value.empty()) continue;
    if (!system.empty()) return Identity{std::string(system), std::string(value)};
    if (auto cx = parse_cx(value)) return cx;
  }
  return std::nullopt;
}

// Digits that could be a telephone or resident number: more than kDigitRunMax of them, or more than 8 with hyphens in
// between (010-1234-5678).
bool has_number(std::string_view text) {
  std::size_t run = 0;
  std::size_t hyphened = 0;
  for (const char c : text) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    run = digit ? run + 1 : 0;
    if (digit) {
      ++hyphened;
    } else if (c != '-') {
      hyphened = 0;
    }
    if (run > kDigitRunMax || hyphened > 8) return true;
  }
  return false;
}

std::string_view without_query(std::string_view uri) { return uri.substr(0, uri.find_first_of("?#")); }

}  // namespace

std::optional<Reference> parse_reference(std::string_view text) {
  if (text.empty() || text.size() > 2048 || text.find_first_of("?#") != std::string_view::npos) return std::nullopt;
  if (const std::size_t version = text.find("/_history"); version != std::string_view::npos)
    text = text.substr(0, version);
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) return std::nullopt;
  const std::string_view id = text.substr(slash + 1);
  std::string_view head = text.substr(0, slash);
  const std::size_t before = head.rfind('/');
  const std::string_view type = before == std::string_view::npos ? head : head.substr(before + 1);
  if (!is_type_name(type)) return std::nullopt;
  std::string_view base = before == std::string_view::npos ? std::string_view() : head.substr(0, before);
  while (base.ends_with('/')) base.remove_suffix(1);
  if (!base.empty() && base.find("://") == std::string_view::npos) return std::nullopt;
  return Reference{base, type, id};
}

bool is_machine_name(std::string_view text) {
  if (text.empty() || text.size() > kLabelCharsMax || has_number(text)) return false;
  bool letter = false;
  std::ptrdiff_t dots = 0;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) == 0 && std::string_view("._:/-[]%").find(c) == std::string_view::npos) return false;
    letter = letter || std::isalpha(u) != 0;
    dots += c == '.' ? 1 : 0;
  }
  // Without a letter: IPv4, or IPv6 that happens to have decimal digits only.
  return letter || (dots == 3 && text.find('-') == std::string_view::npos) || text.find(':') != std::string_view::npos;
}

bool is_code(std::string_view text, std::size_t chars_max, std::string_view also) {
  return !text.empty() && text.size() <= chars_max && !has_number(text) &&
         std::all_of(text.begin(), text.end(), [also](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || also.find(c) != std::string_view::npos;
         });
}

std::optional<Object> People::contained(std::string_view reference) const {
  if (!reference.starts_with('#')) return std::nullopt;
  for (const Object resource : objects_of(root_, "contained")) {
    if (text_of(resource, "id") == reference.substr(1) && reference.size() > 1) return resource;
  }
  return std::nullopt;
}

std::optional<Identity> People::identity(Object reference) const {
  const std::string_view literal = text_of(reference, "reference");
  if (const auto parsed = parse_reference(literal)) {
    return Identity{std::string(parsed->base.empty() ? std::string_view(context_.institution) : parsed->base),
                    std::string(parsed->id)};
  }
  if (const auto resource = contained(literal)) {
    if (auto found = identifier_of(*resource)) return found;
  }
  return identifier_of(reference);
}

std::string_view People::type_of(Object reference) const {
  const std::string_view literal = text_of(reference, "reference");
  if (const auto parsed = parse_reference(literal)) return parsed->type;
  if (const auto resource = contained(literal)) return text_of(*resource, "resourceType");
  return text_of(reference, "type");
}

bool People::is_patient(Object reference) const { return type_of(reference) == "Patient"; }

std::string People::patient(Object reference) const {
  // A reference to anything else (a visit, a group) does not say who the patient is.
  const auto type = type_of(reference);
  if (!type.empty() && type != "Patient") return std::string(kUnresolved);
  const auto found = identity(reference);
  return found ? context_.key.patient(found->authority, found->number) : std::string(kUnresolved);
}

std::optional<std::string> People::institution(Object reference) const {
  const auto type = type_of(reference);
  if (!type.empty() && type != "Organization") return std::nullopt;
  const auto found = identity(reference);
  if (!found) return std::nullopt;
  if (found->authority == context_.institution && found->number == context_.institution) return context_.institution;
  if (!context_.institution_of) return std::nullopt;
  return context_.institution_of(found->authority, found->number);
}

std::string People::token(std::string_view prefix, std::string_view text) const {
  const std::string id = context_.key.actor(context_.institution, text);
  return std::string(prefix) + id.substr(id.rfind(':') + 1);
}

std::string People::actor_id(Object agent) const {
  std::string account;
  if (const auto who = object_of(agent, "who")) {
    const std::string_view literal = text_of(*who, "reference");
    if (const auto parsed = parse_reference(literal)) {
      account = parsed->base.empty() ? "" : std::string(parsed->base) + "/";
      account.append(parsed->type).append("/").append(parsed->id);
    } else if (const auto found = identity(*who)) {
      account = found->authority + "|" + found->number;
    } else {
      for (const Object identifier : objects_of(*who, "identifier")) {
        if (account.empty()) account = text_of(identifier, "value");
      }
    }
    if (account.empty() && !literal.empty() && !literal.starts_with('#')) account = literal;
  }
  if (account.empty()) account = text_of(agent, "altId");
  if (account.empty()) account = text_of(agent, "name");
  if (account.empty()) {
    if (const auto who = object_of(agent, "who")) account = text_of(*who, "display");
  }
  return account.empty() ? std::string() : context_.key.actor(context_.institution, account);
}

std::string People::actor_of_system(std::string_view name) const {
  return context_.key.actor(context_.institution, name);
}

std::string_view People::role(Object agent) const {
  std::vector<Coding> codes = codings_of(agent, "type");
  const std::vector<Coding> roles = codings_of(agent, "role");
  codes.insert(codes.end(), roles.begin(), roles.end());
  const auto hcp = [&codes, agent] {
    const bool nurse = std::any_of(codes.begin(), codes.end(), says_nurse);
    for (const Object concept_ : objects_of(agent, "role")) {
      if (contains_ignoring_case(text_of(concept_, "text"), "nurse")) return std::string_view("nurse");
    }
    return std::string_view(nurse ? "nurse" : "physician");
  };
  const auto who = object_of(agent, "who");
  const std::string_view type = who ? type_of(*who) : std::string_view();
  if (type == "Patient") return "patient";
  if (type == "RelatedPerson") return "proxy";
  if (type == "Practitioner" || type == "PractitionerRole") return hcp();
  if (type == "Device" || type == "Organization" || type == "HealthcareService") return "system";
  for (const Coding& coding : codes) {
    const std::string_view role = role_of_code(coding);
    if (role == "hcp") return hcp();
    if (!role.empty()) return role;
  }
  return "staff";
}

bool People::is_person(Object agent) const {
  const auto who = object_of(agent, "who");
  const std::string_view type = who ? type_of(*who) : std::string_view();
  if (type == "Practitioner" || type == "PractitionerRole" || type == "Patient" || type == "RelatedPerson" ||
      type == "Person") {
    return true;
  }
  if (!type.empty()) return false;
  for (const std::string_view member : {"type", "role"}) {
    const auto codes = codings_of(agent, member);
    if (std::any_of(codes.begin(), codes.end(), says_person)) return true;
  }
  return false;
}

std::string People::system(Object source) const {
  const auto observer = object_of(source, "observer");
  std::string_view name;
  if (observer) {
    if (const auto parsed = parse_reference(text_of(*observer, "reference"))) {
      const bool machine = parsed->type == "Device" || parsed->type == "Organization";
      if (!machine || !parsed->base.empty()) return token("s:", text_of(*observer, "reference"));
      name = parsed->id;
    }
    if (name.empty()) {
      for (const Object identifier : objects_of(*observer, "identifier")) {
        if (name.empty()) name = text_of(identifier, "value");
      }
    }
  }
  if (name.empty()) name = text_of(source, "site");
  if (is_machine_name(name) && name.find_first_of("/[]%") == std::string_view::npos) return std::string(name);
  // What people wrote for people to read ("Grahame's Laptop") stands for the system as a token only.
  if (name.empty() && observer) name = text_of(*observer, "display");
  return name.empty() ? std::string(kUnknownSystem) : token("s:", name);
}

std::string People::origin(Object agent) const {
  std::string_view address;
  if (const auto network = object_of(agent, "network")) {
    const std::string_view type = text_of(*network, "type");
    if (type == "3" || type == "4") return {};  // a telephone number, a mailbox
    address = text_of(*network, "address");
  }
  for (const std::string_view member : {"networkString", "networkUri"}) {
    if (address.empty()) address = text_of(agent, member);
  }
  if (address.empty()) {
    if (const auto reference = object_of(agent, "networkReference")) address = text_of(*reference, "reference");
    if (address.starts_with('#')) return {};
  }
  address = without_query(address);
  if (address.size() > kLabelCharsMax) {
    // A long URI: where it leads to is enough.
    const std::size_t host = address.find("://");
    if (host == std::string_view::npos) return {};
    address = address.substr(0, address.find('/', host + 3));
  }
  return is_machine_name(address) ? std::string(address) : std::string();
}

std::string People::recipient(Object agent) const {
  const auto who = object_of(agent, "who");
  if (who) {
    if (auto known = institution(*who)) return *known;
  }
  if (std::string network = origin(agent); !network.empty()) {
    if (const std::size_t scheme = network.find("://"); scheme != std::string::npos) network.erase(0, scheme + 3);
    network.erase(std::min(network.find_first_of("/[]%"), network.size()));
    if (!network.empty()) return network;
  }
  const std::string id = actor_id(agent);
  return id.empty() ? std::string() : "r:" + id.substr(id.rfind(':') + 1);
}

}  // namespace jangbu::api::fhir
