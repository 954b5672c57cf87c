// Quarantine: a refused database is never repaired in place. A copy of it is what the start procedure (recovery.h)
// tries a recovery on; adopted, the copy takes the database's place in one step, and what was refused is kept.
//
//   <node>/db                     the database; never written to by a try
//   <node>/quarantine/<time>/db   first the copy that is tried; after the exchange, the database that was refused
//   <node>/db/recovered-<time>    in an adopted database, until what recovered.h says stands in its ledgers
//
// A try that fails removes its own copy and nothing else. A crash before the exchange leaves a copy that may be
// deleted; after it, the adopted database with its note, which comes in the same rename. Tables (*.sst) never change
// once written, so they are linked where the file system can; all else is copied and synced.
//
// Used by the start procedure and the node, one thread, under the directory's lock. Clocks are passed in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "ledger/files.h"
#include "ledger/tip.h"
#include "schemas/error.h"

namespace jangbu {

class Quarantine {
 public:
  // Makes quarantine/<time>/ and the copy in it, whose manifest ends before its last records (manifest.h). Errors:
  // disk_full, io, bad_range (the manifest has no such records).
  [[nodiscard]] static Result<Quarantine> copy_database(Files& files, const std::filesystem::path& directory,
                                                        std::int64_t now_ms, std::size_t manifest_records_left_out);
  ~Quarantine();  // removes the folder, unless it was adopted
  Quarantine(Quarantine&& other) noexcept;
  Quarantine& operator=(Quarantine&&) = delete;
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;

  [[nodiscard]] std::filesystem::path copy() const { return folder_ / "db"; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  // The copy, closed by now, becomes the database; copy() is then what was refused. Durable when this returns.
  // Errors: io, disk_full: nothing was exchanged, or the exchange may not survive a power cut.
  [[nodiscard]] Result<void> adopt(std::span<const LedgerHead> heads);

 private:
  Quarantine(Files& files, std::filesystem::path directory, std::filesystem::path folder, std::string time);
  Files* files_;
  std::filesystem::path directory_, folder_;
  std::string time_;
  bool keep_ = false;
};

}  // namespace jangbu
