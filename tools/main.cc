// The jangbu program: gives run() the real world.
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <thread>

#include "ledger/clock.h"
#include "tools/command.h"

namespace {

std::optional<std::string> ask_without_echo(std::string_view prompt) {
  if (isatty(STDIN_FILENO) == 0) return std::nullopt;
  std::cerr << prompt << ": " << std::flush;
  termios before{};
  tcgetattr(STDIN_FILENO, &before);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string line;
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  std::cerr << '\n';
  if (!read) return std::nullopt;
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  // SIGINT and SIGTERM are taken by a thread of their own, so that stopping runs ordinary code.
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGINT);
  sigaddset(&stopping, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  std::thread([stopping, stop]() mutable {
    int which = 0;
    sigwait(&stopping, &which);
    stop.request_stop();
    sigwait(&stopping, &which);  // asked twice: leave at once
    std::_Exit(128 + which);
  }).detach();

  const jangbu::SystemClock clock;
  jangbu::tools::Environment environment{std::cin,
                                         std::cout,
                                         std::cerr,
                                         clock,
                                         isatty(STDERR_FILENO) != 0,
                                         ask_without_echo,
                                         stop.get_token(),
                                         isatty(STDOUT_FILENO) != 0};
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return jangbu::tools::run(arguments, environment);
}
