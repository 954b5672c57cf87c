// Checkpoints and tlog-proof files as text (checkpoint.h). C and P number the rules of the formats page.
#include "ledger/checkpoint.h"

#include <charconv>
#include <span>

#include "ledger/tree.h"

namespace jangbu {
namespace {

constexpr std::string_view kProofHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtraPrefix = "extra ";
constexpr std::string_view kIndexPrefix = "index ";
// A tree of 2^64 - 1 leaves has no longer path.
constexpr std::size_t kProofHashesMax = 64;

tl::unexpected<Error> bad_checkpoint(std::string where, std::string what) {
  return fail(Code::bad_checkpoint, std::move(where), std::move(what));
}
tl::unexpected<Error> bad_proof(std::string where, std::string what) {
  return fail(Code::bad_proof, std::move(where), std::move(what));
}

// Takes the next line off `text`, without its newline; nullopt: there is none that ends.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// Decimal without sign and leading zeros, within 64 bits.
std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// M11: 32 bytes, or nothing.
std::optional<Hash> parse_hash(std::string_view base64) {
  const auto raw = from_base64(base64);
  if (!raw || raw->size() != sizeof(Hash)) return std::nullopt;
  return Hash::from(*raw);
}

}  // namespace

Result<Checkpoint> parse_checkpoint(std::string_view note_text) {
  std::string_view rest = note_text;
  const auto origin = take_line(rest);
  if (!origin || origin->empty()) return bad_checkpoint("line 1", "no origin");
  const auto size_line = take_line(rest);
  const auto size = size_line ? parse_decimal(*size_line) : std::nullopt;
  if (!size) return bad_checkpoint("line 2", "not a tree size: decimal, no leading zeros, below 2^64");
  const auto root_line = take_line(rest);
  const auto root = root_line ? parse_hash(*root_line) : std::nullopt;
  if (!root) return bad_checkpoint("line 3", "not a root: 32 bytes in base64");
  Checkpoint checkpoint{std::string(*origin), TreeSize(*size), *root, {}};
  for (std::size_t number = 4; !rest.empty(); ++number) {
    const auto line = take_line(rest);
    if (!line || line->empty()) {
      return bad_checkpoint("line " + std::to_string(number), "an extension line that is empty or does not end");
    }
    checkpoint.extensions.emplace_back(*line);
  }
  return checkpoint;
}

std::string to_text(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin;
  text.append("\n").append(std::to_string(checkpoint.size.value())).append("\n");
  text.append(to_base64(checkpoint.root.view())).append("\n");
  for (const std::string& line : checkpoint.extensions) text.append(line).append("\n");
  return text;
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& log_key) {
  const SigningKey* const keys[] = {&log_key};
  return sign_note(to_text(checkpoint), keys);
}

Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& log_key) {
  auto opened = open_note(note, std::span(&log_key, 1));
  if (!opened) return tl::unexpected(std::move(opened.error()));
  // S6: a cosignature says what a witness saw, not what the log promises.
  if (log_key.type() != NoteKeyType::ed25519) return fail(Code::bad_note, "", "the key is a witness's, not a log's");
  auto checkpoint = parse_checkpoint(opened->text);
  if (!checkpoint) return checkpoint;
  if (checkpoint->origin != log_key.name()) {  // C2, J5
    return bad_checkpoint("line 1", "the origin is not the one whose key this is");
  }
  return checkpoint;
}

std::string to_text(const TlogProof& proof) {
  std::string text(kProofHeader);
  text.append("\n");
  if (proof.extra) text.append(kExtraPrefix).append(to_base64(*proof.extra)).append("\n");
  text.append(kIndexPrefix).append(std::to_string(proof.number.value())).append("\n");
  for (const Hash& hash : proof.proof) text.append(to_base64(hash.view())).append("\n");
  return text.append("\n").append(proof.checkpoint);
}

Result<TlogProof> parse_tlog_proof(std::string_view text) {
  std::string_view rest = text;
  if (take_line(rest) != kProofHeader) return bad_proof("line 1", "not a tlog-proof of version 1");
  TlogProof proof;
  std::size_t number = 2;
  auto line = take_line(rest);
  if (line && line->starts_with(kExtraPrefix)) {
    auto extra = from_base64(line->substr(kExtraPrefix.size()));
    if (!extra) return bad_proof("line 2", "extra data that are not base64");
    proof.extra = std::move(*extra);
    line = take_line(rest);
    ++number;
  }
  const auto index =
      line && line->starts_with(kIndexPrefix) ? parse_decimal(line->substr(kIndexPrefix.size())) : std::nullopt;
  if (!index) return bad_proof("line " + std::to_string(number), "no index: decimal, no leading zeros, below 2^64");
  proof.number = SequenceNumber(*index);
  for (line = take_line(rest), ++number; line && !line->empty(); line = take_line(rest), ++number) {
    const auto hash = parse_hash(*line);
    if (!hash) return bad_proof("line " + std::to_string(number), "not a hash: 32 bytes in base64");
    if (proof.proof.size() == kProofHashesMax) return bad_proof("line " + std::to_string(number), "too many hashes");
    proof.proof.push_back(*hash);
  }
  if (!line || rest.empty()) return bad_proof("line " + std::to_string(number), "no checkpoint after an empty line");
  proof.checkpoint = rest;
  return proof;
}

Result<Checkpoint> verify_tlog_proof(const TlogProof& proof, const Hash& leaf, const VerifierKey& log_key) {
  auto checkpoint = open_checkpoint(proof.checkpoint, log_key);
  if (!checkpoint) return checkpoint;
  if (auto ok = verify_inclusion(leaf, proof.number, checkpoint->size, proof.proof, checkpoint->root); !ok) {
    return tl::unexpected(std::move(ok.error()));
  }
  return checkpoint;
}

}  // namespace jangbu
