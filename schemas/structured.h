// The structured form of a CloudEvent that came in binary mode (FORMATS.md J2): attributes beside the data become one
// JSON object, written once, before anything is hashed. Used by HTTP intake (ce- headers) and the Kafka end (ce_
// headers). A function of the attributes and the data's bytes; pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "schemas/error.h"

namespace jangbu {

struct BinaryAttribute {
  std::string name;   // without the binding's prefix: "id"; the content type comes as "datacontenttype"
  std::string value;  // decoded
};

// Members specversion, id, source, type, time, datacontenttype (those that are there), the others by name, then `data`,
// its bytes as received; no white space; in strings only ", \ and controls are escaped. Empty `data`: no such member.
// It looks at no more than it needs to write one object: the screen judges the result. Errors: bad_envelope (an
// attribute twice, one named data, or a name that is not lower-case letters and digits), not_json at /data (more or
// less than one JSON document).
[[nodiscard]] Result<std::string> structured_form(std::span<const BinaryAttribute> attributes, std::string_view data);

}  // namespace jangbu
