// `jangbu replay`: writes a range of a ledger, or what a query finds, to standard output, to a file or to another node.
#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/keys.h"
#include "tools/command.h"
#include "tools/emitter.h"
#include "tools/entry_place.h"
#include "tools/node_access.h"
#include "tools/progress.h"
#include "tools/search_options.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  NodeOptionsOnCommandLine node;
  SearchOptions search;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> until;
  std::string out, to;
  bool append = false, events_only = false, bytes = false;
};

// Where entries go. take() gets an entry as the API gives it: one line of JSON.
class Target {
 public:
  virtual ~Target() = default;
  // Called before the first entry of a ledger is taken.
  [[nodiscard]] virtual Result<void> prepare(const std::string& ledger) = 0;
  [[nodiscard]] virtual Result<void> take(const std::string& line) = 0;
  [[nodiscard]] virtual Result<void> finish() = 0;
};

// The slice of an entry's line that is its event, as it stands there; nullopt: a rejected or withheld entry.
std::optional<std::string> event_text(const Json& entry) {
  if (!entry.contains("event")) return std::nullopt;
  return entry["event"].dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Lines final : public Target {
 public:
  Lines(std::ostream& out, std::string name, bool events_only)
      : out_(out), name_(std::move(name)), events_only_(events_only) {}
  Result<void> prepare(const std::string&) override { return {}; }
  Result<void> take(const std::string& line) override {
    if (!events_only_) {
      out_ << line << '\n';
    } else {
      const Json entry = Json::parse(line, nullptr, false);
      if (!entry.is_object()) return fail(Code::unreachable, name_, "the node's line is no JSON");
      // With the entry's own bytes at hand the event is written as it was received.
      const auto raw =
          entry.contains("bytes") ? from_base64(entry["bytes"].get<std::string>()) : Result<std::string>("");
      const auto decoded = raw && !raw->empty() ? decode(*raw) : Result<Entry>(tl::unexpected(Error{}));
      if (decoded && decoded->kind == EntryKind::event && decoded->body.find('\n') == std::string_view::npos) {
        out_ << decoded->body << '\n';
      } else if (const auto text = event_text(entry); text && entry.value("kind", "") == "event") {
        out_ << *text << '\n';
      }
    }
    return out_ ? Result<void>() : Result<void>(fail(Code::io, name_, "cannot be written"));
  }
  Result<void> finish() override {
    return out_.flush() ? Result<void>() : Result<void>(fail(Code::io, name_, "cannot be written"));
  }

 private:
  std::ostream& out_;
  std::string name_;
  bool events_only_;
};

// Sends events on to a node, with the signatures of their authors: these are over the ledger's origin and the event's
// bytes, so they hold in any node of the same space.
class OtherNode final : public Target {
 public:
  static Result<std::unique_ptr<OtherNode>> make(Environment& environment, HttpClient& source, const std::string& url) {
    auto client = HttpClient::make(url);
    if (!client) return tl::unexpected(client.error());
    auto target = std::unique_ptr<OtherNode>(new OtherNode(environment, source, std::move(*client)));
    auto emitter = Emitter::make(target->client_, {}, nullptr, [raw = target.get()](const Emitted& one) {
      if (one.outcome == "refused") raw->refused(one.place, one.reason);
    });
    if (!emitter) return tl::unexpected(emitter.error());
    target->emitter_ = std::move(*emitter);
    return target;
  }

  // The keys now, since the connection to the source is busy with entries afterwards.
  Result<void> prepare(const std::string& ledger) override {
    if (!prepared_.insert(ledger).second) return {};
    const auto answer = source_.send("GET", "/v1/ledgers/" + ledger);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status != 200) return tl::unexpected(problem_error(*answer));
    const Json about = Json::parse(answer->body, nullptr, false);
    for (const Json& row : about.is_object() ? about.value("keys", Json::array()) : Json::array()) {
      const auto key = VerifierKey::parse(row.value("key", ""));
      if (key) keys_.emplace(std::pair(ledger, key->author_key_id()), *key);
    }
    return {};
  }

  Result<void> take(const std::string& line) override {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return fail(Code::unreachable, "", "the node's line is no JSON");
    if (json.value("kind", "") != "event") {
      ++passed_over_;
      return {};
    }
    const std::string ledger = json.value("ledger", "");
    const std::string place = ledger + "/" + std::to_string(json.value("sequence", std::uint64_t{0}));
    const auto raw = from_base64(json.value("bytes", ""));
    const auto entry = raw ? decode(*raw) : Result<Entry>(tl::unexpected(raw.error()));
    if (!entry) return fail(Code::unreachable, place, "the node's line has not the entry's bytes");
    if (!entry->author) {
      return emitter_->take(InputDocument{place, std::string(entry->body), DocumentKind::event, ""});
    }
    const auto key = key_of(ledger, entry->author->key);
    if (!key) return tl::unexpected(key.error());
    const std::string signature = to_string(AuthorSignature{key->name(), key->key_hash(), entry->author->signature});
    if (entry->body.find_first_of("\r\n") != std::string_view::npos) return take_alone(place, entry->body, signature);
    return emitter_->take(InputDocument{
        place, "{\"event\":" + std::string(entry->body) + ",\"signature\":" + Json(signature).dump() + "}",
        DocumentKind::event, ""});
  }

  Result<void> finish() override {
    if (auto finished = emitter_->finish(); !finished) return finished;
    const EmitCounts& counts = emitter_->counts();
    environment_.err << counts.ledgered + alone_ledgered_ << " ledgered, " << counts.duplicates + alone_duplicates_
                     << " there already, " << refused_ << " refused, " << passed_over_
                     << " passed over (first entries and rejected ones stay where they are)\n";
    return {};
  }
  [[nodiscard]] std::uint64_t refused_count() const { return refused_; }

 private:
  OtherNode(Environment& environment, HttpClient& source, HttpClient client)
      : environment_(environment), source_(source), client_(std::move(client)) {}

  void refused(const std::string& place, const std::string& reason) {
    constexpr std::uint64_t kShown = 20;
    if (++refused_ <= kShown) environment_.err << place << ": refused: " << reason << '\n';
    if (refused_ == kShown) environment_.err << "further refusals are only counted\n";
  }

  // A signature is over the very bytes: an event with line ends in it cannot go as a line of NDJSON.
  Result<void> take_alone(const std::string& place, std::string_view event, const std::string& signature) {
    const auto answer =
        client_.send("POST", "/v1/events",
                     {{"content-type", "application/cloudevents+json"}, {"jangbu-signature", signature}}, event);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status >= 500) return tl::unexpected(problem_error(*answer));
    if (answer->status >= 400) {
      refused(place, problem_error(*answer).what);
    } else {
      ++(answer->status == 200 ? alone_duplicates_ : alone_ledgered_);
    }
    return {};
  }

  Result<VerifierKey> key_of(const std::string& ledger, const AuthorKeyId& id) const {
    const auto found = keys_.find({ledger, id});
    if (found == keys_.end()) return fail(Code::key_unknown, ledger, "the node does not list an author's key");
    return found->second;
  }

  Environment& environment_;
  HttpClient& source_;
  HttpClient client_;
  std::unique_ptr<Emitter> emitter_;
  std::map<std::pair<std::string, AuthorKeyId>, VerifierKey> keys_;
  std::set<std::string> prepared_;
  std::uint64_t refused_ = 0, passed_over_ = 0, alone_ledgered_ = 0, alone_duplicates_ = 0;
};

