#include "tools/ledger_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "ledger/node.h"
#include "tools/http_client.h"
#include "tools/node_access.h"

namespace jangbu::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLedgersPath = "/ledgers/";
constexpr std::size_t kCheckpoints = 1000;  // at a time

std::optional<SignedNote> note_of(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("size") || !json["size"].is_number_unsigned() || !json.contains("note") ||
      !json["note"].is_string()) {
    return std::nullopt;
  }
  return SignedNote{TreeSize(json["size"].get<std::uint64_t>()), json["note"].get<std::string>()};
}

// A node's own database, opened for reading.
class DirectoryLedger final : public LedgerSource {
 public:
  DirectoryLedger(std::shared_ptr<const Node> node, LedgerView view)
      : node_(std::move(node)), view_(std::move(view)), name_(view_.info().id.text()) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] const std::string& checkpoint() const override { return view_.checkpoint(); }
  [[nodiscard]] Result<std::vector<SignedNote>> checkpoints(TreeSize from) override {
    return view_.checkpoints(from, kCheckpoints);
  }
  [[nodiscard]] Result<std::string> tile(const TilePath& path) override { return view_.tile(path); }

 private:
  std::shared_ptr<const Node> node_;  // the view reads its database
  LedgerView view_;
  std::string name_;
};

class ServedLedger final : public LedgerSource {
 public:
  ServedLedger(std::shared_ptr<HttpClient> client, std::string name, std::string prefix, std::string checkpoint)
      : client_(std::move(client)),
        name_(std::move(name)),
        prefix_(std::move(prefix)),
        checkpoint_(std::move(checkpoint)) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] const std::string& checkpoint() const override { return checkpoint_; }
  // tlog-tiles has no such path: only nodes of this kind answer it.
  [[nodiscard]] Result<std::vector<SignedNote>> checkpoints(TreeSize from) override {
    if (!prefix_.starts_with(kLedgersPath)) return std::vector<SignedNote>();
    auto answer = client_->send("GET", "/v1" + prefix_ + "/checkpoints?from=" + std::to_string(from.value()));
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status != 200) return std::vector<SignedNote>();
    return parse_checkpoints(answer->body);
  }
  [[nodiscard]] Result<std::string> tile(const TilePath& path) override {
    auto answer = client_->send("GET", prefix_ + "/" + to_path(path));
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status != 200) return tl::unexpected(problem_error(*answer));
    return std::move(answer->body);
  }

 private:
  std::shared_ptr<HttpClient> client_;
  std::string name_, prefix_, checkpoint_;
};

Result<std::string> file_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Code::io, path.string(), "cannot be opened");
  std::error_code error;
  std::string bytes(static_cast<std::size_t>(fs::file_size(path, error)), '\0');
  if (error) return fail(Code::io, path.string(), error.message());
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in || static_cast<std::size_t>(in.gcount()) != bytes.size()) {
    return fail(Code::io, path.string(), "cannot be read");
  }
  return bytes;
}

class TileFolder final : public LedgerSource {
 public:
  TileFolder(fs::path folder, std::string name, std::string checkpoint)
      : folder_(std::move(folder)), name_(std::move(name)), checkpoint_(std::move(checkpoint)) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] const std::string& checkpoint() const override { return checkpoint_; }
  [[nodiscard]] Result<std::vector<SignedNote>> checkpoints(TreeSize from) override {
    std::vector<SignedNote> notes;
    std::error_code error;
    if (!fs::exists(folder_ / kCheckpointsFile, error)) return notes;
    std::ifstream in(folder_ / kCheckpointsFile);
    for (std::string line; notes.size() < kCheckpoints && std::getline(in, line);) {
      const auto json = nlohmann::json::parse(line, nullptr, false);
      auto note = note_of(json);
      if (!note) {
        return fail(Code::io, (folder_ / kCheckpointsFile).string(), "a line without size and note");
      }
      if (note->size >= from) notes.push_back(std::move(*note));
    }
    return notes;
  }
  [[nodiscard]] Result<std::string> tile(const TilePath& path) override {
    const fs::path exact = folder_ / to_path(path);
    std::error_code error;
    if (path.width == kTileWidth || fs::exists(exact, error)) return file_bytes(exact);
    // A mirror that went on keeps the full tile only: the partial one is its beginning.
    TilePath full = path;
    full.width = kTileWidth;
    if (!fs::exists(folder_ / to_path(full), error)) return fail(Code::io, exact.string(), "is missing");
    auto bytes = file_bytes(folder_ / to_path(full));
    if (!bytes) return bytes;
    if (!path.entries) return bytes->substr(0, std::size_t{path.width} * 32);
    const auto entries = split_bundle(*bytes);
    if (!entries || entries->size() < path.width)
      return fail(Code::io, (folder_ / to_path(full)).string(), "is too short");
    std::string cut;
    for (std::size_t i = 0; i < path.width; ++i) append_to_bundle(cut, (*entries)[i]);
    return cut;
  }

 private:
  fs::path folder_;
  std::string name_, checkpoint_;
};

