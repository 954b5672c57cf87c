// Keys, signatures and pseudonyms by libsodium (keys.h). N and S number the rules of signed notes and cosignatures, J
// those of our own formats; FORMAT.md, "Author signature" and "Pseudonyms", has the bytes.
#include "ledger/keys.h"

#include <simdjson.h>
#include <sodium.h>

#include <cstring>
#include <optional>
#include <utility>

#include "ledger/hash.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr std::string_view kPrivatePrefix = "PRIVATE+KEY+";
constexpr std::string_view kEventContext = "jangbu/event/v1\n";
constexpr std::size_t kSeedBytes = crypto_sign_SEEDBYTES;
constexpr std::size_t kSecretKeyBytes = crypto_sign_SECRETKEYBYTES;
constexpr std::size_t kPseudonymKeyBytes = 32;
constexpr std::size_t kPseudonymBytes = 16;
constexpr std::size_t kQueryDigestBytes = 32;

static_assert(crypto_sign_BYTES == sizeof(Signature));
static_assert(crypto_sign_PUBLICKEYBYTES == 32 && kSeedBytes == 32);

// libsodium chooses its implementations once; every function below that calls it comes through here first.
void need_sodium() {
  static const bool ready = sodium_init() >= 0;
  JANGBU_INVARIANT(ready, "libsodium does not start");
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Guarded, locked memory, wiped when it is given back.
class SecretBytes {
 public:
  explicit SecretBytes(std::size_t size) : size_(size) {
    need_sodium();
    data_ = static_cast<unsigned char*>(sodium_malloc(size));
    JANGBU_INVARIANT(data_ != nullptr, "no memory for a key");
  }
  ~SecretBytes() { sodium_free(data_); }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  [[nodiscard]] unsigned char* data() { return data_; }
  [[nodiscard]] const unsigned char* data() const { return data_; }
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  std::size_t size_;
  unsigned char* data_ = nullptr;
};

std::optional<NoteKeyType> key_type(unsigned char byte) {
  switch (byte) {
    case 0x01:
      return NoteKeyType::ed25519;
    case 0x04:
      return NoteKeyType::cosignature_v1;
    default:  // N6 has more; none that this program verifies
      return std::nullopt;
  }
}

// N5, S1: the first four bytes of SHA-256(name || LF || type || public key).
KeyHash key_hash_of(std::string_view name, NoteKeyType type, std::string_view public_key) {
  const char type_byte = static_cast<char>(type);
  Sha256 hash;
  hash.update(name);
  hash.update("\n");
  hash.update({&type_byte, 1});
  hash.update(public_key);
  const Hash digest = hash.finish();
  KeyHash result{};
  std::memcpy(result.data(), digest.bytes.data(), result.size());
  return result;
}

// "<name>+<8 hex digits>+<rest>", cut at its first two plus signs: a name has none, base64 may.
struct KeyParts {
  std::string_view name, hash, base64;
};
std::optional<KeyParts> split_key(std::string_view text) {
  const std::size_t first = text.find('+');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('+', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return KeyParts{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

Error bad_key(std::string what) { return Error{Code::bad_key, "", std::move(what)}; }

}  // namespace

bool is_key_name(std::string_view name) {
  // N3, and N2 for what ends up in a note. The spaces of Unicode beyond ASCII, in UTF-8.
  static constexpr std::string_view kSpaces[] = {
      "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83",
      "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
      "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
  if (name.empty() || !simdjson::validate_utf8(name.data(), name.size())) return false;
  bool ascii = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '+') return false;
    if (byte >= 0x80) ascii = false;
  }
  if (ascii) return true;
  for (const std::string_view space : kSpaces) {
    if (name.find(space) != std::string_view::npos) return false;
  }
  return true;
}

VerifierKey VerifierKey::make(std::string_view name, NoteKeyType type, std::string_view public_key) {
  VerifierKey key;
  key.name_ = name;
  key.type_ = type;
  std::memcpy(key.public_key_.data(), public_key.data(), key.public_key_.size());
  key.key_hash_ = key_hash_of(name, type, public_key);
  std::string raw(1, static_cast<char>(type));
  raw.append(public_key);
  key.text_ = key.name_ + "+" + to_hex({reinterpret_cast<const char*>(key.key_hash_.data()), key.key_hash_.size()}) +
              "+" + to_base64(raw);
  const Hash digest = sha256(key.text_);  // J1
  std::memcpy(key.author_key_id_.data(), digest.bytes.data(), key.author_key_id_.size());
  return key;
}

Result<VerifierKey> VerifierKey::parse(std::string_view vkey) {
  const auto parts = split_key(vkey);
  if (!parts) return tl::unexpected(bad_key("not a verifier key: <name>+<hash>+<base64>"));
  if (!is_key_name(parts->name)) return tl::unexpected(bad_key("a key name that is empty or has a space or plus sign"));
  const auto raw = from_base64(parts->base64);
  if (!raw || raw->empty()) return tl::unexpected(bad_key("a verifier key that is not standard base64"));
  const auto type = key_type(static_cast<unsigned char>(raw->front()));
  if (!type) return tl::unexpected(bad_key("a verifier key of a type other than Ed25519 and its cosignatures"));
  if (raw->size() != 1 + crypto_sign_PUBLICKEYBYTES) return tl::unexpected(bad_key("a verifier key of a wrong length"));
  VerifierKey key = make(parts->name, *type, std::string_view(*raw).substr(1));
  // One spelling: the hash is the one that the rest gives, in lower case.
  if (key.text_ != vkey) return tl::unexpected(bad_key("a verifier key whose hash is not that of its name and bytes"));
  return key;
}

bool VerifierKey::verify(std::string_view message, const Signature& signature) const {
  need_sodium();
  return crypto_sign_verify_detached(signature.data(), bytes_of(message), message.size(), public_key_.data()) == 0;
}

struct SigningKey::Impl {
  VerifierKey verifier;
  SecretBytes secret{kSecretKeyBytes};  // seed, then public key
};

SigningKey::SigningKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::generate(std::string_view name, NoteKeyType type) {
  SecretBytes seed(kSeedBytes);
  randombytes_buf(seed.data(), kSeedBytes);
  return from_seed(name, seed.view(), type);
}

Result<SigningKey> SigningKey::from_seed(std::string_view name, std::string_view seed, NoteKeyType type) {
  if (!is_key_name(name)) return tl::unexpected(bad_key("a key name that is empty or has a space or plus sign"));
  if (seed.size() != kSeedBytes) return tl::unexpected(bad_key("a seed of a length other than 32 bytes"));
  auto impl = std::make_unique<Impl>();
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key{};
  crypto_sign_seed_keypair(public_key.data(), impl->secret.data(), bytes_of(seed));
  impl->verifier = VerifierKey::make(name, type, {reinterpret_cast<const char*>(public_key.data()), public_key.size()});
  return SigningKey(std::move(impl));
}

Result<SigningKey> SigningKey::parse_private(std::string_view skey) {
  if (!skey.starts_with(kPrivatePrefix)) return tl::unexpected(bad_key("not a private key"));
  const auto parts = split_key(skey.substr(kPrivatePrefix.size()));
  if (!parts) return tl::unexpected(bad_key("not a private key"));
  auto raw = from_base64(parts->base64);
  if (!raw || raw->size() != 1 + kSeedBytes) return tl::unexpected(bad_key("a private key of a wrong form or length"));
  const auto type = key_type(static_cast<unsigned char>(raw->front()));
  if (!type) {
    sodium_memzero(raw->data(), raw->size());
    return tl::unexpected(bad_key("a private key of a type other than Ed25519 and its cosignatures"));
  }
  auto key = from_seed(parts->name, std::string_view(*raw).substr(1), *type);
  sodium_memzero(raw->data(), raw->size());
  if (!key) return key;
  const KeyHash& hash = key->verifier().key_hash();
  if (parts->hash != to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()})) {
    return tl::unexpected(bad_key("a private key whose hash is not that of its name and bytes"));
  }
  return key;
}

