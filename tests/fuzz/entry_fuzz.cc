// What is read back from disk or from a peer: entries, the body of a rejected entry, the tip file's slots. Whatever is
// accepted has one encoding, so writing it again gives the same bytes. The first byte chooses the reader.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/entry.h"
#include "ledger/rejected.h"
#include "ledger/tip.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

void entry(std::string_view bytes) {
  const auto read = decode(bytes);
  if (!read) {
    JANGBU_INVARIANT(read.error().where.starts_with("byte "), to_string(read.error()));
    return;
  }
  std::string written;
  encode(*read, written);
  JANGBU_INVARIANT(written == bytes, "an entry accepted, and written otherwise");
  if (read->kind == EntryKind::rejected) (void)parse_rejection(read->body);
}

void rejection(std::string_view body) {
  const auto read = parse_rejection(body);
  if (read) JANGBU_INVARIANT(to_json(*read) == body, "a rejection accepted, and written otherwise");
}

// A file of these bytes, and nothing else.
class OneFile final : public Files {
 public:
  explicit OneFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::unique_ptr<File>> open(const std::filesystem::path&, Mode) override {
    return std::make_unique<Opened>(bytes_);
  }
  bool exists(const std::filesystem::path&) override { return true; }
  Result<void> make_directories(const std::filesystem::path&) override { return refused(); }
  Result<void> sync_directory(const std::filesystem::path&) override { return refused(); }
  Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::filesystem::path&, Sharing) override {
    return refused();
  }
  Result<std::uint64_t> free_bytes(const std::filesystem::path&) override { return refused(); }
  Result<void> exchange(const std::filesystem::path&, const std::filesystem::path&) override { return refused(); }
  Result<void> reserve(const std::filesystem::path&, std::uint64_t) override { return refused(); }

 private:
  struct Opened final : File {
    explicit Opened(const std::string& file_bytes) : bytes(file_bytes) {}
    Result<std::string> read(std::uint64_t offset, std::size_t size) override {
      return offset >= bytes.size() ? std::string() : bytes.substr(static_cast<std::size_t>(offset), size);
    }
    Result<void> write(std::uint64_t, std::string_view) override { return refused(); }
    Result<void> sync() override { return refused(); }
    const std::string& bytes;
  };
  static tl::unexpected<Error> refused() { return fail(Code::io, "the fuzzer's file", "only read"); }
  std::string bytes_;
};

// The slot with its checksum put right, since no mutation would; `content` ends where the checksum begins.
void tip(std::string_view content) {
  std::string bytes(content);
  bytes.append(sha256(content).view());
  OneFile files(bytes);
  const auto read = TipFile::open(files, "tip", Files::Mode::read);
  if (!read) return;
  JANGBU_INVARIANT(encode_tip(read->commit(), read->heads()) == bytes, "a tip accepted, and written otherwise");
}

}  // namespace
}  // namespace jangbu

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      jangbu::entry(rest);
      break;
    case 1:
      jangbu::rejection(rest);
      break;
    default:
      jangbu::tip(rest);
  }
  return 0;
}
