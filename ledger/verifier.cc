// Verification of a whole ledger (verifier.h). Two passes over each batch: one in slices, for what stands in an entry
// alone, and one in order, for what hangs on the entries before.
#include "ledger/verifier.h"

#include <algorithm>
#include <map>
#include <utility>

#include "ledger/authors.h"
#include "ledger/entry.h"
#include "ledger/rejected.h"
#include "ledger/tree.h"
#include "schemas/event.h"
#include "schemas/invariant.h"
#include "schemas/screen.h"

namespace jangbu {
namespace {

// What the first pass finds out about one entry.
struct Examined {
  Hash leaf;
  std::optional<Entry> entry;  // views into the caller's bytes
  bool governs = false;        // an event that changes who may write
  std::optional<Error> form;   // it cannot be read, or is not of this ledger
  std::optional<Error> author;
};

struct Expected {
  std::string name;
  std::string note;
  std::optional<TlogProof> receipt;
  std::optional<Hash> leaf;  // of the receipt's entry, once it has passed
};

// One task's own tools.
struct Worker {
  EventReader reader;
  std::optional<Screen> screen;
};

std::string place(SequenceNumber number) { return "entry " + std::to_string(number.value()); }

}  // namespace

struct LedgerVerifier::Impl {
  Impl(const std::shared_ptr<const TypeTable>& types, VerifierOptions given) : options(std::move(given)) {
    options.slices = std::max<std::size_t>(options.slices, 1);
    if (!options.run_tasks) {
      options.slices = 1;
      options.run_tasks = [](std::size_t count, const std::function<void(std::size_t)>& task) {
        for (std::size_t at = 0; at < count; ++at) task(at);
      };
    }
    for (std::size_t at = 0; at < options.slices; ++at) {
      workers.push_back(Worker{EventReader(types), std::nullopt});
      if (options.screen_again) workers.back().screen.emplace(types);
    }
    report.anchored = options.log_key.has_value() || options.genesis_leaf.has_value();
  }

  void find(std::optional<SequenceNumber> entry, Error error) {
    ++report.findings_total;
    if (report.findings.size() < VerifierReport::kFindingsMax) {
      report.findings.push_back(VerifierFinding{entry, std::move(error)});
    }
  }
  void find(SequenceNumber entry, Code code, std::string what) {
    find(entry, Error{code, place(entry), std::move(what)});
  }
  void find_at(SequenceNumber entry, Error error) {
    error.where = error.where.empty() ? place(entry) : place(entry) + " " + error.where;
    find(entry, std::move(error));
  }

  // Calls `visit(worker, at)` for every `at` from `begin` to `end` - 1, in slices.
  template <typename Visit>
  void in_slices(std::size_t begin, std::size_t end, const Visit& visit) {
    // Below this a thread's start costs more than it saves.
    constexpr std::size_t kSliceMin = 32;
    const std::size_t count = end - begin;
    const std::size_t slices = std::clamp<std::size_t>(count / kSliceMin, 1, workers.size());
    const std::function<void(std::size_t)> task = [&](std::size_t slice) {
      for (std::size_t at = begin + count * slice / slices; at < begin + count * (slice + 1) / slices; ++at) {
        visit(workers[slice], at);
      }
    };
    if (slices == 1) {
      task(0);
    } else {
      options.run_tasks(slices, task);
    }
  }

  [[nodiscard]] std::optional<Error> judge_author(const Event& event, const Entry& entry) const {
    const auto verdict = options.signatures ? registry->judge_entry(event, entry) : judge_unverified(event, entry);
    if (verdict) return std::nullopt;
    return verdict.error();
  }

  // Everything about the author but the signature itself.
  [[nodiscard]] Result<void> judge_unverified(const Event& event, const Entry& entry) const {
    if (!entry.author) return registry->judge_entry(event, entry);
    if (!event.type->allows(registry->kind()))
      return fail(Code::author_kind_wrong, "", "a type that is not its to write");
    if (registry->find(entry.author->key) == nullptr)
      return fail(Code::key_unknown, "", "no such key is registered here");
    return {};
  }

