// What the jangbu command's exit status says. Printed by `jangbu --help`, kept for ever: scripts rely on them.
#pragma once

#include "schemas/error.h"

namespace jangbu::tools {

enum class Exit : int {
  ok = 0,
  found = 1,        // it ran, and what was checked does not hold: a bad proof, a finding nobody planted
  usage = 2,        // the command line cannot be carried out
  unreachable = 3,  // a node cannot be reached, or is busy: the same call may succeed later
  refused = 4,      // some input was refused; the rest was taken
  node = 5,         // the node's own files: damaged, locked, unreadable, disk full
};

[[nodiscard]] inline Exit exit_for(const Error& error) {
  if (error.code == Code::bad_usage || error.code == Code::no_such_node || error.code == Code::already_exists)
    return Exit::usage;
  if (error.code == Code::verification_failed || error.code == Code::bad_proof || error.code == Code::bad_note ||
      error.code == Code::bad_checkpoint) {
    return Exit::found;
  }
  switch (info(error.code).fault) {
    case Fault::sender:
      return Exit::refused;
    case Fault::state:
      return Exit::unreachable;
    case Fault::peer:
      return Exit::unreachable;
    case Fault::node:
      return Exit::node;
  }
  return Exit::node;
}

}  // namespace jangbu::tools
