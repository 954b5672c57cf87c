// The machine's files, for tests that change one operation or two of them.
#pragma once

#include <memory>

#include "ledger/files.h"

namespace jangbu::testing {

class ForwardingFiles : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Mode mode) override {
    return machine().open(path, mode);
  }
  bool exists(const std::filesystem::path& path) override { return machine().exists(path); }
  Result<void> make_directories(const std::filesystem::path& path) override { return machine().make_directories(path); }
  Result<void> sync_directory(const std::filesystem::path& path) override { return machine().sync_directory(path); }
  Result<void> exchange(const std::filesystem::path& one, const std::filesystem::path& other) override {
    return machine().exchange(one, other);
  }
  Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::filesystem::path& path, Sharing sharing) override {
    return machine().lock_directory(path, sharing);
  }
  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override { return machine().free_bytes(path); }
  Result<void> reserve(const std::filesystem::path& path, std::uint64_t bytes) override {
    return machine().reserve(path, bytes);
  }
};

// An open file of such, likewise.
class ForwardingFile : public File {
 public:
  explicit ForwardingFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Result<std::string> read(std::uint64_t offset, std::size_t size) override { return file_->read(offset, size); }
  Result<void> write(std::uint64_t offset, std::string_view bytes) override { return file_->write(offset, bytes); }
  Result<void> sync() override { return file_->sync(); }

 private:
  std::unique_ptr<File> file_;
};

}  // namespace jangbu::testing
