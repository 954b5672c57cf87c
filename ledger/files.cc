// The machine's files, by POSIX.
#include "ledger/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace jangbu {
namespace {

tl::unexpected<Error> failed(int error, const std::filesystem::path& path, std::string_view call) {
  const Code code = error == ENOSPC || error == EDQUOT ? Code::disk_full
                    : error == EEXIST                  ? Code::already_exists
                                                       : Code::io;
  return fail(code, path.string(), std::string(call) + ": " + std::generic_category().message(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);  // everything that matters was synced, so an error here says nothing new
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

// open(2), again after a signal.
Descriptor open_descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return Descriptor(fd);
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::filesystem::path path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::string> read(std::uint64_t offset, std::size_t size) override {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = ::pread(descriptor_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed(errno, path_, "pread");
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    bytes.resize(done);
    return bytes;
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed(errno, path_, "pwrite");
      bytes.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(descriptor_.get()) != 0) return failed(errno, path_, "fdatasync");
    return {};
  }

 private:
  Descriptor descriptor_;
  std::filesystem::path path_;
};

class PosixLock final : public DirectoryLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

class PosixFiles final : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Mode mode) override {
    int flags = O_NOFOLLOW;
    switch (mode) {
      case Mode::read:
        flags |= O_RDONLY;
        break;
      case Mode::read_write:
        flags |= O_RDWR;
        break;
      case Mode::create:
        flags |= O_RDWR | O_CREAT | O_EXCL;
        break;
    }
    Descriptor descriptor = open_descriptor(path, flags, 0600);
    if (!descriptor.valid()) return failed(errno, path, "open");
    return std::make_unique<PosixFile>(std::move(descriptor), path);
  }

  bool exists(const std::filesystem::path& path) override {
    struct stat ignored {};
    return ::lstat(path.c_str(), &ignored) == 0;
  }

  Result<void> make_directories(const std::filesystem::path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failed(error.value(), path, "mkdir");
    return {};
  }

  Result<void> sync_directory(const std::filesystem::path& path) override {
    const Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.valid()) return failed(errno, path, "open");
    if (::fsync(descriptor.get()) != 0) return failed(errno, path, "fsync");
    return {};
  }

  Result<void> exchange(const std::filesystem::path& one, const std::filesystem::path& other) override {
    if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) {
      return failed(errno, other, "renameat2");
    }
    return {};
  }

  Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::filesystem::path& path, Sharing sharing) override {
    Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.valid()) {
      if (errno == ENOENT) return fail(Code::no_such_node, path.string(), "no such directory");
      return failed(errno, path, "open");
    }
    if (::flock(descriptor.get(), (sharing == Sharing::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return failed(errno, path, "flock");
      return fail(Code::dir_locked, path.string(), "another process has this directory open");
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
  }

  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override {
    struct statvfs space {};
    if (::statvfs(path.c_str(), &space) != 0) return failed(errno, path, "statvfs");
    return std::uint64_t{space.f_bavail} * space.f_frsize;
  }

  Result<void> reserve(const std::filesystem::path& path, std::uint64_t bytes) override {
    const Descriptor descriptor = open_descriptor(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (!descriptor.valid()) return failed(errno, path, "open");
    const int error = ::posix_fallocate(descriptor.get(), 0, static_cast<off_t>(bytes));
    if (error != 0) return failed(error, path, "posix_fallocate");
    return {};
  }
};

}  // namespace

Files& Files::machine() {
  static PosixFiles files;  // has no state
  return files;
}

}  // namespace jangbu