Result<std::string> get_text(HttpClient& client, const std::string& target) {
  auto answer = client.send("GET", target);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(problem_error(*answer));
  return std::move(answer->body);
}

Result<LedgerSources> open_url(const std::string& url) {
  LedgerSources sources;
  auto made = HttpClient::make(url);
  if (!made) return tl::unexpected(made.error());
  const auto client = std::make_shared<HttpClient>(std::move(*made));
  const std::size_t authority = url.find("://") + 3;
  const std::size_t slash = url.find('/', authority);
  if (slash != std::string::npos && slash + 1 < url.size()) {
    auto checkpoint = get_text(*client, "/checkpoint");
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    sources.ledgers.push_back(std::make_unique<ServedLedger>(client, url, "", std::move(*checkpoint)));
    return sources;
  }
  const auto listed = get_text(*client, "/v1/ledgers");
  if (!listed) return tl::unexpected(listed.error());
  const auto json = nlohmann::json::parse(*listed, nullptr, false);
  if (!json.is_object() || !json.contains("ledgers") || !json["ledgers"].is_array()) {
    return fail(Code::unreachable, url, "the node's answer lists no ledgers");
  }
  for (const auto& ledger : json["ledgers"]) {
    const std::string id = ledger.value("ledger", "");
    auto checkpoint = get_text(*client, "/ledgers/" + id + "/checkpoint");
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    sources.ledgers.push_back(std::make_unique<ServedLedger>(client, id, "/ledgers/" + id, std::move(*checkpoint)));
  }
  return sources;
}

Result<LedgerSources> open_folders(const std::vector<fs::path>& folders) {
  LedgerSources sources;
  for (const fs::path& folder : folders) {
    auto checkpoint = file_bytes(folder / "checkpoint");
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    fs::path named = folder;
    if (named.filename().empty()) named = named.parent_path();
    sources.ledgers.push_back(std::make_unique<TileFolder>(folder, named.filename().string(), std::move(*checkpoint)));
  }
  return sources;
}

Result<LedgerSources> open_directory(const fs::path& directory, const std::shared_ptr<const TypeTable>& types) {
  LedgerSources sources;
  NodeOptions options;
  options.directory = directory;
  options.read_only = true;
  auto opened = Node::open(options, types);
  if (!opened) return tl::unexpected(opened.error());
  const std::shared_ptr<const Node> node = std::move(*opened);
  const auto why = node->not_writing();
  if (why && why->code != Code::read_only) sources.node_finding = *why;
  for (LedgerView& view : node->views()) {
    sources.ledgers.push_back(std::make_unique<DirectoryLedger>(node, std::move(view)));
  }
  return sources;
}

}  // namespace

Result<std::vector<SignedNote>> parse_checkpoints(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  std::vector<SignedNote> notes;
  if (!json.is_object() || !json.contains("checkpoints") || !json["checkpoints"].is_array()) {
    return fail(Code::unreachable, "checkpoints", "the node's answer lists none");
  }
  for (const auto& each : json["checkpoints"]) {
    auto note = note_of(each);
    if (!note) return fail(Code::unreachable, "checkpoints", "the node's answer lists something else");
    notes.push_back(std::move(*note));
  }
  return notes;
}

Result<LedgerSources> open_ledger_sources(const std::string& what, const std::shared_ptr<const TypeTable>& types) {
  if (what.starts_with("http://") || what.starts_with("https://")) return open_url(what);
  std::error_code error;
  if (!fs::is_directory(what, error)) return fail(Code::bad_usage, what, "no such folder, and no URL");
  if (fs::exists(fs::path(what) / "checkpoint", error)) return open_folders({what});
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(what, error)) {
    if (fs::exists(entry.path() / "checkpoint", error)) folders.push_back(entry.path());
  }
  if (!folders.empty()) {
    std::sort(folders.begin(), folders.end());
    return open_folders(folders);
  }
  return open_directory(what, types);
}

}  // namespace jangbu::tools
