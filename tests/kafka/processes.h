// Processes that a test starts, kills and starts again: the jangbu program serving a node, and brokers of the test's
// own (ops/kafka/broker).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace jangbu::testing {

// Looks again and again, for a minute, which a loaded machine may need.
template <typename Holds>
bool comes(Holds holds, std::chrono::milliseconds wait = std::chrono::milliseconds(60'000)) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return holds();
}

// `jangbu serve DIRECTORY --listen 127.0.0.1:0 MORE...`. What it says on standard error is kept in <directory>.said.
class ServedNode {
 public:
  // `command`: serve or consume.
  ServedNode(std::filesystem::path directory, std::vector<std::string> more, std::string command = "serve");
  ~ServedNode();  // kills
  ServedNode(const ServedNode&) = delete;
  ServedNode& operator=(const ServedNode&) = delete;

  // Whether it serves; else said() has why.
  bool start();
  void kill();                // SIGKILL
  std::optional<int> stop();  // SIGTERM; its exit status, nullopt: it was killed by a signal
  [[nodiscard]] bool runs() const { return pid_ > 0; }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::string said() const;

 private:
  const std::filesystem::path directory_;
  const std::vector<std::string> more_;
  const std::string command_;
  pid_t pid_ = -1;
  std::string url_;
};

// A cluster of the test's own, on free ports, gone with it.
class OwnBrokers {
 public:
  explicit OwnBrokers(int brokers = 1);
  ~OwnBrokers();
  OwnBrokers(const OwnBrokers&) = delete;
  OwnBrokers& operator=(const OwnBrokers&) = delete;

  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] std::string settings() const { return (folder_ / "client.properties").string(); }
  // `ops/kafka/broker WORDS... --folder`; its standard output, nullopt: it failed.
  std::optional<std::string> run(const std::vector<std::string>& words);

 private:
  std::filesystem::path folder_;
  bool started_ = false;
};

}  // namespace jangbu::testing
