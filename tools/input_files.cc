#include "tools/input_files.h"

#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kDocumentBytesMax = std::size_t{64} << 20;

using Take = std::function<Result<void>(InputDocument)>;

Result<void> give(const Take& take, std::string place, std::string bytes) {
  InputDocument document;
  document.place = std::move(place);
  document.bytes = std::move(bytes);
  document.kind = document_kind(document.bytes, document.resource_type);
  return take(std::move(document));
}

Result<void> lines_of(std::istream& in, const std::string& name, std::string first_lines, const Take& take) {
  std::uint64_t number = 0;
  const auto one = [&](std::string line) -> Result<void> {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) return {};
    const std::string place = name + ":" + std::to_string(number);
    if (line.size() > kDocumentBytesMax) return fail(Code::too_large, place, "a line over 64 MiB");
    return give(take, place, std::move(line));
  };
  std::istringstream before(std::move(first_lines));
  std::string line;
  while (std::getline(before, line)) {
    if (auto done = one(std::move(line)); !done) return done;
  }
  while (std::getline(in, line)) {
    if (auto done = one(std::move(line)); !done) return done;
  }
  if (in.bad()) return fail(Code::io, name, "cannot be read to its end");
  return {};
}

Result<void> whole(const fs::path& path, const Take& take) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return fail(Code::io, path.string(), error.message());
  if (size > kDocumentBytesMax) return fail(Code::too_large, path.string(), "a document over 64 MiB; use NDJSON");
  std::ifstream in(path, std::ios::binary);
  std::string bytes(size, '\0');
  if (!in.read(bytes.data(), static_cast<std::streamsize>(size)))
    return fail(Code::io, path.string(), "cannot be read");
  return give(take, path.string(), std::move(bytes));
}

Result<void> file(const fs::path& path, const Take& take) {
  const std::string ending = path.extension().string();
  if (ending != ".ndjson" && ending != ".jsonl") return whole(path, take);
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Code::io, path.string(), "cannot be opened");
  return lines_of(in, path.string(), {}, take);
}

// The name of an XML document's root element, without its prefix; empty: none within its first 64 KiB.
std::string xml_root(std::string_view bytes) {
  bytes = bytes.substr(0, std::size_t{64} << 10);
  for (std::size_t at = bytes.find('<'); at != std::string_view::npos; at = bytes.find('<', at)) {
    const std::string_view rest = bytes.substr(at);
    if (rest.starts_with("<!--")) {
      at = bytes.find("-->", at);
    } else if (rest.starts_with("<?") || rest.starts_with("<!")) {
      at = bytes.find('>', at);
    } else {
      std::string_view name = rest.substr(1, rest.find_first_of(" \t\r\n/>", 1) - 1);
      if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
      return std::string(name);
    }
    if (at == std::string_view::npos) break;
  }
  return {};
}

bool is_fhir_xml(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string head(std::size_t{64} << 10, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  const std::string root = xml_root(head);
  return head.find("http://hl7.org/fhir") != std::string::npos &&
         (root == "AuditEvent" || root == "Consent" || root == "Bundle");
}

Result<void> folder(const fs::path& path, const Take& take) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(path, error), end; at != end && !error; at.increment(error)) {
    const std::string ending = at->path().extension().string();
    if (at->path().filename().string().starts_with('.')) {
      if (at->is_directory()) at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file()) continue;
    if (ending == ".json" || ending == ".ndjson" || ending == ".jsonl" ||
        (ending == ".xml" && is_fhir_xml(at->path()))) {
      files.push_back(at->path());
    }
  }
  if (error) return fail(Code::io, path.string(), error.message());
  if (files.empty()) return fail(Code::bad_usage, path.string(), "no .json, .ndjson or .jsonl file in this folder");
  std::sort(files.begin(), files.end());
  for (const fs::path& one : files) {
    if (auto done = file(one, take); !done) return done;
  }
  return {};
}

Result<void> standard(std::istream& in, const Take& take) {
  // One document over several lines, or a document a line? If the first line is one by itself, then the latter.
  std::string first;
  if (!std::getline(in, first)) return {};
  simdjson::dom::parser parser;
  if (parser.parse(first).error() == simdjson::SUCCESS) return lines_of(in, "standard input", first + "\n", take);
  std::string bytes = first + "\n";
  std::string line;
  while (std::getline(in, line)) {
    bytes.append(line).append("\n");
    if (bytes.size() > kDocumentBytesMax) return fail(Code::too_large, "standard input", "a document over 64 MiB");
  }
  // Not one document either: then each line stands for itself, and the node says what is wrong with which.
  if (parser.parse(bytes).error() != simdjson::SUCCESS) {
    std::istringstream none;
    return lines_of(none, "standard input", std::move(bytes), take);
  }
  return give(take, "standard input", std::move(bytes));
}

}  // namespace

DocumentKind document_kind(std::string_view bytes, std::string& resource_type) {
  simdjson::dom::parser parser;
  simdjson::dom::element top;
  if (parser.parse(bytes.data(), bytes.size()).get(top) != simdjson::SUCCESS) {
    const std::size_t start = bytes.find_first_not_of("\xef\xbb\xbf \t\r\n");
    if (start == std::string_view::npos || bytes[start] != '<') return DocumentKind::unknown;
    resource_type = xml_root(bytes);
    return DocumentKind::xml;
  }
  if (top.is_array()) return DocumentKind::batch;
  simdjson::dom::object object;
  if (top.get(object) != simdjson::SUCCESS) return DocumentKind::unknown;
  std::string_view type;
  if (object.at_key("resourceType").get(type) == simdjson::SUCCESS) {
    resource_type = type;
    return DocumentKind::fhir;
  }
  simdjson::dom::element found;
  const bool event = object.at_key("specversion").get(found) == simdjson::SUCCESS ||
                     object.at_key("event").get(found) == simdjson::SUCCESS;
  return event ? DocumentKind::event : DocumentKind::unknown;
}

Result<void> for_each_document(const std::vector<std::string>& names, std::istream& standard_input, const Take& take) {
  for (const std::string& name : names) {
    std::error_code error;
    Result<void> done;
    if (name == "-") {
      done = standard(standard_input, take);
    } else if (fs::is_directory(name, error)) {
      done = folder(name, take);
    } else if (fs::exists(name, error)) {
      done = file(name, take);
    } else {
      done = fail(Code::bad_usage, name, "no such file or folder");
    }
    if (!done) return done;
  }
  return {};
}

}  // namespace jangbu::tools
