#include "schemas/event_type.h"

#include <algorithm>
#include <optional>

#include "schemas/embedded.h"
#include "schemas/schema_table.h"

namespace jangbu {
namespace {

// Rows in the enumerators' order.
constexpr std::string_view kInstitutionKinds[] = {"hospital", "demand", "platform", "coordinator", "government"};
constexpr std::string_view kLedgerKinds[] = {"shared", "patients"};
constexpr std::string_view kKeyUses[] = {"log",     "emitter", "system", "coordinator", "ticker",
                                         "witness", "agent",   "prober", "recovery"};
constexpr std::string_view kTermKinds[] = {"type",     "patient", "project", "permit", "dataset",
                                           "analysis", "export",  "actor",   "finding"};

template <typename Enum, std::size_t N>
Result<Enum> parse(const std::string_view (&names)[N], std::string_view name, const char* what) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return fail(Code::unknown_code, "", std::string("expected ") + what);
}

// The attributes of an envelope, which are no content either.
constexpr std::string_view kAttributes[] = {"data",        "datacontenttype", "id",     "institution", "ledger",
                                            "sequence",    "sequencetype",    "source", "specversion", "time",
                                            "traceparent", "tracestate",      "type"};

bool is_index(std::string_view token) {
  return !token.empty() && token.size() <= 5 &&
         std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view name(InstitutionKind kind) { return kInstitutionKinds[static_cast<std::size_t>(kind)]; }
std::string_view name(LedgerKind kind) { return kLedgerKinds[static_cast<std::size_t>(kind)]; }
std::string_view name(KeyUse use) { return kKeyUses[static_cast<std::size_t>(use)]; }
std::string_view name(TermKind kind) { return kTermKinds[static_cast<std::size_t>(kind)]; }

Result<InstitutionKind> institution_kind(std::string_view name) {
  return parse<InstitutionKind>(kInstitutionKinds, name, "a kind of institution");
}
Result<LedgerKind> ledger_kind(std::string_view name) {
  return parse<LedgerKind>(kLedgerKinds, name, "shared or patients");
}
Result<KeyUse> key_use(std::string_view name) { return parse<KeyUse>(kKeyUses, name, "a use of a key"); }
Result<TermKind> term_kind(std::string_view name) { return parse<TermKind>(kTermKinds, name, "a kind of term"); }

struct TypeTable::Impl {
  std::unique_ptr<CompiledContract> contract;
};

TypeTable::TypeTable(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TypeTable::~TypeTable() = default;

Result<std::shared_ptr<const TypeTable>> TypeTable::build() { return build(embedded_files()); }

Result<std::shared_ptr<const TypeTable>> TypeTable::build(std::span<const EmbeddedFile> files) {
  Result<std::unique_ptr<CompiledContract>> contract = compile_contract(files);
  if (!contract) return tl::unexpected(contract.error());
  auto impl = std::make_unique<Impl>();
  impl->contract = std::move(*contract);
  return std::shared_ptr<const TypeTable>(new TypeTable(std::move(impl)));
}

const EventType* TypeTable::find(std::string_view full_name) const {
  const auto found = impl_->contract->by_name.find(full_name);
  return found == impl_->contract->by_name.end() ? nullptr : found->second;
}

std::span<const EventType> TypeTable::types() const { return impl_->contract->types; }

bool TypeTable::has_code(std::string_view list, std::string_view code) const {
  const auto found = impl_->contract->code_lists.find(std::string(list));
  if (found == impl_->contract->code_lists.end()) return false;
  const std::vector<std::string>& codes = found->second.codes;
  return std::binary_search(codes.begin(), codes.end(), code, std::less<>());
}

bool TypeTable::is_within(std::string_view list, std::string_view code, std::string_view ancestor) const {
  if (code == ancestor) return true;
  const auto found = impl_->contract->code_lists.find(std::string(list));
  if (found == impl_->contract->code_lists.end()) return false;
  const auto& parents = found->second.parents;
  std::string at(code);
  // A bound instead of trust that the list has no cycle.
  for (std::size_t steps = 0; steps <= parents.size(); ++steps) {
    const auto parent = parents.find(at);
    if (parent == parents.end()) return false;
    if (parent->second == ancestor) return true;
    at = parent->second;
  }
  return false;
}

std::string_view TypeTable::public_pointer(std::string_view pointer) const {
  const std::vector<std::string>& names = impl_->contract->member_names;
  std::size_t end = 0;
  while (end < pointer.size()) {
    const std::size_t next = std::min(pointer.find('/', end + 1), pointer.size());
    const std::string_view token = pointer.substr(end + 1, next - end - 1);
    const bool known = is_index(token) || std::binary_search(names.begin(), names.end(), token, std::less<>()) ||
                       std::find(std::begin(kAttributes), std::end(kAttributes), token) != std::end(kAttributes);
    if (!known) return pointer.substr(0, end);
    end = next;
  }
  return pointer;
}

const CompiledContract& TypeTable::contract() const { return *impl_->contract; }

}  // namespace jangbu
