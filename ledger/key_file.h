// Key files: one key a file, mode 0600, written as temporary file, fsync, rename, fsync of the folder; read without
// following links and refused when others can read them. With a passphrase the content is sealed (Argon2id MODERATE,
// XChaCha20-Poly1305; the key's own hash is bound, since that cipher is not key-committing). FORMAT.md, "Key file".
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/keys.h"
#include "schemas/error.h"

namespace jangbu {

// Asked at most once a file, only when the file is sealed; nullopt: there is none.
using AskPassphrase = std::function<std::optional<std::string>(const std::filesystem::path&)>;

// `create` refuses a path that is taken; `replace` is for a new passphrase, or a new key under the old name.
enum class KeyFileWrite { create, replace };

// Errors: already_exists (create), bad_key (a name too long for a file), io. A crash leaves the old state or the new
// one, and perhaps a file "<path>.new-<16 hex digits>", which may be deleted. An empty passphrase writes it in clear.
[[nodiscard]] Result<void> write_key_file(const std::filesystem::path& path, const SigningKey& key,
                                          std::string_view passphrase, KeyFileWrite how = KeyFileWrite::create);
[[nodiscard]] Result<void> write_key_file(const std::filesystem::path& path, const PseudonymKey& key,
                                          std::string_view passphrase, KeyFileWrite how = KeyFileWrite::create);
// Errors: io, key_file_unsafe, bad_key (damaged, or a key of the other kind), wrong_passphrase. A sealed file takes
// half a second and 256 MiB.
[[nodiscard]] Result<SigningKey> read_signing_key(const std::filesystem::path& path, const AskPassphrase& ask);
[[nodiscard]] Result<PseudonymKey> read_pseudonym_key(const std::filesystem::path& path, const AskPassphrase& ask);

}  // namespace jangbu
