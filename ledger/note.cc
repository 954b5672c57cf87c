// Signed notes (note.h). N and S number the rules of the formats page, sections 2 and 5.
#include "ledger/note.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "ledger/big_endian.h"
#include "ledger/hash.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr std::string_view kSignaturePrefix = "\xE2\x80\x94 ";  // U+2014, a space
constexpr std::size_t kKeyHashBytes = sizeof(KeyHash);
constexpr std::size_t kTimeBytes = 8;
// Far above any checkpoint with its witnesses; a bound on what a peer can make us look at. Go's is the same.
constexpr std::size_t kNoteBytesMax = 1'000'000;

tl::unexpected<Error> bad_note(std::string where, std::string what) {
  return fail(Code::bad_note, std::move(where), std::move(what));
}

// N2: valid UTF-8 without ASCII control characters but the newline.
Result<void> check_characters(std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return bad_note("", "not UTF-8");
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (static_cast<unsigned char>(text[at]) < 0x20 && text[at] != '\n') {
      return bad_note("byte " + std::to_string(at), "a control character");
    }
  }
  return {};
}

// N1: "<U+2014> <name> <base64(key hash || signature)>", without the newline.
Result<NoteSignature> parse_signature(std::string_view line, std::string where) {
  if (!line.starts_with(kSignaturePrefix)) return bad_note(std::move(where), "not a signature line");
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return bad_note(std::move(where), "a signature line without a signature");
  const std::string_view name = line.substr(0, space);
  if (!is_key_name(name)) return bad_note(std::move(where), "not a key name");
  const auto raw = from_base64(line.substr(space + 1));  // N4, in its one canonical spelling
  if (!raw) return bad_note(std::move(where), "a signature that is not standard base64");
  if (raw->size() <= kKeyHashBytes) return bad_note(std::move(where), "a signature that is too short");
  NoteSignature signature;
  signature.name = name;
  std::memcpy(signature.key_hash.data(), raw->data(), kKeyHashBytes);
  signature.blob = raw->substr(kKeyHashBytes);
  return signature;
}

// S3
std::string cosigned_message(std::string_view note_text, std::uint64_t time) {
  std::string message = "cosignature/v1\ntime " + std::to_string(time) + "\n";
  message.append(note_text);
  return message;
}

bool verify(const VerifierKey& key, std::string_view text, std::string_view blob) {
  Signature signature{};
  switch (key.type()) {
    case NoteKeyType::ed25519:
      if (blob.size() != signature.size()) return false;
      std::memcpy(signature.data(), blob.data(), signature.size());
      return key.verify(text, signature);
    case NoteKeyType::cosignature_v1: {
      const auto time = cosignature_time(blob);
      if (!time) return false;
      std::memcpy(signature.data(), blob.data() + kTimeBytes, signature.size());
      return key.verify(cosigned_message(text, *time), signature);
    }
  }
  JANGBU_INVARIANT(false, "a key type without a verification");
}

}  // namespace

Result<Note> parse_note(std::string_view note) {
  if (note.size() > kNoteBytesMax) return bad_note("", "longer than any note");
  if (auto ok = check_characters(note); !ok) return tl::unexpected(std::move(ok.error()));
  // N1: the last empty line ends the text, so that a text may have empty lines itself.
  const std::size_t split = note.rfind("\n\n");
  if (split == std::string_view::npos) return bad_note("", "no empty line between text and signatures");
  Note result;
  result.text = note.substr(0, split + 1);
  std::string_view lines = note.substr(split + 2);
  if (lines.empty()) return bad_note("", "no signatures");
  if (lines.back() != '\n') return bad_note("", "the last line does not end");
  for (std::size_t number = 1; !lines.empty(); ++number) {
    if (number > kNoteSignaturesMax) return bad_note("", "more signatures than are looked at");  // N10
    const std::size_t end = lines.find('\n');
    auto signature = parse_signature(lines.substr(0, end), "signature " + std::to_string(number));
    if (!signature) return tl::unexpected(std::move(signature.error()));
    result.signatures.push_back(std::move(*signature));
    lines.remove_prefix(end + 1);
  }
  return result;
}

std::string to_text(const Note& note) {
  std::string text = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) text.append(signature_line(signature));
  return text;
}

Result<Note> open_note(std::string_view note, std::span<const VerifierKey> trusted) {
  auto parsed = parse_note(note);
  if (!parsed) return parsed;
  for (std::size_t at = 0; at < parsed->signatures.size(); ++at) {
    const NoteSignature& signature = parsed->signatures[at];
    const std::string where = "signature " + std::to_string(at + 1);
    const VerifierKey* known = nullptr;
    for (const VerifierKey& key : trusted) {
      if (key.name() != signature.name || key.key_hash() != signature.key_hash) continue;        // N7
      if (known != nullptr) return bad_note(where, "two trusted keys have this name and hash");  // N11
      known = &key;
    }
    if (known == nullptr) continue;
    // N8. A second signature of the same key is verified too, and counted once (N11).
    if (!verify(*known, parsed->text, signature.blob)) {
      return bad_note(where, "the signature of a known key does not verify");
    }
    if (std::find(parsed->verified_by.begin(), parsed->verified_by.end(), known) == parsed->verified_by.end()) {
      parsed->verified_by.push_back(known);
    }
  }
  if (parsed->verified_by.empty()) return bad_note("", "no signature of a known key");  // N9
  return parsed;
}

Result<std::string> sign_note(std::string_view text, std::span<const SigningKey* const> keys) {
  if (text.empty() || text.back() != '\n') return bad_note("", "a note's text ends with a newline");
  if (auto ok = check_characters(text); !ok) return tl::unexpected(std::move(ok.error()));
  if (keys.empty() || keys.size() > kNoteSignaturesMax) return bad_note("", "nobody signs, or too many do");
  std::string note(text);
  note.append("\n");
  for (const SigningKey* key : keys) {
    if (key->verifier().type() != NoteKeyType::ed25519) {
      return bad_note(key->verifier().name(), "a key for cosignatures, which have a time");
    }
    const Signature signature = key->sign(text);
    note.append(
        signature_line(NoteSignature{key->verifier().name(), key->verifier().key_hash(),
                                     std::string(reinterpret_cast<const char*>(signature.data()), signature.size())}));
  }
  return note;
}

std::string signature_line(const NoteSignature& signature) {
  std::string raw(reinterpret_cast<const char*>(signature.key_hash.data()), kKeyHashBytes);
  raw.append(signature.blob);
  std::string line(kSignaturePrefix);
  return line.append(signature.name).append(" ").append(to_base64(raw)).append("\n");
}

NoteSignature cosign(const SigningKey& key, std::string_view note_text, std::uint64_t time) {
  JANGBU_INVARIANT(key.verifier().type() == NoteKeyType::cosignature_v1, key.verifier().name());
  JANGBU_INVARIANT(time <= kCosignatureTimeMax, std::to_string(time));
  const Signature signature = key.sign(cosigned_message(note_text, time));
  std::string blob;
  put_big_endian(blob, time);  // S2
  blob.append(reinterpret_cast<const char*>(signature.data()), signature.size());
  return NoteSignature{key.verifier().name(), key.verifier().key_hash(), std::move(blob)};
}

std::optional<std::uint64_t> cosignature_time(std::string_view blob) {
  if (blob.size() != kTimeBytes + sizeof(Signature)) return std::nullopt;
  const auto time = get_big_endian<std::uint64_t>(blob);
  if (time > kCosignatureTimeMax) return std::nullopt;
  return time;
}

}  // namespace jangbu
