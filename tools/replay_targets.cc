#include "tools/replay_targets.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/kafka_record.h"
#include "ledger/keys.h"
#include "tools/emitter.h"
#include "tools/node_access.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

// How long a topic's deliveries are waited for while nothing moves.
constexpr std::chrono::seconds kDeliveryWait{60};

// The slice of an entry's line that is its event, as it stands there; nullopt: a rejected or withheld entry.
std::optional<std::string> event_text(const Json& entry) {
  if (!entry.contains("event")) return std::nullopt;
  return entry["event"].dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Lines final : public ReplayTarget {
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
  bool wants_bytes() const override { return events_only_; }
  Result<void> finish() override {
    return out_.flush() ? Result<void>() : Result<void>(fail(Code::io, name_, "cannot be written"));
  }

 private:
  std::ostream& out_;
  std::string name_;
  bool events_only_;
};

// The authors' keys of a node's ledgers, asked for before its connection is busy with entries.
class AuthorKeys {
 public:
  explicit AuthorKeys(HttpClient& source) : source_(source) {}

  Result<void> prepare(const std::string& ledger) {
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
  // nullopt: the entry has no author.
  Result<std::optional<AuthorSignature>> signature(const std::string& ledger, const Entry& entry) const {
    if (!entry.author) return std::optional<AuthorSignature>();
    const auto found = keys_.find({ledger, entry.author->key});
    if (found == keys_.end()) return fail(Code::key_unknown, ledger, "the node does not list an author's key");
    return std::optional(AuthorSignature{found->second.name(), found->second.key_hash(), entry.author->signature});
  }

 private:
  HttpClient& source_;
  std::map<std::pair<std::string, AuthorKeyId>, VerifierKey> keys_;
  std::set<std::string> prepared_;
};

// An event's entry out of its line; `place` is said in errors. nullopt: the entry is no event.
struct EventLine {
  std::string ledger, place, raw;
};
Result<std::optional<EventLine>> event_line(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return fail(Code::unreachable, "", "the node's line is no JSON");
  if (json.value("kind", "") != "event") return std::optional<EventLine>();
  EventLine event;
  event.ledger = json.value("ledger", "");
  event.place = event.ledger + "/" + std::to_string(json.value("sequence", std::uint64_t{0}));
  auto raw = from_base64(json.value("bytes", ""));
  if (!raw || !decode(*raw)) return fail(Code::unreachable, event.place, "the node's line has not the entry's bytes");
  event.raw = std::move(*raw);
  return std::optional(std::move(event));
}

class OtherNode final : public ReplayTarget {
 public:
  OtherNode(Environment& environment, HttpClient& source, HttpClient client)
      : environment_(environment), keys_(source), client_(std::move(client)) {}
  Result<void> open() {
    auto emitter = Emitter::make(client_, {}, nullptr, [this](const Emitted& one) {
      if (one.outcome == "refused") refuse(one.place, one.reason);
    });
    if (!emitter) return tl::unexpected(emitter.error());
    emitter_ = std::move(*emitter);
    return {};
  }

  Result<void> prepare(const std::string& ledger) override { return keys_.prepare(ledger); }
  Result<void> take(const std::string& line) override {
    const auto event = event_line(line);
    if (!event) return tl::unexpected(event.error());
    if (!*event) {
      ++passed_over_;
      return {};
    }
    const Entry entry = *decode((*event)->raw);
    const auto author = keys_.signature((*event)->ledger, entry);
    if (!author) return tl::unexpected(author.error());
    if (!*author) {
      return emitter_->take(InputDocument{(*event)->place, std::string(entry.body), DocumentKind::event, ""});
    }
    const std::string signature = to_string(**author);
    if (entry.body.find_first_of("\r\n") != std::string_view::npos) {
      return take_alone((*event)->place, entry.body, signature);
    }
    return emitter_->take(InputDocument{
        (*event)->place, "{\"event\":" + std::string(entry.body) + ",\"signature\":" + Json(signature).dump() + "}",
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
  // It may still be on its way to the other node; sending it again changes nothing there.
  bool may_lose() const override { return true; }
  std::uint64_t refused() const override { return refused_; }

 private:
  void refuse(const std::string& place, const std::string& reason) {
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
      refuse(place, problem_error(*answer).what);
    } else {
      ++(answer->status == 200 ? alone_duplicates_ : alone_ledgered_);
    }
    return {};
  }

  Environment& environment_;
  AuthorKeys keys_;
  HttpClient client_;
  std::unique_ptr<Emitter> emitter_;
  std::uint64_t refused_ = 0, passed_over_ = 0, alone_ledgered_ = 0, alone_duplicates_ = 0;
};

class Topic final : public ReplayTarget {
 public:
  Topic(Environment& environment, HttpClient& source, std::unique_ptr<KafkaProducer> producer, std::string topic)
      : environment_(environment), keys_(source), topic_(std::move(topic)), producer_(std::move(producer)) {}

  Result<void> prepare(const std::string& ledger) override { return keys_.prepare(ledger); }
  Result<void> take(const std::string& line) override {
    const auto event = event_line(line);
    if (!event) return tl::unexpected(event.error());
    if (!*event) {
      ++passed_over_;
      return {};
    }
    const Entry entry = *decode((*event)->raw);
    const auto author = keys_.signature((*event)->ledger, entry);
    if (!author) return tl::unexpected(author.error());
    for (;;) {
      auto queued = producer_->publish(topic_, std::string(entry.body), topic_headers(*author),
                                       [this](const Result<KafkaDelivery>& delivery) {
                                         if (delivery) {
                                           ++delivered_;
                                         } else if (!failed_) {
                                           failed_ = delivery.error();
                                         }
                                       });
      if (queued) break;
      if (queued.error().code != Code::queue_full) return queued;
      if (auto moved = serve(); !moved) return moved;
    }
    ++sent_;
    producer_->serve(std::chrono::milliseconds(0));
    if (failed_) return tl::unexpected(*failed_);
    return {};
  }
  Result<void> finish() override {
    while (!failed_ && delivered_ < sent_) {
      if (auto moved = serve(); !moved) return moved;
    }
    if (failed_) return tl::unexpected(*failed_);
    environment_.err << delivered_ << " records acknowledged in " << topic_ << ", " << passed_over_
                     << " entries passed over (they are no events)\n";
    return {};
  }
  bool may_lose() const override { return true; }

 private:
  // Until something is delivered.
  Result<void> serve() {
    const std::uint64_t before = delivered_;
    const auto deadline = environment_.clock.steady() + kDeliveryWait;
    while (delivered_ == before && !failed_) {
      producer_->serve(std::chrono::milliseconds(100));
      if (environment_.clock.steady() > deadline) {
        return fail(Code::kafka_unreachable, topic_, "nothing was acknowledged for a minute");
      }
    }
    return {};
  }

  Environment& environment_;
  AuthorKeys keys_;
  std::string topic_;
  std::uint64_t sent_ = 0, delivered_ = 0, passed_over_ = 0;
  std::optional<Error> failed_;
  std::unique_ptr<KafkaProducer> producer_;  // last: its deliveries use the rest
};

}  // namespace

std::unique_ptr<ReplayTarget> replay_to_stream(std::ostream& out, std::string name, bool events_only) {
  return std::make_unique<Lines>(out, std::move(name), events_only);
}

Result<std::unique_ptr<ReplayTarget>> replay_to_node(Environment& environment, HttpClient& source,
                                                     const std::string& url) {
  auto client = HttpClient::make(url);
  if (!client) return tl::unexpected(client.error());
  auto target = std::make_unique<OtherNode>(environment, source, std::move(*client));
  if (auto opened = target->open(); !opened) return tl::unexpected(opened.error());
  return target;
}

Result<std::unique_ptr<ReplayTarget>> replay_to_topic(Environment& environment, HttpClient& source,
                                                      const KafkaSettings& settings, std::string topic) {
  auto producer = KafkaProducer::open(settings, KafkaProducer::Options());
  if (!producer) return tl::unexpected(producer.error());
  return std::make_unique<Topic>(environment, source, std::move(*producer), std::move(topic));
}

}  // namespace jangbu::tools
