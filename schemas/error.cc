#include "schemas/error.h"

#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr bool kRetryOf_retry = true;
constexpr bool kRetryOf_final = false;

constexpr CodeInfo kCodes[] = {
#define JANGBU_ERROR(name, number, fault, http, retry, sentence) \
  {Code::name, #name, Fault::fault, http, kRetryOf_##retry, sentence},
#include "schemas/errors.def"
#undef JANGBU_ERROR
};

}  // namespace

const CodeInfo& info(Code code) {
  for (const CodeInfo& row : kCodes) {
    if (row.code == code) return row;
  }
  invariant_failed("every Code has a row in errors.def", __FILE__, __LINE__, std::to_string(static_cast<int>(code)));
}

std::string to_string(const Error& error) {
  std::string text;
  if (!error.where.empty()) text.append(error.where).append(": ");
  text.append(error.what.empty() ? info(error.code).sentence : std::string_view(error.what));
  return text.append(" (").append(info(error.code).name).append(")");
}

}  // namespace jangbu
