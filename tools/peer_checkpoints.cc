#include "tools/peer_checkpoints.h"

#include <algorithm>
#include <utility>

#include "tools/ledger_source.h"
#include "tools/node_access.h"

namespace jangbu::tools {

Result<PeerCheckpoints> PeerCheckpoints::open(Node& node, const std::string& url) {
  auto client = HttpClient::make(url);
  if (!client) return tl::unexpected(client.error());
  return PeerCheckpoints(node, std::move(*client));
}

Result<std::size_t> PeerCheckpoints::step() {
  std::size_t copied = 0;
  for (const LedgerView& view : node_->views()) {
    if (!node_->follows(view.info().id) || node_->ledger_stopped(view.info().id)) continue;
    auto taken = copy(view);
    if (!taken && taken.error().code == Code::root_contradicted) continue;
    if (!taken) return taken;
    copied += *taken;
  }
  return copied;
}

Result<std::size_t> PeerCheckpoints::copy(const LedgerView& view) {
  const LedgerId& ledger = view.info().id;
  TreeSize& next = next_[ledger];
  next = std::max(next, TreeSize(view.checkpoint_size().value() + 1));
  std::size_t copied = 0;
  while (next <= view.size()) {
    const auto answer =
        client_.send("GET", "/v1/ledgers/" + ledger.text() + "/checkpoints?from=" + std::to_string(next.value()));
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status == 404) return copied;
    if (answer->status != 200) return tl::unexpected(problem_error(*answer));
    const auto notes = parse_checkpoints(answer->body);
    if (!notes) return tl::unexpected(notes.error());
    for (const SignedNote& note : *notes) {
      const auto adopted = node_->adopt_checkpoint(ledger, note.note);
      if (!adopted) return tl::unexpected(adopted.error());
      if (*adopted == Node::Adoption::ahead) return copied;
      next = TreeSize(note.size.value() + 1);
      ++copied;
    }
    if (notes->empty()) return copied;
  }
  return copied;
}

}  // namespace jangbu::tools
