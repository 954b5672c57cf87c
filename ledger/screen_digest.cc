#include "ledger/screen_digest.h"

#include <memory>

#include "ledger/hash.h"
#include "schemas/corpus.h"
#include "schemas/embedded.h"

namespace jangbu {
namespace {

// Each piece behind its length, so that no two lists of pieces give the same bytes.
void add(Sha256& hash, std::string_view piece) {
  hash.update(std::to_string(piece.size()) + ":");
  hash.update(piece);
}

}  // namespace

std::string screen_digest(const TypeTable& types) {
  Sha256 hash;
  add(hash, "jangbu/screen/v1");
  add(hash, std::to_string(kScreenVersion));
  for (const EmbeddedFile& file : embedded_files()) {
    add(hash, file.name);
    add(hash, file.bytes);
  }
  // The caller's table outlives this call; the screen asks for a share in it.
  Screen screen(std::shared_ptr<const TypeTable>(std::shared_ptr<const TypeTable>(), &types));
  for (const CorpusRecord& record : verdict_corpus(types)) {
    add(hash, record.record);
    add(hash, record.ledger);
    add(hash, verdict_text(screen.judge(record.record, screen_target(record.ledger), 0)));
  }
  return digest_text(hash.finish());
}

}  // namespace jangbu