  // Is the event one for this ledger?
  [[nodiscard]] std::optional<Error> judge_ledger(const Event& event, Worker& worker, const Entry& entry) const {
    const LedgerId& ledger = registry->ledger();
    const bool patients = ledger.kind() == LedgerKind::patients;
    if (event.institution != ledger.institution() || (!event.ledger.empty() && event.ledger != ledger.text()) ||
        !(patients ? event.type->in_patients : event.type->in_shared)) {
      return Error{Code::wrong_ledger, "", "an event that belongs to another ledger"};
    }
    if (!worker.screen) return std::nullopt;
    const Verdict verdict = worker.screen->judge(entry.body, ScreenTarget{ledger.institution(), ledger.kind()},
                                                 kEntryHeaderBytes + (entry.author ? kEntryAuthorBytes : 0));
    if (verdict.passed()) return std::nullopt;
    return verdict.errors.front();
  }

  // First pass, for one entry. Reads `registry`, which stands still meanwhile.
  void examine(Worker& worker, std::string_view bytes, Examined& result) const {
    result = Examined{};
    result.leaf = leaf_hash(bytes);
    auto entry = decode(bytes);
    if (!entry) {
      result.form = std::move(entry.error());
      return;
    }
    result.entry = *entry;
    if (entry->kind == EntryKind::rejected) {
      if (const auto rejection = parse_rejection(entry->body); !rejection) result.form = rejection.error();
    }
    if (entry->kind != EntryKind::event || !registry) return;
    const auto event = worker.reader.read(entry->body);
    if (!event) {
      result.form = event.error();
      return;
    }
    result.governs = AuthorRegistry::governs(*event->type);
    result.author = judge_author(*event, *entry);
    result.form = judge_ledger(*event, worker, *entry);
  }

  // The author again, because keys have changed since examine().
  void judge_again(Worker& worker, Examined& examined) const {
    if (!examined.entry || examined.entry->kind != EntryKind::event || examined.form) return;
    const auto event = worker.reader.read(examined.entry->body);
    if (event) examined.author = judge_author(*event, *examined.entry);
  }

  void take_genesis(const Examined& first) {
    const SequenceNumber zero(0);
    if (options.genesis_leaf && first.leaf != *options.genesis_leaf) {
      find(zero, Code::bad_entry, "not the genesis that was pinned");
    }
    if (!first.entry) return;  // reported with the entry
    const auto event = workers.front().reader.read(first.entry->body);
    if (!event) return find_at(zero, event.error());
    auto made = AuthorRegistry::from_genesis(*event, *first.entry);
    if (!made) return find_at(zero, made.error());
    registry.emplace(std::move(*made));
    report.origin = registry->origin();
    if (!options.origin.empty() && report.origin != options.origin) {
      find(zero, Code::bad_entry, "the genesis of another ledger: its origin is " + report.origin);
    }
    if (auto wrong = judge_ledger(*event, workers.front(), *first.entry)) find_at(zero, std::move(*wrong));
  }

  // Second pass, for one entry: what hangs on those before it.
  void append(Examined& examined, std::size_t bytes) {
    const SequenceNumber number = next_of(frontier.size());
    report.bytes += bytes;
    if (examined.form) find_at(number, std::move(*examined.form));
    if (!examined.entry) {
      ++report.unreadable;
    } else {
      const Entry& entry = *examined.entry;
      ++(entry.kind == EntryKind::rejected ? report.rejected : report.events);
      if (entry.author) ++report.signed_entries;
      if (examined.author) find_at(number, std::move(*examined.author));
      if (entry.sequence != number) {
        find(number, Code::bad_entry, "it says that it is entry " + std::to_string(entry.sequence.value()));
      }
      if (entry.previous != last_leaf) {
        find(number, Code::bad_entry, "the previous leaf hash that it names is not that of the entry before it");
      }
      const std::pair position(entry.generation, entry.offset);
      if (last_position && position <= *last_position) {
        find(number, Code::bad_entry, "its source position is not after that of the entry before it");
      }
      last_position = position;
    }
    last_leaf = examined.leaf;
    frontier.append(examined.leaf);
    for (auto at = leaves_wanted.find(number.value()); at != leaves_wanted.end() && at->first == number.value(); ++at) {
      at->second->leaf = examined.leaf;
    }
    compare_expected();
  }

