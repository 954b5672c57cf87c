// Key files: any bytes between a right magic and a right checksum (no mutation would find either), read as a signing
// key and as a pseudonym key. What is accepted in clear is what writing the same key gives. Sealed files are asked for
// and not opened: Argon2id takes half a second; the unit tests have them.
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "ledger/hash.h"
#include "ledger/key_file.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

namespace fs = std::filesystem;

// In memory where there is such a folder; gone with the process.
class Folder {
 public:
  Folder() {
    std::string name = fs::exists("/dev/shm") ? "/dev/shm/jangbu-fuzz-XXXXXX" : "/tmp/jangbu-fuzz-XXXXXX";
    JANGBU_INVARIANT(::mkdtemp(name.data()) != nullptr, name);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <typename Key>
void writes_the_same(const Result<Key>& key, const fs::path& folder, std::string_view bytes) {
  if (!key) {
    JANGBU_INVARIANT(!key.error().what.empty(), to_string(key.error()));
    return;
  }
  const fs::path again = folder / "again";
  const auto written = write_key_file(again, *key, "", KeyFileWrite::replace);
  JANGBU_INVARIANT(written, to_string(written.error()));
  JANGBU_INVARIANT(content_of(again) == bytes, "a key file accepted, and written otherwise");
}

void read(std::string_view middle) {
  static const Folder folder;
  std::string bytes = "jangbu-key-file\n" + std::string(middle);
  bytes.append(sha256(bytes).view());
  const fs::path path = folder.path() / "key";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  JANGBU_INVARIANT(file >= 0, path.string());
  const auto wrote = ::write(file, bytes.data(), bytes.size());
  JANGBU_INVARIANT(wrote == static_cast<ssize_t>(bytes.size()), path.string());
  ::close(file);
  const AskPassphrase nobody = [](const fs::path&) { return std::optional<std::string>(); };
  writes_the_same(read_signing_key(path, nobody), folder.path(), bytes);
  writes_the_same(read_pseudonym_key(path, nobody), folder.path(), bytes);
}

}  // namespace
}  // namespace jangbu

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  jangbu::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
