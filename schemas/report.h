// What the steps of the screen share while they judge one record: where they are in it (JsonPath) and what they found
// (Report). The path costs a push and a pop a member; its text is made only when there is something to say.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/bounds.h"
#include "schemas/error.h"
#include "schemas/identifiers.h"
#include "schemas/invariant.h"
#include "schemas/strict_json.h"

namespace jangbu {

class JsonPath {
 public:
  void push(std::string_view name) { push_token({name.data(), name.size()}); }
  void push(std::size_t index) { push_token({nullptr, index}); }
  void pop() { --depth_; }

  // An RFC 6901 pointer.
  [[nodiscard]] std::string text() const {
    std::string pointer;
    for (std::size_t i = 0; i < depth_; ++i) {
      if (tokens_[i].name != nullptr) {
        append_pointer_token(pointer, {tokens_[i].name, tokens_[i].number});
      } else {
        pointer.append("/").append(std::to_string(tokens_[i].number));
      }
    }
    return pointer;
  }
  [[nodiscard]] std::string text(std::string_view member) const {
    std::string pointer = text();
    append_pointer_token(pointer, member);
    return pointer;
  }

 private:
  // Trivial, so that a path costs nothing before it is pushed to.
  struct Token {
    const char* name;    // nullptr: an index
    std::size_t number;  // the name's length, or the index
  };
  void push_token(Token token) {
    JANGBU_INVARIANT(depth_ < tokens_.size(), std::to_string(depth_));  // the parser bounds the depth
    tokens_[depth_++] = token;
  }
  std::array<Token, kParserDepthMax + 1> tokens_;
  std::size_t depth_ = 0;
};

class Report {
 public:
  void clear() {
    errors_.clear();
    identifiers_.clear();
    has_identifier_ = false;
  }
  void add(Code code, std::string where, std::string what) {
    if (errors_.size() <= kErrorsListedMax) errors_.push_back({code, std::move(where), std::move(what)});
  }
  // Looks for direct identifiers in `text`, which stands at `path`.
  bool examine(const JsonPath& path, std::string_view text, std::optional<Timestamp> event_time) {
    const std::optional<IdentifierKind> found = find_direct_identifier(text, event_time);
    if (!found) return false;
    has_identifier_ = true;
    if (identifiers_.size() <= kErrorsListedMax) {
      identifiers_.push_back(
          {Code::direct_identifier, path.text(), "expected no " + std::string(name(*found)) + " here"});
    }
    return true;
  }

  [[nodiscard]] bool empty() const { return errors_.empty() && !has_identifier_; }
  [[nodiscard]] bool has_identifier() const { return has_identifier_; }
  [[nodiscard]] const std::vector<Error>& errors() const { return errors_; }
  [[nodiscard]] const std::vector<Error>& identifiers() const { return identifiers_; }

 private:
  std::vector<Error> errors_;
  std::vector<Error> identifiers_;
  bool has_identifier_ = false;
};

}  // namespace jangbu