  void compare_expected() {
    const auto [begin, end] = expected.equal_range(frontier.size().value());
    if (begin == end) return;
    for (auto at = begin; at != end; ++at) compare(*at->second);
    expected.erase(begin, end);
  }

  // The keys that may sign this ledger's checkpoints.
  [[nodiscard]] std::vector<VerifierKey> log_keys() const {
    if (options.log_key) return {*options.log_key};
    std::vector<VerifierKey> keys;
    if (!registry) return keys;
    for (const RegisteredKey& registered : registry->keys()) {
      if (registered.use != KeyUse::log) continue;
      const auto same = [&](const VerifierKey& key) { return key.text() == registered.key.text(); };
      if (std::none_of(keys.begin(), keys.end(), same)) keys.push_back(registered.key);
    }
    return keys;
  }

  // The frontier is at the size that `one` speaks of.
  void compare(const Expected& one) {
    const auto found = [&](Code code, std::string what) { find(std::nullopt, Error{code, one.name, std::move(what)}); };
    const std::vector<VerifierKey> keys = log_keys();
    const auto note = open_note(one.note, keys);
    if (!note) return found(note.error().code, note.error().what);
    const auto checkpoint = parse_checkpoint(note->text);
    if (!checkpoint) return found(checkpoint.error().code, checkpoint.error().what);
    const std::string& origin = !options.origin.empty() ? options.origin : report.origin;
    if (checkpoint->origin != origin) return found(Code::bad_checkpoint, "a checkpoint of another ledger");
    JANGBU_INVARIANT(checkpoint->size == frontier.size(), std::to_string(checkpoint->size.value()));
    if (checkpoint->root != frontier.root()) {
      return found(Code::bad_checkpoint, "at its size of " + std::to_string(checkpoint->size.value()) +
                                             " this ledger has another root: it is no continuation of that one");
    }
    if (!one.receipt) {
      ++report.checkpoints;
      return;
    }
    if (!one.leaf) return found(Code::bad_proof, "the receipt's entry is not in its checkpoint's tree");
    const auto included =
        verify_inclusion(*one.leaf, one.receipt->number, checkpoint->size, one.receipt->proof, checkpoint->root);
    if (!included) return found(included.error().code, included.error().what);
    ++report.receipts;
  }

  void expect(Expected one) {
    // Only its size is needed yet; keys are asked when the ledger has come there.
    const auto note = parse_note(one.note);
    const auto checkpoint = note ? parse_checkpoint(note->text) : tl::unexpected(note.error());
    if (!checkpoint) {
      return find(std::nullopt, Error{checkpoint.error().code, one.name, checkpoint.error().what});
    }
    const bool late =
        checkpoint->size < frontier.size() || (one.receipt && covers(frontier.size(), one.receipt->number));
    if (late) return find(std::nullopt, Error{Code::bad_range, one.name, "told after its entries had passed"});
    const auto at = expected.emplace(checkpoint->size.value(), std::make_shared<Expected>(std::move(one)));
    if (at->second->receipt) leaves_wanted.emplace(at->second->receipt->number.value(), at->second);
  }

