#include "tools/topic_beginning.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "ledger/kafka_record.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kReadEntries = 256;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kAgain{100};
constexpr std::string_view kMoved = "ledger.moved";

// The same move, by whichever call and whenever it was written.
bool same_move(const std::string& there, const std::string& ours) {
  const Json a = Json::parse(there, nullptr, false), b = Json::parse(ours, nullptr, false);
  return a.is_object() && b.is_object() && a.value("type", "") == b.value("type", "") &&
         a.value("data", Json::object()) == b.value("data", Json::object());
}

Result<void> write(const KafkaSettings& settings, const std::string& topic, const TopicBeginning& beginning,
                   std::size_t from, std::chrono::milliseconds timeout) {
  auto producer = KafkaProducer::open(settings, KafkaProducer::Options());
  if (!producer) return tl::unexpected(producer.error());
  std::optional<Error> failed;
  for (std::size_t i = from; i < beginning.records.size(); ++i) {
    const TopicBeginning::Record& record = beginning.records[i];
    auto queued =
        (*producer)->publish(topic, record.event, record.headers, [&, i](const Result<KafkaDelivery>& delivery) {
          if (failed) return;
          if (!delivery) {
            failed = delivery.error();
          } else if (delivery->offset != Offset(i)) {
            failed = Error{Code::kafka_other_record, topic,
                           "somebody else has written to it first (record " + std::to_string(i) + " came to offset " +
                               std::to_string(delivery->offset.value()) + "); delete the topic and make it again"};
          }
        });
    if (!queued) return queued;
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while ((*producer)->queued() > 0 && std::chrono::steady_clock::now() < deadline) {
    (*producer)->serve(std::chrono::milliseconds(100));
  }
  producer->reset();  // whoever still waits is told so: `failed` is set then
  if (failed && failed->code == Code::shutting_down) {
    return fail(Code::kafka_unreachable, topic, "its first records were not acknowledged in time: call this again");
  }
  if (failed) return tl::unexpected(*failed);
  return {};
}

}  // namespace

Result<TopicBeginning> whole_ledger(const LedgerView& view, const AuthorRegistry& authors) {
  TopicBeginning beginning;
  beginning.first_type = "ledger.genesis";
  for (SequenceNumber at; covers(view.size(), at);) {
    auto entries = view.read(at, kReadEntries, kReadBytes);
    if (!entries) return tl::unexpected(entries.error());
    for (const StoredEntry& stored : *entries) {
      const Entry& entry = stored.entry;
      const std::string where = view.info().id.text() + "#" + std::to_string(entry.sequence.value());
      if (entry.kind != EntryKind::genesis && entry.kind != EntryKind::event) {
        return fail(Code::bad_usage, where,
                    "it is no event, so its record is not there to be written again: let the ledger move instead");
      }
      std::optional<AuthorSignature> signature;
      if (entry.author) {
        const RegisteredKey* key = authors.find(entry.author->key);
        if (key == nullptr) return fail(Code::store_corrupt, where, "its author's key is not registered in the ledger");
        signature = AuthorSignature{key->key.name(), key->key.key_hash(), entry.author->signature};
      }
      beginning.records.push_back({std::string(entry.body), topic_headers(signature)});
      at = next(entry.sequence);
    }
  }
  return beginning;
}

Result<TopicBeginning> moved_ledger(const LedgerView& view, const std::string& space, const std::string& cluster,
                                    const SigningKey& coordinator, Timestamp time) {
  const auto last = view.entry(last_of(view.size()));
  if (!last) return tl::unexpected(last.error());
  const LedgerId& ledger = view.info().id;
  const std::uint64_t generation = last->entry.generation.value() + 1;
  const std::string mark = to_hex(sha256(cluster + "\n" + digest_text(view.root())).view()).substr(0, 32);
  const Json event{{"specversion", "1.0"},
                   {"id", "moved-" + std::to_string(generation) + "-" + mark},
                   {"source", "/spaces/" + space},
                   {"type", "kr.jangbu." + std::string(kMoved) + ".v1"},
                   {"time", to_string(time)},
                   {"institution", ledger.institution()},
                   {"ledger", ledger.text()},
                   {"data",
                    {{"generation", generation},
                     {"cluster", cluster},
                     {"after", {{"size", view.size().value()}, {"root", digest_text(view.root())}}}}}};
  std::string bytes = event.dump();
  const AuthorSignature signature = sign_event(coordinator, view.info().origin, bytes);
  TopicBeginning beginning;
  beginning.first_type = kMoved;
  beginning.records.push_back({std::move(bytes), topic_headers(signature)});
  return beginning;
}

Result<bool> is_read_from(const LedgerView& view, const KafkaSettings& settings, const std::string& topic,
                          std::chrono::milliseconds timeout) {
  const auto last = view.entry(last_of(view.size()));
  if (!last) return tl::unexpected(last.error());
  if (last->entry.generation.value() == 0) return false;
  auto reader = KafkaReader::open(settings);
  if (!reader) return tl::unexpected(reader.error());
  const auto record = (*reader)->read_at(topic, last->entry.offset, timeout);
  if (!record && record.error().code == Code::kafka_topic_missing) return false;
  if (!record) return tl::unexpected(record.error());
  // The broker's own time, to the millisecond, at the same offset: no other record has both.
  return record->has_value() && (*record)->log_append_time && (*record)->timestamp_ms == last->entry.received_ms;
}

Result<std::size_t> write_beginning(const KafkaSettings& settings, const std::string& topic,
                                    const TopicBeginning& beginning, std::chrono::milliseconds timeout) {
  auto reader = KafkaReader::open(settings);
  if (!reader) return tl::unexpected(reader.error());
  // The topic is there; a broker that does not know it yet will in a moment.
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  auto marks = (*reader)->watermarks(topic, timeout);
  while (!marks && marks.error().code == Code::kafka_topic_missing && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kAgain);
    marks = (*reader)->watermarks(topic, timeout);
  }
  if (!marks) return tl::unexpected(marks.error());
  const std::size_t count = beginning.records.size();
  const std::size_t there = std::min<std::size_t>(count, marks->high.value());
  for (std::size_t i = 0; i < there; ++i) {
    const auto record = (*reader)->read_at(topic, Offset(i), timeout);
    if (!record) return tl::unexpected(record.error());
    const TopicBeginning::Record& ours = beginning.records[i];
    const bool same =
        *record && (*record)->value &&
        (beginning.first_type == kMoved ? same_move(*(*record)->value, ours.event) : *(*record)->value == ours.event);
    if (!same) {
      return fail(Code::kafka_other_record, topic + " at offset " + std::to_string(i),
                  "the topic is there and does not begin as this ledger's does; delete it, or name the right cluster");
    }
  }
  if (there < count) {
    if (auto written = write(settings, topic, beginning, there, timeout); !written) {
      return tl::unexpected(written.error());
    }
  }
  return count - there;
}

}  // namespace jangbu::tools
