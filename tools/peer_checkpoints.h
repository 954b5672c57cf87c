// PeerCheckpoints: takes the checkpoints of followed ledgers over from a peer that has them, each verified against this
// node's own entries, so that its receipts are the signer's byte for byte. For running_node.cc. One thread.
#pragma once

#include <map>
#include <string>

#include "ledger/node.h"
#include "tools/http_client.h"

namespace jangbu::tools {

class PeerCheckpoints {
 public:
  // `node` outlives it. Error: bad_usage (no URL).
  [[nodiscard]] static Result<PeerCheckpoints> open(Node& node, const std::string& url);

  // One round over all followed ledgers: how many checkpoints it took over. A ledger that the peer does not have, or
  // that is stopped here, is passed over; one whose signer's root contradicts this node's entries is stopped by that.
  // Errors: unreachable, bad_note, bad_checkpoint (the peer gives something else), and the node's own.
  [[nodiscard]] Result<std::size_t> step();

 private:
  PeerCheckpoints(Node& node, HttpClient client) : node_(&node), client_(std::move(client)) {}
  [[nodiscard]] Result<std::size_t> copy(const LedgerView& view);

  Node* node_;
  HttpClient client_;
  std::map<LedgerId, TreeSize> next_;  // the smallest size that is not taken over
};

}  // namespace jangbu::tools
