// Documents to emit, from files, folders, NDJSON and standard input, one by one in a fixed order, with bounded memory.
// Used by `jangbu emit`. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/error.h"

namespace jangbu::tools {

enum class DocumentKind {
  event,    // one CloudEvent, or {"event":...,"signature":...}
  batch,    // an array of them
  fhir,     // a resource: "resourceType"
  xml,      // an XML document; `resource_type` is its root's name
  unknown,  // well, something; the node will say what is wrong with it
};

struct InputDocument {
  std::string place;  // "folder/file.json" or "events.ndjson:17"
  std::string bytes;
  DocumentKind kind = DocumentKind::unknown;
  std::string resource_type;  // of a FHIR resource
};

// What the document is, from its top-level members alone.
[[nodiscard]] DocumentKind document_kind(std::string_view bytes, std::string& resource_type);

// Calls `take` for each document; stops, and returns its error, when it gives one. Files ending in .ndjson or .jsonl,
// and standard input ("-") unless it is one whole JSON document, hold one document a line; other files one each. A
// folder's files come by name, below it too: those ending in .json, .ndjson and .jsonl, and of those in .xml the ones
// whose root is a FHIR resource that is taken in JSON, so that each is refused by name rather than forgotten. Others,
// and those whose names begin with a dot, are passed over. Errors: io, too_large (a document over 64 MiB), and take's.
[[nodiscard]] Result<void> for_each_document(const std::vector<std::string>& names, std::istream& standard_input,
                                             const std::function<Result<void>(InputDocument)>& take);

}  // namespace jangbu::tools