  VerifierOptions options;
  std::vector<Worker> workers;
  std::vector<Examined> batch;  // kept for its memory
  std::optional<AuthorRegistry> registry;
  Frontier frontier;
  Hash last_leaf;  // zeros before the first, as the first entry names
  std::optional<std::pair<Generation, Offset>> last_position;
  std::multimap<std::uint64_t, std::shared_ptr<Expected>> expected;       // by size
  std::multimap<std::uint64_t, std::shared_ptr<Expected>> leaves_wanted;  // by sequence number
  VerifierReport report;
};

LedgerVerifier::LedgerVerifier(const std::shared_ptr<const TypeTable>& types, VerifierOptions options)
    : impl_(std::make_unique<Impl>(types, std::move(options))) {}
LedgerVerifier::~LedgerVerifier() = default;

void LedgerVerifier::expect_checkpoint(std::string name, std::string note) {
  impl_->expect(Expected{std::move(name), std::move(note), std::nullopt, std::nullopt});
}

void LedgerVerifier::expect_receipt(std::string name, TlogProof receipt) {
  std::string note = receipt.checkpoint;
  impl_->expect(Expected{std::move(name), std::move(note), std::move(receipt), std::nullopt});
}

TreeSize LedgerVerifier::size() const { return impl_->frontier.size(); }

void LedgerVerifier::add(std::span<const std::string_view> entries) {
  Impl& impl = *impl_;
  if (entries.empty()) return;
  impl.compare_expected();  // of the empty ledger
  if (impl.frontier.size() == TreeSize(0)) {
    // Alone: all others are judged by what it says.
    Examined first;
    impl.examine(impl.workers.front(), entries.front(), first);
    impl.take_genesis(first);
    impl.append(first, entries.front().size());
    entries = entries.subspan(1);
  }
  if (impl.batch.size() < entries.size()) impl.batch.resize(entries.size());
  impl.in_slices(0, entries.size(),
                 [&](Worker& worker, std::size_t at) { impl.examine(worker, entries[at], impl.batch[at]); });
  // An entry that governs ends a stretch: those behind it are judged by other keys than it was.
  for (std::size_t begin = 0; begin < entries.size();) {
    std::size_t end = begin;
    while (end < entries.size() && !impl.batch[end].governs) ++end;
    const bool ends_governing = end < entries.size();
    if (ends_governing) ++end;
    if (begin > 0) {
      impl.in_slices(begin, end, [&](Worker& worker, std::size_t at) { impl.judge_again(worker, impl.batch[at]); });
    }
    for (std::size_t at = begin; at < end; ++at) {
      const SequenceNumber number = next_of(impl.frontier.size());
      // What its author may not say must not decide who may write.
      const bool applies = impl.batch[at].governs && !impl.batch[at].author && !impl.batch[at].form;
      impl.append(impl.batch[at], entries[at].size());
      if (!applies) continue;
      const auto event = impl.workers.front().reader.read(impl.batch[at].entry->body);
      if (event) impl.registry->apply(*event, number);
    }
    begin = end;
  }
}

VerifierReport LedgerVerifier::finish() {
  Impl& impl = *impl_;
  impl.compare_expected();
  for (const auto& [size, one] : impl.expected) {
    impl.find(std::nullopt, Error{Code::bad_range, one->name,
                                  "the ledger ends at " + std::to_string(impl.frontier.size().value()) +
                                      ", before the " + std::to_string(size) + " entries that this speaks of"});
  }
  impl.expected.clear();
  if (impl.frontier.size() == TreeSize(0)) impl.find(std::nullopt, Error{Code::bad_entry, "", "no entries"});
  if (impl.options.log_key && impl.registry) {
    const auto& keys = impl.registry->keys();
    const bool registered = std::any_of(keys.begin(), keys.end(), [&](const RegisteredKey& one) {
      return one.use == KeyUse::log && one.key.text() == impl.options.log_key->text();
    });
    if (!registered) {
      impl.find(std::nullopt, Error{Code::key_unknown, "log key", "the ledger has not registered it as its log's"});
    }
  }
  impl.report.size = impl.frontier.size();
  impl.report.root = impl.frontier.root();
  return std::move(impl.report);
}

}  // namespace jangbu
