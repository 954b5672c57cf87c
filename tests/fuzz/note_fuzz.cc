// The parsers of text that peers send: notes, checkpoints, tlog-proof files, keys, author signatures, tile paths.
// Whatever is accepted has one spelling, so writing it again gives the same bytes. The first byte chooses the parser.
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/checkpoint.h"
#include "ledger/keys.h"
#include "ledger/note.h"
#include "ledger/tiles.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

void same(std::string_view written, std::string_view read) {
  JANGBU_INVARIANT(written == read, "accepted, and written otherwise");
}

void parse(unsigned char which, std::string_view text) {
  switch (which % 7) {
    case 0:
      if (const auto note = parse_note(text)) {
        same(to_text(*note), text);
        // What opens without keys opens with none.
        JANGBU_INVARIANT(!open_note(text, {}), "opened without a key");
      }
      return;
    case 1:
      if (const auto checkpoint = parse_checkpoint(text)) same(to_text(*checkpoint), text);
      return;
    case 2:
      if (const auto proof = parse_tlog_proof(text)) same(to_text(*proof), text);
      return;
    case 3:
      if (const auto key = VerifierKey::parse(text)) same(key->text(), text);
      return;
    case 4:
      if (const auto signature = parse_author_signature(text)) same(to_string(*signature), text);
      return;
    case 5:
      if (const auto path = parse_tile_path(text)) same(to_path(*path), text);
      return;
    default:
      if (const auto key = SigningKey::parse_private(text)) same(key->private_text(), text);
      return;
  }
}

}  // namespace
}  // namespace jangbu

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  jangbu::parse(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