const VerifierKey& SigningKey::verifier() const { return impl_->verifier; }

Signature SigningKey::sign(std::string_view message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, bytes_of(message), message.size(), impl_->secret.data());
  return signature;
}

std::string SigningKey::private_text() const {
  std::string raw(1, static_cast<char>(impl_->verifier.type()));
  raw.append(impl_->secret.view().substr(0, kSeedBytes));
  const KeyHash& hash = impl_->verifier.key_hash();
  std::string text(kPrivatePrefix);
  text.append(impl_->verifier.name()).append("+");
  text.append(to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()})).append("+");
  text.append(to_base64(raw));
  sodium_memzero(raw.data(), raw.size());
  return text;
}

Result<AuthorSignature> parse_author_signature(std::string_view text) {
  const auto malformed = [](std::string what) {
    return fail(Code::signature_malformed, "/jangbu-signature", std::move(what));
  };
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return malformed("no space between key and signature");
  const std::string_view key = text.substr(0, space);
  const std::size_t plus = key.find('+');
  if (plus == std::string_view::npos) return malformed("no plus sign between the key's name and hash");
  if (!is_key_name(key.substr(0, plus))) return malformed("not a key name");
  const auto hash = from_hex(key.substr(plus + 1));
  if (!hash || hash->size() != sizeof(KeyHash)) return malformed("a key hash that is not 8 lower-case hex digits");
  const auto signature = from_base64(text.substr(space + 1));
  if (!signature || signature->size() != sizeof(Signature))
    return malformed("a signature that is not 64 bytes in base64");
  AuthorSignature result;
  result.key_name = key.substr(0, plus);
  std::memcpy(result.key_hash.data(), hash->data(), result.key_hash.size());
  std::memcpy(result.signature.data(), signature->data(), result.signature.size());
  return result;
}

