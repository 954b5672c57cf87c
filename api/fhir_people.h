// Who a FHIR document speaks of: references and identifiers to pseudonyms, agents to actors, networks and devices to
// labels. Nothing that these functions return can be turned back into a name without the institution's key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/fhir.h"
#include "api/fhir_reader.h"

namespace jangbu::api::fhir {

// What stands for a person whose identity the document does not give in a form that can be resolved.
inline constexpr std::string_view kUnresolved = "p:unresolved";
// The system of a record that does not name one.
inline constexpr std::string_view kUnknownSystem = "unknown";

// A literal reference: [base/]Type/id, without its version. Views into the text.
struct Reference {
  std::string_view base;  // empty: relative, that is, at the institution
  std::string_view type;
  std::string_view id;
};
// nullopt: contained ("#x"), urn:uuid, conditional (with "?"), or none at all.
[[nodiscard]] std::optional<Reference> parse_reference(std::string_view text);

// A number and who issued it; what a pseudonym is made of.
struct Identity {
  std::string authority;
  std::string number;
};

// A document's people. `root` is the resource, in whose `contained` local references are looked up.
class People {
 public:
  People(const Context& context, Object root) : context_(context), root_(root) {}

  // Of a FHIR Reference to a patient: its pseudonym, or kUnresolved. A literal reference comes first: its base, or the
  // institution, is the authority; then an identifier with its system; then an HL7 v2 CX value. Numbers without an
  // issuer are not resolved: another person's could be equal.
  [[nodiscard]] std::string patient(Object reference) const;
  // Does the Reference name a Patient resource?
  [[nodiscard]] bool is_patient(Object reference) const;
  // The type of the resource referred to; empty if the reference does not say.
  [[nodiscard]] std::string_view type_of(Object reference) const;
  // The space's institution that a Reference to an organization names: itself ("Organization/hanbit"), or by
  // Context::institution_of.
  [[nodiscard]] std::optional<std::string> institution(Object reference) const;

  // An agent's actor id "hanbit/u:...", from its account: reference, identifier, altId, or else its name; empty if it
  // has none of them.
  [[nodiscard]] std::string actor_id(Object agent) const;
  // The actor id of a system by its name, where no agent is told.
  [[nodiscard]] std::string actor_of_system(std::string_view name) const;
  // One of EVENTS.md's roles, by codes/fhir-agent-role.tsv.
  [[nodiscard]] std::string_view role(Object agent) const;
  [[nodiscard]] bool is_person(Object agent) const;

  // The observing system: a machine's name, oid or reference as it is, anything else as "s:" and a keyed token.
  [[nodiscard]] std::string system(Object source) const;
  // Where an agent is in the network, at most 64 characters; empty if it does not say, or says a telephone or a
  // mailbox.
  [[nodiscard]] std::string origin(Object agent) const;
  // Whom something was disclosed to: an institution of the space, a host, or "r:" and a keyed token.
  [[nodiscard]] std::string recipient(Object agent) const;

 private:
  [[nodiscard]] std::optional<Object> contained(std::string_view reference) const;
  [[nodiscard]] std::optional<Identity> identity(Object reference) const;
  [[nodiscard]] std::string token(std::string_view prefix, std::string_view text) const;

  const Context& context_;
  Object root_;
};

// May this text stand in a shared place as it is? Machine names, oids, addresses: with a letter, or a numeric network
// address; no spaces, no "@", no long run of digits that could be a person's number.
[[nodiscard]] bool is_machine_name(std::string_view text);

// A code of at most that many letters, digits and characters of `also`, in which no person's number can hide: senders
// put other things where codes belong.
[[nodiscard]] bool is_code(std::string_view text, std::size_t chars_max, std::string_view also);

}  // namespace jangbu::api::fhir
