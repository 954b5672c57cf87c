#include "consumers/projections/search_cursor.h"

#include <algorithm>

#include "consumers/projections/varint.h"
#include "ledger/hash.h"

namespace jangbu::consumers {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kDigestBytes = 8;
constexpr std::size_t kCursorCharsMax = 64 << 10;

std::string checksum(std::string_view bytes) {
  Sha256 hash;
  hash.update("jangbu/cursor/v1");
  hash.update(bytes);
  return std::string(hash.finish().view().substr(0, kDigestBytes));
}

tl::unexpected<Error> bad() { return fail(Code::bad_cursor, "/cursor", "not a cursor of this query"); }

}  // namespace

std::string encode(const SearchCursor& cursor) {
  std::string bytes(1, kVersion);
  bytes += cursor.query_digest;
  put_varint(bytes, cursor.ledgers.size());
  for (const SearchCursor::Fixed& fixed : cursor.ledgers) {
    put_text(bytes, fixed.ledger.text());
    put_varint(bytes, fixed.size.value());
  }
  put_varint(bytes, zigzag(cursor.last.time_ms));
  put_varint(bytes, cursor.last.part);
  put_varint(bytes, cursor.last.sequence);
  bytes += checksum(bytes);
  std::string text = to_base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Result<SearchCursor> decode_cursor(std::string_view text, std::string_view query_digest) {
  if (text.size() > kCursorCharsMax || text.find_first_of("+/=") != std::string_view::npos) return bad();
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  while (padded.size() % 4 != 0) padded.push_back('=');
  const auto decoded = from_base64(padded);
  if (!decoded || decoded->size() < 1 + 2 * kDigestBytes) return bad();
  std::string_view rest = *decoded;
  if (rest.substr(rest.size() - kDigestBytes) != checksum(rest.substr(0, rest.size() - kDigestBytes))) return bad();
  rest.remove_suffix(kDigestBytes);
  if (rest.front() != kVersion) return bad();
  rest.remove_prefix(1);
  SearchCursor cursor;
  cursor.query_digest = rest.substr(0, kDigestBytes);
  if (cursor.query_digest != query_digest) return bad();
  rest.remove_prefix(kDigestBytes);

  std::uint64_t ledgers = 0;
  if (!take_varint(rest, ledgers)) return bad();
  for (std::uint64_t i = 0; i < ledgers; ++i) {
    std::string_view name;
    std::uint64_t size = 0;
    if (!take_text(rest, name) || !take_varint(rest, size)) return bad();
    auto id = LedgerId::parse(name);
    if (!id) return bad();
    cursor.ledgers.push_back(SearchCursor::Fixed{*std::move(id), TreeSize(size)});
  }
  std::uint64_t time = 0, part = 0;
  if (!take_varint(rest, time) || !take_varint(rest, part) || !take_varint(rest, cursor.last.sequence)) return bad();
  if (!rest.empty() || part >= ledgers) return bad();
  cursor.last.time_ms = unzigzag(time);
  cursor.last.part = static_cast<std::uint32_t>(part);
  return cursor;
}

}  // namespace jangbu::consumers
