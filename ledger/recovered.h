// What an adopted database (quarantine.h) has to say in its ledgers: a ledger.recovered event of each, into its
// institution's shared ledger, under that ledger's system key. The note comes with the database, in the same rename,
// and goes once the events are ledgered: so a crash at any moment neither loses them nor says anything that is not so.
// Said twice they are duplicates, since their bytes follow from the note.
//
// Used by quarantine.cc and the node, one thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/files.h"
#include "ledger/key_file.h"
#include "ledger/node.h"
#include "ledger/tip.h"
#include "schemas/error.h"

namespace jangbu {

// Writes a note into a database's folder, synced. `name`: the quarantine folder's, so that a note which is not said yet
// when another recovery comes stays beside the new one. `time`: RFC 3339. Errors: io, disk_full, already_exists.
[[nodiscard]] Result<void> write_recovered_note(Files& files, const std::filesystem::path& database,
                                                const std::string& name, const std::string& time,
                                                std::span<const LedgerHead> heads);
// Once all is said. That this is not synced does no harm.
void remove_recovered_notes(const std::filesystem::path& database);

struct RecoveredEvents {
  std::vector<Submission> events;
  // What cannot be said on this node: the shared ledger, or its system key, is elsewhere. Then the note has to stay.
  std::vector<std::string> unsaid;
};
// Empty where there is no note. `origin_of`: of a ledger of this node. Errors: io, store_corrupt (not a note).
[[nodiscard]] Result<RecoveredEvents> recovered_events(
    Files& files, const std::filesystem::path& directory, const AskPassphrase& ask,
    const std::function<std::optional<std::string>(const LedgerId&)>& origin_of);

}  // namespace jangbu
