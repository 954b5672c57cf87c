// Where a command finds its node: at a URL, or in a directory, which it then serves to itself on a free port of
// loopback for as long as it runs. So every command speaks the one published API. Used by the commands that ask a node.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "schemas/error.h"
#include "tools/command.h"
#include "tools/http_client.h"
#include "tools/running_node.h"

namespace CLI {
class App;
}

namespace jangbu::tools {

struct NodeOptionsOnCommandLine {
  std::string node;  // "http://..." or a directory
  std::string passphrase_file;
};

// --node, --passphrase-file.
void add_node_options(CLI::App& command, NodeOptionsOnCommandLine& options);

class NodeAccess {
 public:
  enum class For { reading, writing };
  // Errors: those of RunningNode::open; bad_usage. A URL is not tried before the first request.
  [[nodiscard]] static Result<NodeAccess> open(Environment& environment, const NodeOptionsOnCommandLine& options,
                                               For what);
  [[nodiscard]] HttpClient& client() { return *client_; }
  // GET that must answer 200: the body. Errors: unreachable, and what the node's problem says.
  [[nodiscard]] Result<HttpAnswer> get(std::string_view target, const HttpClient::Headers& headers = {});
  // Lets a directory's node settle and close. Not needed for a URL.
  [[nodiscard]] Result<void> close();

 private:
  std::unique_ptr<RunningNode> running_;  // before the client: closed after it
  std::unique_ptr<HttpClient> client_;
};

// The Error that an RFC 9457 problem of a node describes.
[[nodiscard]] Error problem_error(const HttpAnswer& answer);

}  // namespace jangbu::tools
