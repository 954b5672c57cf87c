// State as rows: typed tables in memory that know which of their rows have changed, so that a step of the runner writes
// those and no others. Checks keep all they know in tables; what can be computed from them (indexes) is rebuilt after
// loading. Rows are this program's own, in the projections' database: a reader that cannot read one says state_corrupt,
// and everything is rebuilt from the feeds. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/hash.h"
#include "schemas/error.h"
#include "schemas/timestamp.h"

namespace jangbu::consumers {

// A row to write, or, without a value, to delete.
struct RowChange {
  std::string key;
  std::optional<std::string> value;
};

// Values as bytes: integers as varints, texts and lists with their length before them. A struct names its members once,
// for both directions: `template <typename A, typename S> static void fields(A& a, S& self) { a(self.x, self.y); }`.
class RowWriter {
 public:
  explicit RowWriter(std::string& out) : out_(out) {}
  template <typename... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

 private:
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  void put(bool value) { out_.push_back(value ? 1 : 0); }
  void put(std::uint64_t value) { number(value); }
  void put(std::uint32_t value) { number(value); }
  void put(std::int64_t value) {  // zigzag
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void put(std::int32_t value) { put(static_cast<std::int64_t>(value)); }
  void put(const std::string& value) {
    number(value.size());
    out_ += value;
  }
  void put(const Hash& value) { out_ += value.view(); }
  void put(const Timestamp& value) {
    put(value.seconds);
    put(value.nanos);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    number(values.size());
    for (const T& value : values) put(value);
  }
  template <typename T, typename C>
  void put(const std::set<T, C>& values) {
    number(values.size());
    for (const T& value : values) put(value);
  }
  template <typename K, typename V, typename C>
  void put(const std::map<K, V, C>& values) {
    number(values.size());
    for (const auto& [key, value] : values) {
      put(key);
      put(value);
    }
  }
  template <typename T>
  requires std::is_enum_v<T>
  void put(T value) { number(static_cast<std::uint64_t>(value)); }
  template <typename T>
  requires requires(RowWriter& a, const T& v) { T::fields(a, v); }
  void put(const T& value) { T::fields(*this, value); }

  std::string& out_;
};

class RowReader {
 public:
  explicit RowReader(std::string_view in) : in_(in) {}
  template <typename... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  // Everything was there, and nothing else.
  [[nodiscard]] bool complete() const { return ok_ && in_.empty(); }

 private:
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) break;
      const auto byte = static_cast<std::uint8_t>(in_.front());
      in_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  std::string_view take(std::uint64_t size) {
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const std::string_view bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  void get(bool& value) { value = number() != 0; }
  void get(std::uint64_t& value) { value = number(); }
  void get(std::uint32_t& value) { value = static_cast<std::uint32_t>(number()); }
  void get(std::int64_t& value) {
    const std::uint64_t raw = number();
    value = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
  }
  void get(std::int32_t& value) {
    std::int64_t wide = 0;
    get(wide);
    value = static_cast<std::int32_t>(wide);
  }
  void get(std::string& value) { value = take(number()); }
  void get(Hash& value) {
    const std::string_view raw = take(32);
    if (raw.size() == 32) value = Hash::from(raw);
  }
  void get(Timestamp& value) {
    get(value.seconds);
    get(value.nanos);
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    if (!there) return value.reset();
    T held{};
    get(held);
    value = std::move(held);
  }
  template <typename T>
  void get(std::vector<T>& values) {
    values.clear();
    for (std::uint64_t left = number(); left > 0 && ok_; --left) get(values.emplace_back());
  }
  template <typename T, typename C>
  void get(std::set<T, C>& values) {
    values.clear();
    for (std::uint64_t left = number(); left > 0 && ok_; --left) {
      T value{};
      get(value);
      values.insert(std::move(value));
    }
  }
  template <typename K, typename V, typename C>
  void get(std::map<K, V, C>& values) {
    values.clear();
    for (std::uint64_t left = number(); left > 0 && ok_; --left) {
      K key{};
      get(key);
      get(values[std::move(key)]);
    }
  }
  template <typename T>
  requires std::is_enum_v<T>
  void get(T& value) { value = static_cast<T>(number()); }
  template <typename T>
  requires requires(RowReader& a, T& v) { T::fields(a, v); }
  void get(T& value) { T::fields(*this, value); }

  std::string_view in_;
  bool ok_ = true;
};

// What the fold sees of a table.
class AnyTable {
 public:
  explicit AnyTable(std::string_view table_name) : name_(table_name) {}
  virtual ~AnyTable() = default;
  AnyTable(const AnyTable&) = delete;
  AnyTable& operator=(const AnyTable&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  // Appends the rows that changed since the last call; keys are <table name> NUL <key>.
  virtual void write_changes(std::vector<RowChange>& out) = 0;
  // A row as it was written, without the table's name. false: it cannot be read.
  [[nodiscard]] virtual bool load(std::string_view key, std::string_view value) = 0;

 protected:
  [[nodiscard]] std::string row_key(std::string_view key) const {
    std::string out = name_;
    out.push_back('\0');
    out += key;
    return out;
  }

 private:
  std::string name_;
};

template <typename T>
class Table final : public AnyTable {
 public:
  using AnyTable::AnyTable;
  using Rows = std::map<std::string, T, std::less<>>;

