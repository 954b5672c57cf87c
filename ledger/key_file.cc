// Key files by libsodium and POSIX (key_file.h); FORMAT.md, "Key file", has the bytes. POSIX calls instead of streams:
// a key file is opened without following links, judged by the descriptor that is read, and synced before it has its
// name.
#include "ledger/key_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "ledger/big_endian.h"
#include "ledger/hash.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr std::string_view kMagic = "jangbu-key-file\n";
constexpr unsigned char kVersion = 1;
enum class Content : unsigned char { signing_key = 1, pseudonym_key = 2 };  // numbers on disk
enum class Sealing : unsigned char { clear = 0, argon2id_moderate = 1 };    // numbers on disk
// Offsets in the header.
constexpr std::size_t kVersionAt = 16;
constexpr std::size_t kContentAt = 17;
constexpr std::size_t kSealingAt = 18;
constexpr std::size_t kReservedAt = 19;
constexpr std::size_t kSizeAt = 20;
constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kSaltBytes = crypto_pwhash_SALTBYTES;
constexpr std::size_t kCommitmentBytes = 32;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kSealKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kChecksumBytes = 32;
constexpr std::size_t kSealedBytes = kSaltBytes + kCommitmentBytes + kNonceBytes + kTagBytes;  // beside the content
// Far above any key; a bound on what is read.
constexpr std::size_t kFileBytesMax = 4096;
constexpr std::string_view kCommitmentContext = "jangbu/key-file/v1\n";

static_assert(kMagic.size() == 16 && kSaltBytes == 16 && kNonceBytes == 24 && kTagBytes == 16 && kSealKeyBytes == 32);

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Wipes a string of secret bytes when it goes.
struct Wiped {
  std::string text;
  explicit Wiped(std::string secret = {}) : text(std::move(secret)) {}
  Wiped(Wiped&& other) noexcept : text(std::move(other.text)) { other.wipe(); }
  Wiped& operator=(Wiped&&) = delete;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { wipe(); }
  void wipe() {
    text.resize(text.capacity());
    if (!text.empty()) sodium_memzero(text.data(), text.size());
    text.clear();
  }
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> io_error(const std::filesystem::path& path, std::string_view doing, int error) {
  return fail(Code::io, path.string(), std::string(doing) + ": " + std::generic_category().message(error));
}
tl::unexpected<Error> bad_file(const std::filesystem::path& path, std::string what) {
  return fail(Code::bad_key, path.string(), std::move(what));
}

// Argon2id MODERATE: three passes over 256 MiB. Nullopt: no memory for it.
std::optional<Wiped> seal_key(std::string_view passphrase, std::string_view salt) {
  Wiped key(std::string(kSealKeyBytes, '\0'));
  if (crypto_pwhash(bytes_of(key.text), kSealKeyBytes, passphrase.data(), passphrase.size(), bytes_of(salt),
                    crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return std::nullopt;
  }
  return key;
}

// XChaCha20-Poly1305 lets one ciphertext open under several keys; this hash of the key does not.
std::string commitment(std::string_view key) {
  Sha256 hash;
  hash.update(kCommitmentContext);
  hash.update(key);
  return std::string(hash.finish().view());
}

Result<Wiped> encode(const std::filesystem::path& path, Content content, std::string_view secret,
                     std::string_view passphrase) {
  const bool sealed = !passphrase.empty();
  const std::size_t size = secret.size() + (sealed ? kSealedBytes : 0);
  if (kHeaderBytes + size + kChecksumBytes > kFileBytesMax) return bad_file(path, "a key whose name is too long");
  Wiped file;
  file.text.reserve(kFileBytesMax);  // no reallocation leaves a copy of the secret behind
  file.text.append(kMagic);
  file.text.push_back(static_cast<char>(kVersion));
  file.text.push_back(static_cast<char>(content));
  file.text.push_back(static_cast<char>(sealed ? Sealing::argon2id_moderate : Sealing::clear));
  file.text.push_back('\0');
  put_big_endian(file.text, static_cast<std::uint32_t>(size));
  if (sealed) {
    std::string salt(kSaltBytes, '\0');
    std::string nonce(kNonceBytes, '\0');
    randombytes_buf(salt.data(), salt.size());
    randombytes_buf(nonce.data(), nonce.size());
    const auto key = seal_key(passphrase, salt);
    if (!key) return fail(Code::io, path.string(), "not the 256 MiB of memory that sealing a key file takes");
    file.text.append(salt).append(commitment(key->text));
    const std::string associated = file.text;  // header, salt and commitment: bound, so none can be exchanged
    file.text.append(nonce);
    const std::size_t at = file.text.size();
    file.text.resize(at + secret.size() + kTagBytes);
    unsigned long long written = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(file.text) + at, &written, bytes_of(secret), secret.size(),
                                               bytes_of(associated), associated.size(), nullptr, bytes_of(nonce),
                                               bytes_of(key->text));
    JANGBU_INVARIANT(written == secret.size() + kTagBytes, std::to_string(written));
  } else {
    file.text.append(secret);
  }
  file.text.append(sha256(file.text).view());
  return file;
}

Result<void> write_all(const std::filesystem::path& path, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(path, "writing the key file", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return io_error(path, "syncing the key file", errno);
  return {};
}

Result<void> sync_folder(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.open()) return io_error(folder, "opening the folder", errno);
  if (::fsync(fd.get()) != 0) return io_error(folder, "syncing the folder", errno);
  return {};
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes, KeyFileWrite how) {
  // Under another name first, in the same folder: a crash leaves that file, or nothing, but never half a key under
  // `path`. The name is random, so that what a crash left is in nobody's way.
  std::array<unsigned char, 8> random{};
  randombytes_buf(random.data(), random.size());
  std::filesystem::path temporary = path;
  temporary += ".new-" + to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  {
    const Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.open()) return io_error(path, "creating the key file", errno);
    if (auto ok = write_all(path, fd.get(), bytes); !ok) {
      ::unlink(temporary.c_str());
      return ok;
    }
  }
  switch (how) {
    case KeyFileWrite::create: {
      // link() refuses a name that is taken, which rename() does not.
      const int linked = ::link(temporary.c_str(), path.c_str());
      const int error = errno;
      ::unlink(temporary.c_str());
      if (linked != 0 && error == EEXIST) return fail(Code::already_exists, path.string(), "a file is there already");
      if (linked != 0) return io_error(path, "naming the key file", error);
      break;
    }
    case KeyFileWrite::replace:
      if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(temporary.c_str());
        return io_error(path, "naming the key file", error);
      }
      break;
  }
  return sync_folder(path);
}

