// The event screen, over any bytes: no input may end the process; the fast reading of strict JSON and the slow one
// agree; what passed passes again and is read again alike; and what is refused says why in places of the record.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "schemas/bounds.h"
#include "schemas/corpus.h"
#include "schemas/invariant.h"
#include "schemas/json_equal.h"
#include "schemas/strict_json.h"

namespace jangbu {
namespace {

std::shared_ptr<const TypeTable> types() {
  Result<std::shared_ptr<const TypeTable>> built = TypeTable::build();
  JANGBU_INVARIANT(built, to_string(built.error()));
  return *built;
}

void judge(std::string_view bytes) {
  static const std::shared_ptr<const TypeTable> kTypes = types();
  static Screen screen(kTypes);
  static EventReader reader(kTypes);
  static StrictJson strict;

  if (bytes.size() <= kEntryBytesMax) {
    const std::vector<Error> slow = strict_errors(bytes, 3);
    JANGBU_INVARIANT(strict.parse(bytes).has_value() == slow.empty(), slow.empty() ? "" : to_string(slow.front()));
  }
  const Result<std::string> route = screen.route(bytes);
  const std::string ledger = route ? *route : "hanbit";
  const Verdict verdict = screen.judge(bytes, screen_target(ledger), 144);
  const std::string text = verdict_text(verdict);
  for (const Error& error : verdict.errors) {
    JANGBU_INVARIANT(error.where.empty() || error.where.front() == '/', error.where);
    JANGBU_INVARIANT(error.where.starts_with(kTypes->public_pointer(error.where)), error.where);
  }
  const bool passed = verdict.passed();
  JANGBU_INVARIANT(verdict_text(screen.judge(bytes, screen_target(ledger), 144)) == text, text);
  if (!passed) return;
  const Result<Event> read = reader.read(bytes);
  JANGBU_INVARIANT(read, to_string(read.error()));
  const Verdict again = screen.judge(bytes, screen_target(ledger), 144);
  JANGBU_INVARIANT(read->type == again.event.type && read->id == again.event.id && read->time == again.event.time,
                   ledger);
  JANGBU_INVARIANT(equal_as_events(bytes, bytes), ledger);
}

}  // namespace
}  // namespace jangbu

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  jangbu::judge({reinterpret_cast<const char*>(data), size});
  return 0;
}