  [[nodiscard]] const T* find(std::string_view key) const {
    const auto at = rows_.find(key);
    return at == rows_.end() ? nullptr : &at->second;
  }
  // For changing; made when it is not there. The reference holds until the row is erased.
  [[nodiscard]] T& edit(std::string_view key) {
    mark(key);
    const auto at = rows_.lower_bound(key);
    if (at != rows_.end() && at->first == key) return at->second;
    return rows_.emplace_hint(at, std::string(key), T{})->second;
  }
  void erase(std::string_view key) {
    const auto at = rows_.find(key);
    if (at == rows_.end()) return;
    mark(key);
    rows_.erase(at);
  }
  [[nodiscard]] typename Rows::const_iterator begin() const { return rows_.begin(); }
  [[nodiscard]] typename Rows::const_iterator end() const { return rows_.end(); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] const Rows& rows() const { return rows_; }

  void write_changes(std::vector<RowChange>& out) override {
    for (const std::string& key : changed_) {
      RowChange change{row_key(key), std::nullopt};
      if (const T* row = find(key)) RowWriter(change.value.emplace())(*row);
      out.push_back(std::move(change));
    }
    changed_.clear();
  }
  [[nodiscard]] bool load(std::string_view key, std::string_view value) override {
    RowReader reader(value);
    T row{};
    reader(row);
    if (!reader.complete()) return false;
    rows_.insert_or_assign(std::string(key), std::move(row));
    return true;
  }

 private:
  void mark(std::string_view key) {
    const auto at = changed_.lower_bound(key);
    if (at == changed_.end() || *at != key) changed_.emplace_hint(at, key);
  }
  Rows rows_;
  std::set<std::string, std::less<>> changed_;
};

// What has to be looked at when a time has come, in order. An item says what to look at, not what to conclude: whoever
// pops it looks at the state as it is then, so items that have become pointless need not be found and removed.
class Agenda final : public AnyTable {
 public:
  using AnyTable::AnyTable;

  void add(Timestamp due, std::string_view what) {
    const auto [at, fresh] = items_.emplace(due, std::string(what));
    if (fresh) changed_.insert(*at);
  }
  // The items with due < `now`, taken out.
  [[nodiscard]] std::vector<std::string> pop_before(Timestamp now) {
    std::vector<std::string> out;
    while (!items_.empty() && items_.begin()->first < now) {
      changed_.insert(*items_.begin());
      out.push_back(items_.begin()->second);
      items_.erase(items_.begin());
    }
    return out;
  }
  [[nodiscard]] bool has_before(Timestamp now) const { return !items_.empty() && items_.begin()->first < now; }

  void write_changes(std::vector<RowChange>& out) override {
    for (const auto& item : changed_) {
      std::string key;
      const std::uint64_t biased = static_cast<std::uint64_t>(item.first.seconds) ^ (std::uint64_t{1} << 63);
      for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(biased >> shift));
      const auto nanos = static_cast<std::uint32_t>(item.first.nanos);
      for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(nanos >> shift));
      key += item.second;
      out.push_back({row_key(key), items_.contains(item) ? std::optional<std::string>("") : std::nullopt});
    }
    changed_.clear();
  }
  [[nodiscard]] bool load(std::string_view key, std::string_view value) override {
    if (key.size() < 12 || !value.empty()) return false;
    std::uint64_t biased = 0;
    for (std::size_t i = 0; i < 8; ++i) biased = biased << 8 | static_cast<std::uint8_t>(key[i]);
    std::uint32_t nanos = 0;
    for (std::size_t i = 8; i < 12; ++i) nanos = nanos << 8 | static_cast<std::uint8_t>(key[i]);
    items_.emplace(
        Timestamp{static_cast<std::int64_t>(biased ^ (std::uint64_t{1} << 63)), static_cast<std::int32_t>(nanos)},
        std::string(key.substr(12)));
    return true;
  }

 private:
  std::set<std::pair<Timestamp, std::string>> items_;
  std::set<std::pair<Timestamp, std::string>> changed_;
};

}  // namespace jangbu::consumers