Result<std::vector<std::string>> ledgers_of(NodeAccess& access, const Options& options) {
  if (!options.search.ledgers.empty()) return options.search.ledgers;
  const auto answer = access.get("/v1/ledgers");
  if (!answer) return tl::unexpected(answer.error());
  const Json json = Json::parse(answer->body, nullptr, false);
  std::vector<std::string> ledgers;
  for (const Json& ledger : json.is_object() ? json.value("ledgers", Json::array()) : Json::array()) {
    ledgers.push_back(ledger.value("ledger", ""));
  }
  return ledgers;
}

// Entries [from, until) of one ledger; `next` is always the first that has not been taken.
Result<void> range(NodeAccess& access, const std::string& ledger, const Options& options, bool with_bytes,
                   const std::stop_token& stop, std::uint64_t& next,
                   const std::function<Result<void>(std::string)>& take) {
  std::string target = "/v1/ledgers/" + ledger + "/entries?from=" + std::to_string(next);
  if (options.until) target += "&to=" + std::to_string(*options.until);
  if (with_bytes) target += "&bytes=true";
  std::string rest;
  Result<void> taken;
  const auto answer =
      access.client().stream("GET", target, {{"accept", "application/x-ndjson"}}, "", [&](std::string_view piece) {
        rest.append(piece);
        std::size_t begin = 0;
        for (std::size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
          if (taken = take(rest.substr(begin, end - begin)); !taken) return false;
          ++next;
        }
        rest.erase(0, begin);
        return !stop.stop_requested();
      });
  if (!taken) return taken;
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(problem_error(*answer));
  if (!rest.empty() && !stop.stop_requested()) return fail(Code::unreachable, target, "the stream ended within a line");
  return {};
}

Result<void> found(NodeAccess& access, const Options& options, bool with_bytes, Target& target,
                   const std::function<Result<void>(std::string)>& take, const std::stop_token& stop) {
  SearchPageAsked page;
  page.limit = 1000;
  page.with_entries = !with_bytes;
  do {
    const auto rows = search_page(access.client(), options.search, page);
    if (!rows) return tl::unexpected(rows.error());
    if (!rows->value("complete", true)) return fail(Code::index_behind, "", search_gaps(*rows));
    for (const Json& row : (*rows)["rows"]) {
      std::string line;
      if (auto ready = target.prepare(row.value("ledger", "")); !ready) return ready;
      if (with_bytes) {
        const auto number = row.value("sequence", std::uint64_t{0});
        const auto answer =
            access.get("/v1/ledgers/" + row.value("ledger", "") + "/entries?bytes=true&from=" + std::to_string(number) +
                           "&to=" + std::to_string(number + 1),
                       {{"accept", "application/x-ndjson"}});
        if (!answer) return tl::unexpected(answer.error());
        line = answer->body.substr(0, answer->body.find('\n'));
      } else {
        line = row.value("entry", Json()).dump(-1, ' ', false, Json::error_handler_t::replace);
      }
      if (auto taken = take(std::move(line)); !taken) return taken;
    }
    page.cursor = rows->value("next", "");
  } while (!page.cursor.empty() && !stop.stop_requested());
  return {};
}

