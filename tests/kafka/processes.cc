#include "tests/kafka/processes.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "tests/support/shared_files.h"

namespace jangbu::testing {
namespace {

// Runs in a process of its own whose standard output is the pipe that is returned.
pid_t spawn(const std::vector<std::string>& words, const std::filesystem::path& errors, int& output) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string said = errors.string();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int log = ::open(said.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  output = ends[0];
  return pid;
}

}  // namespace

ServedNode::ServedNode(std::filesystem::path directory, std::vector<std::string> more, std::string command)
    : directory_(std::move(directory)), more_(std::move(more)), command_(std::move(command)) {}

ServedNode::~ServedNode() { kill(); }

bool ServedNode::start() {
  std::vector<std::string> words = {JANGBU_PROGRAM, command_, directory_.string(), "--listen", "127.0.0.1:0"};
  words.insert(words.end(), more_.begin(), more_.end());
  int output = -1;
  pid_ = spawn(words, directory_.string() + ".said", output);
  if (pid_ <= 0) return false;
  // "serving medspace at http://127.0.0.1:40123"
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (text.find('\n') == std::string::npos && std::chrono::steady_clock::now() < deadline) {
    pollfd waiting{output, POLLIN, 0};
    if (::poll(&waiting, 1, 200) <= 0) continue;
    std::array<char, 4096> piece{};
    const ssize_t got = ::read(output, piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(output);
  const std::size_t at = text.find("http://");
  const std::size_t end = text.find('\n');
  if (at == std::string::npos || end == std::string::npos || at > end) {
    kill();
    return false;
  }
  url_ = text.substr(at, end - at);
  return true;
}

void ServedNode::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::optional<int> ServedNode::stop() {
  if (pid_ <= 0) return std::nullopt;
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
}

std::string ServedNode::said() const {
  const std::filesystem::path path = directory_.string() + ".said";
  return std::filesystem::exists(path) ? read_file(path) : "";
}

OwnBrokers::OwnBrokers(int brokers) {
  std::string name = (std::filesystem::temp_directory_path() / "jangbu-brokers-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return;
  folder_ = name;
  started_ = run({"start", "--port", "0", "--brokers", std::to_string(brokers)}).has_value();
}

OwnBrokers::~OwnBrokers() {
  if (folder_.empty()) return;
  (void)run({"stop"});
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::optional<std::string> OwnBrokers::run(const std::vector<std::string>& words) {
  std::vector<std::string> command = {std::string(JANGBU_SOURCE_DIR) + "/ops/kafka/broker"};
  command.insert(command.end(), words.begin(), words.end());
  command.insert(command.begin() + 2, {"--folder", folder_.string()});
  int output = -1;
  const pid_t pid = spawn(command, folder_ / "said", output);
  if (pid <= 0) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = ::read(output, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(output);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return text;
}

}  // namespace jangbu::testing
