#include "tools/node_access.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tools/passphrase.h"

namespace jangbu::tools {
namespace {

// The code by its published name; not_found where a newer node knows more than we do.
Code code_named(std::string_view name, int status) {
#define JANGBU_ERROR(code_name, number, fault, http, retry, sentence) \
  if (name == #code_name) return Code::code_name;
#include "schemas/errors.def"
#undef JANGBU_ERROR
  return status >= 500 ? Code::unreachable : Code::bad_request;
}

}  // namespace

void add_node_options(CLI::App& command, NodeOptionsOnCommandLine& options) {
  command
      .add_option("--node", options.node,
                  "a served node's URL (http://127.0.0.1:8080), or the directory of a node that nobody serves now")
      ->required()
      ->envname("JANGBU_NODE");
  command.add_option("--passphrase-file", options.passphrase_file,
                     "the first line of this file opens the directory's key files");
}

Error problem_error(const HttpAnswer& answer) {
  const auto problem = nlohmann::json::parse(answer.body, nullptr, false);
  if (!problem.is_object()) {
    return Error{answer.status >= 500 ? Code::unreachable : Code::bad_request, "",
                 "the node answered with status " + std::to_string(answer.status)};
  }
  const auto& errors = problem.contains("errors") ? problem["errors"] : nlohmann::json::array();
  if (errors.is_array() && !errors.empty() && errors[0].is_object()) {
    return Error{code_named(errors[0].value("code", ""), answer.status), errors[0].value("pointer", ""),
                 errors[0].value("message", "")};
  }
  std::string type = problem.value("type", "");
  type = type.substr(type.find_last_of("/:") + 1);
  return Error{code_named(type, answer.status), "", problem.value("detail", problem.value("title", ""))};
}

Result<NodeAccess> NodeAccess::open(Environment& environment, const NodeOptionsOnCommandLine& options, For what) {
  NodeAccess access;
  std::string url = options.node;
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    auto ask = passphrase_source(environment, options.passphrase_file);
    if (!ask) return tl::unexpected(ask.error());
    RunningNodeOptions running;
    running.directory = options.node;
    running.clock = &environment.clock;
    running.ask_passphrase = std::move(*ask);
    running.read_only = what == For::reading;
    running.on_its_own = false;
    auto opened = RunningNode::open(running);
    if (!opened) return tl::unexpected(opened.error());
    access.running_ = std::move(*opened);
    if (auto settled = access.running_->settle(); !settled) return tl::unexpected(settled.error());
    url = access.running_->url();
  }
  auto client = HttpClient::make(url);
  if (!client) return tl::unexpected(client.error());
  access.client_ = std::make_unique<HttpClient>(std::move(*client));
  return access;
}

Result<HttpAnswer> NodeAccess::get(std::string_view target, const HttpClient::Headers& headers) {
  auto answer = client_->send("GET", target, headers);
  if (!answer) return answer;
  if (answer->status != 200) return tl::unexpected(problem_error(*answer));
  return answer;
}

Result<void> NodeAccess::close() {
  client_.reset();
  if (!running_) return {};
  return running_->stop();
}

}  // namespace jangbu::tools