Result<Exit> replay(Environment& environment, Options& options) {
  for (const std::string& ledger : options.search.ledgers) {
    if (!LedgerId::parse(ledger)) return fail(Code::bad_usage, ledger, "not the id of a ledger");
  }
  const bool by_query = options.search.has_terms() || options.search.has_times();
  const bool by_range = options.from != 0 || options.until;
  if (by_range && (by_query || options.search.ledgers.size() != 1)) {
    return fail(Code::bad_usage, "--from", "a range is of one ledger, and not of a query");
  }
  auto access = NodeAccess::open(environment, options.node, NodeAccess::For::reading);
  if (!access) return tl::unexpected(access.error());

  std::ofstream file;
  std::unique_ptr<Target> target;
  OtherNode* other = nullptr;
  if (!options.to.empty()) {
    auto made = OtherNode::make(environment, access->client(), options.to);
    if (!made) return tl::unexpected(made.error());
    other = made->get();
    target = std::move(*made);
  } else if (!options.out.empty()) {
    std::error_code error;
    if (!options.append && std::filesystem::exists(options.out, error)) {
      return fail(Code::already_exists, options.out, "give --append to write behind what is there");
    }
    file.open(options.out, std::ios::binary | std::ios::app);
    if (!file) return fail(Code::io, options.out, "cannot be opened");
    target = std::make_unique<Lines>(file, options.out, options.events_only);
  } else {
    target = std::make_unique<Lines>(environment.out, "standard output", options.events_only);
  }

  const bool with_bytes = other != nullptr || options.bytes || options.events_only;
  Progress progress(environment, "entries", 0);
  std::uint64_t count = 0;
  const auto take = [&](const std::string& line) -> Result<void> {
    progress.at(++count);
    return target->take(line);
  };
  Result<void> done;
  if (by_query) {
    options.search.oldest_first = true;
    done = found(*access, options, with_bytes, *target, take, environment.stop);
  } else {
    const auto ledgers = ledgers_of(*access, options);
    if (!ledgers) return tl::unexpected(ledgers.error());
    for (const std::string& ledger : *ledgers) {
      std::uint64_t next = options.from;
      if (done = target->prepare(ledger); !done) break;
      done = range(*access, ledger, options, with_bytes, environment.stop, next, take);
      if (!done || environment.stop.stop_requested()) {
        progress.clear();
        // What was taken may still be on its way to the other node; sending it again changes nothing there.
        const std::uint64_t again = other != nullptr ? options.from : next;
        environment.err << "stopped in " << ledger << "; go on with --ledger " << ledger << " --from " << again << '\n';
        break;
      }
    }
  }
  progress.clear();
  auto finished = target->finish();
  if (!done) return tl::unexpected(done.error());
  if (!finished) return tl::unexpected(finished.error());
  if (auto closed = access->close(); !closed) return tl::unexpected(closed.error());
  if (!options.out.empty()) environment.err << count << " entries written to " << options.out << '\n';
  return other != nullptr && other->refused_count() > 0 ? Exit::refused : Exit::ok;
}

}  // namespace

void add_replay(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("replay", "write entries to standard output, a file or another node");
  auto options = std::make_shared<Options>();
  add_node_options(*command, options->node);
  command->add_option("--ledger", options->search.ledgers, "of this ledger; may stand several times; without: of all")
      ->expected(1)
      ->take_all();
  command->add_option("--from", options->from, "from this sequence number on (one ledger)");
  command->add_option("--until", options->until, "up to, and not with, this sequence number");
  add_term_options(*command, options->search);
  command->add_option("--time-from", options->search.from, "events of this time and later (RFC 3339)");
  command->add_option("--time-until", options->search.until, "events before this time");
  CLI::Option* out = command->add_option("--out", options->out, "write to this file instead of standard output");
  command->add_flag("--append", options->append, "write behind what is in the file")->needs(out);
  command->add_option("--to", options->to, "send the events on to the node at this URL")->excludes(out);
  command->add_flag("--events", options->events_only, "the events alone, as they were received; not whole entries");
  command->add_flag("--bytes", options->bytes, "each entry with its own bytes in base64: what its leaf is the hash of");
  command->callback([&environment, &exit, options] {
    auto done = replay(environment, *options);
    exit = done ? *done : complain(environment, done.error());
  });
}

}  // namespace jangbu::tools
