// FORMAT.md, "Tip file".
#include "ledger/tip.h"

#include <algorithm>

#include "ledger/big_endian.h"
#include "schemas/invariant.h"

namespace jangbu {
namespace {

constexpr std::string_view kMagic("jbtip\0\0\1", 8);
constexpr std::size_t kSlotBytes = 64 << 10;
constexpr std::size_t kFixedBytes = 8 + 8 + 4 + 4;  // magic, commit, length, count
constexpr std::size_t kLedgerIdBytesMax = 31 + 9;   // an institution and ".patients"
constexpr std::size_t kLedgerBytesMax = 1 + kLedgerIdBytesMax + 8 + 32;
static_assert(kFixedBytes + kTipLedgersMax * kLedgerBytesMax + 32 <= kSlotBytes);

struct Slot {
  CommitNumber commit;
  std::vector<LedgerHead> heads;
};

// nullopt: damaged, half written, or never written.
std::optional<Slot> decode_slot(std::string_view bytes) {
  if (bytes.size() < kFixedBytes + 32 || bytes.substr(0, 8) != kMagic) return std::nullopt;
  Slot slot;
  slot.commit = CommitNumber(get_big_endian<std::uint64_t>(bytes.substr(8)));
  const std::size_t length = get_big_endian<std::uint32_t>(bytes.substr(16));
  const std::size_t count = get_big_endian<std::uint32_t>(bytes.substr(20));
  if (length < kFixedBytes + 32 || length > bytes.size()) return std::nullopt;
  const std::string_view content = bytes.substr(0, length - 32);
  if (sha256(content).view() != bytes.substr(length - 32, 32)) return std::nullopt;
  std::size_t at = kFixedBytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (at >= content.size()) return std::nullopt;
    const std::size_t id_bytes = static_cast<unsigned char>(content[at]);
    if (content.size() - at < 1 + id_bytes + 8 + 32) return std::nullopt;
    auto id = LedgerId::parse(content.substr(at + 1, id_bytes));
    if (!id) return std::nullopt;
    at += 1 + id_bytes;
    const TreeSize size(get_big_endian<std::uint64_t>(content.substr(at)));
    slot.heads.push_back(LedgerHead{std::move(*id), size, Hash::from(content.substr(at + 8, 32))});
    at += 8 + 32;
  }
  if (at != content.size()) return std::nullopt;
  return slot;
}

}  // namespace

std::string encode_tip(CommitNumber commit, std::span<const LedgerHead> heads) {
  JANGBU_INVARIANT(heads.size() <= kTipLedgersMax, std::to_string(heads.size()));
  std::size_t length = kFixedBytes + 32;
  for (const LedgerHead& head : heads) length += 1 + head.id.text().size() + 8 + 32;
  JANGBU_INVARIANT(length <= kSlotBytes, std::to_string(length));
  std::string bytes;
  bytes.reserve(length);
  bytes.append(kMagic);
  put_big_endian(bytes, commit.value());
  put_big_endian(bytes, static_cast<std::uint32_t>(length));
  put_big_endian(bytes, static_cast<std::uint32_t>(heads.size()));
  for (const LedgerHead& head : heads) {
    bytes.push_back(static_cast<char>(head.id.text().size()));
    bytes.append(head.id.text());
    put_big_endian(bytes, head.size.value());
    bytes.append(head.root.view());
  }
  bytes.append(sha256(bytes).view());
  return bytes;
}

Result<TipFile> TipFile::create(Files& files, const std::filesystem::path& path, CommitNumber commit,
                                std::span<const LedgerHead> heads) {
  auto file = files.open(path, Files::Mode::create);
  if (!file) return tl::unexpected(file.error());
  // Both slots are written whole once: later writes then change no size, which makes their syncs cheap.
  std::string bytes = encode_tip(commit, heads);
  bytes.resize(2 * kSlotBytes, '\0');
  if (auto written = (*file)->write(0, bytes); !written) return tl::unexpected(written.error());
  if (auto synced = (*file)->sync(); !synced) return tl::unexpected(synced.error());
  if (auto synced = files.sync_directory(path.parent_path()); !synced) return tl::unexpected(synced.error());
  TipFile tip;
  tip.file_ = std::move(*file);
  tip.commit_ = commit;
  tip.heads_.assign(heads.begin(), heads.end());
  return tip;
}

Result<TipFile> TipFile::open(Files& files, const std::filesystem::path& path, Files::Mode mode) {
  auto file = files.open(path, mode);
  if (!file) return tl::unexpected(file.error());
  std::optional<Slot> newest;
  TipFile tip;
  for (unsigned number = 0; number < 2; ++number) {
    auto bytes = (*file)->read(number * kSlotBytes, kSlotBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    auto slot = decode_slot(*bytes);
    if (!slot || (newest && slot->commit < newest->commit)) continue;
    newest = std::move(slot);
    tip.slot_ = number;
  }
  if (!newest) return fail(Code::tip_corrupt, path.string(), "neither slot holds a tip; see RUNBOOK, \"tip\"");
  tip.file_ = std::move(*file);
  tip.commit_ = newest->commit;
  tip.heads_ = std::move(newest->heads);
  return tip;
}

Result<void> TipFile::compare(const RootsAt& roots) const {
  for (const LedgerHead& head : heads_) {
    auto root = roots(head.id, head.size);
    if (!root) return tl::unexpected(root.error());
    const std::string place = head.id.text() + " at size " + std::to_string(head.size.value());
    if (!*root) return fail(Code::tip_rollback, place, "was released, and the database ends before it");
    if (**root != head.root) {
      return fail(Code::tip_fork, place, "was released with another root than the database has");
    }
  }
  return {};
}

Result<void> TipFile::record(CommitNumber commit, std::span<const LedgerHead> heads) {
  JANGBU_INVARIANT(commit > commit_, std::to_string(commit.value()) + " after " + std::to_string(commit_.value()));
  JANGBU_INVARIANT(heads.size() >= heads_.size(), std::to_string(heads.size()));
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    // Ledgers are only ever added at the end, so the same one stands in the same row.
    JANGBU_INVARIANT(heads[i].id == heads_[i].id && heads[i].size >= heads_[i].size, heads[i].id.text());
  }
  const unsigned other = 1 - slot_;
  if (auto written = file_->write(other * kSlotBytes, encode_tip(commit, heads)); !written) return written;
  if (auto synced = file_->sync(); !synced) return synced;
  slot_ = other;
  commit_ = commit;
  heads_.assign(heads.begin(), heads.end());
  return {};
}

}  // namespace jangbu
