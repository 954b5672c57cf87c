#include "ledger/ledger_state.h"

#include <utility>

#include "schemas/invariant.h"
#include "schemas/json_equal.h"

namespace jangbu {
namespace {

// Types whose entries a start reads again: what they say holds for all later ones.
bool governs_ledger(const EventType& type) { return AuthorRegistry::governs(type) || type.name == "ledger.screen"; }

// Equal as the ledger means it: the same bytes; the same JSON (J8); or two conversions of one document.
bool same_event(const Event& event, std::string_view bytes, const Event& first, std::string_view first_bytes) {
  if (bytes == first_bytes) return true;
  const auto digest_of = [](const Event& converted) {
    const auto original = object(converted.data, "original");
    return original ? text(*original, "digest") : std::string_view();
  };
  const std::string_view digest = digest_of(event);
  if (!digest.empty() && digest == digest_of(first)) return true;
  return equal_as_events(bytes, first_bytes);
}

}  // namespace

LedgerState::LedgerState(LedgerId id, std::shared_ptr<const TypeTable> types, std::string screen_digest)
    : id_(std::move(id)), types_(std::move(types)), screen_digest_(std::move(screen_digest)) {}

Result<LedgerState> LedgerState::load(const Store& store, LedgerNumber number, RecordScreen& reader,
                                      const std::string& screen_digest) {
  LedgerState state(store.ledgers().at(number.value()), reader.types(), screen_digest);
  const auto size = store.size(number);
  if (!size) return tl::unexpected(size.error());
  if (size->value() == 0) return state;

  const auto read_entry = [&](SequenceNumber place, std::string& bytes) -> Result<Entry> {
    auto stored = store.entry(number, place);
    if (!stored) return tl::unexpected(stored.error());
    const std::string where = state.id_.text() + "/" + std::to_string(place.value());
    if (!*stored) return fail(Code::store_corrupt, where, "an entry is missing");
    bytes = std::move(**stored);
    auto entry = decode(bytes);
    if (!entry) return fail(Code::store_corrupt, where, entry.error().what);
    return entry;
  };

  std::string bytes;
  const auto genesis = read_entry(SequenceNumber(0), bytes);
  if (!genesis) return tl::unexpected(genesis.error());
  state.genesis_leaf_ = leaf_hash(bytes);
  {
    const auto event = reader.read(genesis->body);
    if (!event) return tl::unexpected(event.error());
    auto authors = AuthorRegistry::from_genesis(*event, *genesis);
    if (!authors) return tl::unexpected(authors.error());
    state.authors_ = std::make_shared<const AuthorRegistry>(std::move(*authors));
    if (const auto named = object(event->data, "screen")) state.look_at_screen(*named);
  }
  const auto governing = store.governing(number);
  if (!governing) return tl::unexpected(governing.error());
  for (const SequenceNumber place : *governing) {
    if (place.value() == 0) continue;
    const auto entry = read_entry(place, bytes);
    if (!entry) return tl::unexpected(entry.error());
    const auto event = reader.read(entry->body);
    if (!event) return tl::unexpected(event.error());
    state.govern(*event, place);
  }
  auto ticks = store.ticks(number);
  if (!ticks) return tl::unexpected(ticks.error());
  if (*ticks) {
    auto decoded = Ticks::decode(**ticks);
    if (!decoded) return tl::unexpected(decoded.error());
    state.ticks_ = std::move(*decoded);
  }
  auto tree = GrowingTree::load(store, number, *size);
  if (!tree) return tl::unexpected(tree.error());
  state.tree_ = std::move(*tree);
  const auto last = read_entry(last_of(*size), bytes);
  if (!last) return tl::unexpected(last.error());
  state.generation_ = last->generation;
  state.last_leaf_ = leaf_hash(bytes);
  return state;
}

Result<Step> LedgerState::step(const Record& record, Screened&& screened, Earlier& earlier, RecordScreen& reader,
                               std::string& out, const FullTile& full) {
  if (stopped_) return tl::unexpected(*stopped_);
  if (size().value() == 0) return begin(record, screened, reader, out, full);
  if (record.generation != generation_) {
    if (auto begins = judge_generation(record, screened, reader); !begins) return tl::unexpected(begins.error());
  }
  if (screened.rejection) {
    return reject(record, *screened.rejection, std::move(screened.errors), out, full);
  }
  const auto refuse = [&](Error error) -> Result<Step> {
    const auto event = reader.read(record.event);
    if (!event) return tl::unexpected(event.error());
    const Rejection rejection = rejection_of(error.code, error.where, *event);
    return reject(record, rejection, {std::move(error)}, out, full);
  };

  const auto author = judge_author(record, *screened.type);
  if (!author) return refuse(author.error());

  std::vector<SequenceNumber> filed;
  {
    auto places = earlier.filed(screened.key);
    if (!places) return tl::unexpected(places.error());
    filed = std::move(*places);
  }
  if (!filed.empty()) [[unlikely]] {
    auto found = find_earlier(record, filed, earlier, reader, out, full);
    if (!found) return tl::unexpected(found.error());
    if (*found) return std::move(**found);
  }

  const EventType& type = *screened.type;
  if (type.name == "ledger.genesis") {
    return refuse(Error{Code::already_exists, "/type", "the ledger has its genesis already"});
  }
  if (type.name == "ledger.moved" && record.generation == generation_) {
    return refuse(
        Error{Code::bad_value, "/data/generation", "a topic's first record alone says that a ledger has moved"});
  }
  const bool concerns_ticks = Ticks::concerns(type);
  const bool governs = governs_ledger(type);
  if (!concerns_ticks && !governs) [[likely]] {
    Step step = append(record, EntryKind::event, *author, record.event, out, full);
    step.filed = std::move(filed);
    step.filed.push_back(step.sequence);
    return step;
  }
  {
    const auto event = reader.read(record.event);
    if (!event) return tl::unexpected(event.error());
    if (concerns_ticks) {
      if (auto allowed = ticks_.judge(*event); !allowed) return refuse(allowed.error());
    }
    Step step = append(record, EntryKind::event, *author, record.event, out, full);
    step.filed = std::move(filed);
    step.filed.push_back(step.sequence);
    step.governs = governs;
    step.ticks_changed = concerns_ticks;
    if (concerns_ticks) ticks_.apply(*event);
    if (governs) govern(*event, step.sequence);
    return step;
  }
}

Result<std::optional<Author>> LedgerState::judge_author(const Record& record, const EventType& type) const {
  Event judged;  // all that the judgement looks at
  judged.bytes = record.event;
  judged.type = &type;
  return authors_->judge(
      judged, record.signature != nullptr ? std::optional(*record.signature) : std::optional<AuthorSignature>());
}

// What a new generation begins with is not a matter of rejecting: whatever else stands there is no topic of this
// ledger.
Result<void> LedgerState::judge_generation(const Record& record, const Screened& screened, RecordScreen& reader) const {
  const auto other = [&](std::string what) {
    return fail(Code::kafka_other_record,
                id_.text() + ", generation " + std::to_string(record.generation.value()) + ", offset " +
                    std::to_string(record.offset.value_or(Offset(0)).value()),
                std::move(what));
  };
  if (screened.rejection || screened.type->name != "ledger.moved") {
    return other("a topic that the ledger goes on in begins with ledger.moved");
  }
  const auto event = reader.read(record.event);
  if (!event) return tl::unexpected(event.error());
  const auto author = judge_author(record, *screened.type);
  if (!author) return other("ledger.moved: " + to_string(author.error()));
  const auto generation = integer(event->data, "generation");
  const auto after = object(event->data, "after");
  const auto root = after ? parse_digest(text(*after, "root")) : tl::unexpected(Error{});
  if (generation != static_cast<std::int64_t>(record.generation.value()) ||
      record.generation.value() != generation_.value() + 1) {
    return other("ledger.moved names another generation than the next");
  }
  if (!after || !root || integer(*after, "size") != static_cast<std::int64_t>(size().value()) ||
      *root != this->root()) {
    return other("ledger.moved names another size and root than this ledger's " + std::to_string(size().value()) +
                 " and " + digest_text(this->root()));
  }
  return {};
}

// What append() would make of it.
Hash LedgerState::leaf_of_genesis(const Record& record, const Entry& genesis) {
  Entry entry = genesis;
  entry.received_ms = record.received_ms;
  entry.generation = record.generation;
  entry.offset = record.offset.value_or(Offset(0));
  entry.body = record.event;
  std::string bytes;
  encode(entry, bytes);
  return leaf_hash(bytes);
}

Result<Step> LedgerState::begin(const Record& record, const Screened& screened, RecordScreen& reader, std::string& out,
                                const FullTile& full) {
  if (screened.rejection) {
    return fail(Code::bad_entry, id_.text() + "/0", "the first record is no genesis: " + to_string(screened.errors[0]));
  }
  const auto event = reader.read(record.event);
  if (!event) return tl::unexpected(event.error());
  // The key that signed it is the one that it names: its registry cannot be asked before it is there.
  Entry entry;
  entry.kind = EntryKind::genesis;
  if (record.signature != nullptr) {
    const auto key = VerifierKey::parse(text(event->data, "coordinator_key"));
    if (key && key->name() == record.signature->key_name && key->key_hash() == record.signature->key_hash) {
      entry.author = Author{key->author_key_id(), record.signature->signature};
    }
  }
  auto authors = AuthorRegistry::from_genesis(*event, entry);
  if (!authors) return tl::unexpected(authors.error());
  if (authors->ledger() != id_) return fail(Code::bad_entry, id_.text() + "/0", "another ledger's genesis");
  if (!event->type->allows(authors->kind())) return fail(Code::author_kind_wrong, id_.text() + "/0", "");
  if (pinned_genesis_ && leaf_of_genesis(record, entry) != *pinned_genesis_) {
    return fail(Code::bad_entry, id_.text() + "/0", "another genesis than the one that this node has pinned");
  }
  const std::shared_ptr<const AuthorRegistry> shared = std::make_shared<const AuthorRegistry>(std::move(*authors));
  if (const auto named = object(event->data, "screen")) look_at_screen(*named);
  if (stopped_) return tl::unexpected(*std::exchange(stopped_, std::nullopt));
  authors_ = shared;
  Step step = append(record, EntryKind::genesis, entry.author, record.event, out, full);
  genesis_leaf_ = step.leaf;
  step.filed.push_back(step.sequence);
  step.governs = true;
  return step;
}

// nullopt: other (source, id) under the same 16 bytes; the record is new.
Result<std::optional<Step>> LedgerState::find_earlier(const Record& record, const std::vector<SequenceNumber>& filed,
                                                      Earlier& earlier, RecordScreen& reader, std::string& out,
                                                      const FullTile& full) {
  EventReader first_reader(types_);  // two events at once need two readers
  for (const SequenceNumber place : filed) {
    auto bytes = earlier.entry(place);
    if (!bytes) return tl::unexpected(bytes.error());
    const auto where = [&] { return id_.text() + "/" + std::to_string(place.value()); };
    const auto entry = decode(*bytes);
    if (!entry) return fail(Code::store_corrupt, where(), entry.error().what);
    const auto first = first_reader.read(entry->body);
    if (!first) return fail(Code::store_corrupt, where(), first.error().what);
    const auto event = reader.read(record.event);
    if (!event) return tl::unexpected(event.error());
    if (first->source != event->source || first->id != event->id) continue;
    if (same_event(*event, record.event, *first, entry->body)) {
      Step step;
      step.kind = Step::Kind::duplicate;
      step.sequence = place;
      step.leaf = leaf_hash(*bytes);
      step.received_ms = entry->received_ms;
      step.first = place;
      return step;
    }
    Rejection rejection = rejection_of(Code::conflict, "", *event);
    rejection.first = place;
    Error error{Code::conflict, "", "the same source and id with other content stands at " + where()};
    Step step = reject(record, rejection, {std::move(error)}, out, full);
    step.kind = Step::Kind::conflict;
    step.first = place;
    return step;
  }
  return std::nullopt;
}

Step LedgerState::reject(const Record& record, const Rejection& rejection, std::vector<Error> errors, std::string& out,
                         const FullTile& full) {
  const std::string body = to_json(rejection);
  Step step = append(record, EntryKind::rejected, std::nullopt, body, out, full);
  step.kind = Step::Kind::rejected;
  step.errors = std::move(errors);
  return step;
}

Step LedgerState::append(const Record& record, EntryKind kind, const std::optional<Author>& author,
                         std::string_view body, std::string& out, const FullTile& full) {
  Entry entry;
  entry.kind = kind;
  entry.sequence = next_of(size());
  entry.received_ms = record.received_ms;
  entry.generation = record.generation;
  entry.offset = record.offset.value_or(Offset(entry.sequence.value()));
  entry.previous = last_leaf_;
  entry.author = author;
  entry.body = body;
  const std::size_t at = out.size();
  encode(entry, out);
  last_leaf_ = leaf_hash(std::string_view(out).substr(at));
  generation_ = record.generation;
  tree_.append(last_leaf_, full);
  Step step;
  step.sequence = entry.sequence;
  step.leaf = last_leaf_;
  step.received_ms = entry.received_ms;
  return step;
}

Result<Step> LedgerState::take_over(const EncodedEntry& encoded, Earlier& earlier, RecordScreen& reader,
                                    const FullTile& full) {
  const Entry& entry = encoded.entry;
  const auto bad = [this](std::string what) {
    return fail(Code::bad_entry, id_.text() + "/" + std::to_string(size().value()), std::move(what));
  };
  if (entry.sequence != next_of(size())) return bad("another place's entry");
  if (entry.previous != last_leaf_) return bad("does not name the entry before it");
  const bool is_genesis = entry.kind == EntryKind::genesis;
  if (is_genesis != (size().value() == 0)) return bad("a genesis is the first entry, and only it");
  if (entry.generation < generation_) return bad("an earlier topic generation than the entry before it");

  Step step;
  step.kind = entry.kind == EntryKind::rejected ? Step::Kind::rejected : Step::Kind::appended;
  step.sequence = entry.sequence;
  step.leaf = encoded.leaf;
  step.received_ms = entry.received_ms;
  if (encoded.type != nullptr) {
    auto filed = earlier.filed(encoded.key);
    if (!filed) return tl::unexpected(filed.error());
    step.filed = std::move(*filed);
    step.filed.push_back(step.sequence);
    step.governs = is_genesis || governs_ledger(*encoded.type);
    step.ticks_changed = Ticks::concerns(*encoded.type);
  }
  if (step.governs || step.ticks_changed) {
    const auto event = reader.read(entry.body);
    if (!event) return tl::unexpected(event.error());
    if (is_genesis) {
      auto authors = AuthorRegistry::from_genesis(*event, entry);
      if (!authors) return tl::unexpected(authors.error());
      if (authors->ledger() != id_) return bad("another ledger's genesis");
      if (pinned_genesis_ && step.leaf != *pinned_genesis_) return bad("not the genesis that is pinned");
      authors_ = std::make_shared<const AuthorRegistry>(std::move(*authors));
      genesis_leaf_ = step.leaf;
      if (const auto named = object(event->data, "screen")) look_at_screen(*named);
    } else if (step.governs) {
      govern(*event, entry.sequence);
    }
    if (step.ticks_changed) ticks_.apply(*event);
  }
  last_leaf_ = step.leaf;
  generation_ = entry.generation;
  tree_.append(step.leaf, full);
  return step;
}

void LedgerState::govern(const Event& event, SequenceNumber number) {
  if (event.type->name == "ledger.screen") {
    look_at_screen(event.data);
    return;
  }
  AuthorRegistry changed = *authors_;
  changed.apply(event, number);
  authors_ = std::make_shared<const AuthorRegistry>(std::move(changed));
}

void LedgerState::look_at_screen(simdjson::dom::object named) {
  const auto version = integer(named, "version");
  if (version == kScreenVersion && text(named, "digest") == screen_digest_) {
    stopped_.reset();
    return;
  }
  stopped_ =
      Error{Code::screen_unknown, id_.text(),
            "the ledger asks for screen version " + std::to_string(version.value_or(0)) +
                ", this program has version " + std::to_string(kScreenVersion) + " with digest " + screen_digest_};
}

}  // namespace jangbu
