// EventType and TypeTable: the catalogue of event types, compiled once at start from the embedded contract
// (types/*.json, common.json, codes.json, envelope.json). The screen walks it; ledger reads who may write a type; the
// search index reads which members are terms. Immutable after build(): any thread may read.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/error.h"

namespace jangbu {

// What an institution is (institution.registered; ledger.genesis carries it for the ledger's own institution).
enum class InstitutionKind : std::uint8_t { hospital, demand, platform, coordinator, government };
// Which of an institution's ledgers: "<institution>" or "<institution>.patients".
enum class LedgerKind : std::uint8_t { shared, patients };
// What a key may be used for (key.registered's `use`). `recovery` is only ever the genesis's recovery key.
enum class KeyUse : std::uint8_t { log, emitter, system, coordinator, ticker, witness, agent, prober, recovery };
// Members of events by which entries are found again.
enum class TermKind : std::uint8_t { type, patient, project, permit, dataset, analysis, export_, actor, finding };

[[nodiscard]] std::string_view name(InstitutionKind kind);
[[nodiscard]] std::string_view name(LedgerKind kind);
[[nodiscard]] std::string_view name(KeyUse use);
[[nodiscard]] std::string_view name(TermKind kind);  // "export" for export_
[[nodiscard]] Result<InstitutionKind> institution_kind(std::string_view name);
[[nodiscard]] Result<LedgerKind> ledger_kind(std::string_view name);
[[nodiscard]] Result<KeyUse> key_use(std::string_view name);
[[nodiscard]] Result<TermKind> term_kind(std::string_view name);

// A member that is an index term: a JSON pointer into `data`, in which "*" stands for every element of a list.
struct TermPath {
  TermKind kind;
  std::string pointer;
};

struct EmbeddedFile;
// Compiled schemas; schema_table.h, for the screen only.
struct SchemaNode;
struct CompiledContract;

struct EventType {
  std::string name;          // "dataset.purged"
  std::string full_name;     // "kr.jangbu.dataset.purged.v1"
  bool in_shared = false;    // may stand in <institution>
  bool in_patients = false;  // may stand in <institution>.patients; both: the event's `ledger` attribute decides
  // Kinds of institution in whose ledger it may stand; bit i is InstitutionKind i.
  std::uint8_t kinds = 0;
  // Key uses of which one must sign it; bit i is KeyUse i; 0: a signature is optional (but see ledger/authors.h for the
  // coordinating body's own ledger).
  std::uint16_t key_uses = 0;
  std::vector<TermPath> terms;
  const SchemaNode* data = nullptr;

  [[nodiscard]] bool allows(InstitutionKind kind) const { return ((kinds >> static_cast<unsigned>(kind)) & 1U) != 0; }
  [[nodiscard]] bool takes(KeyUse use) const { return ((key_uses >> static_cast<unsigned>(use)) & 1U) != 0; }
};

class TypeTable {
 public:
  // Compiles the embedded contract. Error: bad_schema, `where` the file and pointer.
  [[nodiscard]] static Result<std::shared_ptr<const TypeTable>> build();
  // The same from other files, named as the embedded ones are; for tests. They need not outlive the call.
  [[nodiscard]] static Result<std::shared_ptr<const TypeTable>> build(std::span<const EmbeddedFile> files);

  // By full name; nullptr when the catalogue has no such type.
  [[nodiscard]] const EventType* find(std::string_view full_name) const;
  [[nodiscard]] std::span<const EventType> types() const;
  // Does code list `list` (a definition of codes.json) hold `code`?
  [[nodiscard]] bool has_code(std::string_view list, std::string_view code) const;
  // Is `code` equal to `ancestor` or below it, in a list with parents (purpose-of-use)?
  [[nodiscard]] bool is_within(std::string_view list, std::string_view code, std::string_view ancestor) const;
  // `pointer` cut before its first token that is neither a name of the catalogue nor a list index: what may be kept of
  // a place in a refused record, since a sender chooses the names of unknown members, and they can say anything.
  [[nodiscard]] std::string_view public_pointer(std::string_view pointer) const;
  [[nodiscard]] const CompiledContract& contract() const;

  ~TypeTable();
  TypeTable(const TypeTable&) = delete;
  TypeTable& operator=(const TypeTable&) = delete;

 private:
  struct Impl;
  explicit TypeTable(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jangbu
