#include "ledger/ledger_id.h"

namespace jangbu {
namespace {

constexpr std::string_view kPatientsSuffix = ".patients";

// [a-z][a-z0-9-]{1,30}
bool is_institution(std::string_view text) {
  if (text.size() < 2 || text.size() > 31) return false;
  if (text.front() < 'a' || text.front() > 'z') return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

}  // namespace

Result<LedgerId> LedgerId::parse(std::string_view text) {
  std::string_view institution = text;
  if (institution.ends_with(kPatientsSuffix)) institution.remove_suffix(kPatientsSuffix.size());
  if (!is_institution(institution)) {
    return fail(Code::no_such_ledger, "", "not a ledger's id: [a-z][a-z0-9-]{1,30}, .patients after it or not");
  }
  return LedgerId(std::string(text));
}

LedgerId LedgerId::of(std::string_view institution, LedgerKind kind) {
  std::string text(institution);
  switch (kind) {
    case LedgerKind::shared:
      break;
    case LedgerKind::patients:
      text.append(kPatientsSuffix);
      break;
  }
  return LedgerId(std::move(text));
}

std::string_view LedgerId::institution() const { return std::string_view(text_).substr(0, text_.find('.')); }

LedgerKind LedgerId::kind() const {
  return text_.find('.') == std::string::npos ? LedgerKind::shared : LedgerKind::patients;
}

}  // namespace jangbu
