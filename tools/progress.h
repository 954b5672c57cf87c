// Progress of long work on a terminal: one line, redrawn at most five times a second; silent elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/command.h"

namespace jangbu::tools {

class Progress {
 public:
  // `total` 0: not known.
  Progress(Environment& environment, std::string what, std::uint64_t total)
      : environment_(environment), what_(std::move(what)), total_(total) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::uint64_t done) {
    if (!environment_.err_is_terminal) return;
    const auto now = environment_.clock.steady();
    if (shown_ && now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    shown_ = true;
    environment_.err << "\r\033[K" << what_ << ": " << done;
    if (total_ != 0) environment_.err << " of " << total_ << " (" << done * 100 / total_ << " %)";
    environment_.err << std::flush;
  }
  void clear() {
    if (shown_) environment_.err << "\r\033[K" << std::flush;
    shown_ = false;
  }

 private:
  Environment& environment_;
  std::string what_;
  std::uint64_t total_;
  std::chrono::steady_clock::time_point last_;
  bool shown_ = false;
};

}  // namespace jangbu::tools
