// Ed25519 keys and what is done with them, by libsodium, which is named in keys.cc and key_file.cc alone: verifier keys
// as C2SP signed-note writes them, signatures, pseudonyms. Key objects are immutable: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "schemas/error.h"

namespace jangbu {

using KeyHash = std::array<std::uint8_t, 4>;       // signed-note N5, S1
using AuthorKeyId = std::array<std::uint8_t, 16>;  // in entries: the first 16 bytes of SHA-256(vkey) (FORMATS.md J1)
using Signature = std::array<std::uint8_t, 64>;

enum class NoteKeyType : std::uint8_t { ed25519 = 0x01, cosignature_v1 = 0x04 };

// Non-empty UTF-8 without spaces (Unicode's too), control characters and plus signs (signed-note N2, N3).
[[nodiscard]] bool is_key_name(std::string_view name);

// A vkey: "<name>+<8 hex digits>+<base64(type || public key)>".
class VerifierKey {
 public:
  // One spelling only; the key hash must be the one that the rest gives. Error: bad_key.
  [[nodiscard]] static Result<VerifierKey> parse(std::string_view vkey);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] NoteKeyType type() const { return type_; }
  [[nodiscard]] const KeyHash& key_hash() const { return key_hash_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const AuthorKeyId& author_key_id() const { return author_key_id_; }
  [[nodiscard]] const std::array<std::uint8_t, 32>& public_key() const { return public_key_; }

  // Ed25519 over exactly `message`; about 40 microseconds.
  [[nodiscard]] bool verify(std::string_view message, const Signature& signature) const;

 private:
  friend class SigningKey;
  static VerifierKey make(std::string_view name, NoteKeyType type, std::string_view public_key);
  std::string name_, text_;
  NoteKeyType type_{};
  KeyHash key_hash_{};
  AuthorKeyId author_key_id_{};
  std::array<std::uint8_t, 32> public_key_{};
};

// A private key in locked memory, wiped when it goes.
class SigningKey {
 public:
  // From the machine's random source. `name` as signed-note N3 asks, else bad_key.
  [[nodiscard]] static Result<SigningKey> generate(std::string_view name, NoteKeyType type = NoteKeyType::ed25519);
  // From a 32-byte seed: for published test keys and for seeded demonstrations.
  [[nodiscard]] static Result<SigningKey> from_seed(std::string_view name, std::string_view seed,
                                                    NoteKeyType type = NoteKeyType::ed25519);
  // "PRIVATE+KEY+<name>+<hash>+<base64(type || seed)>", Go's note form. Error: bad_key.
  [[nodiscard]] static Result<SigningKey> parse_private(std::string_view skey);

  [[nodiscard]] const VerifierKey& verifier() const;
  [[nodiscard]] Signature sign(std::string_view message) const;  // about 13 microseconds
  [[nodiscard]] std::string private_text() const;                // Go's note form; for key files only

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

 private:
  struct Impl;
  explicit SigningKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "<vkey name>+<8 hex digits> <base64 signature>": how an author's signature travels beside an event (J1).
struct AuthorSignature {
  std::string key_name;
  KeyHash key_hash{};
  Signature signature{};
};
[[nodiscard]] Result<AuthorSignature> parse_author_signature(std::string_view text);  // signature_malformed
[[nodiscard]] std::string to_string(const AuthorSignature& signature);
// J1: signs "jangbu/event/v1\n" origin "\n" event bytes.
[[nodiscard]] AuthorSignature sign_event(const SigningKey& key, std::string_view origin, std::string_view event_bytes);
[[nodiscard]] std::string event_message(std::string_view origin, std::string_view event_bytes);

// A hospital's key for pseudonyms (32 bytes, in locked memory). BLAKE2b-128, keyed, personalised "jangbu-patient" or
// "jangbu-actor"; never leaves the hospital.
class PseudonymKey {
 public:
  [[nodiscard]] static PseudonymKey generate();
  [[nodiscard]] static Result<PseudonymKey> from_bytes(std::string_view raw);  // 32 bytes, else bad_key
  // "p:" and 26 base32 characters, over "<authority>|<number>".
  [[nodiscard]] std::string patient(std::string_view authority, std::string_view number) const;
  // "<institution>/u:" and 26 base32 characters, over the account.
  [[nodiscard]] std::string actor(std::string_view institution, std::string_view account) const;
  // Keyed digest of a query, hex: what a ledgered read says of it.
  [[nodiscard]] std::string query_digest(std::string_view query) const;
  [[nodiscard]] std::string raw() const;  // for key files only

  PseudonymKey(PseudonymKey&&) noexcept;
  PseudonymKey& operator=(PseudonymKey&&) noexcept;
  ~PseudonymKey();

 private:
  struct Impl;
  explicit PseudonymKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] std::string signature_library();  // whose Ed25519 this is, with its version

// Fills `bytes` from the machine's random source.
void random_bytes(std::span<std::uint8_t> bytes);

}  // namespace jangbu