Result<void> write_content(const std::filesystem::path& path, Content content, const Wiped& secret,
                           std::string_view passphrase, KeyFileWrite how) {
  if (sodium_init() < 0) return fail(Code::io, path.string(), "libsodium does not start");
  const auto file = encode(path, content, secret.text, passphrase);
  if (!file) return tl::unexpected(file.error());
  return write_file(path, file->text, how);
}

Result<Wiped> read_file(const std::filesystem::path& path) {
  // O_NONBLOCK: a named pipe must not hang the start.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.open() && errno == ELOOP) return fail(Code::key_file_unsafe, path.string(), "a symbolic link");
  if (!fd.open()) return io_error(path, "opening the key file", errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return io_error(path, "looking at the key file", errno);
  if (!S_ISREG(status.st_mode)) return fail(Code::key_file_unsafe, path.string(), "not a plain file");
  if ((status.st_mode & 077) != 0) {
    return fail(Code::key_file_unsafe, path.string(), "others may read or write it: chmod 600");
  }
  if (status.st_uid != ::geteuid() && ::geteuid() != 0) {
    return fail(Code::key_file_unsafe, path.string(), "it belongs to another user");
  }
  Wiped file(std::string(kFileBytesMax + 1, '\0'));
  std::size_t size = 0;
  while (size < file.text.size()) {
    const ssize_t got = ::read(fd.get(), file.text.data() + size, file.text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path, "reading the key file", errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kFileBytesMax) return bad_file(path, "longer than any key file");
  file.text.resize(size);
  return file;
}

Result<Wiped> unseal(const std::filesystem::path& path, std::string_view file, std::string_view body,
                     const AskPassphrase& ask) {
  if (body.size() < kSealedBytes) return bad_file(path, "a sealed key file that is too short");
  auto asked = ask ? ask(path) : std::nullopt;
  if (!asked) return fail(Code::wrong_passphrase, path.string(), "the key file is sealed, and no passphrase was given");
  const Wiped passphrase(std::move(*asked));
  const std::string_view salt = body.substr(0, kSaltBytes);
  const auto key = seal_key(passphrase.text, salt);
  if (!key) return fail(Code::io, path.string(), "not the 256 MiB of memory that opening a key file takes");
  const std::string expected = commitment(key->text);
  if (sodium_memcmp(expected.data(), body.data() + kSaltBytes, kCommitmentBytes) != 0) {
    return fail(Code::wrong_passphrase, path.string(), "the passphrase is another one");
  }
  const std::string_view associated = file.substr(0, kHeaderBytes + kSaltBytes + kCommitmentBytes);
  const std::string_view nonce = body.substr(kSaltBytes + kCommitmentBytes, kNonceBytes);
  const std::string_view sealed = body.substr(kSaltBytes + kCommitmentBytes + kNonceBytes);
  Wiped secret(std::string(sealed.size() - kTagBytes, '\0'));
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(secret.text), nullptr, nullptr, bytes_of(sealed),
                                                 sealed.size(), bytes_of(associated), associated.size(),
                                                 bytes_of(nonce), bytes_of(key->text)) != 0) {
    return bad_file(path, "a sealed key file that was changed");
  }
  return secret;
}

