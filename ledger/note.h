// C2SP signed-note (FORMATS.md N1 to N11): text with signatures below it. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/keys.h"
#include "schemas/error.h"

namespace jangbu {

// N10: a note with more is refused.
inline constexpr std::size_t kNoteSignaturesMax = 100;
// S2: POSIX seconds.
inline constexpr std::uint64_t kCosignatureTimeMax = (std::uint64_t{1} << 63) - 1;

struct NoteSignature {
  std::string name;
  KeyHash key_hash{};
  std::string blob;  // what follows the key hash: 64 bytes for Ed25519; 8 + 64 for a cosignature
};

struct Note {
  std::string text;                             // ends with a newline; what is signed
  std::vector<NoteSignature> signatures;        // as they stand
  std::vector<const VerifierKey*> verified_by;  // of the trusted keys, once each, in signature order
};

// Without looking at keys. Error: bad_note.
[[nodiscard]] Result<Note> parse_note(std::string_view note);
// Text and signatures as they stand: what parse_note() read.
[[nodiscard]] std::string to_text(const Note& note);
// N7 to N9, N11: unknown signatures are ignored, a known key's bad signature refuses the whole note, at least one known
// key must have signed. `trusted` outlives the Note. Error: bad_note.
[[nodiscard]] Result<Note> open_note(std::string_view note, std::span<const VerifierKey> trusted);
// `text` must end with a newline (N1, N2); the keys are of type ed25519. Error: bad_note.
[[nodiscard]] Result<std::string> sign_note(std::string_view text, std::span<const SigningKey* const> keys);
// "— <name> <base64>\n".
[[nodiscard]] std::string signature_line(const NoteSignature& signature);

// C2SP tlog-cosignature v1 (S1 to S6): `note_text` as of `time`, POSIX seconds, by a cosignature_v1 key.
[[nodiscard]] NoteSignature cosign(const SigningKey& key, std::string_view note_text, std::uint64_t time);
// The time that a cosignature's blob states; nullopt: not a cosignature's length, or beyond kCosignatureTimeMax.
[[nodiscard]] std::optional<std::uint64_t> cosignature_time(std::string_view blob);

}  // namespace jangbu
