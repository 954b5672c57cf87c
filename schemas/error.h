// Error and Result: how every layer says that something did not work. Errors are values; exceptions of third parties
// are caught where that party is named. Used by all layers, on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace jangbu {

enum class Code : std::uint16_t {
#define JANGBU_ERROR(name, number, fault, http, retry, sentence) name = number,
#include "schemas/errors.def"
#undef JANGBU_ERROR
};

enum class Fault : std::uint8_t { sender, state, node, peer };

// A row of errors.def.
struct CodeInfo {
  Code code;
  std::string_view name;  // as in errors.def: stable, published
  Fault fault;
  int http_status;
  bool retry;  // the same call may succeed later
  std::string_view sentence;
};

// The row of `code`. Total: every enumerator has one.
[[nodiscard]] const CodeInfo& info(Code code);

struct Error {
  Code code;
  std::string where;  // a place: JSON pointer, path, ledger and sequence number, byte offset; may be empty
  std::string what;   // one sentence with the particulars; never patient data, never the offending value's content
};

template <typename T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Code code, std::string where, std::string what) {
  return tl::unexpected<Error>(Error{code, std::move(where), std::move(what)});
}

// "where: what (name)", for logs and terminals.
[[nodiscard]] std::string to_string(const Error& error);

}  // namespace jangbu