Result<Wiped> read_content(const std::filesystem::path& path, Content content, const AskPassphrase& ask) {
  if (sodium_init() < 0) return fail(Code::io, path.string(), "libsodium does not start");
  const auto read = read_file(path);
  if (!read) return tl::unexpected(read.error());
  const std::string_view file = read->text;
  if (file.size() < kHeaderBytes + kChecksumBytes) return bad_file(path, "too short for a key file");
  if (!file.starts_with(kMagic)) return bad_file(path, "not a key file");
  // Before anything else is believed: a damaged file is told from a wrong passphrase.
  const std::string_view checked = file.substr(0, file.size() - kChecksumBytes);
  if (sha256(checked).view() != file.substr(checked.size())) return bad_file(path, "damaged: its checksum is another");
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(file[at]); };
  if (byte(kVersionAt) != kVersion) return bad_file(path, "a key file of a version that this program does not know");
  if (byte(kContentAt) != static_cast<unsigned char>(content)) return bad_file(path, "a key of another kind");
  const std::size_t size = get_big_endian<std::uint32_t>(file.substr(kSizeAt));
  if (byte(kReservedAt) != 0 || size != checked.size() - kHeaderBytes)
    return bad_file(path, "not a key file of this form");
  const std::string_view body = checked.substr(kHeaderBytes);
  if (byte(kSealingAt) == static_cast<unsigned char>(Sealing::clear)) return Wiped(std::string(body));
  if (byte(kSealingAt) == static_cast<unsigned char>(Sealing::argon2id_moderate)) return unseal(path, file, body, ask);
  return bad_file(path, "sealed in a way that this program does not know");
}

}  // namespace

Result<void> write_key_file(const std::filesystem::path& path, const SigningKey& key, std::string_view passphrase,
                            KeyFileWrite how) {
  return write_content(path, Content::signing_key, Wiped(key.private_text()), passphrase, how);
}

Result<void> write_key_file(const std::filesystem::path& path, const PseudonymKey& key, std::string_view passphrase,
                            KeyFileWrite how) {
  return write_content(path, Content::pseudonym_key, Wiped(key.raw()), passphrase, how);
}

Result<SigningKey> read_signing_key(const std::filesystem::path& path, const AskPassphrase& ask) {
  const auto secret = read_content(path, Content::signing_key, ask);
  if (!secret) return tl::unexpected(secret.error());
  auto key = SigningKey::parse_private(secret->text);
  if (!key) return bad_file(path, std::move(key.error().what));
  return key;
}

Result<PseudonymKey> read_pseudonym_key(const std::filesystem::path& path, const AskPassphrase& ask) {
  const auto secret = read_content(path, Content::pseudonym_key, ask);
  if (!secret) return tl::unexpected(secret.error());
  auto key = PseudonymKey::from_bytes(secret->text);
  if (!key) return bad_file(path, std::move(key.error().what));
  return key;
}

}  // namespace jangbu
