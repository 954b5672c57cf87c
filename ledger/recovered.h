// What an adopted database (quarantine.h) has to say in its ledgers: a ledger.recovered event of each, into its
// institution's shared ledger, under that ledger's system key. The note comes with the database, in the same rename,
// and goes once the events are ledgered: so a crash at any moment neither loses them nor says anything that is not so.
// Said twice they are duplicates, since their bytes follow from the note.
//
// Used by quarantine.cc, and by whoever serves a node. One thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ledger/files.h"
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

// Submits what notes there are to say; returns what cannot be said on this node (the shared ledger, or its system key,
// is elsewhere): then the notes stay. `options`: the node's. After Node::set_order(), if there is one, and before
// anybody waits for quiet. Errors: io, store_corrupt (not a note), and those of Node::submit().
[[nodiscard]] Result<std::vector<std::string>> say_recovered(Node& node, const NodeOptions& options);

}  // namespace jangbu