std::string to_string(const AuthorSignature& signature) {
  std::string text = signature.key_name;
  text.append("+");
  text.append(to_hex({reinterpret_cast<const char*>(signature.key_hash.data()), signature.key_hash.size()}));
  text.append(" ");
  text.append(to_base64({reinterpret_cast<const char*>(signature.signature.data()), signature.signature.size()}));
  return text;
}

std::string event_message(std::string_view origin, std::string_view event_bytes) {
  std::string message;
  message.reserve(kEventContext.size() + origin.size() + 1 + event_bytes.size());
  message.append(kEventContext).append(origin).append("\n").append(event_bytes);
  return message;
}

AuthorSignature sign_event(const SigningKey& key, std::string_view origin, std::string_view event_bytes) {
  return AuthorSignature{key.verifier().name(), key.verifier().key_hash(),
                         key.sign(event_message(origin, event_bytes))};
}

struct PseudonymKey::Impl {
  SecretBytes key{kPseudonymKeyBytes};

  // `person` tells the uses of the one key apart; it is padded with zeros to BLAKE2b's 16 bytes.
  [[nodiscard]] std::string digest(std::size_t size, std::string_view person, std::string_view message) const {
    std::array<unsigned char, crypto_generichash_blake2b_PERSONALBYTES> personal{};
    JANGBU_INVARIANT(person.size() <= personal.size(), person);
    std::memcpy(personal.data(), person.data(), person.size());
    std::string out(size, '\0');
    const int done = crypto_generichash_blake2b_salt_personal(reinterpret_cast<unsigned char*>(out.data()), size,
                                                              bytes_of(message), message.size(), key.data(),
                                                              kPseudonymKeyBytes, nullptr, personal.data());
    JANGBU_INVARIANT(done == 0, "BLAKE2b takes these lengths");
    return out;
  }
};

PseudonymKey::PseudonymKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PseudonymKey::PseudonymKey(PseudonymKey&&) noexcept = default;
PseudonymKey& PseudonymKey::operator=(PseudonymKey&&) noexcept = default;
PseudonymKey::~PseudonymKey() = default;

PseudonymKey PseudonymKey::generate() {
  auto impl = std::make_unique<Impl>();
  randombytes_buf(impl->key.data(), kPseudonymKeyBytes);
  return PseudonymKey(std::move(impl));
}

Result<PseudonymKey> PseudonymKey::from_bytes(std::string_view raw) {
  if (raw.size() != kPseudonymKeyBytes)
    return tl::unexpected(bad_key("a pseudonym key of a length other than 32 bytes"));
  auto impl = std::make_unique<Impl>();
  std::memcpy(impl->key.data(), raw.data(), raw.size());
  return PseudonymKey(std::move(impl));
}

std::string PseudonymKey::patient(std::string_view authority, std::string_view number) const {
  std::string message;
  message.append(authority).append("|").append(number);
  std::string pseudonym = "p:" + to_base32(impl_->digest(kPseudonymBytes, "jangbu-patient", message));
  sodium_memzero(message.data(), message.size());
  return pseudonym;
}

std::string PseudonymKey::actor(std::string_view institution, std::string_view account) const {
  return std::string(institution) + "/u:" + to_base32(impl_->digest(kPseudonymBytes, "jangbu-actor", account));
}

std::string PseudonymKey::query_digest(std::string_view query) const {
  return to_hex(impl_->digest(kQueryDigestBytes, "jangbu-query", query));
}

std::string PseudonymKey::raw() const { return std::string(impl_->key.view()); }

std::string signature_library() { return std::string("libsodium ") + sodium_version_string(); }

void random_bytes(std::span<std::uint8_t> bytes) {
  need_sodium();
  randombytes_buf(bytes.data(), bytes.size());
}

}  // namespace jangbu
